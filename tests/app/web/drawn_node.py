"""A small drawn node for tests of the console: a folder that the real code filled, with a little of everything.

Traffic of five own hosts over six hours, six suspicions, a case with a task and a question, what the sector holds,
indicators in every standing, reveals, wishes, ledger lines, a day's counts, health, a certificate. Nobody in it exists.
"""

import datetime as dt
import json
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bavn.actor.door.budget import Budget
from bavn.actor.door.conversations.case_book import CaseBook
from bavn.actor.protect.state import Item, State
from bavn.app.config.load import read_node
from bavn.app.node.parts import NodeParts, build
from bavn.app.process.real import SystemClock
from bavn.model.counted import days as counted_days
from bavn.model.evidence import evidence_nats
from bavn.model.moment import DAY_US, HOUR_US, MINUTE_US, as_datetime
from bavn.model.observable import Observable
from bavn.model.outcome import Refused
from bavn.model.sector.sector_warning import AnswerAct
from bavn.model.suspicion import RowsRef, Suspicion
from bavn.model.text import Text
from bavn.wire.ledger import Note
from bavn.wire.messages.catalogue import (
    AskedObservable,
    CasePart,
    PartClock,
    PartTask,
    PartWords,
    VerdictGiven,
    WarningGiven,
)
from tests import people_say

CASE, TASK, QUESTION = "case-00000000000000aa", "ab" * 16, "cd" * 16
C2, C2_ADDRESS = "c2.example.com", "203.0.113.66"
JA3, JA4 = "0123456789abcdef0123456789abcdef", "t13d1516h2_8daaf6152771_b186095e22b6"
BEACON, SCAN, TUNNEL = "be" * 16, "5c" * 16, "70" * 16
WAITING, BLOCKED, LIFTED, REFUSED = (f"indicator--00000000-0000-5000-8000-00000000000{n}" for n in range(1, 5))
NUMBER = "010170-1234"
POLICY = """# Who may change this: Anna Berg
[door]
reveal_domain = "ask"  # agreed in May

[protect]
clinical_networks = ["10.0.9.0/24"]
own_domains = ["hospital.example"]
"""


def draw(folder: Path, actor: str = "north", *, host_byte: int = 0) -> Path:
    """Makes the node in a new folder; its node.toml. ``host_byte``: a second node's hosts are other hosts."""
    folder.mkdir(parents=True, exist_ok=True)
    now_us = SystemClock().now_us()
    (folder / "eve.json").write_text("\n".join(_lines(now_us, host_byte)) + "\n")
    (folder / "policy.toml").write_text(POLICY)
    file = folder / "node.toml"
    file.write_text(f'[node]\nactor = "{actor}"\n[sense]\neve_file = "eve.json"\n[enforce]\nlist_folder = "lists"\n')
    parts = build(read_node(file))
    try:
        for _ in range(4):
            parts.monitor.look()  # type: ignore[union-attr]
        parts.known.replace(suspicions(now_us, host_byte), now_us, now_us, 5)
        _sector(parts, now_us)
        _indicators(State(parts.book), now_us)
        _door(parts, now_us)
        _warnings(parts, now_us)
        parts.recorder.step()
    finally:
        parts.close()
    _certificate(folder / "data" / "keys", now_us)
    return file


def own(number: int, host_byte: int = 0) -> str:
    """An own host's address."""
    return f"10.0.{host_byte}.{number}"


def event(kind: str, at_us: int, src: str, dst: str, port: int, number: int, **more: Any) -> str:
    """A line of eve.json: ``kind`` of event number ``number`` (its flow and community id), TCP unless ``more`` says."""
    stamp = as_datetime(at_us).strftime("%Y-%m-%dT%H:%M:%S.%f+0000")
    plain = {
        "timestamp": stamp,
        "event_type": kind,
        "src_ip": src,
        "src_port": 40000 + number % 20000,
        "dest_ip": dst,
        "dest_port": port,
        "proto": "TCP",
        "flow_id": number,
        "community_id": f"1:{number:027d}=",
    }
    if kind == "flow":
        size = {"pkts_toserver": 9, "pkts_toclient": 12, "bytes_toserver": 1200 + number % 700, "bytes_toclient": 5400}
        more = {"flow": {"start": stamp, "end": stamp, "state": "closed", **size}, **more}
    return json.dumps(plain | more)


def _lines(now_us: int, host_byte: int) -> list[str]:
    start_us = (now_us // HOUR_US - 6) * HOUR_US
    lines, number = [], 0
    for minute in range(0, 6 * 60, 5):
        at_us = start_us + minute * MINUTE_US
        number += 1
        src = own(21, host_byte)
        lines.append(event("flow", at_us, src, C2_ADDRESS, 443, number, app_proto="tls"))
        tls = {
            "sni": C2,
            "version": "TLS 1.3",
            "ja3": {"hash": JA3},
            "ja4": JA4,
            "subject": "CN=c2",
            "issuerdn": "CN=c2",
        }
        lines.append(event("tls", at_us, src, C2_ADDRESS, 443, number, tls=tls))
        for host in (5, 22, 23, 24):
            number += 1
            lines.append(
                event("flow", at_us, own(20 + host % 5, host_byte), own(5, host_byte), 445, number, app_proto="smb")
            )
            dns = {"type": "query", "id": number % 60000, "rrname": f"www{host}.example.org", "rrtype": "A"}
            lines.append(event("dns", at_us, own(host, host_byte), own(2, host_byte), 53, number, dns=dns, proto="UDP"))
    http = {
        "hostname": "files.example.net",
        "url": f"/get?cpr={NUMBER}",
        "http_method": "GET",
        "status": 200,
        "http_user_agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64)",
    }
    lines.append(event("http", start_us, own(22, host_byte), "198.51.100.9", 80, 90001, http=http))
    lines.append(event("flow", start_us, own(22, host_byte), "198.51.100.9", 80, 90001, app_proto="http"))
    for port in range(40):
        lines.append(
            event(
                "flow",
                start_us + port,
                own(23, host_byte),
                own(5, host_byte),
                1000 + port,
                91000 + port,
                tcp={"tcp_flags_ts": "02", "tcp_flags_tc": "14", "syn": True},
            )
        )
    lines.append(event("flow", now_us - MINUTE_US, own(24, host_byte), own(5, host_byte), 445, 95000, app_proto="smb"))
    return lines


def suspicion(now_us: int, **other: Any) -> Suspicion:
    """One with defaults; ``p`` says how sure."""
    p = other.pop("p", 0.001)
    plain: dict[str, Any] = {
        "detector": "beacon",
        "technique": "T1071.001",
        "peer": C2,
        "p_source": "own",
        "statistic": 3.0,
        "first_us": now_us - 6 * HOUR_US,
        "last_us": now_us - 5 * MINUTE_US,
        "hosts": 1,
        "listed": False,
        "observables": (Observable.of("domain", C2),),
        "why": Text.written(
            "It calls c2.example.com every five minutes.", da="Den kalder c2.example.com hvert femte minut."
        ),
        "rows": RowsRef("flow", (("src", other["host"]), ("dst", C2_ADDRESS)), now_us - 7 * HOUR_US, now_us),
    }
    return Suspicion(**plain | {"p": p, "evidence_nats": evidence_nats(p)} | other)


def suspicions(now_us: int, host_byte: int = 0) -> list[Suspicion]:
    """Six on three hosts; two of one host and peer are one story."""
    one, two, three = own(21, host_byte), own(23, host_byte), own(22, host_byte)
    span = (now_us - 7 * HOUR_US, now_us)
    return [
        suspicion(now_us, id=BEACON, host=one, p=0.0004, period_s=300.0, regularity=0.97),
        suspicion(
            now_us,
            id="11" * 16,
            host=one,
            p=0.02,
            detector="rarity",
            technique="T1573",
            observables=(Observable.of("ja3", JA3),),
            why=Text.written("A rare TLS client.", da="En sjælden TLS-klient."),
            rows=RowsRef("tls", (("src", one), ("ja3", JA3)), *span),
        ),
        suspicion(
            now_us,
            id=SCAN,
            host=two,
            peer="1 host, 40 ports",
            p=0.003,
            detector="scan",
            technique="T1046",
            observables=(),
            why=Text.written("It tried 40 ports of one host.", da="Den prøvede 40 porte på én maskine."),
            rows=RowsRef("flow", (("src", two),), *span),
            walk_nats=9.0,
        ),
        suspicion(
            now_us,
            id=TUNNEL,
            host=three,
            peer="t.example.net",
            p=0.04,
            detector="dns_tunnel",
            technique="T1071.004",
            observables=(Observable.of("domain", "t.example.net"),),
            why=Text.written("Its look-ups carry data.", da="Dens opslag bærer data."),
            rows=RowsRef("dns", (("src", three),), *span),
        ),
        suspicion(
            now_us,
            id="22" * 16,
            host=three,
            peer="files.example.net",
            p=0.2,
            detector="exfil",
            technique="T1048",
            observables=(Observable.of("domain", "files.example.net"),),
            why=Text.written("It sent more than usual.", da="Den sendte mere end sædvanligt."),
            rows=RowsRef("http", (("src", three),), *span),
        ),
        suspicion(
            now_us,
            id="33" * 16,
            host=three,
            peer=C2,
            p=0.01,
            detector="ioc",
            technique="T1071",
            why=Text.written("It asked for a listed name.", da="Den spurgte om et listet navn."),
            rows=RowsRef("dns", (("src", three),), *span),
        ),
    ]


def part(now_us: int, **other: Any) -> CasePart:
    """This actor's part of a case, with a task and a question that wait."""
    due = {"acknowledge_us": now_us - HOUR_US, "applies_us": now_us + HOUR_US, "done_us": now_us + 99 * HOUR_US}
    tasks = (
        PartTask(task_id=QUESTION, kind="question", text="Do you run it?", state="open", **due),
        PartTask(task_id=TASK, kind="task", text="Isolate what speaks to it", state="acknowledged", **due),
    )
    plain: dict[str, Any] = {
        "case_id": CASE,
        "version": 1,
        "state": "confirmed",
        "rsit": "malicious-code/c2-server",
        "techniques": ("T1071",),
        "tlp": "TLP:AMBER",
        "pap": 2,
        "tasks": tasks,
        "own": (AskedObservable(type="domain", value="example.com"),),
        "words": (PartWords(at_us=now_us - HOUR_US, by="centre", text="We look at it"),),
        "clocks": (PartClock(report="early-warning", due_us=now_us + HOUR_US, sent_us=None),),
    }
    return CasePart(**plain | other)


def _sector(parts: NodeParts, now_us: int) -> None:
    CaseBook(parts.book).keep(part(now_us), now_us)
    given = VerdictGiven(
        case_id=CASE,
        version=1,
        judged="malicious",
        until_us=now_us + 30 * DAY_US,
        observables=(AskedObservable(type="domain", value="t.example.net"),),
    )
    parts.verdicts.sector.keep(given, (Observable.of("domain", "t.example.net"),), now_us)


def _indicators(state: State, now_us: int) -> None:
    enforced = json.dumps({"state": "enforced", "enforcers": ["textlist"], "not_carried": [], "rule": None})
    plain: dict[str, Any] = {
        "version": 1,
        "bundle": "{}",
        "type": "domain",
        "act": "block",
        "rule": "",
        "reason": "",
        "until_us": now_us + 20 * DAY_US,
        "decided_us": now_us - HOUR_US,
    }
    found = json.dumps({"days": 28, "hits": 4, "hosts": 2, "clinical": 1, "destinations": 1})
    for changes in (
        {
            "indicator_id": WAITING,
            "value": "waits.example.com",
            "standing": "waiting",
            "rule": "dry_run_clinical",
            "reason": Text.counted(
                "{count:,} clinical host met it in {days}",
                "{count:,} clinical hosts met it in {days}",
                2,
                days=counted_days(30),
            ).row(),
            "found": found,
            "told": "waiting",
        },
        {"indicator_id": BLOCKED, "value": C2, "standing": "wanted", "told": enforced, "forced_us": now_us - HOUR_US},
        {
            "indicator_id": LIFTED,
            "value": "lifted.example.com",
            "standing": "lifted",
            "rule": "rolled_back",
            "reason": "it hit 12 own hosts in an hour; the dry run of 28 days saw 1, and 11 may be hit",
            "held": True,
            "told": "lifted",
        },
        {
            "indicator_id": REFUSED,
            "value": "philips.com",
            "standing": "refused",
            "rule": "never_block",
            "reason": "the never-block list names it under [clinical_suppliers]",
            "told": "refused",
        },
    ):
        state.keep(Item(**plain | changes))
    with state.book.transaction() as tx:
        tx.execute(
            "INSERT INTO protect_met VALUES (?, 'blocked', 3, ?, ?, 3, ?)", (BLOCKED, now_us - HOUR_US, now_us, now_us)
        )


def _door(parts: NodeParts, now_us: int) -> None:
    reveals, state = parts.door.reveals, parts.door.state
    for number, (name, rule) in enumerate(
        ((C2, ""), ("t.example.net", "reveal_mode"), ("own.example.org", "not_vetoed"))
    ):
        for cell in range(2):
            reveals.note(f"{number:032x}", "A", Observable.of("domain", name), 2, rule, now_us - cell)
    state.set_override(Observable.of("domain", "example.net"), "asked", "centre", now_us - HOUR_US)
    state.set_override(Observable.of("domain", "example.org"), "veto", "Anna Berg", now_us - DAY_US)
    for number in range(60):
        note = Note(
            kind="Report",
            item_id=f"{number:064x}",
            peer="centre",
            privacy="S1",
            bytes=300,
            summary=json.dumps(_report(number, now_us)),
        )
        refused = Refused("not_judged", "people here have judged it benign") if number % 5 == 0 else None
        parts.ledger.append(now_us - (60 - number) * MINUTE_US, "door", "out", note, refused)
    item = "c0" * 32
    with parts.book.transaction():
        parts.ledger.append(
            now_us,
            "door",
            "out",
            Note(
                kind="Counts", item_id=item, peer="centre", privacy="S3", bytes=90, summary='{"cells":[["beacon",3]]}'
            ),
        )
        Budget(parts.ledger).spend(now_us // DAY_US - 1, 1000, item)


def _report(number: int, now_us: int) -> dict[str, Any]:
    """Each third of an address, the others of names."""
    named = ("ip4", f"185.1.2.{number}") if number % 3 == 0 else ("domain", f"evil-{number}.example.com")
    return {
        "round_id": f"{number:032x}",
        "table": 0,
        "bin": number,
        "type": named[0],
        "value": named[1],
        "detector": "beacon",
        "technique": "T1071.001",
        "p_bucket": 12,
        "hosts_bucket": 0,
        "first_hour": now_us // HOUR_US - 6,
        "last_hour": now_us // HOUR_US - 1,
    }


def _warnings(parts: NodeParts, now_us: int) -> None:
    """One that waits for an answer and is late, one that was answered, and one that is over."""
    plain: dict[str, Any] = {
        "version": 1,
        "state": "sent",
        "tlp": "TLP:AMBER",
        "pap": 1,
        "sent_us": now_us - 30 * HOUR_US,
        "acknowledge_us": now_us - 6 * HOUR_US,
        "until_us": now_us + 9 * DAY_US,
        "observables": (),
    }
    told: tuple[dict[str, Any], ...] = (
        {
            "urgency": "critical",
            "title_en": "Patch the gateway now",
            "title_da": "Opdater gatewayen nu",
            "text_en": "A flaw in it is used.\n\nPatch it today.",
            "text_da": "En fejl i den udnyttes.\n\nOpdater den i dag.",
            "observables": (AskedObservable(type="domain", value="gateway-update.net"),),
        },
        {
            "urgency": "important",
            "title_en": "False mails from a supplier",
            "title_da": "Falske mails fra en leverandør",
            "text_en": "Do not open them.",
            "text_da": "Åbn dem ikke.",
            "acknowledge_us": now_us + HOUR_US,
        },
        {
            "urgency": "inform",
            "title_en": "A quiet autumn",
            "title_da": "Et roligt efterår",
            "state": "ended",
            "text_en": "Nothing is to be done.",
            "text_da": "Intet skal gøres.",
        },
    )
    book = parts.door.cases.warnings
    for at, more in enumerate(told):
        given = WarningGiven(warning_id=f"warning-{at + 1:016x}", **plain | more)
        assert book.take_in(given, Note(kind="WarningGiven", item_id=f"{at:064x}", peer="centre")) is None
    people_say.to_warning(book, f"warning-{2:016x}", 1, AnswerAct.AFFECTED, "three mailboxes got one", "Anna Berg")


def _certificate(folder: Path, now_us: int) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "north")])
    start = as_datetime(now_us)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start - dt.timedelta(days=80))
        .not_valid_after(start + dt.timedelta(days=10))
        .sign(key, hashes.SHA256())
    )
    folder.mkdir(exist_ok=True)
    from cryptography.hazmat.primitives.serialization import Encoding

    (folder / "certificate.pem").write_bytes(made.public_bytes(Encoding.PEM))
