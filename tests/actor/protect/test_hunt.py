"""Dry run, retro-hunt and alerts on the real store: what a block would have hit, who was hit, what is seen now."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from bavn.actor.protect.alerts import met_in_alerts
from bavn.actor.protect.own_history import NO_HISTORY, History, Hunter
from bavn.actor.protect.policy import ProtectPolicy
from bavn.actor.protect.sids import SID_ADDRESS, SID_FINGERPRINT, SID_NAMES
from bavn.actor.store.columns import ColumnStore
from bavn.actor.store.intake import ARROW
from bavn.actor.store.query.hunt import hunt
from bavn.model.intel.indicator import Sighting
from bavn.model.moment import DAY_US, HOUR_US, as_us
from bavn.model.observable import Observable
from bavn.model.record import TABLES, address_uuid

from .conftest import indicator, released

NOW = datetime(2026, 11, 18, 12, 30, tzinfo=UTC)
NOW_US = as_us(NOW)
SOME = {
    "sensor": "s",
    "src": "10.0.0.1",
    "dst": "198.18.0.1",
    "src_port": 40000,
    "dst_port": 443,
    "proto": "tcp",
    "flow_id": 0,
    "community_id": "1:x",
}


def rows(name: str, dicts: list[dict]) -> pa.Table:
    columns = []
    for column in TABLES[name]:
        values = [{**SOME, **given}.get(column.name) for given in dicts]
        if column.type == "UUID":
            values = [None if value is None else address_uuid(value).bytes for value in values]
        columns.append(pa.array(values, ARROW[column.type]))
    return pa.table(columns, names=[column.name for column in TABLES[name]])


def ago(**delta) -> datetime:
    return (NOW - timedelta(**delta)).replace(tzinfo=None)


@pytest.fixture
def store():
    """Three hosts, a week: one name below evil.com, one address, one certificate, and much that is innocent."""
    with ColumnStore.temporary(homes=("10.0.0.0/8",)) as opened:
        flows = [{"ts": ago(hours=n), "src": f"10.0.0.{n % 3 + 1}", "dst": f"198.18.1.{n}"} for n in range(100)]
        flows += [{"ts": ago(hours=2), "src": "10.0.0.2", "dst": "203.0.114.9"}] * 3
        flows += [{"ts": ago(minutes=1), "src": "203.0.114.9", "dst": "10.0.0.3"}]
        names = [{"ts": ago(days=2), "rrname": f"n{n}.good.org", "answered": False} for n in range(40)]
        names += [{"ts": ago(days=1), "src": "10.0.0.1", "rrname": "a.evil.com", "answered": False}]
        names += [{"ts": ago(seconds=3), "src": "10.0.0.2", "rrname": "b.evil.com", "answered": False}]
        names += [{"ts": ago(days=9), "src": "10.0.0.3", "rrname": "evil.com", "answered": False}]
        names += [{"ts": ago(days=1), "rrname": "notevil.com", "answered": False}]
        tls = [{"ts": ago(hours=5), "dst": f"198.18.2.{n}", "cert": "ab" * 20, "sni": ""} for n in range(4)]
        opened.append("t", "1", {"flow": rows("flow", flows), "dns": rows("dns", names), "tls": rows("tls", tls)})
        yield opened


@pytest.fixture
def history(store) -> History:
    return History(window=store.window, hunt=hunt)


def test_the_dry_run_counts_what_a_block_would_cover_and_the_retro_hunt_reaches_further(history) -> None:
    name, address, cert = (
        Observable.of("domain", "evil.com"),
        Observable.of("ip4", "203.0.114.9"),
        Observable.of("cert", "ab" * 20),
    )
    nothing = Observable.of("domain", "nothing.net")
    found = Hunter(history).tried([name, address, cert, nothing], 7, NOW_US)
    assert (found[name].hits, found[name].hosts, found[name].destinations) == (2, 2, 2)
    assert found[name].background_destinations == 43
    assert found[name].first_us == as_us(ago(days=1).replace(tzinfo=UTC))
    assert found[name].last_us == as_us(ago(seconds=3).replace(tzinfo=UTC))
    assert (found[address].hits, found[address].hosts, found[address].destinations) == (4, 2, 1)
    assert found[address].background_destinations == 101
    assert (found[cert].hits, found[cert].destinations) == (4, 4)
    assert (found[nothing].hits, found[nothing].hosts, found[nothing].destinations) == (0, 0, 0)
    assert {made.background_hosts for made in found.values()} == {3}
    assert found[name].days == 7
    name = Observable.of("domain", "evil.com")
    found = Hunter(history).found([name], 90, NOW_US)[name]
    assert (found.hits, found.hosts, found.days) == (3, 3, 9)
    with ColumnStore.temporary(homes=("10.0.0.0/8",)) as empty:
        hunter = Hunter(History(window=empty.window, hunt=hunt))
        name = Observable.of("domain", "evil.com")
        assert hunter.tried([name], 7, NOW_US)[name].days == 0
    assert Hunter(None).tried([name], 7, NOW_US) == {name: NO_HISTORY}


def test_release_hunts_own_past_and_answers_yes_or_no(make_actor, history) -> None:
    actor = make_actor(history=history)
    actor.clock.us = NOW_US
    until = NOW_US + DAY_US
    seen = indicator("evil.com", n=1, version=NOW_US, valid_from_us=NOW_US, valid_until_us=until)
    unseen = indicator("nothing.net", n=2, version=NOW_US, valid_from_us=NOW_US, valid_until_us=until)
    actor.protect.receive([released(seen), released(unseen)])
    assert actor.enforcer.holds == {"evil.com", "nothing.net"}
    actor.protect.step()
    met = {said.indicator_id: said for said in actor.told() if isinstance(said, Sighting)}
    assert (met[seen.id].kind, met[seen.id].count) == ("retro", 3)
    assert met[seen.id].first_us == as_us(ago(days=9).replace(tzinfo=UTC))
    assert met[unseen.id] == Sighting(indicator_id=unseen.id, kind="retro", count=0, first_us=None, last_us=None)
    actor.protect.step()
    assert actor.told() == []


def alert(sid: int, flow_id: int, action: str = "allowed", **more) -> dict:
    return {"ts": ago(minutes=3), "signature_id": sid, "flow_id": flow_id, "action": action, **more}


@pytest.fixture
def alerted(store):
    names, sni = SID_NAMES["dns.query"] + 2, SID_NAMES["tls.sni"] + 3
    alerts = [
        alert(names, 1),
        alert(names, 2),
        alert(sni, 3, "blocked"),
        alert(SID_FINGERPRINT["cert"], 4),
        alert(SID_ADDRESS[1], 5, dst="203.0.114.9"),
        alert(SID_ADDRESS[0], 5, dst="203.0.114.9"),
        alert(2_000_001, 6),
    ]
    dns = [
        {"ts": ago(minutes=3), "flow_id": 1, "rrname": "a.evil.com", "answered": False},
        {"ts": ago(minutes=3), "flow_id": 1, "rrname": "a.evil.com", "answered": True},
        {"ts": ago(minutes=2), "flow_id": 2, "rrname": "evil.com", "answered": False},
        {"ts": ago(minutes=2), "flow_id": 2, "rrname": "other.org", "answered": False},
        {"ts": ago(minutes=2), "flow_id": 6, "rrname": "foreign.org", "answered": False},
        {"ts": ago(minutes=2), "flow_id": 7, "rrname": "evil.com", "answered": False},
    ]
    tls = [
        {"ts": ago(minutes=3), "flow_id": 3, "sni": "x.b.evil.org", "cert": None},
        {"ts": ago(minutes=3), "flow_id": 4, "sni": "y.org", "cert": "ab" * 20},
    ]
    store.append("t", "2", {"alert": rows("alert", alerts), "dns": rows("dns", dns), "tls": rows("tls", tls)})
    return store


def test_only_flows_that_set_off_our_rules_are_asked(alerted) -> None:
    met = list(met_in_alerts(alerted.window(NOW_US - HOUR_US, NOW_US)))
    spelled = {str(made.candidates[0]): (made.kind, made.count) for made in met}
    assert spelled == {
        "domain:a.evil.com": ("seen", 1),
        "domain:evil.com": ("seen", 1),
        "domain:other.org": ("seen", 1),
        "domain:x.b.evil.org": ("blocked", 1),
        "domain:y.org": ("seen", 1),
        f"cert:{'ab' * 20}": ("seen", 1),
        "ip4:10.0.0.1": ("seen", 2),
    }


@pytest.mark.slow
def test_alerts_become_sightings_of_their_indicators(make_actor, alerted, history) -> None:
    free = ProtectPolicy(
        dry_run_share_permille_max=1000, budget_share_permille_max=1000, in_force_share_permille_max=1000
    )
    actor = make_actor(free, history=history)
    actor.clock.us = NOW_US
    sent = [
        ("evil.com", "domain"),
        ("b.evil.org", "domain"),
        ("203.0.114.9", "ip4"),
        ("ab" * 20, "cert"),
        ("no.net", "domain"),
    ]
    made = [
        indicator(value, kind, n=n, version=NOW_US, valid_from_us=NOW_US, valid_until_us=NOW_US + 5 * DAY_US)
        for n, (value, kind) in enumerate(sent)
    ]
    actor.protect.receive([released(one) for one in made])
    for _ in range(3):
        actor.protect.step()
        actor.clock.us += 61_000_000
    live = {
        (said.indicator_id, said.kind): said.count
        for said in actor.told()
        if isinstance(said, Sighting) and said.kind != "retro"
    }
    assert live == {
        (made[0].id, "seen"): 2,
        (made[1].id, "blocked"): 1,
        (made[2].id, "seen"): 2,
        (made[3].id, "seen"): 1,
    }


def test_history_is_asked_by_whole_hours_and_nothing_of_the_span_is_left_out() -> None:
    """Cut hours would be read row by row, in every table."""
    spans = []

    class Past:
        known_from_us = 0

        def __init__(self, first_us, last_us):
            spans.append((first_us, last_us))
            self.first_us = first_us

        def rows(self, sql, given=None):
            return [(1, 1, 1)]

    for now_us in (1_700_000_000_000_000, 472_222 * HOUR_US):
        Hunter(History(Past, lambda *_: ())).tried([Observable.of("domain", "a.example")], 30, now_us)
        first_us, last_us = spans.pop()
        assert first_us % HOUR_US == last_us % HOUR_US == 0
        assert now_us - 30 * DAY_US - HOUR_US < first_us <= now_us - 30 * DAY_US
        assert now_us < last_us <= now_us + HOUR_US
