"""A round's drawn tables as one file, and the check of them: anybody computes the hits again, without a network.

The file holds what the centre has of these tables: random planes of every upload, the cells that it called hits and the
x of their holders, and the members' values that drew them. No name of an element or of a member, and of other tables
hashes alone. A first line of JSON, then the planes. Refuses to believe the file: all of it leads to the log's
signature, and what does not is no evidence.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import rfc8785

from bavn.model.malformed import MALFORMED
from bavn.model.text import Number, Text
from bavn.psi.field import P, Plane
from bavn.psi.reconstruct import in_row, parts_of
from bavn.psi.round import RoundParams
from bavn.tlog.audit import Audit, moment
from bavn.tlog.bad import BadLog
from bavn.tlog.checkpoint import is_half, opened, witness_of, witnessed
from bavn.tlog.draw import (
    TableHits,
    commitment,
    drawn_tables,
    opening_text,
    table_hash,
    table_salt,
    table_seal,
    upload_hash,
    uploads_root,
)
from bavn.tlog.entries import Entry, content_hash, entry_of, sealed
from bavn.tlog.merkle import is_included, leaf_hash
from bavn.tlog.note import VerifierKey, note_of

HEAD: Final = b"bavn/round-audit/v1\n"
HEAD_BYTES_MAX: Final = 64_000_000
FILE_BYTES_MAX: Final = 4_000_000_000
KINDS: Final = ("round", "uploads", "hits")


@dataclass(frozen=True, slots=True)
class Included:
    """An entry of the log, its number, and the hashes that lead up from it."""

    entry: str
    index: int
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AuditUpload:
    """One upload: ``tables`` are the hashes of its tables; ``value`` and ``signature`` of ``witness`` (the name of its
    key) are empty where it was not opened."""

    x: int
    key_check: str
    draw: str
    tables: tuple[str, ...]
    value: str
    signature: str
    witness: str


@dataclass(frozen=True, slots=True)
class DrawnTable:
    """One table that was drawn: the hits that the centre found, the salt of their seal, and both planes of it of each
    upload, in their order."""

    table: int
    salt: str
    hits: TableHits
    planes: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundAuditFile:
    """``params``: the round's description; ``note``: the checkpoint with its cosignatures; ``included``: the entries of
    the round, of its uploads and of its hits; ``seals``: of each table's hits, which the last is sealed over with
    ``salt``."""

    params: RoundParams
    note: str
    included: tuple[Included, ...]
    uploads: tuple[AuditUpload, ...]
    salt: str
    seals: tuple[str, ...]
    tables: tuple[DrawnTable, ...]

    def pieces(self) -> Iterator[bytes]:
        """As it is handed on: a file with the ending .round-audit."""
        head: dict[str, Any] = {
            "round": self.params.round_id.hex(),
            "params": self._described(),
            "note": self.note,
            "included": [[each.entry, each.index, list(each.path)] for each in self.included],
            "uploads": [
                [each.x, each.key_check, each.draw, list(each.tables), each.value, each.signature, each.witness]
                for each in self.uploads
            ],
            "salt": self.salt,
            "seals": list(self.seals),
            "tables": [[each.table, each.salt, [[at, list(xs)] for at, xs in each.hits]] for each in self.tables],
        }
        yield HEAD + rfc8785.dumps(head) + b"\n"
        for table in self.tables:
            yield from table.planes

    def _described(self) -> list[Any]:
        one = self.params
        return [one.version, one.epoch, one.registry_version, one.tier, one.t, one.m, one.r, one.forms]


def is_round_audit(text: bytes) -> bool:
    """Whether it begins as such a file does."""
    return text.startswith(HEAD)


def round_audit_of(text: bytes) -> RoundAuditFile:
    """What ``RoundAuditFile.pieces`` wrote. Raises BadLog."""
    end = text.find(b"\n", len(HEAD), len(HEAD) + HEAD_BYTES_MAX)
    try:
        head = json.loads(text[len(HEAD) : end]) if is_round_audit(text) and end > 0 else {}
        return _file(head, memoryview(text)[end + 1 :])
    except (*MALFORMED, OverflowError, RecursionError) as error:
        raise BadLog(Text("that is no audit of a round")) from error


def _file(head: Mapping[str, Any], rest: memoryview) -> RoundAuditFile:
    version, epoch, registry, tier, t, m, r, forms = head["params"]
    params = RoundParams(
        version=version,
        epoch=epoch,
        round_id=bytes.fromhex(head["round"]),
        registry_version=registry,
        tier=tier,
        t=t,
        m=m,
        r=r,
        forms=forms,
    )
    uploads = tuple(
        AuditUpload(_whole(x), str(check), str(draw), tuple(map(str, tables)), str(value), str(signed), str(witness))
        for x, check, draw, tables, value, signed, witness in head["uploads"]
    )
    each = 8 * params.bins
    if len(rest) != each * len(uploads) * len(head["tables"]) or any(len(one.tables) != r for one in uploads):
        raise ValueError("planes and tables do not fit")
    tables = []
    for number, (table, salt, hits) in enumerate(head["tables"]):
        starts = [(number * len(uploads) + at) * each for at in range(len(uploads))]
        planes = tuple(bytes(rest[start : start + each]) for start in starts)
        hits_there = tuple((_whole(at), tuple(map(_whole, xs))) for at, xs in hits)
        tables.append(DrawnTable(_whole(table), bytes.fromhex(salt).hex(), hits_there, planes))
    return RoundAuditFile(
        params=params,
        note=str(head["note"]),
        included=tuple(Included(str(e), _whole(i), tuple(map(str, path))) for e, i, path in head["included"]),
        uploads=uploads,
        salt=str(head["salt"]),
        seals=tuple(map(str, head["seals"])),
        tables=tuple(tables),
    )


def _whole(number: object) -> int:
    if type(number) is not int or not 0 <= number < 2**53:
        raise ValueError("a number that is none")
    return number


# --- the check ------------------------------------------------------------------------------------------------------


class _Lacks(Exception):
    """Something that must be there is not, which is evidence of nothing."""

    def __init__(self, says: Text) -> None:
        super().__init__()
        self.says = says


def audit_round(file: RoundAuditFile, key: VerifierKey, witnesses: Sequence[VerifierKey] = ()) -> Audit:
    """Checks a round from its file alone: whether it is what the log holds, was drawn as it must be, and what comes
    out of its drawn tables. ``witnesses``: members that must have cosigned, half of them, and of whom one at least
    must have opened its value. Raises BadLog where there is no checkpoint."""
    report = Audit(note_of(file.note.encode()))
    try:
        report.checkpoint = opened(report.note, key)
    except BadLog as error:
        report.say("signature", False, Text.of_error(error))
        return report
    facts = {"origin": key.name, "size": Number(report.checkpoint.size)}
    report.say(
        "signature", True, Text("The checkpoint of {origin} is signed by its key: {size} entries.").filled(**facts)
    )
    checks: tuple[tuple[str, Callable[..., None]], ...] = (
        ("entries", _entries),
        ("witnesses", _cosigned),
        ("uploads", _uploads),
        ("draw", _drawn),
        ("hits", _hits),
        ("recomputed", _recomputed),
    )
    for name, check in checks:
        try:
            check(file, report, witnesses)
        except _Lacks as error:
            report.lacks(name, error.says)
            return report
        except BadLog as error:
            report.lacks(name, Text.of_error(error))
            return report
        except MALFORMED:
            report.lacks(name, Text("that is no audit of a round"))
            return report
    return report


def _entry(file: RoundAuditFile, kind: str) -> Entry:
    return entry_of(file.included[KINDS.index(kind)].entry.encode())


def _entries(file: RoundAuditFile, report: Audit, _: Sequence[VerifierKey]) -> None:
    if report.checkpoint is None or len(file.included) != len(KINDS):
        raise BadLog(Text("that is no audit of a round"))
    for kind, each in zip(KINDS, file.included, strict=True):
        path, leaf = [bytes.fromhex(one) for one in each.path], leaf_hash(each.entry.encode())
        if not is_included(leaf, each.index, report.checkpoint.size, path, report.checkpoint.root):
            raise BadLog(Text("the entry is not in the log"))
        entry = _entry(file, kind)
        if entry.kind != kind or entry.fields["round"] != file.params.round_id.hex():
            raise BadLog(Text("the entries are of something else"))
    if _entry(file, "round").fields["description"] != content_hash(file.params.canonical()):
        raise BadLog(Text("the entries are of something else"))
    if not file.included[1].index < file.included[2].index:
        raise BadLog(Text("the entries are of something else"))
    when, at = _entry(file, "uploads").at_s, _entry(file, "hits").at_s
    says = Text(
        "Round {round}, tier {tier}: its uploads were fixed at {when}, its hits at {at}, and the log holds both.",
        round=file.params.round_id.hex(),
        tier=file.params.tier,
        when=moment(when),
        at=moment(at),
    )
    report.say("entries", True, says)


def _cosigned(_: RoundAuditFile, report: Audit, witnesses: Sequence[VerifierKey]) -> None:
    if not witnesses:
        return
    held = witnessed(report.note, witnesses)
    facts = {"held": Number(len(held)), "asked": Number(len(witnesses))}
    if not is_half(len(held), len(witnesses)):
        raise _Lacks(Text("Only {held} of {asked} witnesses cosigned the checkpoint: fewer than half.").filled(**facts))
    report.say("witnesses", True, Text("{held} of {asked} witnesses cosigned the checkpoint.").filled(**facts))


def _uploads(file: RoundAuditFile, report: Audit, _: Sequence[VerifierKey]) -> None:
    """The uploads are those that were fixed, and of the drawn tables the planes are theirs."""
    entry, xs = _entry(file, "uploads"), [each.x for each in file.uploads]
    hashes = [upload_hash(each.key_check, each.draw, each.tables) for each in file.uploads]
    if entry.fields["uploads"] != uploads_root(hashes) or entry.fields["count"] != len(hashes):
        raise _Lacks(Text("The file's uploads are not those that the log fixed."))
    if xs != sorted(set(xs)) or not 1 <= min(xs) <= max(xs) < P:
        raise _Lacks(Text("The file's uploads are not those that the log fixed."))
    for table in file.tables:
        told = [each.tables[table.table] for each in file.uploads]
        if [table_hash(planes) for planes in table.planes] != told:
            raise _Lacks(Text("The file's planes are not those that the log fixed."))
    report.say("uploads", True, Text("All {count} uploads are those that the log fixed.", count=Number(len(xs))))


def _drawn(file: RoundAuditFile, report: Audit, witnesses: Sequence[VerifierKey]) -> None:
    """The tables are those that the members' values draw; who opened none, or committed to none, is named by its x."""
    keys = {witness_of(each.public).name: each for each in witnesses}
    uploads, hits = (each.entry.encode() for each in file.included[1:])
    vouched = 0
    for each in file.uploads:
        if each.value and commitment(bytes.fromhex(each.value)) != each.draw:
            raise _Lacks(Text("The value of x {x} is not what its upload committed to.", x=each.x))
        if each.value and (key := keys.get(each.witness)) is not None:
            own = upload_hash(each.key_check, each.draw, each.tables)
            text = opening_text(file.params.round_id.hex(), uploads, hits, own, each.value)
            if not key.holds(bytes.fromhex(each.signature), text):
                raise _Lacks(Text("The value of x {x} was not opened for these uploads and hits.", x=each.x))
            vouched += 1
    tables = drawn_tables(file.params.round_id.hex(), file.params.r, [each.value or None for each in file.uploads])
    if tuple(each.table for each in file.tables) != tables:
        raise _Lacks(Text("The file does not hold the tables that were drawn: {tables}.", tables=_list(tables)))
    if witnesses and not vouched:
        raise _Lacks(Text("None of the witnesses vouches for the draw: the centre may have chosen it."))
    missing = [each.x for each in file.uploads if not each.value]
    counts = {"count": Number(len(file.uploads) - len(missing)), "vouched": Number(vouched)}
    if missing:
        says = Text("Every table was drawn ({tables}): no value came of x {missing}.")
    else:
        says = Text("Members' values drew table {tables}: {count}, of them {vouched} of witnesses here.")
    report.say("draw", True, says.filled(tables=_list(tables), missing=_list(missing), **counts))


def _hits(file: RoundAuditFile, report: Audit, _: Sequence[VerifierKey]) -> None:
    """What the file calls the centre's hits is what the log's entry was sealed over."""
    content = content_hash({"hits": list(file.seals)})
    if _entry(file, "hits").seal != sealed(content, bytes.fromhex(file.salt)) or len(file.seals) != file.params.r:
        raise _Lacks(Text("The file's hits are not those that the log was sealed over."))
    for table in file.tables:
        if table_seal(table.hits, bytes.fromhex(table.salt)) != file.seals[table.table]:
            raise _Lacks(Text("The file's hits are not those that the log was sealed over."))
    report.say("hits", True, Text("The centre's hits of these tables are those that the log was sealed over."))


def _recomputed(file: RoundAuditFile, report: Audit, _: Sequence[VerifierKey]) -> None:
    """The reconstruction, once more."""
    hits = 0
    for table in file.tables:
        ours, theirs = _reconstructed(file, table), set(table.hits)
        hits += len(ours)
        if ours != theirs or len(theirs) != len(table.hits):
            says = Text(
                "In table {table}, {left} hits come out that the centre left out, and {made} that it named do not.",
                table=table.table,
                left=Number(len(ours - theirs)),
                made=Number(len(theirs - ours)),
            )
            report.say("recomputed", False, says)
            return
    says = Text("Computed again, {count} hits come out, and they are what the centre found.", count=Number(hits))
    report.say("recomputed", True, says)


def _reconstructed(file: RoundAuditFile, table: DrawnTable) -> set[tuple[int, tuple[int, ...]]]:
    """Raises BadLog for values that no upload may hold."""
    rows = [np.frombuffer(planes, dtype="<u4").reshape(2, -1) for planes in table.planes]
    planes: Plane = np.stack(rows, axis=1).astype(np.uint32, copy=False)
    if int(planes.max()) >= P:
        raise BadLog(Text("that is no audit of a round"))
    xs = tuple(each.x for each in file.uploads)
    hits = in_row(file.params, xs, parts_of(file.params, table.table), planes)
    return {(hit.cell.bin, hit.holders) for hit in hits}


def salts_of(salt: bytes, tables: Sequence[int]) -> dict[int, str]:
    """What opens the hits of these tables, and of no others."""
    return {table: table_salt(salt, table).hex() for table in tables}


def _list(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))
