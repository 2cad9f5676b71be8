"""The eve.json of a Suricata that runs already, or what a shipper made of it, followed across rotation.

Refuses to start, stop or configure Suricata.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from bavn.actor.formats.refused import of_file
from bavn.actor.sense.base import Batch, Loss, SourceBroken
from bavn.actor.sense.documents.lines import EveLines
from bavn.actor.sense.engine import Engine
from bavn.actor.sense.follow import FollowedFile
from bavn.actor.sense.prepare import prepared
from bavn.actor.sense.suricata.stats import StatsTally
from bavn.actor.sense.unread import read_or_refused
from bavn.model.text import Text


class EveFile(FollowedFile):
    """A Source. ``path`` is the current file; rotated ones lie beside it and begin with its name or stem (eve.json.1,
    eve-20260101.json.gz). SourceBroken for a mark that is not this source's."""

    def __init__(
        self, *, name: str, sensor: str, path: Path, mark: str | None = None, engine: Engine | None = None
    ) -> None:
        super().__init__(name, path, mark)
        self._parser = EveLines(engine or prepared(), sensor)
        self._tally = StatsTally()

    def poll(self) -> Iterator[Batch]:
        if not self._begun and not self._path.exists():
            raise SourceBroken(of_file(self._path, Text("is not there: is its name right?")))
        self._begun = True
        for chunk in self._follower.read():
            parsed = read_or_refused(chunk.segment, partial(self._parser.parse, chunk.segment))
            parsed = parsed.without(chunk.segment.file, chunk.lost)
            batch = parsed.batch(self._name, chunk.place.text())
            self._tally.take(batch.tables)
            yield batch

    def losses(self) -> tuple[Loss, ...]:
        """What that Suricata says it lost, as far as its statistics are logged here."""
        return self._tally.losses()

    def counts(self) -> Mapping[str, int]:
        """See Accounted."""
        return {"capture_packets": self._tally.packets, "recent_loss_permille": self._tally.recent_permille}
