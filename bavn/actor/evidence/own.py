"""Takes an actor's own addresses and inside names out of evidence that leaves for a case: each becomes own-1, own-2.

The same one has the same word everywhere in one piece of evidence, so that who spoke to whom can still be read; in the
next piece it has another. Columns from which an own address could be computed are dropped. Refuses to judge free text
beyond what it can parse: a person looks before it leaves.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from ipaddress import ip_address, ip_network
from typing import Any, Final

from bavn.actor.evidence.bundle import Sheet
from bavn.model.observable import is_internal_name
from bavn.model.record import is_address

_MACHINES: Final = {"mac", "src_mac", "dst_mac", "client_mac", "sensor", "interface", "source"}
_TITLES: Final = {"calling", "called", "destination"}
DROPPED: Final = frozenset({"community_id", *_MACHINES, *_TITLES})
"""Hashes over addresses, and what names an own machine or place outright (DICOM's and HL7's titles do)."""
_TOKEN = re.compile(r"[0-9A-Za-z_:][0-9A-Za-z:._-]{1,252}")


class Own:
    """One piece of evidence's words for what is the actor's own. ``homes``: its networks, CIDR."""

    def __init__(self, homes: Sequence[str]) -> None:
        self._networks = [ip_network(home) for home in homes]
        self._words: dict[str, str] = {}

    def sheet(self, sheet: Sheet) -> Sheet:
        """A sheet without dropped columns, its values renamed."""
        kept = [at for at, name in enumerate(sheet.names) if name not in DROPPED]
        rows = [[self.value(row[at]) for at in kept] for row in sheet.rows]
        return replace(sheet, names=[sheet.names[at] for at in kept], rows=rows)

    def value(self, value: Any) -> Any:
        """A cell, or a tree of JSON values; what is no text stays."""
        if isinstance(value, str):
            return _TOKEN.sub(lambda found: self._token(found[0]), value)
        if isinstance(value, dict):
            return {key: self.value(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(item) for item in value]
        return value

    def _token(self, token: str) -> str:
        """An address alone, or each part between colons: 10.1.2.3:445, src:10.1.2.3."""
        bare = token.rstrip(".:-_")
        rest = token[len(bare) :]
        if self._is_own(bare):
            return self._word(bare) + rest
        if is_address(bare):
            return token
        return ":".join(self._word(part) if self._is_own(part) else part for part in bare.split(":")) + rest

    def _word(self, text: str) -> str:
        return self._words.setdefault(text.lower(), f"own-{len(self._words) + 1}")

    def _is_own(self, text: str) -> bool:
        try:
            address = ip_address(text)
        except ValueError:
            return "." in text and is_internal_name(text.lower())
        if address.is_loopback or address.is_unspecified:
            return False
        inner = getattr(address, "ipv4_mapped", None) or address
        return not inner.is_global or any(
            inner.version == network.version and inner in network for network in self._networks
        )
