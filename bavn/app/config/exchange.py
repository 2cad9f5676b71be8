"""Settings of the exchange with partners: where it is served, and what one partner may ask for."""

from dataclasses import dataclass

from bavn.model.settings import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeTable:
    """``[exchange]`` of centre.toml: the TAXII 2.1 server for partners (docs/partners.md)."""

    listen: str = setting("", unit="", holds="address:port of the TAXII server for partners; empty: none is served.")
    certificate_file: str = setting(
        "", unit="", holds="Its TLS certificate with chain (PEM); empty: the centre's own, of the sector's authority."
    )
    key_file: str = setting("", unit="", holds="The private key to it (PEM).")
    contact: str = setting("", unit="", holds="Whom a partner's operator writes to; stands in the discovery answer.")
    page_objects: int = setting(
        1000, unit="objects", holds="How many objects a page holds at the most.", low=1, high=10_000
    )
    post_mb_max: int = setting(
        8, unit="MB", holds="The longest body that is taken in (max_content_length).", low=1, high=256
    )
    requests_per_minute: int = setting(600, unit="requests", holds="Of one partner.", low=1, high=1_000_000)
    failures_per_minute: int = setting(
        30, unit="requests", holds="Without a valid credential, from one address.", low=1, high=1_000_000
    )
