"""Checkpoints (C2SP tlog-checkpoint) and the cosignatures of witnesses (C2SP tlog-cosignature, Ed25519).

A checkpoint says how long a log is and what its root is, under the log's signature. A witness that saw the log only
grow since its last look adds its own. ``cosigned`` decides that as a pure function: what a node remembers goes in, a
line and what to remember come out. Refuses to sign what is not shown to go on from what it remembers.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bavn.model.outcome import Refused
from bavn.model.text import Text
from bavn.tlog.bad import BadLog
from bavn.tlog.merkle import EMPTY_ROOT, HASH_BYTES, SIZE_MAX, is_consistent
from bavn.tlog.note import BY_WITNESS, Line, Note, VerifierKey, check_name, is_signed, key_from, sign

STAMP_BYTES: Final = 8
STAMP_MAX: Final = 2**63 - 1
_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,14}")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """``origin`` names the log; ``size`` entries under ``root``. No line of extension: nobody could audit it."""

    origin: str
    size: int
    root: bytes

    def body(self) -> str:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


NOTHING_YET: Final = Checkpoint("", 0, EMPTY_ROOT)
"""Of a log that nobody has looked at."""


def checkpoint_of(body: str) -> Checkpoint:
    """A checkpoint from its text. Raises BadLog."""
    lines = body.split("\n")
    if len(lines) != 4 or lines[3]:
        raise BadLog(Text("that is no checkpoint of a log"))
    origin, size, given = lines[:3]
    try:
        root = base64.b64decode(given, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadLog(Text("that is no checkpoint of a log")) from error
    right = base64.b64encode(root).decode() == given and len(root) == HASH_BYTES
    if not right or not _SIZE.fullmatch(size) or int(size) > SIZE_MAX:
        raise BadLog(Text("that is no checkpoint of a log"))
    check_name(origin)
    return Checkpoint(origin, int(size), root)


def signed(checkpoint: Checkpoint, key: Ed25519PrivateKey) -> Note:
    """The checkpoint under the signature of its log, whose key has the log's name."""
    check_name(checkpoint.origin)
    return sign(checkpoint.body(), checkpoint.origin, key)


def opened(note: Note, key: VerifierKey) -> Checkpoint:
    """What the log of this key signed. Raises BadLog: not signed by it, of another log, or malformed."""
    if not is_signed(note, key):
        raise BadLog(Text("the checkpoint is not signed by the key of {name}", name=key.name))
    checkpoint = checkpoint_of(note.body)
    if checkpoint.origin != key.name:
        raise BadLog(Text("the checkpoint is of {other}, not of {name}", other=checkpoint.origin, name=key.name))
    return checkpoint


# --- witnesses ------------------------------------------------------------------------------------------------------


def witness_of(public: bytes) -> VerifierKey:
    """A member as a witness. It is named by its key: whoever reads the log need not learn who is a member."""
    return VerifierKey(f"bavn-witness-{hashlib.sha256(public).hexdigest()[:16]}", BY_WITNESS, public)


def line_by(witness: VerifierKey, stamp_s: int, signature: bytes) -> Line:
    """The line of a cosignature (64 bytes) that a witness made at a moment."""
    return Line(witness.name, witness.id, stamp_s.to_bytes(STAMP_BYTES, "big") + signature)


def _stated(stamp_s: int, body: str) -> bytes:
    return f"cosignature/v1\ntime {stamp_s}\n{body}".encode()


@dataclass(frozen=True, slots=True)
class Cosigned:
    """``line`` goes to the log; ``seen`` is what the witness remembers from here on, before the line leaves it."""

    line: Line
    seen: Checkpoint


def cosigned(
    note: Note,
    log: VerifierKey,
    *,
    seen: Checkpoint,
    proof: Sequence[bytes],
    name: str,
    key: Ed25519PrivateKey,
    now_s: int,
) -> Cosigned | Refused:
    """A witness looks at the newest checkpoint. ``seen``: the last that it cosigned (NOTHING_YET at first); ``proof``:
    of consistency between the two. Refused where the log is not shown to go on from there."""
    try:
        checkpoint = opened(note, log)
    except BadLog as error:
        return Refused.of("log_signature", Text.of_error(error))
    if seen.origin and seen.origin != checkpoint.origin:
        return Refused("log_origin", "the checkpoint is of another log than the last one")
    if checkpoint.size < seen.size:
        return Refused(
            "log_shorter", "the log is shorter than it was: something was taken out of it, or it shows two faces"
        )
    if not is_consistent(seen.size, checkpoint.size, seen.root, checkpoint.root, proof):
        return Refused(
            "log_other_past",
            "the log does not go on from what it showed before: its past was changed, or it shows two faces",
        )
    line = line_by(key_from(name, key, BY_WITNESS), now_s, key.sign(_stated(now_s, note.body)))
    return Cosigned(line, checkpoint)


def witnessed(note: Note, witnesses: Sequence[VerifierKey], *, oldest_s: int = 0) -> dict[str, int]:
    """Whose cosignatures hold, by name, and of when (seconds since 1970): not before ``oldest_s``. A key counts once,
    whatever it is called. Raises BadLog for a line of a known witness that does not hold."""
    held: dict[str, int] = {}
    keys: set[bytes] = set()
    for witness in witnesses:
        for line in note.by(witness):
            stamp_s = int.from_bytes(line.signature[:STAMP_BYTES], "big")
            stated = _stated(stamp_s, note.body)
            if stamp_s > STAMP_MAX or not witness.holds(line.signature[STAMP_BYTES:], stated):
                raise BadLog(Text("the cosignature of {name} does not hold", name=witness.name))
            if witness.public not in keys and stamp_s >= oldest_s:
                keys.add(witness.public)
                held[witness.name] = stamp_s
    return held


def is_half(held: int, members: int) -> bool:
    """Whether so many cosignatures are at least half of the members, and one."""
    return held >= 1 and 2 * held >= members
