"""How many connections each holder of a certificate has open, and who is told that it has too many.

Counted by the name in the certificate, so that a renewed one is no second allowance; those without a certificate, who
come to get one, share a bound of their own. Refuses to know what is said on a connection.
"""

from typing import Final, Literal

from cryptography import x509

from bavn.centre.members.authority import MALFORMED
from bavn.model.sector.member import peer_of

ConnectionState = Literal["open", "refused", "cut"]
CERTIFICATE_KEY: Final = "bavn.client_certificate"
"""Where the server puts the verified client certificate (DER) in the ASGI scope's ``extensions``."""
NOBODY: Final = ""


class Connections:
    """Of one server, in its event loop. ``each_max``: of one name; ``nobody_max``: of all without a certificate."""

    def __init__(self, each_max: int, nobody_max: int) -> None:
        self._each_max, self._nobody_max = each_max, nobody_max
        self._open: dict[str, int] = {}
        self._refused: dict[str, int] = {}

    def come(self, name: str) -> ConnectionState:
        """A connection is made: it is served, it is told that there are too many, or, where as many are being told
        already, it is cut. Each that is not cut must ``go``."""
        bound = self.bound(name)
        for standing, counted in (("open", self._open), ("refused", self._refused)):
            if counted.get(name, 0) < bound:
                counted[name] = counted.get(name, 0) + 1
                return "open" if standing == "open" else "refused"
        return "cut"

    def go(self, name: str, standing: ConnectionState) -> None:
        """A connection has ended."""
        counted = self._open if standing == "open" else self._refused
        if standing != "cut":
            counted[name] -= 1
            if not counted[name]:
                del counted[name]

    def bound(self, name: str) -> int:
        return self._each_max if name else self._nobody_max

    def count(self, name: str) -> int:
        """How many of this name are served now."""
        return self._open.get(name, 0)


def name_of(certificate_der: bytes | None) -> str:
    """The URI by which a certificate names its holder; one that has none is its own; NOBODY without a certificate."""
    if certificate_der is None:
        return NOBODY
    try:
        peer = peer_of(x509.load_der_x509_certificate(certificate_der))
    except MALFORMED:
        peer = None
    return peer.urn if peer is not None else certificate_der.hex()[:128]
