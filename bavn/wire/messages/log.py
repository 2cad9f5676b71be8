"""What is said of the centre's log: the centre shows a checkpoint and proves entries, a node says how far it has
seen the log go on.

A cosignature's moment is a whole minute. Refuses to name anything: a checkpoint is a number and a hash.
"""

from typing import Annotated, Final

from pydantic import Field

from bavn.wire.messages import fields as f
from bavn.wire.privacy import Message, Privacy

PROOFS_MAX: Final = 50
ROUNDS_MAX: Final = 20


class LogShown(Message):
    """The newest checkpoint of the centre's log (C2SP tlog-checkpoint), the log's key, and the proof that it goes on
    from its first ``since`` entries."""

    key: Annotated[str, Field(min_length=1, max_length=300), Privacy.C]
    checkpoint: Annotated[str, Field(min_length=1, max_length=1000), Privacy.C]
    since: Annotated[f.LogSize, Privacy.C]
    proof: Annotated[tuple[f.Hex32, ...], Field(max_length=64), Privacy.C]


class LogProof(Message):
    """One release, turn of the switch or list of members in the log: its entry, the hashes that lead up from it, the
    hash of what it is sealed over, and the salt of the seal. Whoever was told it has what it is sealed over."""

    entry: Annotated[str, Field(min_length=1, max_length=1000), Privacy.C]
    index: Annotated[f.LogSize, Privacy.C]
    path: Annotated[tuple[f.Hex32, ...], Field(max_length=64), Privacy.C]
    content: Annotated[f.Hex32, Privacy.C]
    salt: Annotated[f.Hex32, Privacy.C]


class LogProven(Message):
    """Entries are in the log, under a checkpoint that this node and at least half of the members cosigned."""

    checkpoint: Annotated[str, Field(min_length=1, max_length=400_000), Privacy.C]
    proofs: Annotated[tuple[LogProof, ...], Field(min_length=1, max_length=PROOFS_MAX), Privacy.C]


class FixedRound(Message):
    """A round whose uploads and hits are in the log: both entries, each with its number and the hashes that lead up
    from it, and the hashes that lead from this node's upload, at ``place`` among all, to the root in the first."""

    round_id: Annotated[f.Hex16, Privacy.C]
    uploads: Annotated[str, Field(min_length=1, max_length=1000), Privacy.C]
    uploads_index: Annotated[f.LogSize, Privacy.C]
    uploads_path: Annotated[tuple[f.Hex32, ...], Field(max_length=64), Privacy.C]
    hits: Annotated[str, Field(min_length=1, max_length=1000), Privacy.C]
    hits_index: Annotated[f.LogSize, Privacy.C]
    hits_path: Annotated[tuple[f.Hex32, ...], Field(max_length=64), Privacy.C]
    place: Annotated[int, Field(ge=0, lt=1000), Privacy.C]
    path: Annotated[tuple[f.Hex32, ...], Field(max_length=10), Privacy.C]


class RoundsFixed(Message):
    """Nothing of these rounds can be changed any more, under a checkpoint that this node cosigned: its values for the
    draw are asked for."""

    size: Annotated[f.LogSize, Privacy.C]
    root: Annotated[f.Hex32, Privacy.C]
    rounds: Annotated[tuple[FixedRound, ...], Field(min_length=1, max_length=ROUNDS_MAX), Privacy.C]


class DrawOpening(Message):
    """The value that this node committed to in its upload of a round, signed together with the log's entries of that
    round and with what it uploaded. Random, and the same size whatever was uploaded."""

    round_id: Annotated[f.Hex16, Privacy.S0]
    value: Annotated[f.Hex32, Privacy.S0]
    signature: Annotated[str, Field(pattern=r"^[0-9a-f]{128}$"), Privacy.S0]


class DrawsOpened(Message):
    """What decides which table of each of these rounds an auditor computes again."""

    openings: Annotated[tuple[DrawOpening, ...], Field(min_length=1, max_length=ROUNDS_MAX), Privacy.S0]


class LogSeen(Message):
    """How far this node has seen the log only grow (S4), and its cosignature of that checkpoint (C2SP tlog-cosignature,
    in hex); empty where it was shown a proof from elsewhere and asks for one from here. ``minute`` counts from 1970."""

    size: Annotated[f.LogSize, Privacy.S4]
    root: Annotated[f.Hex32, Privacy.S4]
    minute: Annotated[int, Field(ge=0, lt=2**32), Privacy.S4]
    cosignature: Annotated[str, Field(pattern=r"^([0-9a-f]{128})?$"), Privacy.S4]
