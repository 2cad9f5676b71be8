"""Canaries as the centre knows them: what each node told of each link, and whether a round named its canary.

Kept for 60 days. A canary's report is kept here and nowhere else: it is no report that counts, and no lead, score or
picture ever reads these tables. Refuses to judge: alarms.py does.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, and_, delete, func, insert, select, update

from bavn.centre.books import tables as t
from bavn.model.moment import DAY_US
from bavn.model.received import CanaryCame
from bavn.model.sector import canary
from bavn.model.sector.canary import LINKS, Link
from bavn.model.sector.lead import Sign


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainLinkAt:
    """A link of an actor's chain: how it stood on the last day that told of it, and when it last passed, on whichever
    day that was (None: never in 60 days); ``took``: index of canary.TOOK, of that time."""

    link: Link
    passed_us: int | None
    took: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """An actor's chain by its latest canary. ``named_us``: when a round named the canary of that day, by this actor."""

    actor: str
    day: int
    run: int
    told_us: int
    named_us: int | None
    links: tuple[ChainLinkAt, ...]


def keep_canary(engine: Engine, came: CanaryCame) -> bool:
    """What a node told of its canary replaces what it told of that day; an older run changes nothing. Whether it is to
    be answered: its answer waits, and this run has none yet."""
    here = (t.CANARY_RUN.c.actor == came.actor) & (t.CANARY_RUN.c.day == came.day)
    waits = any(one.link == "answer" and one.state == "waiting" for one in came.links)
    with t.writing(engine) as connection:
        known = connection.execute(select(t.CANARY_RUN).where(here)).first()
        if known is not None and known.run > came.run:
            return False
        answered = 0 if known is None else known.answered_run
        answer = waits and answered < came.run
        values = {
            "run": came.run,
            "told_us": came.received_us,
            "answered_run": came.run if answer else answered,
        }
        if known is None:
            connection.execute(insert(t.CANARY_RUN).values(actor=came.actor, day=came.day, **values))
        else:
            connection.execute(update(t.CANARY_RUN).where(here).values(**values))
        _keep_links(connection, came)
    return answer


def _keep_links(connection: Connection, came: CanaryCame) -> None:
    mine = (t.CANARY_LINK.c.actor == came.actor) & (t.CANARY_LINK.c.day == came.day)
    before = {row.link: row for row in connection.execute(select(t.CANARY_LINK).where(mine))}
    connection.execute(delete(t.CANARY_LINK).where(mine))
    rows = []
    for link in came.links:
        old = before.get(link.link)
        passed_us = None if old is None else old.passed_us
        if link.state == "passed" and (old is None or old.state != "passed" or passed_us is None):
            passed_us = came.received_us
        rows.append(
            {
                "actor": came.actor,
                "day": came.day,
                "link": link.link,
                "state": link.state,
                "why": link.why,
                "took": link.took,
                "passed_us": passed_us,
            }
        )
    connection.execute(insert(t.CANARY_LINK), rows)


def named(connection: Connection, sign: Sign) -> bool:
    """Whether a report is a canary's; if so it is noted here, and must be kept nowhere else."""
    day = canary.day_of(sign.observable)
    if day is None:
        return False
    here = (t.CANARY_RUN.c.actor == sign.actor) & (t.CANARY_RUN.c.day == day)
    values = {"named_us": sign.received_us}
    if connection.execute(update(t.CANARY_RUN).where(here).values(**values)).rowcount == 0:
        row = {"actor": sign.actor, "day": day, "run": 0, "told_us": sign.received_us, "answered_run": 0}
        connection.execute(insert(t.CANARY_RUN).values(**row, **values))
    return True


def chains(engine: Engine) -> Mapping[str, Chain]:
    """actor -> its chain by the latest canary that it told of."""
    with t.reading(engine) as connection:
        latest = (
            select(t.CANARY_RUN.c.actor, func.max(t.CANARY_RUN.c.day).label("day"))
            .where(t.CANARY_RUN.c.run > 0)
            .group_by(t.CANARY_RUN.c.actor)
            .subquery()
        )
        at = and_(t.CANARY_RUN.c.actor == latest.c.actor, t.CANARY_RUN.c.day == latest.c.day)
        runs = connection.execute(select(t.CANARY_RUN).join(latest, at)).all()
        now = and_(t.CANARY_LINK.c.actor == latest.c.actor, t.CANARY_LINK.c.day == latest.c.day)
        links = connection.execute(select(t.CANARY_LINK).join(latest, now)).all()
        passed = connection.execute(
            select(t.CANARY_LINK.c.actor, t.CANARY_LINK.c.link, func.max(t.CANARY_LINK.c.passed_us))
            .where(t.CANARY_LINK.c.passed_us.is_not(None))
            .group_by(t.CANARY_LINK.c.actor, t.CANARY_LINK.c.link)
        ).all()
        times = {(row.actor, row.link, row.passed_us): row.took for row in links}
    last = {(actor, link): at_us for actor, link, at_us in passed}
    stands = {(row.actor, row.link): row for row in links}
    chains = {}
    for run in runs:
        there = [(name, stands.get((run.actor, name))) for name in LINKS]
        chains[run.actor] = Chain(
            actor=run.actor,
            day=run.day,
            run=run.run,
            told_us=run.told_us,
            named_us=run.named_us,
            links=tuple(
                ChainLinkAt(
                    link=Link(link=name, state=row.state, took=row.took, why=row.why),
                    passed_us=last.get((run.actor, name)),
                    took=times.get((run.actor, name, last.get((run.actor, name)))),
                )
                for name, row in there
                if row is not None
            ),
        )
    return chains


def broken(links: Iterable[Link]) -> tuple[Link, ...]:
    """The links that did not pass, without those that only follow from one before them."""
    bad = [one for one in links if one.state == "failed"]
    first = [one for one in bad if one.why != "earlier"]
    return tuple(first or bad)


def forget_canaries(engine: Engine, now_us: int) -> None:
    """Drops what is older than 60 days."""
    before = now_us // DAY_US - canary.KEPT_DAYS
    with t.writing(engine) as connection:
        connection.execute(delete(t.CANARY_LINK).where(t.CANARY_LINK.c.day < before))
        connection.execute(delete(t.CANARY_RUN).where(t.CANARY_RUN.c.day < before))
