"""One running Suricata: started, watched through its log, ended. Refuses to know what it looks at.

Never a zombie and never an orphan: it is waited for, and the kernel ends it when the node dies.
"""

import contextlib
import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bavn.actor.formats.refused import of_file
from bavn.actor.sense.base import SourceBroken
from bavn.actor.sense.suricata.config import LOG_NAME
from bavn.actor.sense.suricata.release import release_of
from bavn.model.text import Text

STOP_TIMEOUT_S: Final = 20.0
"""From SIGTERM to SIGKILL: Suricata writes out its flows meanwhile."""

_LOG_BYTES_MAX: Final = 4 << 20
_STARTED: Final = "Engine started"
_GAVE_UP: Final = ("reader thread failed to initialize", "failed to start in time")


def program(name: str) -> str:
    """The path of a program. SourceBroken if it is not installed."""
    path = shutil.which(name) or shutil.which(name, path="/usr/local/bin:/usr/bin:/usr/sbin:/bin:/sbin")
    if path is None:
        raise SourceBroken(of_file(name, Text("is not installed: apt-get install {what}", what=name)))
    return path


def must_read(rule_files: Sequence[Path]) -> None:
    """Suricata goes on without a rule file that it cannot read, and says so in its log only. SourceBroken instead."""
    for path in rule_files:
        try:
            with path.open("rb"):
                pass
        except OSError as error:
            raise SourceBroken(
                Text("the rule file {what} cannot be read ({why})", what=path, why=error.strerror)
            ) from error


class SuricataProcess:
    """Started at once in ``folder``, where its log goes; ``arguments`` come behind ``-c YAML -l FOLDER``."""

    def __init__(self, yaml: str, folder: Path, arguments: Sequence[str]) -> None:
        self._log = folder / LOG_NAME
        config = folder / "suricata.yaml"
        try:
            config.write_text(yaml)
            self._log.unlink(missing_ok=True)
        except OSError as error:
            raise SourceBroken(
                of_file(folder, Text("cannot be written ({why}): let the node's user write it", why=error.strerror))
            ) from error
        command = [program("suricata"), "-c", str(config), "-l", str(folder), *arguments]
        # The kernel sends SIGTERM when the node is gone, however it went.
        guard = shutil.which("setpriv")
        self._process = subprocess.Popen(
            [guard, "--pdeathsig", "TERM", *command] if guard else command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def ended(self, wait_s: float = 0.0) -> int | None:
        """Its exit status once it has ended, waiting so long for it; None while it runs."""
        if wait_s <= 0:
            return self._process.poll()
        try:
            return self._process.wait(wait_s)
        except subprocess.TimeoutExpired:
            return None

    def started(self) -> bool:
        return any(_STARTED in message for _, message in self.log_lines())

    def gave_up(self) -> bool:
        """It said that it cannot go on, but has not ended: it waits a minute before it does."""
        return any(part in message for _, message in self.log_lines() for part in _GAVE_UP)

    def errors(self) -> list[str]:
        """What it called errors so far, the oldest first."""
        return [message for level, message in self.log_lines() if level == "Error"]

    def stop(self, wait_s: float = STOP_TIMEOUT_S) -> None:
        """SIGTERM, then SIGKILL after ``wait_s``. Harmless when it has ended."""
        if self._process.poll() is None:
            self._process.terminate()
            if self.ended(wait_s) is None:
                self._process.kill()
        self._process.wait()

    def log_lines(self) -> list[tuple[str, str]]:
        """Level and message of each line of its log."""
        return lines_of(self._log)


def lines_of(log: Path) -> list[tuple[str, str]]:
    """Level and message of each line of a log of Suricata; none where it cannot be read."""
    try:
        with log.open("rb") as file:
            raw = file.read(_LOG_BYTES_MAX)
    except OSError:
        return []
    lines = []
    for line in raw.splitlines():
        with contextlib.suppress(ValueError, KeyError, TypeError):
            entry = json.loads(line)
            lines.append((str(entry["log_level"]), str(entry["engine"]["message"])))
    return lines


def release_in(folder: Path) -> int:
    """Which release of Suricata wrote the log in ``folder``; 0 where nobody knows."""
    return release_of(message for _, message in lines_of(folder / LOG_NAME))
