"""The SOC's console: its routes, over one node or many."""

from typing import Final

from bavn.app.web.soc import (
    cases,
    door,
    evidence,
    exercises,
    health,
    hosts,
    hunting,
    judging,
    never,
    policy,
    protection,
    today,
    warnings,
)

AREAS: Final = (
    health.routes,
    today.routes,
    evidence.routes,
    judging.routes,
    cases.routes,
    warnings.routes,
    exercises.routes,
    hunting.routes,
    hosts.routes,
    door.routes,
    policy.routes,
    protection.routes,
    never.routes,
)
