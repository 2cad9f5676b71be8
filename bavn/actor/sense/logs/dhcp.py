"""Leases that a DHCP server gave: ISC dhcpd, dnsmasq-dhcp and Kea. What asks, offers or releases passes.

Source: dhcpd's and dnsmasq's own lines, Kea's message DHCP4_LEASE_ALLOC.
"""

from typing import Final

from bavn.actor.sense.logs.format import COMMON, NOBODY, LogFormat, judged
from bavn.actor.sense.logs.head import extract

_MAC: Final = "((?:[0-9a-fA-F]{1,2}:){5}[0-9a-fA-F]{1,2})"
_ACK: Final = rf"""
    ^(?: [0-9]+\  )? DHCPACK (?: \(\S+\) )? (?: \ on )?         # dnsmasq's serial and interface
    \ ([0-9.]+)                                                 # address
    (?: \ to )?\ {_MAC}                                         # mac
    (?: \ \(([^()]*)\)                                          # name in brackets, as dhcpd writes it
      | \ ([A-Za-z0-9_.-]+) )?                                  # name as dnsmasq writes it
    (?: \ via\ .* )? $                                          # interface
"""
_KEA: Final = rf"""
    DHCP4_LEASE_ALLOC\ \[hwtype=1\ {_MAC}\]                     # mac
    .*\ lease\ ([0-9.]+)\ has\ been\ allocated                  # address
"""

_STAGE: Final = f"""
WITH told AS (SELECT n, stamped AS logged, {extract("message", _ACK, "address mac named name")} AS s,
    {extract("message", _KEA, "mac address")} AS k FROM mine),
read AS (SELECT n, logged, s.mac <> '' OR k.mac <> '' AS kin, coalesce(filled(s.address), k.address) AS given,
    address_of(coalesce(filled(s.address), k.address)) AS src, 68 AS src_port, {NOBODY} AS dst, 67 AS dst_port,
    'udp' AS transport, lower(coalesce(filled(s.mac), k.mac)) AS mac,
    coalesce(filled(s.named), filled(s.name)) AS hostname, CAST(NULL AS VARCHAR) AS community_id FROM told)
{judged("read", reasons="WHEN src IS NULL THEN 'address: ' || shown(given)", outcome="'dhcp'")}"""

DHCP: Final = LogFormat(
    name="dhcp",
    tells="coalesce(program IN ('dhcpd', 'dnsmasq-dhcp', 'kea-dhcp4'), FALSE) OR contains(message, 'DHCP4_')",
    stage=_STAGE,
    columns={
        "dhcp": {
            **COMMON,
            "type": "'reply'",
            "dhcp_type": "'ack'",
            "mac": "mac",
            "assigned": "src",
            "hostname": "hostname",
        }
    },
)
