"""Runs every actor's node as a process of its own and keeps it running; a broken one never stops another.

One thread. What a node says is passed on with the actor's name before it; nothing of it is kept but its last line. Ends
all of them within seconds. Refuses to know what a node does.
"""

import json
import logging
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from bavn.app.config.operator import OperatorConfig, OperatorTable
from bavn.app.operator import confined, landlock
from bavn.app.operator.home import destroy_keys, fence_of, home_of, prepare_home
from bavn.app.operator.memory import memory_mb
from bavn.app.operator.register import Entry, Place, Register
from bavn.app.process.exits import Exit, Stop
from bavn.app.process.real import SystemClock
from bavn.model.settings import SettingsError
from bavn.model.text import Text
from bavn.wire.safe import Safe

_LOG = logging.getLogger(__name__)
STATE: Final = "state.json"
PROGRAM: Final = "bavn.app.cli.confined_node"
"""What a node is started as: it shuts itself in before anything of it is read."""
LOOK_S: Final = 1.0
WAIT_S: Final = 0.2
LINE_BYTES_MAX: Final = 4096
READ_BYTES: Final = 65_536
PASSED_ON: Final = ("PATH", "LANG", "LC_ALL", "TZ", "PYTHONPATH", "BAVN_LOG")
"""All that a node is given of the operator's environment."""


@dataclass(slots=True)
class Waiting:
    """When a node may start again: at once the first time, then after ever longer waits until it has been steady."""

    table: OperatorTable
    next_s: float = 0.0
    _wait_s: float = 0.0

    def ended(self, now_s: float, ran_s: float) -> float:
        """How long it waits now."""
        fresh = not self._wait_s or ran_s >= self.table.steady_s
        self._wait_s = min(self.table.back_off_s if fresh else self._wait_s * 2, self.table.back_off_s_max)
        self.next_s = now_s + self._wait_s
        return self._wait_s


@dataclass(slots=True)
class Kept:
    """One actor's node as the operator sees it. ``why``: what ended it last, in words."""

    actor: str
    waiting: Waiting
    process: "subprocess.Popen[bytes] | None" = None
    began_s: float = 0.0
    told_s: float | None = None
    starts: int = 0
    memory: int = 0
    why: str = ""
    last_line: str = ""
    part: bytes = b""
    lock: Any = None


@dataclass
class Operator:
    """``say`` takes a line for whoever reads the operator's output."""

    config: OperatorConfig
    say: Callable[[str], None]
    kept: dict[str, Kept] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._register = Register(self.config.folder)
        self._selector = selectors.DefaultSelector()
        self._told_to_end = False
        self._looked_s = 0.0
        self.separation = "folder"
        if self.config.operator.confine:
            self.separation = "kernel" if landlock.version() else "folder"

    def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Until SIGTERM or SIGINT. Stop where another operator runs these actors."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._signalled)
        with self._register.node_lock(".operator"):
            if self.config.operator.confine and self.separation == "folder":
                _LOG.error("this kernel has no Landlock: only users and folders keep the nodes apart")
            try:
                self._look()
                ready()
                while not self._told_to_end:
                    self._listen(WAIT_S)
                    if time.monotonic() - self._looked_s >= LOOK_S:
                        self._look()
            finally:
                self._end_all()

    def _signalled(self, *_: object) -> None:
        self._told_to_end = True

    def _look(self) -> None:
        """Every node once: what ended, what is to end, what may start."""
        self._looked_s = time.monotonic()
        try:
            entries = self._register.entries()
        except Stop as stop:  # the nodes go on as they are
            _LOG.error("%s", stop)
            return
        for actor, entry in entries.items():
            if actor not in self.kept:
                self.kept[actor] = Kept(actor, Waiting(self.config.operator))
            if entry.place is Place.MOVED:
                self._moved(actor)
        for actor, kept in list(self.kept.items()):
            wanted = entries.get(actor)
            try:
                self._step(kept, wanted if wanted is not None and wanted.place is Place.HERE else None)
            except OSError as error:  # no process, no room: of this actor alone
                self._failed(kept, f"{type(error).__name__}: {error}")
            if wanted is None and kept.process is None:
                del self.kept[actor]
        self._write(entries)

    def _step(self, kept: Kept, wanted: Entry | None) -> None:
        if kept.process is not None:
            self._watch(kept, wanted)
        elif wanted is not None and self._looked_s >= kept.waiting.next_s:
            self._start(kept, wanted)

    def _watch(self, kept: Kept, wanted: Entry | None) -> None:
        process = kept.process
        if process is None:
            return
        if process.poll() is not None:
            self._gone(kept, process.returncode)
            return
        kept.memory = memory_mb(process.pid)
        bound = (wanted.memory_mb_max if wanted else 0) or self.config.operator.memory_mb_max
        if wanted is None:
            self._tell(kept, "")
        elif kept.memory > bound:
            self._tell(kept, f"it took {kept.memory} MB, and may take {bound}")
        if kept.told_s is not None and self._looked_s - kept.told_s > self.config.operator.end_s:
            self._kill(kept)

    def _start(self, kept: Kept, entry: Entry) -> None:
        kept.starts += 1
        kept.last_line = ""
        try:
            config = home_of(self.config, kept.actor)
            prepare_home(config, entry)
        except (SettingsError, OSError) as error:
            self._failed(kept, str(error))
            return
        fence = fence_of(self.config, config) if self.separation == "kernel" else None
        lock = self._register.node_lock(kept.actor)
        try:
            held = lock.__enter__()
        except Stop as stop:
            self._failed(kept, str(stop))
            return
        as_user: dict[str, Any] = {}
        if entry.uid is not None:
            as_user = {"user": entry.uid, "group": entry.gid, "extra_groups": []}
        home = self.config.folder / kept.actor
        kept.lock = lock
        kept.process = subprocess.Popen(
            [sys.executable, "-P", "-m", PROGRAM, confined.plan(fence, os.getpid())],
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=(held,),
            umask=0o077,
            env=_environment(home),
            **as_user,
        )
        kept.began_s, kept.told_s, kept.why = time.monotonic(), None, ""
        out = kept.process.stdout
        if out is not None:
            os.set_blocking(out.fileno(), False)
            self._selector.register(out, selectors.EVENT_READ, kept)

    def _failed(self, kept: Kept, why: str) -> None:
        wait = kept.waiting.ended(time.monotonic(), 0.0)
        self._let_go(kept)
        if why != kept.why:
            self.say(f"[{kept.actor}] cannot be started: {why}")
        kept.why = why
        _LOG.info("%s is tried again in %.0f s", kept.actor, wait)

    def _gone(self, kept: Kept, code: int) -> None:
        self._drain(kept)
        self._let_go(kept)
        now_s = time.monotonic()
        wait = kept.waiting.ended(now_s, now_s - kept.began_s)
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        kept.why = kept.why or f"{how}: {kept.last_line or 'without a word'}"
        kept.process, kept.memory, kept.told_s = None, 0, None
        self.say(f"[{kept.actor}] ended ({kept.why}); again in {wait:.0f} s, if it is wanted")

    def _tell(self, kept: Kept, why: str) -> None:
        if kept.process is not None and kept.told_s is None:
            kept.told_s, kept.why = self._looked_s, why
            kept.process.terminate()

    def _kill(self, kept: Kept) -> None:
        """The node and everything it started: they are one session."""
        if kept.process is not None:
            kept.why = kept.why or "it did not end when told to, and was killed"
            try:
                os.killpg(kept.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                kept.process.kill()

    def _end_all(self) -> None:
        """All are told at once, and waited for together."""
        self._looked_s = time.monotonic()
        for kept in self.kept.values():
            self._tell(kept, "the operator ended")
        end = self._looked_s + self.config.operator.end_s
        while any(kept.process is not None for kept in self.kept.values()):
            self._listen(WAIT_S)
            for kept in self.kept.values():
                if kept.process is not None and kept.process.poll() is not None:
                    self._gone(kept, kept.process.returncode)
                elif kept.process is not None and time.monotonic() > end:
                    self._kill(kept)
        self._selector.close()
        self._write({}, stopped=True)

    def _listen(self, wait_s: float) -> None:
        if not self._selector.get_map():
            time.sleep(wait_s)
            return
        for key, _ in self._selector.select(wait_s):
            self._hear(key.data)

    def _hear(self, kept: Kept) -> bool:
        """Passes on what the node has said; whether there was anything."""
        out = kept.process.stdout if kept.process is not None else None
        if out is None or out.closed:
            return False
        try:
            data = os.read(out.fileno(), READ_BYTES)
        except BlockingIOError:
            return False
        if not data:
            self._selector.unregister(out)
            out.close()
            return False
        *lines, rest = (kept.part + data).split(b"\n")
        if len(rest) > LINE_BYTES_MAX:
            lines, rest = [*lines, rest], b""
        kept.part = rest
        for line in lines:
            kept.last_line = line[:LINE_BYTES_MAX].decode(errors="replace").strip()
            self.say(f"[{kept.actor}] {printable(kept.last_line)}")
        return True

    def _drain(self, kept: Kept) -> None:
        for _ in range(16):
            if not self._hear(kept):
                return

    def _let_go(self, kept: Kept) -> None:
        out = kept.process.stdout if kept.process is not None else None
        if out is not None and not out.closed:
            self._selector.unregister(out)
            out.close()
        if kept.lock is not None:
            kept.lock.__exit__(None, None, None)
            kept.lock = None
        kept.part = b""

    def _moved(self, actor: str) -> None:
        """One that moved away keeps no key here, also where the command that moved it was killed."""
        try:
            if self.kept[actor].process is None and destroy_keys(home_of(self.config, actor)):
                self.say(f"[{actor}] moved away: its keys here are destroyed")
        except (SettingsError, OSError) as error:
            _LOG.error("%s moved away, but its folder cannot be used: %s", actor, error)

    def _write(self, entries: Mapping[str, Entry], *, stopped: bool = False) -> None:
        actors = {
            kept.actor: {
                "pid": None if kept.process is None else kept.process.pid,
                "starts": kept.starts,
                "why": kept.why,
                "memory_mb": kept.memory,
                "up_s": None if kept.process is None else int(time.monotonic() - kept.began_s),
            }
            for kept in self.kept.values()
            if stopped or kept.actor in entries
        }
        state = {
            "pid": os.getpid(),
            "at_us": SystemClock().now_us(),
            "stopped": stopped,
            "separation": self.separation,
            "actors": actors,
        }
        try:
            Safe(self.config.folder).write(STATE, json.dumps(state, sort_keys=True))
        except OSError as error:
            _LOG.error("the state cannot be written: %s", error)


def printable(line: str) -> str:
    """Without what would move a terminal's cursor."""
    return "".join(letter if letter.isprintable() else "?" for letter in line)


def _environment(home: Path) -> dict[str, str]:
    given = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return given | {"HOME": str(home), "TMPDIR": str(home / "tmp")}


def running_state(folder: Path) -> dict[str, Any]:
    """What the running operator wrote last; {} where none has run. Stop for what is no state."""
    try:
        state = json.loads((folder / STATE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise Stop(
            Exit.INPUT, Text("{what} cannot be read: {error}", what=folder / STATE, error=Text.of_error(error))
        ) from error
    return dict(state)
