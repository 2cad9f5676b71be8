"""Which web addresses may be called: over TLS, or on this machine itself."""

import re
from ipaddress import ip_address
from typing import Final

_ADDRESS: Final = re.compile(
    r"""
    (?P<scheme>https?)://
    (?:[^\s/?\#@\\]*@)?         # who calls, and a password
    (?P<host>
        \[[0-9a-f:.]+\]         # an IPv6 address
        | [^\s/?\#@:\\\[\]]+    # a name or an IPv4 address
    )
    (?::\d{0,5})?               # the port
    (?:[/?\#][^\s\\]*)?         # path, query, fragment
    """,
    re.IGNORECASE | re.VERBOSE,
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
