"""Suricata rules of one indicator: they alert, never drop, and each keeps its number from version to version.

A number is made of the indicator's id, so that whoever loads a newer version replaces the older. Two indicators of ten
thousand may meet in one; Suricata then refuses the second by name.
"""

from typing import Final

from bavn.actor.protect.enforcers.suricata_rules import LIMIT_S
from bavn.app.siem.rules.rule import Head
from bavn.model.intel.indicator import Indicator
from bavn.model.intel.own_rules import INDICATOR_RULES, RULES_OF_ONE
from bavn.model.moment import SECOND_US, iso
from bavn.model.observable import ObservableType
from bavn.model.outcome import Refused

_NAMES: Final = (
    ("dns", "dns.query", "nocase; "),
    ("tls", "tls.sni", "nocase; "),
    ("quic", "quic.sni", "nocase; "),
    ("http", "http.host", ""),
)
"""Protocol, buffer, and whether the buffer keeps capitals."""
SHA1_HEX_CHARS: Final = 40
_ONE_FINGERPRINT: Final = {ObservableType.JA3: "ja3.hash", ObservableType.JA4: "ja4.hash"}


def written(indicator: Indicator, head: Head) -> str | Refused:
    """One rule a line; a name has one for each place in which names stand."""
    kind, value = indicator.observable.type, indicator.observable.value
    ways: list[tuple[str, str]]
    match kind:
        case ObservableType.DOMAIN:
            ways = [
                (f"{protocol} any any -> any any", f'{buffer}; dotprefix; content:".{value}"; {capitals}endswith; ')
                for protocol, buffer, capitals in _NAMES
            ]
        case ObservableType.IP4 | ObservableType.IP6:
            often = f"threshold:type limit,track by_both,seconds {LIMIT_S},count 1; "
            ways = [(f"ip any any <> {value} any", often)]
        case ObservableType.JA3 | ObservableType.JA4:
            protocol = "quic" if value.startswith("q") else "tls"
            ways = [(f"{protocol} any any -> any any", f'{_ONE_FINGERPRINT[kind]}; content:"{value}"; ')]
        case ObservableType.CERT if len(value) == SHA1_HEX_CHARS:
            pairs = ":".join(value[at : at + 2] for at in range(0, len(value), 2))
            ways = [("tls any any -> any any", f'tls.cert_fingerprint; content:"{pairs}"; ')]
        case ObservableType.CERT:
            return Refused("no_field", "Suricata knows a certificate by its SHA-1 and not by its SHA-256")
        case ObservableType.SHA256:
            return Refused("no_field", "Suricata takes hashes of files from a list beside the rule, not in it")
        case _:
            return Refused("no_field", "a Suricata rule looks one way, and the two fingerprints go both ways")
    rules = [_rule(indicator, head, place, *way) for place, way in enumerate(ways)]
    return "".join(f"# {line}\n" for line in (head.title, *head.lines)) + "".join(rules)


def sid_of(indicator_id: str, place: int = 0) -> int:
    """The number of its rule at this place, from 0."""
    slots = len(INDICATOR_RULES) // RULES_OF_ONE
    return INDICATOR_RULES.start + int(indicator_id[-12:], 16) % slots * RULES_OF_ONE + place


def _rule(indicator: Indicator, head: Head, place: int, header: str, condition: str) -> str:
    tlp = indicator.tlp.value.removeprefix("TLP:").lower().replace("+", "-")
    known = {
        "indicator": indicator.id,
        "tlp": tlp,
        "pap": indicator.pap.name.lower(),
        "until": iso(indicator.valid_until_us)[:10].replace("-", "_"),
        "mitre_technique_id": head.technique,
    }
    metadata = ", ".join(f"{name} {word}" for name, word in known.items() if word)
    more = f"reference:url,{head.place.partition('://')[2]}; " if head.place else ""
    rev = max(1, indicator.version // SECOND_US % 2**31)
    return (
        f'alert {header} (msg:"BAVN shared indicator {indicator.observable.value}"; {condition}{more}'
        f"metadata:{metadata}; sid:{sid_of(indicator.id, place)}; rev:{rev};)\n"
    )
