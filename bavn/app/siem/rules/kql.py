"""KQL of one indicator, over the tables of Microsoft Defender and Sentinel. It finds nothing once the indicator has
ended. Expect a table that a workspace has not to be passed over (``isfuzzy``)."""

import re
from typing import Final

from bavn.app.siem.rules.rule import Head, no_field
from bavn.model.intel.indicator import Indicator
from bavn.model.moment import iso
from bavn.model.observable import ObservableType
from bavn.model.outcome import Refused

_Tables = tuple[tuple[str, tuple[str, ...]], ...]
_NAMES: Final[_Tables] = (
    ("DeviceNetworkEvents", ("RemoteUrl",)),
    ("CommonSecurityLog", ("DestinationHostName", "RequestURL")),
    ("DnsEvents", ("Name",)),
    ("ASimDnsActivityLogs", ("DnsQuery",)),
)
_ADDRESSES: Final[_Tables] = (
    ("DeviceNetworkEvents", ("RemoteIP",)),
    ("CommonSecurityLog", ("DestinationIP", "SourceIP")),
    ("ASimNetworkSessionLogs", ("DstIpAddr", "SrcIpAddr")),
)
_FILES: Final[_Tables] = tuple(
    (table, ("SHA256",)) for table in ("DeviceFileEvents", "DeviceProcessEvents", "DeviceImageLoadEvents")
)


def written(indicator: Indicator, head: Head) -> str | Refused:
    """One query, under its head as a comment."""
    value, until = indicator.observable.value, iso(indicator.valid_until_us)[:19]
    before = ""
    match indicator.observable.type:
        case ObservableType.DOMAIN:
            # The host of an address, or a bare name, and nothing that only begins or ends so.
            before = rf'let host = @"(?i)^([a-z]+://)?([^/?#]*\.)?{re.escape(value)}\.?([:/?#]|$)";' + "\n"
            tables, term = _NAMES, f'({{0}} has "{value}" and {{0}} matches regex host)'
        case ObservableType.IP4 | ObservableType.IP6:
            tables, term = _ADDRESSES, f'{{0}} == "{value}"'
        case ObservableType.SHA256:
            tables, term = _FILES, f'{{0}} =~ "{value}"'
        case _:
            return no_field("Microsoft Sentinel")
    parts = [f"    ({table} | where {' or '.join(map(term.format, fields))})" for table, fields in tables]
    union = "union isfuzzy=true\n" + ",\n".join(parts)
    return f"{head.commented('//')}{before}{union}\n| where now() < datetime({until}Z)\n"
