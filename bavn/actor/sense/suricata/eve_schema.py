"""What of Suricata's EVE lines is read, as structures handed to DuckDB's JSON reader. Anything else in a line is
skipped unparsed. Covers the spellings of Suricata 4 to 8 (dns versions 1, 2 and 3). Data only.

HEAD is read of every line, with what tells its outcome; DETAIL of the lines of one record type. Two narrow readings
cost half of one that is wide, since a wide one fills a hundred columns with NULL for each line. Numbers that must be
right or the line is refused are read as text and checked there; the rest become NULL when they are not what they
should be.
"""

import json
from typing import Any, Final

_TEXT: Final = "VARCHAR"
_HEADERS: Final = [{"name": _TEXT, "value": _TEXT}]
_ANSWER: Final = {
    "rrtype": _TEXT,
    "ttl": "UINTEGER",
    "rdata": _TEXT,
    "soa": {"mname": _TEXT},
    "srv": {"name": _TEXT},
}

_TYPES: Final[dict[str, Any]] = {
    "dns": {
        "type": _TEXT,
        "rrname": _TEXT,
        "rrtype": _TEXT,
        "rcode": _TEXT,
        "ttl": "UINTEGER",
        "rdata": _TEXT,
        "queries": [{"rrname": _TEXT, "rrtype": _TEXT}],
        "answers": [_ANSWER],
        "grouped": "JSON",
    },
    "tls": {
        "sni": _TEXT,
        "version": _TEXT,
        "subject": _TEXT,
        "issuerdn": _TEXT,
        "fingerprint": _TEXT,
        "notbefore": _TEXT,
        "notafter": _TEXT,
        "ja3": {"hash": _TEXT, "string": _TEXT},
        "ja3s": {"hash": _TEXT, "string": _TEXT},
        "ja4": _TEXT,
        "session_resumed": "BOOLEAN",
    },
    "quic": {
        "sni": _TEXT,
        "version": _TEXT,
        "ja3": {"hash": _TEXT, "string": _TEXT},
        "ja3s": {"hash": _TEXT},
        "ja4": _TEXT,
    },
    "http": {
        "hostname": _TEXT,
        "url": _TEXT,
        "http_method": _TEXT,
        "http_user_agent": _TEXT,
        "status": "USMALLINT",
        "length": "UBIGINT",
        "http_content_type": _TEXT,
        "server": _TEXT,
        "request_headers": _HEADERS,
        "response_headers": _HEADERS,
    },
    "smb": {
        "command": _TEXT,
        "status": _TEXT,
        "share": _TEXT,
        "filename": _TEXT,
        "disposition": _TEXT,
        "named_pipe": _TEXT,
        "ntlmssp": {"user": _TEXT},
        "dcerpc": {"opnum": "USMALLINT", "interfaces": [{"uuid": _TEXT}]},
    },
    "dcerpc": {"req": {"opnum": "USMALLINT"}, "interfaces": [{"uuid": _TEXT}]},
    "ssh": {
        "client": {"proto_version": _TEXT, "software_version": _TEXT, "hassh": {"hash": _TEXT}},
        "server": {"software_version": _TEXT, "hassh": {"hash": _TEXT}},
    },
    "rdp": {
        "event_type": _TEXT,
        "cookie": _TEXT,
        "client": {"client_name": _TEXT},
        "protocol": _TEXT,
        "error_code": _TEXT,
        "reason": _TEXT,
    },
    "krb5": {
        "msg_type": _TEXT,
        "cname": _TEXT,
        "realm": _TEXT,
        "sname": _TEXT,
        "encryption": _TEXT,
        "error_code": _TEXT,
    },
    "fileinfo": {
        "filename": _TEXT,
        "magic": _TEXT,
        "size": "UBIGINT",
        "state": _TEXT,
        "gaps": "BOOLEAN",
        "md5": _TEXT,
        "sha1": _TEXT,
        "sha256": _TEXT,
    },
    "alert": {
        "gid": "UINTEGER",
        "signature_id": _TEXT,
        "rev": "UINTEGER",
        "signature": _TEXT,
        "category": _TEXT,
        "severity": "UTINYINT",
        "action": _TEXT,
    },
    "dhcp": {
        "type": _TEXT,
        "dhcp_type": _TEXT,
        "client_mac": _TEXT,
        "assigned_ip": _TEXT,
        "hostname": _TEXT,
        "vendor_class_identifier": _TEXT,
    },
    "stats": {
        "uptime": "UBIGINT",
        "capture": {"kernel_packets": "UBIGINT", "kernel_drops": "UBIGINT"},
        "decoder": {"pkts": "UBIGINT", "bytes": "UBIGINT", "invalid": "UBIGINT"},
        "flow": {"memcap": "UBIGINT"},
        "tcp": {"sessions": "UBIGINT", "reassembly_gap": "UBIGINT"},
    },
}

_HEAD: Final[dict[str, Any]] = {
    "timestamp": _TEXT,
    "event_type": _TEXT,
    "flow_id": "UBIGINT",
    "src_ip": _TEXT,
    "src_port": _TEXT,
    "dest_ip": _TEXT,
    "dest_port": _TEXT,
    "proto": _TEXT,
    "community_id": _TEXT,
    "app_proto": _TEXT,
    "direction": _TEXT,
    "pkt_src": _TEXT,
    "icmp_type": "UTINYINT",
    "icmp_code": "UTINYINT",
    "flow": {
        "pkts_toserver": _TEXT,
        "pkts_toclient": _TEXT,
        "bytes_toserver": _TEXT,
        "bytes_toclient": _TEXT,
        "start": _TEXT,
        "end": _TEXT,
        "state": _TEXT,
        "reason": _TEXT,
        "src_ip": _TEXT,
        "src_port": _TEXT,
    },
    "tcp": {"tcp_flags_ts": _TEXT, "tcp_flags_tc": _TEXT},
    # Only to see that the object is there, and which record the line becomes.
    "dns": {"type": _TEXT},
    "tls": {"sni": _TEXT},
    "quic": {"sni": _TEXT, "ja4": _TEXT, "ja3": {"hash": _TEXT}},
    "http": {"url": _TEXT},
    "smb": {"id": _TEXT, "dcerpc": {"call_id": _TEXT}},
    "dcerpc": {"call_id": _TEXT},
    "ssh": {"client": _TEXT},
    "rdp": {"tx_id": _TEXT},
    "krb5": {"msg_type": _TEXT},
    "fileinfo": {"state": _TEXT},
    "alert": {"signature_id": _TEXT},
    "dhcp": {"type": _TEXT},
    "stats": {"uptime": _TEXT},
}

HEAD: Final[str] = json.dumps(_HEAD)
"""For ``from_json``; no quote of SQL's in it. Likewise DETAIL's values."""

_OBJECTS: Final[dict[str, tuple[str, ...]]] = {
    "tls": ("tls", "quic"),
    "dcerpc": ("dcerpc", "smb"),
    "fileinfo": ("fileinfo", "http"),
}

DETAIL: Final[dict[str, str]] = {
    record: json.dumps({name: _TYPES[name] for name in _OBJECTS.get(record, (record,))})
    for record in _TYPES
    if record != "quic"
}
"""Record type -> structure; flow has none, its HEAD holds all."""
