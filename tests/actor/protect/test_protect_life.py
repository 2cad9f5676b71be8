"""A block's life: it ends, is lifted, comes back after a crash; people decide; enforcers fail and return."""

import json
import signal
import subprocess
import sys
import textwrap

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bavn.actor.protect.never import NeverBlock
from bavn.actor.protect.policy import ProtectPolicy
from bavn.actor.protect.sightings import Hit
from bavn.actor.protect.wishes import wish
from bavn.model.indicator import Pap, Sighting
from bavn.model.moment import DAY_US, HOUR_US, SECOND_US
from bavn.model.outcome import Refused
from bavn.wire.book import Book
from bavn.wire.ledger import Ledger

T0 = 1_795_000_000_000_000


def test_a_block_ends_by_this_nodes_clock_alone(make_actor, make_indicator, make_released) -> None:
    actor = make_actor()
    actor.protect.receive([make_released(make_indicator(valid_until_us=T0 + HOUR_US))])
    actor.clock.us = T0 + HOUR_US - 1
    actor.protect.step()
    assert actor.enforcer.holds == {"evil-c2.com"}
    actor.clock.us = T0 + HOUR_US
    actor.protect.step()
    assert actor.enforcer.holds == set()
    assert actor.states()[-1] == ("lifted", (), "expired")


def test_what_ended_is_not_enforced_even_before_the_next_step(make_actor, make_indicator, make_released) -> None:
    actor = make_actor()
    actor.protect.receive([make_released(make_indicator(valid_until_us=T0 + HOUR_US))])
    actor.clock.us = T0 + HOUR_US
    actor.protect.receive([make_released(make_indicator("b.org", n=2))])
    assert actor.enforcer.holds == {"b.org"}


def test_one_that_is_down_is_left_alone_for_a_while_whatever_comes(make_actor, make_indicator, make_released) -> None:
    actor = make_actor()
    actor.enforcer.broken = True
    actor.protect.receive([make_released(make_indicator())])
    actor.enforcer.broken = False
    actor.protect.receive([make_released(make_indicator("b.org", n=2))])
    assert actor.enforcer.holds == set()
    actor.clock.us += ProtectPolicy().retry_s * SECOND_US
    actor.protect.step()
    assert actor.enforcer.holds == {"evil-c2.com", "b.org"}


def test_a_node_that_was_off_when_a_block_ended_lifts_it_at_its_start(
    make_actor, make_indicator, make_released
) -> None:
    actor = make_actor()
    actor.protect.receive([make_released(make_indicator(valid_until_us=T0 + HOUR_US))])
    actor.clock.us = T0 + DAY_US
    actor.again()
    assert actor.enforcer.holds == set()


def test_a_start_lifts_what_the_lists_forbid_today(make_actor, make_indicator, make_released) -> None:
    actor = make_actor()
    actor.protect.receive([make_released(make_indicator()), make_released(make_indicator("b.org", n=2))])
    actor.again(never=NeverBlock.of('[new]\nnames = ["evil-c2.com"]', "edited"))
    assert actor.enforcer.holds == {"b.org"}
    assert ("lifted", (), "never_block") in actor.states()


def test_two_indicators_on_one_name_keep_the_block_until_the_last_ends(
    make_actor, make_indicator, make_released, make_withdrawn
) -> None:
    actor = make_actor()
    both = [make_indicator(n=1, valid_until_us=T0 + HOUR_US), make_indicator(n=2)]
    actor.protect.receive([make_released(made) for made in both])
    [block] = actor.enforcer.calls[-1]
    assert (block.until_us, block.indicator_id) == (both[1].valid_until_us, both[1].id)
    actor.protect.receive([make_withdrawn(both[1])])
    assert actor.enforcer.holds == {"evil-c2.com"}
    actor.clock.us += HOUR_US
    actor.protect.step()
    assert actor.enforcer.holds == set()


def test_an_enforcer_that_is_down_is_told_and_tried_again(make_actor, make_indicator, make_released) -> None:
    actor = make_actor()
    actor.enforcer.broken = True
    actor.clock.us += ProtectPolicy().reconcile_s * SECOND_US
    actor.protect.receive([make_released(make_indicator())])
    assert actor.states() == [("partly", ("watching",), "enforcer_down")]
    assert actor.protect.force.down == (("remembering", "remembering was unplugged"),)
    actor.enforcer.broken = False
    actor.protect.step()
    assert actor.enforcer.holds == set()
    actor.clock.us += ProtectPolicy().retry_s * SECOND_US
    actor.protect.step()
    assert actor.enforcer.holds == {"evil-c2.com"}
    assert actor.states() == [("enforced", ("remembering", "watching"), None)]


def test_a_lift_is_told_only_when_it_is_true_everywhere(
    make_actor, make_indicator, make_released, make_withdrawn
) -> None:
    actor = make_actor()
    actor.protect.receive([make_released(make_indicator())])
    actor.told()
    actor.enforcer.broken = True
    actor.protect.receive([make_withdrawn(make_indicator())])
    assert actor.states() == []
    actor.enforcer.broken = False
    actor.clock.us += ProtectPolicy().retry_s * SECOND_US
    actor.protect.step()
    assert actor.enforcer.holds == set()
    assert actor.states() == [("lifted", (), "withdrawn")]


def test_all_down_is_waiting_not_enforced(make_actor, make_indicator, make_released) -> None:
    actor = make_actor(watching=frozenset())
    actor.enforcer.broken = True
    actor.protect.receive([make_released(make_indicator())])
    assert actor.states() == [("waiting", (), "enforcer_down")]


def test_only_watched_is_not_called_blocked(make_actor, make_indicator, make_released) -> None:
    actor = make_actor()
    actor.enforcer.carries = frozenset()
    actor.again()
    actor.protect.receive([make_released(make_indicator())])
    assert actor.states() == [("partly", ("watching",), "watched_only")]
    assert json.loads(actor.protect.blocks()[0].told)["not_carried"] == ["remembering"]


def test_an_enforcer_is_made_true_again_unasked(make_actor, make_indicator, make_released) -> None:
    actor = make_actor()
    actor.protect.receive([make_released(make_indicator())])
    calls = len(actor.enforcer.calls)
    actor.protect.step()
    assert len(actor.enforcer.calls) == calls
    actor.clock.us += ProtectPolicy().reconcile_s * SECOND_US
    actor.protect.step()
    assert len(actor.enforcer.calls) == calls + 1
    assert len(actor.states()) == 1


def test_a_person_approves_what_waits(make_actor, make_indicator, make_released) -> None:
    actor = make_actor(ProtectPolicy(automatic=False))
    made = make_indicator()
    actor.protect.receive([make_released(made)])
    assert actor.enforcer.holds == set()
    actor.protect.approve(made.id, "anna")
    assert actor.enforcer.holds == {"evil-c2.com"}
    assert [line.kind for line in actor.lines()] == ["IndicatorReleased", "IndicatorApproved"]
    assert actor.lines()[-1].peer == "anna"
    assert actor.protect.approve(made.id, "anna") == Refused("in_force", "it is in force already")


@pytest.mark.parametrize("rule", ["never_block", "not_expired", "pap_allows"])
def test_no_person_can_approve_what_may_never_be(make_actor, make_indicator, make_released, rule) -> None:
    changes = {"pap": Pap.RED} if rule == "pap_allows" else {}
    made = make_indicator(valid_until_us=T0 + HOUR_US, **changes)
    actor = make_actor(ProtectPolicy(automatic=False))
    actor.protect.receive([make_released(made)])
    if rule == "never_block":
        actor.again(never=NeverBlock.of('[x]\ntrees = ["evil-c2.com"]', "x"))
    if rule == "not_expired":
        actor.clock.us += HOUR_US
    assert actor.protect.approve(made.id, "anna").rule == rule
    assert actor.enforcer.holds == set()


def test_what_the_centre_took_back_cannot_be_approved(
    make_actor, make_indicator, make_released, make_withdrawn
) -> None:
    actor = make_actor()
    made = make_indicator()
    actor.protect.receive([make_released(made), make_withdrawn(made)])
    assert actor.protect.approve(made.id, "anna").rule == "withdrawn"
    assert actor.protect.approve("indicator--nobody", "anna").rule == "unknown"


def test_what_a_person_lifted_stays_lifted_until_a_person_says_so(make_actor, make_indicator, make_released) -> None:
    actor = make_actor()
    made = make_indicator()
    actor.protect.receive([make_released(made)])
    assert actor.protect.lift(made.id, "anna") is None
    assert actor.enforcer.holds == set()
    assert actor.states()[-1] == ("lifted", (), "lifted_by_hand")
    newer = make_indicator(version=T0 + 1)
    actor.protect.receive([make_released(newer)])
    assert actor.enforcer.holds == set()
    assert [item.rule for item in actor.protect.waiting()] == ["lifted_by_hand"]
    actor.protect.approve(made.id, "bo")
    assert actor.enforcer.holds == {"evil-c2.com"}
    assert actor.protect.lift("indicator--nobody", "anna").rule == "unknown"


def test_the_kill_switch_lifts_all_and_survives_a_restart(make_actor, make_indicator, make_released) -> None:
    actor = make_actor()
    actor.protect.receive([make_released(make_indicator()), make_released(make_indicator("b.org", n=2))])
    actor.told()
    actor.protect.kill_switch(on=True, by="anna")
    assert actor.enforcer.holds == actor.watcher.holds == set()
    assert actor.states() == [("lifted", (), "kill_switch")] * 2
    actor.again()
    actor.protect.receive([make_released(make_indicator("c.org", n=3))])
    assert actor.enforcer.holds == set()
    actor.protect.kill_switch(on=False, by="anna")
    assert actor.enforcer.holds == {"evil-c2.com", "b.org", "c.org"}
    assert [line.kind for line in actor.lines() if line.peer == "anna"] == ["KillSwitchOn", "KillSwitchOff"]


def test_another_process_leaves_wishes(make_actor, make_indicator, make_released, tmp_path) -> None:
    path = tmp_path / "book.sqlite"
    actor = make_actor(ProtectPolicy(automatic=False), book=Book(path))
    one, two = make_indicator(), make_indicator("b.org", n=2)
    actor.protect.receive([make_released(one), make_released(two)])
    with Book(path) as other:
        wish(other, "approve", one.id, "anna")
        wish(other, "approve", two.id, "anna")
        wish(other, "lift", one.id, "bo")
    actor.protect.step()
    assert actor.enforcer.holds == {"b.org"}
    with Book(path) as other:
        wish(other, "kill", "", "bo")
    actor.protect.step()
    assert actor.enforcer.holds == set()
    with Book(path) as other:
        wish(other, "revive", "", "bo")
    actor.protect.step()
    assert actor.enforcer.holds == {"b.org"}
    calls = len(actor.enforcer.calls)
    actor.protect.step()
    assert len(actor.enforcer.calls) == calls


def test_old_items_are_forgotten_long_after_their_end(make_actor, make_indicator, make_released) -> None:
    actor = make_actor()
    actor.protect.receive([make_released(make_indicator())])
    actor.clock.us += 10 * DAY_US
    actor.protect.step()
    actor.clock.us += 399 * DAY_US
    actor.protect.step()
    assert actor.protect.state.item(make_indicator().id) is not None
    actor.clock.us += 2 * DAY_US
    actor.protect.step()
    assert actor.protect.state.item(make_indicator().id) is None


def test_what_is_told_waits_until_the_door_took_it(make_actor, make_indicator, make_released) -> None:
    actor = make_actor()
    actor.protect.receive([make_released(make_indicator())])
    [first] = actor.protect.take()
    actor.again()
    assert actor.protect.take() == [first]
    actor.protect.done(first.number)
    assert actor.protect.take() == []


def test_the_door_hears_exactly_once_and_protect_looks_later(make_actor, make_indicator, make_released) -> None:
    actor = make_actor()
    message = make_released(make_indicator())

    def hear_and_die() -> None:
        with actor.book.transaction():
            actor.protect.hear(message)
            raise RuntimeError("the node died before it noted that it heard")

    with pytest.raises(RuntimeError):
        hear_and_die()
    actor.protect.step()
    assert actor.enforcer.holds == set()
    with actor.book.transaction():
        actor.protect.hear(message)
    assert actor.lines() == []
    actor.again().protect.step()
    assert actor.enforcer.holds == {"evil-c2.com"}
    assert len(actor.lines()) == 1


DYING = textwrap.dedent(
    """
    import os, signal, sys
    from pathlib import Path
    from bavn.actor.protect.carry import Hands
    from bavn.actor.protect.never import NeverBlock
    from bavn.actor.protect.policy import ProtectPolicy
    from bavn.actor.protect.protect import Protect
    from bavn.actor.protect.textlist import TextList
    from bavn.wire.book import Book
    from bavn.wire.ledger import Ledger
    from bavn.wire.messages import IndicatorReleased

    folder, when = Path(sys.argv[1]), int(sys.argv[2])
    calls = 0

    class Dying(TextList):
        def enforce(self, blocks):
            global calls
            calls += 1
            if calls == when:
                os.kill(os.getpid(), signal.SIGKILL)
            super().enforce(blocks)

    class Clock:
        def now_us(self):
            return 1_795_000_000_000_000

    protect = Protect(
        ledger=Ledger(Book(folder / "book")), clock=Clock(), policy=ProtectPolicy(),
        never=NeverBlock.of("", "none"), hands=Hands((Dying(folder),), ()),
    )
    protect.start()
    for bundle in sys.stdin.read().splitlines():
        protect.receive([IndicatorReleased(bundle=bundle)])
        print("done", flush=True)
    """
)


def test_kill_9_between_book_and_enforcer_loses_nothing(make_actor, make_indicator, make_released, tmp_path) -> None:
    names = [f"c{n}.evil.com" for n in range(6)]
    bundles = [make_released(make_indicator(name, n=n)).bundle for n, name in enumerate(names)]
    for when in (3,):
        folder = tmp_path / str(when)
        folder.mkdir()
        died = subprocess.run(
            [sys.executable, "-c", DYING, folder, str(when)], input="\n".join(bundles), capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert died.returncode == -signal.SIGKILL
        done = died.stdout.count("done")
        assert done == when - 2
        again = subprocess.run(
            [sys.executable, "-c", DYING, folder, "0"], input="", capture_output=True, text=True, check=True
        )
        assert again.stderr == ""
        # The one that was in the book but not yet in force is in force after the start.
        assert (folder / "domain.txt").read_text().split() == names[: done + 1]
        with Book(folder / "book") as book:
            assert Ledger(book).verify() is None
            assert len(list(Ledger(book).every())) == done + 1


class Model:
    """What should be in force: the plain words of the rules, without a database."""

    def __init__(self) -> None:
        self.items: dict = {}

    def wanted(self, now: int) -> set[str]:
        return {value for _, value, until, on in self.items.values() if on and until > now}


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["release", "withdraw", "step", "restart", "break", "mend"]),
            st.integers(1, 4), st.integers(1, 5), st.integers(1, 8),
        ),
        max_size=25,
    )
)  # fmt: skip
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_happens_in_the_end_exactly_the_wanted_set_is_in_force(
    make_actor, make_indicator, make_released, make_withdrawn, acts
) -> None:
    actor, model = make_actor(), Model()
    for act, n, version, hours in acts:
        made = make_indicator(f"c{n}.evil.com", n=n, version=T0 + version, valid_until_us=T0 + hours * HOUR_US)
        known = model.items.get(n)
        if act == "release":
            actor.protect.receive([make_released(made)])
            if known is None or version > known[0]:
                model.items[n] = (version, made.observable.value, made.valid_until_us, True)
        elif act == "withdraw":
            actor.protect.receive([make_withdrawn(made)])
            if known is None or version >= known[0]:
                model.items[n] = (version, made.observable.value, 0, False)
        elif act == "step":
            actor.clock.us += hours * HOUR_US // 4
            actor.protect.step()
        elif act == "restart":
            actor.again()
        else:
            actor.enforcer.broken = act == "break"
    actor.enforcer.broken = False
    actor.clock.us += SECOND_US * 301
    actor.protect.step()
    assert actor.enforcer.holds == actor.watcher.holds == model.wanted(actor.clock.us)
    offered = sum(act in ("release", "withdraw") for act, *_ in acts)
    assert len(actor.lines()) == offered


def test_sightings_are_told_at_once_then_seldom(make_actor, make_indicator, make_released) -> None:
    class Source:
        name = "source"
        hits: tuple = ()

        def read(self, mark):
            return self.hits, str(int(mark or "0") + 1)

        def kept(self, mark):
            self.hits = ()

    source = Source()
    made = make_indicator()
    actor = make_actor(sources=[source])
    actor.protect.receive([make_released(made)])
    actor.told()
    source.hits = (Hit(made.observable, 2, T0, T0 + 5), Hit(make_indicator("unknown.org").observable, 9, T0, T0))
    actor.protect.step()
    assert actor.told() == [Sighting(indicator_id=made.id, kind="blocked", count=2, first_us=T0, last_us=T0 + 5)]
    source.hits = (Hit(made.observable, 3, T0 + 7, T0 + 9),)
    actor.protect.step()
    assert actor.told() == []
    actor.clock.us += 3600 * SECOND_US
    actor.again().protect.step()
    assert actor.told() == [Sighting(indicator_id=made.id, kind="blocked", count=5, first_us=T0, last_us=T0 + 9)]
    actor.protect.step()
    assert actor.told() == []
