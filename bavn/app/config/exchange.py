"""Settings of the exchange with partners: where it is served, and what one partner may ask for."""

from dataclasses import dataclass

from bavn.model.settings import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeTable:
    """``[exchange]`` of centre.toml: the TAXII 2.1 server for partners (docs/partners.md)."""

    listen: str = setting("", holds="address:port of the TAXII server for partners; empty: none is served.")
    certificate_file: str = setting(
        "", holds="Its TLS certificate with chain (PEM); empty: the centre's own, of the sector's authority."
    )
    key_file: str = setting("", holds="The private key to it (PEM).")
    contact: str = setting("", holds="Whom a partner's operator writes to; stands in the discovery answer.")
    requests_per_minute: int = setting(600, unit="requests", holds="Of one partner.", low=1, high=1_000_000)
    failures_per_minute: int = setting(
        30, unit="requests", holds="Without a valid credential, from one address.", low=1, high=1_000_000
    )
