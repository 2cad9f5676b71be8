"""A suspicion as the SOC's console shows it: what it says, what people here hold of it, what the sector adds.

Refuses to fetch anything.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from bavn.actor.door.conversations.case_book import CASES_SQL, KeptCase, cases_of
from bavn.actor.door.sector_verdicts import SECTOR_VERDICTS_SQL, sector_verdicts_of
from bavn.actor.door.suspicions import Ranked
from bavn.actor.protect.confirmed import Confirmed
from bavn.actor.protect.queries import that_name
from bavn.app.analyst.confirmed.here import ConfirmedWords, first_seen_us
from bavn.app.analyst.detector_guide import guide_of, look_first
from bavn.app.analyst.next_door import KnownInSector, NextDoor
from bavn.app.node.book_queries import Asks
from bavn.app.web.frame import TextShape, filled
from bavn.app.web.soc.shapes import Frozen
from bavn.model.sector.verdict import Verdict, Verdicts
from bavn.model.suspicion import Suspicion
from bavn.model.text import Text
from bavn.psi.element import as_element


class VerdictShown(Frozen):
    """A verdict. ``number`` begins with s for the sector's advice. ``until_us`` None: no end."""

    number: str
    origin: str
    verdict: str
    scope: str
    suspicion: str
    detector: str
    host: str
    peer: str
    by: str
    comment: str
    given_us: int
    until_us: int | None
    holds: bool
    ended_us: int | None
    ended_by: str
    ended_comment: str

    @classmethod
    def of(cls, verdict: Verdict, now_us: int) -> "VerdictShown":
        return cls(
            number=f"s{verdict.number}" if verdict.origin == "sector" else str(verdict.number),
            origin=verdict.origin,
            verdict=verdict.judgement,
            scope=verdict.scope,
            suspicion=verdict.story,
            detector=verdict.detector,
            host=verdict.host,
            peer=verdict.peer,
            by=verdict.by,
            comment=verdict.comment,
            given_us=verdict.given_us,
            until_us=verdict.until_us,
            holds=verdict.holds(now_us),
            ended_us=verdict.ended_us,
            ended_by=verdict.ended_by,
            ended_comment=verdict.ended_comment,
        )


class KnownInSectorShown(Frozen):
    """How many of the sector know a thing, and since when. ``short``: for a column."""

    short: TextShape
    says: TextShape

    @classmethod
    def of(cls, known: KnownInSector) -> "KnownInSectorShown":
        return cls(short=TextShape.of(known.short), says=TextShape.of(known.says))


class SectorAdds(Frozen):
    """What the sector says of the same: ``kind`` verdict, case or indicator; ``ref`` its id here; ``word`` what it
    says (malicious or benign; a case's state; how an indicator stands here)."""

    kind: str
    ref: str
    word: str
    observable: str


class ConfirmedShown(Frozen):
    """An element that the sector confirmed as an attack. ``stands``: blocked, watched, waits (for a person or an
    enforcer) or open, since ``since_us``; ``count``: how often it was met here, ``history`` of them in own history, by
    ``hosts`` own machines (None: not known), between ``first_us`` and ``last_us``."""

    indicator: str
    type: str
    value: str
    stands: str
    since_us: int
    count: int
    history: int
    hosts: int | None
    first_us: int | None
    last_us: int | None
    taken_by: str
    taken_us: int | None
    is_taken: bool

    @classmethod
    def of(cls, known: Confirmed, first_us: int | None) -> "ConfirmedShown":
        """``first_us``: as bavn.app.analyst.confirmed.here says it."""
        return filled(
            cls,
            known,
            indicator=known.indicator_id,
            type=known.observable.type.value,
            value=known.observable.value,
            since_us=known.received_us if known.forced_us is None else known.forced_us,
            hosts=known.hosts or None,
            first_us=first_us,
        )


class Suspected(Frozen):
    """A suspicion. ``what`` it is, ``against``: what speaks for an innocent explanation, and last ``why``: the figures.
    ``rank`` None: ignored here. ``p`` and ``nats`` as a verdict leaves them. ``next_door``: how many of the sector know
    its peer, and get such alerts; of what is not known nothing. ``confirmed``: the sector's word on it."""

    id: str
    rank: int | None
    what: TextShape
    against: TextShape | None
    detector: str
    technique: str
    p: float
    p_source: str
    nats: float
    host: str
    peer: str
    first_us: int
    last_us: int
    known_us: int
    hosts: int
    listed: bool
    observables: list[str]
    why: TextShape
    verdict: VerdictShown | None
    sector: list[SectorAdds]
    next_door: list[KnownInSectorShown]
    confirmed: ConfirmedShown | None


class GuideShown(Frozen):
    """One thing that a detector says of itself."""

    heading: TextShape
    says: TextShape


class SuspectedWhole(Suspected):
    """With what its detector sees and misses, takes for innocent, and what to do first. ``no_packets``: why there are
    none of it; null where there may be some."""

    look_first: TextShape | None
    guide: list[GuideShown]
    no_packets: TextShape | None

    @classmethod
    def of(cls, entry: Suspected, suspicion: Suspicion, no_packets: Text | None) -> "SuspectedWhole":
        guide = [
            GuideShown(heading=TextShape.of(head), says=TextShape.of(said)) for head, said in guide_of(entry.detector)
        ]
        first = look_first(suspicion)
        return cls(
            **dict(entry),
            look_first=None if first is None else TextShape.of(first),
            guide=guide,
            no_packets=None if no_packets is None else TextShape.of(no_packets),
        )


class Sector:
    """What the sector told this node, by observable; read once for a page."""

    def __init__(self, rows: Asks, now_us: int) -> None:
        self._now_us = now_us
        self._advice = Verdicts(sector_verdicts_of(rows(SECTOR_VERDICTS_SQL)), now_us)
        self._cases: defaultdict[str, list[KeptCase]] = defaultdict(list)
        for case in cases_of(rows(CASES_SQL)):
            for own in case.part["own"]:
                self._cases[f"{own['type']}:{own['value']}"].append(case)
        self._indicators: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
        self._rows = rows

    def indicators_of(self, entries: Iterable[Ranked]) -> None:
        """Looks up which shared indicators name what these suspicions name."""
        named = [o for entry in entries for one in entry.suspicion.observables for o in (one, as_element(one))]
        for kind, value, indicator_id, standing in that_name(self._rows, {o.value for o in named}):
            self._indicators[f"{kind}:{value}"].append((indicator_id, standing))

    def adds(self, entry: Ranked) -> list[SectorAdds]:
        """What is said of one suspicion, each thing once."""
        s = entry.suspicion
        added: dict[tuple[str, str], SectorAdds] = {}
        advice = self._advice.on("", s.detector, "", s.peer)
        if advice is not None:
            word = "malicious" if advice.judgement == "true" else advice.judgement
            added["verdict", advice.comment] = SectorAdds(
                kind="verdict", ref=f"s{advice.number}", word=word, observable=advice.peer
            )
        for observable in s.observables:
            for name in dict.fromkeys((str(observable), str(as_element(observable)))):
                for case in self._cases[name]:
                    added["case", case.case_id] = SectorAdds(
                        kind="case", ref=case.case_id, word=case.state, observable=name
                    )
                for indicator_id, standing in self._indicators[name]:
                    added["indicator", indicator_id] = SectorAdds(
                        kind="indicator", ref=indicator_id, word=standing, observable=name
                    )
        return list(added.values())


def shown(entries: Sequence[Ranked], rows: Asks, now_us: int, next_door: NextDoor) -> list[Suspected]:
    """Suspicions with what the sector adds and what it knows of them, in their order."""
    sector = Sector(rows, now_us)
    sector.indicators_of(entries)
    known = next_door.of_suspicions([entry.suspicion for entry in entries])
    words = ConfirmedWords(rows, entries)
    return [
        _shown(entry, sector.adds(entry), known.get(entry.suspicion.id, []), words.on(entry), now_us)
        for entry in entries
    ]


def _shown(
    entry: Ranked, adds: list[SectorAdds], known: list[KnownInSector], confirmed: Confirmed | None, now_us: int
) -> Suspected:
    s = entry.suspicion
    first_us = first_seen_us(confirmed, (s,))
    return filled(
        Suspected,
        s,
        first_us=first_us,
        rank=entry.rank or None,
        nats=s.evidence_nats,
        known_us=entry.known_us,
        observables=[str(o) for o in s.observables],
        what=TextShape.of(s.headline),
        against=None if s.against is None else TextShape.of(s.against),
        why=TextShape.of(s.why),
        verdict=None if entry.verdict is None else VerdictShown.of(entry.verdict, now_us),
        sector=adds,
        next_door=[KnownInSectorShown.of(each) for each in known],
        confirmed=None if confirmed is None else ConfirmedShown.of(confirmed, first_us),
    )
