"""Every own host of a window as an asset: the same rows give the same bytes, whatever their order and the load."""

from collections.abc import Callable
from typing import Final

from bavn.actor.assets.asset import Asset, Service
from bavn.actor.assets.facts import HostFacts, HostText, distinct, gathered
from bavn.actor.assets.weigh import hints
from bavn.actor.formats.macs import maker
from bavn.model.moment import DAY_US
from bavn.model.ports import Window
from bavn.model.record import address_text

SERVICES_SHOWN_MAX: Final = 100
NAMES_MAX: Final = 8
KNOWN_DAYS_MIN: Final = 7
NEW_DAYS: Final = 2

_SOFTWARE: Final = {"ssh": "ssh server", "http": "http server"}


def assets(
    window: Window, *, new_days: int = NEW_DAYS, mac_vendor: Callable[[str], str | None] = maker
) -> tuple[Asset, ...]:
    """In the order of addresses. Raises QueryRefused."""
    known_us = max(window.first_us, window.known_from_us)
    aged = window.last_us - known_us >= (KNOWN_DAYS_MIN + new_days) * DAY_US
    since = window.last_us - new_days * DAY_US
    return tuple(_asset(facts, mac_vendor, since if aged else None) for facts in gathered(window))


def _asset(facts: HostFacts, mac_vendor: Callable[[str], str | None], since_us: int | None) -> Asset:
    services = [
        Service(
            port=port,
            proto=proto,
            app=app,
            software=_software(facts.said, app, port),
            clients=clients,
            flows=flows,
            first_us=first,
            last_us=last,
        )
        for port, proto, app, flows, clients, first, last in facts.offers
    ]
    services.sort(key=lambda one: (-one.clients, -one.flows, one.port, one.proto))
    return Asset(
        address=address_text(facts.host),
        names=distinct(facts.names)[:NAMES_MAX],
        macs=distinct(facts.macs)[:NAMES_MAX],
        hints=hints(facts, mac_vendor),
        services=tuple(services[:SERVICES_SHOWN_MAX]),
        services_more=max(0, len(services) - SERVICES_SHOWN_MAX),
        peers=facts.peers,
        peers_outside=facts.peers_outside,
        first_us=facts.first_us,
        last_us=facts.last_us,
        new=None if since_us is None else facts.first_us >= since_us,
    )


def _software(reported: list[HostText], app: str | None, port: int) -> str | None:
    """What the host calls its software, of the protocol spoken on the port; the most frequent."""
    where = _SOFTWARE.get(app or {22: "ssh", 80: "http"}.get(port, ""))
    texts = [one for one in reported if one.field == where]
    return max(texts, key=lambda one: (one.rows, one.text)).text if texts else None
