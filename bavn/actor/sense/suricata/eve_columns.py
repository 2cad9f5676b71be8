"""EVE's fields -> the columns of record.TABLES, as SQL over the stage that eve.py makes. Data, little else.

The stage gives logged (the line's moment), src, src_port, dst, dst_port (the opener first), back (EVE had them the
other way round), transport, and for flows begun, ended, counters and flags as EVE's sides. SOURCES adds EVE's objects.
"""

from typing import Final

from bavn.actor.sense.macros import common_columns
from bavn.actor.sense.suricata.eve_schema import DETAIL

# answers_of: rdata of the answers, in dns version 2 and 3 detailed, version 1 (one answer a line), or grouped by type.
MACROS: Final = """
CREATE OR REPLACE MACRO header_of(headers, wanted) AS
  list_filter(headers, lambda h: lower(h.name) = wanted)[1].value;
CREATE OR REPLACE MACRO answers_of(dns) AS CASE
  WHEN dns.answers IS NOT NULL THEN list_filter(list_transform(dns.answers,
    lambda r: coalesce(r.rdata, r.srv.name, r.soa.mname)), lambda r: r IS NOT NULL)
  WHEN dns.rdata IS NOT NULL THEN [dns.rdata]
  WHEN dns.grouped IS NOT NULL THEN json_extract_string(dns.grouped, '$.*[*]')
  ELSE CAST([] AS VARCHAR[]) END;
"""

_ANSWERED = "(dns.type IN ('answer', 'response'))"

_COMMON: Final = common_columns("coalesce(flow_id, 0)")
_APP_PROTO = "CASE WHEN app_proto IN ('failed', 'unknown') THEN NULL ELSE app_proto END"
_UNANSWERED = "(pkts_tc = 0 OR coalesce(state = 'new', FALSE))"
_WHOLE_FILE = "(fileinfo.state = 'CLOSED' AND coalesce(NOT fileinfo.gaps, TRUE))"

COLUMNS: Final[dict[str, dict[str, str]]] = {
    "flow": {
        **_COMMON,
        "ts": "begun",
        "ts_end": "greatest(begun, coalesce(ended, logged))",
        "app_proto": "nullif(app_proto, 'unknown')",
        "bytes_toserver": "CASE WHEN back THEN bytes_tc ELSE bytes_ts END",
        "bytes_toclient": "CASE WHEN back THEN bytes_ts ELSE bytes_tc END",
        "pkts_toserver": "CASE WHEN back THEN pkts_tc ELSE pkts_ts END",
        "pkts_toclient": "CASE WHEN back THEN pkts_ts ELSE pkts_tc END",
        "state": "state",
        "reason": "ending",
        "tcp_flags_ts": "CASE WHEN back THEN flags_tc ELSE flags_ts END",
        "tcp_flags_tc": "CASE WHEN back THEN flags_ts ELSE flags_tc END",
        "icmp_type": "icmp_type",
        "icmp_code": "icmp_code",
        "failed": f"""CASE WHEN back THEN FALSE
            ELSE flow_failed(transport, dst, flags_ts, flags_tc, pkts_tc, {_UNANSWERED}, icmp_type) END""",
    },
    "dns": {
        **_COMMON,
        "rrname": "name_of(coalesce(dns.rrname, dns.queries[1].rrname))",
        "rrtype": "coalesce(dns.rrtype, dns.queries[1].rrtype)",
        "rcode": f"CASE WHEN {_ANSWERED} THEN dns.rcode END",
        "answered": f"coalesce({_ANSWERED}, FALSE)",
        "answers": "rdata",
        "answer_bytes": """CASE
            WHEN rdata IS NOT NULL THEN coalesce(list_sum(list_transform(rdata, lambda r: strlen(r))), 0) END""",
        "ttl_s": f"""CASE
            WHEN {_ANSWERED} THEN coalesce(list_min(list_transform(dns.answers, lambda r: r.ttl)), dns.ttl) END""",
    },
    "tls": {
        **_COMMON,
        "sni": "name_of(coalesce(tls.sni, quic.sni))",
        # Suricata 8 writes the number of one that it does not know in decimals.
        "version": """CASE WHEN kind = 'quic' THEN 'QUIC ' || coalesce(quic.version, '')
            WHEN regexp_full_match(tls.version, '[0-9]{4,5}') THEN printf('0x%04x', CAST(tls.version AS UINTEGER))
            ELSE tls.version END""",
        "subject": "tls.subject",
        "issuerdn": "tls.issuerdn",
        "cert": "hex_of(tls.fingerprint)",
        "notbefore": "moment_of(tls.notbefore || 'Z')",
        "notafter": "moment_of(tls.notafter || 'Z')",
        "ja3": "lower(coalesce(tls.ja3.hash, quic.ja3.hash))",
        "ja3_string": "coalesce(tls.ja3.string, quic.ja3.string)",
        "ja3s": "lower(coalesce(tls.ja3s.hash, quic.ja3s.hash))",
        # Where no client's hello was seen Suricata 8 gives that of none: a fingerprint without a cipher.
        "ja4": "CASE WHEN substr(coalesce(tls.ja4, quic.ja4), 5, 2) <> '00' THEN coalesce(tls.ja4, quic.ja4) END",
        "resumed": "coalesce(tls.session_resumed, FALSE)",
        # What ja3s hashes begins with the version and the cipher.
        "cipher": "printf('0x%04x', TRY_CAST(split_part(tls.ja3s.string, ',', 2) AS USMALLINT))",
    },
    "http": {
        **_COMMON,
        "host": "host_of(http.hostname)",
        "url": "http.url",
        "method": "http.http_method",
        "user_agent": "http.http_user_agent",
        "status": "http.status",
        "content_type": "http.http_content_type",
        "server": "coalesce(http.server, header_of(http.response_headers, 'server'))",
        "request_bytes": "count_of(header_of(http.request_headers, 'content-length'))",
        "response_bytes": "http.length",
    },
    "smb": {
        **_COMMON,
        "command": "smb.command",
        "status": "smb.status",
        "share": "smb.share",
        "filename": "smb.filename",
        "disposition": "smb.disposition",
        "named_pipe": "smb.named_pipe",
        "ntlm_user": "some_of(smb.ntlmssp.user)",
    },
    "dcerpc": {
        **_COMMON,
        "interface": "interface",
        "endpoint": "endpoint_of(interface)",
        "opnum": "coalesce(dcerpc.req.opnum, smb.dcerpc.opnum)",
    },
    "ssh": {
        **_COMMON,
        "client_software": "ssh.client.software_version",
        "server_software": "ssh.server.software_version",
        "client_proto": "ssh.client.proto_version",
        "hassh": "lower(ssh.client.hassh.hash)",
        "hassh_server": "lower(ssh.server.hassh.hash)",
    },
    "rdp": {
        **_COMMON,
        "event_type": "rdp.event_type",
        "cookie": "rdp.cookie",
        "client_name": "rdp.client.client_name",
        "protocol": "rdp.protocol",
        "result": "coalesce(rdp.error_code, rdp.reason)",
    },
    "krb5": {
        **_COMMON,
        "msg_type": "krb5.msg_type",
        "cname": "some_of(krb5.cname)",
        "realm": "some_of(krb5.realm)",
        "sname": "some_of(krb5.sname)",
        "encryption": "some_of(krb5.encryption)",
        "error_code": "some_of(krb5.error_code)",
        "success": """CASE WHEN krb5.msg_type IN ('KRB_AS_REP', 'KRB_TGS_REP', 'KRB_AP_REP') THEN TRUE
            WHEN krb5.msg_type = 'KRB_ERROR' THEN FALSE END""",
    },
    "fileinfo": {
        **_COMMON,
        "src": "CASE WHEN turn THEN b ELSE a END",
        "dst": "CASE WHEN turn THEN a ELSE b END",
        "src_port": "coalesce(CASE WHEN turn THEN b_port ELSE a_port END, 0)",
        "dst_port": "coalesce(CASE WHEN turn THEN a_port ELSE b_port END, 0)",
        "filename": "fileinfo.filename",
        "magic": "fileinfo.magic",
        "size": "fileinfo.size",
        "md5": f"CASE WHEN {_WHOLE_FILE} THEN lower(fileinfo.md5) END",
        "sha1": f"CASE WHEN {_WHOLE_FILE} THEN lower(fileinfo.sha1) END",
        "sha256": f"CASE WHEN {_WHOLE_FILE} THEN lower(fileinfo.sha256) END",
        "app_proto": _APP_PROTO,
        "host": "host_of(http.hostname)",
    },
    "alert": {
        **_COMMON,
        "gid": "alert.gid",
        "signature_id": "count_of(alert.signature_id)",
        "rev": "alert.rev",
        "signature": "alert.signature",
        "category": "alert.category",
        "severity": "alert.severity",
        "action": "alert.action",
        "app_proto": _APP_PROTO,
    },
    "dhcp": {
        **_COMMON,
        "type": "dhcp.type",
        "dhcp_type": "dhcp.dhcp_type",
        "mac": "lower(dhcp.client_mac)",
        "assigned": "nowhere(given)",
        "hostname": "dhcp.hostname",
        "vendor": "dhcp.vendor_class_identifier",
    },
    "stats": {
        "ts": "logged",
        "uptime_s": "stats.uptime",
        "capture_packets": "stats.capture.kernel_packets",
        "capture_drops": "stats.capture.kernel_drops",
        "decoder_packets": "stats.decoder.pkts",
        "decoder_bytes": "stats.decoder.bytes",
        "decoder_invalid": "stats.decoder.invalid",
        "flow_memcap": "stats.flow.memcap",
        "tcp_sessions": "stats.tcp.sessions",
        "stream_gaps": "stats.tcp.reassembly_gap",
    },
}

# The lines of one record type, with the objects of its DETAIL.
_DETAILED: Final = {
    record: "(SELECT * EXCLUDE (line), unnest(from_json(line, '"
    + structure
    + f"')) FROM stage WHERE outcome = '{record}')"
    for record, structure in DETAIL.items()
}

# A file's sender comes first in EVE; another row of its flow tells who opened. Without one: a service port, else the
# lower port is the server's.
_FILEINFO: Final = f"""(
  SELECT f.*, coalesce(o.opener = f.b AND o.opener_port = f.b_port,
      f.back OR (f.a_port < f.b_port AND NOT called_back(f.b_port, f.a_port))) AS turn
  FROM {_DETAILED["fileinfo"]} f LEFT JOIN (
    SELECT flow_id AS joined_id, arg_min(src, n) AS opener, arg_min(src_port, n) AS opener_port
    FROM stage WHERE outcome IN ('flow', 'http', 'smb', 'tls') AND flow_id > 0 GROUP BY flow_id) o
  ON o.joined_id = f.flow_id)"""

# A request names no interface: it is the one that its flow bound last.
_DCERPC: Final = f"""(
  SELECT *, lower(last_value(own IGNORE NULLS) OVER (PARTITION BY flow_id, src, src_port ORDER BY n)) AS interface
  FROM (SELECT *, coalesce(smb.dcerpc.interfaces[1].uuid, dcerpc.interfaces[1].uuid) AS own
        FROM {_DETAILED["dcerpc"]}))"""

_DNS: Final = f"(SELECT *, CASE WHEN {_ANSWERED} THEN answers_of(dns) END AS rdata FROM {_DETAILED['dns']})"

_DHCP: Final = f"(SELECT *, address_of(dhcp.assigned_ip) AS given FROM {_DETAILED['dhcp']})"

SOURCES: Final = {**_DETAILED, "dhcp": _DHCP, "dns": _DNS, "fileinfo": _FILEINFO, "dcerpc": _DCERPC}
