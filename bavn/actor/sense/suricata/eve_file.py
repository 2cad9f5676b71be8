"""The eve.json of a Suricata that runs already, followed across rotation. Refuses to start, stop or configure it."""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from bavn.actor.sense.base import Batch, Loss, Passed, SourceBroken
from bavn.actor.sense.engine import Engine
from bavn.actor.sense.follow import Follower
from bavn.actor.sense.place import Place
from bavn.actor.sense.prepare import prepared
from bavn.actor.sense.suricata.eve import EveParser
from bavn.actor.sense.suricata.stats import StatsTally
from bavn.actor.sense.unread import read_or_refused


class EveFile:
    """A Source. ``path`` is the current file; rotated ones lie beside it and begin with its name or stem (eve.json.1,
    eve-20260101.json.gz). SourceBroken for a mark that is not this source's."""

    def __init__(
        self, *, name: str, sensor: str, path: Path, mark: str | None = None, engine: Engine | None = None
    ) -> None:
        self._name = name
        self._path = path
        self._parser = EveParser(engine or prepared(), sensor)
        self._follower = Follower(path, place_of(name, mark), self._older)
        self._tally = StatsTally()
        self._begun = mark is not None

    @property
    def name(self) -> str:
        return self._name

    def poll(self) -> Iterator[Batch]:
        if not self._begun and not self._path.exists():
            raise SourceBroken(f"{self._path} is not there: is its name right?")
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

    def go_back(self, mark: str | None) -> None:
        """See GoesBack."""
        self._follower.go_back(place_of(self._name, mark))

    def pass_over(self) -> Passed | None:
        """See PassesOver."""
        passed = self._follower.pass_over()
        return None if passed is None else Passed(passed[0], passed[1], passed[2].text())

    def acknowledge(self, mark: str) -> None:
        """Nothing to do: the files are somebody else's."""

    def lag_bytes(self) -> int:
        return self._follower.lag_bytes()

    def close(self) -> None:
        self._follower.close()

    def _older(self) -> list[Path]:
        return rotated(self._path)


def rotated(path: Path) -> list[Path]:
    """Files beside ``path`` that may be what it was before a rotation. SourceBroken if the folder cannot be read."""
    try:
        beside = [other for other in path.parent.iterdir() if other.name.startswith(path.stem)]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise SourceBroken(f"{path.parent} cannot be listed ({error.strerror}): let the node's user read it") from error
    return [other for other in beside if other.name != path.name and other.is_file()]


def place_of(name: str, mark: str | None) -> Place | None:
    """The place in a mark of one file. SourceBroken for another source's mark."""
    try:
        return None if mark is None else Place.parse(mark)
    except ValueError as error:
        raise SourceBroken(
            f"the store's mark for source {name!r} is no place in a log: was the name used for something else?"
            " Give the source a new name"
        ) from error
