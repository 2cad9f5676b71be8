"""How each kind of item meets its gate at a whole node: by what a centre says, people leave and the node does itself.

A scene does nothing to a gate: the walk over every rule breaks it between the acts.
"""

from collections.abc import Callable
from dataclasses import dataclass

from bavn.actor.door.conversations.case_book import ATTACH
from bavn.actor.door.counts import Counting
from bavn.actor.door.policy import DoorPolicy
from bavn.actor.door.rounds.rules import params_of
from bavn.actor.protect.own_history import Found, Reached
from bavn.actor.protect.policy import ProtectPolicy
from bavn.actor.protect.requests import request
from bavn.model.intel.indicator import indicator_id
from bavn.model.intel.radius import by_function
from bavn.model.moment import DAY_US, HOUR_US, MINUTE_US
from bavn.model.observable import Observable, ObservableType
from bavn.model.ports import LinkDown
from bavn.model.sector.nis2 import Nis2Act
from bavn.model.sector.sector_warning import AnswerAct
from bavn.psi import commons, commons_terms
from bavn.psi.identifier import LocalIdentifiers
from bavn.psi.planes import planes_from_bytes
from bavn.psi.round import Cell
from bavn.rehearsal.script import suspicion
from bavn.wire.messages import catalogue as messages
from bavn.wire.messages.canary import CanaryAnswered
from bavn.wire.messages.commons import CommonsAnswered
from tests import people_say
from tests.actor.door.conftest import GROUP_KEY, Actor, TestCentre
from tests.actor.door.test_draw import FixedLog, own_upload
from tests.actor.door.test_witness import TestLog
from tests.actor.protect.test_log_proof import ReleaseLog
from tests.sector.hostile_centre import NOW_US, Node, bundle, release

BAD, NAME = Observable.of("domain", "cdn-sync-hub.net"), Observable.of("domain", "evil.com")
AT = Observable.of("ip4", "185.32.20.6")
CASE, TASK, WARNING = "case-" + "a" * 16, "ab" * 16, "warning-" + "a" * 16
COMMONS_M = 40
"""Of a commons round here: a size class costs seconds a round."""


class Whole(Node):
    """A node with all that a running one does: counts, the canary, and a history to ask."""

    def __init__(self, folder, **other):
        super().__init__(folder, **other)
        self.suspects(suspicion((BAD,), 1e-4, "10.1.2.3", NOW_US))
        counts = Counting(self.door, self.clock, lambda given, *_: list(given), self.books.known.all, tuple)
        self.talker.tell_counts = counts.tell
        self.talker.try_canary = self.door.canary.step
        self.talker._answers.found = lambda asked, days, now_us: {
            one: Found(days=days, hits=3, first_us=now_us - DAY_US, last_us=now_us) for one in asked
        }
        self.talker._answers.reached = lambda _: Reached(days=30, hosts=3, functions=by_function((), {}))

    def waits(self, minutes=2):
        self.clock.advance(minutes * MINUTE_US)
        self.talker.talk()

    def opens_round(self, number=1):
        """The centre opens a round of three who hold the same."""
        self.round, self.peers = f"{number:032x}", []
        centre, now_us = TestCentre(), self.clock.now_us()
        centre.key = self.centre
        self.peers = [
            Actor(name, self.centre, seed=n, now_us=now_us, suspicions=[suspicion((BAD,), 1e-4, "10.7.7.7", now_us)])
            for n, name in enumerate(("south", "west"), 2)
        ]
        opening = centre.opening(
            [self.door, *self.peers], round_id=self.round, deadline_us=now_us + 30 * MINUTE_US, epoch=now_us // DAY_US
        )
        self.says(opening)
        for peer in self.peers:
            centre.to(peer, opening)
        self._tags = {}
        states = [one.door.state for one in self.peers] + [self.door.state]
        rounds = [(state, state.round(self.round)) for state in states]
        held = [{cell for cell, _ in state.contents(one)[1].cells()} for state, one in rounds if one is not None]
        self.cell = min(set.intersection(*(cells for cells in held if cells)))
        self.empty = next(cell for cell in (Cell(0, place) for place in range(99)) if cell not in set.union(*held))
        asked = tuple(messages.AskedCell(table=cell.table, bin=cell.bin) for cell in (self.cell, self.empty))
        for x, peer in enumerate(self.peers, 2):
            peer.said()
            centre.to(peer, messages.ReceiptsAsked(round_id=self.round, cells=asked))
            [receipts] = [said for said in peer.said() if isinstance(said, messages.Receipts)]
            self._tags |= {(x, tag.table, tag.bin): tag.tag for tag in receipts.tags}

    def asks_receipts(self):
        cell = messages.AskedCell(table=self.cell.table, bin=self.cell.bin)
        self.says(messages.ReceiptsAsked(round_id=self.round, cells=(cell,)))

    def asks_reveal(self, cell=None):
        cell = cell or self.cell
        others = tuple(self._tags[x, cell.table, cell.bin] for x in (2, 3))
        items = (messages.Reveal(table=cell.table, bin=cell.bin, others=others),)
        self.says(messages.RevealAsked(round_id=self.round, items=items))

    def opens_commons(self):
        """The centre opens a commons round of three who have nothing outside: of all alike there is the canary."""
        centre, now_us = TestCentre(), self.clock.now_us()
        centre.key = self.centre
        peers = [Actor(name, self.centre, seed=n, now_us=now_us) for n, name in enumerate(("south", "west"), 2)]
        self.commons = centre.opening(
            [self.door, *peers],
            round_id="c" * 32,
            tier=commons_terms.TIER,
            m=COMMONS_M,
            deadline_us=now_us + 30 * MINUTE_US,
            epoch=now_us // DAY_US,
        )
        self.says(self.commons)
        self.others = {}
        for x, peer in enumerate(peers, 2):
            centre.to(peer, self.commons)
            [self.others[x]] = [said for said in peer.said() if isinstance(said, messages.ShareUpload)]

    def answers_commons(self):
        """As an honest centre does, by the newest share that the node sent."""
        params = params_of(self.commons)
        mine = [said for said in self.said() if isinstance(said, messages.ShareUpload)][-1]
        planes = {x: planes_from_bytes(params, share.planes) for x, share in {1: mine, **self.others}.items()}
        table_of, groups = commons.planes_by_table(planes), {x: str(x) for x in planes}
        cells = commons.answers(params, tuple(planes), groups, table_of)[1]
        self.says(CommonsAnswered(round_id=self.commons.round_id, groups=3, other_keys=0, cells=cells))

    def closes_round(self):
        self.says(messages.RoundClosed(round_id=self.round))


@dataclass(frozen=True)
class Scene:
    """``kind``: as the gate names the item. ``before``: what must have been; ``act``: the item meets its gate;
    ``again``: what brings it, or the like of it, once more when a person has opened. ``refused``: the rule that refuses
    what meets no slip, where that is all the gate does. ``more``: how the node is set up; ``sensor``: with a history to
    ask."""

    name: str
    kind: str
    act: Callable[[Whole], None]
    before: Callable[[Whole], None] = lambda _: None
    again: Callable[[Whole], None] = Whole.waits
    refused: str = ""
    more: tuple = ()
    sensor: bool = False

    def node(self, folder):
        """A fresh one, as the scene wants it."""
        return Whole(folder, sensor=self.sensor, **dict(zip(("door", "protect"), self.more, strict=False)))


def of_centre(message):
    """Said by the centre; what was kept back is heard when it may be."""
    return lambda node: node.says(message(node))


def a_case(version=1):
    task = messages.PartTask(
        task_id=TASK,
        kind="task",
        text="Isolate it",
        state="open",
        acknowledge_us=NOW_US + HOUR_US,
        applies_us=NOW_US + 2 * HOUR_US,
        done_us=NOW_US + 3 * HOUR_US,
    )
    return messages.CasePart(
        case_id=CASE,
        version=version,
        state="triage",
        techniques=(),
        tlp="TLP:AMBER",
        pap=2,
        own=(),
        tasks=(task,),
        clocks=(),
        words=(messages.PartWords(at_us=NOW_US, by="centre", text="We look at it"),),
    )


def a_verdict():
    return messages.VerdictGiven(
        case_id=CASE, version=1, judged="malicious", until_us=NOW_US + 30 * DAY_US, observables=(_asked(NAME),)
    )


def a_warning():
    return messages.WarningGiven(
        warning_id=WARNING,
        version=1,
        state="sent",
        urgency="critical",
        title_en="Patch it",
        title_da="Opdater det",
        text_en="Now.",
        text_da="Nu.",
        tlp="TLP:AMBER",
        pap=1,
        observables=(_asked(NAME),),
        sent_us=NOW_US,
        acknowledge_us=NOW_US + HOUR_US,
        until_us=NOW_US + 2 * HOUR_US,
    )


def a_question(observable=NAME, kind=messages.QuestionAsked):
    return kind(
        question_id="0d" * 16,
        observables=(_asked(observable),),
        since_hour=NOW_US // HOUR_US - 48,
        asked_us=NOW_US,
        until_us=NOW_US + 2 * DAY_US,
        asked_by="Anna Berg",
        approved_by="Bo Lund",
        why="Seen at a partner",
    )


def _asked(observable):
    return messages.AskedObservable(type=observable.type.value, value=observable.value)


def said_to_case(task_id, act, words, content=None):
    def leave(node):
        people_say.in_case(node.door.cases, CASE, task_id, act, words, "Anna", node.clock.now_us(), content=content)
        node.talker.talk()

    return leave


def then_talks(leave):
    def act(node):
        leave(node)
        node.talker.talk()

    return act


def a_run(node):
    """Today's canary is on its way, and the centre was told of it."""
    node.door.canary.book.wish("Anna", node.clock.now_us())
    node.waits()


def answers_canary(node):
    run = node.door.canary.under_way()
    node.says(CanaryAnswered(day=run.day, run=run.run))


def shows_log(node):
    """The centre shows its log, which has grown."""
    since, node.log_size = getattr(node, "log_size", 0), getattr(node, "log_size", 0) + 10
    node.says(TestLog().shown(node.log_size, since))


def proves_release(node):
    """The centre proves that its log, which the node has seen, holds a release."""
    node.says(ReleaseLog().proven(10))


def shows_log_with_release(node):
    node.says(ReleaseLog().shown(10, 0))


def took_part_in_a_round_of_the_log(node):
    """A round that the node uploaded to, whose log it has seen."""
    node.opens_round()
    node.fixed_log = FixedLog(*own_upload(node))
    node.says(node.fixed_log.shown(10, 0))


def asks_for_a_value(node):
    node.says(node.fixed_log.fixed())


def reported(node):
    node.opens_round()
    node.asks_receipts()
    node.asks_reveal()


def takes_back(node):
    node.door.reveals.withdraw(BAD, "Anna", node.clock.now_us())
    node.talker.talk()


def next_round(step):
    """A new round, as far as the like of the item."""

    def again(node):
        node.opens_round(int(node.round, 16) + 1)
        step(node)

    return again


def reveals_empty(node):
    node.asks_reveal(node.empty)


def misses_round(node):
    """The key holder is away until it is too late."""

    class Away:
        def of(self, *_):
            raise LinkDown("away")

    node.door.shares._identifiers = Away()
    node.opens_round(int(getattr(node, "round", "0"), 16) + 1)
    node.waits(31)
    node.door.shares._identifiers = LocalIdentifiers(GROUP_KEY)


def approves(node):
    request(node.book, "approve", indicator_id(NAME), "Anna")
    node.waits()


def not_carried(node):
    node.list.carries = frozenset({ObservableType.DOMAIN})
    node.says(messages.IndicatorReleased(bundle=bundle(AT)))


def enforcer_comes(node):
    node.list.carries = type(node.list).carries
    node.talker.talk()


def withdraws(node):
    node.says(messages.IndicatorWithdrawn(indicator_id=indicator_id(NAME), version=NOW_US))


def hours(node):
    node.waits(61)


def a_minute(node):
    node.waits(1)


SCENES = [
    Scene("opened", "RoundOpened", Whole.opens_round),
    Scene("receipts-asked", "ReceiptsAsked", Whole.asks_receipts, Whole.opens_round),
    Scene("reveal-asked", "RevealAsked", Whole.asks_reveal, Whole.opens_round),
    Scene("closed", "RoundClosed", Whole.closes_round, Whole.opens_round),
    Scene("element", "Element", Whole.opens_round, again=next_round(lambda _: None)),
    Scene("upload", "ShareUpload", Whole.opens_round),
    Scene("late", "ShareUpload", misses_round, again=misses_round, refused="keys_late"),
    Scene("commons", "ShareUpload", Whole.opens_commons),
    Scene("commons-answered", "CommonsAnswered", Whole.answers_commons, Whole.opens_commons),
    Scene("receipts", "Receipts", Whole.asks_receipts, Whole.opens_round, next_round(Whole.asks_receipts)),
    Scene("declined", "Declined", reveals_empty, Whole.opens_round, next_round(reveals_empty)),
    Scene("report", "Report", Whole.asks_reveal, Whole.opens_round, next_round(Whole.asks_reveal)),
    Scene("withdrawn", "Withdrawn", takes_back, reported),
    Scene("sighting", "Observation", of_centre(lambda _: release(NAME.value)), sensor=True),
    Scene("outcome", "Receipt", of_centre(lambda _: release(NAME.value))),
    Scene("health", "Health", a_minute),
    Scene("counts", "Counts", hours, again=hours),
    Scene("question", "QuestionAsked", of_centre(lambda _: a_question())),
    Scene("answered", "QuestionAnswered", of_centre(lambda _: a_question())),
    Scene("radius", "RadiusAsked", of_centre(lambda _: a_question(kind=messages.RadiusAsked))),
    Scene("counted", "QuestionCounted", of_centre(lambda _: a_question(kind=messages.RadiusAsked))),
    Scene("never", "QuestionDeclined", of_centre(lambda _: a_question()), more=(DoorPolicy(answer_questions="never"),)),
    Scene("ill-formed", "QuestionDeclined", of_centre(lambda _: a_question(Observable.of("ip4", "10.1.1.1")))),
    Scene("case", "CasePart", of_centre(lambda _: a_case())),
    Scene("verdict", "VerdictGiven", of_centre(lambda _: a_verdict())),
    Scene("warning", "WarningGiven", of_centre(lambda _: a_warning())),
    Scene("words", "CaseAnswered", said_to_case(None, "words", "One gateway"), of_centre(lambda _: a_case())),
    Scene("task", "CaseAnswered", said_to_case(TASK, "acknowledge", ""), of_centre(lambda _: a_case())),
    Scene(
        "evidence",
        "CaseEvidence",
        said_to_case(None, ATTACH, "A log", b"PK" + bytes(40)),
        of_centre(lambda _: a_case()),
    ),
    Scene(
        "nis2",
        "Nis2Noted",
        then_talks(
            lambda node: people_say.of_nis2(node.door.cases.nis2, CASE, Nis2Act.AWARE, NOW_US - HOUR_US, "Anna")
        ),
        of_centre(lambda _: a_case()),
    ),
    Scene(
        "warned",
        "WarningAnswered",
        then_talks(
            lambda node: people_say.to_warning(
                node.door.cases.warnings, WARNING, 1, AnswerAct.AFFECTED, "One gateway", "Anna"
            )
        ),
        of_centre(lambda _: a_warning()),
    ),
    Scene("canary", "CanaryProgress", a_run),
    Scene("canary-answered", "CanaryAnswered", answers_canary, a_run),
    Scene("log-shown", "LogShown", shows_log),
    Scene("log-seen", "LogSeen", shows_log, again=shows_log),
    Scene("rounds-fixed", "RoundsFixed", asks_for_a_value, took_part_in_a_round_of_the_log),
    Scene(
        "draws-opened",
        "DrawsOpened",
        asks_for_a_value,
        took_part_in_a_round_of_the_log,
        again=asks_for_a_value,
    ),
    Scene("log-proven", "LogProven", proves_release, shows_log_with_release),
    Scene("released", "IndicatorReleased", of_centre(lambda _: release(NAME.value))),
    Scene(
        "approved",
        "IndicatorApproved",
        approves,
        of_centre(lambda _: release(NAME.value)),
        more=(DoorPolicy(), ProtectPolicy(automatic=False)),
    ),
    Scene("carried", "IndicatorCarried", enforcer_comes, not_carried),
    Scene("withdrawal", "IndicatorWithdrawn", withdraws, of_centre(lambda _: release(NAME.value))),
    Scene(
        "switched",
        "SectorSwitched",
        of_centre(
            lambda _: messages.SectorSwitched(number=1, state="off", at_us=NOW_US, by="Anna Berg", why="A mistake")
        ),
    ),
]
