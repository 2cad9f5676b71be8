"""What is ordinary and has no observable: things that several actors may know, and that nobody ever names to another.

They take part in the commons round alone (commons.py), never in a report, a lead or an indicator: those speak of
observables. Refuses to know who met them.
"""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address, ip_network
from typing import Final, Self

from bavn.model.observable import NotCanonical

VALUE_BYTES_MAX: Final = 512
NET_BITS: Final = {4: 24, 6: 48}
_VERSION: Final = re.compile(
    r"""
    (?<![a-z0-9])       # not of a name: x86_64
    ([0-9]+)            # the first number of a version stays
    (?: [._][0-9]+ )+   # the rest differs with every update
    """,
    re.VERBOSE,
)


class OrdinaryType(StrEnum):
    """Spelling is for people; tags of elements live in element.py."""

    ALERT = "alert"
    """What raised an alert at somebody's sensor, as its maker numbers or names it."""
    NET = "net"
    """The /24 (or /48) of an address."""
    ISSUER = "issuer"
    """Who issued a certificate."""
    USER_AGENT = "user-agent"
    SERVER = "server"
    """What a server outside says of itself."""
    SERVICE = "service"
    """Protocol and port that is called outside: tcp/443."""


@dataclass(frozen=True, slots=True, order=True)
class Ordinary:
    """A type and its canonical value. Build with :meth:`of`."""

    type: OrdinaryType
    value: str

    @classmethod
    def of(cls, kind: OrdinaryType, raw: str) -> Self:
        """One spelling for what two actors write alike: Unicode in one form, white space single; of an address its
        network, of what a program or a server says of itself lower case with versions cut to their first number. Raises
        NotCanonical for nothing, for no address, and for more than VALUE_BYTES_MAX bytes."""
        text = " ".join(unicodedata.normalize("NFC", raw).split())
        if kind is OrdinaryType.NET:
            text = _net(text)
        elif kind in (OrdinaryType.USER_AGENT, OrdinaryType.SERVER):
            text = _VERSION.sub(r"\1", text.lower())
        if not 0 < len(text.encode("utf-8", "surrogatepass")) <= VALUE_BYTES_MAX or not text.isprintable():
            raise NotCanonical(f"no {kind}: {text[:80]!r}")
        return cls(kind, text)

    def __str__(self) -> str:
        return f"{self.type}:{self.value}"


def alert_kind(maker: int | None, number: int) -> Ordinary:
    """A rule's alerts, as the commons name them: who numbers it (gid) and its number (sid)."""
    return Ordinary.of(OrdinaryType.ALERT, f"{1 if maker is None else maker}:{number}")


def _net(text: str) -> str:
    try:
        address = ip_address(text)
    except ValueError as error:
        raise NotCanonical(f"not an address: {text[:80]!r}") from error
    mapped = address.ipv4_mapped if address.version == 6 else None
    address = mapped or address
    return str(ip_network(f"{address}/{NET_BITS[address.version]}", strict=False))
