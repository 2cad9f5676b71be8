"""A pilot from folder to facts, in a throwaway place that is gone afterwards. Refuses to keep anything."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bavn.actor.sense.suricata.config import HOMES_DEFAULT, SuricataConfig
from bavn.actor.sense.suricata.served import ServedSuricata
from bavn.app.pilot.facts import PilotFacts
from bavn.app.pilot.folders import actor_folders
from bavn.app.pilot.moved import days_moved
from bavn.app.pilot.play import play
from bavn.app.pilot.reading import ReadTerms, read_actor
from bavn.model.moment import DAY_US


@dataclass(frozen=True, slots=True, kw_only=True)
class PilotTerms:
    """How it is done. ``reading`` hears an actor's records so far, ``looking`` which of its days it is of how many,
    ``playing`` which moment of the sector."""

    zone: str = "UTC"
    together: bool = False
    same_start: bool = False
    reading: Callable[[str, int], None] = lambda _, __: None
    looking: Callable[[str, int, int], None] = lambda _, __, ___: None
    playing: Callable[[int, int], None] = lambda _, __: None


def pilot(root: Path, terms: PilotTerms) -> PilotFacts:
    """Each folder is read alone, one after another; then all of them are played. Stop as actor_folders."""
    folders, beside = actor_folders(root, together=terms.together)
    with tempfile.TemporaryDirectory(prefix="bavn-pilot-") as scratch:
        work, actors = Path(scratch), []
        with ServedSuricata(work / "s", SuricataConfig(homes=HOMES_DEFAULT)) as suricata:
            read = ReadTerms(zone=terms.zone, suricata=suricata, progress=terms.reading, began=terms.looking)
            for folder in folders:
                own = work / "read" / folder.name
                own.mkdir(parents=True)
                actors.append(read_actor(folder, own, read))
        moved_days = days_moved(tuple(actors)) if terms.same_start else {}
        shift_us = {name: days * DAY_US for name, days in moved_days.items()}
        sector = play(actors, shift_us, work / "sector", terms.playing)
        left_over = tuple((unread.source, unread.reason) for unread in beside)
        return PilotFacts(actors=tuple(actors), moved_days=moved_days, sector=sector, beside=left_over)
