"""Who lights up in the ring of a release, when, and what is said of those that do not."""

from dataclasses import replace

from bavn.app.web.sac.lit import lit_of
from bavn.centre.share.deliveries import AtActor
from bavn.model.moment import HOUR_US, SECOND_US
from bavn.model.received import Observed

ORDER_US = 500_000 * HOUR_US
GIVEN = AtActor(actor="a", queued_us=ORDER_US, state="", enforcers=(), rule="", state_us=None, enforced_us=None)
MET = Observed(
    item_id="i",
    actor="d",
    indicator_id="x",
    kind="retro",
    count_bucket=2,
    first_hour=499_990,
    last_hour=499_991,
    received_us=ORDER_US,
)


def in_force(actor, after_s):
    at_us = ORDER_US + after_s * SECOND_US
    return replace(GIVEN, actor=actor, state="enforced", enforcers=("rpz",), state_us=at_us, enforced_us=at_us)


def test_members_light_in_the_order_in_which_they_said_so_and_the_dark_ones_lie_last() -> None:
    lifted = replace(in_force("e", 3), state="lifted")
    refused = replace(GIVEN, actor="f", state="refused", rule="never_block")
    ring = lit_of(ORDER_US, [GIVEN, in_force("c", 22), in_force("b", 4), lifted, refused], [], {"c"}, ())
    assert [(one.actor, one.stand, one.lit_us) for one in ring.actors] == [
        ("b", "lit", ORDER_US + 4 * SECOND_US),
        ("c", "lit", ORDER_US + 22 * SECOND_US),
        ("a", "dark", None),
        ("e", "dark", None),
        ("f", "cannot", None),
    ]
    assert ring.says.en == (
        "2 of 4 members that can block it do so, all of them within 22 s of the order. 1 other cannot or will not."
    )
    assert [one.came for one in ring.actors] == ["", "reported", "", "", ""]


def test_who_met_it_is_told_from_who_reported_it_and_the_first_sighting_is_the_one_of_all_pages() -> None:
    at = [replace(GIVEN, actor=name) for name in "abcd"]
    since = replace(MET, actor="b", first_hour=500_001, last_hour=500_001)
    never = replace(MET, actor="c", count_bucket=0)
    ring = lit_of(ORDER_US, at, [MET, since, never], {"a"}, {"a"})
    assert {one.actor: (one.came, one.first) for one in ring.actors} == {
        "a": ("reported", True),
        "b": ("since", False),
        "c": ("", False),
        "d": ("before", False),
    }
    assert ring.says.en == "It was released, and nobody has said yet that it is blocked there."
