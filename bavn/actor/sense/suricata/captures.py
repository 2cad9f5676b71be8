"""A folder of captures that Suricata reads as they come, in the order of their names.

A capture is read when its size has not changed between two looks. A capture that cannot be read is one refusal, and the
next one's turn. Refuses to delete captures.
"""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Self

from bavn.actor.formats.gzipped import head_of
from bavn.actor.formats.pcap import form_of
from bavn.actor.formats.refused import of_file
from bavn.actor.sense.base import Batch, Loss, Passed, SourceBroken, mark_of_another
from bavn.actor.sense.engine import Engine
from bavn.actor.sense.handshakes.capture import read_capture
from bavn.actor.sense.parsed import NOTHING
from bavn.actor.sense.place import Head, Place
from bavn.actor.sense.prepare import prepared
from bavn.actor.sense.suricata import eve_capture
from bavn.actor.sense.suricata.config import SuricataConfig
from bavn.actor.sense.suricata.process import release_in
from bavn.actor.sense.suricata.run import NoPlace, Run, run_over
from bavn.model.malformed import UNREADABLE
from bavn.model.text import Text

_RUN_NAME: Final = "run.json"
_DONE_NAME: Final = "done.json"
DONE_MAX: Final = 100_000
"""Names of captures read to their end that are remembered, of those that still lie in the folder."""

_GONE: Final = Text(
    "Suricata's output was removed before all of it was kept: the rest of this capture is not read again"
)


@dataclass(frozen=True, slots=True)
class _Mark:
    """``bytes`` and ``lines`` of what Suricata wrote over ``capture`` are kept; -1 bytes: all."""

    capture: str = ""
    bytes: int = 0
    lines: int = 0

    def text(self) -> str:
        return json.dumps([self.capture, self.bytes, self.lines])

    @classmethod
    def parse(cls, name: str, mark: str | None) -> Self:
        try:
            match json.loads(mark or '["", 0, 0]'):
                case [str(capture), int(kept), int(lines)]:
                    return cls(capture, kept, lines)
        except ValueError:
            pass
        raise SourceBroken(mark_of_another(name))


class CaptureFolder:
    """A Source over ``folder``: every file in it that is a pcap or pcapng, whatever its name (not those that begin with
    a dot). ``work`` is a folder of its own that must survive a restart: two runs over a capture write their lines in
    different order, so a run that was begun is read to its end. ``key_exchanges``: they are read too, and come with a
    capture's last batch. ``read`` is told of each capture that was read to its end. SourceBroken for a foreign mark."""

    def __init__(
        self,
        *,
        name: str,
        sensor: str,
        folder: Path,
        work: Path,
        config: SuricataConfig,
        mark: str | None = None,
        engine: Engine | None = None,
        key_exchanges: bool = True,
        read: Callable[[Path], None] | None = None,
    ) -> None:
        self._name, self._sensor, self._folder, self._work = name, sensor, folder, work
        self._key_exchanges, self._read = key_exchanges, read
        self._config = config
        self._engine = engine or prepared()
        self._mark = _Mark.parse(name, mark)
        self._sizes: dict[str, int] = {}
        self._done: set[str] | None = None
        self._gathered = ""
        self._others = self._release = 0

    @property
    def name(self) -> str:
        return self._name

    def poll(self) -> Iterator[Batch]:
        for capture in self._ready():
            kept = self._mark if self._mark.capture == capture.name else _Mark(capture.name)
            run, reason = self._run(capture, kept)
            if run:
                yield from self._batches(capture, run, kept)
                reason = run.damage
            last = read_capture(capture, self._sensor) if run and self._key_exchanges else NOTHING
            yield last.without(capture.name, reason).batch(self._name, _Mark(capture.name, -1).text())

    def pass_over(self) -> Passed | None:
        """See PassesOver: the capture that is next."""
        waiting = self._waiting()
        if not waiting:
            return None
        capture = waiting[0]
        loss = Loss(what="passed_over", count=capture.stat().st_size, unit="bytes")
        return Passed(loss, head_of(capture, 1 << 20), _Mark(capture.name, -1).text())

    def acknowledge(self, mark: str) -> None:
        self._mark = _Mark.parse(self._name, mark)
        if self._mark.bytes == -1:
            self._remember(self._mark.capture)
            if self._read is not None:
                self._read(self._folder / self._mark.capture)
            shutil.rmtree(self._work / "run", ignore_errors=True)

    def lag_bytes(self) -> int:
        return sum(capture.stat().st_size for capture in self._waiting())

    def losses(self) -> tuple[Loss, ...]:
        """None: what a capture lacks is refused with its name."""
        return ()

    def counts(self) -> Mapping[str, int]:
        """What lies there and is no capture (yet): other files, folders, links to nothing; and which Suricata read the
        last one."""
        others = {"no_captures": self._others} if self._others else {}
        return others | ({"suricata_release": self._release} if self._release else {})

    def close(self) -> None:
        """Nothing is held between two polls; what a run wrote stays for the next start."""

    def _run(self, capture: Path, kept: _Mark) -> tuple[Run | None, Text | None]:
        """What Suricata wrote over a capture, from before a restart or now; or why there is nothing to read."""
        folder = self._work / "run"
        about = folder / _RUN_NAME
        try:
            if kept.bytes:
                written = json.loads(about.read_text())
                if written["capture"] != capture.name:
                    return None, _GONE
                damage = Text.of_row(written["damage"]) if written["damage"] else None
                return Run(Path(written["eve"]), damage), None
        except UNREADABLE:
            return None, _GONE
        self._gathered = ""
        try:
            run = run_over(capture, folder, self._config)
        except NoPlace:
            raise  # it waits until there is room
        except SourceBroken as error:
            return None, Text.of_error(error)
        self._release = release_in(folder) or self._release
        try:
            about.write_text(
                json.dumps({"capture": capture.name, "eve": str(run.eve), "damage": run.damage and run.damage.row()})
            )
        except OSError as error:
            raise NoPlace(of_file(about, Text("cannot be written ({why}): make room", why=error.strerror))) from error
        return run, None

    def _batches(self, capture: Path, run: Run, kept: _Mark) -> Iterator[Batch]:
        """Whoever asks may stop after any batch and go on from what is kept."""
        if self._gathered != capture.name:
            eve_capture.gather(self._engine, self._sensor, run.eve)
            self._gathered = capture.name
        place = Place(Head("", 0), kept.bytes, kept.lines)
        for chunk, parsed in eve_capture.parsed(self._engine, self._sensor, run.eve, place):
            named = replace(parsed, refusals=tuple(replace(r, file=capture.name) for r in parsed.refusals))
            yield named.batch(self._name, _Mark(capture.name, chunk.place.offset, chunk.place.lines).text())

    def _waiting(self) -> list[Path]:
        """Captures that are not read to their end, by name. SourceBroken if the folder cannot be listed."""
        done = self._known()
        try:
            named = [path for path in self._folder.iterdir() if path.name not in done and not path.name.startswith(".")]
        except OSError as error:
            raise SourceBroken(
                of_file(self._folder, Text("cannot be listed ({why}): let the node's user read it", why=error.strerror))
            ) from error
        captures = sorted(path for path in named if path.is_file() and form_of(head_of(path, 4)))
        self._others = len(named) - len(captures)
        begun = [path for path in captures if path.name == self._mark.capture]
        return [*begun, *(path for path in captures if path.name != self._mark.capture)]

    def _ready(self) -> list[Path]:
        """The first of the waiting up to one that still grows."""
        waiting = self._waiting()
        before, self._sizes = self._sizes, {path.name: path.stat().st_size for path in waiting}
        ready = []
        for path in waiting:
            if before.get(path.name) != self._sizes[path.name]:
                break
            ready.append(path)
        return ready

    def _known(self) -> set[str]:
        if self._done is None:
            try:
                self._done = set(json.loads((self._work / _DONE_NAME).read_text()))
            except UNREADABLE:
                self._done = set()
            if self._mark.bytes == -1 and self._mark.capture not in self._done:
                # The node died before this was remembered; the next mark will not say it any more.
                self._remember(self._mark.capture)
        return self._done

    def _remember(self, capture: str) -> None:
        """On disk, of what still lies in the folder. The store's mark alone knows the last one."""
        done = {name for name in self._known() if (self._folder / name).exists()} | {capture}
        self._done = set(sorted(done)[-DONE_MAX:])
        try:
            self._work.mkdir(parents=True, exist_ok=True)
            fresh = self._work / (_DONE_NAME + ".new")
            fresh.write_text(json.dumps(sorted(self._done)))
            fresh.replace(self._work / _DONE_NAME)
        except OSError as error:
            raise SourceBroken(
                of_file(self._work, Text("cannot be written ({why}): let the node's user write it", why=error.strerror))
            ) from error
