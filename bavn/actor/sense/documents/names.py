"""Under which other names the fields of EVE and of Zeek's logs are found in documents. Data only.

Sources: the Elastic Common Schema 1 and 8, Filebeat's modules for Suricata and Zeek, Security Onion's and Corelight's
mappings. Names are flat, with dots between the levels; the first that is there counts.
"""

from typing import Final

Names = tuple[str, ...]

EVE_ENDS: Final[dict[str, Names]] = {
    "timestamp": ("@timestamp",),
    "src_ip": ("source.ip", "source.address", "client.ip"),
    "src_port": ("source.port", "client.port"),
    "dest_ip": ("destination.ip", "destination.address", "server.ip"),
    "dest_port": ("destination.port", "server.port"),
    "proto": ("network.transport",),
    "app_proto": ("network.protocol",),
    "community_id": ("network.community_id",),
}
EVE_NAMES: Final[dict[str, dict[str, Names]]] = {
    "flow": {
        "flow.start": ("event.start", "@timestamp"),
        "flow.end": ("event.end",),
        "flow.pkts_toserver": ("source.packets", "client.packets"),
        "flow.pkts_toclient": ("destination.packets", "server.packets"),
        "flow.bytes_toserver": ("source.bytes", "client.bytes"),
        "flow.bytes_toclient": ("destination.bytes", "server.bytes"),
    },
    "dns": {
        "dns.type": ("dns.type",),
        "dns.rrname": ("dns.question.name", "dns.query.name"),
        "dns.rrtype": ("dns.question.type", "dns.query.type_name"),
        "dns.rcode": ("dns.response_code", "dns.response.code_name"),
        "dns.answers": ("dns.answers",),
    },
    "tls": {
        "tls.sni": ("tls.client.server_name", "ssl.server_name"),
        "tls.version": ("tls.version",),
        "tls.subject": ("tls.server.subject", "ssl.certificate.subject"),
        "tls.issuerdn": ("tls.server.issuer", "ssl.certificate.issuer"),
        "tls.fingerprint": ("tls.server.hash.sha1",),
        "tls.notbefore": ("tls.server.not_before",),
        "tls.notafter": ("tls.server.not_after",),
        "tls.ja3.hash": ("tls.client.ja3", "hash.ja3"),
        "tls.ja3s.hash": ("tls.server.ja3s", "hash.ja3s"),
        "tls.ja4": ("tls.client.ja4",),
        "tls.session_resumed": ("tls.resumed",),
    },
    "http": {
        "http.hostname": ("url.domain", "http.virtual_host", "destination.domain"),
        "http.url": ("url.original", "http.uri", "url.path"),
        "http.http_method": ("http.request.method", "http.method"),
        "http.http_user_agent": ("user_agent.original", "http.useragent"),
        "http.status": ("http.response.status_code", "http.status_code"),
        "http.length": ("http.response.body.bytes",),
    },
    "fileinfo": {
        "fileinfo.filename": ("file.path", "file.name"),
        "fileinfo.size": ("file.size",),
        "fileinfo.md5": ("file.hash.md5", "hash.md5"),
        "fileinfo.sha1": ("file.hash.sha1", "hash.sha1"),
        "fileinfo.sha256": ("file.hash.sha256", "hash.sha256"),
    },
    "alert": {
        "alert.signature_id": ("rule.id", "rule.uuid"),
        "alert.signature": ("rule.name",),
        "alert.category": ("rule.category",),
        "alert.severity": ("rule.severity", "event.severity"),
        "alert.rev": ("rule.version", "rule.rev"),
    },
}
"""By the type of an event; every type also has EVE_ENDS."""

ZEEK_ENDS: Final[dict[str, Names]] = {
    "ts": ("@timestamp",),
    "uid": ("zeek.session_id", "log.id.uid", "zeek.uid", "zeek.connection.uid", "event.id"),
    "id.orig_h": ("source.ip", "source.address", "client.ip", "client.address"),
    "id.orig_p": ("source.port", "client.port"),
    "id.resp_h": ("destination.ip", "destination.address", "server.ip", "server.address"),
    "id.resp_p": ("destination.port", "server.port"),
    "community_id": ("network.community_id",),
}
ZEEK_NAMES: Final[dict[str, dict[str, Names]]] = {
    "conn": {
        "proto": ("network.transport",),
        "service": ("network.application", "network.protocol"),
        "duration": ("event.duration",),
        "conn_state": ("zeek.connection.state", "connection.state"),
        "history": ("zeek.connection.history", "connection.history"),
        "orig_bytes": ("client.bytes",),
        "resp_bytes": ("server.bytes",),
        "orig_ip_bytes": ("client.ip_bytes", "source.bytes"),
        "resp_ip_bytes": ("server.ip_bytes", "destination.bytes"),
        "orig_pkts": ("client.packets", "source.packets"),
        "resp_pkts": ("server.packets", "destination.packets"),
    },
    "dns": {
        "proto": ("network.transport",),
        "query": ("dns.question.name", "dns.query.name"),
        "qtype_name": ("dns.question.type", "dns.query.type_name"),
        "rcode_name": ("dns.response_code", "dns.response.code_name"),
        "answers[]": ("dns.answers", "dns.answers.data", "dns.answers.name", "dns.resolved_ip"),
        "TTLs[]": ("dns.answers.ttl", "dns.ttls"),
    },
    "http": {
        "method": ("http.request.method", "http.method"),
        "host": ("url.domain", "http.virtual_host", "destination.domain"),
        "uri": ("url.original", "http.uri", "url.path"),
        "user_agent": ("user_agent.original", "http.useragent", "http.user_agent"),
        "status_code": ("http.response.status_code", "http.status_code"),
        "request_body_len": ("http.request.body.bytes", "http.request.body.length"),
        "response_body_len": ("http.response.body.bytes", "http.response.body.length"),
        "resp_mime_types[]": ("http.response.mime_type", "file.resp_mime_types"),
    },
    "ssl": {
        "version": ("ssl.version", "tls.version"),
        "server_name": ("zeek.ssl.server.name", "tls.client.server_name", "ssl.server_name"),
        "subject": ("tls.server.subject", "ssl.certificate.subject"),
        "issuer": ("tls.server.issuer", "ssl.certificate.issuer"),
        "cert_chain_fuids[]": ("zeek.ssl.server.cert_chain_fuids", "log.id.certificate_chain_fuids"),
        "cert_chain_fps[]": ("zeek.ssl.server.cert_chain_fps", "hash.cert_chain_fps"),
        "ja3": ("tls.client.ja3", "hash.ja3"),
        "ja3s": ("tls.server.ja3s", "hash.ja3s"),
        "ja4": ("tls.client.ja4", "hash.ja4"),
        "cipher": ("tls.cipher", "ssl.cipher"),
        "curve": ("tls.curve", "ssl.curve"),
        "resumed": ("tls.resumed", "ssl.resumed"),
    },
    "files": {
        "fuid": ("log.id.fuid", "zeek.files.session_id"),
        "source": ("file.source",),
        "mime_type": ("file.mime_type",),
        "filename": ("file.name",),
        "seen_bytes": ("file.bytes.seen",),
        "missing_bytes": ("file.bytes.missing",),
        "total_bytes": ("file.bytes.total", "file.size"),
        "md5": ("file.hash.md5", "hash.md5"),
        "sha1": ("file.hash.sha1", "hash.sha1"),
        "sha256": ("file.hash.sha256", "hash.sha256"),
        "is_orig": ("file.is_orig",),
        "tx_hosts[]": ("zeek.files.tx_host", "source.ip"),
        "rx_hosts[]": ("zeek.files.rx_host", "destination.ip"),
    },
    "x509": {
        "id": ("log.id.id", "log.id.fuid", "zeek.x509.id", "zeek.session_id"),
        "certificate.subject": ("x509.certificate.subject", "zeek.x509.certificate.subject"),
        "certificate.issuer": ("x509.certificate.issuer", "zeek.x509.certificate.issuer"),
    },
    "smb_files": {"name": ("file.name",), "path": ("file.path",), "action": ("file.action",)},
    "smb_mapping": {"path": ("file.path",), "share_type": ("smb.share_type",)},
    "ssh": {
        "client": ("ssh.client",),
        "server": ("ssh.server",),
        "hasshServer": ("hash.hassh_server", "ssh.hassh_server"),
    },
    "dhcp": {
        "mac": ("client.mac", "host.mac", "dhcp.mac"),
        "host_name": ("host.hostname", "dhcp.host_name"),
        "msg_types[]": ("dhcp.message_types", "zeek.dhcp.msg.types"),
        "assigned_addr": ("dhcp.assigned_ip", "zeek.dhcp.address.assigned"),
        "client_addr": ("zeek.dhcp.address.client", "client.address"),
        "server_addr": ("zeek.dhcp.address.server", "server.address"),
    },
}
"""By log; every log also has ZEEK_ENDS, and each field is looked for under ``zeek.LOG.`` and ``LOG.``, too."""

LOGS: Final[dict[str, str]] = {"connection": "conn", "tls": "ssl", "file": "files", "certificate": "x509"}
"""What documents call a log, where it is not Zeek's name."""
