"""Which table of a round an auditor computes again: hashes of uploads and hits, and the draw. Pure.

An upload is known by the root of a tree over its head and its tables, so that one table of it can be shown alone; the
hits of each table are sealed apart under a salt of their own. Each upload holds a commitment to a value that its node
opens once the log holds uploads and hits. One honest value that nobody knew before makes the draw random. Where a value
is missing every table is drawn: whoever withholds one wins nothing. Refuses to know elements and keys of rounds.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Final

import rfc8785

from bavn.tlog.entries import content_hash, sealed
from bavn.tlog.merkle import inclusion, leaf_hash, root

VALUE_BYTES: Final = 32
TableHits = Sequence[tuple[int, Sequence[int]]]
"""The hits of one table: bin and the x of its holders, ascending."""


def table_hash(planes: bytes) -> str:
    """Of one table of an upload: both its planes as they travel."""
    return leaf_hash(planes).hex()


def upload_hash(key_check: str, draw: str, tables: Sequence[str]) -> str:
    """What the log knows an upload by: what it says of its keys, its commitment, and the hashes of its tables."""
    head = leaf_hash(f"{key_check}\n{draw}\n".encode())
    return root([head, *(bytes.fromhex(each) for each in tables)]).hex()


def uploads_root(uploads: Sequence[str]) -> str:
    """The root (RFC 6962, hex) over the hashes of a round's uploads, in the order of their x."""
    return root(_leaves(uploads)).hex()


def upload_path(uploads: Sequence[str], place: int) -> tuple[str, ...]:
    """The proof that one of them is under that root."""
    leaves = _leaves(uploads)
    return tuple(each.hex() for each in inclusion(place, len(leaves), lambda start, end: root(leaves[start:end])))


def _leaves(uploads: Sequence[str]) -> list[bytes]:
    return [leaf_hash(bytes.fromhex(each)) for each in uploads]


# --- hits -----------------------------------------------------------------------------------------------------------


def table_salt(salt: bytes, table: int) -> bytes:
    """Of the seal of one table's hits: whoever has it can open no other table's."""
    return hmac.new(salt, f"table {table}".encode(), hashlib.sha256).digest()


def table_seal(hits: TableHits, salt: bytes) -> str:
    """What the log knows the hits of one table by."""
    written = rfc8785.dumps([[at, list(holders)] for at, holders in hits])
    return sealed(content_hash(written), salt)


def hits_content(hits: Mapping[int, TableHits], tables: int, salt: bytes) -> dict[str, list[str]]:
    """What the log's entry of a round's hits is sealed over: a seal for each table."""
    return {"hits": [table_seal(hits.get(table, ()), table_salt(salt, table)) for table in range(tables)]}


# --- the draw -------------------------------------------------------------------------------------------------------


def own_value(secret: bytes, description: bytes) -> bytes:
    """A node's value for the round of this description, which it need not keep."""
    return hmac.new(secret, b"bavn/draw-value/1\n" + description, hashlib.sha256).digest()


def commitment(value: bytes) -> str:
    """What an upload holds of its node's value."""
    return hashlib.sha256(b"bavn/draw-commitment/1\n" + value).hexdigest()


def opening_text(round_id: str, uploads: bytes, hits: bytes, upload: str, value: str) -> bytes:
    """What a node signs when it opens its value: the two entries of the log (their bytes) that it saw, and what it
    uploaded itself."""
    lines = ("bavn/draw-opening/1", round_id, leaf_hash(uploads).hex(), leaf_hash(hits).hex(), upload, value, "")
    return "\n".join(lines).encode()


def drawn_tables(round_id: str, tables: int, values: Sequence[str | None]) -> tuple[int, ...]:
    """The tables to compute again. ``values``: of each upload, in the order of x, None where it was not opened or where
    there is no commitment to one: then every table is drawn. The remainder of 256 bits favours no table by more than
    2**-250."""
    opened = [value for value in values if value is not None]
    if len(opened) < len(values) or not opened:
        return tuple(range(tables))
    text = "\n".join(("bavn/draw/1", round_id, *opened, ""))
    return (int.from_bytes(hashlib.sha256(text.encode()).digest()) % tables,)
