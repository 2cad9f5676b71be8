"""The lines of a process's log: priorities for the journal, JSON on request, and libraries of HTTP from WARNING on."""

import json
import logging
import os
import sys
from collections.abc import Mapping
from typing import Final

from bavn.model.moment import iso

FORMAT_VARIABLE: Final = "BAVN_LOG_FORMAT"
LEVEL_VARIABLE: Final = "BAVN_LOG"
QUIET: Final = ("httpx", "httpcore")
"""They log each request at INFO."""
_PRIORITIES: Final = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))
ERROR_PRIORITY: Final = 3
DEBUG_PRIORITY: Final = 7


def in_journal(environment: Mapping[str, str], descriptor: int) -> bool:
    """Whether this descriptor is the journal's stream, by the device and inode that systemd names."""
    try:
        here = os.fstat(descriptor)
    except OSError:
        return False
    return environment.get("JOURNAL_STREAM") == f"{here.st_dev}:{here.st_ino}"


def prefixed(text: str, priority: int) -> str:
    """``text`` with the journal's priority before each line."""
    return "\n".join(f"<{priority}>{line}" for line in text.splitlines())


class LogLines(logging.Formatter):
    """One record as text or, with ``as_json``, as one JSON object; ``journal``: each line with its priority."""

    def __init__(self, *, as_json: bool, journal: bool) -> None:
        time = "" if journal else "%(asctime)s "
        super().__init__(f"{time}%(levelname)s %(name)s: %(message)s")
        self._as_json, self._journal = as_json, journal

    def format(self, record: logging.LogRecord) -> str:
        text = self._json(record) if self._as_json else super().format(record)
        if not self._journal:
            return text
        return prefixed(text, next((code for level, code in _PRIORITIES if record.levelno >= level), DEBUG_PRIORITY))

    def _json(self, record: logging.LogRecord) -> str:
        entry = {
            "at": iso(int(record.created * 1_000_000)),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False)


def begin_logging(environment: Mapping[str, str]) -> None:
    """Logs to stderr as the environment asks."""
    handler = logging.StreamHandler(sys.stderr)
    journal = in_journal(environment, 2)
    handler.setFormatter(LogLines(as_json=environment.get(FORMAT_VARIABLE) == "json", journal=journal))
    logging.basicConfig(level=environment.get(LEVEL_VARIABLE, "WARNING").upper(), handlers=[handler])
    for name in QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))
