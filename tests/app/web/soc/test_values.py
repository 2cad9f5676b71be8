"""A value's card at a node: who met it, how it stands, whose it is; what is no value is refused as an answer."""

import re
from urllib.parse import quote

import pytest

from bavn.app.web.soc.values import card as values
from tests.app.web.drawn_node import C2, C2_ADDRESS


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


def test_a_search_looks_in_own_history_for_a_part_of_a_name_and_for_a_whole_value(looking) -> None:
    def found(what):
        answer = looking.get(f"/values/history?what={quote(what, safe='')}")
        assert answer["days"] == 1
        return [(one["value"], one["pivot"]) for one in answer["items"]]

    assert (C2, "domain") in found(C2[:-2].upper())
    assert (C2_ADDRESS, "host") in found(C2_ADDRESS)
    (first, *_) = looking.get(f"/values/history?what={C2}")["items"]
    assert first["value"] == C2
    assert re.fullmatch(r"In own history: [\d,]+ records of [\d,]+ own hosts?, the last of .+", first["says"]["en"])
    for nothing in ("no-such-name", "203.0.113.77", "' OR 1=1 --"):
        assert found(nothing) == []


def test_a_look_that_takes_too_long_is_no_answer(looking, monkeypatch) -> None:
    def slow(window, *_):
        return window.rows("SELECT count(*) FROM range(10000000000) a WHERE a.range % 7 = 1")

    monkeypatch.setattr(values, "SECONDS_MAX", 0.05)
    monkeypatch.setattr(values, "alike", slow)
    assert looking.get(f"/values/history?what={C2}", code=422)["act"] == "you"
