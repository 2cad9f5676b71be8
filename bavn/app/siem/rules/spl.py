"""SPL of one indicator, over the fields of Splunk's Common Information Model, and Zeek's and Suricata's own where the
model has none. It finds nothing once the indicator has ended."""

from bavn.app.siem.rules.rule import Head, colons, fields_of_pair
from bavn.model.intel.indicator import Indicator
from bavn.model.moment import SECOND_US
from bavn.model.observable import Observable, ObservableType
from bavn.model.outcome import Refused


def written(indicator: Indicator, head: Head) -> str | Refused:
    """One search, under its head as a comment."""
    comment = "".join(f"``` {line} ```\n" for line in (head.title, *head.lines))
    end = f"| where now() < {indicator.valid_until_us // SECOND_US}\n"
    return f"{comment}search index=* ({_condition(indicator.observable)})\n{end}"


def _condition(observable: Observable) -> str:
    value = observable.value
    match observable.type:
        case ObservableType.DOMAIN:
            fields = ("query", "url_domain", "server_name", "dest")
            return " OR ".join(f'{field} IN ("{value}", "*.{value}")' for field in fields)
        case ObservableType.IP4 | ObservableType.IP6:
            return _any(dest_ip=value, dest=value, src_ip=value, src=value)
        case ObservableType.JA3:
            return _any(ja3=value) + f' OR tls.ja3.hash="{value}"'
        case ObservableType.JA4:
            return _any(ja4=value) + f' OR tls.ja4="{value}"'
        case ObservableType.CERT:
            return _any(ssl_hash=value) + f' OR tls.fingerprint="{colons(value)}"'
        case ObservableType.SHA256:
            return _any(file_hash=value, sha256=value, process_hash=f"*{value}*")
        case _:
            return " ".join(f'{field}="{fingerprint}"' for field, fingerprint in fields_of_pair(observable))


def _any(**fields: str) -> str:
    return " OR ".join(f'{field}="{value}"' for field, value in fields.items())
