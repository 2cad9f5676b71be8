"""Open Cybersecurity Schema Framework 1.5: one JSON object an event, of the class that its kind is.

Bavn's own facts stand in ``unmapped``, as OCSF has it for what no class has a field for.
"""

from collections.abc import Mapping
from typing import Any, Final

from bavn.app.siem.event import Kind, SiemEvent, Teller
from bavn.model.observable import Observable, ObservableType

VERSION: Final = "1.5.0"
DETECTION, INCIDENT, OSINT, REMEDIATION, ERROR, BASE = 2004, 2005, 5021, 7001, 6008, 0
CLASSES: Final[Mapping[Kind, int]] = {
    "suspicion": DETECTION,
    "sighting": DETECTION,
    "block": REMEDIATION,
    "health": ERROR,
    "ledger": BASE,
    "lead": DETECTION,
    "case": INCIDENT,
    "release": OSINT,
    "audit": BASE,
}
_OTHER: Final = 99
_ACTIVITIES: Final[Mapping[tuple[Kind, str], int]] = {
    ("block", "block-set"): 1,  # Isolate
    ("block", "block-lifted"): 3,  # Restore
    ("health", "problem-begun"): 1,  # General Error
}
_FIRST: Final[Mapping[int, int]] = {DETECTION: 1, INCIDENT: 2, OSINT: 1}
"""activity_id of classes whose action does not choose it: Create, Update, Log."""
_SEVERITIES: Final = ((9, 5), (7, 4), (5, 3), (3, 2))
"""From so much severity on, OCSF's severity_id: Critical, High, Medium, Low; below, Informational."""
_OBSERVED: Final[Mapping[ObservableType, int]] = {
    ObservableType.IP4: 2,
    ObservableType.IP6: 2,
    ObservableType.DOMAIN: 1,
    ObservableType.SHA256: 8,
    ObservableType.CERT: 30,
    ObservableType.JA3: 30,
    ObservableType.JA4: 30,
}
_OSINT: Final[Mapping[ObservableType, int]] = {
    ObservableType.IP4: 1,
    ObservableType.IP6: 1,
    ObservableType.DOMAIN: 2,
    ObservableType.SHA256: 4,
    ObservableType.CERT: 7,
}
_STATUS: Final = {"success": 1, "failure": 2}
_OVER: Final = frozenset({"close", "dismiss", "merge"})
_ANALYTIC_STATISTICAL: Final = 3
_ANALYTIC_RULE: Final = 1


def document(event: SiemEvent, teller: Teller) -> dict[str, Any]:
    """The event as OCSF has it."""
    class_uid = CLASSES[event.kind]
    activity = _ACTIVITIES.get((event.kind, event.action), _FIRST.get(class_uid, _OTHER))
    whole: dict[str, Any] = {
        "class_uid": class_uid,
        "category_uid": class_uid // 1000,
        "activity_id": activity,
        "type_uid": class_uid * 100 + activity,
        "severity_id": next((id_ for least, id_ in _SEVERITIES if event.severity >= least), 1),
        "time": _ms(event.at_us),
        "message": event.message.say(teller.language),
        "metadata": {
            "version": VERSION,
            "uid": event.id,
            "event_code": event.action,
            "log_name": f"bavn.{event.kind}",
            "tenant_uid": teller.name,
            "product": {
                "name": "Bavn",
                "vendor_name": "Bavn",
                "version": teller.version,
                "uid": f"bavn-{teller.role}",
            },
        },
        **_of_class(class_uid, event, teller),
        **_spans(event),
    }
    if activity == _OTHER:
        whole["activity_name"] = event.action
    observables = _observables(event)
    if observables:
        whole["observables"] = observables
    unmapped = {name: list(fact) if isinstance(fact, tuple) else fact for name, fact in event.facts.items()}
    own = {"host": event.host, "who": event.who, "indicator": event.indicator, "rule": event.rule}
    unmapped |= {name: value for name, value in own.items() if value}
    if unmapped:
        whole["unmapped"] = unmapped
    return whole


def _of_class(class_uid: int, event: SiemEvent, teller: Teller) -> dict[str, Any]:
    """What this class alone has."""
    if class_uid == DETECTION:
        return {"finding_info": _finding(event, teller), "is_alert": True, "status_id": 1}
    if class_uid == INCIDENT:
        status = 5 if event.action in _OVER else 2
        return {
            "finding_info_list": [_finding(event, teller)],
            "status_id": status,
            "assignee_group": {"name": teller.name},
        }
    if class_uid == REMEDIATION:
        more: dict[str, Any] = {"command_uid": event.indicator or event.id}
        if event.outcome in _STATUS:
            more["status_id"] = _STATUS[event.outcome]
        return more | ({"status_detail": event.reason.say(teller.language)} if event.reason else {})
    if class_uid == OSINT:
        return {"osint": [_osint(one, event) for one in event.observables] or [_unknown(event)]}
    if event.reason:
        return {"status_detail": event.reason.say(teller.language)}
    return {}


def _finding(event: SiemEvent, teller: Teller) -> dict[str, Any]:
    finding: dict[str, Any] = {
        "uid": str(event.facts.get("case") or event.facts.get("lead") or event.id),
        "title": event.message.say(teller.language),
        "created_time": _ms(event.at_us),
    }
    if event.reason:
        finding["desc"] = event.reason.say(teller.language)
    if event.detector or event.indicator:
        rule = bool(event.indicator)
        finding["analytic"] = {
            "name": event.indicator or event.detector,
            "type_id": _ANALYTIC_RULE if rule else _ANALYTIC_STATISTICAL,
        }
    if event.technique:
        finding["attacks"] = [{"technique": {"uid": event.technique}}]
    if event.first_us:
        finding["first_seen_time"] = _ms(event.first_us)
    if event.last_us:
        finding["last_seen_time"] = _ms(event.last_us)
    return finding


def _osint(observable: Observable, event: SiemEvent) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "type_id": _OSINT.get(observable.type, _OTHER),
        "value": observable.value,
        "uid": event.indicator or event.id,
    }
    if entry["type_id"] == _OTHER:
        entry["type"] = observable.type.value
    if event.technique:
        entry["attacks"] = [{"technique": {"uid": event.technique}}]
    return entry


def _unknown(event: SiemEvent) -> dict[str, Any]:
    return {"type_id": 0, "value": event.indicator or event.id}


def _observables(event: SiemEvent) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = []
    for observable in event.observables:
        kind = _OBSERVED.get(observable.type, _OTHER)
        entry: dict[str, Any] = {"name": "peer", "type_id": kind, "value": observable.value}
        entries.append(entry | ({"type": observable.type.value} if kind == _OTHER else {}))
    if event.host:
        entries.append({"name": "host", "type_id": 2 if event.host_address else 1, "value": event.host})
    return entries


def _spans(event: SiemEvent) -> dict[str, Any]:
    spans: dict[str, Any] = {}
    if event.first_us:
        spans["start_time"] = _ms(event.first_us)
    if event.last_us:
        spans["end_time"] = _ms(event.last_us)
    if event.count:
        spans["count"] = event.count
    return spans


def _ms(us: int) -> int:
    return us // 1000
