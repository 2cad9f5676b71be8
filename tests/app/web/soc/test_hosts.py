"""Hosts: the survey, a card with its evidence, a timeline; suspicions beside it, not added up."""

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


def test_a_timeline_counts_what_it_opened_and_with_whom(looking) -> None:
    said = looking.get(f"/hosts/{own(21)}/timeline?days=7")
    assert sum(hour["opened"] for hour in said["hours"]) == 72
    assert [(peer["peer"], peer["port"], peer["home"]) for peer in said["peers"]] == [(C2_ADDRESS, 443, False)]
    peer, active = said["peers"][0], [hour["at_us"] for hour in said["hours"]]
    assert (peer["flows"], peer["called"]) == (72, True)
    assert (peer["bytes_out"], peer["bytes_in"]) == tuple(
        sum(hour[way] for hour in said["hours"]) for way in ("bytes_out", "bytes_in")
    )
    assert (peer["first_us"], peer["last_us"]) == (active[0], active[-1])
    assert active == sorted(set(active))
    assert len(active) > 1
    server = looking.get(f"/hosts/{own(5)}/timeline")
    assert all(not peer["called"] for peer in server["peers"] if peer["port"] == 445)
    assert sum(hour["got"] for hour in server["hours"]) > 200


@pytest.mark.slow
def test_of_another_node_nothing_is_shown(looking) -> None:
    surveyed(looking)
    assert looking.ask(f"/nodes/south/hosts/{own(21)}/timeline")["hours"] == []
    items = looking.ask("/nodes/south/hosts")["items"]
    assert all(one["host"].startswith("10.0.7.") for one in items)
