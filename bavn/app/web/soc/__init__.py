"""The SOC's console: its routes, over one node or many."""

from typing import Final

from bavn.app.web.soc import (
    cases,
    door,
    evidence,
    health,
    hits,
    hosts,
    hunting,
    judging,
    never,
    policy,
    protection,
    today,
    warnings,
)
from bavn.app.web.soc.packets import routes as packets
from bavn.app.web.soc.values import card

AREAS: Final = (
    health.router,
    today.router,
    hits.router,
    evidence.router,
    judging.router,
    cases.router,
    warnings.router,
    hunting.router,
    packets.router,
    hosts.router,
    policy.left_router,
    door.router,
    policy.router,
    protection.router,
    never.router,
    card.router,
)
