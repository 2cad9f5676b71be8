"""Hosts: the survey, a card with its evidence, its peers; suspicions beside it, not added up."""

import time

import pytest

from tests.app.web.drawn_node import C2_ADDRESS, own


def surveyed(console):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        said = console.get("/hosts")
        assert said["refused"] is None, said
        if said["at_us"] is not None:
            return said
    raise AssertionError("no survey came")


def test_own_hosts_are_listed_found_and_paged(looking) -> None:
    said = surveyed(looking)
    hosts = [one["host"] for one in said["items"]]
    assert hosts == [own(n) for n in (5, 20, 21, 22, 23, 24)]
    assert said["total"] == 6
    by_host = {one["host"]: one for one in said["items"]}
    assert "445/tcp smb" in by_host[own(5)]["services"]
    assert (by_host[own(21)]["suspicions"], by_host[own(5)]["nats"]) == (2, None)
    page = looking.get("/hosts?limit=4")
    rest = looking.get(f"/hosts?limit=4&after={page['next']}")
    assert [one["host"] for one in page["items"] + rest["items"]] == hosts
    assert [one["host"] for one in looking.get(f"/hosts?q={own(22)}")["items"]] == [own(22)]
    assert looking.get("/hosts?q=%25")["items"] == [], "a percent sign is a percent sign"


def test_a_card_has_each_hint_with_its_reason_and_the_strongest_suspicion_first(looking) -> None:
    surveyed(looking)
    card = looking.get(f"/hosts/{own(22)}")
    assert card["hints"], "its browser says what it is"
    assert all(hint["reason"]["da"] and hint["rows"] > 0 for hint in card["hints"])
    assert [one["rank"] for one in card["suspected"]] == sorted(one["rank"] for one in card["suspected"])
    assert card["nats"] == max(one["nats"] for one in card["suspected"]), "the strongest, not a sum"
    assert looking.get("/hosts/192.0.2.77", code=404)["type"] == "no-host"
    looking.get("/hosts/xyz", code=422)


def test_peers_are_counted_by_who_called(looking) -> None:
    said = looking.get(f"/hosts/{own(21)}/peers?days=7")
    (peer,) = said["peers"]
    assert (peer["peer"], peer["port"], peer["home"], said["more"]) == (C2_ADDRESS, 443, False, False)
    assert (peer["flows"], peer["called"]) == (72, True)
    assert min(peer["bytes_out"], peer["bytes_in"], peer["last_us"] - peer["first_us"]) > 0
    server = looking.get(f"/hosts/{own(5)}/peers")
    assert all(not one["called"] for one in server["peers"] if one["port"] == 445)
    assert sum(one["flows"] for one in server["peers"] if not one["called"]) > 200


@pytest.mark.slow
def test_of_another_node_nothing_is_shown(looking) -> None:
    surveyed(looking)
    assert looking.ask(f"/nodes/south/hosts/{own(21)}/peers")["peers"] == []
    items = looking.ask("/nodes/south/hosts")["items"]
    assert all(one["host"].startswith("10.0.7.") for one in items)
