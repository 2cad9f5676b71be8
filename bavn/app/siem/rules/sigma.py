"""Sigma rules of one indicator: a document for each kind of log in which it can be met, each with a lasting id.

Fields are SigmaHQ's for dns, proxy, firewall and Windows, and Zeek's. Written by YAML's own writer.
"""

import uuid
from typing import Any, Final

from bavn.app.siem.rules.rule import Head, fields_of_pair
from bavn.model.intel.indicator import Indicator
from bavn.model.moment import iso
from bavn.model.observable import Observable, ObservableType
from bavn.model.outcome import Refused

_DNS: Final = {"category": "dns"}
_PROXY: Final = {"category": "proxy"}
_FIREWALL: Final = {"category": "firewall"}
_TLS: Final = {"product": "zeek", "service": "ssl"}
_FILES: Final = {"product": "zeek", "service": "files"}
_STARTED: Final = {"category": "process_creation", "product": "windows"}
_LOADED: Final = {"category": "image_load", "product": "windows"}
Selection = dict[str, Any] | list[dict[str, Any]]


def written(indicator: Indicator, head: Head) -> str | Refused:
    """YAML documents, one a kind of log."""
    import yaml  # heavy, and a command that writes another language needs none

    documents = [_document(indicator, head, *way) for way in _ways(indicator.observable)]
    return "---\n".join(yaml.safe_dump(one, sort_keys=False, allow_unicode=True, width=120) for one in documents)


def _ways(observable: Observable) -> list[tuple[dict[str, str], Selection]]:
    value = observable.value
    match observable.type:
        case ObservableType.DOMAIN:
            fields = ((_DNS, "query"), (_PROXY, "cs-host"), (_TLS, "server_name"))
            return [(log, [{field: value}, {f"{field}|endswith": f".{value}"}]) for log, field in fields]
        case ObservableType.IP4 | ObservableType.IP6:
            return [(_FIREWALL, [{"dst_ip": value}, {"src_ip": value}])]
        case ObservableType.JA3 | ObservableType.JA4:
            return [(_TLS, {observable.type.value: value})]
        case ObservableType.CERT:
            return [(_TLS, {"cert_chain_fps": value})]
        case ObservableType.SHA256:
            hashed = {"Hashes|contains": f"SHA256={value}"}
            return [(_STARTED, hashed), (_LOADED, hashed), (_FILES, {"sha256": value})]
        case _:
            return [(_TLS, dict(fields_of_pair(observable)))]


def _document(indicator: Indicator, head: Head, log: dict[str, str], selection: Selection) -> dict[str, Any]:
    begun = iso(indicator.valid_from_us)[:10]
    tags = [f"attack.{head.technique.lower()}"] if head.technique else []
    tags.append("tlp." + indicator.tlp.value.removeprefix("TLP:").lower().replace("+", "-"))
    where = "/".join(log.values())
    document = {
        "title": f"Bavn Shared Indicator {indicator.observable.value[:60]} ({where})",
        "id": str(uuid.uuid5(uuid.UUID(indicator.id.removeprefix("indicator--")), where)),
        "status": "stable",
        "description": "; ".join((head.title, *head.lines)),
        "references": [head.place] if head.place else [],
        "author": "Bavn",
        "date": begun,
        "tags": tags,
        "logsource": log,
        "detection": {"selection": selection, "condition": "selection"},
        "falsepositives": ["Unlikely"],
        "level": "high",
    }
    return {name: part for name, part in document.items() if part}
