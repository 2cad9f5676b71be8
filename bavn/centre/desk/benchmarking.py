"""The benchmark at the centre, put together: one actor's own figures, and the sector's quartiles of the same month.

The sector's side is drawn once for a month, of all groups of actors, the asking one too: it is the same for everybody,
so that no two of them can be subtracted. Refuses to render.
"""

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from bavn.centre.cases import audit
from bavn.centre.correlate.laplace import spread
from bavn.centre.desk.desk import Desk
from bavn.centre.desk.measuring import measured, members_in
from bavn.centre.desk.partnership import audited_by_centre
from bavn.centre.members.registry import UnknownActor
from bavn.centre.publish.benchmarks import ACT, Benchmarks, Release, Spent
from bavn.centre.publish.build import period_of
from bavn.centre.publish.document import Kind
from bavn.centre.publish.facts import Period, SectorQuartiles
from bavn.centre.publish.measures import VOCABULARY
from bavn.centre.publish.quartiles import GROUPS_MIN, SENSITIVITY, Values, drawn, of_groups, quartiles
from bavn.model.moment import as_datetime
from bavn.model.ports import Clock, Noise
from bavn.model.sector.member import ActorState
from bavn.model.text import Text

MONTHS_A_YEAR = 12


class TooFew(Exception):
    """Too few groups of actors took part all month: nothing of the sector is released. Nobody must act."""


class NotMade(Exception):
    """A month before the last whole one that has no benchmark: what it would rest on is not kept. Nobody must act."""


@dataclass(frozen=True, slots=True)
class Beside:
    """An actor's own values of a month and the sector's quartiles. ``actor`` empty: the sector alone."""

    actor: str
    own: Values
    sector: SectorQuartiles


class Benchmarking:
    """May be open in several processes at once."""

    def __init__(self, desk: Desk, clock: Clock) -> None:
        self._desk, self._clock = desk, clock
        self._kept = Benchmarks(desk.engine, clock, audited_by_centre(clock), _noted)

    def beside(self, actor: str, month: str, noise: Noise) -> Beside:
        """The actor (empty: none) beside the sector. ``month`` such as 2026-10, empty for the last whole one. Draws the
        month's quartiles where there are none yet, and only then costs anything. Raises UnknownActor, TooFew, NotMade,
        NoiseDown, benchmarks.Spent; ValueError for a month that is none, is not over, or was told in another version's
        measures."""
        period = self._period(month)
        known = {one.actor.name: one.actor for one in self._desk.members()}
        if actor and (actor not in known or known[actor].state is ActorState.REVOKED):
            raise UnknownActor(Text("no actor is called {actor}", actor=repr(actor[:60])))
        release = self._kept.kept(period.name)
        if release is None:
            release = self._draw(period, noise)
        if release.vocabulary != VOCABULARY:
            raise ValueError(f"{period.name} was told in the measures of another version of Bavn")
        own = self.own(actor, period) if actor else {}
        return Beside(actor, own, self._read(release))

    def own(self, actor: str, period: Period) -> Values:
        """What the centre has of one actor now. Of a month before the last whole one only what is kept for long."""
        values: Values = measured(self._desk, period, actor).get(actor, {})
        if period.name != self._period("").name:
            values = {name: value for name, value in values.items() if name not in ("canary", "coverage")}
        return values

    def latest(self, period: Period) -> SectorQuartiles | None:
        """The last release of a month that was over when the period was, to be published; it is never drawn for this.
        None too where it is not as it was released: asking for the benchmark itself says so."""
        last = as_datetime(period.end_us - 1)
        try:
            release = self._kept.latest(f"{last.year:04d}-{last.month:02d}")
        except Spent:
            return None
        return None if release is None else self._read(release)

    def _draw(self, period: Period, noise: Noise) -> Release:
        if period.name != self._period("").name:
            raise NotMade(f"{period.name} has no benchmark, and what it would rest on is not kept any longer")
        values = measured(self._desk, period)
        groups = of_groups((one.group, values.get(one.name, {})) for one in members_in(self._desk, period))
        if len(groups) < GROUPS_MIN:
            found = f"{len(groups)} groups of actors took part all {period.name}"
            raise TooFew(f"{found}: of fewer than {GROUPS_MIN} nothing is told")
        return self._kept.keep(period.name, len(groups), drawn(groups, noise))

    def _read(self, release: Release) -> SectorQuartiles:
        deviation = spread([release.epsilon / SENSITIVITY])
        year, number = divmod(int(release.month[:4]) * 12 + int(release.month[5:]) - MONTHS_A_YEAR, 12)
        return SectorQuartiles(
            month=release.month,
            groups=release.groups,
            epsilon=release.epsilon,
            year_epsilon=self._kept.spent(f"{year:04d}-{number + 1:02d}", release.month),
            measures=quartiles(release.cells, deviation),
        )

    def _period(self, month: str) -> Period:
        return period_of(Kind.BRIEF, month, self._clock.now_us())


def _noted(connection: Connection, subject: str) -> dict[str, Any] | None:
    text = audit.first_detail(connection, subject, ACT)
    return None if text is None else dict(json.loads(text))
