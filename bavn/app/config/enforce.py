"""``[enforce]`` of node.toml: where blocks are put into force. Refuses to open anything: node/protect.py does."""

from dataclasses import dataclass

from bavn.model.settings import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class EnforceTable:
    """``[enforce]``: where blocks are put into force; an empty field leaves that enforcer out."""

    list_folder: str = setting("", holds="Text lists for firewalls are written here.")
    list_listen: str = setting("", holds="address:port on which the lists are served over HTTP.")
    list_addresses_max: int = setting(
        50_000,
        unit="lines",
        holds="So many addresses the firewall reads (docs/enforcers.md): a list never grows beyond it.",
        low=1,
        high=2_000_000,
    )
    list_names_max: int = setting(50_000, unit="lines", holds="The same for names.", low=1, high=5_000_000)
    list_children: bool = setting(
        False, holds='Also write "*.name" below each name, for firewalls that do not take it for its children.'
    )
    list_token: str = setting("", holds="Bearer token that a firewall must show; empty for none.")
    resolver_listen: tuple[str, ...] = setting((), holds="address@port of a protected resolver (unbound).")
    resolver_upstreams: tuple[str, ...] = setting((), holds="address@port of name servers it asks.")
    resolver_answers: tuple[str, ...] = setting(
        (), holds='"name=address" that the resolver answers itself; then it asks nobody.'
    )
    resolver_clients: tuple[str, ...] = setting(("127.0.0.0/8", "::1/128"), holds="Who may ask it (CIDR).")
    resolver_outlives: bool = setting(
        True,
        holds="The resolver goes on answering, with the blocks it last knew, when the node crashed or was killed, until"
        " the next start takes it over; a node that is told to end always ends it.",
    )
    zone_listen: str = setting(
        "", holds="address@port on which the actor's own resolvers fetch the policy zone `bavn` (AXFR, IXFR)."
    )
    zone_secondaries: tuple[str, ...] = setting(
        (), holds="address@port of those resolvers: told of changes, and let in where there is no key."
    )
    zone_key: str = setting("", holds="TSIG key that they must show: name:hmac-sha256:base64.")
    nft_hooks: tuple[str, ...] = setting(
        (), holds='Where the kernel of this machine drops packets (nftables): "forward" on a router, "input", "output".'
    )
    nft_program: str = setting("nft", holds="The program nft.")
    suricata_socket: str = setting(
        "", holds="Command socket of a Suricata that takes our datasets; empty for the one on suricata_interface."
    )
    suricata_folder: str = setting(
        "", holds="Its --data-dir: our rules (bavn.rules, for it to load) and the sets lie here."
    )
    suricata_inline: bool = setting(
        False, holds="That Suricata stands in the line of traffic: its rules drop instead of alerting."
    )
    update_server: str = setting(
        "", holds="address@port of the actor's own BIND, which takes changes by dynamic update (RFC 2136)."
    )
    update_zone: str = setting("", holds="Its response policy zone, which is Bavn's alone, such as rpz.bavn.example.")
    update_key: str = setting("", holds="TSIG key that may change it: name:hmac-sha256:base64.")
    squid_folder: str = setting("", holds="Lists for a squid (dstdomain, dst) are written here.")
    squid_command: tuple[str, ...] = setting(
        ("squid", "-k", "reconfigure"), holds="What makes that squid read its lists again."
    )
