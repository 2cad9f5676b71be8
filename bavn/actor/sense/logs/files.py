"""A log file that some program writes (a resolver, a proxy, a firewall's collector, ``ra``), followed across rotation.

Refuses to start, stop or configure the program.
"""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from bavn.actor.formats.lines import Segment, line_column
from bavn.actor.formats.refused import of_file
from bavn.actor.sense.base import Batch, SourceBroken
from bavn.actor.sense.documents.lines import line_parser
from bavn.actor.sense.engine import Engine
from bavn.actor.sense.flows.argus import ArgusLines
from bavn.actor.sense.follow import FollowedFile
from bavn.actor.sense.logs.records import AUTO, FORMATS, received
from bavn.actor.sense.pace import GATHER_S, Pace
from bavn.actor.sense.parsed import Parsed
from bavn.actor.sense.prepare import prepared
from bavn.actor.sense.unread import read_or_refused
from bavn.model.text import Text


class FollowedLog(FollowedFile):
    """A Source. ``path``: the current file; rotated ones lie beside it and begin with its name or stem. ``form``: a
    format's name or auto. ``now_us``: the clock; a stamp without a year is of the last twelve months. SourceBroken for
    a mark that is not this source's, and from ``poll`` while a file that was never read is not there."""

    def __init__(
        self,
        *,
        name: str,
        sensor: str,
        path: Path,
        now_us: Callable[[], int],
        form: str = AUTO,
        zone: str = "UTC",
        mark: str | None = None,
        engine: Engine | None = None,
        gather_s: float = GATHER_S,
    ) -> None:
        super().__init__(name, path, mark)
        self._now_us = now_us
        engine = engine or prepared()
        self._parser = line_parser(engine, sensor, name, form=form, zone=zone)
        self._argus = ArgusLines(engine, sensor, zone) if form == AUTO else None
        self._pace = Pace(gather_s)

    def poll(self) -> Iterator[Batch]:
        if not self._begun and not self._path.is_file():
            what = (
                Text("is a folder: name a file in it")
                if self._path.is_dir()
                else Text("is not there: is its name right?")
            )
            raise SourceBroken(of_file(self._path, what))
        if not self._pace.due(self._follower.lag_bytes()):
            return
        self._begun = True
        for chunk in self._follower.read():
            parsed = read_or_refused(chunk.segment, partial(self._read, chunk.segment))
            yield parsed.without(chunk.segment.file, chunk.lost).batch(self._name, chunk.place.text())

    def go_back(self, mark: str | None) -> None:
        """See GoesBack."""
        super().go_back(mark)
        if self._argus:
            self._argus.forget()

    def _read(self, segment: Segment) -> Parsed:
        flows = self._argus and self._argus.parse(segment, self._follower.head, self._now_us())
        if flows:
            return flows
        return self._parser.parse(received(line_column(segment), self._now_us()))


def split(given: str) -> tuple[str, str]:
    """``format:path`` or a path alone -> format (auto) and path."""
    form, colon, path = given.partition(":")
    return (form, path) if colon and form in (*FORMATS, AUTO) else (AUTO, given)
