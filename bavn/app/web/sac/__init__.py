"""The SAC console's API, one file per area, over the centre. Each has its ``router``; ``AREAS`` names them all.

Refuses to decide: each route asks a desk or book, and acts through the same functions as the command line.
"""

from typing import Final

from fastapi import APIRouter

from bavn.app.web.sac import (
    alarms,
    audit,
    choices,
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
from bavn.app.web.sac.cases import board, work
from bavn.app.web.sac.exchange import misps, partners, proposals, sources
from bavn.app.web.sac.values import card

AREAS: Final[tuple[APIRouter, ...]] = (
    overview.router,
    choices.router,
    leads.router,
    board.router,
    work.router,
    indicators.router,
    protection.router,
    rounds.router,
    members.router,
    partners.router,
    misps.router,
    sources.router,
    proposals.router,
    audit.router,
    questions.router,
    publish.router,
    threats.router,
    rollout.router,
    warnings.router,
    alarms.router,
    card.router,
)
"""Mounted below /api/v1."""
