"""Partners: who they are, what may cross to them and from them, until when. Every change is in the audit log.

A partner is never deleted and its name is never given to another. How it proves who it is stands in
partner_credentials.py. Refuses to know what crosses: gates 2 and 3 read the policy.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, func, insert, select, update

from bavn.centre.members.partner_tables import PARTNER, PARTNER_CREDENTIAL, make_tables
from bavn.centre.members.partner_words import inward_of, inward_plain, inward_text, outward_of, outward_plain
from bavn.centre.members.partner_words import outward_text as _outward_text
from bavn.centre.store.engine import reading, writing
from bavn.model.moment import DAY_US, iso
from bavn.model.ports import Clock
from bavn.model.sector.partner import LIFE_DAYS_MAX, PARTNERS_MAX, BadPartner, Inward, Outward, Partner
from bavn.model.text import Text

Audited = Callable[[Connection, str, str, str, dict[str, Any]], None]
"""(transaction, who, act, subject, detail): one line in the audit log, in the transaction of the act."""
REASON_CHARACTERS_MAX: Final = 500


class UnknownPartner(Exception):
    """No partner has that name. The operator of the centre must act."""


class Partners:
    """All methods may be called from any thread, and from several processes on the same database. ``audited`` also
    refuses who may not act (it raises, and nothing is kept)."""

    def __init__(self, engine: Engine, clock: Clock, audited: Audited) -> None:
        self.engine = engine
        self._clock, self._audited = clock, audited
        make_tables(engine)

    # --- acts --------------------------------------------------------------------------------------------------

    def add(self, partner: Partner, by: str) -> Partner:
        """A new partner. Raises BadPartner where the name is taken or its end is too far away."""
        _ends_in_time(partner)
        with writing(self.engine) as tx:
            if tx.execute(select(PARTNER.c.name).where(PARTNER.c.name == partner.name)).first() is not None:
                raise BadPartner(
                    Text(
                        "there is a partner called {partner} already; a name is never given twice",
                        partner=repr(partner.name),
                    )
                )
            if tx.execute(select(func.count()).select_from(PARTNER)).scalar_one() >= PARTNERS_MAX:
                raise BadPartner(Text("a sector has at most {partners_max} partners", partners_max=PARTNERS_MAX))
            tx.execute(insert(PARTNER).values(name=partner.name, **_values(partner)))
            self._audited(tx, by, "partner-add", _subject(partner.name), _plain(partner))
        return partner

    def set(
        self,
        name: str,
        by: str,
        *,
        title: str | None = None,
        until_us: int | None = None,
        out: Outward | None = None,
        inward: Inward | None = None,
    ) -> Partner:
        """Replace what is given; None leaves it. Counts from the next request on. Raises UnknownPartner, BadPartner."""
        given = {"title": title, "until_us": until_us, "out": out, "inward": inward}
        changed = {key: value for key, value in given.items() if value is not None}
        with writing(self.engine) as tx:
            before = self._in(tx, name)
            after = replace(before, **changed)  # type: ignore[arg-type]
            if before.ended_us is not None:
                raise BadPartner(
                    Text(
                        "{name} was ended {ended_us}; add a new partner",
                        name=name,
                        ended_us=iso(before.ended_us)[:10],
                    )
                )
            if until_us is not None:
                _ends_in_time(after, self._clock.now_us())
            tx.execute(update(PARTNER).where(PARTNER.c.name == name).values(**_values(after)))
            detail = {"before": _plain(before), "after": _plain(after)}
            self._audited(tx, by, "partner-set", _subject(name), detail)
        return after

    def end(self, name: str, by: str, why: str) -> Partner:
        """Nothing crosses from now on, for good; what it was given stays with it, what it gave stays here. Raises
        UnknownPartner, BadPartner for no reason."""
        if not why.strip() or len(why) > REASON_CHARACTERS_MAX:
            raise BadPartner(
                Text(
                    "say why, in at most {reason_characters_max} characters",
                    reason_characters_max=REASON_CHARACTERS_MAX,
                )
            )
        now_us = self._clock.now_us()
        with writing(self.engine) as tx:
            before = self._in(tx, name)
            if before.ended_us is not None:
                return before
            tx.execute(update(PARTNER).where(PARTNER.c.name == name).values(ended_us=now_us))
            open_keys = (PARTNER_CREDENTIAL.c.partner == name) & PARTNER_CREDENTIAL.c.ended_us.is_(None)
            tx.execute(update(PARTNER_CREDENTIAL).where(open_keys).values(ended_us=now_us))
            self._audited(tx, by, "partner-end", _subject(name), {"why": why})
        return replace(before, ended_us=now_us)

    # --- questions ---------------------------------------------------------------------------------------------

    def get(self, name: str) -> Partner | None:
        with reading(self.engine) as connection:
            row = connection.execute(select(PARTNER).where(PARTNER.c.name == name)).first()
        return None if row is None else partner_of(row)

    def known(self, name: str) -> Partner:
        """As ``get``. Raises UnknownPartner."""
        with reading(self.engine) as connection:
            return self._in(connection, name)

    def every(self) -> tuple[Partner, ...]:
        """All of them, by name, ended ones too."""
        with reading(self.engine) as connection:
            return tuple(partner_of(row) for row in connection.execute(select(PARTNER).order_by(PARTNER.c.name)))

    def in_force(self) -> tuple[Partner, ...]:
        """Those with whom anything may cross now."""
        now_us = self._clock.now_us()
        return tuple(partner for partner in self.every() if partner.in_force(now_us))

    def _in(self, connection: Connection, name: str) -> Partner:
        row = connection.execute(select(PARTNER).where(PARTNER.c.name == name)).first()
        if row is None:
            raise UnknownPartner(Text("no partner is called {name}", name=repr(name[:60])))
        return partner_of(row)


def partner_of(row: Row[Any]) -> Partner:
    """A partner of its row."""
    return Partner(
        name=row.name,
        kind=row.kind,
        title=row.title,
        added_us=row.added_us,
        until_us=row.until_us,
        ended_us=row.ended_us,
        out=outward_of(row.outward),
        inward=inward_of(row.inward),
    )


def _values(partner: Partner) -> dict[str, Any]:
    return {
        "kind": partner.kind,
        "title": partner.title,
        "added_us": partner.added_us,
        "until_us": partner.until_us,
        "ended_us": partner.ended_us,
        "outward": _outward_text(partner.out),
        "inward": inward_text(partner.inward),
    }


def _plain(partner: Partner) -> dict[str, Any]:
    return {
        "kind": partner.kind,
        "title": partner.title,
        "until": iso(partner.until_us),
        "out": outward_plain(partner.out),
        "in": inward_plain(partner.inward),
    }


def _subject(name: str) -> str:
    return f"partner/{name}"


def _ends_in_time(partner: Partner, now_us: int | None = None) -> None:
    begins_us = partner.added_us if now_us is None else now_us
    if partner.until_us - begins_us > LIFE_DAYS_MAX * DAY_US:
        raise BadPartner(
            Text(
                "an agreement with a partner lasts at most {life_days_max} days, then it is made again",
                life_days_max=LIFE_DAYS_MAX,
            )
        )
