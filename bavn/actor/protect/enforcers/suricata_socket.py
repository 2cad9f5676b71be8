"""Speaks to a running Suricata over its command socket: one command, one answer, never two at once.

Suricata 7.0.10 throws a client out for more than one command in its buffer, and may end with it: so the next command is
only sent when the last was answered, and none is long. Refuses to know what the commands are for.
"""

import json
import socket
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from bavn.model.ports import EnforcerDown
from bavn.model.text import Text

COMMAND_BYTES_MAX: Final = 2048
ANSWER_BYTES_MAX: Final = 1024 * 1024


class SuricataSocket:
    """One connection, for a ``with`` block. ``path`` of the command socket. Everything raises EnforcerDown."""

    def __init__(self, path: Path, *, timeout_s: float = 10.0) -> None:
        self._path = path
        self._timeout_s = timeout_s
        self._line: socket.socket | None = None
        self._read = b""

    def __enter__(self) -> Self:
        line = socket.socket(socket.AF_UNIX)
        line.settimeout(self._timeout_s)
        try:
            line.connect(str(self._path))
        except OSError as error:
            line.close()
            raise EnforcerDown(Text("Suricata does not answer on its command socket: {error}", error=error)) from error
        self._line, self._read = line, b""
        try:
            reply = self._exchange({"version": "0.2"})
        except EnforcerDown:
            self.__exit__(None, None, None)
            raise
        if reply.get("return") != "OK":
            self.__exit__(None, None, None)
            raise EnforcerDown(Text("Suricata speaks another version on its command socket"))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None

    def ask(self, command: str, **arguments: str) -> tuple[bool, Any]:
        """Whether Suricata did it, and what it said."""
        said = self._exchange({"command": command, "arguments": arguments} if arguments else {"command": command})
        return said.get("return") == "OK", said.get("message")

    def _exchange(self, words: dict[str, Any]) -> dict[str, Any]:
        spoken = json.dumps(words).encode("ascii") + b"\n"
        if len(spoken) > COMMAND_BYTES_MAX:
            raise EnforcerDown(Text("a command is too long for Suricata"))
        if self._line is None:
            raise EnforcerDown(Text("the connection to Suricata is closed"))
        try:
            self._line.sendall(spoken)
            answer = json.loads(self._answer(self._line))
        except (OSError, ValueError, RecursionError) as error:
            raise EnforcerDown(Text("Suricata broke off: {error}", error=error)) from error
        if not isinstance(answer, dict):
            raise EnforcerDown(Text("Suricata answered with something else than an object"))
        return answer

    def _answer(self, line: socket.socket) -> bytes:
        while b"\n" not in self._read:
            part = line.recv(65536)
            if not part:
                raise OSError("it closed the connection")
            self._read += part
            if len(self._read) > ANSWER_BYTES_MAX:
                raise OSError("the answer is too long")
        answer, _, self._read = self._read.partition(b"\n")
        return answer
