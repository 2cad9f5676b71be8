"""Suricata on an interface, managed by the node: started, rotated, read, restarted, ended.

EVE goes to a regular file, since a socket loses events (docs/sources.md). It is rotated by renaming it and telling
Suricata to open its logs again; a rotated file is deleted once the store keeps all of it. Refuses to decide what
Suricata blocks or alerts on.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bavn.actor.sense.base import Batch, SourceBroken
from bavn.actor.sense.engine import Engine
from bavn.actor.sense.eve import EveParser
from bavn.actor.sense.eve_file import place_of
from bavn.actor.sense.follow import Follower
from bavn.actor.sense.logfile import head_of
from bavn.actor.sense.place import BEGINNING, HEAD_BYTES_MAX, Place
from bavn.actor.sense.prepare import prepared
from bavn.actor.sense.reader import NOTHING
from bavn.actor.sense.suricata_config import EVE_NAME, SOCKET_NAME, SuricataConfig, live_yaml
from bavn.actor.sense.suricata_process import SuricataProcess, must_read
from bavn.actor.sense.suricata_socket import CommandSocket, SuricataRefused

ROTATE_BYTES: Final = 64 << 20
BACKLOG_BYTES_MAX: Final = 4 << 30
_LOOK_S: Final = 0.1


class SuricataLive:
    """A Source. ``folder`` is this Suricata's own (configuration, log, EVE, command socket) and survives a restart.

    Nothing is started before the first poll. ``commands`` reach the running Suricata: reload rules, change datasets.
    SourceBroken for a mark that is not this source's.
    """

    def __init__(
        self,
        *,
        name: str,
        sensor: str,
        interface: str,
        folder: Path,
        config: SuricataConfig | None = None,
        mark: str | None = None,
        engine: Engine | None = None,
        rotate_bytes: int = ROTATE_BYTES,
        backlog_bytes_max: int = BACKLOG_BYTES_MAX,
    ) -> None:
        self._name, self._interface, self._folder = name, interface, folder
        self._config = config or SuricataConfig()
        self._rotate_bytes, self._backlog_bytes_max = rotate_bytes, backlog_bytes_max
        self._parser = EveParser(engine or prepared(), sensor)
        self._eve = folder / EVE_NAME
        self._place = place_of(name, mark) or BEGINNING
        self._follower = Follower(self._eve, place_of(name, mark), self._rotated, ours=True)
        self._process: SuricataProcess | None = None
        self._number = 0
        self.commands: Final = CommandSocket(folder / SOCKET_NAME)

    @property
    def name(self) -> str:
        return self._name

    def poll(self) -> Iterator[Batch]:
        """Starts Suricata where it does not run. Where it ended by itself, what it wrote is given first, then
        SourceBroken says why; the next poll starts it again."""
        if self._process is None:
            self._start()
        process = self._process
        status = process.ended() if process else None
        if status is None:
            self._rotate()
        yield from self._overflow()
        for chunk in self._follower.read():
            parsed = self._parser.parse(chunk.segment).without(chunk.segment.file, chunk.lost)
            self._place = chunk.place
            yield parsed.batch(self._name, chunk.place.text())
        if process is not None and status is not None:
            self._process = None
            self.commands.close()
            why = (process.errors() or ["it did not say why"])[0]
            raise SourceBroken(f"Suricata on {self._interface} ended with status {status}: {why}")

    def acknowledge(self, mark: str) -> None:
        """Deletes the rotated files that are kept in whole."""
        left = Place.parse(mark).left
        for path in self._rotated():
            head = head_of(path, HEAD_BYTES_MAX)
            if any(known.begins(head) for known in left):
                path.unlink(missing_ok=True)

    def lag_bytes(self) -> int:
        return self._follower.lag_bytes()

    def wait_started(self, timeout_s: float) -> bool:
        """Whether capture has begun, waiting so long for it. Starts Suricata. Raises SourceBroken."""
        if self._process is None:
            self._start()
        process = self._process
        waited = 0.0
        while process is not None and not process.started() and waited < timeout_s:
            if process.ended(_LOOK_S) is not None:
                return False
            waited += _LOOK_S
        return process is not None and process.started()

    def close(self) -> None:
        """Ends Suricata, which writes out what it knows; it is read at the next start."""
        if self._process:
            self._process.stop()
            self._process = None
        self.commands.close()
        self._follower.close()

    def _start(self) -> None:
        try:
            mtu = int((Path("/sys/class/net") / self._interface / "mtu").read_text())
        except (OSError, ValueError) as error:
            raise SourceBroken(f"there is no interface {self._interface!r}: name one that `ip link` lists") from error
        must_read(self._config.rule_files)
        data = self._config.dataset_dir or self._folder / "data"
        try:
            data.mkdir(parents=True, exist_ok=True)
            self._folder.mkdir(parents=True, exist_ok=True)
            (self._folder / SOCKET_NAME).unlink(missing_ok=True)
            self._put_aside()
        except OSError as error:
            raise SourceBroken(
                f"{self._folder} cannot be written ({error.strerror}): let the node's user write it"
            ) from error
        arguments = [f"--af-packet={self._interface}", "-k", "none", "--runmode", "workers", "--data-dir", str(data)]
        if not self._config.rule_files:
            arguments += ["-S", "/dev/null"]
        yaml = live_yaml(self._config, self._interface, self._folder, mtu=mtu, processors=os.cpu_count() or 1)
        self._process = SuricataProcess(yaml, self._folder, arguments)

    def _rotate(self) -> None:
        """Also takes up a rotation that broke off between its two steps."""
        process = self._process
        if process is None or not process.started():
            return
        if self._eve.exists():
            if self._eve.stat().st_size < self._rotate_bytes:
                return
            self._put_aside()
        try:
            self.commands.reopen_logs()
        except SuricataRefused as error:
            raise SourceBroken(f"Suricata does not rotate its log: {error}") from error

    def _put_aside(self) -> None:
        if self._eve.exists() and self._eve.stat().st_size > 0:
            self._number = max([self._number, *(int(path.suffix[1:]) for path in self._rotated())]) + 1
            self._eve.rename(self._eve.with_name(f"{EVE_NAME}.{self._number:06}"))

    def _overflow(self) -> Iterator[Batch]:
        """Beyond the bound the oldest unread files go, and that is said."""
        rotated = sorted(self._rotated())
        sizes = [path.stat().st_size for path in rotated]
        if sum(sizes) <= self._backlog_bytes_max:
            return
        for path in rotated[:-1]:
            path.unlink(missing_ok=True)
        reason = f"{sum(sizes[:-1])} bytes deleted unread: more than {self._backlog_bytes_max} were waiting"
        yield NOTHING.without(EVE_NAME, reason).batch(self._name, self._place.text())

    def _rotated(self) -> list[Path]:
        return [path for path in self._folder.glob(f"{EVE_NAME}.*") if path.suffix[1:].isdigit()]
