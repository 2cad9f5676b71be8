"""What an auditor is handed of a round: its drawn tables out of the centre's database, and the log's proofs.

Refuses to hand out what was not drawn: it is not there any more, and its hits are sealed apart.
"""

from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Engine

from bavn.centre.books.draws import DrawBook, DrawUpload, RoundAudit, by_table
from bavn.centre.books.rounds import SqlRoundBook
from bavn.centre.correlate.round_state import Round
from bavn.centre.store import log, witnesses
from bavn.centre.store.engine import reading
from bavn.model.text import Text
from bavn.tlog.checkpoint import witness_of
from bavn.tlog.draw import hits_content
from bavn.tlog.merkle import inclusion
from bavn.tlog.tiles import Read, Tree
from bavn.wire.round_audit import AuditUpload, DrawnTable, Included, RoundAuditFile, salts_of


class NotDrawn(LookupError):
    """The round cannot be audited (yet, or any more). Whoever asks must choose another, or wait."""

    def __init__(self, says: Text) -> None:
        super().__init__()
        self.says = says


def round_file(
    engine: Engine, read: Read, key: Callable[[str], Ed25519PublicKey | None], round_id: str
) -> RoundAuditFile:
    """``read``: the log's folder; ``key``: an actor's. Raises NotDrawn, and what reading raises."""
    book = SqlRoundBook(engine)
    audit, round_ = DrawBook(engine).audit(round_id), book.round(round_id)
    if audit is None or round_ is None:
        raise NotDrawn(Text("no such round is there to be audited"))
    if audit.drawn is None:
        raise NotDrawn(Text("no table of the round was drawn yet: members still open their values"))
    if not audit.kept_bytes:
        raise NotDrawn(Text("the tables that were drawn are not kept any more: there was no room"))
    with reading(engine) as tx:
        shown = witnesses.cosigned_by_half(tx, len(round_.members), since=audit.hits_entry) or witnesses.newest(tx)
        [sealed] = log.rows(tx, [audit.hits_entry])
        texts = [log.entries(tx, number, number + 1)[0].decode() for number in _numbers(audit)]
    if shown is None or shown.size <= audit.hits_entry:
        raise NotDrawn(Text("no checkpoint that holds the round was shown to members yet"))
    tree = Tree(shown.size, read)
    uploads = DrawBook(engine).uploads(round_id)
    hits = by_table(book.view(round_).hits)
    salts = salts_of(audit.salt, audit.drawn)
    return RoundAuditFile(
        params=round_.params,
        note=shown.note,
        included=tuple(
            Included(text, number, tuple(each.hex() for each in inclusion(number, shown.size, tree.subtree)))
            for text, number in zip(texts, _numbers(audit), strict=True)
        ),
        uploads=tuple(_upload(round_, each, key) for each in uploads),
        salt=bytes(sealed.salt).hex(),
        seals=tuple(hits_content(hits, round_.params.r, audit.salt)["hits"]),
        tables=tuple(
            DrawnTable(
                table, salts[table], tuple(hits.get(table, ())), tuple(raw for _, raw in book.table(round_id, table))
            )
            for table in audit.drawn
        ),
    )


def _numbers(audit: RoundAudit) -> tuple[int, int, int]:
    return audit.round_entry, audit.uploads_entry, audit.hits_entry


def _upload(round_: Round, upload: DrawUpload, key: Callable[[str], Ed25519PublicKey | None]) -> AuditUpload:
    public = key(round_.actor_of(upload.x))
    return AuditUpload(
        x=upload.x,
        key_check=upload.key_check,
        draw=upload.draw,
        tables=upload.table_hashes,
        value=upload.value,
        signature=upload.signature,
        witness="" if public is None else witness_of(public.public_bytes_raw()).name,
    )
