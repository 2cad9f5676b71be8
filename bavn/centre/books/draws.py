"""Rounds that an auditor may compute again: which table was drawn, by whose values, and what of their uploads is kept.

From the moment that the hits are in the log until the draw all uploads are kept, then those tables alone that were
drawn, and of those no more than there is room for. Refuses to say what the draw is worth: tlog/draw.py does.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Connection, Engine, delete, func, select, update

from bavn.centre.books import tables as t
from bavn.centre.store import log
from bavn.model.moment import HOUR_US, MINUTE_US
from bavn.model.outcome import Refused
from bavn.psi.round import Hit
from bavn.tlog.draw import TableHits, commitment, drawn_tables, opening_text

WINDOW_US: Final = HOUR_US
"""Whose value has not come so long after the hits is missing, and every table of the round is drawn."""
ASK_AGAIN_US: Final = 10 * MINUTE_US


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawUpload:
    """One upload of a round that is audited. ``value`` empty: not opened."""

    x: int
    upload_hash: str
    key_check: str
    draw: str
    table_hashes: tuple[str, ...]
    value: str
    signature: str
    asked_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundAudit:
    """A round that is audited. ``drawn`` None: not yet. ``*_entry``: numbers in the log; ``salt``: of the hits."""

    round_id: str
    found_us: int
    round_entry: int
    uploads_entry: int
    hits_entry: int
    salt: bytes
    drawn: tuple[int, ...] | None
    kept_bytes: int


def by_table(hits: Iterable[Hit]) -> dict[int, TableHits]:
    """The hits of each table that has any."""
    of_table: dict[int, list[tuple[int, tuple[int, ...]]]] = {}
    for hit in hits:
        of_table.setdefault(hit.cell.table, []).append((hit.cell.bin, hit.holders))
    return dict(of_table)


def begin(tx: Connection, round_id: str, found_us: int, salt: bytes, hits_entry: int) -> None:
    """The hits are in the log: the uploads stay until a table of them was drawn."""
    tx.execute(
        t.AUDITS.insert().values(
            round_id=round_id,
            found_us=found_us,
            round_entry=log.number_of(tx, "round", round_id),
            uploads_entry=log.number_of(tx, "uploads", round_id),
            hits_entry=hits_entry,
            salt=salt,
            drawn_us=None,
            drawn="",
            kept_bytes=0,
        )
    )


class DrawBook:
    """May be used from any thread."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def undrawn(self) -> list[RoundAudit]:
        """Oldest first."""
        with t.reading(self.engine) as tx:
            query = select(t.AUDITS).where(t.AUDITS.c.drawn_us.is_(None)).order_by(t.AUDITS.c.found_us)
            return [_audit(row) for row in tx.execute(query)]

    def audit(self, round_id: str) -> RoundAudit | None:
        """None where the round has no hits yet, or is forgotten."""
        with t.reading(self.engine) as tx:
            row = tx.execute(select(t.AUDITS).where(t.AUDITS.c.round_id == round_id)).first()
        return None if row is None else _audit(row)

    def uploads(self, round_id: str) -> list[DrawUpload]:
        """In the order of x, in which the log's root is over them."""
        query = select(t.UPLOADS).where(t.UPLOADS.c.round_id == round_id).order_by(t.UPLOADS.c.x)
        with t.reading(self.engine) as tx:
            return [_upload(row) for row in tx.execute(query)]

    def keep_asked(self, wanted: Mapping[str, int], now_us: int) -> None:
        """Values are on their way to be asked for: round -> x."""
        with t.writing(self.engine) as tx:
            for round_id, x in wanted.items():
                here = (t.UPLOADS.c.round_id == round_id) & (t.UPLOADS.c.x == x)
                tx.execute(update(t.UPLOADS).where(here).values(asked_us=now_us))

    def may_open(self, x: int, round_id: str, key: Ed25519PublicKey, value: str, signature: str) -> Refused | None:
        """Why this is not what the upload committed to, opened for the entries in the log; None if it is."""
        audit = self.audit(round_id)
        upload = next((each for each in self.uploads(round_id) if each.x == x), None)
        if audit is None or upload is None or audit.drawn is not None:
            return Refused("draw_open", "no value is waited for in this round")
        if upload.draw != commitment(bytes.fromhex(value)):
            return Refused("draw_value", "the upload committed to another value")
        with t.reading(self.engine) as tx:
            texts = [next(iter(log.entries(tx, at, at + 1)), b"") for at in (audit.uploads_entry, audit.hits_entry)]
        try:
            key.verify(bytes.fromhex(signature), opening_text(round_id, texts[0], texts[1], upload.upload_hash, value))
        except InvalidSignature:
            return Refused("draw_signature", "the signature is not over these entries and this upload")
        return None

    def opened(self, x: int, round_id: str, value: str, signature: str) -> None:
        """A value that gate 2 let through; after the draw it changes nothing."""
        with t.writing(self.engine) as tx:
            waits = select(t.AUDITS.c.round_id).where(t.AUDITS.c.drawn_us.is_(None))
            here = (t.UPLOADS.c.round_id == round_id) & (t.UPLOADS.c.x == x) & t.UPLOADS.c.round_id.in_(waits)
            tx.execute(update(t.UPLOADS).where(here).values(value=value, signature=signature))

    def draw(self, audit: RoundAudit, now_us: int) -> bool:
        """Draws, if all values are there or too late; the planes of all other tables go."""
        uploads = self.uploads(audit.round_id)
        missing = any(not each.value for each in uploads)
        if missing and now_us < audit.found_us + WINDOW_US:
            return False
        of_round = t.PLANES.c.round_id == audit.round_id
        with t.writing(self.engine) as tx:
            last = tx.scalar(select(func.max(t.PLANES.c.cell_table)).where(of_round))
            tables = 0 if last is None else int(last) + 1
            drawn = drawn_tables(audit.round_id, tables, [each.value or None for each in uploads])
            tx.execute(delete(t.PLANES).where(of_round & t.PLANES.c.cell_table.not_in(drawn)))
            kept = tx.scalar(select(func.sum(func.length(t.PLANES.c.planes))).where(of_round)) or 0
            values = {"drawn_us": now_us, "drawn": " ".join(map(str, drawn)), "kept_bytes": int(kept)}
            tx.execute(update(t.AUDITS).where(t.AUDITS.c.round_id == audit.round_id).values(**values))
        return True

    def make_room(self, bytes_max: int) -> int:
        """The oldest planes of drawn tables go until the rest has room; of how many rounds."""
        with t.writing(self.engine) as tx:
            query = select(t.AUDITS.c.round_id, t.AUDITS.c.kept_bytes).where(t.AUDITS.c.kept_bytes > 0)
            kept, gone = 0, []
            for row in tx.execute(query.order_by(t.AUDITS.c.found_us.desc())):
                kept += row.kept_bytes
                if kept > bytes_max:
                    gone.append(row.round_id)
            tx.execute(delete(t.PLANES).where(t.PLANES.c.round_id.in_(gone)))
            tx.execute(update(t.AUDITS).where(t.AUDITS.c.round_id.in_(gone)).values(kept_bytes=0))
        return len(gone)


def _audit(row: Any) -> RoundAudit:
    return RoundAudit(
        round_id=row.round_id,
        found_us=int(row.found_us),
        round_entry=int(row.round_entry),
        uploads_entry=int(row.uploads_entry),
        hits_entry=int(row.hits_entry),
        salt=bytes(row.salt),
        drawn=None if row.drawn_us is None else tuple(map(int, row.drawn.split())),
        kept_bytes=int(row.kept_bytes),
    )


def _upload(row: Any) -> DrawUpload:
    return DrawUpload(
        x=int(row.x),
        upload_hash=row.upload_hash or "",
        key_check=row.key_check,
        draw=row.draw or "",
        table_hashes=tuple(json.loads(row.table_hashes or "[]")),
        value=row.value or "",
        signature=row.signature or "",
        asked_us=int(row.asked_us or 0),
    )
