"""A DNS response policy zone: each blocked name, and everything below it, does not exist (NXDOMAIN).

Written whole as a zone file with a serial that only rises; any resolver that reads RPZ files can take it. With an
unbound control at hand new names act at once as local zones while the zone loads (100,000 names take over a second),
and the zone is reloaded. Refuses to know clients and what they asked.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

from bavn.actor.protect.enforcers.atomic import read_if_there, write_whole
from bavn.model.intel.indicator import Block
from bavn.model.observable import Observable, ObservableType

ZONE: Final = "bavn."
NAME_CHARS_MAX: Final = 253 - len("*.") - len(".bavn")
TRIGGER: Final = "rpz-"
TTL_S: Final = 60
BRIDGE_NAMES_MAX: Final = 1000
"""More new names than this at once are not bridged: loading the zone is quicker than telling them one by one."""
_SERIAL: Final = re.compile(rb"^@ IN SOA localhost\. nobody\.invalid\. ([0-9]{1,10}) ", re.MULTILINE)
_SERIAL_MAX: Final = 2**31 - 1


class Control(Protocol):
    """What is asked of a running resolver. Each raises EnforcerDown."""

    def ensure(self) -> None:
        """The resolver runs, or runs again."""
        ...

    def bridge(self, names: Sequence[str]) -> None:
        """Refuse these names from now on, until the zone does."""
        ...

    def loaded_serial(self, zone: str) -> int | None:
        """The serial of the zone that the resolver has loaded, None for none."""
        ...

    def reload(self, zone: str) -> None:
        """Read the zone file again."""
        ...

    def unbridge(self) -> None:
        """The zone does it now: nothing is refused by ``bridge`` any more, whoever asked for it."""
        ...


class Rpz:
    """``zone_file`` lies where the resolver reads it; ``control`` None: the operator's resolver reloads by itself."""

    def __init__(self, zone_file: Path, control: Control | None = None) -> None:
        self._file = zone_file
        self._control = control
        self._serial: int | None = None

    name = "rpz"
    carries = frozenset({ObservableType.DOMAIN})

    def takes(self, observable: Observable) -> bool:
        """See stands_in_zone."""
        return stands_in_zone(observable)

    def enforce(self, blocks: Sequence[Block]) -> None:
        """See the Enforcer port. What is true already is left alone."""
        wanted = sorted({block.observable.value for block in blocks})
        before = read_if_there(self._file)
        if before is None:
            before = zone_text([], 1)
            write_whole(self._file, before)
        if self._control is not None:
            self._control.ensure()
        if _without_head(before) != body_of(wanted):
            new = sorted(set(wanted) - names_in(before))
            if self._control is not None and len(new) <= BRIDGE_NAMES_MAX:
                self._control.bridge(new)
            write_whole(self._file, zone_text(wanted, serial_of(before) + 1))
        self._serial = serial_of(read_if_there(self._file))
        if self._control is None:
            return
        if self._control.loaded_serial(ZONE) != self._serial:
            self._control.reload(ZONE)
        self._control.unbridge()

    def still_true(self) -> bool:
        """See SelfCheck: the resolver runs and holds the zone that was last written."""
        return self._control is None or self._control.loaded_serial(ZONE) == self._serial


def stands_in_zone(observable: Observable) -> bool:
    """Whether a name can stand in a policy zone as itself. One that is too long has no room below the zone. One whose
    last label begins with ``rpz-`` would be read as a trigger on addresses, clients or name servers: with
    ``0.0.0.0.0.rpz-ip`` in it a zone refuses every answer there is."""
    name = observable.value
    if len(name) > NAME_CHARS_MAX:
        return False
    return TRIGGER not in name or not name.rpartition(".")[2].startswith(TRIGGER)  # asked of a million names


def zone_text(names: Sequence[str], serial: int) -> bytes:
    """The zone of these canonical names, in their order."""
    head = (
        f"$ORIGIN {ZONE}\n$TTL {TTL_S}\n"
        f"@ IN SOA localhost. nobody.invalid. {serial} 3600 600 86400 {TTL_S}\n@ IN NS localhost.\n"
    )
    return head.encode("ascii") + body_of(names)


def body_of(names: Sequence[str]) -> bytes:
    """The two lines of each name."""
    return "".join(f"{name} CNAME .\n*.{name} CNAME .\n" for name in names).encode("ascii")


def serial_of(zone: bytes | None) -> int:
    """The serial of a zone text; 0 where there is none. After 2**31-1 it starts again (RFC 1982 allows the step)."""
    found = _SERIAL.search(zone or b"")
    serial = int(found[1]) if found else 0
    return 0 if serial >= _SERIAL_MAX else serial


def names_in(zone: bytes) -> frozenset[str]:
    """The names that a zone text blocks."""
    lines = _without_head(zone).decode("ascii", "replace").splitlines()
    return frozenset(line.removesuffix(" CNAME .") for line in lines if line[:1] not in ("*", ""))


def _without_head(zone: bytes) -> bytes:
    return zone.partition(b"@ IN NS localhost.\n")[2]
