"""What a node reads: captures, a live Suricata, logs, flows, key exchanges, and how."""

from dataclasses import dataclass

from bavn.model.settings import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class SenseTable:
    """``[sense]``: what the node reads; any number of these."""

    captures_folder: str = setting("", holds="A folder of captures that Suricata reads as they come.")
    suricata_interface: str = setting("", holds="An interface for a live Suricata that the node manages.")
    eve_file: str = setting(
        "", holds="eve.json of a Suricata that is there already, or what a shipper made of it; followed over rotation."
    )
    zeek_folder: str = setting("", holds="A folder of Zeek logs (JSON or TSV); followed over rotation.")
    log_files: tuple[str, ...] = setting(
        (),
        holds='Logs of resolvers, proxies, firewalls, documents, Argus: "path" or "format:path"; over rotation.',
    )
    log_time_zone: str = setting("UTC", holds="Zone of log times that name none (IANA: Europe/Copenhagen).")
    syslog_udp_listen: str = setting("", holds="address:port on which syslog is taken over UDP.")
    syslog_tcp_listen: str = setting("", holds="address:port on which syslog is taken over TCP.")
    syslog_tls_listen: str = setting("", holds="address:port on which syslog is taken over TLS (RFC 5425).")
    syslog_certificate_file: str = setting("", holds="Certificate shown to senders over TLS (PEM).")
    syslog_key_file: str = setting("", holds="Its key (PEM).")
    syslog_client_ca_file: str = setting(
        "", holds="Authority of the senders' certificates (PEM); empty: they need none."
    )
    syslog_senders: tuple[str, ...] = setting(
        (), holds="Who may send (CIDR); empty: own networks. Loopback always may."
    )
    dnstap_listen: str = setting(
        "", holds="Where a resolver sends dnstap: path of a unix socket, or address:port (own networks only)."
    )
    netflow_listen: str = setting(
        "", holds="address:port at which NetFlow v5, v9 and IPFIX are taken in (UDP), 0.0.0.0:2055 say."
    )
    sflow_listen: str = setting("", holds="address:port at which sFlow v5 is taken in (UDP), 0.0.0.0:6343 say.")
    flow_exporters: tuple[str, ...] = setting(
        (), holds="Who may send flow records (CIDR); empty: the actor's own networks and this machine."
    )
    netflow_tcp: bool = setting(False, holds="At netflow_listen IPFIX is taken in over TCP, too.")
    flow_sampling: tuple[str, ...] = setting(
        (), holds='"address=N": an exporter (or network of them) that samples one packet in N and never says so.'
    )
    rule_files: tuple[str, ...] = setting((), holds="Suricata rule files.")
    indicator_files: tuple[str, ...] = setting(
        (), holds="Own lists of indicators for the detector ioc; read anew when changed."
    )
    key_exchanges: bool = setting(
        True,
        holds="Also read how conversations begin (key exchanges of TLS, QUIC and SSH; DICOM and HL7) in captures_folder"
        " and in the node's own ring of packets.",
    )
    key_exchange_folder: str = setting(
        "",
        holds="A folder of captures, such as a Suricata's ring of packets: only how conversations begin is read of it.",
    )
    memory_mb: int = setting(512, unit="MB", holds="Memory for reading logs.", low=64, high=65536)


def reads_logs(given: SenseTable) -> bool:
    """Whether any log source is configured."""
    syslog = given.syslog_udp_listen or given.syslog_tcp_listen or given.syslog_tls_listen
    return bool(given.log_files or given.dnstap_listen or syslog)


def watches(given: SenseTable) -> bool:
    """Whether the node reads anything; else it is a guard."""
    sensors = given.captures_folder or given.suricata_interface or given.eve_file or given.zeek_folder
    return bool(sensors or given.key_exchange_folder or reads_logs(given) or given.netflow_listen or given.sflow_listen)
