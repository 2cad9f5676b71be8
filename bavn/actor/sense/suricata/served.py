"""One Suricata that reads many captures, one after the other.

Rules are loaded once, and every capture begins with empty tables, as by a run of its own. Started when the first
capture comes, and anew where it ended. Refuses to read two captures at a time.
"""

import contextlib
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Self

from bavn.actor.sense.base import SourceBroken
from bavn.actor.sense.rules.rule_set import Tried, tried_of
from bavn.actor.sense.suricata.command_socket import CommandSocket, SuricataRefused
from bavn.actor.sense.suricata.config import EVE_NAME, SOCKET_NAME, SuricataConfig, served_yaml
from bavn.actor.sense.suricata.process import SuricataProcess
from bavn.actor.sense.suricata.run import NO_RULES, broken_off
from bavn.model.text import Text

START_S_MAX: Final = 600.0
"""Rules are loaded meanwhile."""
CAPTURES_MAX: Final = 500
"""Then it is started anew: its log is read whole after each capture."""
_LOOK_S: Final = 0.02


class ServedSuricata:
    """``folder``: of its own, made anew. Call it as run.ReadCapture; close it. ``wait``: how to let time pass."""

    def __init__(self, folder: Path, config: SuricataConfig, wait: Callable[[float], None] = time.sleep) -> None:
        self._folder, self._config, self._wait = folder, config, wait
        self._process: SuricataProcess | None = None
        self._socket: CommandSocket | None = None
        self._captures = 0
        self.tried: Tried | None = None
        """What it said of its rules when it last started; None before."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __call__(self, plain: Path, folder: Path, run_s_max: float) -> Text | None:
        """See run.ReadCapture."""
        (folder / EVE_NAME).unlink(missing_ok=True)
        process, socket = self._running()
        errors_before = len(process.errors())
        try:
            socket.ask("pcap-file", filename=str(plain.absolute()), **{"output-dir": str(folder.absolute())})
            waited = 0.0
            while not self._over(socket) and waited <= run_s_max:
                self._wait(_LOOK_S)
                waited += _LOOK_S
        except (SourceBroken, SuricataRefused) as error:
            said = self._last_words()
            self.close()
            why = Text.plain(said) if said else Text.of_error(error)
            raise SourceBroken(Text("Suricata does not read it: {why}", why=why)) from error
        if waited > run_s_max:
            self.close()
            raise SourceBroken(
                Text("Suricata was not done after {what} s: give it a smaller capture", what=f"{run_s_max:.0f}")
            )
        broken = broken_off(process.errors()[errors_before:])
        if broken is None and not (folder / EVE_NAME).exists():
            words = process.errors()[errors_before:]
            return Text.plain(words[0].partition(" for /")[0]) if words else Text("it did not say why")
        return broken

    def close(self) -> None:
        """Harmless when repeated."""
        if self._socket is not None:
            self._socket.close()
        if self._process is not None:
            self._process.stop()
        self._socket = self._process = None
        shutil.rmtree(self._folder, ignore_errors=True)

    def _over(self, socket: CommandSocket) -> bool:
        return bool(socket.ask("pcap-file-number") == 0 and socket.ask("pcap-current") == "None")

    def _last_words(self) -> str:
        return self._process.errors()[-1] if self._process is not None and self._process.errors() else ""

    def _running(self) -> tuple[SuricataProcess, CommandSocket]:
        self._captures += 1
        if self._captures > CAPTURES_MAX or (self._process is not None and self._process.ended() is not None):
            self.close()
        if self._process is None or self._socket is None:
            self._process, self._socket = self._started()
            self.tried = tried_of(0, self._process.log_lines())
            self._captures = 1
        return self._process, self._socket

    def _started(self) -> tuple[SuricataProcess, CommandSocket]:
        shutil.rmtree(self._folder, ignore_errors=True)
        data = self._config.dataset_dir or self._folder / "data"
        data.mkdir(parents=True, exist_ok=True)
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / SOCKET_NAME
        arguments = [f"--unix-socket={path}", "-k", "none", "--data-dir", str(data)]
        arguments += [] if self._config.rule_files else NO_RULES
        try:
            yaml = served_yaml(self._config, self._folder)
        except ValueError as error:
            raise SourceBroken(Text.of_error(error)) from error
        process = SuricataProcess(yaml, self._folder, arguments)
        waited = 0.0
        while waited < START_S_MAX and process.ended() is None:
            if path.exists():
                socket = CommandSocket(path)
                with contextlib.suppress(SourceBroken, SuricataRefused):
                    socket.ask("version")
                    return process, socket
            self._wait(_LOOK_S)
            waited += _LOOK_S
        words = process.errors()
        process.stop()
        why = Text.plain(words[0]) if words else Text("it did not say why")
        raise SourceBroken(Text("Suricata did not start: {why}", why=why))
