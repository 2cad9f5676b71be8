"""A small sector, drawn for looking at and trying a console: seven actors, a campaign that spread, and what people made
of it. The centre is a real one on files, and opposite it stand real doors; nothing here is made up behind their backs.

``draw(folder)`` gives a sector that goes on: what a console decides is carried out by ``run``. Actors are made up.
"""

import io
import shutil
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from bavn.actor.door.tell_rules import Condition
from bavn.app.centre.database import DATABASE_FILE, open_database
from bavn.app.centre.parts import BOOK_FILE, init
from bavn.app.config.load import CentreFile, read_centre
from bavn.app.process.party_keys import PartyKeys
from bavn.app.process.real import SystemClock
from bavn.centre.books.leads import SqlLeadBook
from bavn.centre.cases.case.files import Marking
from bavn.centre.cases.nis2.clocks import Flags
from bavn.centre.correlate.counterfactual import Without
from bavn.centre.correlate.lists import NoLists
from bavn.centre.correlate.run import Ranked
from bavn.centre.correlate.score import Weighed
from bavn.centre.members.registry import Registry
from bavn.centre.members.roles import Roles
from bavn.centre.node.build import CentreGround, open_centre
from bavn.model.intel.indicator import Sighting
from bavn.model.moment import DAY_US, HOUR_US, MINUTE_US
from bavn.model.observable import Observable
from bavn.model.principal import account
from bavn.model.received import Attached
from bavn.model.sector.case import CaseAct
from bavn.model.sector.lead import Lead, Reason, Sign, Term
from bavn.model.sector.nis2 import Nis2Act
from bavn.model.text import Text
from bavn.rehearsal.clock import SimClock
from bavn.traffic.dice import SeededDice
from bavn.wire.book import Book
from bavn.wire.messages.catalogue import IndicatorReleased
from bavn.wire.partners.stix_indicator import indicator_of
from tests import people_say
from tests.centre.node.conftest import Node, make_suspicion

ANNA, BO = account("Anna Berg"), account("Bo Lund")
ACTORS = {
    "region-nord": "region",
    "region-syd": "region",
    "kommune-oest": "municipality",
    "kommune-vest": "municipality",
    "it-supplier": "supplier",
    "data-agency": "agency",
    "clinic-west": "clinic",
}
HOURS_DRAWN = 40
CONFIG = """
[centre]
sector = "Health North"
rank_every_s = 1.0

[tiers.A]
t = 2
m = 20
r = 4
every_s = 300
upload_s = 60
wave_s = 10
reveal_s = 600

[tiers.B]
t = 3
m = 20
r = 4
every_s = 3600
upload_s = 60
wave_s = 10
reveal_s = 600
sign_days = 3

[misp.nord]
url = "https://misp.cert-nord.example"
partner = "cert-nord"
key_file = "nord-misp.key"
every_minutes = 60
"""
CAMPAIGN = (Observable.of("domain", "cdn-sync-hub.net"), Observable.of("ip4", "185.32.20.6"))
SECOND = (Observable.of("domain", "update-mirror.org"),)
THIRD = (Observable.of("domain", "stats-collect.info"),)
FOURTH = (Observable.of("domain", "files-cdn-share.net"),)
WEAK = (Observable.of("domain", "news-letter-box.com"),)


class DrawnSector:
    """A centre and its nodes on one folder. ``file`` is the centre's configuration: a console opens its house on it."""

    def __init__(self, file: CentreFile, engine: Engine, book: Book, *, hours_ago: int, seed: int) -> None:
        keys = PartyKeys(file.folder, "centre")
        self.file, self.engine = file, engine
        self.clock = SimClock(SystemClock().now_us() - hours_ago * HOUR_US)
        self.registry = Registry(engine, self.clock)
        self.centre = open_centre(
            file.centre,
            ground=CentreGround(engine=engine, book=book, key=keys.message_key(), authority=keys.authority()),
            clock=self.clock,
            dice=SeededDice(seed, "centre"),
            lists=NoLists(),
            registry=self.registry,
        )
        self.nodes: dict[str, Node] = {}

    def join(self) -> None:
        """Everybody becomes a member, with a door of their own."""
        centre_key = PartyKeys(self.file.folder, "centre").message_key()
        for at, (name, kind) in enumerate(ACTORS.items()):
            self.registry.add(name, kind)
            node = Node(name, at, self.clock, centre_key, ())
            with self.engine.begin() as tx:
                self.registry.activate(tx, name, node.key.public_key().public_bytes_raw().hex())
            self.nodes[name] = node
        self.registry.add("clinic-east", "clinic")
        roles = Roles(self.registry, self.clock)
        roles.set("region-nord", functions=["surgery", "laboratory"], suppliers=["kmd"])
        roles.set("region-syd", functions=["emergency"], suppliers=["kmd"])

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.file.centre.limits.time_zone)

    @property
    def desk(self):
        return self.centre.desk

    def run(self, turns: int = 40) -> None:
        """Centre and nodes, until nobody has anything more to say; never behind the real clock's minute."""
        for _ in range(turns):
            self.centre.step()
            for node in self.nodes.values():
                node.door.cases.tell()
            if not sum(node.talk(self.centre) for node in self.nodes.values()):
                self.centre.step()
                return

    def wait(self, hours: float) -> None:
        self.clock.advance(round(hours * HOUR_US))
        self.run()

    def now(self) -> None:
        """From here on the sector's time is the real one."""
        self.clock.until(SystemClock().now_us())
        self.run()

    def today(self) -> None:
        """From here on it is now, and all but the clinic have just said how they are."""
        self.clock.until(SystemClock().now_us())
        self.healthy("clinic-west")
        self.run()

    def see(self, actor: str, observables: tuple[Observable, ...], **more: object) -> None:
        """This actor's detectors suspect something from now on."""
        now_us = self.clock.now_us()
        said = {"first_us": now_us - 2 * HOUR_US, "last_us": now_us - 10 * MINUTE_US, "p": 0.002} | more
        node = self.nodes[actor]
        node.suspicions = [
            *node.suspicions,
            make_suspicion(
                id=f"{len(node.suspicions):032x}", observables=observables, peer=observables[0].value, **said
            ),
        ]

    def healthy(self, *but: str) -> None:
        """All but these tell how they are."""
        for at, name in enumerate(self.nodes):
            if name not in but:
                condition = Condition(
                    version="0.9.0",
                    sensor="up" if at != 3 else "down",
                    capture_loss_permille=35 if at == 1 else 0,
                    clock_skew_s=0,
                    queue_messages=0,
                    last_round=None,
                )
                self.nodes[name].door.tell_health(condition)

    def case_of(self, observable: Observable):
        """The one case with this in it."""
        (found,) = [one for one in self.desk.cases.every() if observable in {e.observable for e in one.facts.elements}]
        return found

    def answer(self, actor: str, case_id: str, act: str, words: str) -> None:
        """People at the actor answer each of its tasks in a case."""
        cases, now_us = self.nodes[actor].door.cases, self.clock.now_us()
        kept = cases.get(case_id)
        for task in [] if kept is None else kept.part["tasks"]:
            people_say.in_case(cases, case_id, task["task_id"], act, words, "soc", now_us)


def _spread(sector: DrawnSector) -> None:
    """The campaign reaches four actors in four hours; two smaller stories run beside it."""
    sector.healthy()
    sector.see("it-supplier", CAMPAIGN)
    sector.wait(2)
    sector.see("region-nord", CAMPAIGN)
    sector.see("kommune-oest", SECOND, detector="rare_peer", technique="T1105", period_s=None, regularity=None)
    sector.wait(1)
    sector.see("region-syd", CAMPAIGN)
    sector.see("kommune-vest", SECOND, detector="rare_peer", technique="T1105", period_s=None, regularity=None)
    sector.wait(1)
    sector.see("kommune-oest", CAMPAIGN)
    sector.see("region-syd", THIRD, detector="new_name", technique="T1568")
    sector.see("data-agency", THIRD, detector="new_name", technique="T1568")
    sector.wait(1)
    for name in ("region-nord", "data-agency"):
        sector.see(name, FOURTH, detector="rare_peer", technique="T1567", period_s=None, regularity=None)
    for name in ("region-nord", "kommune-vest", "data-agency"):
        known = sector.clock.now_us() - 9 * DAY_US
        sector.see(name, WEAK, detector="beacon", p=0.04, period_s=None, regularity=None, hosts=12, first_us=known)
    sector.wait(2)


def _work(sector: DrawnSector) -> None:
    """What people did: the campaign is released and in force, the second case is worked, the third is harmless."""
    desk, first = sector.desk, sector.case_of(CAMPAIGN[0]).id
    desk.cases.act(first, CaseAct.TAKE, ANNA)
    desk.files.mark(first, ANNA, Marking(rsit="malicious-code/c2-server", techniques=("T1071.001",)))
    desk.work.ask(first, ["it-supplier", "region-nord"], "task", "Isolate what speaks to it", ANNA)
    desk.work.ask(first, ["region-syd"], "question", "Is it a supplier's?", ANNA)
    desk.work.say(first, ANNA, "We think it began on Monday")
    sector.wait(1)
    sector.answer("region-nord", first, "done", "Two machines were isolated")
    sector.answer("region-syd", first, "acknowledge", "We look into it")
    people_say.in_case(sector.nodes["region-nord"].door.cases, first, None, "words", "It came by mail", "soc", 0)
    sector.wait(1)
    desk.work.attached(
        Attached(
            item_id="e" * 64,
            actor="region-nord",
            case_id=first,
            words="what two machines did",
            content=_zip(),
            received_us=sector.clock.now_us(),
        )
    )
    book = desk.nis2(sector.zone)
    book.note(
        first,
        "region-nord",
        Nis2Act.AWARE,
        sector.clock.now_us() - HOUR_US,
        ANNA,
        flags=Flags(cross_border="unknown", touched=("surgery",)),
    )
    desk.cases.act(first, CaseAct.CONFIRM, ANNA, "four actors, one rare peer")
    sector.nodes["clinic-west"].enforces = False
    sector.wait(1)
    desk.cases.act(first, CaseAct.RELEASE, BO, "block it")
    sector.wait(1)
    _sighted(sector)
    third = sector.case_of(THIRD[0]).id
    desk.cases.act(third, CaseAct.TAKE, BO)
    desk.cases.act(third, CaseAct.DISMISS, BO, "statistics of a supplier's website")
    second = sector.case_of(SECOND[0]).id
    desk.cases.act(second, CaseAct.TAKE, ANNA)
    desk.work.ask(second, ["kommune-oest", "kommune-vest"], "question", "Which machine fetched it?", ANNA)
    desk.cases.comment(second, ANNA, "Looks like a loader")
    sector.wait(1)
    sector.answer("kommune-oest", second, "applies", "A workstation in home care")


def _zip() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("rows.csv", "ts,dst\n2026-11-25T09,cdn-sync-hub.net\n")
    return made.getvalue()


def _sighted(sector: DrawnSector) -> None:
    """The clinic met it last week: the retro-hunt says so."""
    now_us = sector.clock.now_us()
    given = [one for one in sector.nodes["clinic-west"].told if isinstance(one, IndicatorReleased)]
    for one in given[:1]:
        sector.nodes["clinic-west"].door.tell_sighting(
            Sighting(
                indicator_id=indicator_of(one.bundle).id,
                kind="retro",
                count=3,
                first_us=now_us - 30 * HOUR_US,
                last_us=now_us - 28 * HOUR_US,
            )
        )
    sector.run()


@contextmanager
def _opened(file: CentreFile, *, hours_ago: int, seed: int) -> Iterator[DrawnSector]:
    engine = open_database(file)
    try:
        with Book(file.folder / BOOK_FILE) as book:
            yield DrawnSector(file, engine, book, hours_ago=hours_ago, seed=seed)
    finally:
        engine.dispose()


@contextmanager
def draw(folder: Path, *, worked: bool = True) -> Iterator[DrawnSector]:
    """A drawn sector in this folder, at the present moment. ``worked`` False: nobody has touched its cases yet."""
    folder.mkdir(parents=True, exist_ok=True)
    toml = folder / "centre.toml"
    toml.write_text(CONFIG, encoding="utf-8")
    file = read_centre(toml)
    init(file)
    with ExitStack() as undo:
        sector = undo.enter_context(_opened(file, hours_ago=HOURS_DRAWN, seed=9))
        sector.join()
        for node in sector.nodes.values():
            undo.callback(node.book.close)
        _spread(sector)
        if worked:
            _work(sector)
        sector.today()
        yield sector


def copied(file: CentreFile, folder: Path) -> CentreFile:
    """The same centre as it stands now, on files of its own in a new folder, with nothing opposite it."""
    shutil.copytree(file.base, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.db*"))
    made = read_centre(folder / "centre.toml")
    for name in (DATABASE_FILE, BOOK_FILE):
        whole, part = sqlite3.connect(file.folder / name), sqlite3.connect(made.folder / name)
        with closing(whole), closing(part):
            whole.backup(part)
    return made


@contextmanager
def drawn_again(sector: DrawnSector, folder: Path) -> Iterator[DrawnSector]:
    """The same sector at the present moment, on files of its own: a hundredth of the work. What is decided there the
    centre carries out; opposite it stands nobody."""
    sector.today()
    with _opened(copied(sector.file, folder), hours_ago=0, seed=10) as again:
        yield again


def many_leads(engine: Engine, count: int, now_us: int) -> None:
    """So many leads, as a ranking writes them; below those that are there."""
    book = SqlLeadBook(engine)
    book.keep([_ranked(at, now_us) for at in range(1, count + 1)], {}, now_us)


def _ranked(rank: int, now_us: int) -> Ranked:
    """A lead with all that one has: two elements at three actors, terms, a reason, a counterfactual."""
    names = [
        Observable.of("domain", f"host-{rank}.example.com"),
        Observable.of("ip4", f"198.{18 + rank % 2}.{rank // 250 % 250}.{rank % 250}"),
    ]
    actors = sorted(ACTORS)[rank % 4 : rank % 4 + 3]
    hour, why = now_us // HOUR_US - rank % 48, Text.written("seen at several", da="set hos flere")
    signs = [
        Sign(
            report_id=f"{rank:060x}{at}{place}",
            actor=actor,
            group=actor,
            tier="A",
            round_id="0" * 32,
            observable=name,
            detector="beacon",
            technique="T1071.001",
            p_bucket=9,
            hosts_bucket=0,
            first_hour=hour + place,
            last_hour=hour + 3 + place,
            period_bucket=4,
            regularity_bucket=5,
            walk_half_nats=None,
            received_us=now_us,
        )
        for at, name in enumerate(names)
        for place, actor in enumerate(actors)
    ]
    score = 12.0 - rank / 1000
    terms = tuple(Term(name, score / 4, why) for name in ("evidence", "sharing", "hosts", "novelty"))
    elements = tuple(
        Weighed(
            observable=name,
            signs=tuple(one for one in signs if one.observable == name),
            groups=3,
            score=score,
            terms=terms,
            listed=False,
            seen_hour=hour,
        )
        for name in names
    )
    lead = Lead(
        id=f"lead-{rank:016x}",
        rank=rank,
        score=score,
        observables=tuple(names),
        actors=tuple(actors),
        signs=tuple(signs),
        terms=terms,
        without=tuple((actor, score - 3) for actor in actors),
        first_hour=hour,
        last_hour=hour + 5,
        reasons=(Reason("function:surgery", 1.5, why),),
    )
    return Ranked(lead, elements, tuple(Without(actor, score - 3, rank + 9, why) for actor in actors))
