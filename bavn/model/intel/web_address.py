"""Which web addresses may be called: over TLS, or on this machine itself."""

import re
from ipaddress import ip_address
from typing import Final

_ADDRESS: Final = re.compile(
    r"(?P<scheme>https?)://(?:[^\s/?#@\\]*@)?(?P<host>\[[0-9a-f:.]+\]|[^\s/?#@:\\\[\]]+)(?::\d{0,5})?(?:[/?#][^\s\\]*)?",
    re.IGNORECASE,
)


def is_protected(url: str) -> bool:
    """True for an https address, and for an http one of this machine (localhost, 127.0.0.0/8, ::1): nobody else reads
    or changes what goes there."""
    parts = _ADDRESS.fullmatch(url)
    if parts is None:
        return False
    if parts["scheme"].lower() == "https":
        return True
    try:
        return parts["host"].lower() == "localhost" or ip_address(parts["host"].strip("[]")).is_loopback
    except ValueError:
        return False
