"""Records: typed rows of network activity, one table per type, Suricata EVE names flattened.

Every source writes these columns and every detector reads them. Addresses are 128-bit integers in DuckDB's UUID
type, IPv4 in its mapped form (::ffff:0:0/96): one column for both families, joined as a number, stored in 16 bytes
or less (docs/decisions/0003-addresses-as-uuid.md). Refuses to know where a row came from beyond its sensor's name.
"""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final
from uuid import UUID

RECORD_TYPES: Final = (
    "flow",
    "dns",
    "tls",
    "http",
    "smb",
    "dcerpc",
    "ssh",
    "rdp",
    "krb5",
    "fileinfo",
    "alert",
    "dhcp",
    "stats",
    "kex",
    "clinical",
)


@dataclass(frozen=True, slots=True)
class Column:
    """A column: name, DuckDB type, what it holds (with unit)."""

    name: str
    type: str
    holds: str


_COMMON = (
    Column("ts", "TIMESTAMP", "when it happened (flow: its first packet), UTC, microseconds"),
    Column("sensor", "VARCHAR", "the sensor or log source that saw it"),
    Column("src", "UUID", "the side that opened the connection (dns: the client)"),
    Column("src_port", "USMALLINT", "0 where the protocol has none"),
    Column("dst", "UUID", "the side that was called"),
    Column("dst_port", "USMALLINT", "0 where the protocol has none"),
    Column("proto", "VARCHAR", "tcp, udp, icmp, ipv6-icmp, sctp or the IP protocol number as text"),
    Column("flow_id", "UBIGINT", "joins the rows of one flow within one source; 0 if the source has none"),
    Column("community_id", "VARCHAR", "Community ID v1, seed 0"),
)

TABLES: Final[dict[str, tuple[Column, ...]]] = {
    "flow": (
        *_COMMON,
        Column("ts_end", "TIMESTAMP", "last packet, UTC"),
        Column(
            "app_proto",
            "VARCHAR",
            "dns, tls, http, smb, ... as Suricata names them; failed: looked for, none found; NULL if unknown",
        ),
        Column("bytes_toserver", "UBIGINT", "bytes, headers included"),
        Column("bytes_toclient", "UBIGINT", "bytes, headers included"),
        Column("pkts_toserver", "UBIGINT", "packets"),
        Column("pkts_toclient", "UBIGINT", "packets"),
        Column("state", "VARCHAR", "new, established, closed or bypassed (Zeek's conn_state is mapped)"),
        Column("reason", "VARCHAR", "timeout, forced, shutdown"),
        Column("tcp_flags_ts", "UTINYINT", "flags seen towards the server, as a byte"),
        Column("tcp_flags_tc", "UTINYINT", "flags seen towards the client, as a byte"),
        Column("icmp_type", "UTINYINT", "NULL unless icmp"),
        Column("icmp_code", "UTINYINT", "NULL unless icmp"),
        Column(
            "failed",
            "BOOLEAN",
            "the call got no answer or a refusal (TCP: no SYN-ACK, or RST to the SYN); NULL "
            "where the source cannot know",
        ),
        Column(
            "since",
            "TIMESTAMP",
            "first packet of the flow of which this row is one part, UTC; NULL for a whole "
            "flow. A row with since before ts goes on with a flow and is no call of its own",
        ),
        Column(
            "sampling",
            "UINTEGER",
            "the source saw one packet in so many: bytes and packets are estimates, scaled "
            "up; 1 or NULL: every packet, or unknown",
        ),
    ),
    "dns": (
        *_COMMON,
        Column("rrname", "VARCHAR", "queried name, lower case, no trailing dot"),
        Column("rrtype", "VARCHAR", "A, AAAA, TXT, ..."),
        Column("rcode", "VARCHAR", "NOERROR, NXDOMAIN, ...; NULL while unanswered"),
        Column(
            "answered",
            "BOOLEAN",
            "TRUE on rows that hold an answer; queries and answers are rows of their own where the source has both",
        ),
        Column("answers", "VARCHAR[]", "rdata of the answers as text"),
        Column("answer_bytes", "UINTEGER", "summed length of the rdata texts"),
        Column("ttl_s", "UINTEGER", "smallest TTL among the answers"),
    ),
    "tls": (
        *_COMMON,
        Column("sni", "VARCHAR", "server name, lower case"),
        Column("version", "VARCHAR", "negotiated version as Suricata names it"),
        Column("subject", "VARCHAR", "certificate subject"),
        Column("issuerdn", "VARCHAR", "certificate issuer"),
        Column("cert", "VARCHAR", "certificate fingerprint, lower-case hex without colons"),
        Column("notbefore", "TIMESTAMP", "UTC"),
        Column("notafter", "TIMESTAMP", "UTC"),
        Column("ja3", "VARCHAR", "md5, lower-case hex"),
        Column("ja3_string", "VARCHAR", "what ja3 hashes"),
        Column("ja3s", "VARCHAR", "md5, lower-case hex"),
        Column("ja4", "VARCHAR", "JA4"),
        Column("resumed", "BOOLEAN", "session resumed"),
        Column("cipher", "VARCHAR", "negotiated: IANA's name, or its hexadecimal number where the source says that"),
        Column("negotiated_group", "VARCHAR", "where the source says it; as in kex"),
        Column("cert_key", "VARCHAR", "where the source says it; as in kex"),
        Column("cert_key_bits", "UINTEGER", ""),
        Column("cert_signature", "VARCHAR", "algorithm that the certificate is signed with"),
    ),
    "http": (
        *_COMMON,
        Column("host", "VARCHAR", "Host header, lower case, without port"),
        Column("url", "VARCHAR", "path and query: never leaves the actor"),
        Column("method", "VARCHAR", "GET, POST, ..."),
        Column("user_agent", "VARCHAR", ""),
        Column("status", "USMALLINT", ""),
        Column("content_type", "VARCHAR", "of the response"),
        Column("server", "VARCHAR", "Server header"),
        Column("request_bytes", "UBIGINT", "body"),
        Column("response_bytes", "UBIGINT", "body"),
    ),
    "smb": (
        *_COMMON,
        Column("command", "VARCHAR", "SMB command; TREE_CONNECT for Zeek's smb_mapping"),
        Column("status", "VARCHAR", "STATUS_..."),
        Column("share", "VARCHAR", r"\\server\share"),
        Column("filename", "VARCHAR", ""),
        Column("disposition", "VARCHAR", "open, create, write, ..."),
        Column("named_pipe", "VARCHAR", ""),
        Column("ntlm_user", "VARCHAR", ""),
    ),
    "dcerpc": (
        *_COMMON,
        Column("interface", "VARCHAR", "UUID of the interface"),
        Column("endpoint", "VARCHAR", "name of the interface where known (svcctl, atsvc, drsuapi, ...)"),
        Column("opnum", "USMALLINT", ""),
        Column("operation", "VARCHAR", "name where the source gives it"),
    ),
    "ssh": (
        *_COMMON,
        Column("client_software", "VARCHAR", ""),
        Column("server_software", "VARCHAR", ""),
        Column("client_proto", "VARCHAR", ""),
        Column("hassh", "VARCHAR", "client HASSH"),
        Column("hassh_server", "VARCHAR", ""),
        Column("auth_success", "BOOLEAN", "where the source knows"),
        Column("auth_attempts", "UINTEGER", "where the source knows"),
        Column("kex_method", "VARCHAR", "negotiated, where the source knows"),
        Column("host_key", "VARCHAR", "algorithm of the host key, where the source knows"),
        Column("cipher", "VARCHAR", "negotiated, where the source knows"),
    ),
    "rdp": (
        *_COMMON,
        Column("event_type", "VARCHAR", "initial_request, connect_response, tls_handshake, ..."),
        Column("cookie", "VARCHAR", "user hint: never leaves the actor"),
        Column("client_name", "VARCHAR", ""),
        Column("protocol", "VARCHAR", ""),
        Column("result", "VARCHAR", ""),
    ),
    "krb5": (
        *_COMMON,
        Column("msg_type", "VARCHAR", "KRB_AS_REP, KRB_TGS_REP, KRB_ERROR"),
        Column("cname", "VARCHAR", "never leaves the actor"),
        Column("realm", "VARCHAR", ""),
        Column("sname", "VARCHAR", ""),
        Column("encryption", "VARCHAR", ""),
        Column("error_code", "VARCHAR", ""),
        Column("success", "BOOLEAN", ""),
    ),
    "fileinfo": (
        *_COMMON,
        Column("filename", "VARCHAR", ""),
        Column("magic", "VARCHAR", "or MIME type"),
        Column("size", "UBIGINT", "bytes"),
        Column("md5", "VARCHAR", ""),
        Column("sha1", "VARCHAR", ""),
        Column("sha256", "VARCHAR", ""),
        Column("app_proto", "VARCHAR", "what carried it"),
        Column("host", "VARCHAR", "HTTP host where it was HTTP"),
    ),
    "alert": (
        *_COMMON,
        Column("gid", "UINTEGER", ""),
        Column("signature_id", "UBIGINT", ""),
        Column("rev", "UINTEGER", ""),
        Column("signature", "VARCHAR", ""),
        Column("category", "VARCHAR", ""),
        Column("severity", "UTINYINT", "1 is worst"),
        Column("action", "VARCHAR", "allowed, blocked"),
        Column("app_proto", "VARCHAR", ""),
    ),
    "dhcp": (
        *_COMMON,
        Column("type", "VARCHAR", "request, reply"),
        Column("dhcp_type", "VARCHAR", "discover, offer, request, ack, ..."),
        Column("mac", "VARCHAR", "lower-case with colons"),
        Column("assigned", "UUID", "address given"),
        Column("hostname", "VARCHAR", "never leaves the actor"),
        Column("vendor", "VARCHAR", "vendor class identifier"),
    ),
    "stats": (
        Column("ts", "TIMESTAMP", "UTC"),
        Column("sensor", "VARCHAR", ""),
        Column("uptime_s", "UBIGINT", "seconds"),
        Column("capture_packets", "UBIGINT", "packets since start"),
        Column("capture_drops", "UBIGINT", "packets lost since start"),
        Column("decoder_packets", "UBIGINT", "packets since start"),
        Column("decoder_bytes", "UBIGINT", "bytes since start"),
        Column("decoder_invalid", "UBIGINT", "packets since start"),
        Column("flow_memcap", "UBIGINT", "flows refused for memory since start"),
        Column("tcp_sessions", "UBIGINT", "TCP connections put together since start"),
        Column("stream_gaps", "UBIGINT", "holes in them, where packets never came, since start"),
    ),
    "kex": (
        *_COMMON,
        Column("protocol", "VARCHAR", "tls, dtls, quic or ssh"),
        Column("name", "VARCHAR", "server name asked for, lower case; NULL for none"),
        Column("version", "VARCHAR", "negotiated; NULL while the server has not answered"),
        Column("cipher", "VARCHAR", "negotiated: IANA's name; SSH: towards the server"),
        Column("negotiated_group", "VARCHAR", "negotiated: IANA's name; RSA where there is none; SSH's kex method"),
        Column("offered_groups", "VARCHAR[]", "by the client, in its order, GREASE left out"),
        Column("key_shares", "VARCHAR[]", "groups the client sent a share of in its first hello"),
        Column("offered_versions", "VARCHAR[]", "by the client"),
        Column("offered_ciphers", "VARCHAR[]", "by the client"),
        Column("signatures", "VARCHAR[]", "signature algorithms the client takes; SSH: host key algorithms"),
        Column("signature", "VARCHAR", "that the server signed with, where it shows; SSH: host key algorithm"),
        Column("retried", "BOOLEAN", "the server asked for another share (HelloRetryRequest)"),
        Column("resumed", "BOOLEAN", "by a ticket or session known before; NULL if it does not show"),
        Column("ech", "BOOLEAN", "the hello has an encrypted one inside, or greases one"),
        Column("cert_key", "VARCHAR", "key of the server's certificate: RSA, EC secp256r1, Ed25519, ML-DSA-65, ..."),
        Column("cert_key_bits", "UINTEGER", "size of that key"),
        Column("cert_signature", "VARCHAR", "algorithm its issuer signed it with"),
        Column("cert", "VARCHAR", "SHA-1 of the certificate, lower-case hex, as in tls"),
        Column("cert_subject", "VARCHAR", ""),
        Column("cert_issuer", "VARCHAR", ""),
        Column("notbefore", "TIMESTAMP", "UTC"),
        Column("notafter", "TIMESTAMP", "UTC"),
        Column("self_signed", "BOOLEAN", "subject and issuer are one"),
    ),
    "clinical": (
        *_COMMON,
        Column("service", "VARCHAR", "dicom or hl7"),
        Column("operation", "VARCHAR", "C-FIND, C-MOVE, C-STORE, ...; HL7: the type of message; NULL for none"),
        Column("calling", "VARCHAR", "AE title or application@facility that calls: never leaves the actor"),
        Column("called", "VARCHAR", "AE title or application@facility that is called: never leaves the actor"),
        Column("destination", "VARCHAR", "AE title that C-MOVE sends to: never leaves the actor"),
        Column("requests", "UINTEGER", "how many of them the conversation has, as far as it is read"),
        Column("wide", "UINTEGER", "of these, those that name no patient, study or day"),
        Column("accepted", "BOOLEAN", "what the server answered first; NULL while it has not"),
    ),
}

_MAPPED = 0xFFFF << 32


def is_address(text: object) -> bool:
    """Whether it is the text of an IP address."""
    if not isinstance(text, str):
        return False
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def address_uuid(text: str) -> UUID:
    """The stored form of an address text; ValueError if it is none."""
    address = ip_address(text)
    if isinstance(address, IPv4Address):
        return UUID(int=_MAPPED + int(address))
    return UUID(int=int(address))


def address_text(stored: UUID) -> str:
    """The shortest usual text of a stored address."""
    if stored.int >> 32 == 0xFFFF:
        return str(IPv4Address(stored.int & 0xFFFFFFFF))
    return str(IPv6Address(stored.int))


def range_uuids(cidr: str) -> tuple[UUID, UUID]:
    """First and last stored address of a network, for ``BETWEEN``; ValueError if it is none."""
    network = ip_network(cidr, strict=False)
    first = int(network.network_address) + (_MAPPED if network.version == 4 else 0)
    return UUID(int=first), UUID(int=first + (1 << network.max_prefixlen - network.prefixlen) - 1)


def create_table(name: str) -> str:
    """SQL that makes the empty table of a record type. KeyError for an unknown type."""
    columns = ", ".join(f'"{column.name}" {column.type}' for column in TABLES[name])
    return f'CREATE TABLE IF NOT EXISTS "{name}" ({columns})'
