"""Whom a process and its children speak to now, by what the kernel shows in /proc. Refuses to wait, and to guess."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Final

PROC: Final = Path("/proc")
PROCESSES_MAX: Final = 500
_SOCKET: Final = re.compile(r"socket:\[(\d+)\]")
_LISTENS: Final = "0A"
_TABLES: Final = ("tcp", "tcp6", "udp", "udp6")


@dataclass(frozen=True, slots=True, order=True)
class Peer:
    """The far end of a connection that was opened from here."""

    address: str
    port: int


class Unseen(Exception):
    """The kernel does not show this process's sockets to us. Whoever asked must have more rights."""


def children(pid: int, proc: Path = PROC) -> list[int]:
    """The process and all below it."""
    pids, parents = [pid], [pid]
    while parents and len(pids) < PROCESSES_MAX:
        here = parents.pop()
        for file in (proc / str(here) / "task").glob("*/children"):
            try:
                new = [int(one) for one in file.read_text().split()]
            except (OSError, ValueError):
                continue
            pids += new
            parents += new
    return pids


def called(pid: int, proc: Path = PROC) -> set[Peer]:
    """Whom the process and its children have called and are connected to, loopback left out. Raises Unseen."""
    inodes: set[str] = set()
    for one in children(pid, proc):
        try:
            inodes |= set(_inodes(proc / str(one) / "fd"))
        except PermissionError as error:
            raise Unseen("its files are another user's") from error
        except OSError:
            continue
    called_hosts, listening = set(), set()
    for table in _TABLES:
        try:
            lines = (proc / str(pid) / "net" / table).read_text().splitlines()[1:]
        except OSError:
            continue
        mine = [row for row in map(str.split, lines) if len(row) > 9 and row[9] in inodes]
        listening |= {(table[:3], _end(row[1])[1]) for row in mine if row[3] == _LISTENS}
        for row in mine:
            (_, own), (address, port) = _end(row[1]), _end(row[2])
            if port and not address.is_loopback and (table[:3], own) not in listening:
                called_hosts.add(Peer(str(address), port))
    return called_hosts


def _inodes(folder: Path) -> Iterator[str]:
    for file in folder.iterdir():
        try:
            shown = _SOCKET.fullmatch(str(file.readlink()))
        except OSError:
            continue
        if shown:
            yield shown.group(1)


def _end(text: str) -> tuple[IPv4Address | IPv6Address, int]:
    """``0100007F:1F90``: each 32-bit word of the address in the machine's own order."""
    address, _, port = text.partition(":")
    words = [bytes.fromhex(address[at : at + 8])[::-1] for at in range(0, len(address), 8)]
    made = ip_address(b"".join(words))
    mapped = made.ipv4_mapped if isinstance(made, IPv6Address) else None
    return mapped or made, int(port, 16)


def strangers(found: Iterable[Peer], allowed: Iterable[Peer]) -> list[Peer]:
    """Those that nobody allowed, in order."""
    return sorted(set(found) - set(allowed))
