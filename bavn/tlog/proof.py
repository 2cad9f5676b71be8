"""A proof that an entry is in a log, as one text that anybody can check without a network (C2SP tlog-proof).

The entry itself stands in the text's ``extra`` line, which nothing signs: it counts only where its hash leads to the
root of the checkpoint below it.
"""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bavn.model.malformed import MALFORMED
from bavn.model.text import Text
from bavn.tlog.bad import BadLog
from bavn.tlog.checkpoint import Checkpoint
from bavn.tlog.merkle import HASH_BYTES, PROOF_MAX, is_included, leaf_hash
from bavn.tlog.note import NOTE_BYTES_MAX, Note, note_of
from bavn.tlog.tiles import ENTRY_BYTES_MAX

HEAD: Final = "c2sp.org/tlog-proof@v1"
EXTRA: Final = "extra "
PROOF_BYTES_MAX: Final = NOTE_BYTES_MAX + 2 * ENTRY_BYTES_MAX + 10_000
_INDEX: Final = re.compile(r"index (0|[1-9][0-9]{0,14})")


@dataclass(frozen=True, slots=True)
class Proof:
    """An entry's bytes, its number, the hashes that lead up from it, and the signed checkpoint."""

    entry: bytes
    index: int
    path: tuple[bytes, ...]
    note: Note

    def text(self) -> str:
        """As it is handed on: a file with the ending .tlog-proof."""
        hashes = "".join(f"{_base64(each)}\n" for each in self.path)
        return f"{HEAD}\nextra {_base64(self.entry)}\nindex {self.index}\n{hashes}\n{self.note.text()}"

    def holds(self, checkpoint: Checkpoint) -> bool:
        """Whether the entry is under this checkpoint, which somebody has opened with the log's key."""
        return is_included(leaf_hash(self.entry), self.index, checkpoint.size, self.path, checkpoint.root)


def proof_of(text: bytes) -> Proof:
    """What ``Proof.text`` wrote, or another's proof with the entry as its extra. Raises BadLog."""
    head, _, rest = text.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n") if len(text) <= PROOF_BYTES_MAX else []
        path = tuple(base64.b64decode(line, validate=True) for line in lines[3:])
        entry = base64.b64decode(lines[1].removeprefix(EXTRA), validate=True)
        index = _INDEX.fullmatch(lines[2])
    except MALFORMED as error:
        raise BadLog(Text("that is no proof of an entry")) from error
    fits = lines[0] == HEAD and lines[1].startswith(EXTRA) and len(entry) <= ENTRY_BYTES_MAX and _is_path(path)
    if not fits or index is None:
        raise BadLog(Text("that is no proof of an entry"))
    return Proof(entry, int(index[1]), path, note_of(rest))


def _is_path(path: Sequence[bytes]) -> bool:
    return len(path) <= PROOF_MAX and all(len(each) == HASH_BYTES for each in path)


def _base64(text: bytes) -> str:
    return base64.b64encode(text).decode()
