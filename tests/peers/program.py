"""Programs of other people's making, each in a folder and on loopback ports of a test's own, ended whatever happens."""

import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.conftest import find_program

END_S = 10


class Program:
    """One that runs; what it has said so far."""

    def __init__(self, process: subprocess.Popen, log: Path) -> None:
        self.process, self._log = process, log

    def said(self) -> str:
        return self._log.read_text(errors="replace")

    def alive(self) -> bool:
        return self.process.poll() is None

    def end(self) -> None:
        """TERM, and KILL for all of its session where that does not do."""
        if self.alive():
            self.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(END_S)
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(END_S)


@contextmanager
def running(name: str, *words: object, env: dict[str, str] | None = None, cwd: Path | None = None) -> Iterator[Program]:
    """The program with these words, in a session of its own: nothing of it is left afterwards, and it ends
    where the test itself is killed."""
    path = find_program(name)
    assert path, f"{name} is not installed (script/bootstrap --tests)"
    with tempfile.NamedTemporaryFile(prefix="bavn-peer-", suffix=".log") as log:
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", path, *map(str, words)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=None if env is None else os.environ | env,
            cwd=cwd,
        )
        program = Program(process, Path(log.name))
        try:
            yield program
        finally:
            program.end()
            print(f"--- {name} said:\n{program.said()[-4000:]}")
