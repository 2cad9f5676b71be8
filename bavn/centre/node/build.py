"""Puts a centre together over one database and one book. ``app`` and ``sim`` hand in what is real or simulated."""

from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Engine

from bavn import __version__
from bavn.centre.cases.case.work import Work
from bavn.centre.cases.indicators.indicator import IndicatorSettings
from bavn.centre.cases.indicators.indicators import Bounds, Indicators
from bavn.centre.cases.questions import Questions
from bavn.centre.cases.warnings.warnings import Warnings
from bavn.centre.correlate.join import Aside, Reconstruct, at_once
from bavn.centre.correlate.lists import Lists, WarningLists
from bavn.centre.inbox.asks import InboxLimits
from bavn.centre.inbox.inbox import Inbox
from bavn.centre.inbox.offers import Offers
from bavn.centre.members.authority import Authority
from bavn.centre.members.enrolment import Enrolment
from bavn.centre.members.registry import Registry
from bavn.centre.node.case_post import open_case_post
from bavn.centre.node.centre import ActiveActors, Centre, CentrePosts, CentreRooms, Joining, OpenRounds
from bavn.centre.node.clock_post import ClockPost
from bavn.centre.node.config import CentreConfig
from bavn.centre.node.contained import Containment
from bavn.centre.node.draw_post import DrawPost, DrawsAsked
from bavn.centre.node.own_releases import OwnReleases
from bavn.centre.node.warning_post import WarningPost
from bavn.centre.node.witness_post import ShownLog, WitnessPost
from bavn.centre.share.outgoing_rules import ShareLimits
from bavn.centre.share.share import Share
from bavn.centre.share.stages import StageRules
from bavn.centre.store.log_keeper import LogFolder, LogKeeper, origin_of
from bavn.model.clock.believed import BelievedClock
from bavn.model.failure import Failures, NoContainment
from bavn.model.ports import Clock, Dice
from bavn.psi.reconstruct import reconstruct_tables


@dataclass(frozen=True, slots=True, kw_only=True)
class CentreGround:
    """What a centre stands on. ``engine``: tables.open_engine. ``book``: a wire Book, for inbox, down-queues and ledger
    (typed Any here: this room does not know wire). ``key``: the centre's message key. ``log``: where the centre's log
    is handed out; None: it is kept and not published."""

    engine: Engine
    book: Any
    key: Ed25519PrivateKey
    authority: Authority
    log: LogFolder | None = None


def open_centre(
    config: CentreConfig,
    *,
    ground: CentreGround,
    clock: Clock,
    dice: Dice,
    lists: Lists | None = None,
    inbox_limits: InboxLimits | None = None,
    registry: Registry | None = None,
    reconstruct: Reconstruct = reconstruct_tables,
    aside: Aside = at_once,
    failures: Failures | None = None,
) -> Centre:
    """A centre that goes on where the last one on this database and book stopped, whatever ended it.

    ``lists`` None: the shipped warning lists. ``failures`` None: what fails in a way that nobody foresaw is raised.
    ``aside``: who reconstructs rounds and works on the commons' tables.
    """
    engine, key = ground.engine, ground.key
    questions = Questions(engine, clock, two_people=config.limits.questions_two_people)
    registry = registry or Registry(engine, clock)
    work, warnings = Work(engine, clock, config.cases), Warnings(engine, clock)
    share = open_share(config, engine=engine, book=ground.book, key=key, clock=clock, registry=registry)
    lists = WarningLists() if lists is None else lists
    shown = ShownLog(engine=engine, key=registry.key, believed=clock if isinstance(clock, BelievedClock) else None)
    contained = Containment(failures or NoContainment(), engine)
    rooms = CentreRooms(
        registry=registry,
        enrolment=Enrolment(registry, ground.authority, clock, dice),
        inbox=open_inbox(ground.book, registry, shown, questions, work, warnings, clock, inbox_limits),
        share=share,
        offers=open_offers(config, engine, ground.book, clock, dice),
        questions=questions,
        indicators=open_indicators(config, engine, clock, lists),
    )
    keeper = None if ground.log is None else open_log(config, ground, ground.log, clock, dice)
    return Centre(
        config,
        engine=engine,
        rooms=rooms,
        posts=open_posts(config, rooms, shown, keeper, work=work, warnings=warnings, clock=clock, contained=contained),
        message_key=key.public_key().public_bytes_raw().hex(),
        clock=clock,
        lists=lists,
        joining=Joining(dice=dice, reconstruct=reconstruct, aside=aside),
        contained=contained,
    )


def open_inbox(
    book: Any,
    registry: Registry,
    shown: ShownLog,
    questions: Questions,
    work: Work,
    warnings: Warnings,
    clock: Clock,
    limits: InboxLimits | None,
) -> Inbox:
    """What takes messages of members, on this book."""
    rounds, draws = OpenRounds(shown.engine), DrawsAsked(shown.engine, registry.key)
    return Inbox(book, registry, rounds, clock, limits, questions, work, warnings, log=shown, draws=draws)


def open_posts(
    config: CentreConfig,
    rooms: CentreRooms,
    shown: ShownLog,
    keeper: LogKeeper | None,
    *,
    work: Work,
    warnings: Warnings,
    clock: Clock,
    contained: Containment,
) -> CentrePosts:
    """What brings statements of cases, warnings, the log and a clock that leaps to actors."""
    engine, registry, share, believed = shown.engine, rooms.registry, rooms.share, shown.believed
    return CentrePosts(
        clock=(lambda: None) if believed is None else ClockPost(engine, believed, ActiveActors(registry).active).step,
        case=open_case_post(engine, work, config.cases, config.limits.time_zone, share, registry, clock, contained),
        warning=WarningPost(warnings=warnings, share=share, registry=registry, clock=clock, contained=contained),
        witness=None if keeper is None else open_witness(config, keeper, shown, rooms, clock, contained),
    )


def open_witness(
    config: CentreConfig, keeper: LogKeeper, shown: ShownLog, rooms: CentreRooms, clock: Clock, contained: Containment
) -> WitnessPost:
    """What shows members the centre's log, takes their signatures, and draws audits of rounds."""
    share, members = rooms.share, ActiveActors(rooms.registry).active
    draws = DrawPost(
        engine=shown.engine,
        keeper=keeper,
        share=share,
        clock=clock,
        contained=contained,
        mb_max=config.limits.audits_mb_max,
    )
    return WitnessPost(
        engine=shown.engine,
        keeper=keeper,
        shown=shown,
        share=share,
        members=members,
        clock=clock,
        contained=contained,
        draws=draws,
    )


def open_log(config: CentreConfig, ground: CentreGround, folder: LogFolder, clock: Clock, dice: Dice) -> LogKeeper:
    """What publishes the centre's log."""
    key, origin = log_key(ground.key), origin_of(config.limits.sector)
    return LogKeeper(ground.engine, folder, key, origin, clock, dice, version=__version__)


def log_key(message_key: Ed25519PrivateKey) -> Ed25519PrivateKey:
    """The key that signs checkpoints, made from the centre's message key: so every backup of that one has it, and no
    signature of the one is ever one of the other."""
    secret = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"bavn/log-key/1").derive(
        message_key.private_bytes_raw()
    )
    return Ed25519PrivateKey.from_private_bytes(secret)


def open_share(
    config: CentreConfig, *, engine: Engine, book: Any, key: Ed25519PrivateKey, clock: Clock, registry: Registry
) -> Share:
    """The way out alone, also beside a centre that runs in another process (``book`` as in open_centre)."""
    limits = ShareLimits(score_block_min=config.limits.block_score_min, days_max=config.limits.indicator_days_max)
    return Share(
        engine=engine,
        book=book,
        key=key,
        clock=clock,
        limits=limits,
        sector=config.limits.sector,
        recipients=ActiveActors(registry),
        ring=stages_of(config.indicators),
        canaries=registry.canaries,
    )


def open_offers(config: CentreConfig, engine: Engine, book: Any, clock: Clock, dice: Dice) -> Offers:
    """What partners offer, also beside a centre that runs in another process."""
    return Offers(book, clock, dice, OwnReleases(engine, clock, config.limits.sector))


def open_indicators(config: CentreConfig, engine: Engine, clock: Clock, lists: Lists | None = None) -> Indicators:
    """Indicators as people work on them, also from another process than the service. ``lists`` None: the shipped
    warning lists, read when first asked."""
    warning_lists = WarningLists() if lists is None else lists
    bounds = Bounds(
        score_block_min=config.limits.block_score_min,
        days_max=config.limits.indicator_days_max,
        registered=config.limits.registered,
        listed=lambda one: tuple(name for name, _ in warning_lists.of(one)),
    )
    return Indicators(engine, clock, config.indicators, bounds)


def stages_of(settings: IndicatorSettings) -> StageRules:
    """How long the canary ring has it, and what stops it; who is in it is in the registry."""
    return StageRules(
        quiet_s=settings.canary_quiet_s,
        wait_s=settings.canary_wait_s,
        hits_max=settings.canary_hits_max,
    )
