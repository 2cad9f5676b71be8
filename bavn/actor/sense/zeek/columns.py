"""Zeek's fields -> the columns of record.TABLES, as SQL over the stage that stage.py makes. Data, little else.

The stage gives the log's fields under their own names, all as text, and logged (the line's moment), src, src_port, dst,
dst_port, transport, icmp_type and icmp_code.
"""

from typing import Final

from bavn.actor.sense.dcerpc_names import ENDPOINTS
from bavn.actor.sense.macros import common_columns

# zeek_text undoes \x.. and \\ of a TSV field; what is no UTF-8 then stays as it was written. seen_flags: TCP's flags as
# a byte from conn's history, whose letters are upper case for the opener.
MACROS: Final = r"""
CREATE OR REPLACE MACRO zeek_hex(x) AS array_to_string(list_transform(
  regexp_extract_all(x, '\\x[0-9a-fA-F]{2}|\\\\|[^\\]+|\\'),
  lambda t: CASE WHEN t = '\\' THEN '5C' WHEN length(t) = 4 AND starts_with(t, '\x') THEN t[3:4]
    ELSE hex(encode(t)) END), '');
CREATE OR REPLACE MACRO zeek_text(x) AS CASE
  WHEN NOT contains(x, '\') THEN x ELSE coalesce(TRY(decode(unhex(zeek_hex(x)))), x) END;
CREATE OR REPLACE MACRO truth_of(x) AS CASE WHEN x IN ('T', 'true') THEN TRUE WHEN x IN ('F', 'false') THEN FALSE END;
-- JSON::TS_MILLIS writes milliseconds since 1970.
CREATE OR REPLACE MACRO zeek_moment(x) AS coalesce(epoch_of(x), CASE
  WHEN regexp_full_match(x, '[0-9]{13}([.][0-9]{1,9})?')
  THEN in_reach(CAST(split_part(x, '.', 1) AS BIGINT) * 1000
    + CAST(round(CAST('0.' || split_part(x, '.', 2) || '0' AS DOUBLE) * 1000) AS BIGINT)) END);
-- No multiplying: a DECIMAL that is multiplied overflows its width and takes all lines with it. A century is the most.
CREATE OR REPLACE MACRO span_us(x) AS
  CAST(greatest(0, least(round(CASE WHEN isfinite(TRY_CAST(x AS DOUBLE))
    THEN TRY_CAST(x AS DOUBLE) ELSE 0 END * 1000000), 3e15)) AS BIGINT);
CREATE OR REPLACE MACRO seen_flags(history, syn, syn_ack, ack, data, fin, rst) AS CAST(
  CASE WHEN contains(history, syn) OR contains(history, syn_ack) THEN 2 ELSE 0 END
  + CASE WHEN contains(history, syn_ack) OR contains(history, ack) OR contains(history, data) THEN 16 ELSE 0 END
  + CASE WHEN contains(history, fin) THEN 1 ELSE 0 END + CASE WHEN contains(history, rst) THEN 4 ELSE 0 END
  AS UTINYINT);
CREATE OR REPLACE MACRO app_of(service) AS CASE service
  WHEN 'ssl' THEN 'tls' WHEN 'dce_rpc' THEN 'dcerpc' WHEN 'krb' THEN 'krb5' WHEN 'krb_tcp' THEN 'krb5' ELSE service END;
-- What carries comes last in importance: gssapi and ntlm stand beside smb or ldap. A service with a minus before it
-- (Zeek 7.1 on) was taken back.
CREATE OR REPLACE MACRO main_app(service) AS app_of(coalesce(
  list_filter(string_split(lower(service), ','), lambda s: s NOT IN ('gssapi', 'ntlm', 'spnego')
    AND NOT starts_with(s, '-'))[1],
  list_filter(string_split(lower(service), ','), lambda s: NOT starts_with(s, '-'))[1]));
CREATE OR REPLACE MACRO tls_named(version) AS CASE version
  WHEN 'TLSv13' THEN 'TLS 1.3' WHEN 'TLSv12' THEN 'TLS 1.2' WHEN 'TLSv11' THEN 'TLS 1.1' WHEN 'TLSv10' THEN 'TLSv1'
  ELSE version END;
-- As the kex record has them: IANA's spelling of a group, RSA where the key travels under the server's own.
CREATE OR REPLACE MACRO zeek_group(curve, cipher) AS CASE
  WHEN starts_with(curve, 'unknown-') THEN printf('0x%04x', TRY_CAST(curve[9:] AS INTEGER))
  WHEN curve IS NOT NULL THEN curve
  WHEN starts_with(cipher, 'TLS_RSA_') THEN 'RSA' END;
CREATE OR REPLACE MACRO zeek_key(kind, curve) AS CASE kind WHEN 'rsa' THEN 'RSA' WHEN 'dsa' THEN 'DSA'
  WHEN 'ecdsa' THEN 'EC' || coalesce(' ' || replace(curve, 'prime256v1', 'secp256r1'), '') ELSE kind END;
"""

_COMMON: Final = common_columns("coalesce(md5_number_lower(uid), 0)")
_ANSWERED = "(rcode_name IS NOT NULL)"
_UUIDS = "MAP {" + ", ".join(f"'{name}': '{uuid}'" for uuid, name in ENDPOINTS.items() if name != "efsrpc") + "}"
_WHOLE_FILE = "(coalesce(count_of(missing_bytes), 0) = 0)"
# Zeek looks at every connection for what is spoken: with data from both sides and none found, it is none that it knows.
_LOOKED = """transport = 'tcp' AND contains(history, 'h') AND contains(history, 'D') AND contains(history, 'd')
    AND coalesce(count_of(missed_bytes), 0) = 0"""
_PIPE = "starts_with(action, 'SMB::PIPE')"

COLUMNS: Final[dict[str, dict[str, str]]] = {
    "conn": {
        **_COMMON,
        "ts_end": "logged + to_microseconds(span_us(duration))",
        "app_proto": f"coalesce(main_app(service), CASE WHEN {_LOOKED} THEN 'failed' END)",
        "bytes_toserver": "coalesce(count_of(orig_ip_bytes), count_of(orig_bytes), 0)",
        "bytes_toclient": "coalesce(count_of(resp_ip_bytes), count_of(resp_bytes), 0)",
        "pkts_toserver": "coalesce(count_of(orig_pkts), 0)",
        "pkts_toclient": "coalesce(count_of(resp_pkts), 0)",
        "state": """CASE WHEN conn_state = 'S0' THEN 'new'
            WHEN conn_state IN ('S1', 'S2', 'S3', 'OTH') OR transport <> 'tcp' THEN 'established'
            WHEN conn_state IS NOT NULL THEN 'closed' END""",
        "tcp_flags_ts": "CASE WHEN transport = 'tcp' THEN seen_flags(history, 'S', 'H', 'A', 'D', 'F', 'R') END",
        "tcp_flags_tc": "CASE WHEN transport = 'tcp' THEN seen_flags(history, 's', 'h', 'a', 'd', 'f', 'r') END",
        "icmp_type": "icmp_type",
        "icmp_code": "icmp_code",
        "failed": """CASE transport WHEN 'tcp' THEN coalesce(conn_state IN ('S0', 'REJ', 'RSTOS0', 'SH'), FALSE)
            ELSE flow_failed(transport, dst, NULL, NULL, NULL, coalesce(count_of(resp_pkts), 0) = 0, icmp_type) END""",
    },
    "dns": {
        **_COMMON,
        "rrname": "name_of(query)",
        "rrtype": "qtype_name",
        "rcode": "rcode_name",
        "answered": _ANSWERED,
        "answers": f"CASE WHEN {_ANSWERED} THEN coalesce(answers, CAST([] AS VARCHAR[])) END",
        "answer_bytes": f"""CASE
            WHEN {_ANSWERED} THEN coalesce(list_sum(list_transform(answers, lambda r: strlen(r))), 0) END""",
        "ttl_s": 'list_min(list_transform("TTLs", lambda t: TRY_CAST(TRY_CAST(t AS DOUBLE) AS UINTEGER)))',
    },
    "http": {
        **_COMMON,
        "host": "host_of(host)",
        "url": "uri",
        "method": "method",
        "user_agent": "user_agent",
        "status": "TRY_CAST(status_code AS USMALLINT)",
        "content_type": "resp_mime_types[1]",
        "request_bytes": "count_of(request_body_len)",
        "response_bytes": "count_of(response_body_len)",
    },
    "ssl": {
        **_COMMON,
        "sni": "name_of(server_name)",
        "version": "tls_named(version)",
        "subject": "coalesce(subject, shown_subject)",
        "issuerdn": "coalesce(issuer, shown_issuer)",
        "cert": "coalesce(hex_of(cert_chain_fps[1]), hex_of(shown_fingerprint))",
        "notbefore": "shown_notbefore",
        "notafter": "shown_notafter",
        "ja3": "lower(ja3)",
        "ja3s": "lower(ja3s)",
        "ja4": "ja4",
        "resumed": "coalesce(truth_of(resumed), FALSE)",
        "cipher": "cipher",
        "negotiated_group": "zeek_group(curve, cipher)",
        "cert_key": "zeek_key(shown_key, shown_curve)",
        "cert_key_bits": "shown_bits",
        "cert_signature": "shown_signature",
    },
    "files": {
        **_COMMON,
        "flow_id": "coalesce(md5_number_lower(coalesce(uid, conn_uids[1])), 0)",
        "filename": "filename",
        "magic": "mime_type",
        "size": "coalesce(count_of(total_bytes), count_of(seen_bytes))",
        "md5": f"CASE WHEN {_WHOLE_FILE} THEN lower(md5) END",
        "sha1": f"CASE WHEN {_WHOLE_FILE} THEN lower(sha1) END",
        "sha256": f"CASE WHEN {_WHOLE_FILE} THEN lower(sha256) END",
        "app_proto": "app_of(lower(source))",
    },
    "quic": {
        **_COMMON,
        "sni": "name_of(server_name)",
        "version": "'QUIC ' || coalesce(version, '')",
        "resumed": "FALSE",
    },
    "smb_mapping": {**_COMMON, "command": "'TREE_CONNECT'", "share": "path", "disposition": "lower(share_type)"},
    "smb_files": {
        **_COMMON,
        "command": "replace(action, 'SMB::', '')",
        "share": "path",
        "filename": f"CASE WHEN NOT {_PIPE} THEN name END",
        "named_pipe": f"CASE WHEN {_PIPE} THEN name END",
        "disposition": "lower(regexp_extract(action, '_([A-Z]+)$', 1))",
    },
    "dce_rpc": {
        **_COMMON,
        "interface": f"({_UUIDS})[endpoint]",
        "endpoint": "endpoint",
        "operation": "operation",
    },
    "ssh": {
        **_COMMON,
        "client_software": "regexp_replace(client, '^SSH-[0-9.]+-', '')",
        "server_software": "regexp_replace(server, '^SSH-[0-9.]+-', '')",
        "client_proto": "nullif(regexp_extract(client, '^SSH-([0-9.]+)-', 1), '')",
        "hassh": "lower(hassh)",
        "hassh_server": 'lower("hasshServer")',
        "auth_success": "truth_of(auth_success)",
        "auth_attempts": "TRY_CAST(auth_attempts AS UINTEGER)",
        "kex_method": "kex_alg",
        "host_key": "host_key_alg",
        "cipher": "cipher_alg",
    },
    "rdp": {
        **_COMMON,
        "event_type": "'connection'",
        "cookie": "cookie",
        "client_name": "client_name",
        "protocol": "security_protocol",
        "result": "result",
    },
    "kerberos": {
        **_COMMON,
        "msg_type": """CASE truth_of(success) WHEN TRUE THEN 'KRB_' || request_type || '_REP'
            WHEN FALSE THEN 'KRB_ERROR' ELSE 'KRB_' || request_type || '_REQ' END""",
        "cname": "nullif(regexp_extract(client, '^([^/]*)', 1), '')",
        "realm": "nullif(regexp_extract(client, '/(.*)$', 1), '')",
        "sname": "service",
        "encryption": "cipher",
        "error_code": "error_msg",
        "success": "truth_of(success)",
    },
    "dhcp": {
        **_COMMON,
        "flow_id": "coalesce(md5_number_lower(coalesce(uid, uids[1])), 0)",
        "type": """CASE WHEN lower(msg_types[-1]) IN ('offer', 'ack', 'nak') OR msg_types IS NULL THEN 'reply'
            ELSE 'request' END""",
        "dhcp_type": "coalesce(lower(msg_types[-1]), 'ack')",
        "mac": "lower(mac)",
        "assigned": "nowhere(given)",
        "hostname": "host_name",
        "vendor": "client_software",
    },
}
