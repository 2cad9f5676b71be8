"""A centre that lies, before real doors: about members, holders, receipts and rounds. Below t it opens nothing."""

from hashlib import blake2b

import numpy as np
import pytest

from bavn.actor.door.rounds import leaps
from bavn.actor.door.rounds.rules import members_text, params_of
from bavn.model.moment import DAY_US
from bavn.model.observable import Observable
from bavn.psi import receipt, share
from bavn.psi.identifier import LocalIdentifiers
from bavn.psi.keys import members_key
from bavn.psi.planes import planes_from_bytes
from bavn.psi.reconstruct import reconstruct
from bavn.psi.round import Cell
from bavn.traffic.dice import SeededDice
from bavn.wire.messages import catalogue as messages
from tests.builders import suspicion

from .conftest import GROUP_KEY, NOW_US, Actor

OWN = Observable.of("domain", "only-at-two.net")
AT_TWO = suspicion(id="a" * 32, peer=OWN.value, observables=(OWN,))


def members(**xs):
    return tuple(messages.Member(actor=name, x=x) for name, x in xs.items())


def planes_of(actor, opening):
    (upload,) = [m for m in actor.said() if isinstance(m, messages.ShareUpload)]
    return planes_from_bytes(params_of(opening), upload.planes)


def equal_cells(one, other) -> int:
    """Cells that are the same on both coordinates: by chance none."""
    return int(np.all(one == other, axis=0).sum())


def tags_of(centre, actor, opening, cells):
    asked = tuple(messages.AskedCell(table=c.table, bin=c.bin) for c in cells)
    centre.to(actor, messages.ReceiptsAsked(round_id=opening.round_id, cells=asked))
    (given,) = [m for m in actor.said() if isinstance(m, messages.Receipts)]
    return {Cell(t.table, t.bin): t.tag for t in given.tags}


def ask(centre, actor, opening, others_of):
    """Phase 2 with the receipts given; what the actor said."""
    items = tuple(
        messages.Reveal(table=c.table, bin=c.bin, others=tuple(tag for _, tag in others))
        for c, others in others_of.items()
    )
    centre.to(actor, messages.RevealAsked(round_id=opening.round_id, items=items))
    return actor.said()


def cells_of(actor, opening):
    _, slots = actor.door.state.contents(actor.door.state.round(opening.round_id))
    return [cell for cell, _ in slots.cells()]


@pytest.fixture
def two(centre):
    """North and south hold an element that nobody else does: at t=3 nothing of it may show."""
    return [Actor(name, centre.key, seed=i + 1, suspicions=[AT_TWO]) for i, name in enumerate(("north", "south"))]


@pytest.fixture
def three(centre, two):
    return [*two, Actor("west", centre.key, seed=3, suspicions=[])]


# --- about the members ----------------------------------------------------------------------------------------------


def test_one_x_given_to_two_actors_shows_nothing_they_share(centre, two) -> None:
    """Each is told a list that is true to itself. Under one key, equal x would make equal cells for what they share."""
    north, south = two
    lists = (members(north=1, south=2, west=3), members(north=2, south=1, west=3))
    planes = []
    for actor, given in zip(two, lists, strict=True):
        opening = centre.opening([], members=given)
        assert centre.to(actor, opening) is None
        planes.append(planes_of(actor, opening))
    assert equal_cells(*planes) == 0
    theirs = tags_of(centre, south, opening, cells_of(south, opening))
    mine = tags_of(centre, north, opening, list(theirs))
    assert not set(theirs.values()) & set(mine.values())


def test_one_x_for_two_actors_would_show_it_if_the_key_did_not_bind_the_members(centre) -> None:
    """The control: the same attack on shares whose key is the same for both."""
    opening = centre.opening([], members=members(north=1, south=2, west=3))
    params = params_of(opening)
    joined = LocalIdentifiers(GROUP_KEY).of(params.epoch, params.tier).join(params, [OWN])
    weighed = [(joined.ids[0], 0.9)]
    same = [share.generate(params, joined.kr, weighed, 1, SeededDice(n, "x")).planes for n in (1, 2)]
    assert equal_cells(*same) > 5
    bound = [
        share.generate(params, members_key(joined.kr, text), weighed, 1, SeededDice(n, "x")).planes
        for n, text in enumerate(("north=1 south=2", "north=2 south=1"))
    ]
    assert equal_cells(*bound) == 0


def test_different_members_told_to_each_make_nobody_meet(centre, actors) -> None:
    """All three hold one element; two are told of a fourth member. Nothing is found, so nothing is asked or named."""
    plain = centre.opening(actors)
    sham = messages.Member(actor="sham", x=9)
    planes = {}
    for x, actor in enumerate(actors, 1):
        told = plain if x == 1 else plain.model_copy(update={"members": (*plain.members, sham)})
        centre.to(actor, told)
        planes[x] = planes_of(actor, told)
    assert reconstruct(params_of(plain), planes) == []
    hits = reconstruct(params_of(plain), {x: planes[x] for x in (2, 3)} | {1: planes[1]})
    assert hits == []


def test_sham_actors_without_the_key_open_nothing(centre, two) -> None:
    """The centre enters four members of its own, so that t would be reached, and answers for them as well as it can:
    with shares and receipts under a key that it made up, and with north's own receipts under their xs."""
    north = two[0]
    given = members(north=1, s1=2, s2=3, s3=4, s4=5)
    opening = centre.opening([], members=given)
    centre.to(north, opening)
    params = params_of(opening)
    north_planes = planes_of(north, opening)
    kr = members_key(bytes(32), members_text(opening))
    ids = LocalIdentifiers(bytes(32)).of(params.epoch, params.tier).join(params, [OWN]).ids
    shams = {x: share.generate(params, kr, [(ids[0], 0.9)], x, SeededDice(x, "sham")).planes for x in (2, 3, 4, 5)}
    assert all(1 not in hit.holders for hit in reconstruct(params, {1: north_planes, **shams}))
    cells = cells_of(north, opening)
    own = tags_of(centre, north, opening, cells)
    made_up = {c: [(x, receipt.tag(kr, ids[0], bytes([x]) * 32, c).hex()) for x in (2, 3)] for c in cells}
    assert all(isinstance(m, messages.Declined) for m in ask(centre, north, opening, made_up))
    copied = {c: [(x, own[c]) for x in (2, 3, 4, 5)] for c in cells}
    assert all(isinstance(m, messages.Declined) for m in ask(centre, north, opening, copied))


def test_members_that_have_the_key_and_lie_can_ask_about_what_they_name(centre, two) -> None:
    """Not protected, and said so: t-1 colluding actors probe one honest actor, value by value. What they do not name
    stays shut."""
    north = two[0]
    other = Observable.of("domain", "not-named-by-them.net")
    north.suspicions.append(suspicion(id="b" * 32, peer=other.value, observables=(other,)))
    opening = centre.opening([], members=members(north=1, s1=2, s2=3))
    centre.to(north, opening)
    north.said()
    params = params_of(opening)
    joined = LocalIdentifiers(GROUP_KEY).of(params.epoch, params.tier).join(params, [OWN])
    kr = members_key(joined.kr, members_text(opening))
    probe = {
        c: [(x, receipt.tag(kr, joined.ids[0], bytes([x]) * 32, c).hex()) for x in (2, 3)]
        for c in cells_of(north, opening)
    }
    said = ask(centre, north, opening, probe)
    assert {m.value for m in said if isinstance(m, messages.Report)} == {OWN.value}
    assert any(isinstance(m, messages.Declined) for m in said)
    assert north.ledger.lines(kind="RevealAsked")[-1].verdict == "passed"


# --- about holders and receipts -------------------------------------------------------------------------------------


def test_cells_nobody_claimed_are_all_declined(centre, three) -> None:
    """Every cell of a table is asked about, with whatever receipts the others really gave there."""
    opening = centre.opening(three)
    for actor in three:
        centre.to(actor, opening)
        actor.said()
    cells = [Cell(0, at) for at in range(50)]
    tags = [tags_of(centre, actor, opening, cells) for actor in three]
    assert len({tag for each in tags for tag in each.values()}) == 3 * len(cells)
    for own, actor in enumerate(three):
        others = {c: [(x + 1, tags[x][c]) for x in range(3) if x != own] for c in cells}
        said = ask(centre, actor, opening, others)
        assert len(said) == len(cells)
        assert all(isinstance(m, messages.Declined) for m in said)
        centre.to(actor, messages.ReceiptsAsked(round_id=opening.round_id, cells=(messages.AskedCell(table=1, bin=0),)))
        assert actor.said() == []
        assert actor.ledger.lines(kind="ReceiptsAsked")[-1].rule == "round_cells"


def test_the_only_other_holder_does_not_suffice_whoever_else_is_said_to_hold_it(centre, three) -> None:
    opening = centre.opening(three)
    for actor in three:
        centre.to(actor, opening)
        actor.said()
    north, south, west = three
    shared = sorted(set(cells_of(north, opening)) & set(cells_of(south, opening)))
    assert shared
    souths, wests = (tags_of(centre, actor, opening, shared) for actor in (south, west))
    lies = {
        "west is said to hold it": lambda c: [(2, souths[c]), (3, wests[c])],
        "south twice": lambda c: [(2, souths[c]), (2, souths[c])],
        "south's receipt as west's": lambda c: [(2, souths[c]), (3, souths[c])],
        "south alone": lambda c: [(2, souths[c])],
        "an x nobody has": lambda c: [(2, souths[c]), (77, souths[c])],
    }
    for number, lie in enumerate(lies.values()):
        said = ask(centre, north, opening, {c: lie(c) for c in shared[number : number + 1]})
        assert [type(m) for m in said] == [messages.Declined]


def test_receipts_of_another_round_prove_nothing(centre, actors) -> None:
    """What three showed in one round does not open the next, in which only one of them still holds it."""
    first, hits, _ = centre.round(actors)
    assert hits
    north = actors[0]
    for other in actors[1:]:
        other.suspicions = []
    second = centre.opening(actors, round_id="cd" * 16)
    old = {}
    for x, actor in enumerate(actors, 1):
        old[x] = tags_of(centre, actor, first, [hit.cell for hit in hits])
        centre.to(actor, second)
        actor.said()
    tags = iter([*old[2].values()] * 100)
    others = {c: [(2, next(tags)), (3, old[3][hits[0].cell])] for c in cells_of(north, second)}
    assert all(isinstance(m, messages.Declined) for m in ask(centre, north, second, others))


# --- about rounds ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("other", [{}, {"m": 20}, {"r": 12}, {"registry_version": 2}, {"tier": "A"}])
def test_a_round_is_never_played_twice_whatever_is_changed_in_it(centre, actors, other) -> None:
    """A second share under one round's id would be a second set of points on its polynomials."""
    north = actors[0]
    centre.to(north, centre.opening(actors))
    assert [type(m) for m in north.said()] == [messages.ShareUpload]
    for close in (False, True):
        if close:
            centre.to(north, messages.RoundClosed(round_id="ab" * 16))
        centre.to(north, centre.opening(actors, **other))
        assert north.said() == []
        assert north.ledger.lines(kind="RoundOpened")[-1].rule == "round_new"
    north.clock.advance(9 * DAY_US)
    north.door.tidy()
    late = {"deadline_us": NOW_US + 9 * DAY_US + 60_000_000}
    centre.to(north, centre.opening(actors, **other | late))
    assert north.ledger.lines(kind="RoundOpened")[-1].rule == "round_time"
    assert not [m for m in north.said() if isinstance(m, messages.ShareUpload)]


def test_a_closed_round_answers_nothing(centre, actors) -> None:
    opening, hits, _ = centre.round(actors)
    north = actors[0]
    centre.to(north, messages.RoundClosed(round_id=opening.round_id))
    cell = hits[0].cell
    asked = messages.AskedCell(table=cell.table, bin=cell.bin)
    reveal = messages.Reveal(table=cell.table, bin=cell.bin, others=())
    centre.to(north, messages.ReceiptsAsked(round_id=opening.round_id, cells=(asked,)))
    centre.to(north, messages.RevealAsked(round_id=opening.round_id, items=(reveal,)))
    assert north.said() == []
    assert {north.ledger.lines(kind=kind)[-1].rule for kind in ("ReceiptsAsked", "RevealAsked")} == {"round_known"}


def test_one_set_in_many_rounds_shows_no_cell_twice(centre, actors) -> None:
    """Nothing ties one actor's planes of different rounds together, also where the centre changes only one number."""
    north, seen = actors[0], set()
    for number, other in enumerate(({}, {"epoch": NOW_US // DAY_US - 1}, {"m": 49}, {"r": 12}, {})):
        opening = centre.opening(actors, round_id=f"{number:032x}", **other)
        centre.to(north, opening)
        planes = planes_of(north, opening)
        real = {tuple(int(planes[c, at.table, at.bin]) for c in (0, 1)) for at in cells_of(north, opening)}
        assert real
        assert not real & seen
        seen |= real


def test_a_registry_that_was_forgotten_is_a_round_without_this_actor(centre, actors, monkeypatch) -> None:
    """The members are bound into the key; a centre that makes a node forget them gets no share, not one without."""
    north = actors[0]
    monkeypatch.setattr(leaps, "REGISTRIES_MAX", 1)
    waiting = centre.opening(actors)
    north.door.rounds._join_from_us = NOW_US + 1  # the key holder is away just now
    centre.to(north, waiting)
    newer = centre.opening(actors, round_id="cd" * 16, registry_version=500)
    centre.to(north, newer)
    north.clock.advance(2)
    north.door.join()
    assert [m.round_id for m in north.said() if isinstance(m, messages.ShareUpload)] == [newer.round_id]
    assert [line.rule for line in north.ledger.lines(kind="ShareUpload") if line.verdict == "refused"] == ["keys_late"]


def test_the_members_key_is_what_the_specification_says() -> None:
    """BLAKE2b-256, keyed by the round's key, personalised: for a second implementation (docs/private-join.md)."""
    kr = bytes(range(32))
    plain = blake2b(b"north=1 south=2 west=3", key=kr, digest_size=32, person=b"bavn-members").digest()
    assert members_key(kr, "north=1 south=2 west=3") == plain
    shuffled = messages.RoundOpened(
        round_id="ab" * 16,
        version=1,
        epoch=1,
        registry_version=1,
        tier="B",
        t=3,
        m=10,
        r=2,
        forms="1-" + "0" * 16,
        deadline_us=1,
        members=members(west=3, north=1, south=2),
    )
    assert members_text(shuffled) == "north=1 south=2 west=3"
