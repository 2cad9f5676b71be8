"""The actor's own lists of indicators (``[sense] indicator_files``), read anew when one of them has changed.

Every line that names no indicator is counted in the log. Refuses to go on with half: a list that cannot be read later
leaves what was known in force, and is said.
"""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bavn.actor.detect.indicators.indicators import NO_INDICATORS, IndicatorSet
from bavn.actor.detect.indicators.reader import read
from bavn.app.process.exits import Exit, Stop, why_of
from bavn.model.text import Text

_LOG = logging.getLogger(__name__)
NAMED_MAX: Final = 5
"""Refused lines of one list that are named in the log; the others are counted."""


class OwnIndicators:
    """Of one node. ``now`` is called before each run of the detectors. Stop for a list that cannot be read at first:
    who named it must act."""

    def __init__(self, files: Sequence[Path]) -> None:
        self._files = tuple(files)
        self._failed = False
        try:
            self._seen = self._state()
            self._set = self._read()
        except OSError as error:
            raise Stop(
                Exit.CONFIGURATION,
                Text("[sense] indicator_files: {filename}: {why}", filename=error.filename, why=why_of(error)),
            ) from error

    def now(self) -> IndicatorSet:
        """What the lists name, as they lie there."""
        try:
            state = self._state()
            if state != self._seen or self._failed:
                self._set, self._seen, self._failed = self._read(), state, False
        except OSError as error:
            if not self._failed:
                _LOG.error("%s cannot be read (%s): what it named stays in force", error.filename, error.strerror)
            self._failed = True
        return self._set

    def _state(self) -> tuple[tuple[int, int, int], ...]:
        found = [file.stat() for file in self._files]
        return tuple((stat.st_ino, stat.st_size, stat.st_mtime_ns) for stat in found)

    def _read(self) -> IndicatorSet:
        indicators = NO_INDICATORS
        for file in self._files:
            with file.open(encoding="utf-8", errors="replace") as lines:
                reading = read(lines)
            indicators |= reading.indicators
            _LOG.info("%s: %d indicators", file, len(reading.indicators))
            for line, refused in reading.refusals[:NAMED_MAX]:
                _LOG.warning("%s:%d: %s", file, line, refused.reason)
            if reading.refused > NAMED_MAX:
                _LOG.warning("%s: %d lines in all name no indicator", file, reading.refused)
        return indicators
