"""Zeek's logs that become records, and the fields of each that are read, over all versions. ``[]`` marks sets and
vectors. Data, little else."""

from typing import Final

_ENDS: Final = ("id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p")
_SEEN: Final = ("ts", "uid", *_ENDS, "community_id")

FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "files": (
        *_SEEN,
        "fuid",
        "tx_hosts[]",
        "rx_hosts[]",
        "conn_uids[]",
        "source",
        "is_orig",
        "mime_type",
        "filename",
        "seen_bytes",
        "total_bytes",
        "missing_bytes",
        "md5",
        "sha1",
        "sha256",
    ),
    "x509": (
        "ts",
        "id",
        "fingerprint",
        "certificate.subject",
        "certificate.issuer",
        "certificate.not_valid_before",
        "certificate.not_valid_after",
        "certificate.sig_alg",
        "certificate.key_type",
        "certificate.key_length",
        "certificate.curve",
    ),
    "conn": (
        *_SEEN,
        "proto",
        "ip_proto",
        "service",
        "duration",
        "orig_bytes",
        "resp_bytes",
        "conn_state",
        "missed_bytes",
        "history",
        "orig_pkts",
        "orig_ip_bytes",
        "resp_pkts",
        "resp_ip_bytes",
    ),
    "dns": (*_SEEN, "proto", "query", "qtype_name", "rcode_name", "answers[]", "TTLs[]"),
    "http": (
        *_SEEN,
        "method",
        "host",
        "uri",
        "user_agent",
        "status_code",
        "request_body_len",
        "response_body_len",
        "resp_mime_types[]",
    ),
    "ssl": (
        *_SEEN,
        "version",
        "server_name",
        "resumed",
        "subject",
        "issuer",
        "cert_chain_fps[]",
        "cert_chain_fuids[]",
        "ja3",
        "ja3s",
        "ja4",
        "cipher",
        "curve",
    ),
    "quic": (*_SEEN, "version", "server_name"),
    "smb_mapping": (*_SEEN, "path", "share_type"),
    "smb_files": (*_SEEN, "action", "path", "name"),
    "dce_rpc": (*_SEEN, "named_pipe", "endpoint", "operation"),
    "ssh": (
        *_SEEN,
        "auth_success",
        "auth_attempts",
        "client",
        "server",
        "hassh",
        "hasshServer",
        "kex_alg",
        "host_key_alg",
        "cipher_alg",
    ),
    "rdp": (*_SEEN, "cookie", "result", "security_protocol", "client_name"),
    "kerberos": (*_SEEN, "request_type", "client", "service", "success", "error_msg", "cipher"),
    "dhcp": (
        *_SEEN,
        "uids[]",
        "client_addr",
        "server_addr",
        "mac",
        "host_name",
        "assigned_addr",
        "assigned_ip",
        "msg_types[]",
        "client_software",
    ),
}
"""In the order in which they are read: certificates before what shows them."""

_REDUCED: Final = "_red"
"""Behind the name of a log in which Corelight leaves out what another line says already."""


def log_named(path: str) -> str:
    """Which log is meant by what a line or a head says of its own."""
    return path.removesuffix(_REDUCED)


RECORD_OF: Final[dict[str, str]] = {
    "conn": "flow",
    "dns": "dns",
    "http": "http",
    "ssl": "tls",
    "quic": "tls",
    "files": "fileinfo",
    "smb_mapping": "smb",
    "smb_files": "smb",
    "dce_rpc": "dcerpc",
    "ssh": "ssh",
    "rdp": "rdp",
    "kerberos": "krb5",
    "dhcp": "dhcp",
    "x509": "",
}
"""Certificates complete tls rows; their own lines pass."""

TEXTS: Final = frozenset(
    {
        "query",
        "answers[]",
        "host",
        "uri",
        "user_agent",
        "method",
        "server_name",
        "subject",
        "issuer",
        "certificate.subject",
        "certificate.issuer",
        "filename",
        "path",
        "name",
        "named_pipe",
        "client",
        "server",
        "cookie",
        "client_name",
        "service",
        "error_msg",
        "host_name",
        "client_software",
    }
)
"""Fields that may hold anything, so that TSV writes bytes of them as \\x..; the others are words of Zeek's own."""

# A field that only this log has, where neither a name nor #path tells which log a file of JSON lines is.
TELLING: Final[dict[str, frozenset[str]]] = {
    "conn": frozenset({"conn_state"}),
    "dns": frozenset({"query", "rejected"}),
    "http": frozenset({"trans_depth", "request_body_len"}),
    "ssl": frozenset({"established", "resumed"}),
    "files": frozenset({"fuid", "source", "seen_bytes"}),
    "x509": frozenset({"certificate.serial", "certificate.subject"}),
    "quic": frozenset({"client_initial_dcid"}),
    "smb_mapping": frozenset({"share_type", "path"}),
    "smb_files": frozenset({"action", "times.modified"}),
    "dce_rpc": frozenset({"endpoint", "operation"}),
    "ssh": frozenset({"auth_attempts", "client"}),
    "rdp": frozenset({"security_protocol", "cert_count"}),
    "kerberos": frozenset({"request_type", "forwardable"}),
    "dhcp": frozenset({"msg_types", "mac"}),
}
