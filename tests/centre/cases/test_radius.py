"""How far a block would reach, summed at the centre: no actor's part is kept, a liar is bounded."""

import pytest

from bavn.centre.cases.questions import ANSWER, RADIUS, Questions
from bavn.centre.cases.radius import RadiusSum, plus
from bavn.centre.desk.radius import shown
from bavn.centre.store.engine import reading
from bavn.model.intel.radius import CELL_MAX, ENTRIES
from bavn.model.moment import DAY_US
from bavn.model.observable import Observable
from bavn.model.principal import account
from bavn.model.received import RadiusReply, Replied
from bavn.rehearsal.clock import SimClock

NOW_US = 20_000 * DAY_US
INDICATOR = "indicator--" + "0" * 36
ACTORS = tuple(f"actor-{n}" for n in range(15))
NONE = (0,) * len(ENTRIES)


@pytest.fixture
def kept(engine):
    return Questions(engine, SimClock(NOW_US))


def asked(kept):
    question = kept.ask(
        [Observable.of("domain", "evil.com")],
        ACTORS,
        account("anne"),
        why="released next",
        since_us=NOW_US - 30 * DAY_US,
        about=INDICATOR,
    )
    return kept.approve(question.id, account("bo"))


def reply(question, actor, hosts, functions=NONE, milli=10_000, **other):
    plain = {"item_id": "x", "number": 0, "received_us": NOW_US}
    return RadiusReply(
        actor=actor, question_id=question.id, in_all=hosts, functions=functions, epsilon_milli=milli, **plain | other
    )


def test_the_sum_alone_is_kept_and_each_actor_counts_once(kept, engine) -> None:
    question = asked(kept)
    for n, actor in enumerate(ACTORS[:4]):
        kept.heard(reply(question, actor, 101 + n))
        kept.heard(reply(question, actor, 900))
    kept.heard(
        Replied(
            item_id="x",
            actor=ACTORS[0],
            question_id=question.id,
            number=0,
            state="declined",
            count_bucket=0,
            first_hour=None,
            last_hour=None,
            days=0,
            received_us=NOW_US,
        )
    )
    view, total = kept.radius(INDICATOR)
    assert (total.hosts, total.answers) == (101 + 102 + 103 + 104, ((10_000, 4),))
    assert [a.state for actor in view.actors for a in actor.answers] == ["counted"] * 4
    with reading(engine) as connection:
        rows = connection.execute(ANSWER.select()).mappings().all()
        (body,) = connection.execute(RADIUS.select()).mappings().all()
    assert {(row["count_bucket"], row["first_hour"], row["last_hour"], row["days"]) for row in rows} == {
        (0, None, None, 0)
    }
    assert not any(str(one) in body["body"] for one in (101, 102, 103, 104, 900))


def test_it_is_no_question_among_the_others(kept) -> None:
    asked(kept)
    assert kept.every() == ()
    assert kept.radius("indicator--" + "1" * 36) is None


def test_a_radius_of_fewer_than_three_or_of_a_liar_shows_nothing_more(kept) -> None:
    question = asked(kept)
    total = plus(RadiusSum(), reply(question, "a", 1_000_000, (1_000_000,) * len(ENTRIES)))
    assert CELL_MAX <= total.hosts <= CELL_MAX + 10
    assert set(total.functions) == {total.hosts}
    total = plus(RadiusSum(), reply(question, "a", -1_000_000, milli=100))
    assert -250 < total.hosts < 0
    for actor in ACTORS[:2]:
        kept.heard(reply(question, actor, 500))
    radius = shown(*kept.radius(INDICATOR))
    assert (radius.hosts, radius.functions) == (None, ())
    assert "Nothing is shown" in radius.says.en
    kept.heard(reply(question, ACTORS[2], 500))
    radius = shown(*kept.radius(INDICATOR))
    assert radius.hosts.low <= 1500 <= radius.hosts.high
    assert radius.says.en.startswith("Machines that a block would hit: ")


def test_what_does_not_stand_clear_of_its_noise_is_not_known(kept) -> None:
    question, imaging = asked(kept), ENTRIES.index("imaging")
    some = tuple(40 if at == imaging else 0 for at in range(len(ENTRIES)))
    for actor in ACTORS:
        kept.heard(reply(question, actor, 6, some, milli=100))
    radius = shown(*kept.radius(INDICATOR))
    assert not radius.hosts.known
    assert "not known" in radius.says.en
    assert [name for name, _ in radius.functions] == ["imaging"]
    assert radius.functions_say[0].en.startswith("imaging: ")
