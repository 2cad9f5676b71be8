"""The SAC console's API, one file per area, over the centre. Each has ``routes(house)``; ``AREAS`` names them all.

Refuses to decide: each route asks a desk or book, and acts through the same functions as the command line.
"""

from collections.abc import Callable
from typing import Final

from fastapi import APIRouter

from bavn.app.web.sac import (
    alarms,
    audit,
    exercises,
    indicators,
    leads,
    members,
    overview,
    protection,
    publish,
    questions,
    rollout,
    rounds,
    threats,
    warnings,
)
from bavn.app.web.sac.cases import board as cases
from bavn.app.web.sac.context import SacContext
from bavn.app.web.sac.exchange import misps, partners, proposals, sources

AREAS: Final[tuple[Callable[[SacContext], APIRouter], ...]] = (
    overview.routes,
    leads.routes,
    cases.routes,
    indicators.routes,
    protection.routes,
    rounds.routes,
    members.routes,
    partners.routes,
    misps.routes,
    sources.routes,
    proposals.routes,
    audit.routes,
    questions.routes,
    publish.routes,
    threats.routes,
    rollout.routes,
    warnings.routes,
    alarms.routes,
    exercises.routes,
)
"""Mounted below /api/v1."""
