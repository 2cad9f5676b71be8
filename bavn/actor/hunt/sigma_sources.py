"""Log sources of Sigma rules -> tables of the store, field by field. Data, little else.

A source that is not here is not seen on a network, and a rule of it is reported as unsupported. Names of fields are
Zeek's (docs.zeek.org, log reference), SigmaHQ's for dns, proxy, webserver and firewall, Suricata's for its alerts.
"""

from typing import Final

from bavn.actor.hunt.sigma_fields import COMMON, Field, Target, name, number, text, truth

_HEADERS = "headers are counted too"
_BY_FLAGS = "worked out from state and TCP flags"
_ZEEK_APP = """CASE app_proto WHEN 'failed' THEN NULL WHEN 'tls' THEN 'ssl' WHEN 'dcerpc' THEN 'dce_rpc'
    WHEN 'krb5' THEN CASE proto WHEN 'tcp' THEN 'krb_tcp' ELSE 'krb' END ELSE app_proto END"""
_CONN_STATE = """CASE
    WHEN proto = 'tcp' THEN CASE
      WHEN failed AND tcp_flags_tc & 4 > 0 THEN 'REJ'
      WHEN failed OR state = 'new' THEN 'S0'
      WHEN tcp_flags_ts & 4 > 0 THEN 'RSTO'
      WHEN tcp_flags_tc & 4 > 0 THEN 'RSTR'
      WHEN tcp_flags_ts & 1 > 0 AND tcp_flags_tc & 1 > 0 THEN 'SF'
      WHEN tcp_flags_ts & 1 > 0 THEN 'S2'
      WHEN tcp_flags_tc & 1 > 0 THEN 'S3'
      WHEN state = 'established' THEN 'S1' ELSE 'OTH' END
    WHEN pkts_toclient = 0 THEN 'S0' ELSE 'SF' END"""
_RRTYPES = {
    1: "A",
    2: "NS",
    5: "CNAME",
    6: "SOA",
    10: "NULL",
    12: "PTR",
    15: "MX",
    16: "TXT",
    28: "AAAA",
    33: "SRV",
    35: "NAPTR",
    43: "DS",
    46: "RRSIG",
    48: "DNSKEY",
    64: "SVCB",
    65: "HTTPS",
    255: "ANY",
    257: "CAA",
}
_RCODES = {0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED"}
_URL_PATH = "regexp_replace(regexp_extract(url, '^[^?#]*'), '^[a-zA-Z]+://[^/]*', '')"
_URL_WHOLE = "CASE WHEN contains(url, '://') THEN url ELSE concat('http://', host, url) END"
_VERSION = """CASE version WHEN 'TLS 1.3' THEN 'TLSv13' WHEN 'TLS 1.2' THEN 'TLSv12' WHEN 'TLS 1.1' THEN 'TLSv11'
    WHEN 'TLSv1' THEN 'TLSv10' ELSE version END"""


def _coded(column: str, codes: dict[int, str]) -> str:
    return f"CASE {column} " + " ".join(f"WHEN '{word}' THEN {code}" for code, word in codes.items()) + " END"


_FLOW = COMMON | {
    "service": text(_ZEEK_APP),
    "duration": number("epoch(ts_end - ts)"),
    "orig_bytes": number("bytes_toserver", _HEADERS),
    "resp_bytes": number("bytes_toclient", _HEADERS),
    "orig_ip_bytes": number("bytes_toserver"),
    "resp_ip_bytes": number("bytes_toclient"),
    "orig_pkts": number("pkts_toserver"),
    "resp_pkts": number("pkts_toclient"),
    "local_orig": truth("is_home(src)"),
    "local_resp": truth("is_home(dst)"),
    "conn_state": text(_CONN_STATE, _BY_FLAGS),
    "app_proto": text("app_proto"),
    "bytes_toserver": number("bytes_toserver"),
    "bytes_toclient": number("bytes_toclient"),
}
_ACTION = """CASE WHEN failed THEN ['deny', 'denied', 'drop', 'dropped', 'block', 'blocked', 'reject', 'rejected']
    ELSE ['accept', 'accepted', 'allow', 'allowed', 'permit', 'permitted', 'pass', 'passed', 'forward'] END"""
_BY_ANSWER = "a flow that got an answer counts as let through, one that got none as blocked"
FLOW: Final = Target(
    table="flow",
    relation="flow",
    fields=_FLOW,
    words=("app_proto",),
    shown=("dst_port", "proto", "app_proto", "bytes_toserver", "bytes_toclient"),
)
FIREWALL: Final = Target(
    table="flow",
    relation="flow",
    words=("app_proto",),
    shown=("dst_port", "proto", "app_proto"),
    fields=_FLOW
    | {
        "action": Field("list", (_ACTION,), _BY_ANSWER),
        "blocked": truth("failed", _BY_ANSWER),
        "application": text("app_proto"),
        "app": text("app_proto"),
        "destinationisipv6": truth("NOT in_net(dst, '::ffff:0.0.0.0/96')"),
    },
)

_QUERY, _RRTYPE = name("rrname"), text("rrtype")
_ANSWERS = Field("list", ("answers",))
_DNS_WORDS = ("rrname", "rrtype", "rcode", "array_to_string(answers, ' ')")
_DNS_FIELDS = COMMON | {
    "query": _QUERY,
    "queryname": _QUERY,
    "rrname": _QUERY,
    "dns.question.name": _QUERY,
    "dns.query": _QUERY,
    "qtype_name": _RRTYPE,
    "record_type": _RRTYPE,
    "rrtype": _RRTYPE,
    "qtype": number(_coded("rrtype", _RRTYPES)),
    "rcode_name": text("rcode"),
    "response_code": text("rcode"),
    "rcode": number(_coded("rcode", _RCODES)),
    "answers": _ANSWERS,
    "answer": _ANSWERS,
    "queryresults": _ANSWERS,
    "rdata": _ANSWERS,
    "rejected": truth("answered AND rcode <> 'NOERROR' AND len(answers) = 0"),
    "ttl": number("ttl_s", "the smallest of the answer's"),
}
DNS: Final = Target(
    table="dns",
    relation="dns",
    fields=_DNS_FIELDS,
    words=_DNS_WORDS,
    name_column="rrname",
    shown=("rrname", "rrtype", "rcode", "answers"),
)
DNS_OF_HOST: Final = Target(
    table="dns",
    relation="dns",
    words=_DNS_WORDS,
    name_column="rrname",
    shown=DNS.shown,
    fields=COMMON | {"queryname": _QUERY, "queryresults": _ANSWERS},
    note="written for a host's own log: runs over the queries that the network shows",
)

# Many rules ask about the same few texts, so these are put in lower case and taken apart once a row.
_HTTP_MADE: Final = {
    "_path": _URL_PATH,
    "_whole": _URL_WHOLE,
    "_query": "regexp_extract(url, '[?](.*)$', 1)",
    "_words": "concat_ws(' ', host, url, method, user_agent, content_type, server)",
}
_HTTP_LOWERED: Final = {
    column: f"_lower_{column.lstrip('_')}"
    for column in ("url", "user_agent", "method", "content_type", "_path", "_whole", "_query", "_words")
}
_HTTP_ROWS: Final = (
    "(SELECT *, "
    + ", ".join(f"lower({column}) AS {lower}" for column, lower in _HTTP_LOWERED.items())
    + " FROM (SELECT *, "
    + ", ".join(f"{sql} AS {column}" for column, sql in _HTTP_MADE.items())
    + " FROM http))"
)
_AGENT, _HOST = text("user_agent"), name("host")
_URL = text("url")
_METHOD, _STATUS = text("method"), number("status")
_HTTP_WORDS = ("_words",)
_HTTP_SHOWN = ("method", "host", "url", "status", "user_agent")
_MIME = text("content_type", "the response's Content-Type where Suricata saw it")
_HTTP_BOTH = COMMON | {
    "c-useragent": _AGENT,
    "cs-user-agent": _AGENT,
    "user_agent": _AGENT,
    "useragent": _AGENT,
    "host": _HOST,
    "cs-host": _HOST,
    "r-dns": _HOST,
    "dest_host": _HOST,
    "hostname": _HOST,
    "cs-method": _METHOD,
    "method": _METHOD,
    "c-method": _METHOD,
    "sc-status": _STATUS,
    "status_code": _STATUS,
    "status": _STATUS,
    "cs-uri-stem": text("_path"),
    "c-uri-stem": text("_path"),
    "c-uri-query": text("_query"),
    "c-uri-extension": text("regexp_extract(_path, '[.]([A-Za-z0-9]+)$', 1)"),
    "cs-bytes": number("request_bytes", "of the body"),
    "sc-bytes": number("response_bytes", "of the body"),
    "request_body_len": number("request_bytes"),
    "response_body_len": number("response_bytes"),
    "resp_mime_types": _MIME,
    "c-content-type": _MIME,
    "sc-content-type": _MIME,
    "rs-content-type": _MIME,
    "content_type": _MIME,
    "server": text("server"),
}
_BOTH_URLS = Field("text", ("url", "_whole"))
HTTP: Final = Target(
    table="http",
    relation=_HTTP_ROWS,
    lowered=_HTTP_LOWERED,
    words=_HTTP_WORDS,
    name_column="host",
    shown=_HTTP_SHOWN,
    fields=_HTTP_BOTH | {"uri": _URL, "url": _URL, "c-uri": _BOTH_URLS, "cs-uri": _BOTH_URLS, "cs-uri-query": _URL},
)
PROXY: Final = Target(
    table="http",
    relation=_HTTP_ROWS,
    lowered=_HTTP_LOWERED,
    words=_HTTP_WORDS,
    name_column="host",
    shown=_HTTP_SHOWN,
    fields=_HTTP_BOTH | {"c-uri": _BOTH_URLS, "cs-uri": _BOTH_URLS, "uri": _BOTH_URLS, "url": _BOTH_URLS},
    note="sees HTTP in the clear and through a proxy, not inside TLS",
)
WEBSERVER: Final = Target(
    table="http",
    relation=_HTTP_ROWS,
    lowered=_HTTP_LOWERED,
    words=_HTTP_WORDS,
    name_column="host",
    shown=_HTTP_SHOWN,
    fields=_HTTP_BOTH
    | {
        "cs-uri-query": _URL,
        "cs-uri": _URL,
        "c-uri": _URL,
        "uri": _URL,
        "url": _URL,
        "cs-content-type": _MIME,
    },
    note="sees HTTP in the clear, not inside TLS",
)

_CERT = {
    "subject": text("subject"),
    "issuer": text("issuerdn"),
    "certificate.subject": text("subject"),
    "certificate.issuer": text("issuerdn"),
    "fingerprint": name("cert"),
    "cert_chain_fps": name("cert"),
    "certificate.not_valid_before": Field("moment", ("notbefore",)),
    "certificate.not_valid_after": Field("moment", ("notafter",)),
}
TLS: Final = Target(
    table="tls",
    relation="tls",
    words=("sni", "subject", "issuerdn", "version", "ja3", "ja4"),
    name_column="sni",
    shown=("sni", "version", "subject", "issuerdn", "ja3"),
    fields=COMMON
    | _CERT
    | {
        "server_name": name("sni"),
        "sni": name("sni"),
        "version": text(_VERSION),
        "resumed": truth("resumed"),
        "ja3": name("ja3"),
        "ja3s": name("ja3s"),
        "ja4": text("ja4"),
    },
)

# Suricata names the share on the row that connects to it and the file on the rows that follow; Zeek has both on one.
_SMB = """(SELECT *,
      coalesce(share, last_value(CASE WHEN command LIKE '%TREE_CONNECT%' THEN named_pipe END IGNORE NULLS) OVER so_far,
        last_value(share IGNORE NULLS) OVER so_far) AS _path,
      CASE WHEN command LIKE '%TREE_CONNECT%' THEN filename ELSE coalesce(filename, named_pipe) END AS _name
    FROM smb WINDOW so_far AS (PARTITION BY sensor, flow_id, src, src_port, dst, dst_port ORDER BY ts))"""
SMB_FILES: Final = Target(
    table="smb",
    relation=f"(SELECT * FROM {_SMB} WHERE _name IS NOT NULL)",
    words=("_path", "_name", "command"),
    shown=("command", "_path", "_name"),
    by_row=False,
    fields=COMMON
    | {
        "path": text("_path"),
        "name": text("_name"),
        "filename": text("_name"),
        "action": text("concat('SMB::', command)", "Suricata names SMB commands, not Zeek's actions"),
    },
)
SMB_MAPPING: Final = Target(
    table="smb",
    relation=f"(SELECT * FROM {_SMB} WHERE command LIKE '%TREE_CONNECT%')",
    words=("_path",),
    shown=("command", "_path"),
    by_row=False,
    fields=COMMON | {"path": text("_path"), "share_type": text("disposition", "known where Zeek saw it")},
)
# Suricata gives the number of an operation where Zeek gives its name (MS-SCMR, MS-TSCH, MS-WMI, MS-DRSR, MS-RPRN,
# MS-EFSR, MS-SAMR).
_OPERATIONS: Final = (
    ("svcctl", 12, "CreateServiceW"),
    ("svcctl", 24, "CreateServiceA"),
    ("svcctl", 19, "StartServiceW"),
    ("svcctl", 31, "StartServiceA"),
    ("atsvc", 0, "NetrJobAdd"),
    ("ITaskSchedulerService", 1, "SchRpcRegisterTask"),
    ("ITaskSchedulerService", 12, "SchRpcRun"),
    ("ITaskSchedulerService", 19, "SchRpcEnableTask"),
    ("IWbemServices", 24, "ExecMethod"),
    ("IWbemServices", 25, "ExecMethodAsync"),
    ("drsuapi", 3, "DRSGetNCChanges"),
    ("spoolss", 9, "RpcAddPrinterDriver"),
    ("spoolss", 89, "RpcAddPrinterDriverEx"),
    ("IRemoteWinspool", 39, "RpcAsyncAddPrinterDriver"),
    ("netlogon", 26, "NetrServerAuthenticate3"),
    ("efsrpc", 0, "EfsRpcOpenFileRaw"),
    ("efsrpc", 4, "EfsRpcEncryptFileSrv"),
    ("efsrpc", 5, "EfsRpcDecryptFileSrv"),
    ("efsrpc", 6, "EfsRpcQueryUsersOnFile"),
    ("efsrpc", 7, "EfsRpcQueryRecoveryAgents"),
    ("efsrpc", 12, "EfsRpcFileKeyInfo"),
    ("efsrpc", 13, "EfsRpcDuplicateEncryptionInfoFile"),
)
_OPERATION = (
    "coalesce(operation, CASE "
    + " ".join(f"WHEN endpoint = '{at}' AND opnum = {code} THEN '{word}'" for at, code, word in _OPERATIONS)
    + " END)"
)
DCE_RPC: Final = Target(
    table="dcerpc",
    relation=f"(SELECT *, {_OPERATION} AS _operation FROM dcerpc)",
    words=("endpoint", "_operation"),
    shown=("endpoint", "opnum", "_operation"),
    fields=COMMON
    | {
        "endpoint": text("endpoint"),
        "interface": text("interface"),
        "opnum": number("opnum"),
        "operation": text("_operation", "Suricata gives numbers; those that tell of an attack are named"),
    },
)
RDP: Final = Target(
    table="rdp",
    relation="rdp",
    words=("client_name", "protocol", "result"),
    shown=("event_type", "client_name", "result"),
    fields=COMMON
    | {
        "cookie": text("cookie"),
        "client_name": text("client_name"),
        "security_protocol": text("protocol"),
        "result": text("result"),
    },
)
KERBEROS: Final = Target(
    table="krb5",
    relation="krb5",
    words=("sname", "realm", "encryption", "error_code"),
    shown=("msg_type", "sname", "realm", "encryption", "error_code"),
    fields=COMMON
    | {
        "request_type": text(
            "nullif(regexp_extract(msg_type, 'KRB_(AS|TGS)_', 1), '')", "not known of a request that failed"
        ),
        "client": text("concat_ws('/', cname, realm)"),
        "service": text("sname"),
        "cipher": text("encryption"),
        "success": truth("success"),
        "error_msg": text("error_code"),
        "realm": text("realm"),
    },
)
SSH: Final = Target(
    table="ssh",
    relation="ssh",
    words=("client_software", "server_software"),
    shown=("client_software", "server_software", "auth_success"),
    fields=COMMON
    | {
        "client": text("concat('SSH-', coalesce(client_proto, '2.0'), '-', client_software)"),
        "server": text("concat('SSH-2.0-', server_software)", "the version of the protocol is taken for 2.0"),
        "auth_success": truth("auth_success"),
        "auth_attempts": number("auth_attempts"),
        "hassh": name("hassh"),
        "hasshserver": name("hassh_server"),
    },
)
FILES: Final = Target(
    table="fileinfo",
    relation="fileinfo",
    words=("filename", "magic", "host"),
    shown=("filename", "magic", "size", "sha256"),
    fields=COMMON
    | {
        "filename": text("filename"),
        "mime_type": text("magic", "libmagic's words where Suricata saw it"),
        "md5": name("md5"),
        "sha1": name("sha1"),
        "sha256": name("sha256"),
        "total_bytes": number('"size"'),
        "seen_bytes": number('"size"'),
        "source": text(f"upper({_ZEEK_APP})"),
    },
)
DHCP: Final = Target(
    table="dhcp",
    relation="dhcp",
    words=("hostname", "vendor"),
    shown=("mac", "assigned", "hostname", "vendor"),
    fields=COMMON
    | {
        "mac": name("mac"),
        "host_name": text("hostname"),
        "assigned_addr": Field("address", ("assigned",)),
        "msg_types": text("dhcp_type", "the last of them"),
        "client_software": text("vendor"),
    },
)
ALERT: Final = Target(
    table="alert",
    relation="alert",
    words=("signature", "category"),
    shown=("signature_id", "signature", "category"),
    fields=COMMON
    | {
        "alert.signature": text("signature"),
        "signature": text("signature"),
        "alert.category": text("category"),
        "alert.signature_id": number("signature_id"),
        "signature_id": number("signature_id"),
        "gid": number("gid"),
        "alert.gid": number("gid"),
        "alert.severity": number("severity"),
        "alert.action": text("action"),
        "app_proto": text("app_proto"),
    },
)

_ZEEK: Final = {
    "conn": FLOW,
    "dns": DNS,
    "http": HTTP,
    "ssl": TLS,
    "x509": TLS,
    "smb_files": SMB_FILES,
    "smb_mapping": SMB_MAPPING,
    "dce_rpc": DCE_RPC,
    "rdp": RDP,
    "kerberos": KERBEROS,
    "ssh": SSH,
    "files": FILES,
    "dhcp": DHCP,
}
_SURICATA: Final = {None: ALERT, "alert": ALERT, "dns": DNS, "http": HTTP, "tls": TLS, "flow": FLOW}
_CATEGORIES: Final = {
    "dns": DNS,
    "proxy": PROXY,
    "webserver": WEBSERVER,
    "firewall": FIREWALL,
    "network_connection": FIREWALL,
}


def target_of(product: str | None, category: str | None, service: str | None) -> Target | str:
    """The rows that a log source is here; else why there are none."""
    text = " ".join(
        f"{word} {value}"
        for word, value in (("product", product), ("category", category), ("service", service))
        if value
    )
    if product == "zeek":
        found = _ZEEK.get(service or _CATEGORY_OF_ZEEK.get(category or "", ""))
        return found or f"the log source ({text}) has no table here; of Zeek there are {', '.join(_ZEEK)}"
    if product == "suricata":
        return _SURICATA.get(service) or f"the log source ({text}) has no table here"
    if product == "windows" and category == "dns_query":
        return DNS_OF_HOST
    if category in _CATEGORIES and service is None:
        return _CATEGORIES[category]
    return f"the log source ({text or 'none'}) is not seen on the network"


_CATEGORY_OF_ZEEK: Final = {"dns": "dns", "proxy": "http", "http": "http", "network_connection": "conn"}
