"""ArcSight's Common Event Format, version 0: one line of text an event.

Backslash and equals sign of values are escaped, and line ends written as the format has it. Custom strings have their
labels, the same for every event, so that a decoder needs to know them once.
"""

from collections.abc import Mapping
from typing import Final

from bavn.app.siem.event import Fact, SiemEvent, Teller
from bavn.model.observable import ObservableType

LABELS: Final[Mapping[str, str]] = {
    "cs1": "indicator",
    "cs2": "technique",
    "cs3": "detector or problem",
    "cs4": "rule",
    "cs5": "case or lead",
    "cs6": "peer",
    "cn1": "line",
    "cfp1": "evidence_nats",
    "cfp2": "p",
}
VALUE_CHARACTERS_MAX: Final = 1000


def line(event: SiemEvent, teller: Teller) -> str:
    """The event as CEF, without a line end."""
    head = (
        "CEF:0",
        "Bavn",
        f"Bavn {teller.role}",
        teller.version,
        f"{event.kind}:{event.action}",
        event.message.say(teller.language),
        str(event.severity),
    )
    pairs = {name: value for name, value in _extension(event, teller).items() if value}
    pairs |= {f"{name}Label": label for name, label in LABELS.items() if name in pairs}
    extension = " ".join(f"{name}={_value(value)}" for name, value in pairs.items())
    return "|".join((head[0], *map(_head, head[1:]))) + "|" + extension


def _extension(event: SiemEvent, teller: Teller) -> dict[str, str]:
    facts = event.facts
    addresses = [one.value for one in event.observables if one.type in (ObservableType.IP4, ObservableType.IP6)]
    domains = [one.value for one in event.observables if one.type is ObservableType.DOMAIN]
    hashes = [one.value for one in event.observables if one.type is ObservableType.SHA256]
    at_home = bool(event.host_address)
    return {
        "rt": str(event.at_us // 1000),
        "externalId": event.id,
        "cat": event.kind,
        "act": event.action,
        "outcome": "" if event.outcome == "unknown" else event.outcome,
        "dvchost": teller.name,
        "src": event.host if at_home else "",
        "shost": "" if at_home else event.host,
        "dst": addresses[0] if addresses else "",
        "dhost": domains[0] if domains else "",
        "fileHash": hashes[0] if hashes else "",
        "suser": event.who,
        "start": str(event.first_us // 1000) if event.first_us else "",
        "end": str(event.last_us // 1000) if event.last_us else "",
        "cnt": str(event.count or ""),
        "in": _text(facts.get("bytes")) if facts.get("way") == "in" else "",
        "out": _text(facts.get("bytes")) if facts.get("way") == "out" else "",
        "reason": event.reason.say(teller.language) if event.reason else "",
        "cs1": event.indicator,
        "cs2": event.technique,
        "cs3": event.detector or _text(facts.get("problem")),
        "cs4": event.rule,
        "cs5": _text(facts.get("case") or facts.get("lead") or facts.get("subject")),
        "cs6": event.observables[0].value if event.observables else _text(facts.get("party") or facts.get("source")),
        "cn1": _text(facts.get("line")),
        "cfp1": _text(facts.get("evidence_nats")),
        "cfp2": _text(facts.get("p")),
        "deviceCustomDate1": _text(facts.get("until")),
        "deviceCustomDate1Label": "until" if facts.get("until") else "",
        "msg": event.message.say(teller.language),
    }


def _text(fact: Fact | None) -> str:
    if isinstance(fact, tuple):
        return ",".join(fact)
    return "" if fact is None else str(fact)


def _head(text: str) -> str:
    flat = " ".join(_shown(text).split())[:VALUE_CHARACTERS_MAX]
    return flat.replace("\\", "\\\\").replace("|", "\\|")


def _value(text: str) -> str:
    escaped = text[:VALUE_CHARACTERS_MAX].replace("\\", "\\\\").replace("=", "\\=")
    return _shown(escaped.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\\n"))


def _shown(text: str) -> str:
    """Without what could end a line or move a terminal's cursor."""
    return "".join(sign if sign.isprintable() else " " for sign in text)
