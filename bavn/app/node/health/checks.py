"""What a node checks of itself beside its figures: the other sides, its ledger, its enforcers, gates and failing parts.

Each gives problems, and says what is not known yet. Refuses to judge figures: vitals.py does.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from bavn.actor.door.conversations.witness_book import LogWatch
from bavn.actor.door.rounds.commons_days import CommonsDay
from bavn.app.config.sensor import HealthTable
from bavn.app.net.link_watch import LinkWatch
from bavn.app.node.health.commons import commons_problems
from bavn.app.node.health.holders import holders_problems, key_problems
from bavn.app.node.health.log import log_problems
from bavn.app.node.health.promises import MAIL_GOES
from bavn.app.process.chain_walk import ChainWalk
from bavn.app.process.kept_book import BOOK, HeldFile, lost_words, wrongs
from bavn.app.process.problem import Problem
from bavn.model.counted import rules as counted_rules
from bavn.model.failure import FailingPart
from bavn.model.moment import SECOND_US
from bavn.model.spans import lasting
from bavn.model.text import Text
from bavn.wire.shut import ShutGate

if TYPE_CHECKING:
    from bavn.wire.links.holders import HoldersSeen
    from bavn.wire.links.key_points import ChangedKey

CENTRE: Final = Text.in_context("node health checks", "the centre")
KEYHOLDER: Final = Text("the key holder")
QUEUE_S_MAX: Final = 1800
"""How long what waits for the centre may not grow less."""
_OF_PART: Final = {
    "detector": "detector_fails",
    "correlator": "detector_fails",
    "source": "source_broken",
    "enforcer": "enforcer_down",
    "store": "store_damaged",
    "sources": "source_broken",
    "lookout": "detect_failed",
    "link to the centre": "centre_silent",
    "link to the key holder": "keyholder_silent",
    "rule keeper": "rules",
    "siem": "siem_takes_nothing",
    "mail": "mail_waits",
}
"""The problem that a failing part is, by its name or the first word of it; else ``part_fails``."""


@dataclass(slots=True)
class QueueWatch:
    """Since when what waits for the centre has not grown less. From one thread."""

    messages: int = 0
    since_us: int = 0

    def problems(self, messages: int, now_us: int) -> list[Problem]:
        if not messages or messages < self.messages or not self.since_us:
            self.since_us = now_us
        self.messages = messages
        if now_us - self.since_us <= QUEUE_S_MAX * SECOND_US:
            return []
        text = Text.counted(
            "{count:,} message waits for the centre, and for {lasted} there was never none",
            "{count:,} messages wait for the centre, and for {lasted} there were never fewer",
            messages,
            lasted=lasting(now_us - self.since_us),
        )
        return [Problem(code="queue_grows", source="centre", text=text)]


@dataclass(slots=True)
class NodeChecks:
    """None, or nothing given: the node has no such thing. ``holders``: how each of several key holders does;
    ``changed_keys``: those that were refused; ``enforcers``: name and reason of each that is down; ``gates``: each that
    is shut for a kind of message of somebody; ``commons``: how far each day's round came, the latest first; ``log``:
    how the centre's log stands here; ``asks_rules``: a Suricata of its own tells what it loaded; ``siem``, ``mail``:
    what is wrong with the SIEM that is told, and with mail to one's own people; ``book``, ``store``: the
    files that they are."""

    centre: LinkWatch | None = None
    keyholder: LinkWatch | None = None
    holders: "Callable[[], HoldersSeen] | None" = None
    changed_keys: "Callable[[], Sequence[ChangedKey]]" = tuple
    chain: ChainWalk | None = None
    enforcers: Callable[[], Sequence[tuple[str, Text | None]]] | None = None
    gates: Callable[[], Sequence[ShutGate]] = tuple
    commons: Callable[[], Sequence[CommonsDay]] = tuple
    log: Callable[[], LogWatch] | None = None
    failing: Callable[[], Sequence[FailingPart]] = tuple
    asks_rules: bool = False
    siem: Callable[[], Sequence[Problem]] | None = None
    mail: Callable[[], Sequence[Problem]] | None = None
    book: Sequence[HeldFile] = ()
    store: Sequence[HeldFile] = ()
    queue: QueueWatch = field(default_factory=QueueWatch)

    def given(self, *, watches: bool, rules: bool) -> Mapping[str, bool]:
        """Which promises are about something that the node has."""
        sources = dict.fromkeys(
            ("sources_read", "sources_heard", "nothing_lost", "store_whole", "detectors_work"), watches
        )
        return sources | {
            "sources_read": True,
            "rules_loaded": rules,
            "enforcers_up": self.enforcers is not None,
            "centre_accepts": self.centre is not None,
            "queue_drains": self.centre is not None,
            "commons_answered": bool(self.commons()),
            "centre_log": self.log is not None and _shown(self.log()),
            "certificates": self.centre is not None or self.keyholder is not None,
            "keyholder_accepts": self.keyholder is not None,
            "key_stays": self.keyholder is not None,
            "holders_answer": self.holders is not None,
            "ledger_whole": self.chain is not None,
            "siem_takes": self.siem is not None,
            MAIL_GOES: self.mail is not None,
        }

    def unchecked(self, rules: Mapping[str, Any]) -> dict[str, Text]:
        """Why a promise is not known to be kept. ``rules``: figures of the rule keeper."""
        not_yet: dict[str, Text] = {}
        if self.centre is not None and not self.centre.known():
            not_yet["centre_accepts"] = Text("no answer yet")
            not_yet["clocks"] = Text("the centre's clock is not known yet")
        if self.keyholder is not None and not self.keyholder.known():
            not_yet["keyholder_accepts"] = Text("no answer yet")
        if self.chain is not None and not self.chain.known():
            not_yet["ledger_whole"] = Text("it is being read")
        untried = [name for name, why in self.enforcers() if not why] if self.enforcers is not None else []
        if untried:
            names = ", ".join(untried)
            not_yet["enforcers_up"] = Text("not tried yet: {names}", names=names)
        if self.asks_rules and rules.get("loaded") is None:
            not_yet["rules_loaded"] = Text.in_context("node health checks", "Suricata has not said yet what it loaded")
        return not_yet

    def problems(self, limits: HealthTable, queued: int, rules: Mapping[str, Any], now_us: int) -> list[Problem]:
        """What is wrong now."""
        problems: list[Problem] = []
        if self.centre is not None:
            problems += self.centre.problems("centre", CENTRE, limits.centre_silent_s_max)
            problems += self.queue.problems(queued, now_us)
        if self.keyholder is not None:
            problems += self.keyholder.problems("keyholder", KEYHOLDER, limits.centre_silent_s_max)
        if self.holders is not None:
            problems += holders_problems(self.holders(), limits.centre_silent_s_max * SECOND_US, now_us)
        problems += key_problems(self.changed_keys(), now_us)
        if self.chain is not None and self.chain.broken:
            problems.append(ledger_problem(self.chain.broken))
        if self.enforcers is not None:
            problems += [_enforcer(name, why) for name, why in self.enforcers() if why]
        shut = self.gates()
        lost = lost_words(shut)
        problems += [Problem(code="book_lost", source=BOOK, text=text) for text in [*wrongs(self.book), lost] if text]
        problems += [Problem(code="store_damaged", source="store", text=text) for text in wrongs(self.store)]
        for gate in shut:
            if gate.gate != BOOK:
                source = f"{gate.gate} {gate.kind} {gate.peer}"
                problems.append(Problem(code="gate_shut", source=source, text=shut_words(gate)))
        problems += [_part(one) for one in self.failing() if not one.part.startswith("gate ")]
        for told in (self.siem, self.mail):
            if told is not None:
                problems += told()
        problems += commons_problems(self.commons())
        if self.log is not None:
            problems += log_problems(self.log(), now_us)
        return problems + _rules_off(rules, limits.rules_on_percent_min)


def _shown(watch: LogWatch) -> bool:
    """Whether the centre has a log, as far as this node was ever told."""
    return watch.standing is not None or bool(watch.evidence)


def ledger_problem(broken: str) -> Problem:
    """``broken``: the first place that does not fit."""
    text = Text("the ledger's chain is broken: {broken}", broken=broken)
    return Problem(code="ledger_broken", source="ledger", text=text)


def _enforcer(name: str, why: Text) -> Problem:
    text = Text("the enforcer {name} is not up: {why}", name=name, why=why)
    return Problem(code="enforcer_down", source=name, text=text)


def _part(one: FailingPart) -> Problem:
    code = _OF_PART.get(one.part) or _OF_PART.get(one.part.partition(" ")[0], "part_fails")
    return Problem(code=code, source=one.part, text=part_words(one))


def _rules_off(rules: Mapping[str, Any], percent_min: int) -> list[Problem]:
    """``fetched``: what the last fetch came to (RuleYield), where there was one; ``loaded``: what Suricata says."""
    fetched = rules.get("fetched") or {}
    loaded, wanted, off = (int(fetched.get(name) or 0) for name in ("loaded", "wanted", "off"))
    every = wanted + off
    if 100 * loaded < percent_min * every:
        text = Text(
            "only {loaded:,} of {rules} on: {off:,} switched off, {wanted:,} left out",
            loaded=loaded,
            rules=counted_rules(every),
            off=off,
            wanted=wanted - loaded,
        )
        return [Problem(code="rules_off", source="rules", text=text)]
    if rules.get("loaded") == 0 and loaded:
        text = Text("Suricata has loaded none of {rules}", rules=counted_rules(loaded))
        return [Problem(code="rules_off", source="rules", text=text)]
    return []


def shut_words(shut: ShutGate) -> Text:
    """A gate that is shut, for whom and why."""
    return Text(
        "gate {gate} is shut for {kind} of {peer} since the rule {rule} failed",
        gate=shut.gate,
        kind=shut.kind,
        peer=shut.peer,
        rule=shut.rule,
    )


def part_words(part: FailingPart) -> Text:
    """A part that fails, how often and with what."""
    return Text.counted(
        "{part} fails (once): {error}",
        "{part} fails ({count:,} times): {error}",
        part.count,
        part=part.part,
        error=part.latest.error,
    )
