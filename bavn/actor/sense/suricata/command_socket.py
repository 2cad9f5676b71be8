"""Suricata's command socket: one line of JSON out, one back. Refuses to know when a command makes sense."""

import contextlib
import json
import socket
from pathlib import Path
from typing import Any, Final

from bavn.actor.sense.base import SourceBroken
from bavn.model.text import Text

ANSWER_BYTES_MAX: Final = 8 << 20
ANSWER_TIMEOUT_S: Final = 30.0
_PROTOCOL: Final = "0.2"


class SuricataRefused(Exception):
    """Suricata understood and said no (no such set, malformed value). Who asked must act."""


class CommandSocket:
    """A connection that is made when first needed and made again when Suricata was restarted. Not for two threads."""

    def __init__(self, path: Path, timeout_s: float = ANSWER_TIMEOUT_S) -> None:
        self._path = path
        self._timeout_s = timeout_s
        self._connection: socket.socket | None = None
        self._behind = b""

    def ask(self, command: str, **arguments: str | int) -> Any:
        """The answer's message. Raises SuricataRefused, or SourceBroken if nobody answers."""
        request: dict[str, Any] = {"command": command}
        if arguments:
            request["arguments"] = arguments
        fresh = self._connection is None
        try:
            answer = self._exchange(request)
        except (OSError, EOFError) as error:
            self.close()
            if fresh:
                raise SourceBroken(
                    Text(
                        "Suricata does not answer on {socket}: {why}",
                        socket=self._path,
                        why=error or Text("it hung up"),
                    )
                ) from error
            return self.ask(command, **arguments)
        if not isinstance(answer, dict) or answer.get("return") != "OK":
            said = answer.get("message") if isinstance(answer, dict) else answer
            raise SuricataRefused(f"{command}: {said}")
        return answer.get("message")

    def reopen_logs(self) -> None:
        """Begin a new eve.json after the old one was renamed."""
        self.ask("reopen-log-files")

    def close(self) -> None:
        """Harmless when repeated."""
        if self._connection:
            with contextlib.suppress(OSError):
                self._connection.close()
        self._connection = None
        self._behind = b""

    def _exchange(self, request: dict[str, Any]) -> Any:
        if self._connection is None:
            channel = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            channel.settimeout(self._timeout_s)
            self._connection = channel
            channel.connect(str(self._path))
            self._send({"version": _PROTOCOL})
            self._receive()
        self._send(request)
        return self._receive()

    def _send(self, value: dict[str, Any]) -> None:
        assert self._connection is not None  # noqa: S101 - _exchange has made it
        self._connection.sendall(json.dumps(value).encode() + b"\n")

    def _receive(self) -> Any:
        assert self._connection is not None  # noqa: S101 - _exchange has made it
        while b"\n" not in self._behind:
            part = self._connection.recv(65536)
            if not part:
                raise EOFError("it hung up")
            self._behind += part
            if len(self._behind) > ANSWER_BYTES_MAX:
                raise OSError(f"an answer of more than {ANSWER_BYTES_MAX} bytes")
        line, _, self._behind = self._behind.partition(b"\n")
        try:
            return json.loads(line)
        except (ValueError, RecursionError) as error:
            raise OSError("an answer that is no JSON") from error
