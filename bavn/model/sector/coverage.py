"""What each detector needs to see, and which techniques it names: from this follows what an actor's sources can show.

One row a detector; tests compare it with the detectors themselves (tests/actor/detect/test_coverage.py). Refuses to
know any actor.
"""

from dataclasses import dataclass
from typing import Final

from bavn.model.text import Text


@dataclass(frozen=True, slots=True)
class DetectorSources:
    """``needs``: record types of which one is enough for it to find anything; ``techniques``: ATT&CK, the detector's
    own first."""

    says: Text
    needs: tuple[str, ...]
    techniques: tuple[str, ...]


SIGHTS: Final[dict[str, DetectorSources]] = {
    "ioc": DetectorSources(Text("known indicators"), ("flow", "dns", "tls", "http"), ("T1071",)),
    "beacon": DetectorSources(Text("calls at a beat"), ("flow", "tls", "http", "dns"), ("T1071",)),
    "dns_tunnel": DetectorSources(Text("data in DNS names"), ("dns",), ("T1071",)),
    "scan": DetectorSources(Text("scans"), ("flow",), ("T1046", "T1018", "T1595")),
    "rarity": DetectorSources(Text("rare peers"), ("flow",), ("T1071", "T1571", "T1573", "T1048")),
    "exfil": DetectorSources(Text("data on its way out"), ("flow",), ("T1048",)),
    "dga": DetectorSources(Text("made-up names"), ("dns",), ("T1568",)),
    "long": DetectorSources(
        Text("connections that stay"),
        ("flow", "tls", "ssh", "http", "rdp", "alert"),
        ("T1571", "T1133"),
    ),
    "lateral": DetectorSources(
        Text("movement inside"),
        ("flow", "smb", "dcerpc", "http"),
        ("T1021", "T1569", "T1570", "T1053", "T1047"),
    ),
    "bruteforce": DetectorSources(Text("guessed passwords"), ("flow", "krb5", "ssh", "smb", "http"), ("T1110",)),
    "signature": DetectorSources(
        Text("rules of the sensor"),
        ("alert",),
        ("T1071", "T1189", "T1190", "T1210", "T1496", "T1498", "T1566", "T1595"),
    ),
    "ward": DetectorSources(
        Text("medical devices out of their habits"), ("clinical",), ("T1213", "T1048", "T1071", "T1565")
    ),
    "tunnel": DetectorSources(
        Text("conversations that carry others"), ("flow", "http", "tls"), ("T1572", "T1095", "T1090", "T1071")
    ),
}


def base(technique: str) -> str:
    """A technique without its sub-technique."""
    return technique.partition(".")[0]


def detectors_of(technique: str) -> tuple[str, ...]:
    """Detectors that may name a technique."""
    return tuple(name for name, sight in SIGHTS.items() if base(technique) in sight.techniques)


TECHNIQUES: Final = tuple(sorted({technique for sight in SIGHTS.values() for technique in sight.techniques}))
