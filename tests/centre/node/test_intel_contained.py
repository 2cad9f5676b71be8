"""Every kind of source, reader, part of keeping order and partner's MISP raises in turn, in a way that nobody foresaw:
that source, item or part is lost for now and noted by name; everything else goes on, and the next turn tries again."""

import pytest

from bavn.app.centre.exchange.fetch import SourceFetch
from bavn.app.centre.exchange.keeper import IntelKeeper, MispTurn
from bavn.app.config.misp import MispTable
from bavn.app.process.failure_folder import FailureFolder
from bavn.centre.inbox import intel_pull
from bavn.centre.node.contained import Containment
from bavn.model.moment import MINUTE_US, SECOND_US
from bavn.model.observable import Observable
from bavn.model.sector.intel import SOURCE_KINDS, Access
from bavn.model.text import Text
from tests.centre.node.intel_world import NOW_US, added, feed, misp_event, stix, taxii

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


class Unforeseen(Exception):
    """What nobody wrote a handler for."""


def fails(*_args, **_more):
    raise Unforeseen("nobody thought of this")


@pytest.fixture
def told(world, tmp_path):
    """The world's failures; its intelligence contains."""
    made = FailureFolder(tmp_path / "failures", world.clock)
    world.intel.contained = Containment(made, world.engine)
    return made


def failing(told):
    return [one.part for one in told.failing()]


@pytest.fixture
def keeper(world, tmp_path):
    (tmp_path / "key").write_text("k" * 40)
    return IntelKeeper(world.intel, tmp_path, world.clock, fails)


def places(tmp_path):
    (tmp_path / "list.txt").write_text("evil.example.com\n")
    return {"taxii": "https://127.0.0.1:9/c", "misp": "https://127.0.0.1:9", "list": "list.txt"}


@pytest.mark.parametrize("when", ["get", "events", "close", "__init__"])
@pytest.mark.parametrize("kind", SOURCE_KINDS)
def test_a_source_that_raises_holds_up_no_other(world, told, keeper, tmp_path, monkeypatch, kind, when) -> None:
    place = places(tmp_path).get(kind, "nothing.json")
    world.source("aa", kind, place=place, access=Access(token_file="key"))
    world.source("good", "list", place="list.txt")
    kept = getattr(SourceFetch, when)

    def broken(self, *args, **more):
        mine = args[0].name == "aa" if when == "__init__" else self._source.name == "aa"
        return fails() if mine else kept(self, *args, **more)

    monkeypatch.setattr(SourceFetch, when, broken)
    for _ in range(3):
        keeper.turn()
    assert world.intel.proposals.count() == 1, "the other one was read"
    asked = {"get": kind != "misp", "events": kind == "misp"}.get(when, True)
    assert any(part.startswith("source") and part.endswith("aa") for part in failing(told)) == asked
    if asked:
        ailing = world.intel.sources.get("aa")
        assert (ailing.state, "nobody foresaw" in str(Text.of_row(ailing.failure))) == ("active", True)
        assert not world.intel.sources.get("aa").due(world.clock.now_us()), "it waits for its turn as any other"


READ = {
    "taxii": ("read_stix", lambda w: setattr(w.net, "pages", taxii([added(n, f"a{n}.example.com") for n in range(4)]))),
    "stix": (
        "read_stix",
        lambda w: w.net.places.update(
            {"https://intel.example/aa": stix("a0.example.com", "a1.example.com", "a2.example.com", "a3.example.com")}
        ),
    ),
    "misp": (
        "read_event",
        lambda w: setattr(w.net, "misp", [misp_event(n, NOW_US // SECOND_US, f"a{n}.example.com") for n in range(4)]),
    ),
    "misp-feed": (
        "read_event",
        lambda w: feed(w, *(misp_event(n, NOW_US // SECOND_US, f"a{n}.example.com") for n in range(4))),
    ),
}


@pytest.mark.parametrize("kind", READ)
def test_an_item_that_a_reader_fails_over_is_refused_alone(world, told, monkeypatch, kind, tmp_path) -> None:
    reader, put = READ[kind]
    world.source("aa", kind, place="https://intel.example/ff/" if kind == "misp-feed" else None)
    put(world)
    from bavn.centre.inbox import read_stix as stix_room

    kept = getattr(intel_pull, reader) if reader == "read_event" else stix_room.read_stix

    def broken(data, *args, **more):
        return fails() if "a2.example.com" in repr(data) else kept(data, *args, **more)

    monkeypatch.setattr(intel_pull, reader, broken)
    if reader == "read_stix":
        monkeypatch.setattr(stix_room, reader, broken)
    done = world.sync("aa")
    if kind == "misp-feed":  # told by the feed itself, and asked for again
        assert (done.counts.new, "1 of 4 events" in done.failure) == (3, True)
    else:
        assert (done.counts.new, done.counts.refused, done.failure) == (3, 1, "")
        assert [line.rule for line in world.lines() if line.verdict == "refused"] == ["unreadable"]
    assert failing(told) == (["reader stix"] if reader == "read_stix" else []), "the next event was read"
    assert b"a2.example.com" in next((tmp_path / "failures").glob("*.item")).read_bytes()


def test_an_event_of_a_feed_that_is_not_there_holds_up_no_other(world) -> None:
    world.source("ff", "misp-feed")
    feed(world, *(misp_event(n, NOW_US // SECOND_US, f"a{n}.example.com") for n in range(4)))
    name = misp_event(1, 0)["Event"]["uuid"]
    kept = world.net.places[f"https://intel.example/ff/{name}.json"]
    world.net.places[f"https://intel.example/ff/{name}.json"] = {"no": "event"}
    first = world.sync("ff")
    assert (first.counts.new, "1 of 4 events" in first.failure) == (3, True)
    world.net.places[f"https://intel.example/ff/{name}.json"] = kept
    again = world.sync("ff")
    assert (again.counts.new, again.failure) == (1, "")


def test_each_part_of_keeping_order_raises_and_stops_no_other(world, told, monkeypatch) -> None:
    kept, ran, broken = type(world.intel).parts, [], ""

    def parts(self):
        def instead(name, do):
            return fails if name == broken else lambda: (ran.append(name), do())

        return tuple((name, instead(name, do)) for name, do in kept(self))

    names = {name for name, _ in world.intel.parts()}
    monkeypatch.setattr(type(world.intel), "parts", parts)
    for broken in sorted(names):
        ran.clear()
        world.intel.tidy()
        assert set(ran) == names - {broken}
        assert failing(told) == [f"intelligence {broken}"]
    broken = ""
    world.intel.tidy()
    assert failing(told) == []


def test_a_claim_that_cannot_be_worked_off_blocks_no_other_and_is_offered_again(world, told, monkeypatch) -> None:
    world.source("aa")
    world.says("aa", "a1.example.com", "a2.example.com", "a3.example.com")
    kept = type(world.intel.proposals).take_in

    def hear(self, heard):
        return fails() if any("a2" in one.claim.observable.value for one in heard) else kept(self, heard)

    with monkeypatch.context() as broken:
        broken.setattr(type(world.intel.proposals), "take_in", hear)
        world.sync("aa")
        assert world.intel.proposals.count() == 2
    world.says("aa", "a1.example.com", "a2.example.com", "a3.example.com", "a4.example.com")
    world.sync("aa")
    assert world.intel.proposals.count() == 4
    assert world.proposal(Observable.of("domain", "a2.example.com")).claims


def test_a_partners_misp_that_raises_stops_no_other(world, told, tmp_path) -> None:
    class Exchange:
        def push(self, *_args, **_more):
            pass

        def pull_sightings(self, *_args, **_more):
            good.append(1)

    good = []
    turns = [
        MispTurn("bad", MispTable(every_minutes=10), fails, fails),
        MispTurn("good", MispTable(every_minutes=10), Exchange, lambda: None),
    ]
    keeper = IntelKeeper(world.intel, tmp_path, world.clock, fails, turns)
    for _ in range(3):
        keeper.turn()
    assert (good, failing(told)) == ([1], ["misp bad"])
    world.clock.advance(11 * MINUTE_US)
    for _ in range(3):
        keeper.turn()
    assert good == [1, 1]
