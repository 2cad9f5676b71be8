"""A draft of the data protection impact assessment (GDPR Art. 35) and of the record of processing (Art. 30), made of
what this node is really set to do and of what really left.

Each sentence and row names the setting, the command, the page or the article that it rests on. Refuses to judge: how
grave a risk is, on what basis data is processed and who is controller stays for people to write.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bavn.app.config.load import NodeConfig
from bavn.app.policy.file import fields_of
from bavn.app.policy.leaves import NEVER, leaves
from bavn.app.policy.means import WAYS, shown, ways
from bavn.centre.publish.document import Document, Drawn, Figure, Kind, Row, Section, Sentence, Source, SourceKind
from bavn.model.counted import days
from bavn.model.intel.indicator import Tlp
from bavn.model.moment import DAY_US, iso
from bavn.model.text import Text

DAYS: Final = 28
"""How far back is counted what really left."""
OPEN: Final = Text("to be judged")
_TRAFFIC: Final = Text("who talks with whom and when, names looked up, pages and files asked for")
_LOGS: Final = Text("what others wrote into logs: addresses, names looked up or visited, often names of users")
_FLOWS: Final = Text("who talked with whom, when and how much; no content")
_HELLO: Final = Text("how conversations begin; of DICOM and HL7 the kind and number of requests, nothing of a patient")
READ: Final[Mapping[str, tuple[Text, Text]]] = {
    "captures_folder": (Text("recorded packets"), _TRAFFIC),
    "suricata_interface": (Text("packets as they pass"), _TRAFFIC),
    "eve_file": (Text("events of Suricata"), _TRAFFIC),
    "zeek_folder": (Text("logs of Zeek"), _TRAFFIC),
    "log_files": (Text("logs of resolvers, proxies and firewalls"), _LOGS),
    "syslog_udp_listen": (Text("syslog over UDP"), _LOGS),
    "syslog_tcp_listen": (Text("syslog over TCP"), _LOGS),
    "syslog_tls_listen": (Text("syslog over TLS"), _LOGS),
    "dnstap_listen": (Text("questions to the resolver"), Text("which machine looked up which name, and when")),
    "netflow_listen": (Text("NetFlow and IPFIX"), _FLOWS),
    "sflow_listen": (Text("sFlow"), _FLOWS),
    "key_exchange_folder": (Text("beginnings of conversations"), _HELLO),
}
"""``[sense]``: every setting that opens a source -> what it is, and what of people stands in it."""
SENT_TO: Final[Mapping[str, Text]] = {
    "centre_url": Text("the sector analysis centre"),
    "keyholder_url": Text("the key holder: blinded values that it cannot open, and how many"),
    "hub_urls": Text("a hub that carries sealed messages and can open none"),
}
"""``[node]``: who is sent anything."""
_DOOR: Final = {"S0": "join_strong", "S1": "reports_per_day_max", "S2": "tell_sightings", "S3": "tell_counts"}
_DOOR_LATER: Final = {"S4": "tell_health", "S5": "attach_evidence"}


@dataclass(frozen=True, slots=True)
class Left:
    """What left in the last DAYS days, of one privacy class, as the ledger has it."""

    messages: int
    bytes: int


def assessment(config: NodeConfig, policy_text: str, left: Mapping[str, Left] | None, now_us: int) -> Document:
    """The draft. ``policy_text``: the policy file as it is; ``left``: privacy class -> what left; None: the
    node has not run yet."""
    return Document(
        kind=Kind.PICTURE,  # a page does not show it, and an assessment is no edition
        sector=config.node.actor or "-",
        period=iso(now_us)[:10],
        first_day=now_us // DAY_US - DAYS,
        last_day=now_us // DAY_US,
        made_us=now_us,
        tlp=Tlp.AMBER,
        title=Text("Data protection impact assessment and record of processing: draft"),
        sections=(
            _in_short(config),
            _read(config),
            _leaves(config, left),
            _kept(config),
            _needed(config),
            _open_settings(config, policy_text),
            _risks(config),
            _record(config),
            _people(),
        ),
    )


def setting_source(table: str, name: str) -> Source:
    """The setting that a sentence rests on."""
    file = "policy.toml" if table in ("door", "protect") else "node.toml"
    return Source(SourceKind.FILE, f"{file} [{table}] {name}")


def _article(number: str) -> Source:
    return Source(SourceKind.REFERENCE, f"GDPR Art. {number}")


def _page(name: str) -> Source:
    return Source(SourceKind.FILE, f"docs/{name}.md")


def _table(name: str, title: Text, said: Sentence, columns: tuple[Text, ...], rows: list[Row]) -> Figure:
    return Figure(id=name, title=title, said=said, drawn=Drawn.TABLE, columns=columns, rows=tuple(rows))


def _row(label: Text, *cells: Text, of: tuple[Source, ...]) -> Row:
    return Row(label, cells, (), of)


def _in_short(config: NodeConfig) -> Section:
    sector = setting_source("node", "centre_url")
    said = [
        Sentence(
            Text(
                "A program on this organisation's own machines watches its network for attacks. What it reads stays"
                " here. Only what may be part of an attack on several organisations leaves, and only in the"
                " words below."
            ),
            (_page("data-protection"),),
        ),
        Sentence(
            Text(
                "This draft is made of the settings in force and of what really left in the last {days} days. It says"
                " what is done; what is marked “to be judged” is for the data protection officer and the controller.",
                days=DAYS,
            ),
            (_article("35(7)"), _article("30(1)"), Source(SourceKind.QUERY, "bavn node ledger --out")),
        ),
    ]
    if not config.node.centre_url:
        said.append(
            Sentence(Text("This node belongs to no sector: nothing leaves it, whatever the policy says."), (sector,))
        )
    return Section(id="short", title=Text("In short"), blocks=tuple(said))


def _read(config: NodeConfig) -> Section:
    rows = [
        _row(what, of_people, Text("staff, patients, visitors and others who use the network"), of=(source,))
        for name, (what, of_people) in READ.items()
        if getattr(config.sense, name)
        for source in [setting_source("sense", name)]
    ]
    said = (
        Sentence(
            Text("What is read here, and what of people stands in it. It is processed on this machine alone."),
            (_article("35(7)(a)"),),
        )
        if rows
        else Sentence(Text("Nothing is read: no source is set."), (_page("sources"),))
    )
    columns = (Text("what is read"), Text("what of people stands in it"), Text("whose"))
    figure = _table("read-table", Text("Sources"), said, columns, rows)
    return Section(id="read", title=Text("What is read"), blocks=(figure,))


def _leaves(config: NodeConfig, left: Mapping[str, Left] | None) -> Section:
    door = _DOOR | _DOOR_LATER
    rows = [
        _row(Text.plain(privacy), what, of=(setting_source("door", door[privacy]),))
        for privacy, what in leaves(config.door)
    ]
    may = _table(
        "leaves-table",
        Text("What may leave"),
        Sentence(
            Text("What the policy lets out, by privacy class. Everything passes one door and has its ledger line."),
            (_page("data-protection"), Source(SourceKind.QUERY, "bavn node policy explain")),
        ),
        (Text("class"), Text("what")),
        rows if config.node.centre_url else [],
    )
    ledger = Source(SourceKind.QUERY, "bavn node ledger --out")
    counted = [
        _row(Text.plain(name), Text.shaped("{n:,}", n=one.messages), Text.shaped("{n:,}", n=one.bytes), of=(ledger,))
        for name, one in sorted((left or {}).items())
    ]
    did = _table(
        "left-table",
        Text("What left"),
        Sentence(
            _left_said(left),
            (ledger,),
        ),
        (Text("class"), Text("messages"), Text("bytes")),
        counted,
    )
    to = [
        _row(
            said,
            Text.plain(", ".join(value) if isinstance(value, tuple) else value),
            of=(setting_source("node", name),),
        )
        for name, said in SENT_TO.items()
        if (value := getattr(config.node, name))
    ]
    recipients = _table(
        "to-table",
        Text("To whom"),
        Sentence(
            Text("Partners of the centre are handed confirmed indicators, and never who met them."),
            (_page("partners"), _article("30(1)(d)")),
        ),
        (Text("recipient"), Text("address")),
        to,
    )
    never = [
        Sentence(Text("Never, whatever the policy: {what}.", what=what), (_page("privacy"), _page("data-protection")))
        for what in NEVER
    ]
    return Section(id="leaves", title=Text("What leaves"), blocks=(may, did, recipients, *never))


def _left_said(left: Mapping[str, Left] | None) -> Text:
    if left is None:
        return Text("This node has not run yet: what leaves is not known.")
    if not left:
        return Text("Nothing left in the last {days} days, says the ledger.", days=DAYS)
    return Text("What really left in the last {days} days, as the ledger has it.", days=DAYS)


def _kept(config: NodeConfig) -> Section:
    store, evidence = config.store, config.evidence
    rows = [
        _row(Text("records of the network"), days(store.age_days_max), of=(setting_source("store", "age_days_max"),)),
        _row(
            Text("packets of a suspicion"),
            days(evidence.evidence_days_max) if evidence.evidence_bytes_max else Text("none are kept"),
            of=(setting_source("evidence", "evidence_days_max"), setting_source("evidence", "evidence_bytes_max")),
        ),
        _row(
            Text("the last packets that passed"),
            Text("{n:,} bytes, then the oldest go", n=evidence.ring_bytes_max)
            if evidence.ring_bytes_max
            else Text("none are kept"),
            of=(setting_source("evidence", "ring_bytes_max"),),
        ),
        _row(
            Text("captures that were read"),
            Text("{n:,} bytes, then the oldest go", n=evidence.captures_keep_bytes)
            if evidence.captures_keep_bytes
            else Text("none are kept"),
            of=(setting_source("evidence", "captures_keep_bytes"),),
        ),
        _row(
            Text("what people judged of a suspicion"),
            days(evidence.verdict_days_max),
            of=(setting_source("evidence", "verdict_days_max"),),
        ),
        _row(
            Text("the ledger, and who did what in the console"),
            Text("as long as the node is there: a chain with a hole proves nothing"),
            of=(_page("console"), _page("invariants")),
        ),
    ]
    said = Sentence(Text("What is kept here, and how long."), (_article("30(1)(f)"), _article("5(1)(e)")))
    columns = (Text("what"), Text("how long"))
    centre = Sentence(
        Text(
            "How long the centre keeps what it was sent stands in the terms that this organisation agreed to, and by"
            " class in Bavn's page for data protection officers: reports 30 days, counts 400 days, unless the"
            " centre set something else. Ask it."
        ),
        (_page("data-protection"), Source(SourceKind.FILE, "docs/rollout.md")),
    )
    return Section(
        id="kept",
        title=Text("What is kept, and how long"),
        blocks=(_table("kept-table", Text("Kept here"), said, columns, rows), centre),
    )


def _needed(config: NodeConfig) -> Section:
    door = config.door
    fewest = min(door.strong_t_min, door.weak_t_min)
    said = [
        Sentence(
            Text(
                "The purpose is to find attacks that no single organisation can see, and to stop them everywhere."
                " Security of networks is a legitimate interest (recital 49), and a duty of essential and"
                " important entities."
            ),
            (_article("35(7)(b)"), Source(SourceKind.REFERENCE, "NIS2 Art. 21, 23 and 29")),
        ),
        Sentence(
            Text(
                "What only this organisation met is never named to anybody: a name leaves only where at least"
                " {fewest} organisations hold it.",
                fewest=fewest,
            ),
            (setting_source("door", "strong_t_min"), setting_source("door", "weak_t_min"), _page("private-join")),
        ),
        Sentence(
            Text("What leaves is told in steps: hosts in four, days and hours instead of moments, never a volume."),
            (_page("privacy"), Source(SourceKind.FILE, "docs/reference/messages.md")),
        ),
        Sentence(
            Text(
                "No person is profiled, and none is decided on by a machine: what is blocked is outside, and has an"
                " end."
            ),
            (_article("22"), _page("protection")),
        ),
        _blocks(config),
    ]
    return Section(id="needed", title=Text("Whether it is necessary and in proportion"), blocks=tuple(said))


def _blocks(config: NodeConfig) -> Sentence:
    automatic = setting_source("protect", "automatic")
    if not config.protect.automatic:
        return Sentence(Text("Every block waits for a person of this organisation."), (automatic,))
    return Sentence(
        Text(
            "A block that the sector confirmed is put into force without asking here, after it was tried on the last"
            " {tried} days; one that would have met more than {hosts} own machines waits for a person.",
            tried=config.protect.dry_run_days,
            hosts=config.protect.dry_run_hosts_max,
        ),
        (automatic, setting_source("protect", "dry_run_days"), setting_source("protect", "dry_run_hosts_max")),
    )


def _open_settings(config: NodeConfig, policy_text: str) -> Section:
    """What is more open, or blocks more by itself, than Bavn sets it; and what a reader should look at in any case."""
    tables = {"door": config.door, "protect": config.protect}
    said = [
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
    said += [Sentence(text, of) for text, of in _worth_a_look(config)]
    first = Sentence(
        Text("What this organisation set otherwise than Bavn does by itself, and what deserves a look in any case.")
        if said
        else Text("Nothing is set otherwise than Bavn does by itself, and nothing else deserves a look of its own."),
        (Source(SourceKind.QUERY, "bavn node policy explain"), _page("data-protection")),
    )
    return Section(id="settings", title=Text("What deserves a look"), blocks=(first, *said))


def _worth_a_look(config: NodeConfig) -> list[tuple[Text, tuple[Source, ...]]]:
    node, door, evidence = config.node, config.door, config.evidence
    worth: list[tuple[Text, tuple[Source, ...]]] = []
    if node.centre_url and not node.keyholder_url:
        text = Text(
            "There is no key holder: whoever has the key that the organisations share and hears the centre can try"
            " names out one by one."
        )
        worth.append((text, (setting_source("node", "keyholder_url"), _page("private-join"))))
    if node.centre_url and door.join_strong and door.strong_t_min == 2:
        text = Text(
            "Two organisations are enough for strong evidence: one that lies and guesses a name right learns that some"
            " other holds it."
        )
        worth.append((text, (setting_source("door", "strong_t_min"), _page("privacy"))))
    if evidence.ring_bytes_max or evidence.captures_keep_bytes:
        text = Text(
            "Packets are kept. What is not encrypted can be read in them, health data too: who may open them is"
            " decided by the rights in the console."
        )
        worth.append((text, (setting_source("evidence", "ring_bytes_max"), _article("9"))))
    if config.protect.automatic and not config.protect.clinical_networks:
        text = Text(
            "No network is named as clinical: a block that would meet a ward's machine is judged like any other."
        )
        worth.append((text, (setting_source("protect", "clinical_networks"),)))
    return worth


def _risks(config: NodeConfig) -> Section:
    rows = [
        _row(
            Text("Staff are watched by their employer with what was gathered against attackers"),
            Text("Raw data is forgotten by itself; who looked at what stands in the audit log; rights go by role"),
            OPEN,
            of=(setting_source("store", "age_days_max"), _page("console")),
        ),
        _row(
            Text("Which patient was treated, and for what, can be told from names or packets"),
            _packets(config),
            OPEN,
            of=(
                setting_source("evidence", "evidence_days_max"),
                setting_source("evidence", "ring_bytes_max"),
                _article("9"),
            ),
        ),
        _row(
            Text("A private person's address or name outside is reported as an attacker's"),
            Text(
                "Several must hold it; two people, or a rule that two signed, decide before it is blocked; it can be"
                " taken back"
            ),
            OPEN,
            of=(_page("protection"), Source(SourceKind.QUERY, "bavn node withdraw")),
        ),
        _row(
            Text("The centre is broken into, or wants more than it should have"),
            Text("It holds what the table above lets out and nothing else, and can make no node send more"),
            OPEN,
            of=(_page("privacy"), _page("threat-model")),
        ),
        _row(
            Text("Centre and key holder work together"),
            Text("Then they can try names out one by one on what was sent since the last change of keys"),
            OPEN,
            of=(_page("private-join"), _page("threat-model")),
        ),
        _row(
            Text("This machine is stolen or broken into"),
            Text("Not checked by Bavn: whether its disk is encrypted is this organisation's to see to"),
            OPEN,
            of=(_page("threat-model"), _article("32")),
        ),
        _row(
            Text("A wrong block keeps somebody from care"),
            Text(
                "It is tried on own history first, lifted by itself where it hits too much, and by a person at any time"
            )
            if config.protect.rollback
            else Text("It is tried on own history first, and lifted by a person at any time"),
            OPEN,
            of=(setting_source("protect", "rollback"), setting_source("protect", "dry_run_days")),
        ),
        _row(
            Text("A person carries out more by hand than was needed"),
            Text("It is shown before it leaves, redacted unless a reason is given, and stands in the ledger"),
            OPEN,
            of=(_page("suspicions"), setting_source("door", "attach_evidence")),
        ),
    ]
    said = Sentence(
        Text("What could go wrong for the people whose data it is, and what is done about it here."),
        (_article("35(7)(c)"), _article("35(7)(d)")),
    )
    columns = (Text("what could go wrong"), Text("what is done about it"), Text("how likely, how grave"))
    return Section(
        id="risks",
        title=Text("Risks, and what is done about them"),
        blocks=(_table("risks-table", Text("Risks"), said, columns, rows),),
    )


def _packets(config: NodeConfig) -> Text:
    evidence = config.evidence
    if evidence.ring_bytes_max or evidence.captures_keep_bytes:
        return Text(
            "Packets are kept up to a size, then the oldest go; those of a suspicion for {days} days",
            days=evidence.evidence_days_max,
        )
    if evidence.evidence_bytes_max:
        return Text(
            "Packets are kept for suspicions only, and deleted after {days} days", days=evidence.evidence_days_max
        )
    return Text("No packets are kept")


def _record(config: NodeConfig) -> Section:
    node = config.node
    recipients = [said for name, said in SENT_TO.items() if getattr(node, name)]
    rows = [
        _row(
            Text("controller"),
            Text.plain(node.actor or "-"),
            of=(_article("30(1)(a)"), setting_source("node", "actor")),
        ),
        _row(Text("purpose"), Text("to find and stop attacks on networks"), of=(_article("30(1)(b)"),)),
        _row(
            Text("whose data"),
            Text("users of the network; people outside whose address or name is taken for an attacker's; own analysts"),
            of=(_article("30(1)(c)"),),
        ),
        _row(
            Text("what data"),
            Text("addresses, names of machines and domains, times and amounts of conversations; names of own analysts"),
            of=(_article("30(1)(c)"), _page("store")),
        ),
        _row(
            Text("recipients"),
            Text.joined("; ", recipients) if recipients else Text("nobody"),
            of=(_article("30(1)(d)"), setting_source("node", "centre_url")),
        ),
        _row(
            Text("countries outside the EU and EEA"),
            Text("none by Bavn; where the recipients above stand is to be judged"),
            of=(_article("30(1)(e)"),),
        ),
        _row(
            Text("deleted after"),
            days(config.store.age_days_max),
            of=(_article("30(1)(f)"), setting_source("store", "age_days_max")),
        ),
        _row(
            Text("security"),
            Text("own machine, encrypted links with certificates of both sides, rights by role, hash-chained ledger"),
            of=(_article("30(1)(g)"), _article("32"), _page("threat-model")),
        ),
        _row(Text("legal basis"), OPEN, of=(_article("6(1)"), _page("data-protection"))),
    ]
    said = Sentence(Text("As it could stand in the record of processing activities."), (_article("30(1)"),))
    figure = _table("record-table", Text("Record of processing"), said, (Text("field"), Text("draft")), rows)
    return Section(id="record", title=Text("Record of processing activities"), blocks=(figure,))


def _people() -> Section:
    questions = (
        (Text("On what basis is data processed: a public task, or a legitimate interest?"), "6(1)"),
        (Text("What does the data protection officer advise?"), "35(2)"),
        (Text("Were those concerned, or who speaks for them (such as the works council), heard?"), "35(9)"),
        (Text("Is what remains of risk so grave that the authority must be asked first?"), "36"),
        (Text("Were staff and patients told, in words that they understand?"), "13 and 14"),
        (Text("When is this looked at again?"), "35(11)"),
    )
    said = [
        Sentence(Text.shaped("{question} {open}", question=question, open=OPEN), (_article(number),))
        for question, number in questions
    ]
    return Section(id="people", title=Text("What people must still say"), blocks=tuple(said))
