"""A person's verdict on suspicions: true, benign, or not to be seen for a while; its scope, its end, and what it does.

A verdict is local: nothing that travels is made from it (docs/suspicions.md). What it does is decided when suspicions
are read, so it begins and ends by the clock and needs no run of the detectors. Refuses to know what time it is.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, Literal, get_args

from bavn.model.evidence import evidence_nats
from bavn.model.observable import registered_domain
from bavn.model.suspicion import Suspicion, in_order
from bavn.model.text import Text

Judgement = Literal["true", "benign", "ignore"]
Scope = Literal["story", "detector-peer", "host", "peer"]
Origin = Literal["here", "sector"]
SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)
"""The narrowest first: where several verdicts hold for a suspicion, the narrowest says what it is, then the newest."""

BENIGN_P_TIMES: Final = 100.0
"""What a benign verdict multiplies a p-value by (docs/decisions/0007-what-a-verdict-does.md)."""

EXACT: Final = frozenset({"ioc"})
"""Detectors whose suspicions rest on a named indicator: only a verdict on just that indicator reaches them."""

SECTOR: Final = "the sector"
"""Who gives the sector's advice; no person here can be called so."""

JUDGEMENT_WORDS: Final[dict[Judgement, Text]] = {
    "true": Text("true"),
    "benign": Text("benign"),
    "ignore": Text("ignored"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One verdict. It was given on the suspicion ``story`` of ``detector``, ``host`` and ``peer``; ``scope`` says which
    of these a suspicion must share. ``until_us``: None only for ``true``. ``ended_us``: taken back before that.
    ``origin`` sector: advice of the sector's on a peer, given by nobody here."""

    number: int
    judgement: Judgement
    scope: Scope
    story: str
    detector: str
    host: str
    peer: str
    given_us: int
    until_us: int | None
    by: str
    comment: str
    ended_us: int | None = None
    ended_by: str = ""
    ended_comment: str = ""
    origin: Origin = "here"

    def holds(self, now_us: int) -> bool:
        """From when it was given until its end, or until it was taken back."""
        ends = [end for end in (self.until_us, self.ended_us) if end is not None]
        return self.given_us <= now_us and all(now_us < end for end in ends)

    @property
    def key(self) -> tuple[str, ...]:
        """What a suspicion must share."""
        return _keys(self.story, self.detector, self.host, self.peer)[self.scope]

    @property
    def names_an_indicator(self) -> bool:
        """It was given on the match of an indicator, and not for all that a host does."""
        return self.detector in EXACT and self.scope != "host"


def sector_verdict(
    *,
    number: int,
    case_id: str,
    value: str,
    judgement: Judgement,
    given_us: int,
    until_us: int,
    ended_us: int | None = None,
    ended_by: str = "",
    ended_comment: str = "",
) -> Verdict:
    """The sector's verdict on an observable, as advice to an actor's own list."""
    return Verdict(
        number=number,
        judgement=judgement,
        scope="peer",
        story="",
        detector="",
        host="",
        peer=value,
        given_us=given_us,
        until_us=until_us,
        by=SECTOR,
        comment=case_id,
        ended_us=ended_us,
        ended_by=ended_by,
        ended_comment=ended_comment,
        origin="sector",
    )


def _keys(story: str, detector: str, host: str, peer: str) -> dict[Scope, tuple[str, ...]]:
    return {
        "story": ("story", story),
        "detector-peer": ("detector-peer", detector, peer),
        "host": ("host", detector, host),
        "peer": ("peer", peer),
    }


class Verdicts:
    """Verdicts that hold at one moment, by what they cover."""

    def __init__(self, verdicts: Iterable[Verdict] = (), now_us: int | None = None) -> None:
        holding = [verdict for verdict in verdicts if now_us is None or verdict.holds(now_us)]
        here = [verdict for verdict in holding if verdict.origin == "here"]
        advice = [verdict for verdict in holding if verdict.origin == "sector"]
        ordered = sorted(here, key=lambda verdict: verdict.number)
        # Two cases may judge the same: what is malicious to one of them is not innocent.
        self._sector = {
            verdict.peer: verdict for verdict in sorted(advice, key=lambda one: (one.judgement == "true", one.number))
        }
        self._named = {verdict.key: verdict for verdict in ordered if verdict.names_an_indicator}
        self._all = {verdict.key: verdict for verdict in ordered}

    def __bool__(self) -> bool:
        return bool(self._all or self._sector)

    def on(self, story: str, detector: str, host: str, peer: str) -> Verdict | None:
        """The verdict that says what a suspicion of these is, if any does: one given here, else the sector's advice,
        which reaches no match of an indicator."""
        known = self._named if detector in EXACT else self._all
        keys = _keys(story, detector, host, peer) if known else {}
        found = next((known[keys[scope]] for scope in SCOPES if keys.get(scope) in known), None)
        return found or (None if detector in EXACT or not self._sector else self._advice(peer))

    def _advice(self, peer: str) -> Verdict | None:
        """The sector's, on the peer or on the registered domain that it lies under."""
        found = self._sector.get(peer)
        if found is not None or "." not in peer or not peer.isascii() or peer.replace(".", "").isdigit():
            return found
        domain = registered_domain(peer.lower().rstrip("."))
        return self._sector.get(domain) if domain else None

    def of(self, suspicion: Suspicion) -> Verdict | None:
        return self.on(suspicion.id, suspicion.detector, suspicion.host, suspicion.peer)


NO_VERDICTS: Final = Verdicts()


@dataclass(frozen=True, slots=True)
class Judged:
    """A suspicion as it is read here, with the verdict that holds for it: its p is already weighed."""

    suspicion: Suspicion
    verdict: Verdict | None

    @property
    def ignored(self) -> bool:
        return self.verdict is not None and self.verdict.judgement == "ignore"


def weighed(suspicion: Suspicion, verdict: Verdict | None) -> Suspicion:
    """With the p-value that a benign verdict leaves it; else as it is."""
    if verdict is None or verdict.judgement != "benign":
        return suspicion
    p = min(1.0, suspicion.p * BENIGN_P_TIMES)
    return replace(suspicion, p=p, evidence_nats=evidence_nats(p))


def judged_in_order(suspicions: Iterable[Suspicion], verdicts: Verdicts) -> list[Judged]:
    """The actor's own reading order: what was judged true, then the rest by evidence, then what is ignored."""
    found = [(suspicion, verdicts.of(suspicion)) for suspicion in suspicions]
    by_id = {suspicion.id: verdict for suspicion, verdict in found}
    ordered = [Judged(s, by_id[s.id]) for s in in_order([weighed(s, verdict) for s, verdict in found])]
    return sorted(ordered, key=_place)


def _place(judged: Judged) -> int:
    if judged.verdict is None or judged.verdict.judgement == "benign":
        return 1
    return 0 if judged.verdict.judgement == "true" else 2
