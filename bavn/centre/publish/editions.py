"""Documents as they are kept: drafted from data, edited, approved, published; every version stays.

Each act is one transaction with its line in the audit log, and happens only if the document still stands where it was
read. Who approves is a publisher, and not the one whose words are approved where there are two. Refuses to render, to
send, and to know accounts: who has proved elsewhere to be a publisher, the caller says.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, func, insert, select, update

from bavn.centre.publish.codec import digest, document_of, document_text
from bavn.centre.publish.document import Document, Kind
from bavn.centre.publish.edit import Change, changed
from bavn.centre.publish.life import EditionAct, EditionState, after
from bavn.centre.publish.tables import EDITION, SENT, VERSION, make_tables
from bavn.centre.store.engine import reading, writing
from bavn.model.ports import Clock
from bavn.model.principal import no_second, recorded
from bavn.model.sector.refusal import word
from bavn.model.text import Text

Audited = Callable[[Connection, str, str, str, dict[str, Any]], None]
"""(transaction, who, act, subject, detail): one line in the audit log; it raises where no person stands behind it."""
CENTRE: Final = "centre"
WHY_CHARS_MAX: Final = 2000
VERSIONS_MAX: Final = 500
SHOWN_MAX: Final = 1000


class UnknownEdition(Exception):
    """No document has that id. The person who asked must act."""


class NotYours(Exception):
    """This person may not do this to the document. Somebody else must act."""


class ChangedMeanwhile(Exception):
    """Somebody else acted on the document since it was read. Look again, then act."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """A document's standing. ``edited_by``: whose version stands, ``centre`` for data alone; ``approved_by`` empty
    until somebody did."""

    id: str
    kind: Kind
    period: str
    state: EditionState
    version: int
    edited_by: str
    approved_by: str
    published_us: int | None
    changed_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A version without its text. ``digest``: 64 hex digits over the text."""

    number: int
    at_us: int
    by: str
    why: str
    digest: str


class Editions:
    """May be open in several processes at once. ``publishers``: who may approve, publish, archive and withdraw; empty:
    anybody. ``audited`` and ``drafted``: the audit log, for people's acts and for the centre's own."""

    def __init__(
        self, engine: Engine, clock: Clock, audited: Audited, drafted: Audited, publishers: tuple[str, ...] = ()
    ) -> None:
        make_tables(engine)
        self._engine, self._clock, self._audited, self._drafted = engine, clock, audited, drafted
        self._publishers = frozenset(name.casefold() for name in publishers)

    # --- acts --------------------------------------------------------------------------------------------------

    def draft(self, document: Document) -> Edition:
        """Keep what was built of data, as a new document or a new version of one that nobody has touched. The same
        again, whenever it is made, changes nothing. Raises NoSuchAct for one that somebody edited or approved."""
        wanted, now_us = edition_id(document.kind, document.period), self._clock.now_us()
        with writing(self._engine) as tx:
            known = tx.execute(select(EDITION).where(EDITION.c.id == wanted)).first()
            if known is None:
                tx.execute(
                    insert(EDITION).values(
                        id=wanted,
                        kind=document.kind.value,
                        period=document.period,
                        state=EditionState.DRAFT.value,
                        version=0,
                        edited_by=CENTRE,
                        approved_by="",
                        published_us=None,
                        changed_us=now_us,
                    )
                )
                known = tx.execute(select(EDITION).where(EDITION.c.id == wanted)).one()
            edition = _edition(known)
            state = after(edition.state, EditionAct.DRAFT)
            same = edition.version > 0 and _says(self._document(tx, edition, edition.version), document)
            if not same or edition.state is not state:
                number = self._keep(tx, edition, document, CENTRE, "built from data")
                self._set(tx, edition, state=state.value, version=number, edited_by=CENTRE, approved_by="")
                self._drafted(tx, CENTRE, "publish-draft", wanted, {"version": number, "digest": digest(document)})
        return self.get(wanted)

    def edit(self, wanted: str, change: Change, user: str, why: str, seen: int | None = None) -> Edition:
        """One change, by a person, with a reason. ``seen``: the version that they saw. Raises UnknownEdition,
        ChangedMeanwhile, NoSuchAct, ValueError."""
        _reason(why)
        with writing(self._engine) as tx:
            edition = self._locked(tx, wanted, seen)
            state = after(edition.state, EditionAct.EDIT)
            edited = changed(self._document(tx, edition, edition.version), change, user)
            number = self._keep(tx, edition, edited, user, why)
            self._set(tx, edition, state=state.value, version=number, edited_by=recorded(user), approved_by="")
            detail = {"version": number, "place": change.place, "why": why, "digest": digest(edited)}
            self._audited(tx, user, "publish-edit", wanted, detail)
        return self.get(wanted)

    def act(
        self, wanted: str, act: EditionAct, user: str, why: str = "", seen: int | None = None, *, by_role: bool = False
    ) -> Edition:
        """Approve, publish, archive or withdraw; withdrawing needs a reason. ``by_role``: the caller holds proof that
        this person is a publisher (an account's role), so that no list of names is asked. Raises UnknownEdition,
        NotYours, ChangedMeanwhile, NoSuchAct, ValueError."""
        if act in (EditionAct.DRAFT, EditionAct.EDIT):
            raise ValueError(Text("{act} is done with words, not by an act alone", act=word(act)))
        if act is EditionAct.WITHDRAW or why:
            _reason(why)
        with writing(self._engine) as tx:
            edition = self._locked(tx, wanted, seen)
            state = after(edition.state, act)
            self._may(edition, act, user, by_role)
            values: dict[str, Any] = {"state": state.value}
            if act is EditionAct.APPROVE:
                values["approved_by"] = recorded(user)
            if act is EditionAct.PUBLISH:
                values["published_us"] = self._clock.now_us()
            self._set(tx, edition, **values)
            detail = {"version": edition.version, "digest": self._digest(tx, edition), "why": why}
            self._audited(tx, user, f"publish-{act.value}", wanted, detail)
        return self.get(wanted)

    def sent(self, edition: Edition, recipient: str, user: str) -> None:
        """It went to somebody: noted once, for this version."""
        with writing(self._engine) as tx:
            key = {"edition_id": edition.id, "version": edition.version, "recipient": recipient}
            here = [SENT.c[name] == value for name, value in key.items()]
            if tx.execute(select(SENT).where(*here)).first() is None:
                tx.execute(insert(SENT).values(**key, at_us=self._clock.now_us()))
                self._audited(tx, user, "publish-sent", edition.id, {"version": edition.version, "to": recipient})

    # --- questions ---------------------------------------------------------------------------------------------

    def get(self, wanted: str) -> Edition:
        """Raises UnknownEdition."""
        with reading(self._engine) as connection:
            row = connection.execute(select(EDITION).where(EDITION.c.id == wanted)).first()
        if row is None:
            raise UnknownEdition(Text("no document is called {wanted}", wanted=repr(wanted[:60])))
        return _edition(row)

    def every(self, kind: Kind | None = None, state: EditionState | None = None) -> tuple[Edition, ...]:
        """The latest period first."""
        query = select(EDITION).order_by(EDITION.c.period.desc(), EDITION.c.id).limit(SHOWN_MAX)
        query = query if kind is None else query.where(EDITION.c.kind == kind.value)
        query = query if state is None else query.where(EDITION.c.state == state.value)
        with reading(self._engine) as connection:
            return tuple(_edition(row) for row in connection.execute(query))

    def document(self, wanted: str, version: int | None = None) -> Document:
        """A version's document; the one that stands by default. Raises UnknownEdition."""
        edition = self.get(wanted)
        with reading(self._engine) as connection:
            return self._document(connection, edition, edition.version if version is None else version)

    def versions(self, wanted: str) -> tuple[Version, ...]:
        """All of them, oldest first. Raises UnknownEdition."""
        self.get(wanted)
        columns = (VERSION.c.version, VERSION.c.at_us, VERSION.c.by_user, VERSION.c.why, VERSION.c.digest)
        query = select(*columns).where(VERSION.c.edition_id == wanted).order_by(VERSION.c.version)
        with reading(self._engine) as connection:
            return tuple(
                Version(number=row.version, at_us=row.at_us, by=row.by_user, why=row.why, digest=row.digest)
                for row in connection.execute(query)
            )

    def was_sent(self, edition: Edition) -> frozenset[str]:
        """To whom the version that stands has gone."""
        asked = select(SENT.c.recipient).where(SENT.c.edition_id == edition.id, SENT.c.version == edition.version)
        with reading(self._engine) as connection:
            return frozenset(connection.scalars(asked))

    # --- inside ------------------------------------------------------------------------------------------------

    def _may(self, edition: Edition, act: EditionAct, user: str, by_role: bool) -> None:
        known = user.casefold()
        if self._publishers and known not in self._publishers and not by_role:
            raise NotYours(Text("{user} is no publisher ([publish] publishers)", user=repr(user[:64])))
        alone = self._publishers == {known}
        if act is EditionAct.APPROVE and edition.edited_by != CENTRE and not alone:
            why = no_second(edition.edited_by, user, Text("who edited it last cannot approve it; another person must"))
            if why:
                raise NotYours(why)

    def _locked(self, tx: Connection, wanted: str, seen: int | None) -> Edition:
        row = tx.execute(select(EDITION).where(EDITION.c.id == wanted).with_for_update()).first()
        if row is None:
            raise UnknownEdition(Text("no document is called {wanted}", wanted=repr(wanted[:60])))
        if seen is not None and row.version != seen:
            raise ChangedMeanwhile(
                Text(
                    "{wanted} stands at version {version}, not {seen}; look again",
                    wanted=wanted,
                    version=row.version,
                    seen=seen,
                )
            )
        return _edition(row)

    def _keep(self, tx: Connection, edition: Edition, document: Document, by: str, why: str) -> int:
        asked = select(func.max(VERSION.c.version)).where(VERSION.c.edition_id == edition.id)
        number = (tx.scalar(asked) or 0) + 1
        if number > VERSIONS_MAX:
            raise ValueError(Text("a document has at most {versions_max} versions", versions_max=VERSIONS_MAX))
        tx.execute(
            insert(VERSION).values(
                edition_id=edition.id,
                version=number,
                at_us=self._clock.now_us(),
                by_user=by,
                why=why,
                digest=digest(document),
                body=document_text(document),
            )
        )
        return number

    def _set(self, tx: Connection, edition: Edition, **values: Any) -> None:
        values["changed_us"] = self._clock.now_us()
        tx.execute(update(EDITION).where(EDITION.c.id == edition.id).values(**values))

    def _document(self, connection: Connection, edition: Edition, version: int) -> Document:
        here = (VERSION.c.edition_id == edition.id) & (VERSION.c.version == version)
        body = connection.scalar(select(VERSION.c.body).where(here))
        if body is None:
            raise UnknownEdition(Text("{id} has no version {version}", id=edition.id, version=version))
        return document_of(body)

    def _digest(self, connection: Connection, edition: Edition) -> str:
        here = (VERSION.c.edition_id == edition.id) & (VERSION.c.version == edition.version)
        return str(connection.scalar(select(VERSION.c.digest).where(here)))


def edition_id(kind: Kind, period: str) -> str:
    """``brief-2026-10``."""
    return f"{kind.value}-{period}"


def _says(kept: Document, document: Document) -> bool:
    """Whether a document says what is kept already, whenever it was made."""
    return replace(document, made_us=kept.made_us) == kept


def _edition(row: Row[Any]) -> Edition:
    return Edition(
        id=row.id,
        kind=Kind(row.kind),
        period=row.period,
        state=EditionState(row.state),
        version=row.version,
        edited_by=row.edited_by,
        approved_by=row.approved_by,
        published_us=row.published_us,
        changed_us=row.changed_us,
    )


def _reason(why: str) -> None:
    if not why.strip() or len(why) > WHY_CHARS_MAX or not why.isprintable():
        raise ValueError(Text("a reason has 1 to {why_chars_max} printable characters", why_chars_max=WHY_CHARS_MAX))
