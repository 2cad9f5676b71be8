"""Speaks to a running unbound over its own control socket (``UBCT1``), without starting a process for each word.

Refuses to know why a name is refused.
"""

import re
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bavn.model.ports import EnforcerDown
from bavn.model.text import Text

ANSWER_BYTES_MAX: Final = 16 * 1024 * 1024
_END: Final = b"\x04\n"
_BRIDGE: Final = "always_nxdomain"
_LOADED: Final = re.compile(r"(\S+)\tserial ([0-9]+)")


class UnboundControl:
    """``path`` of the control socket. Every method raises EnforcerDown."""

    def __init__(self, path: Path, *, timeout_s: float = 10.0) -> None:
        self._path = path
        self._timeout_s = timeout_s

    def ask(self, command: str, lines: Sequence[str] = ()) -> str:
        """One command, with the lines that belong to it; the whole answer."""
        request = b"UBCT1 " + command.encode("ascii") + b"\n"
        if lines:
            request += "".join(f"{line}\n" for line in lines).encode("ascii") + _END
        try:
            with socket.socket(socket.AF_UNIX) as line:
                line.settimeout(self._timeout_s)
                line.connect(str(self._path))
                line.sendall(request)
                answer = _all(line)
        except OSError as error:
            raise EnforcerDown(Text("unbound does not answer on its control socket: {error}", error=error)) from error
        if answer.startswith(b"error"):
            raise EnforcerDown(
                Text(
                    "unbound refused {command}: {answer}",
                    command=command.split(maxsplit=1)[0],
                    answer=answer[:200].decode("ascii", "replace").strip(),
                )
            )
        return answer.decode("ascii", "replace")

    def bridge(self, names: Sequence[str]) -> None:
        """These names and all below them are refused at once."""
        if names:
            self.ask("local_zones", [f"{name}. {_BRIDGE}" for name in names])

    def unbridge(self) -> None:
        """None is refused that way any more: also those that an earlier process left."""
        lines = self.ask("list_local_zones").splitlines()
        left = [line.removesuffix(f" {_BRIDGE}") for line in lines if line.endswith(f" {_BRIDGE}")]
        if left:
            self.ask("local_zones_remove", left)

    def loaded_serial(self, zone: str) -> int | None:
        """The serial of a response policy zone as unbound holds it, None where it holds none."""
        for line in self.ask("list_auth_zones").splitlines():
            found = _LOADED.match(line)
            if found and found[1] == zone:
                return int(found[2])
        return None

    def reload(self, zone: str) -> None:
        """Read a response policy zone from its file again."""
        self.ask(f"auth_zone_reload {zone}")

    def stop(self) -> None:
        """It ends."""
        self.ask("stop")

    def reopen_log(self) -> None:
        """It closes its log file and opens the one of that name again."""
        self.ask("log_reopen")

    def alive(self) -> bool:
        """Whether it answers."""
        try:
            return "is running" in self.ask("status")
        except EnforcerDown:
            return False


def _all(line: socket.socket) -> bytes:
    parts, size = [], 0
    while part := line.recv(65536):
        parts.append(part)
        size += len(part)
        if size > ANSWER_BYTES_MAX:
            raise OSError("the answer is too long")
    return b"".join(parts)
