"""What is suspicious now, as the door and the actor's own SOC read it: one set, replaced by each run of the detectors.

Lies in the node's own book and goes nowhere; that it has a row form is no codec: nothing that travels is made from it.
``known_us`` (when this node first suspected it) outlives a replacement.
"""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from bavn.model.observable import Observable, ObservableType
from bavn.model.sector.verdict import NO_VERDICTS, Verdict, Verdicts, judged_in_order
from bavn.model.suspicion import RowsRef, Suspicion, in_order
from bavn.model.text import Text
from bavn.psi.element import as_element
from bavn.wire.book import Book

SUSPICIONS_MAX = 100_000
READ_MAX = 1_024
"""Rounds, packets to keep and pages ask for all of them again and again: so many are read once."""
_SCHEMA = (
    """CREATE TABLE suspicion (
        id TEXT PRIMARY KEY, known_us INTEGER NOT NULL, last_us INTEGER NOT NULL, facts TEXT NOT NULL
    ) STRICT""",
    """CREATE TABLE suspicion_run (
        one INTEGER PRIMARY KEY CHECK (one = 1), ran_us INTEGER NOT NULL, horizon_us INTEGER NOT NULL,
        hosts INTEGER NOT NULL, suspicions INTEGER NOT NULL
    ) STRICT""",
)
_PLAIN = (
    "id",
    "detector",
    "technique",
    "host",
    "peer",
    "p",
    "p_source",
    "evidence_nats",
    "statistic",
    "first_us",
    "last_us",
    "hosts",
    "listed",
    "period_s",
    "regularity",
    "walk_nats",
)


@dataclass(frozen=True, slots=True)
class Ranked:
    """A suspicion in the actor's own reading order (rank 1 first; 0: ignored here) and when this node first had it.
    ``verdict``: what people here hold of it; its p is weighed by that already."""

    rank: int
    known_us: int
    suspicion: Suspicion
    verdict: Verdict | None = None


class NodeSuspicions:
    """The suspicions of one node."""

    def __init__(self, book: Book) -> None:
        self._book = book
        book.part("suspicion", 1, _SCHEMA)

    def replace(
        self,
        suspicions: Iterable[Suspicion],
        now_us: int,
        horizon_us: int = 0,
        hosts: int = 1,
        failed: Collection[str] = (),
    ) -> int:
        """This is what is suspicious now, at an actor of so many hosts, with records up to ``horizon_us``; returns how
        many are kept (the strongest SUSPICIONS_MAX). ``failed``: detectors that could conclude nothing: what was known
        of them stays."""
        fresh = list(suspicions)
        if failed:
            fresh += [known for known in self.all() if known.detector in failed]
        kept = in_order(fresh)[:SUSPICIONS_MAX]
        with self._book.transaction() as tx:
            known: dict[str, int] = dict(tx.execute("SELECT id, known_us FROM suspicion").fetchall())
            tx.execute("DELETE FROM suspicion")
            tx.executemany(
                "INSERT OR IGNORE INTO suspicion VALUES (?, ?, ?, ?)",
                [(s.id, known.get(s.id, now_us), s.last_us, _to_text(s)) for s in kept],
            )
            tx.execute(
                "INSERT OR REPLACE INTO suspicion_run VALUES (1, ?, ?, ?, ?)", (now_us, horizon_us, hosts, len(kept))
            )
        return len(kept)

    def ranked(self) -> list[Ranked]:
        """All of them in the order of their evidence, verdicts left aside."""
        return ranked_of(self._book.rows(RANKED_SQL))

    def all(self) -> list[Suspicion]:
        return [entry.suspicion for entry in self.ranked()]


def ranked_of(
    rows: Iterable[tuple[Any, ...]], verdicts: Verdicts = NO_VERDICTS, confirmed: Collection[str] = ()
) -> list[Ranked]:
    """Ranks rows of (known_us, facts), also as read by another process; what is ignored comes last, with rank 0.
    ``confirmed``: what the sector confirmed as an attack; a suspicion that names it comes first."""
    known = {s.id: (at, s) for at, s in ((int(at), _of_text(facts)) for at, facts in rows)}
    ordered = judged_in_order((s for _, s in known.values()), verdicts)
    if confirmed:
        ordered.sort(key=lambda judged: (judged.ignored, names_of(judged.suspicion).isdisjoint(confirmed)))
    return [
        Ranked(0 if one.ignored else rank, known[one.suspicion.id][0], one.suspicion, one.verdict)
        for rank, one in enumerate(ordered, 1)
    ]


def names_of(suspicion: Suspicion) -> frozenset[str]:
    """What a suspicion names, by which an indicator may name it too: values of its elements, and its peer."""
    elements = (name.value for one in suspicion.observables for name in (one, as_element(one)))
    return frozenset((suspicion.peer, *elements))


RANKED_SQL = "SELECT known_us, facts FROM suspicion"
RUN_SQL = "SELECT ran_us, horizon_us, hosts, suspicions FROM suspicion_run"
"""The detectors' last run: when, up to which record, hosts seen, suspicions kept."""


def _to_text(s: Suspicion) -> str:
    facts: dict[str, Any] = {name: getattr(s, name) for name in _PLAIN}
    facts["observables"] = [[o.type.value, o.value] for o in s.observables]
    for name, said in (("why", s.why), ("what", s.what), ("against", s.against), ("look_first", s.look_first)):
        facts[name] = None if said is None else said.kept()
    facts["knock"], facts["shared"] = s.knock, s.shared
    facts["known_since"] = [[o.type.value, o.value, since_us] for o, since_us in s.known_since]
    facts["rows"] = [s.rows.table, [list(pair) for pair in s.rows.equals], s.rows.first_us, s.rows.last_us]
    return json.dumps(facts, ensure_ascii=False, sort_keys=True)


@lru_cache(maxsize=READ_MAX)
def _of_text(text: str) -> Suspicion:
    facts = json.loads(text)
    table, equals, first_us, last_us = facts["rows"]
    return Suspicion(
        **{name: facts[name] for name in _PLAIN},
        knock=facts.get("knock", ""),  # a book written before had none
        shared=facts.get("shared", False),
        observables=tuple(Observable.trusted(ObservableType(kind), value) for kind, value in facts["observables"]),
        why=Text.of(facts["why"]),
        what=_sentence(facts["what"]),
        against=_sentence(facts["against"]),
        look_first=_sentence(facts["look_first"]),
        known_since=tuple(
            (Observable.trusted(ObservableType(kind), value), since_us)
            for kind, value, since_us in facts["known_since"]
        ),
        rows=RowsRef(table, tuple((str(k), v) for k, v in equals), first_us, last_us),
    )


def _sentence(kept: dict[str, Any] | None) -> Text | None:
    return None if kept is None else Text.of(kept)
