"""Who made a network card: the IEEE's assignments as the package scapy ships them (Wireshark's list), offline.

A locally administered address says nothing (telephones make up a new one for each network).
"""

from functools import cache

PREFIX_DIGITS = (9, 7, 6)


@cache
def _table() -> dict[str, str]:
    from scapy.libs.manuf import DATA

    vendors: dict[str, str] = {}
    for line in DATA.splitlines():
        prefix, _, rest = line.partition("\t")
        digits, _, bits = prefix.strip().partition("/")
        bare = digits.replace(":", "").replace("-", "").lower()
        names = [part.strip() for part in rest.split("\t") if part.strip()]
        if bare and names and not line.startswith("#"):
            vendors[bare[: int(bits) // 4] if bits.isdigit() else bare[:6]] = names[-1]
    return vendors


def maker(mac: str) -> str | None:
    """The maker's name; None for an address that is not listed or not global."""
    bare = mac.replace(":", "").lower()
    try:
        if len(bare) != 12 or int(bare[:2], 16) & 3:
            return None
    except ValueError:
        return None
    table = _table()
    return next((table[bare[:digits]] for digits in PREFIX_DIGITS if bare[:digits] in table), None)
