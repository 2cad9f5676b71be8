"""Puts a centre together over one database and one book. ``app`` and ``sim`` hand in what is real or simulated."""

from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine

from bavn.centre.correlate.lists import Lists, WarningLists
from bavn.centre.inbox.asks import InboxLimits
from bavn.centre.inbox.inbox import Inbox
from bavn.centre.members.authority import Authority
from bavn.centre.members.enrolment import Enrolment
from bavn.centre.members.registry import Registry
from bavn.centre.node.centre import ActiveActors, Centre, OpenRounds
from bavn.centre.node.config import CentreConfig
from bavn.centre.share.rules import ShareLimits
from bavn.centre.share.share import Share
from bavn.model.ports import Clock, Dice


def open_centre(
    config: CentreConfig,
    *,
    engine: Engine,
    book: Any,
    key: Ed25519PrivateKey,
    authority: Authority,
    clock: Clock,
    dice: Dice,
    lists: Lists | None = None,
    inbox_limits: InboxLimits | None = None,
    registry: Registry | None = None,
) -> Centre:
    """A centre that goes on where the last one on this database and book stopped, whatever ended it.

    ``engine``: tables.open_engine. ``book``: a wire Book, for inbox, down-queues and ledger (typed Any here: this room
    does not know wire). ``key``: the centre's message key. ``lists`` None: the shipped warning lists.
    """
    registry = registry or Registry(engine, clock)
    limits = ShareLimits(score_block_min=config.limits.block_score_min, days_max=config.limits.indicator_days_max)
    return Centre(
        config,
        engine=engine,
        registry=registry,
        enrolment=Enrolment(registry, authority, clock, dice),
        inbox=Inbox(book, registry, OpenRounds(engine), clock, inbox_limits),
        share=Share(
            engine=engine, book=book, key=key, clock=clock, limits=limits, sector=config.limits.sector,
            recipients=ActiveActors(registry),
        ),
        message_key=key.public_key().public_bytes_raw().hex(),
        clock=clock,
        dice=dice,
        lists=WarningLists() if lists is None else lists,
    )  # fmt: skip
