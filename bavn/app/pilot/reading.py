"""An actor's folder read as its node would have lived it, day by day; its store stays until the pilot is over.

Refuses to keep a suspicion that nobody would have been told of.
"""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bavn.actor.detect.rank import ranked
from bavn.actor.detect.run import Survey
from bavn.actor.sense.suricata.run import ReadCapture
from bavn.actor.store.history import History
from bavn.app.analyst.analyse import LIMITS, STORE, Findings, Question, Unread, analysed_in, units
from bavn.app.analyst.replay import P_TOLD_MAX
from bavn.app.pilot.folders import ActorFolder
from bavn.model.ports import QueryRefused, RowsDamaged
from bavn.model.suspicion import Suspicion
from bavn.model.text import Text


@dataclass(frozen=True, slots=True)
class Look:
    """What an actor's own people were told at a moment, with ``hosts`` of its own in sight."""

    at_us: int
    suspicions: tuple[Suspicion, ...]
    hosts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadActor:
    """``findings`` None: nothing of it could be read. ``rows``: records by kind. ``store``: where they lie."""

    folder: ActorFolder
    findings: Findings | None
    unread: tuple[Unread, ...]
    looks: tuple[Look, ...] = ()
    rows: Mapping[str, int] = field(default_factory=dict)
    store: Path | None = None

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def partly_read(self) -> bool:
        """Whether something of it could not be read, or a detector failed over it."""
        return bool(self.unread) or self.findings is None or self.findings.partly_read or bool(self.findings.failed)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadTerms:
    """How all of them are read. ``progress`` hears an actor's records so far, ``began`` which day it is of how many."""

    zone: str = "UTC"
    suricata: ReadCapture | None = None
    progress: Callable[[str, int], None] = lambda _, __: None
    began: Callable[[str, int, int], None] = lambda _, __, ___: None


def read_actor(folder: ActorFolder, work: Path, terms: ReadTerms) -> ReadActor:
    """``work``: an empty folder for this actor, in which its store stays."""
    unread: list[Unread] = []
    unit = None
    for given in units([folder.path], together=True):
        if isinstance(given, Unread):
            unread.append(given)
        else:
            unit = given
    if unit is None:
        return ReadActor(folder=folder, findings=None, unread=tuple(unread))
    looks: list[Look] = []

    def looked(seen: Survey, at_us: int) -> None:
        readable = [
            place.suspicion
            for place in ranked(list(seen.suspicions), seen.hosts)
            if place.above or place.suspicion.p <= P_TOLD_MAX
        ]
        looks.append(Look(at_us, tuple(readable), seen.hosts))

    question = Question(
        zone=terms.zone,
        progress=lambda rows: terms.progress(folder.name, rows),
        began=lambda look, of: terms.began(folder.name, look, of),
        looked=looked,
    )
    findings = analysed_in(work, unit, question, terms.suricata)
    shutil.rmtree(work / "lived", ignore_errors=True)
    if isinstance(findings, Unread):
        return ReadActor(folder=folder, findings=None, unread=(*unread, findings))
    try:
        with History.read(work / STORE, LIMITS) as history:
            rows = dict(history.stats().rows)
    except (QueryRefused, RowsDamaged) as error:
        why = Text("what was read of it is damaged on the disk: {why}", why=Text.of_error(error))
        return ReadActor(folder=folder, findings=None, unread=(*unread, Unread(str(folder.path), why)))
    return ReadActor(
        folder=folder, findings=findings, unread=tuple(unread), looks=tuple(looks), rows=rows, store=work / STORE
    )
