"""A value's card at a node: who met it, how it stands, whose it is; what is no value is refused as an answer."""

from urllib.parse import quote

import pytest

from tests.app.web.drawn_node import C2


def card(console, what, **more):
    return console.get(f"/values?what={quote(what, safe='')}", **more)


def test_a_name_tells_its_suspicions_its_block_and_the_hunt_for_it(looking) -> None:
    shown = card(looking, f"domain:{C2}")
    assert (shown["type"], shown["value"], shown["inside"], shown["pivot"]) == ("domain", C2, False, "domain")
    assert shown["suspicions"]
    assert "suspicion" in shown["here"]["en"]
    assert [one["says"]["en"].partition(" until ")[0] for one in shown["blocks"]] == ["Blocked here"]
    assert shown["never"] is None
    assert card(looking, C2.replace(".", "[.]"))["value"] == C2


def test_an_own_host_is_said_to_be_one_and_no_sector_is_named(looking) -> None:
    host = card(looking, C2)["suspicions"][0]["host"]
    shown = card(looking, host)
    assert (shown["inside"], shown["sector"], shown["pivot"]) == (True, None, "host")
    assert "of it" in shown["here"]["en"]
    assert card(looking, "203.0.113.77")["here"]["en"] == "No suspicion here names it."


@pytest.mark.parametrize("hostile", ["x", "domain:", "' OR 1=1 --", "ja4:<img src=x>", "\u202eevil", "a/../b", "1.2.3"])
def test_what_is_no_value_is_refused_as_an_answer(looking, hostile) -> None:
    assert card(looking, hostile, code=422)["act"] == "you"


def test_a_card_has_an_end(looking) -> None:
    card(looking, "a" * 321, code=422)
