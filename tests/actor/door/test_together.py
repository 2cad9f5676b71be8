"""Who opens what when two parties work together: the limits that docs/privacy.md states, each shown to be there.

A guess is opened by making the share that its holder would have made, and looking for its cells in the upload.
"""

import pytest

from bavn.actor.door.rounds.rules import members_text, params_of
from bavn.keyholder.settings import HolderSettings
from bavn.model.observable import Observable
from bavn.model.ports import LinkDown, LinkRefused
from bavn.psi import oprf, share
from bavn.psi.element import element_bytes
from bavn.psi.keys import members_key
from bavn.psi.planes import planes_from_bytes
from bavn.psi.threshold import evaluate
from bavn.psi.threshold.terms import IDS, ROUNDS
from bavn.rehearsal.clock import SimClock
from bavn.traffic.dice import SeededDice
from bavn.wire.messages import catalogue as messages
from tests.builders import suspicion
from tests.keyholder.conftest import Place

from .conftest import NOW_US, Actor, TestCentre

HELD = [Observable.of("ip4", f"198.51.7.{n}") for n in range(1, 9)]
GUESSES = [Observable.of("ip4", f"198.51.7.{n}") for n in range(256)]
"""Whoever can try one address can try them all; a block of 256 stands for them here."""
UNGUESSED = Observable.of("domain", "nobody-thinks-of-this.net")


def upload_of(identifiers=None) -> tuple[messages.RoundOpened, object]:
    """What a centre has of one actor that holds HELD and UNGUESSED: the round and the planes."""
    centre = TestCentre()
    held = [suspicion(id=f"{n:032x}", peer=one.value, observables=(one,)) for n, one in enumerate((*HELD, UNGUESSED))]
    north = Actor("north", centre.key, suspicions=held, identifiers=identifiers)
    others = [Actor(name, centre.key, seed=n) for n, name in ((2, "south"), (3, "west"))]
    opening = centre.opening([north, *others])
    assert centre.to(north, opening) is None
    (said,) = [m for m in north.said() if isinstance(m, messages.ShareUpload)]
    return opening, planes_from_bytes(params_of(opening), said.planes)


def opened(opening, planes, kr: bytes, ids: dict[Observable, bytes]) -> set[Observable]:
    """The guesses whose cells stand in an upload (x = 1), for who has the round's key and the guesses' ids."""
    params, bound, found = params_of(opening), members_key(kr, members_text(opening)), set()
    for guess, id_ in ids.items():
        made = share.generate(params, bound, [(id_, 0.9)], 1, SeededDice(1, "guess"))
        cells = [cell for cell, _ in made.slots.cells()]
        if any((made.planes[:, c.table, c.bin] == planes[:, c.table, c.bin]).all() for c in cells):
            found.add(guess)
    return found


@pytest.fixture
def held(tmp_path):
    made = Place(tmp_path, HolderSettings(points_per_epoch_max=130), clock=SimClock(NOW_US))
    yield made
    made.close()


def test_the_centre_and_the_one_key_holder_open_all_that_they_guess(held) -> None:
    """Not protected, and said so: no quota binds who has the secret."""
    opening, planes = upload_of(held.node("north"))
    params = params_of(opening)
    secret = held.whole(params.epoch, params.tier, IDS)
    (point,) = oprf.evaluate(held.whole(params.epoch, params.tier, ROUNDS), evaluate.round_points(params))
    kr = evaluate.round_key(params, point)
    ids = {guess: oprf.element_id(oprf.output(secret, element_bytes(guess))) for guess in GUESSES}
    assert opened(opening, planes, kr, ids) == set(HELD)


@pytest.mark.slow
def test_the_centre_and_an_actor_open_only_what_the_actor_may_have_evaluated(held) -> None:
    """The actor has the round's key; each guess costs it an evaluation, and the day's are soon used up."""
    opening, planes = upload_of(held.node("north"))
    params, evil = params_of(opening), held.node("evil").of(params_of(opening).epoch, "B")
    ids: dict[Observable, bytes] = {}
    for at in range(0, len(GUESSES), 50):
        asked = [*reversed(GUESSES)][at : at + 50]
        try:
            joined = evil.join(params, asked)
        except (LinkDown, LinkRefused):
            break
        kr = joined.kr
        ids |= {one: id_ for one, id_ in zip(asked, joined.ids, strict=True) if id_ is not None}
    assert 50 <= len(ids) <= 130
    found = opened(opening, planes, kr, ids)
    assert found == set(HELD) & set(ids)
    assert found != set(HELD)
    made_up = {guess: bytes([n]) * 14 for n, guess in enumerate(GUESSES)}
    assert opened(opening, planes, kr, made_up) == set()


def test_the_key_of_a_day_that_is_over_opens_no_upload_that_was_kept(held) -> None:
    opening, _ = upload_of(held.node("north"))
    held.clock.advance(3 * 86_400_000_000)
    assert params_of(opening).epoch in held.holder.tidy()
    with pytest.raises(IndexError):
        held.whole(params_of(opening).epoch, "B", IDS)
