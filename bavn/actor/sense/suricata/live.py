"""Suricata on an interface, managed by the node: started, rotated, read, restarted, ended.

EVE goes to a regular file, since a socket loses events (docs/sources.md). It is rotated by renaming it and telling
Suricata to open its logs again; a rotated file is deleted once the store keeps all of it. Refuses to decide what
Suricata blocks or alerts on.
"""

import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from bavn.actor.formats.gzipped import head_of
from bavn.actor.formats.refused import of_file
from bavn.actor.sense.base import Batch, Loss, Passed, SourceBroken
from bavn.actor.sense.engine import Engine
from bavn.actor.sense.follow import Follower, place_of
from bavn.actor.sense.parsed import NOTHING
from bavn.actor.sense.place import BEGINNING, HEAD_BYTES_MAX, Place
from bavn.actor.sense.prepare import prepared
from bavn.actor.sense.suricata.command_socket import CommandSocket, SuricataRefused
from bavn.actor.sense.suricata.config import EVE_NAME, SOCKET_NAME, SuricataConfig, live_yaml
from bavn.actor.sense.suricata.eve import EveParser
from bavn.actor.sense.suricata.process import STOP_TIMEOUT_S, SuricataProcess, must_read, release_in
from bavn.actor.sense.suricata.stats import StatsTally
from bavn.actor.sense.unread import read_or_refused
from bavn.model.health import SENSOR_SILENT_TIMES
from bavn.model.text import Text

ROTATE_BYTES: Final = 64 << 20
BACKLOG_BYTES_MAX: Final = 4 << 30
BACK_OFF_S_MAX: Final = 60.0
"""Between two starts of a Suricata that ends by itself: 1 s, then twice as long each time up to this. One that ran for
longer than this begins at 1 s again."""

START_S: Final = 120.0
"""Suricata may take so long to load its rules before its first statistics."""

FREE_BYTES_MIN: Final = 1 << 20
REOPEN_TIMEOUT_S: Final = 5.0
_NET: Final = Path("/sys/class/net")


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
        tick: Callable[[], float] = time.monotonic,
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
        self._tick = tick
        self._all_rule_files, self._unread_rules = self._config.rule_files, list[Text]()
        self._tally = StatsTally()
        self._starts, self._began, self._heard, self._spoke, self._silent_s = 0, 0.0, 0.0, False, 0
        self._back_off_s, self._not_before, self._ending = 0.0, 0.0, False
        self._why = self._cause = Text("it did not say why")
        self._deleted_bytes, self._never_began, self._release = 0, 0, 0
        self.commands: Final = CommandSocket(folder / SOCKET_NAME, REOPEN_TIMEOUT_S)

    @property
    def name(self) -> str:
        return self._name

    def poll(self) -> Iterator[Batch]:
        """Starts Suricata where it does not run. Where it ended by itself, what it wrote is given first, then
        SourceBroken says why; it is started again after a while (BACK_OFF_S_MAX)."""
        broken = self._watched()
        yield from self._overflow()
        for chunk in self._follower.read():
            parsed = read_or_refused(chunk.segment, partial(self._parser.parse, chunk.segment))
            parsed = parsed.without(chunk.segment.file, chunk.lost)
            self._place = chunk.place
            batch = parsed.batch(self._name, chunk.place.text())
            seen = self._tally.seen
            self._tally.take(batch.tables)
            if self._tally.seen > seen:
                self._heard, self._spoke = self._tick(), True
            yield batch
        self._silent_s = self._silence()
        begun = self._folder.is_dir()  # not where it never could be started
        if broken is None and begun and shutil.disk_usage(self._folder).free < FREE_BYTES_MIN:
            broken = Text(
                "the disk under {what} is full: what Suricata writes is lost until there is room", what=self._folder
            )
        if broken is None and self._silent_s:
            broken = Text(
                "Suricata on {what} does not keep up or hangs: it says nothing of itself any more", what=self._interface
            )
        if broken is not None:
            raise SourceBroken(broken)

    def _watched(self) -> Text | None:
        """Starts, rotates, or finds out what is wrong. What Suricata wrote is to be read in any case."""
        try:
            if self._process is None:
                if self._ending:
                    return None
                if self._tick() < self._not_before:
                    return self._why
                self._start()
                return None
            status = self._process.ended()
            if status is not None:
                return self._fell(status, self._process)
            if not (_NET / self._interface).exists():
                self._process.stop()
                self._process = None
                self.commands.close()
                return Text("the interface {what} is gone: capture goes on when it is back", what=self._interface)
            self._rotate()
        except SourceBroken as error:
            return Text.of_error(error)
        return None

    def _fell(self, status: int, process: SuricataProcess) -> Text:
        """It ended by itself: why, and when it is tried again."""
        self._never_began = 0 if process.started() else self._never_began + 1
        self._process = None
        self.commands.close()
        lasted = self._tick() - self._began
        self._back_off_s = 1.0 if lasted > BACK_OFF_S_MAX else min(BACK_OFF_S_MAX, max(1.0, 2 * self._back_off_s))
        self._not_before = self._tick() + self._back_off_s
        errors = process.errors()
        why = self._cause = Text.plain(errors[0]) if errors else Text("it did not say why")
        self._why = Text(
            "Suricata on {interface} ended with status {status}: {why}. It is started again after {seconds} s",
            interface=self._interface,
            status=status,
            why=why,
            seconds=f"{self._back_off_s:.0f}",
        )
        return self._why

    def _silence(self) -> int:
        """For how many seconds a running Suricata has said nothing, where that is too long; else 0."""
        if self._process is None or self._ending:
            return 0
        allowed = SENSOR_SILENT_TIMES * self._config.stats_interval_s + (0 if self._spoke else START_S)
        silent = self._tick() - self._heard
        return int(silent) if silent > allowed else 0

    def running(self) -> bool:
        """Whether a Suricata captures now."""
        return self._process is not None and self._process.ended() is None and self._process.started()

    @property
    def never_began(self) -> tuple[int, Text]:
        """How often in a row it ended before capture began, and why the last time."""
        return self._never_began, self._cause

    def losses(self) -> tuple[Loss, ...]:
        """See Accounted."""
        return (*self._tally.losses(), Loss(what="unread_deleted", count=self._deleted_bytes, unit="bytes"))

    def counts(self) -> Mapping[str, int]:
        """See Accounted."""
        self._release = self._release or release_in(self._folder)
        return {
            "running": int(self.running()),
            "restarts": max(0, self._starts - 1),
            "capture_packets": self._tally.packets,
            "recent_loss_permille": self._tally.recent_permille,
            "silent_s": self._silent_s,
            "suricata_release": self._release,
        }

    def end(self, wait_s: float) -> None:
        """Ends Suricata for good within so long; what it wrote until then the next polls still give."""
        self._ending = True
        if self._process:
            self._process.stop(wait_s)
            self._process = None
        self.commands.close()

    def kill(self) -> None:
        """Ends Suricata at once and for good, also one that hangs. From any thread; harmless when it has ended."""
        self._ending = True
        process = self._process
        if process is not None:
            process.stop(0.0)

    def go_back(self, mark: str | None) -> None:
        """See GoesBack."""
        self._follower.go_back(place_of(self._name, mark))

    def pass_over(self) -> Passed | None:
        """See PassesOver."""
        return self._follower.pass_over()

    def acknowledge(self, mark: str) -> None:
        """Deletes the rotated files that are kept in whole."""
        left = Place.parse(mark).left
        for path in self._rotated():
            head = head_of(path, HEAD_BYTES_MAX)
            if any(known.begins(head) for known in left):
                path.unlink(missing_ok=True)

    def lag_bytes(self) -> int:
        """Of the current file and of all that were rotated away and not yet read. From any thread."""
        place, unread = self._place, 0
        for path in (*self._rotated(), self._eve):
            head = head_of(path, HEAD_BYTES_MAX)
            if not head or any(known.begins(head) for known in place.left):
                continue
            here = place.head.count > 0 and place.head.begins(head)
            unread += max(0, path.stat().st_size - (place.offset if here else 0))
        return unread

    def close(self) -> None:
        """Ends Suricata, which writes out what it knows; what was not read is read at the next start."""
        self.end(STOP_TIMEOUT_S)
        self._follower.close()

    def _start(self) -> None:
        try:
            mtu = int((_NET / self._interface / "mtu").read_text())
        except (OSError, ValueError) as error:
            raise SourceBroken(
                Text("there is no interface {what}: name one that `ip link` lists", what=repr(self._interface))
            ) from error
        self._config = replace(self._config, rule_files=self._readable())
        data = self._config.dataset_dir or self._folder / "data"
        try:
            data.mkdir(parents=True, exist_ok=True)
            if self._config.ring_folder:
                self._config.ring_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._folder.mkdir(parents=True, exist_ok=True)
            (self._folder / SOCKET_NAME).unlink(missing_ok=True)
            self._put_aside()
        except OSError as error:
            raise SourceBroken(
                of_file(
                    self._folder, Text("cannot be written ({why}): let the node's user write it", why=error.strerror)
                )
            ) from error
        arguments = [f"--af-packet={self._interface}", "-k", "none", "--runmode", "workers", "--data-dir", str(data)]
        if not self._config.rule_files:
            arguments += ["-S", "/dev/null"]
        yaml = live_yaml(self._config, self._interface, self._folder, mtu=mtu, processors=os.cpu_count() or 1)
        self._process = SuricataProcess(yaml, self._folder, arguments)
        self._tally.begin()
        self._starts, self._release = self._starts + 1, 0
        self._began = self._heard = self._tick()
        self._spoke = False

    def _readable(self) -> tuple[Path, ...]:
        """The rule files that can be read: a sensor with fewer rules is better than none. The rest is said."""
        good, self._unread_rules = [], []
        for path in self._all_rule_files:
            try:
                must_read((path,))
                good.append(path)
            except SourceBroken as error:
                self._unread_rules.append(Text.of_error(error))
        return tuple(good)

    @property
    def unread_rules(self) -> tuple[Text, ...]:
        """Why the running Suricata was started without some rule files."""
        return tuple(self._unread_rules)

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
            raise SourceBroken(Text("Suricata does not rotate its log: {why}", why=Text.of_error(error))) from error

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
        self._deleted_bytes += sum(sizes[:-1])
        reason = Text(
            "{bytes} bytes deleted unread: more than {most} were waiting",
            bytes=sum(sizes[:-1]),
            most=self._backlog_bytes_max,
        )
        yield NOTHING.without(EVE_NAME, reason).batch(self._name, self._place.text())

    def _rotated(self) -> list[Path]:
        return [path for path in self._folder.glob(f"{EVE_NAME}.*") if path.suffix[1:].isdigit()]
