"""A running Zeek's folder of logs, each followed across rotation. Refuses to start, stop or configure it."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

from bavn.actor.formats.refused import of_file
from bavn.actor.sense.base import Batch, Passed, SourceBroken, mark_of_another
from bavn.actor.sense.engine import Engine
from bavn.actor.sense.follow import Follower
from bavn.actor.sense.parsed import Parsed
from bavn.actor.sense.place import Place
from bavn.actor.sense.prepare import prepared
from bavn.actor.sense.reading import Chunk
from bavn.actor.sense.unread import read_or_refused
from bavn.actor.sense.zeek.fields import FIELDS
from bavn.actor.sense.zeek.header import Header
from bavn.actor.sense.zeek.records import ZeekParser
from bavn.model.malformed import MALFORMED
from bavn.model.text import Text

STREAMED: Final = "json_streaming_"
"""Before the names of logs that the package json-streaming-logs writes, which may take the others' place."""
ARCHIVE_DAYS_MAX: Final = 3
"""Newest day folders of zeekctl's archive, beside the current one, that are looked through for a rotated log."""


class ZeekFolder:
    """A Source over the logs of zeek_fields.FIELDS in ``folder`` (conn.log, dns.log, ...), as many as there are.

    Rotated logs lie beside them (conn.2026-01-01-00-00-00.log, conn.log.1) or in zeekctl's day folders next to
    ``folder`` (../2026-01-01/conn.00:00:00-01:00:00.log.gz). The mark holds a place and a header for each log.
    SourceBroken for a mark that is not this source's.
    """

    def __init__(
        self, *, name: str, sensor: str, folder: Path, mark: str | None = None, engine: Engine | None = None
    ) -> None:
        self._name = name
        self._folder = folder
        self._parser = ZeekParser(engine or prepared(), sensor)
        self._kind: str | None = None
        self._places, self._headers = _parse_mark(name, mark)
        self._prefix = STREAMED if any(folder.glob(f"{STREAMED}*.log")) else ""
        self._followers = {
            kind: Follower(folder / f"{self._prefix}{kind}.log", self._places.get(kind), partial(self._older, kind))
            for kind in FIELDS
        }

    @property
    def name(self) -> str:
        return self._name

    def poll(self) -> Iterator[Batch]:
        if not self._folder.is_dir():
            raise SourceBroken(
                of_file(self._folder, Text("is no folder that can be read: name the one in which Zeek's conn.log is"))
            )
        for kind, follower in self._followers.items():
            self._kind = kind
            for chunk in follower.read():
                yield self._batch(kind, chunk)

    def go_back(self, mark: str | None) -> None:
        """See GoesBack."""
        self._places, self._headers = _parse_mark(self._name, mark)
        for kind, follower in self._followers.items():
            follower.go_back(self._places.get(kind))

    def pass_over(self) -> Passed | None:
        """See PassesOver: in the log where reading stopped."""
        passed = None if self._kind is None else self._followers[self._kind].pass_over()
        if passed is None or self._kind is None:
            return None
        self._places[self._kind] = Place.parse(passed.mark)
        self._headers.setdefault(self._kind, Header())
        return Passed(passed.loss, passed.item, self._mark())

    def acknowledge(self, mark: str) -> None:
        """Nothing to do: the files are somebody else's."""

    def lag_bytes(self) -> int:
        return sum(follower.lag_bytes() for follower in self._followers.values())

    def close(self) -> None:
        for follower in self._followers.values():
            follower.close()

    def _batch(self, kind: str, chunk: Chunk) -> Batch:
        segment = chunk.segment
        header = Header() if segment.first_line == 1 else self._headers.get(kind, Header())
        after = [header]

        def read() -> Parsed:
            parsed, after[0] = self._parser.parse(segment, kind, header)
            return parsed

        parsed = read_or_refused(segment, read)
        self._headers[kind] = after[0]
        self._places[kind] = chunk.place
        return parsed.without(segment.file, chunk.lost).batch(self._name, self._mark())

    def _mark(self) -> str:
        return json.dumps({kind: [place.text(), self._headers[kind].text()] for kind, place in self._places.items()})

    def _older(self, kind: str) -> list[Path]:
        stem = self._prefix + kind
        days = sorted(self._folder.parent.glob("[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]"))
        found = [path for folder in (self._folder, *days[-ARCHIVE_DAYS_MAX:]) for path in folder.glob(f"{stem}[.-]*")]
        return [path for path in found if path != self._folder / f"{stem}.log" and path.is_file()]


def _parse_mark(name: str, mark: str | None) -> tuple[dict[str, Place], dict[str, Header]]:
    if mark is None:
        return {}, {}
    try:
        logs = {kind: (Place.parse(place), Header.parse(header)) for kind, (place, header) in json.loads(mark).items()}
    except MALFORMED as error:
        raise SourceBroken(mark_of_another(name)) from error
    return {kind: place for kind, (place, _) in logs.items()}, {kind: header for kind, (_, header) in logs.items()}
