"""Publishes the centre's log: seals what waits, writes tiles and bundles, signs a checkpoint, and hands it out last.

The database is the truth and the folder is made from it: a folder that is lost or damaged is written anew, the same to
the byte. What was signed once is never contradicted: where the folder shows a checkpoint of this key that goes beyond
the database (a backup was restored), nothing is signed any more until a person begins a new log. Refuses to know what
entries mean, and whose disk it is: a ``LogFolder`` is handed in.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, Engine

from bavn.centre.store import log
from bavn.centre.store.engine import reading, writing
from bavn.model.moment import SECOND_US
from bavn.model.ports import Clock, Dice
from bavn.model.text import Text
from bavn.tlog.bad import BadLog
from bavn.tlog.checkpoint import Checkpoint, checkpoint_of, opened, signed
from bavn.tlog.entries import SALT_BYTES
from bavn.tlog.merkle import EMPTY_ROOT
from bavn.tlog.note import NAME_CHARACTERS_MAX, VerifierKey, key_from, note_of
from bavn.tlog.tiles import CHECKPOINT, Edge, edge_of, superseded

ENTRIES_AT_ONCE: Final = 2048
AT_ONCE: Final = ("release", "withdrawal", "switch", "registry", "members")
"""Kinds of entries that a node acts on: their checkpoint is published and shown without delay."""
PUBLISH_EVERY_US: Final = 5 * SECOND_US
"""As long as that an entry waits at most for the checkpoint that covers it, while the centre steps."""


class LogFolder(Protocol):
    """Where the log's files lie for a web server to hand out."""

    def read(self, path: str) -> bytes:
        """FileNotFoundError where there is no such file; OSError."""
        ...

    def write(self, files: Iterable[tuple[str, bytes]]) -> None:
        """Each file whole or not at all, and on the disk when it returns; one that has these bytes is left."""
        ...

    def remove(self, folders: Iterable[str]) -> None:
        """Folders of files that are needed no more."""
        ...

    def put_aside(self, name: str) -> None:
        """All that is handed out goes into a folder of this name below ``ended``, where it is still handed out."""
        ...


class LogForked(Exception):
    """The folder shows more than the database knows, or something else. The operator must act: begin a new log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSummary:
    """``size``: entries under the newest checkpoint, ``waiting``: those that came since. ``at_us``: of the checkpoint;
    0 before the first."""

    origin: str
    size: int
    root: str
    at_us: int
    note: str
    waiting: int
    kinds: dict[str, int]


def origin_of(sector: str) -> str:
    """The name of a sector's log: without spaces and plus, which no note can hold."""
    plain = "".join(sign if sign.isalnum() or sign in "-._" else "-" for sign in sector)
    return f"bavn/{plain or 'sector'}"[:NAME_CHARACTERS_MAX]


def summary(engine: Engine) -> LogSummary:
    """How the log stands, from any process."""
    with reading(engine) as tx:
        state, kinds = log.state(tx), log.counts(tx)
    size = 0 if state is None else int(state.size)
    return LogSummary(
        origin="" if state is None else state.origin,
        size=size,
        root="" if state is None else state.root,
        at_us=0 if state is None else int(state.at_us),
        note="" if state is None else state.note,
        waiting=sum(kinds.values()) - size,
        kinds=kinds,
    )


def forget_contents(engine: Engine, before_us: int) -> int:
    """What the seals of older entries are of, and their salts, go; how many."""
    with writing(engine) as tx:
        return log.forget(tx, before_us)


class LogKeeper:
    """One for each centre that runs; ``step`` is called from its one thread."""

    def __init__(
        self,
        engine: Engine,
        folder: LogFolder,
        key: Ed25519PrivateKey,
        origin: str,
        clock: Clock,
        dice: Dice,
        version: str,
    ) -> None:
        self._engine, self.folder, self._key, self._origin = engine, folder, key, origin
        self._clock, self._dice, self._version = clock, dice, version
        self._edge: Edge | None = None
        self._published_us = 0

    @property
    def key(self) -> VerifierKey:
        """What checkpoints are checked with."""
        return self.key_named(self._origin)

    def key_named(self, origin: str) -> VerifierKey:
        """The same under the name that a checkpoint was signed with."""
        return key_from(origin, self._key)

    def step(self) -> None:
        """Publishes what came, every few seconds. Repeatable after a kill anywhere in it. Raises LogForked, OSError."""
        now_us = self._clock.now_us()
        if (
            now_us - self._published_us < PUBLISH_EVERY_US
            and now_us >= self._published_us
            and not self._is_waited_for()
        ):
            return
        edge = self._edge if self._edge is not None else self._begin()
        self._edge = None  # until this step has ended well
        while self._publish(edge, now_us) == ENTRIES_AT_ONCE:
            pass
        self._edge, self._published_us = edge, now_us

    def _is_waited_for(self) -> bool:
        """Whether something came that nodes act on: its checkpoint waits for nothing."""
        with reading(self._engine) as tx:
            return self._edge is not None and log.has_any(tx, AT_ONCE, self._edge.size)

    def _publish(self, edge: Edge, now_us: int) -> int:
        """Takes the next entries in; how many."""
        since = edge.size
        with reading(self._engine) as tx:
            waits = log.waiting(tx, since, ENTRIES_AT_ONCE)
        if waits:
            salts = {number: self._dice.bytes(SALT_BYTES) for number in waits}
            with writing(self._engine) as tx:
                log.seal_waiting(tx, salts)
        with reading(self._engine) as tx:
            self._still(tx, since)
            new = log.entries(tx, since, since + ENTRIES_AT_ONCE)
        if not new:
            return 0
        files = edge.grow(new)
        self.folder.write(files.items())
        checkpoint = Checkpoint(self._origin, edge.size, edge.root())
        note = signed(checkpoint, self._key).text()
        with writing(self._engine) as tx:
            self._still(tx, since)
            log.keep_state(tx, origin=self._origin, size=edge.size, root=checkpoint.root.hex(), note=note, at_us=now_us)
        self.folder.write([(CHECKPOINT, note.encode())])
        self.folder.remove(superseded(files))
        return len(new)

    def _still(self, tx: Connection, size: int) -> None:
        state = log.state(tx)
        if state is not None and (state.origin, state.size) != (self._origin, size):
            raise LogForked(Text("the log was begun anew, or another centre published it: it is looked at again"))

    # --- where the last one stopped ----------------------------------------------------------------------------------

    def _begin(self) -> Edge:
        with writing(self._engine) as tx:
            log.append_changed(tx, "software", self._clock.now_us(), {"version": self._version})
            state = log.state(tx)
        if state is not None:
            self._origin = state.origin
        size, root = (0, EMPTY_ROOT.hex()) if state is None else (int(state.size), state.root)
        self._stop_where_forked(size, root)
        if state is None or size == 0:
            return Edge()
        edge = self._edge_as_written(size, root) or self._written_anew(size, root)
        self.folder.write([(CHECKPOINT, state.note.encode())])
        return edge

    def _stop_where_forked(self, size: int, root: str) -> None:
        """What another log of this centre left in the folder is put aside."""
        try:
            note = note_of(self.folder.read(CHECKPOINT))
            origin = checkpoint_of(note.body).origin
            shown = opened(note, key_from(origin, self._key))
        except (FileNotFoundError, BadLog):
            return  # none yet, or no checkpoint of this key: it is written anew
        if origin != self._origin:
            self.folder.put_aside(f"{shown.size}-{shown.root.hex()[:16]}")
        elif shown.size > size or (shown.size == size and shown.root.hex() != root):
            raise LogForked(
                Text(
                    "the log's folder shows {shown} entries under the centre's signature and the database has published"
                    " {size}: an older database was put back; begin a new log (`bavn centre log --begin-anew`)",
                    shown=shown.size,
                    size=size,
                )
            )

    def _edge_as_written(self, size: int, root: str) -> Edge | None:
        try:
            edge = edge_of(size, self.folder.read)
        except (OSError, BadLog):
            return None
        return edge if edge.root().hex() == root else None

    def _written_anew(self, size: int, root: str) -> Edge:
        """All files from the database, the same to the byte. Raises LogForked where they are not what was signed."""
        edge = Edge()
        for since in range(0, size, ENTRIES_AT_ONCE):
            with reading(self._engine) as tx:
                new = log.entries(tx, since, min(size, since + ENTRIES_AT_ONCE))
            self.folder.write(edge.grow(new).items())
        if edge.size != size or edge.root().hex() != root:
            raise LogForked(Text("the log in the database is not what the centre signed: entries were lost or changed"))
        return edge
