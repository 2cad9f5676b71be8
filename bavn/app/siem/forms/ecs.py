"""Elastic Common Schema 8.17 (which 9 reads): one JSON object an event, Bavn's own facts under ``bavn``."""

from collections.abc import Mapping
from typing import Any, Final

from bavn.app.siem.event import Kind, SiemEvent, Teller
from bavn.model.moment import iso
from bavn.model.observable import Observable, ObservableType

VERSION: Final = "8.17.0"
CATEGORIES: Final[Mapping[Kind, tuple[str, str, tuple[str, ...]]]] = {
    "suspicion": ("alert", "intrusion_detection", ("info",)),
    "sighting": ("alert", "threat", ("indicator",)),
    "block": ("event", "network", ("info",)),
    "health": ("event", "host", ("info",)),
    "ledger": ("event", "network", ("info",)),
    "lead": ("alert", "intrusion_detection", ("info",)),
    "case": ("event", "intrusion_detection", ("info",)),
    "release": ("event", "threat", ("indicator",)),
    "audit": ("event", "configuration", ("change",)),
}
"""event.kind, event.category and event.type of each kind."""
TYPES: Final[Mapping[tuple[Kind, str], str]] = {
    ("block", "block-set"): "denied",
    ("block", "block-lifted"): "allowed",
    ("health", "problem-begun"): "start",
    ("health", "problem-ended"): "end",
    ("ledger", "passed"): "allowed",
    ("ledger", "refused"): "denied",
}
"""event.type where the action says more than the kind does."""
_INDICATORS: Final[Mapping[ObservableType, tuple[str, str]]] = {
    ObservableType.IP4: ("ipv4-addr", "ip"),
    ObservableType.IP6: ("ipv6-addr", "ip"),
    ObservableType.DOMAIN: ("domain-name", "url.domain"),
    ObservableType.SHA256: ("file", "file.hash.sha256"),
    ObservableType.CERT: ("x509-certificate", ""),
}
"""threat.indicator.type, and the field beneath threat.indicator that has its value beside ``name``."""


def document(event: SiemEvent, teller: Teller) -> dict[str, Any]:
    """The event as ECS has it."""
    kind, category, types = CATEGORIES[event.kind]
    more = TYPES.get((event.kind, event.action))
    fields: dict[str, Any] = {
        "@timestamp": iso(event.at_us),
        "ecs.version": VERSION,
        "message": event.message.say(teller.language),
        "event.id": event.id,
        "event.kind": kind,
        "event.category": [category],
        "event.type": [more] if more else list(types),
        "event.action": event.action,
        "event.module": "bavn",
        "event.dataset": f"bavn.{event.kind}",
        "event.severity": event.severity,
        "event.outcome": event.outcome,
        "event.reason": event.reason.say(teller.language) if event.reason else "",
        "event.start": iso(event.first_us) if event.first_us else "",
        "event.end": iso(event.last_us) if event.last_us else "",
        "organization.name": teller.name,
        "observer.vendor": "Bavn",
        "observer.product": "Bavn",
        "observer.type": teller.role,
        "observer.version": teller.version,
        "user.name": event.who,
        "rule.name": event.rule or event.detector,
        "threat.framework": "MITRE ATT&CK" if event.technique else "",
        "threat.technique.id": [event.technique] if event.technique else [],
        **_sides(event),
        **_indicator(event),
        **{f"bavn.{name}": list(fact) if isinstance(fact, tuple) else fact for name, fact in event.facts.items()},
    }
    return nested({name: value for name, value in fields.items() if value not in ("", [])})


def _sides(event: SiemEvent) -> dict[str, Any]:
    """The own machine and the other side of it."""
    fields: dict[str, Any] = {}
    ips = []
    if event.host:
        fields["source.address"] = event.host
        if event.host_address:
            fields["source.ip"] = event.host
            ips.append(event.host)
        else:
            fields["host.name"] = event.host
    addresses = [
        observable.value
        for observable in event.observables
        if observable.type in (ObservableType.IP4, ObservableType.IP6)
    ]
    domains = [observable.value for observable in event.observables if observable.type is ObservableType.DOMAIN]
    if addresses:
        fields["destination.ip"] = addresses[0]
    if domains:
        fields["destination.domain"] = domains[0]
    if addresses or domains:
        fields["destination.address"] = (domains or addresses)[0]
    hashes = [
        observable.value for observable in event.observables if observable.type not in (ObservableType.CHAIN, *_NETWORK)
    ]
    return fields | {"related.ip": ips + addresses, "related.hosts": domains, "related.hash": hashes}


_NETWORK: Final = (ObservableType.IP4, ObservableType.IP6, ObservableType.DOMAIN)


def _indicator(event: SiemEvent) -> dict[str, Any]:
    """What an indicator is of; of a suspicion the other side is no indicator yet."""
    if not event.indicator or not event.observables:
        return {"threat.indicator.id": [event.indicator]} if event.indicator else {}
    observable: Observable = event.observables[0]
    kind, place = _INDICATORS.get(observable.type, ("network-traffic", ""))
    fields: dict[str, Any] = {
        "threat.indicator.id": [event.indicator],
        "threat.indicator.type": kind,
        "threat.indicator.name": observable.value,
    }
    if place:
        fields[f"threat.indicator.{place}"] = observable.value
    if event.kind == "sighting":
        fields["threat.indicator.sightings"] = event.count
    return fields


def nested(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Names with points as objects within each other."""
    whole: dict[str, Any] = {}
    for name, value in fields.items():
        at = whole
        *folders, last = name.split(".")
        for folder in folders:
            at = at.setdefault(folder, {})
        at[last] = value
    return whole
