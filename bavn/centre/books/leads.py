"""Reports and leads in the centre's database: what counts now, what the sector remembers, how leads stand.

Leads are written whole at each ranking, so that any process sees the same; what is asked for by people is read here.
Refuses to score.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Subquery, and_, delete, func, insert, select, update

from bavn.centre.books import codec
from bavn.centre.books import tables as t
from bavn.centre.books.ignored import let_back
from bavn.centre.correlate.congruent import Congruent
from bavn.centre.correlate.counterfactual import Without
from bavn.centre.correlate.dependence import Dependence
from bavn.centre.correlate.laws.novelty import Novelty
from bavn.centre.correlate.run import Ranked, representatives
from bavn.centre.correlate.score import Weighed
from bavn.centre.correlate.sharing import Fit, Seen, stratum_of
from bavn.centre.store import log
from bavn.model.moment import DAY_US, hour_of
from bavn.model.observable import Observable, ObservableType
from bavn.model.sector.lead import Lead, Sign, Term
from bavn.model.text import Text
from bavn.tlog.entries import content_hash

_LAST_FIT = "-"
_DEPENDENCE, _CONGRUENT, _NOVELTY = "dependence", "congruent", "new/"
"""The rows of the table of laws that are no stratum: when it was last fitted, how far reports repeat each other, how
often harmless things are called alike, and how often they are new (with the detector's name behind)."""
_SEEN_OF_REPORTED = select(t.SEEN).where(
    select(t.SIGNS.c.value).where(t.SIGNS.c.type == t.SEEN.c.type, t.SIGNS.c.value == t.SEEN.c.value).exists()
)


@dataclass(frozen=True, slots=True)
class Laws:
    """What the score weighs by: the law of benign sharing in each fitted stratum, how far reports on one element repeat
    each other, and when both were last fitted; 0 for never."""

    sharing: Mapping[str, Fit]
    dependence: Dependence
    congruent: Congruent
    novelty: Novelty
    fitted_us: int


@dataclass(frozen=True, slots=True)
class LeadView:
    """A lead as it was last ranked. ``first_us``: when the centre first had it. ``alive``: still among the leads."""

    lead: Lead
    elements: tuple[Weighed, ...]
    without: tuple[Without, ...]
    first_us: int
    first_report_us: int
    alive: bool


@dataclass(frozen=True, slots=True)
class SqlLeadBook:
    """The tables of tables.py must exist."""

    engine: Engine

    def signs(self, sign_days: Mapping[str, int], now_us: int) -> tuple[Sign, ...]:
        """The latest report of each actor, element and tier that is young enough for its tier."""
        signs = []
        with t.reading(self.engine) as connection:
            for tier in sorted(sign_days):
                oldest_us = now_us - sign_days[tier] * DAY_US
                query = (
                    select(t.SIGNS.c.body)
                    .where(t.SIGNS.c.tier == tier, t.SIGNS.c.received_us > oldest_us)
                    .order_by(t.SIGNS.c.received_us, t.SIGNS.c.report_id, t.SIGNS.c.actor)
                )
                signs += [codec.read_sign(body) for body in connection.scalars(query)]
        latest = {(sign.actor, sign.observable, sign.tier): sign for sign in signs}
        return tuple(latest[key] for key in sorted(latest))

    def first_hours(self) -> dict[Observable, dict[str, int]]:
        """For each element that is reported now, the hour in which each group first saw it, as far as the sector
        remembers."""
        memory: dict[Observable, dict[str, int]] = {}
        with t.reading(self.engine) as connection:
            for row in connection.execute(_SEEN_OF_REPORTED):
                memory.setdefault(_observable(row), {})[row.actor_group] = row.first_hour
        return memory

    def first_reports(self) -> dict[Observable, int]:
        """For each element that is reported now, when the centre got the first report that counted, in us."""
        first: dict[Observable, int] = {}
        with t.reading(self.engine) as connection:
            for row in connection.execute(_SEEN_OF_REPORTED):
                observable = _observable(row)
                first[observable] = min(first.get(observable, row.first_report_us), row.first_report_us)
        return first

    def forget(self, before_us: int) -> None:
        """Delete reports that came before a moment."""
        with t.writing(self.engine) as connection:
            connection.execute(delete(t.SIGNS).where(t.SIGNS.c.received_us < before_us))

    # --- the law of sharing ------------------------------------------------------------------------------------

    def fits(self) -> tuple[dict[str, Fit], int]:
        """The fitted law of each stratum, and when the last fit was."""
        with t.reading(self.engine) as connection:
            rows = connection.execute(select(t.NULLS)).all()
        laws = {row.stratum: Fit(row.a, row.elements) for row in rows if row.elements}
        return laws, max((row.fitted_us for row in rows), default=0)

    def laws(self) -> Laws:
        """All that was fitted on what rounds revealed, and when last."""
        fits, fitted_us = self.fits()
        r, q = fits.pop(_DEPENDENCE, None), fits.pop(_CONGRUENT, None)
        new = {name.removeprefix(_NOVELTY): fits.pop(name) for name in [*fits] if name.startswith(_NOVELTY)}
        return Laws(
            fits,
            Dependence() if r is None else Dependence(r.a, r.elements),
            Congruent() if q is None else Congruent(q.a, q.elements),
            Novelty(new),
            fitted_us,
        )

    def keep_fits(
        self,
        fits: Mapping[str, Fit],
        now_us: int,
        dependence: Dependence | None = None,
        congruent: Congruent | None = None,
        novelty: Novelty | None = None,
    ) -> None:
        """Keep new fits; those of other strata stay. A row of its own says when, also if nothing was fitted."""
        measured = {} if dependence is None else {_DEPENDENCE: Fit(dependence.r, dependence.elements)}
        if congruent is not None:
            measured[_CONGRUENT] = Fit(congruent.q, congruent.elements)
        if novelty is not None:
            measured |= {_NOVELTY + detector: share for detector, share in novelty.shares.items()}
        with t.writing(self.engine) as connection:
            for stratum, fit in {**fits, **measured, _LAST_FIT: Fit(0.0, 0)}.items():
                connection.execute(delete(t.NULLS).where(t.NULLS.c.stratum == stratum))
                connection.execute(
                    insert(t.NULLS).values(stratum=stratum, a=fit.a, elements=fit.elements, fitted_us=now_us)
                )

    # --- leads -------------------------------------------------------------------------------------------------

    def lead_of(self) -> dict[Observable, str]:
        """Which lead each element belongs to, or last belonged to."""
        with t.reading(self.engine) as connection:
            return {_observable(row): row.lead_id for row in connection.execute(select(t.LEAD_OF))}

    def ids(self) -> frozenset[str]:
        """Of every lead that was ever ranked."""
        with t.reading(self.engine) as connection:
            return frozenset(connection.scalars(select(t.LEADS.c.id)))

    def alive(self) -> list[str]:
        """Of every lead as last ranked, the first found first."""
        asked = select(t.LEADS.c.id).where(t.LEADS.c.alive.is_(True)).order_by(t.LEADS.c.first_us, t.LEADS.c.id)
        with t.reading(self.engine) as connection:
            return [str(id_) for id_ in connection.scalars(asked)]

    def in_no_lead(self, before_us: int) -> list[Observable]:
        """What two groups report, the first of them before a moment, and no lead that is kept here ever held."""
        first = self.first_reports()
        with t.reading(self.engine) as connection:
            bodies = connection.scalars(select(t.SIGNS.c.body)).all()
        groups: dict[Observable, set[str]] = {}
        for sign in map(codec.read_sign, bodies):
            groups.setdefault(sign.observable, set()).add(sign.group)
        lead_of, kept = self.lead_of(), self.ids()
        return sorted(
            each
            for each, behind in groups.items()
            if len(behind) > 1 and first.get(each, before_us) < before_us and lead_of.get(each) not in kept
        )

    def keep(self, ranking: Sequence[Ranked], first_reports: Mapping[Observable, int], now_us: int) -> None:
        """Write the whole ranking; leads that are no more stay, marked so."""
        with t.writing(self.engine) as connection:
            known = {
                row.id: (row.first_us, row.alive, row.body)
                for row in connection.execute(select(t.LEADS.c.id, t.LEADS.c.first_us, t.LEADS.c.alive, t.LEADS.c.body))
            }
            named = {ranked.lead.id for ranked in ranking}
            gone = [lead_id for lead_id, (_, alive, _) in known.items() if alive and lead_id not in named]
            for lead_id in gone:
                connection.execute(update(t.LEADS).where(t.LEADS.c.id == lead_id).values(alive=False))
            for ranked in ranking:
                body = _written(ranked, _first_report(ranked, first_reports))
                values = {"alive": True, "lead_rank": ranked.lead.rank, "body": body}
                before = known.get(ranked.lead.id)
                if before is None:
                    connection.execute(insert(t.LEADS).values(id=ranked.lead.id, first_us=now_us, **values))
                elif before[1:] != (True, body):
                    connection.execute(update(t.LEADS).where(t.LEADS.c.id == ranked.lead.id).values(**values))
            _keep_lead_of(connection, ranking)
            _log_leads(connection, ranking, first_reports, now_us)
            let_back(connection, [ranked.lead for ranked in ranking], now_us)

    def leads(self, limit: int = 20, *, alive: bool = True) -> tuple[LeadView, ...]:
        """The leads as last ranked, best first."""
        asked = select(t.LEADS).where(t.LEADS.c.alive.is_(alive)).order_by(t.LEADS.c.lead_rank, t.LEADS.c.id)
        with t.reading(self.engine) as connection:
            return tuple(view_of(row) for row in connection.execute(asked.limit(limit)))

    def lead(self, lead_id: str) -> LeadView | None:
        """A lead, alive or not."""
        with t.reading(self.engine) as connection:
            row = connection.execute(select(t.LEADS).where(t.LEADS.c.id == lead_id)).first()
        return None if row is None else view_of(row)


def reports_of(connection: Connection, named: Subquery) -> list[tuple[Observable, str, int]]:
    """(observable, actor, hour of its first report) of what actors reported of ``named`` (type, value)."""
    signs = t.SIGNS.c
    query = (
        select(signs.type, signs.value, signs.actor, func.min(signs.received_us).label("us"))
        .join(named, and_(named.c.type == signs.type, named.c.value == signs.value))
        .group_by(signs.type, signs.value, signs.actor)
    )
    return [(_observable(row), str(row.actor), hour_of(row.us)) for row in connection.execute(query)]


def histograms(
    signs: Sequence[Sign], thresholds: Mapping[str, int], listed: Mapping[Observable, bool]
) -> dict[str, list[Seen]]:
    """How many elements were shared by how many independent groups, by stratum; each counted at the smallest t of the
    tiers that revealed it."""
    by_element: dict[Observable, list[Sign]] = {}
    for sign in representatives(signs):
        by_element.setdefault(sign.observable, []).append(sign)
    counts: dict[str, dict[tuple[int, int], int]] = {}
    for observable, mine in by_element.items():
        stratum = stratum_of(observable, listed=listed.get(observable, False))
        key = (len({sign.group for sign in mine}), min(thresholds.get(sign.tier, 2) for sign in mine))
        counts.setdefault(stratum, {})[key] = counts.get(stratum, {}).get(key, 0) + 1
    return {
        stratum: [Seen(k, threshold, count) for (k, threshold), count in sorted(found.items())]
        for stratum, found in sorted(counts.items())
    }


def _log_leads(
    connection: Connection, ranking: Sequence[Ranked], first_reports: Mapping[Observable, int], now_us: int
) -> None:
    """The list as first ranked in an hour."""
    said = {"hour": hour_of(now_us)}
    if log.last_fields(connection, "leads") != said:
        log.append(connection, "leads", now_us, said, leads_content(ranking, first_reports))


def leads_content(ranking: Sequence[Ranked], first_reports: Mapping[Observable, int]) -> list[list[Any]]:
    """What the log's entry of the list is sealed over: each lead's rank, id and the hash of all that is kept of it."""
    return [
        [each.lead.rank, each.lead.id, content_hash(_written(each, _first_report(each, first_reports)).encode())]
        for each in ranking
    ]


def _keep_lead_of(connection: Any, ranking: Sequence[Ranked]) -> None:
    known = {(row.type, row.value): row.lead_id for row in connection.execute(select(t.LEAD_OF))}
    for ranked in ranking:
        for observable in ranked.lead.observables:
            key = (observable.type.value, observable.value)
            if known.get(key) == ranked.lead.id:
                continue
            here = (t.LEAD_OF.c.type == key[0]) & (t.LEAD_OF.c.value == key[1])
            connection.execute(delete(t.LEAD_OF).where(here))
            connection.execute(insert(t.LEAD_OF).values(type=key[0], value=key[1], lead_id=ranked.lead.id))


def _first_report(ranked: Ranked, first_reports: Mapping[Observable, int]) -> int:
    heard = [sign.received_us for sign in ranked.lead.signs]
    return min(heard + [first_reports[one] for one in ranked.lead.observables if one in first_reports])


def _observable(row: Any) -> Observable:
    return Observable.trusted(ObservableType(row.type), row.value)


def _written(ranked: Ranked, first_report_us: int) -> str:
    return codec.dumps(
        {
            "lead": asdict(ranked.lead),
            "elements": [asdict(element) for element in ranked.elements],
            "without": [asdict(one) for one in ranked.without],
            "first_report_us": first_report_us,
        }
    )


def view_of(row: Any) -> LeadView:
    """A lead from its row."""
    body = json.loads(row.body)
    return LeadView(
        lead=codec.lead_of(body["lead"]),
        elements=tuple(_weighed(one) for one in body["elements"]),
        without=tuple(Without(**one | {"why": Text.of(one["why"])}) for one in body["without"]),
        first_us=row.first_us,
        first_report_us=body["first_report_us"],
        alive=row.alive,
    )


def _weighed(body: dict[str, Any]) -> Weighed:
    return Weighed(
        **body
        | {
            "observable": codec.observable_of(body["observable"]),
            "signs": tuple(codec.sign_of(one) for one in body["signs"]),
            "terms": tuple(Term(one["name"], one["nats"], Text.of(one["why"])) for one in body["terms"]),
        }
    )
