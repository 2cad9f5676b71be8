"""The parts of an assessment that people must judge: need and proportion, what deserves a look, risks, the record.

Refuses to judge: how grave a risk is stays open.
"""

from bavn.app.config.load import NodeConfig
from bavn.app.policy.assessment_blocks import OPEN, SENT_TO, article, page, row, setting_source, table
from bavn.app.policy.file import fields_of
from bavn.app.policy.means import WAYS, shown, ways
from bavn.centre.publish.document import Row, Section, Sentence, Source, SourceKind
from bavn.model.counted import days
from bavn.model.text import Text


def needed(config: NodeConfig) -> Section:
    """Whether what is done is necessary for its purpose, and in proportion to it."""
    door = config.door
    fewest = min(door.strong_t_min, door.weak_t_min)
    sentences = [
        Sentence(
            Text(
                "The purpose is to find attacks that no single organisation can see, and to stop them everywhere."
                " Security of networks is a legitimate interest (recital 49), and a duty of essential and"
                " important entities."
            ),
            (article("35(7)(b)"), Source(SourceKind.REFERENCE, "NIS2 Art. 21, 23 and 29")),
        ),
        Sentence(
            Text(
                "What only this organisation met is never named to anybody: a name leaves only where at least"
                " {fewest} organisations hold it.",
                fewest=fewest,
            ),
            (setting_source("door", "strong_t_min"), setting_source("door", "weak_t_min"), page("private-join")),
        ),
        Sentence(
            Text("What leaves is told in steps: hosts in four, days and hours instead of moments, never a volume."),
            (page("privacy"), Source(SourceKind.FILE, "docs/reference/messages.md")),
        ),
        Sentence(
            Text(
                "No person is profiled, and none is decided on by a machine: what is blocked is outside, and has an"
                " end."
            ),
            (article("22"), page("protection")),
        ),
        _blocks(config),
    ]
    return Section(id="needed", title=Text("Whether it is necessary and in proportion"), blocks=tuple(sentences))


def _blocks(config: NodeConfig) -> Sentence:
    automatic = setting_source("protect", "automatic")
    if not config.protect.automatic:
        return Sentence(Text("Every block waits for a person of this organisation."), (automatic,))
    return Sentence(
        Text(
            "A block that the sector confirmed is put into force without asking here, after it was tried on the last"
            " {tried}; one that would have met more than {hosts} own machines waits for a person.",
            tried=days(config.protect.dry_run_days),
            hosts=config.protect.dry_run_hosts_max,
        ),
        (automatic, setting_source("protect", "dry_run_days"), setting_source("protect", "dry_run_hosts_max")),
    )


def open_settings(config: NodeConfig, policy_text: str) -> Section:
    """What is more open, or blocks more by itself, than Bavn sets it; and what a reader should look at in any case."""
    tables = {"door": config.door, "protect": config.protect}
    sentences = [
        Sentence(
            Text.shaped(
                "{field} = {value}: {way}",
                field=f"{field.table}.{field.name}",
                value=shown(field.value, field.about),
                way=Text.joined(", ", [WAYS[way] for way in turned]),
            ),
            (setting_source(field.table, field.name),),
        )
        for field in fields_of(tables, policy_text)
        if (turned := ways(field.table, field.name, field.default, field.value))
    ]
    sentences += [Sentence(text, of) for text, of in _worth_a_look(config)]
    first = Sentence(
        Text("What this organisation set otherwise than Bavn does by itself, and what deserves a look in any case.")
        if sentences
        else Text("Nothing is set otherwise than Bavn does by itself, and nothing else deserves a look of its own."),
        (Source(SourceKind.QUERY, "bavn node policy explain"), page("data-protection")),
    )
    return Section(id="settings", title=Text("What deserves a look"), blocks=(first, *sentences))


def _worth_a_look(config: NodeConfig) -> list[tuple[Text, tuple[Source, ...]]]:
    node, door, evidence = config.node, config.door, config.evidence
    worth: list[tuple[Text, tuple[Source, ...]]] = []
    if len(node.keyholder_urls) == 1:
        text = Text("There is one key holder: with the centre it can try names out one by one.")
        worth.append((text, (setting_source("node", "keyholder_urls"), page("private-join"))))
    if node.centre_url and door.join_strong and door.strong_t_min == 2:
        text = Text(
            "Two organisations are enough for strong evidence: one that lies and guesses a name right learns that some"
            " other holds it."
        )
        worth.append((text, (setting_source("door", "strong_t_min"), page("privacy"))))
    if evidence.ring_bytes_max or evidence.captures_keep_bytes:
        text = Text(
            "Packets are kept. What is not encrypted can be read in them, health data too: who may open them is"
            " decided by the rights in the console."
        )
        worth.append((text, (setting_source("evidence", "ring_bytes_max"), article("9"))))
    if config.protect.automatic and not config.protect.clinical_networks:
        text = Text(
            "No network is named as clinical: a block that would meet a ward's machine is judged like any other."
        )
        worth.append((text, (setting_source("protect", "clinical_networks"),)))
    return worth


def risks(config: NodeConfig) -> Section:
    """What could go wrong, and what is done about it here."""
    caption = Sentence(
        Text("What could go wrong for the people whose data it is, and what is done about it here."),
        (article("35(7)(c)"), article("35(7)(d)")),
    )
    columns = (Text("what could go wrong"), Text("what is done about it"), Text("how likely, how grave"))
    rows = [*_risks_here(config), *_risks_elsewhere(config)]
    return Section(
        id="risks",
        title=Text("Risks, and what is done about them"),
        blocks=(table("risks-table", Text("Risks"), caption, columns, rows),),
    )


def _risks_here(config: NodeConfig) -> list[Row]:
    return [
        row(
            Text("Staff are watched by their employer with what was gathered against attackers"),
            Text("Raw data is forgotten by itself; who looked at what stands in the audit log; rights go by role"),
            OPEN,
            of=(setting_source("store", "age_days_max"), page("console")),
        ),
        row(
            Text("Which patient was treated, and for what, can be told from names or packets"),
            _packets(config),
            OPEN,
            of=(
                setting_source("evidence", "evidence_days_max"),
                setting_source("evidence", "ring_bytes_max"),
                article("9"),
            ),
        ),
        row(
            Text("This machine is stolen or broken into"),
            Text("Not checked by Bavn: whether its disk is encrypted is this organisation's to see to"),
            OPEN,
            of=(page("threat-model"), article("32")),
        ),
        row(
            Text("A person carries out more by hand than was needed"),
            Text("It is shown before it leaves, redacted unless a reason is given, and stands in the ledger"),
            OPEN,
            of=(page("suspicions"), setting_source("door", "attach_evidence")),
        ),
    ]


def _risks_elsewhere(config: NodeConfig) -> list[Row]:
    return [
        row(
            Text("A private person's address or name outside is reported as an attacker's"),
            Text(
                "Several must hold it; two people, or a rule that two signed, decide before it is blocked; it can be"
                " taken back"
            ),
            OPEN,
            of=(page("protection"), Source(SourceKind.QUERY, "bavn node withdraw")),
        ),
        row(
            Text("The centre is broken into, or wants more than it should have"),
            Text("It holds what the table above lets out and nothing else, and can make no node send more"),
            OPEN,
            of=(page("privacy"), page("threat-model")),
        ),
        row(
            _together(config),
            Text("Then they can try names out one by one on what was sent since the last change of keys"),
            OPEN,
            of=(
                page("private-join"),
                setting_source("node", "keyholder_urls"),
            ),
        ),
        row(
            Text("A wrong block keeps somebody from care"),
            Text(
                "It is tried on own history first, lifted by itself where it hits too much, and by a person at any time"
            )
            if config.protect.rollback
            else Text("It is tried on own history first, and lifted by a person at any time"),
            OPEN,
            of=(setting_source("protect", "rollback"), setting_source("protect", "dry_run_days")),
        ),
    ]


def _together(config: NodeConfig) -> Text:
    node = config.node
    if len(node.keyholder_urls) <= 1:
        return Text("Centre and key holder work together")
    return Text("Centre and {k} of {n} key holders work together", k=node.keyholders_k, n=len(node.keyholder_urls))


def _packets(config: NodeConfig) -> Text:
    evidence = config.evidence
    if evidence.ring_bytes_max or evidence.captures_keep_bytes:
        return Text(
            "Packets are kept up to a size, then the oldest go; those of a suspicion for {days}",
            days=days(evidence.evidence_days_max),
        )
    if evidence.evidence_bytes_max:
        return Text(
            "Packets are kept for suspicions only, and deleted after {days}", days=days(evidence.evidence_days_max)
        )
    return Text("No packets are kept")


def record(config: NodeConfig) -> Section:
    """The record of processing, as it could stand."""
    node = config.node
    recipients = [recipient for name, recipient in SENT_TO.items() if getattr(node, name)]
    rows = [
        row(
            Text("controller"),
            Text.plain(node.actor or "-"),
            of=(article("30(1)(a)"), setting_source("node", "actor")),
        ),
        row(Text("purpose"), Text("to find and stop attacks on networks"), of=(article("30(1)(b)"),)),
        row(
            Text("whose data"),
            Text("users of the network; people outside whose address or name is taken for an attacker's; own analysts"),
            of=(article("30(1)(c)"),),
        ),
        row(
            Text("what data"),
            Text("addresses, names of machines and domains, times and amounts of conversations; names of own analysts"),
            of=(article("30(1)(c)"), page("store")),
        ),
        row(
            Text("recipients"),
            Text.joined("; ", recipients) if recipients else Text("nobody"),
            of=(article("30(1)(d)"), setting_source("node", "centre_url")),
        ),
        row(
            Text("countries outside the EU and EEA"),
            Text("none by Bavn; where the recipients above stand is to be judged"),
            of=(article("30(1)(e)"),),
        ),
        row(
            Text("deleted after"),
            days(config.store.age_days_max),
            of=(article("30(1)(f)"), setting_source("store", "age_days_max")),
        ),
        row(
            Text("security"),
            Text("own machine, encrypted links with certificates of both sides, rights by role, hash-chained ledger"),
            of=(article("30(1)(g)"), article("32"), page("threat-model")),
        ),
        row(Text("legal basis"), OPEN, of=(article("6(1)"), page("data-protection"))),
    ]
    caption = Sentence(Text("As it could stand in the record of processing activities."), (article("30(1)"),))
    figure = table("record-table", Text("Record of processing"), caption, (Text("field"), Text("draft")), rows)
    return Section(id="record", title=Text("Record of processing activities"), blocks=(figure,))


def people() -> Section:
    """What people must say."""
    questions = (
        (Text("On what basis is data processed: a public task, or a legitimate interest?"), "6(1)"),
        (Text("What does the data protection officer advise?"), "35(2)"),
        (Text("Were those concerned, or who speaks for them (such as the works council), heard?"), "35(9)"),
        (Text("Is what remains of risk so grave that the authority must be asked first?"), "36"),
        (Text("Were staff and patients told, in words that they understand?"), "13 and 14"),
        (Text("When is this looked at again?"), "35(11)"),
    )
    sentences = [
        Sentence(Text.shaped("{question} {open}", question=question, open=OPEN), (article(number),))
        for question, number in questions
    ]
    return Section(id="people", title=Text("What people must still say"), blocks=tuple(sentences))
