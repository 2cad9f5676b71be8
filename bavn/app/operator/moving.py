"""An actor moves from one operator to another, or leaves: stopped, sealed, its keys here destroyed, its ledger whole.

The order makes a kill at any moment harmless: the bundle is whole and proved to open before the actor counts as moved,
and it counts as moved before its keys go. Refuses to move one whose node still runs.
"""

import gzip
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from bavn import __version__
from bavn.app.centre.backup_keys import PASSPHRASE_CHARS_MIN, WrongPassphrase
from bavn.app.config.load import NodeConfig
from bavn.app.config.operator import OperatorConfig
from bavn.app.node.parts import BOOK_FILE
from bavn.app.operator import bundle
from bavn.app.operator.adding import room_for, user_of
from bavn.app.operator.bundle import ForeignFile, Manifest, Packed
from bavn.app.operator.home import destroy_keys, home_of, prepare_home
from bavn.app.operator.register import Entry, Place, Register
from bavn.app.operator.sealed import BundleDamaged
from bavn.app.process.exits import Exit, Stop
from bavn.app.process.real import SystemClock, SystemDice
from bavn.model.moment import iso
from bavn.model.text import Text
from bavn.wire.book import Book
from bavn.wire.ledger import Ledger, Note, look_on

REMOVED: Final = "removed"
GATE: Final = "operator"
STOP_WAIT_S: Final = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What was sealed, and what it was: ``sha256`` of the bundle, ``keys``: how many files of keys were destroyed."""

    packed: Packed
    sha256: str
    ledger: tuple[int, str]
    keys: int


def export(operator: OperatorConfig, actor: str, to: Path, passphrase: str) -> Moved:
    """Seals the actor into ``to``, and makes this side unable to go on. Stop where that cannot be; nothing has changed
    then. Raises SettingsError."""
    register = Register(operator.folder)
    entry = register.entry(actor)
    if entry.place is Place.MOVED:
        raise Stop(Exit.NOT_NOW, Text("{actor} moved away already (bundle {note})", actor=actor, note=entry.note[:12]))
    if len(passphrase) < PASSPHRASE_CHARS_MIN:
        raise Stop(
            Exit.USAGE,
            Text(
                "a passphrase for keys has at least {passphrase_chars_min} characters",
                passphrase_chars_min=PASSPHRASE_CHARS_MIN,
            ),
        )
    if to.exists():
        raise Stop(Exit.NOT_NOW, Text("{file} is there already: name another file", file=to))
    config = home_of(operator, actor)
    with _stopped(register, entry):
        unfinished = to.with_name(f".{to.name}.unfinished")
        try:
            head = _line(config, "out", operator.operator.name)
            manifest = Manifest(
                format=bundle.FORMAT,
                version=__version__,
                actor=actor,
                operator=operator.operator.name,
                made=iso(SystemClock().now_us()),
                ledger=head,
            )
            packed = _sealed(config.base, manifest, unfinished, passphrase)
            with unfinished.open("rb") as opened:
                bundle.unpack(opened, passphrase, None)
            os.link(unfinished, to)  # refuses to overwrite, also what came meanwhile
        except (OSError, ForeignFile, BundleDamaged, ValueError) as error:
            raise Stop(
                Exit.CONFIGURATION,
                Text("{actor} was not exported, and stays: {error}", actor=actor, error=Text.of_error(error)),
            ) from error
        finally:
            unfinished.unlink(missing_ok=True)
        sha256 = bundle.sha256_of(to)
        register.put(replace(entry, place=Place.MOVED, note=sha256, since_us=SystemClock().now_us()))
        return Moved(packed=packed, sha256=sha256, ledger=head, keys=destroy_keys(config))


def take_in(operator: OperatorConfig, file: Path, passphrase: str, *, user: str, memory_mb_max: int) -> Manifest:
    """Unpacks a bundle as an actor of this operator; it runs from then on. Stop where that cannot be: nothing is left
    of it then. Raises SettingsError."""
    register = Register(operator.folder)
    operator.folder.mkdir(mode=0o711, parents=True, exist_ok=True)
    operator.folder.chmod(0o711)
    unpacked = operator.folder / f".incoming-{os.getpid()}"
    shutil.rmtree(unpacked, ignore_errors=True)
    unpacked.mkdir(mode=0o700)
    home: Path | None = None
    try:
        with file.open("rb") as opened:
            manifest = bundle.unpack(opened, passphrase, unpacked)
        uid, gid = user_of(user, register)
        room_for(operator, register, manifest.actor)
        home = register.actor_folder(manifest.actor)
        unpacked.rename(home)
        config = home_of(operator, manifest.actor)
        _same_ledger(config, manifest)
        _line(config, "in", operator.operator.name)
        entry = Entry(
            actor=manifest.actor, uid=uid, gid=gid, memory_mb_max=memory_mb_max, since_us=SystemClock().now_us()
        )
        prepare_home(config, entry)
        register.put(entry)
    except BaseException as error:
        shutil.rmtree(home or unpacked, ignore_errors=True)
        if isinstance(error, WrongPassphrase):
            raise Stop(Exit.USAGE, Text.of_error(error)) from error
        if isinstance(error, BundleDamaged | OSError):
            raise Stop(
                Exit.INPUT, Text("{file} cannot be taken in: {error}", file=file, error=Text.of_error(error))
            ) from error
        raise
    finally:
        shutil.rmtree(unpacked, ignore_errors=True)
    return manifest


def remove(operator: OperatorConfig, actor: str, *, delete: bool, with_blocks: bool) -> Path:
    """Ends an actor here: its keys go; what stays of it lies where this says, all of it or the ledger alone. Stop while
    blocks are in force, unless ``with_blocks``."""
    from bavn.app.operator.survey import blocks_of

    register = Register(operator.folder)
    entry = register.entry(actor)
    config = home_of(operator, actor)
    blocks = blocks_of(config)
    if blocks and not with_blocks and entry.place is Place.HERE:
        file = config.base / "node.toml"
        raise Stop(
            Exit.NOT_NOW,
            Text.counted(
                "{count:,} block of {actor} is in force: lift it (bavn node kill-switch on -c {file}), or"
                " --with-blocks",
                "{count:,} blocks of {actor} are in force: lift them (bavn node kill-switch on -c {file}), or"
                " --with-blocks",
                blocks,
                actor=actor,
                file=file,
            ),
        )
    with _stopped(register, entry):
        keys = destroy_keys(config)
        kept = operator.folder / REMOVED
        kept.mkdir(mode=0o700, exist_ok=True)
        stays = kept / f"{actor}-{iso(SystemClock().now_us())[:19].replace(':', '').replace('-', '')}Z"
        if entry.place is not Place.MOVED:
            _line(config, "out", operator.operator.name, what=f"removed; {keys} files of keys destroyed")
        if delete:
            stays = stays.with_name(f"{stays.name}.ledger.jsonl.gz")
            _ledger_alone(config, stays)
            shutil.rmtree(config.base)
        else:
            config.base.rename(stays)
        register.forget(actor)
    return stays


@contextmanager
def _stopped(register: Register, entry: Entry) -> Iterator[None]:
    """The running operator ends the node, and nothing starts it meanwhile; what goes wrong leaves the actor as it was.
    Stop where the node does not end."""
    if entry.place is Place.HERE:
        register.put(replace(entry, place=Place.LEAVING))
    try:
        with register.node_lock(entry.actor, wait_s=STOP_WAIT_S):
            yield
    except BaseException:
        now = register.entries().get(entry.actor)
        if now is not None and now.place is Place.LEAVING:
            register.put(replace(entry, place=Place.HERE))
        raise


def _line(config: NodeConfig, way: str, operator: str, what: str = "moved") -> tuple[int, str]:
    """One line in the actor's own ledger; the number and hash of it. The book is whole on the disk afterwards."""
    file = config.folder / BOOK_FILE
    if config.folder.is_symlink() or file.is_symlink() or (file.exists() and file.stat().st_nlink != 1):
        raise Stop(Exit.CONFIGURATION, Text("{file} is a link: it is not this actor's own book", file=file))
    config.folder.mkdir(mode=0o700, exist_ok=True)
    with closing(Book(file)) as book:
        said = f"{what}: {operator}"
        note = Note(kind="Moved", item_id=hashlib.sha256(said.encode()).hexdigest(), peer=operator, summary=said)
        line = Ledger(book).append(SystemClock().now_us(), GATE, way, note)
        return line.seq, line.hash


def _same_ledger(config: NodeConfig, manifest: Manifest) -> None:
    """The ledger is that of the bundle, and its chain holds. Raises BundleDamaged."""
    file = config.folder / BOOK_FILE
    if not file.exists():
        raise BundleDamaged("it holds no book")
    with look_on(file) as reader:
        bad = reader.verify()
        if bad is not None:
            raise BundleDamaged(f"its ledger's chain breaks at line {bad.seq}: it {bad.reason}")
        if reader.head() != manifest.ledger:
            raise BundleDamaged("its ledger does not end as the manifest says")


def _sealed(home: Path, manifest: Manifest, to: Path, passphrase: str) -> Packed:
    handle = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as out:
        packed = bundle.pack(home, manifest, out, passphrase, SystemDice())
        out.flush()
        os.fsync(out.fileno())
    return packed


def _ledger_alone(config: NodeConfig, to: Path) -> None:
    file = config.folder / BOOK_FILE
    if not file.exists():
        return
    handle = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as raw, gzip.GzipFile("", "wb", 6, raw, mtime=0) as packed, look_on(file) as reader:
        for line in reader.export():
            packed.write(line.encode() + b"\n")
