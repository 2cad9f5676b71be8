"""A catalogue of weaknesses known to be exploited, read from the text that the operator gave (CISA's form, JSON).

Refuses to fetch it, and to take half of one: ValueError says what is wrong.
"""

import hashlib
import json
import re
from typing import Any, Final

from bavn.centre.publish.facts import Catalogue, Weakness

BYTES_MAX: Final = 20_000_000
ENTRIES_MAX: Final = 50_000
CVE: Final = re.compile(r"CVE-[0-9]{4}-[0-9]{4,7}")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
NAME_CHARS_MAX: Final = 100


def catalogue_of(raw: bytes, name: str) -> Catalogue:
    """``name``: the file's. ValueError for what is no catalogue."""
    if len(raw) > BYTES_MAX:
        raise ValueError(f"a catalogue has at most {BYTES_MAX} bytes")
    try:
        body = json.loads(raw)
        weaknesses = body["vulnerabilities"]
        if not isinstance(weaknesses, list) or len(weaknesses) > ENTRIES_MAX:
            raise ValueError(f"vulnerabilities is a list of at most {ENTRIES_MAX}")
        entries = {one.cve: one for one in map(_weakness, weaknesses)}
    except (KeyError, TypeError, AttributeError, RecursionError, UnicodeDecodeError) as error:
        raise ValueError(f"no catalogue of exploited weaknesses ({type(error).__name__})") from error
    plain = "".join(char if char.isprintable() else "?" for char in name)[:100]
    ref = f"{plain} (sha256 {hashlib.sha256(raw).hexdigest()[:16]})"
    return Catalogue(ref, tuple(entries[cve] for cve in sorted(entries)))


def named_in(text: str) -> set[str]:
    """The CVE ids that a text names."""
    return set(CVE.findall(text))


def _weakness(body: dict[str, Any]) -> Weakness:
    cve, added = str(body["cveID"]), str(body["dateAdded"])
    if not CVE.fullmatch(cve) or not _DAY.fullmatch(added):
        raise ValueError(f"no weakness and day: {cve[:30]!r}, {added[:30]!r}")
    product = f"{body.get('vendorProject', '')} {body.get('product', '')}".strip() or "-"
    shown = "".join(char if char.isprintable() else "?" for char in product)[:NAME_CHARS_MAX]
    return Weakness(cve, shown, added, str(body.get("knownRansomwareCampaignUse", "")).casefold() == "known")
