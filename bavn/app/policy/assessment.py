"""A draft of the data protection impact assessment (GDPR Art. 35) and of the record of processing (Art. 30), made of
what this node is really set to do and of what really left.

Each sentence and row names the setting, the command, the page or the article that it rests on. Refuses to judge: how
grave a risk is, on what basis data is processed and who is controller stays for people to write.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bavn.app.config.load import NodeConfig
from bavn.app.policy.assessment_blocks import SENT_TO, article, page, row, setting_source, table
from bavn.app.policy.assessment_judged import needed, open_settings, people, record, risks
from bavn.app.policy.leaves import NEVER, leaves
from bavn.centre.publish.document import Document, Figure, Kind, Section, Sentence, Source, SourceKind
from bavn.model.counted import days
from bavn.model.intel.indicator import Tlp
from bavn.model.moment import DAY_US, iso
from bavn.model.text import Text

DAYS: Final = 28
"""How far back is counted what really left."""
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
            needed(config),
            open_settings(config, policy_text),
            risks(config),
            record(config),
            people(),
        ),
    )


def _in_short(config: NodeConfig) -> Section:
    sector = setting_source("node", "centre_url")
    sentences = [
        Sentence(
            Text(
                "A program on this organisation's own machines watches its network for attacks. What it reads stays"
                " here. Only what may be part of an attack on several organisations leaves, and only in the"
                " words below."
            ),
            (page("data-protection"),),
        ),
        Sentence(
            Text(
                "This draft is made of the settings in force and of what really left in the last {days}. It says"
                " what is done; what it leaves to be judged is for the data protection officer and the controller.",
                days=days(DAYS),
            ),
            (article("35(7)"), article("30(1)"), Source(SourceKind.QUERY, "bavn node ledger --out")),
        ),
    ]
    if not config.node.centre_url:
        sentences.append(
            Sentence(Text("This node belongs to no sector: nothing leaves it, whatever the policy says."), (sector,))
        )
    return Section(id="short", title=Text("In short"), blocks=tuple(sentences))


def _read(config: NodeConfig) -> Section:
    rows = [
        row(what, of_people, Text("staff, patients, visitors and others who use the network"), of=(source,))
        for name, (what, of_people) in READ.items()
        if getattr(config.sense, name)
        for source in [setting_source("sense", name)]
    ]
    caption = (
        Sentence(
            Text("What is read here, and what of people stands in it. It is processed on this machine alone."),
            (article("35(7)(a)"),),
        )
        if rows
        else Sentence(Text("Nothing is read: no source is set."), (page("sources"),))
    )
    columns = (Text("what is read"), Text("what of people stands in it"), Text("whose"))
    figure = table("read-table", Text("Sources"), caption, columns, rows)
    return Section(id="read", title=Text("What is read"), blocks=(figure,))


def _leaves(config: NodeConfig, left: Mapping[str, Left] | None) -> Section:
    door = _DOOR | _DOOR_LATER
    rows = [
        row(Text.plain(privacy), what, of=(setting_source("door", door[privacy]),))
        for privacy, what in leaves(config.door)
    ]
    may = table(
        "leaves-table",
        Text("What may leave"),
        Sentence(
            Text("What the policy lets out, by privacy class. Everything passes one door and has its ledger line."),
            (page("data-protection"), Source(SourceKind.QUERY, "bavn node policy explain")),
        ),
        (Text("class"), Text("what")),
        rows if config.node.centre_url else [],
    )
    to = [
        row(
            recipient,
            Text.plain(", ".join(value) if isinstance(value, tuple) else value),
            of=(setting_source("node", name),),
        )
        for name, recipient in SENT_TO.items()
        if (value := getattr(config.node, name))
    ]
    recipients = table(
        "to-table",
        Text("To whom"),
        Sentence(
            Text("Partners of the centre are handed confirmed indicators, and never who met them."),
            (page("partners"), article("30(1)(d)")),
        ),
        (Text("recipient"), Text("address")),
        to,
    )
    never = [
        Sentence(Text("Never, whatever the policy: {what}.", what=what), (page("privacy"), page("data-protection")))
        for what in NEVER
    ]
    return Section(id="leaves", title=Text("What leaves"), blocks=(may, _left(left), recipients, *never))


def _left(left: Mapping[str, Left] | None) -> Figure:
    ledger = Source(SourceKind.QUERY, "bavn node ledger --out")
    counted = [
        row(Text.plain(name), Text.shaped("{n:,}", n=one.messages), Text.shaped("{n:,}", n=one.bytes), of=(ledger,))
        for name, one in sorted((left or {}).items())
    ]
    return table(
        "left-table",
        Text("What left"),
        Sentence(
            _left_said(left),
            (ledger,),
        ),
        (Text("class"), Text("messages"), Text("bytes")),
        counted,
    )


def _left_said(left: Mapping[str, Left] | None) -> Text:
    if left is None:
        return Text("This node has not run yet: what leaves is not known.")
    if not left:
        return Text("Nothing left in the last {days}, says the ledger.", days=days(DAYS))
    return Text("What really left in the last {days}, as the ledger has it.", days=days(DAYS))


def _kept(config: NodeConfig) -> Section:
    store, evidence = config.store, config.evidence
    rows = [
        row(Text("records of the network"), days(store.age_days_max), of=(setting_source("store", "age_days_max"),)),
        row(
            Text("packets of a suspicion"),
            days(evidence.evidence_days_max) if evidence.evidence_bytes_max else Text("none are kept"),
            of=(setting_source("evidence", "evidence_days_max"), setting_source("evidence", "evidence_bytes_max")),
        ),
        row(
            Text("the last packets that passed"),
            Text("{n:,} bytes, then the oldest go", n=evidence.ring_bytes_max)
            if evidence.ring_bytes_max
            else Text("none are kept"),
            of=(setting_source("evidence", "ring_bytes_max"),),
        ),
        row(
            Text("captures that were read"),
            Text("{n:,} bytes, then the oldest go", n=evidence.captures_keep_bytes)
            if evidence.captures_keep_bytes
            else Text("none are kept"),
            of=(setting_source("evidence", "captures_keep_bytes"),),
        ),
        row(
            Text("what people judged of a suspicion"),
            days(evidence.verdict_days_max),
            of=(setting_source("evidence", "verdict_days_max"),),
        ),
        row(
            Text("the ledger, and who did what in the console"),
            Text("as long as the node is there: a chain with a hole proves nothing"),
            of=(page("console"), page("invariants")),
        ),
    ]
    caption = Sentence(Text("What is kept here, and how long."), (article("30(1)(f)"), article("5(1)(e)")))
    columns = (Text("what"), Text("how long"))
    centre = Sentence(
        Text(
            "How long the centre keeps what it was sent stands in the terms that this organisation agreed to, and by"
            " class in Bavn's page for data protection officers: reports 30 days, counts 400 days, unless the"
            " centre set something else. Ask it."
        ),
        (page("data-protection"), Source(SourceKind.FILE, "docs/rollout.md")),
    )
    return Section(
        id="kept",
        title=Text("What is kept, and how long"),
        blocks=(table("kept-table", Text("Kept here"), caption, columns, rows), centre),
    )
