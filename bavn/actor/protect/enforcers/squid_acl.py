"""Two lists for a squid: names with all below them (dstdomain) and addresses (dst), and the word to read them again.

Written whole; squid reads them at its start, and again when it is told. It is told once after each change and once at
the node's first step, since a kill between the two must not leave it with an old list. A name below another one is left
out: the upper one covers it, and squid complains of both. Refuses to know who asks the proxy for what.
"""

import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from bavn.actor.protect.enforcers.atomic import read_if_there, write_whole
from bavn.model.intel.indicator import Block
from bavn.model.observable import ObservableType, parents
from bavn.model.ports import EnforcerDown
from bavn.model.text import Text
from bavn.model.tied import tied

NAMES_FILE: Final = "names.txt"
ADDRESSES_FILE: Final = "addresses.txt"
RUN_S_MAX: Final = 20.0


class SquidAcl:
    """An Enforcer. ``command``: how squid is told, as a list of words."""

    def __init__(self, folder: Path, command: Sequence[str] = ("squid", "-k", "reconfigure")) -> None:
        self._folder = folder
        self._command = tuple(command)
        self._reconfigured = False

    name = "squid_acl"
    carries = frozenset({ObservableType.IP4, ObservableType.IP6, ObservableType.DOMAIN})

    def enforce(self, blocks: Sequence[Block]) -> None:
        """See the Enforcer port: true when the lists are written and squid was told."""
        names = {block.observable.value for block in blocks if block.observable.type is ObservableType.DOMAIN}
        addresses = {block.observable.value for block in blocks if block.observable.type is not ObservableType.DOMAIN}
        for file, text in ((NAMES_FILE, names_text(names)), (ADDRESSES_FILE, addresses_text(addresses))):
            if read_if_there(self._folder / file) != text:
                self._reconfigured = False
                write_whole(self._folder / file, text)
        if not self._reconfigured:
            self._tell()
            self._reconfigured = True

    def _tell(self) -> None:
        try:
            done = subprocess.run(
                tied(self._command), stdin=subprocess.DEVNULL, capture_output=True, timeout=RUN_S_MAX, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise EnforcerDown(
                Text("{command} cannot be run: {error}", command=self._command[0], error=error)
            ) from error
        if done.returncode != 0:
            said = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
            raise EnforcerDown(Text("squid was not told: {said}", said=said[0][:200]))


def names_text(names: Iterable[str]) -> bytes:
    """One line a name, ``.name`` for it and all below it; what another one covers is left out."""
    there = set(names)
    least = sorted(name for name in there if there.isdisjoint(parents(name)))
    return "".join(f".{name}\n" for name in least).encode("ascii")


def addresses_text(addresses: Iterable[str]) -> bytes:
    """One line an address."""
    return "".join(f"{address}\n" for address in sorted(addresses)).encode("ascii")
