"""An unbound of the node's own: its configuration, its process, its end. Never the machine's DNS.

It listens on loopback unless told otherwise, never below port 1024, asks only the name servers it was given, and keeps
all its files in one folder. It outlives a node that crashed or was killed, which must not take a clinic's name
resolution with it; the next start takes it over. A node that is told to end ends it (``end``). Refuses to know what is
blocked.
"""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Final

from bavn.actor.protect.enforcers.atomic import read_if_there, write_whole
from bavn.actor.protect.enforcers.rpz import ZONE, zone_text
from bavn.actor.protect.enforcers.unbound_control import UnboundControl
from bavn.model.observable import Observable, ObservableType
from bavn.model.ports import EnforcerDown
from bavn.model.text import Text
from bavn.model.tied import tied

PORT_MIN: Final = 1024
SOCKET_PATH_CHARS_MAX: Final = 100
START_S_MAX: Final = 10.0
STOP_S_MAX: Final = 5.0
APPARMOR: Final = Path("/sys/kernel/security/apparmor")
END_S_MAX: Final = 0.8
"""From SIGTERM to SIGKILL where the node ends: all that counts of a resolver is on the disk."""
_POLL_S: Final = 0.01


class SocketPathTooLong(ValueError):
    """The operator must choose a shorter folder: the kernel takes no longer path for a socket."""


class Unbound(UnboundControl):
    """``listen`` and ``upstreams`` are ``address@port``; ``clients`` (CIDR) may ask. Without upstreams it knows only
    ``answers`` (name -> address) and contacts nobody. ``outlives``: it stays when the process that started it is
    killed. ValueError for what the operator wrote wrongly."""

    def __init__(
        self,
        folder: Path,
        *,
        listen: Sequence[str],
        upstreams: Sequence[str] = (),
        clients: Sequence[str] = ("127.0.0.0/8", "::1/128"),
        answers: Mapping[str, str] | None = None,
        program: str = "unbound",
        outlives: bool = True,
    ) -> None:
        super().__init__(folder / "control")
        if len(str(folder / "control")) > SOCKET_PATH_CHARS_MAX:
            most = SOCKET_PATH_CHARS_MAX - len("/control")
            raise SocketPathTooLong(
                Text(
                    "{folder} has {length} characters, and unbound's control socket in it allows {most}: choose a"
                    " shorter path",
                    folder=folder,
                    length=len(str(folder)),
                    most=most,
                )
            )
        if not listen:
            raise ValueError(Text("unbound must listen somewhere"))
        if upstreams and answers:
            raise ValueError(Text("unbound either asks upstreams or knows its answers itself"))
        self.folder, self.zone_file, self.log_file = folder, folder / "rpz.zone", folder / "unbound.log"
        self._answers = {_name(name): str(ip_address(address)) for name, address in (answers or {}).items()}
        self._config = self._written(
            [_endpoint(text, PORT_MIN) for text in listen],
            [_endpoint(text, 1) for text in upstreams],
            [str(ip_network(text)) for text in clients],
        )
        self._program, self._outlives = program, outlives
        self._process: subprocess.Popen[bytes] | None = None

    def ensure(self) -> None:
        """Runs with this configuration when it returns: taken over, restarted or started. Raises EnforcerDown."""
        self._reap()
        file = self.folder / "unbound.conf"
        if self.alive():
            if read_if_there(file) == self._config:
                return
            self.close()
        self._end_silent(file)
        if read_if_there(self.zone_file) is None:
            write_whole(self.zone_file, zone_text([], 1))
        write_whole(self.folder / "answers.zone", _answers_zone(self._answers))
        write_whole(file, self._config)
        self._start(file)

    def close(self) -> None:
        """It ends, whoever started it. Harmless when it does not run."""
        if self.alive():
            self.stop()
        ends = time.monotonic() + STOP_S_MAX
        while self.alive() and time.monotonic() < ends:
            time.sleep(_POLL_S)
        if self._process is not None:
            try:
                self._process.wait(STOP_S_MAX)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def end(self) -> None:
        """It is gone within seconds, whoever started it, whether or not it answers. Harmless when it does not run."""
        self._kill(self.folder / "unbound.conf", signal.SIGTERM, END_S_MAX)
        self._kill(self.folder / "unbound.conf", signal.SIGKILL, STOP_S_MAX)
        self._reap()

    def _start(self, file: Path) -> None:
        command = [self._program, "-d", "-c", str(file)]
        try:
            self._process = subprocess.Popen(
                command if self._outlives else tied(command),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            raise EnforcerDown(
                Text("{program} cannot be started: {strerror}", program=self._program, strerror=error.strerror)
            ) from error
        ends = time.monotonic() + START_S_MAX
        while not self.alive():
            if self._process.poll() is not None or time.monotonic() > ends:
                self._process.kill()
                self._process.wait()
                self._process = None
                raise EnforcerDown(self._why_not())
            time.sleep(_POLL_S)

    def _why_not(self) -> Text:
        """One that could not even begin its log was let by nobody into this folder."""
        if APPARMOR.exists() and not self.log_file.exists():
            return Text(
                "unbound did not start and wrote nothing: AppArmor may not let it into {folder} (/etc/apparmor.d/local/"
                "usr.sbin.unbound)",
                folder=self.folder,
            )
        return Text("unbound did not start; the reason stands in {log_file}", log_file=self.log_file)

    def _end_silent(self, file: Path) -> None:
        """Ends a resolver of this configuration that runs and does not answer: beside a second one on the same port it
        would go on answering, and know of no later block."""
        self._kill(file, signal.SIGKILL, STOP_S_MAX)
        if self._process is not None:
            self._process.wait()
            self._process = None

    def _kill(self, file: Path, number: signal.Signals, wait_s: float) -> None:
        """This signal to every process that is known to run with this configuration; waits so long for its end."""
        pids = {int(said) for said in [(read_if_there(self.folder / "unbound.pid") or b"").strip()] if said.isdigit()}
        if self._process is not None:
            pids.add(self._process.pid)
        for pid in pids:
            with suppress(OSError):
                if os.fsencode(file) in Path(f"/proc/{pid}/cmdline").read_bytes():
                    os.kill(pid, number)
                    _gone(pid, wait_s)

    def _reap(self) -> None:
        if self._process is not None and self._process.poll() is not None:
            self._process = None

    def _written(self, listen: Sequence[str], upstreams: Sequence[str], clients: Sequence[str]) -> bytes:
        def path(name: str) -> str:
            return f'"{self.folder / name}"'

        lines = ["server:", f"  directory: {path('')}", '  chroot: ""', '  username: ""', "  do-daemonize: no"]
        lines += [f"  pidfile: {path('unbound.pid')}", "  use-syslog: no", f"  logfile: {path('unbound.log')}"]
        lines += ["  so-reuseport: no"]  # who comes second gets no port, rather than half of the questions
        lines += ["  log-time-ascii: no", "  verbosity: 0", "  num-threads: 1", '  module-config: "respip iterator"']
        lines += ["  hide-identity: yes", "  hide-version: yes", "  do-not-query-localhost: no"]
        lines += ["  unblock-lan-zones: yes", "  insecure-lan-zones: yes", "  edns-buffer-size: 1232"]
        lines += ["  msg-cache-size: 16m", "  rrset-cache-size: 32m", "  minimal-responses: yes"]
        lines += [f"  interface: {endpoint}" for endpoint in listen]
        lines += [f"  access-control: {network} allow" for network in clients]
        lines += ["remote-control:", "  control-enable: yes", f"  control-interface: {path('control')}"]
        lines += ["  control-use-cert: no", "rpz:", f'  name: "{ZONE}"', f"  zonefile: {path('rpz.zone')}"]
        lines += ["  rpz-log: yes", '  rpz-log-name: "bavn"']
        if upstreams:
            lines += ["forward-zone:", '  name: "."', *(f"  forward-addr: {endpoint}" for endpoint in upstreams)]
        else:
            lines += ["auth-zone:", '  name: "."', f"  zonefile: {path('answers.zone')}"]
            lines += ["  for-downstream: no", "  for-upstream: yes", "  fallback-enabled: no"]
        return ("\n".join(lines) + "\n").encode()


def _gone(pid: int, wait_s: float) -> None:
    """Waits for a process that was told to end, whoever's child it is."""
    ends = time.monotonic() + wait_s
    while time.monotonic() < ends:
        stat = Path(f"/proc/{pid}/stat").read_bytes()  # OSError: it is gone
        if stat.rpartition(b")")[2].split()[0] in (b"Z", b"X"):
            return
        time.sleep(_POLL_S)


def _endpoint(text: str, port_min: int) -> str:
    address, _, port = text.rpartition("@")
    try:
        spelled = f"{ip_address(address)}@{int(port)}"
    except ValueError as error:
        raise ValueError(Text("{text} must be written address@port", text=repr(text))) from error
    if not port_min <= int(port) < 2**16:
        raise ValueError(Text("{text}: the port must lie in {port_min}..65535", text=repr(text), port_min=port_min))
    return spelled


def _name(text: str) -> str:
    return Observable.of(ObservableType.DOMAIN, text).value


def _answers_zone(answers: Mapping[str, str]) -> bytes:
    lines = ["$ORIGIN .", "$TTL 60", "@ IN SOA localhost. nobody.invalid. 1 3600 600 86400 60", "@ IN NS localhost."]
    for name, address in sorted(answers.items()):
        lines.append(f"{name}. IN {'AAAA' if ':' in address else 'A'} {address}")
    return ("\n".join(lines) + "\n").encode("ascii")
