"""The Suricata rules behind our datasets: written once, never changed by what is blocked.

A dataset matches whole values only, so that a name's children need a rule for each depth: the rule for k labels cuts
the last k labels out of the name and looks those up. Refuses to know what stands in the sets.
"""

from typing import Final, Literal

from bavn.actor.protect.sids import SID_ADDRESS, SID_FINGERPRINT, SID_NAMES
from bavn.model.observable import ObservableType

RULES_NAME: Final = "bavn.rules"
LABELS_MAX: Final = 6
MEMCAP: Final = "128mb"
HASH_SIZE: Final = 65536
LIMIT_S: Final = 60
"""A talker on a blocked address is one alert in so many seconds, not one a packet."""

DATASETS: Final[dict[ObservableType, tuple[str, Literal["string", "ip"]]]] = {
    ObservableType.IP4: ("bavn-ip", "ip"),
    ObservableType.IP6: ("bavn-ip", "ip"),
    ObservableType.DOMAIN: ("bavn-domain", "string"),
    ObservableType.JA3: ("bavn-ja3", "string"),
    ObservableType.JA4: ("bavn-ja4", "string"),
    ObservableType.CERT: ("bavn-cert", "string"),
}
"""Type -> name and kind of its dataset. The file of a set is its name with ``.lst``, in Suricata's data folder."""

_BUFFERS: Final = (
    ("dns.query", "dns", "to_lowercase; "),
    ("tls.sni", "tls", "to_lowercase; "),
    ("quic.sni", "quic", "to_lowercase; "),
    ("http.host", "http", ""),
)


def rules_text(action: Literal["alert", "drop"] = "alert") -> str:
    """The rule file. ``drop`` needs an inline Suricata; ``alert`` only watches."""
    lines = ["# Written by Bavn; the sets behind these rules change while Suricata runs, the rules do not."]
    ip_set = _isset(ObservableType.IP4)
    limit = f"threshold:type limit,track by_both,seconds {LIMIT_S},count 1; " if action == "alert" else ""
    for side, sid in zip(("ip.src", "ip.dst"), SID_ADDRESS, strict=True):
        lines.append(_rule(action, "ip", f"shared indicator, {side}", f"{side}; {ip_set}{limit}", sid))
    for kind, buffer in (("ja3", "ja3.hash"), ("ja4", "ja4.hash"), ("cert", "tls.cert_fingerprint")):
        found = _isset(ObservableType(kind))
        lines.append(_rule(action, "tls", f"shared indicator, {kind}", f"{buffer}; {found}", SID_FINGERPRINT[kind]))
    for buffer, protocol, lower in _BUFFERS:
        for labels in range(2, LABELS_MAX + 1):
            asked = f"{buffer}; {lower}{_last(labels)}{_isset(ObservableType.DOMAIN)}"
            said = f"shared indicator, {buffer}, {labels} labels"
            lines.append(_rule(action, protocol, said, asked, SID_NAMES[buffer] + labels))
    return "\n".join(lines) + "\n"


def _last(labels: int) -> str:
    """Cuts out the last labels, or leaves one letter of a name that has fewer: a buffer that stayed whole, or that was
    left empty without another transform before it, would match a name of fewer labels once more for each rule."""
    return rf'pcrexform:"^(?|(?:.*\.)?((?:[^.]+\.){{{labels - 1}}}[^.]+)$|(.))"; '


def _isset(kind: ObservableType) -> str:
    name, form = DATASETS[kind]
    return f"dataset:isset,{name},type {form},state {name}.lst,memcap {MEMCAP},hashsize {HASH_SIZE}; "


def _rule(action: str, protocol: str, said: str, asked: str, sid: int) -> str:
    return f'{action} {protocol} any any -> any any (msg:"BAVN {said}"; {asked}sid:{sid}; rev:1;)'
