"""The SOC's console: its routes, over one node or many."""

from typing import Final

from bavn.app.web.soc import (
    cases,
    door,
    evidence,
    exercises,
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
from bavn.app.web.soc.inbox import routes as inbox
from bavn.app.web.soc.packets import routes as packets
from bavn.app.web.soc.values import card

AREAS: Final = (
    health.router,
    today.router,
    inbox.router,
    hits.router,
    evidence.router,
    judging.router,
    cases.router,
    warnings.router,
    exercises.router,
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
