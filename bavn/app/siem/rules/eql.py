"""EQL of one indicator, over the fields of the Elastic Common Schema. Expect a field that no index has to be passed
over (``?``), where Elasticsearch would refuse the query."""

from bavn.app.siem.rules.rule import SHA1_HEX_CHARS, Head, fields_of_pair, no_field
from bavn.model.intel.indicator import Indicator
from bavn.model.observable import Observable, ObservableType
from bavn.model.outcome import Refused


def written(indicator: Indicator, head: Head) -> str | Refused:
    """One event query, under its head as a comment."""
    terms = _terms(indicator.observable)
    if isinstance(terms, Refused):
        return terms
    return head.commented("//") + "any where " + "\n  or ".join(terms) + "\n"


def _terms(observable: Observable) -> list[str] | Refused:
    value = observable.value
    match observable.type:
        case ObservableType.DOMAIN:
            fields = ("dns.question.name", "tls.client.server_name", "url.domain", "destination.domain")
            return [f'?{field} : ("{value}", "*.{value}")' for field in fields]
        case ObservableType.IP4 | ObservableType.IP6:
            return [f'?{field} == "{value}"' for field in ("destination.ip", "source.ip")]
        case ObservableType.JA3:
            return [f'?tls.client.ja3 : "{value}"']
        case ObservableType.CERT:
            digest = "sha1" if len(value) == SHA1_HEX_CHARS else "sha256"
            return [f'?tls.server.hash.{digest} : "{value}"']
        case ObservableType.SHA256:
            return [f'?{field}.hash.sha256 : "{value}"' for field in ("file", "process", "dll")]
        case ObservableType.FP_PAIR if "_" not in value:
            (_, client), (_, server) = fields_of_pair(observable)
            return [f'?tls.client.ja3 : "{client}" and ?tls.server.ja3s : "{server}"']
        case _:
            return no_field("Elastic Common Schema")
