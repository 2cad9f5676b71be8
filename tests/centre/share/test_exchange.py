"""Gate 3 for partners: each rule refuses what it is there for, a line each, once; nothing tells who saw it."""

import json
from dataclasses import replace

import pytest

from bavn.app.process.failure_folder import FailureFolder
from bavn.centre.share import exchange
from bavn.centre.share.handing import Handing
from bavn.centre.share.outgoing import Grounds
from bavn.centre.share.share import ShareRequest
from bavn.centre.share.stages import StageRules
from bavn.centre.store.log_keeper import summary
from bavn.model.intel.indicator import Pap, Tlp
from bavn.model.moment import DAY_US, MINUTE_US
from bavn.model.observable import Observable, ObservableType
from bavn.model.outcome import Refused
from bavn.model.sector.partner import Outward, Partner
from bavn.wire.book import Book
from bavn.wire.partners.taxii import Wanted, envelope
from tests.builders import CASE, NOW_US, share_request
from tests.centre.share.gate_three import GateThree

ALL = Wanted(limit=1000, types=frozenset({"indicator"}))
TWO = ("Anna Berg", "Bo Lund")
OPEN = Outward(tlp_max=Tlp.RED, pap_max=Pap.RED, confidence_min=0, collections=("released",))


def partner(name="cert-nord", **out):
    return Partner(
        name=name,
        kind="national",
        title=name,
        added_us=NOW_US - DAY_US,
        until_us=NOW_US + 300 * DAY_US,
        out=replace(OPEN, **out),
    )


class World(GateThree):
    def __init__(self, engine, actors=("east", "north")):
        self.orders = 0
        ring = StageRules(quiet_s=60, wait_s=3600, hits_max=5)
        super().__init__(engine, *actors, ring=ring, canaries=lambda: actors[:1])

    def open(self):
        super().open()
        self.exchange = self.share.exchange

    def release(self, *names, case=CASE, **other):
        grounds = {"score": 9.0, "groups": 3, "listed": (), "approved_by": "Anna Berg", "people": TWO} | other.pop(
            "grounds", {}
        )
        plain = {"technique": "T1071.001", "tlp": Tlp.GREEN, "pap": Pap.GREEN, "days": 30, "confidence": 80} | other
        self.orders += 1
        wishes = [
            ShareRequest(observable=Observable.of("domain", name), case_id=case, grounds=Grounds(**grounds), **plain)
            for name in names
        ]
        self.share.release(wishes, self.orders)
        self.exchange.step()

    def withdraw(self, case=CASE):
        self.share.withdraw(case)
        self.exchange.step()

    def given(self, who=None, asked=ALL, collection="released"):
        page = self.exchange.page(who or partner(), collection, asked)
        return [json.loads(entry.body) for entry in page.entries]

    def lines(self):
        every = self.exchange.ledger.every()
        return [line for line in every if line.kind == "PartnerObject" and '"type":"indicator"' in line.summary]


@pytest.fixture
def world(databases):
    made = World(databases.new())
    yield made
    made.close()


def test_each_object_meets_the_gate_once_for_each_partner(world) -> None:
    world.release("a.example.com", "b.example.com")
    for _ in range(3):
        assert len(world.given()) == 2
    world.given(partner("cert-syd"))
    assert [(line.peer, line.verdict, line.way, line.privacy) for line in world.lines()] == [
        ("partner:cert-nord", "passed", "out", "C")
    ] * 2 + [("partner:cert-syd", "passed", "out", "C")] * 2
    assert [json.loads(line.summary) for line in world.lines()[:2]] == world.given()
    assert world.exchange.ledger.verify() is None


@pytest.mark.parametrize(
    ("made", "who", "rule"),
    [
        ({"tlp": Tlp.AMBER}, partner(tlp_max=Tlp.GREEN), "tlp_max"),
        ({"tlp": Tlp.RED}, partner(tlp_max=Tlp.AMBER_STRICT), "tlp_max"),
        ({"pap": Pap.AMBER}, partner(pap_max=Pap.GREEN), "pap_max"),
        ({"confidence": 69}, partner(confidence_min=70), "confidence_min"),
    ],
)
def test_each_rule_refuses_what_it_is_there_for_once(world, made, who, rule) -> None:
    world.release("a.example.com", **made)
    for _ in range(2):
        assert world.given(who) == []
    assert {(line.verdict, line.rule) for line in world.lines()} == {("refused", rule)}
    assert len(world.lines()) == 1


def test_a_partner_gets_the_types_it_is_let_into_and_no_others(world) -> None:
    world.release("a.example.com")
    assert world.given(partner(types=frozenset({ObservableType.IP4}))) == []
    assert world.given(partner(collections=("files",)), collection="files") == []
    assert isinstance(world.exchange.page(partner(collections=("files",)), "released", ALL), Refused)
    assert world.lines() == []


@pytest.mark.parametrize("grounds", [{"approved_by": ""}, {"groups": 1}, {"listed": ("tranco",)}, {"score": 1.0}])
def test_what_may_not_go_to_actors_goes_to_no_partner_even_where_there_is_no_actor(databases, grounds) -> None:
    world = World(databases.new(), actors=())
    try:
        world.release("a.example.com", grounds=grounds)
        assert world.given() == []
        assert [line.verdict for line in world.lines()] == ["refused"]
    finally:
        world.close()


def test_a_wider_policy_lets_out_what_a_narrower_one_refused(world) -> None:
    world.release("a.example.com", tlp=Tlp.AMBER)
    assert world.given(partner(tlp_max=Tlp.GREEN)) == []
    assert len(world.given(partner(tlp_max=Tlp.AMBER))) == 1
    assert world.given(partner(tlp_max=Tlp.GREEN)) == []
    assert [line.verdict for line in world.lines()] == ["refused", "passed", "refused"]


def test_a_withdrawal_reaches_whoever_was_given_it_whatever_the_policy_is_now_and_nobody_else(world) -> None:
    world.release("a.example.com")
    world.given()
    world.clock.advance(MINUTE_US)
    world.withdraw()
    (delisted,) = world.given(partner(tlp_max=Tlp.CLEAR, confidence_min=100))
    assert delisted["revoked"] is True
    assert world.given(partner("cert-syd")) == []
    assert [line.rule for line in world.lines() if line.peer == "partner:cert-syd"] == ["told_before"]


def test_partners_wait_for_the_canary_ring_as_the_sector_does(world) -> None:
    world.release("a.example.com", ringed=True)
    world.release("b.example.com", ringed=True, case="case-00000000000000bb")
    assert [ring.state for ring in world.share.ring.waiting()] == ["ring", "ring"]
    assert len(world.given()) == 0
    first = world.share.ring.waiting()[0].indicator_id
    world.clock.advance(DAY_US)
    world.share.ring.go_on(first, "quiet", world.clock.now_us())
    world.exchange.step()
    assert [one["id"] for one in world.given()] == [first]


def test_an_ended_agreement_gives_nothing_not_even_what_was_given_before(world) -> None:
    world.release("a.example.com")
    assert len(world.given()) == 1
    ended = replace(partner(), ended_us=NOW_US)
    assert world.exchange.page(ended, "released", ALL).rule == "to_partner"
    item = Handing(ended, world.exchange.page(partner(), "released", ALL).entries[0], None)
    assert world.exchange.gate.try_on(item).rule == "to_partner"


def test_a_kill_between_release_and_shelf_loses_nothing_and_doubles_nothing(world) -> None:
    world.release("a.example.com")
    world.share.release([], 99)
    marked = {"tlp": Tlp.GREEN, "pap": Pap.GREEN, "confidence": 80}
    made = share_request(Observable.of("domain", "b.example.com"), case_id="case-00000000000000bb", **marked)
    world.share.release([made], 100)
    world.clock.advance(DAY_US)
    for _ in range(2):
        world.open()
        world.exchange.step()
        world.exchange.step()
    assert [one["name"] for one in world.given()] == ["domain a.example.com", "domain b.example.com"]


def test_what_ended_is_forgotten_with_what_was_remembered_of_it(world) -> None:
    world.release("a.example.com")
    for _ in range(3):
        world.clock.advance(DAY_US)
        world.release("b.example.com")
    world.given()
    assert world.exchange.forget() == 0
    world.clock.advance(35 * DAY_US)
    world.exchange.forget()
    assert len(world.given(asked=replace(ALL, picks=frozenset({"all"})))) == 2, "versions replaced long ago are gone"
    world.clock.advance(61 * DAY_US)
    world.exchange.forget()
    world.open()
    world.exchange.step()
    assert world.given() == []
    assert world.book.rows("SELECT count(*) FROM shelf WHERE kind != 'context'")[0][0] == 0
    assert world.book.rows("SELECT count(*) FROM given WHERE id LIKE 'indicator--%'")[0][0] == 0


def test_nothing_tells_which_actor_saw_it(databases) -> None:
    """Twins: other actors, another case, other scores and groups; the same observables, confirmed in the same way."""
    pages = []
    for actors, case, grounds in (
        (("east", "north"), "case-00000000000000aa", {"score": 9.0, "groups": 2}),
        (("clinic", "south", "west"), "case-ffffffffffffffff", {"score": 31.5, "groups": 5, "approved_by": "Bo Lund"}),
    ):
        world = World(databases.new(), actors)
        world.release("a.example.com", "b.example.com", case=case, grounds=grounds)
        world.exchange.page(partner(), "released", ALL)
        world.clock.advance(MINUTE_US)
        world.withdraw(case)
        asked = Wanted(limit=1000, picks=frozenset({"all"}))
        pages.append(envelope(world.exchange.page(partner(), "released", asked)))
        world.close()
    assert pages[0] == pages[1]
    assert len(json.loads(pages[0])["objects"]) == 14
    assert not any(word in pages[0] for word in (b"case-", b"north", b"Anna", b"score", b"groups"))


@pytest.mark.slow
def test_pages_lose_nothing_and_repeat_nothing_while_more_is_added(world) -> None:
    world.release(*(f"a{n}.example.com" for n in range(300)))
    seen, after_us, added = [], -1, 0
    while True:
        page = world.exchange.page(partner(), "released", Wanted(limit=7, after_us=after_us, types=ALL.types))
        seen += [entry.id for entry in page.entries]
        if added < 40:
            world.release(f"b{added}.example.com")
            added += 1
        if not page.more:
            break
        after_us = page.entries[-1].added_us
    assert len(seen) == len(set(seen)) >= 300 + 40
    assert set(seen) == {one["id"] for one in world.given()}


@pytest.mark.parametrize("rows_per_read", [1, 2, 1000])
def test_a_page_says_that_there_is_more_where_there_is_and_only_there(world, monkeypatch, rows_per_read) -> None:
    monkeypatch.setattr("bavn.centre.share.exchange.ROWS_PER_READ", rows_per_read)
    world.release(*(f"a{n}.example.com" for n in range(4)))
    count = len(world.exchange.page(partner(), "released", ALL).entries)
    for limit in range(1, count + 2):
        seen, after_us, more = 0, -1, True
        while more:
            page = world.exchange.page(partner(), "released", replace(ALL, limit=limit, after_us=after_us))
            seen, after_us, more = seen + len(page.entries), page.entries[-1].added_us, page.more
            assert more == (seen < count), (limit, seen)
    assert not world.exchange.page(partner(), "released", replace(ALL, after_us=after_us)).more


def test_very_many_refused_in_a_row_make_a_page_short_and_never_empty(world, monkeypatch) -> None:
    monkeypatch.setattr("bavn.centre.share.exchange.REACHED_PER_PAGE_MAX", 10)
    world.release(*(f"a{n}.example.com" for n in range(60)), tlp=Tlp.AMBER)
    world.release("b.example.com", "c.example.com")
    who = partner(tlp_max=Tlp.GREEN)
    page = world.exchange.page(who, "released", replace(ALL, limit=4))
    assert [entry.kind for entry in page.entries] == ["domain", "domain"]
    assert len(world.lines()) == 62


def test_a_version_that_fails_keeps_no_other_off_the_shelf_and_is_tried_again(world, monkeypatch) -> None:
    failures = world.book.failures = FailureFolder(None, world.clock)
    real = exchange.object_of

    def fails(made, **more):
        if made.observable.value == "odd.example.com":
            raise ZeroDivisionError
        return real(made, **more)

    with monkeypatch.context() as broken:
        broken.setattr(exchange, "object_of", fails)
        world.release("a.example.com", "odd.example.com", "z.example.com")
        assert len(world.given()) == 2
        assert [part.part for part in failures.failing()] == [exchange.PART]
        world.release("later.example.com", case="case-00000000000000bb")
        assert len(world.given()) == 3
        assert [part.part for part in failures.failing()] == [exchange.PART]
    world.clock.advance(2 * MINUTE_US)
    world.exchange.step()
    assert len(world.given()) == 4
    assert failures.failing() == ()


def test_what_a_partner_is_given_is_in_the_centres_log_once_whatever_dies(world, monkeypatch) -> None:
    """The log hears of it first: a kill before the book keeps it leaves one entry, also after it was offered again."""
    world.release("a.example.org")
    given = partner()
    commit, killed = Book._commit, []

    def dies(book):
        if book is world.book and not killed:
            killed.append(True)
            book._connection.rollback()  # what a new process finds
            raise KeyboardInterrupt
        commit(book)

    monkeypatch.setattr(Book, "_commit", dies)
    with pytest.raises(KeyboardInterrupt):
        world.share.exchange.page(given, "released", ALL)
    assert killed
    pages = [world.share.exchange.page(given, "released", ALL) for _ in range(2)]
    objects = {entry.id for page in pages for entry in page.entries}
    assert len(objects) >= 1
    assert summary(world.engine).kinds["partner"] == len(objects)
    world.share.exchange.page(partner("cert-syd"), "released", ALL)
    assert summary(world.engine).kinds["partner"] == 2 * len(objects)
