"""What rarity, exfil, dga and long promise beyond their cases."""

from dataclasses import replace
from math import log1p
from types import SimpleNamespace

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bavn.actor.detect.base import DetectorContext
from bavn.actor.detect.detectors import exfil
from bavn.actor.detect.detectors.dga import ALARM_NATS, Dga
from bavn.actor.detect.detectors.exfil import OUT_BYTES_MIN, Exfil, Habit, Sent
from bavn.actor.detect.detectors.long import Long
from bavn.actor.detect.detectors.rarity import HABIT, Habits, Rarity
from bavn.actor.detect.indicators.lists import NO_LISTS
from bavn.actor.detect.queries.oddities import ODDITIES
from bavn.actor.detect.settings import DetectSettings
from bavn.actor.detect.statistics.made_names import DOWN_NATS, NX_NATS_MIN, PAUSE_US_MAX, DomainLookup, made_up, walked
from bavn.actor.detect.statistics.surprise import surprise_bits
from bavn.actor.detect.terms import UNSEEN, Terms
from bavn.model.moment import DAY_US, HOUR_US
from bavn.model.settings import SettingsError

A = "10.0.0.40"
DOOR = {"table": "flow", "targets": ["10.0.9.3"], "port": 4444, "every_s": 5, "from_h": 9, "set": {}}


def look(made, case, **settings) -> DetectorContext:
    window = made.window_of(case)
    return DetectorContext(window=window, terms=Terms(window, lambda: NO_LISTS), settings=DetectSettings(**settings))


def case_of(made, name: str):
    return next(case for case in made.cases() if str(case) == name)


def test_seven_words_alarm_and_six_do_not() -> None:
    names = [DomainLookup(at, f"n{at}.com", NX_NATS_MIN) for at in range(7)]
    assert walked(names, 10).top_nats >= ALARM_NATS > walked(names[:6], 10).top_nats


def test_ten_words_of_which_two_exist_alarm_and_of_which_four_exist_do_not() -> None:
    def top(there: set[int]) -> float:
        steps = [DOWN_NATS if at in there else NX_NATS_MIN for at in range(10)]
        return walked([DomainLookup(at, f"n{at}.com", step) for at, step in enumerate(steps)], 10).top_nats

    assert top({3, 6}) >= ALARM_NATS > top({1, 3, 5, 7})


def test_a_day_without_a_new_name_forgets_the_walk() -> None:
    names = [DomainLookup(at + (at >= 5) * 2 * PAUSE_US_MAX, f"n{at}.com", NX_NATS_MIN) for at in range(10)]
    assert walked(names, 10).top_nats == pytest.approx(5 * NX_NATS_MIN)


@given(st.lists(st.sampled_from([NX_NATS_MIN, 1.2, DOWN_NATS, 0.0]), max_size=40))
def test_the_walk_is_never_below_its_floor_and_its_run_holds_only_names_that_do_not_exist(steps) -> None:
    walk = walked([DomainLookup(at, f"n{at}.com", step) for at, step in enumerate(steps)], 10)
    assert walk.top_nats >= max(0.0, walk.total_nats) - 1e-9
    assert all(asked.step_nats > 0 for asked in walk.run)
    assert len(walk.blocks) == -(-len(steps) // 10)
    assert max(walk.blocks, default=0.0) == walk.top_nats


@given(st.text(max_size=80))
def test_any_label_has_a_finite_surprise(label) -> None:
    assert 0 <= surprise_bits(label) < 20


def test_letters_at_random_surprise_and_only_what_a_stranger_could_register_counts() -> None:
    assert surprise_bits("kxqvzjwtpf") > 5.3 > 4.5 > surprise_bits("summerhouse")
    assert made_up("qwxz.com")
    assert made_up("qwxz.bazar")
    assert not made_up("server1.hospitalnet")


def test_a_resolver_s_walk_is_its_clients_and_candidates_are_bounded(made) -> None:
    names = {"hosts": ["10.0.0.53"], "domain": "com", "label": "random:14", "count": 20, "every_s": 5, "answer": ""}
    alone = made.Case("dga", "hit-x", {"hours": 24, "names": [names | {"hosts": ["10.0.0.30"]}]})
    assert [s.host for s in made.run(alone).suspicions] == ["10.0.0.30"]
    both = made.Case("dga", "hit-x", {"hours": 24, "names": [names, names | {"hosts": ["10.0.0.54"], "count": 1}]})
    assert made.run(both).suspicions == ()
    assert len(Dga().candidates(look(made, case_of(made, "dga/hit-letters"), candidates_max=1)).candidates) == 1


@pytest.mark.parametrize("every_h", [1, 23])
def test_what_leaves_within_a_day_is_added_up_over_midnight(made, every_h) -> None:
    """60 MB in six hours over midnight is found; 40 MB a day for days is not."""
    sent = {
        "table": "flow",
        "sources": ["10.0.0.30"],
        "targets": ["45.9.148.44"],
        "port": 443,
        "every_s": every_h * 3600,
        "from_h": 21,
        "count": 6,
        "set": {},
        "flow_set": {"bytes_toserver": 10_000_000, "bytes_toclient": 1000},
    }
    found = Exfil().candidates(look(made, made.Case("exfil", "hit-x", {"hours": 240, "rows": [sent]}))).candidates
    assert len(found) == (every_h == 1)


OUT = Sent(host=A, place="x.com", named=True, addresses=(), up=OUT_BYTES_MIN, down=0, first_us=0, last_us=1, like_it=0)
LONG, WEEK = 100, exfil.NEW_DAYS_MAX


@pytest.mark.parametrize(
    ("sent", "hosts", "seen_days", "history_days", "strange"),
    [
        ({}, 1, LONG, LONG, True),  # one host of fifty: rare
        ({}, 2, LONG, LONG, False),
        ({}, 2, WEEK, LONG, True),  # new
        ({}, 2, WEEK + 1e-9, LONG, False),
        ({}, 2, 1, WEEK, False),  # in the first week nothing is known to be new
        ({}, 2, 1, WEEK + 1e-9, True),
        ({"up": OUT_BYTES_MIN - 1}, 1, LONG, LONG, False),
        ({"error": 1.0}, 1, LONG, LONG, False),
        ({"error": 1.0, "up": OUT_BYTES_MIN + 2}, 1, LONG, LONG, True),
        ({"down": OUT_BYTES_MIN // 2}, 1, LONG, LONG, True),
        ({"down": OUT_BYTES_MIN // 2 + 1}, 1, LONG, LONG, False),
        ({"like_it": exfil.HABIT_DAYS_MIN - 1}, 1, LONG, LONG, True),
        ({"like_it": exfil.HABIT_DAYS_MIN}, 1, LONG, LONG, False),
        ({"like_it": exfil.HABIT_DAYS_MIN}, 1, WEEK, LONG, True),
        ({"like_it": exfil.HABIT_DAYS_MIN}, 1, WEEK + 1e-9, LONG, False),
    ],
)
def test_what_leaves_is_strange_from_each_bound_on(sent, hosts, seen_days, history_days, strange) -> None:
    now_us = 1000 * DAY_US
    known = replace(UNSEEN, hosts=hosts, first_us=int(now_us - seen_days * DAY_US))
    past = SimpleNamespace(known_from_us=int(now_us - history_days * DAY_US), hosts=50)
    look = SimpleNamespace(window=SimpleNamespace(last_us=now_us), terms=past)
    assert exfil._strange(replace(OUT, **sent), Habit(0.0, 0.0), known, look) is strange
    spread = exfil.MAD_TO_SD * exfil.MAD_MIN
    usual = [log1p(OUT.up) - spread * (exfil.Z_MIN + more) for more in (1e-9, -1e-9)]
    rare = replace(known, hosts=1)
    assert [exfil._strange(OUT, Habit(middle, 0.0), rare, look) for middle in usual] == [True, False]


@pytest.mark.parametrize(("hours", "up"), [(exfil.SPAN_HOURS, 1), (exfil.SPAN_HOURS - 1, 2)])
def test_a_day_is_so_many_hours_and_no_more(hours, up) -> None:
    assert exfil._busiest(A, "x", [(at, 1, 0, 0, 1, "y") for at in (5, 5 + hours)]).up == up


@pytest.mark.parametrize(("share", "days"), [(exfil.HABIT_SHARE, 1), (exfil.HABIT_SHARE - 0.01, 0)])
def test_a_day_is_like_another_from_its_share_on(share, days) -> None:
    assert exfil._like_it([(0, int(share * 1000), 0, 0, 1, "y"), (90, 1000, 0, 0, 1, "y")], (1, 2), 1000) == days


def test_quiet_hosts_usual_signs_and_wrong_networks_weigh_less_or_are_refused() -> None:
    """Of four peers of a host; one name at two addresses is one peer; and where other hosts show it too."""
    quiet = Habit(4.0, 0.1)
    assert quiet.z(100_000) > 6
    assert quiet.height(100_000) < 0
    assert quiet.height(100_000_000) > 4
    with pytest.raises(SettingsError, match="known_long"):
        DetectSettings(known_long=("jump-host",))
    four = [("a", f"45.9.148.{n}", ("agentless",)) for n in range(4)]
    assert Habits.of(four, 20).left("a", "agentless") == 1 / (1 + 2 * HABIT)
    one = [("a", "velkora.net", ("agentless",))] * 2
    assert Habits.of(one, 20).left("a", "agentless") == 1
    others = [*one, ("b", "45.9.148.9", ("agentless", "program"))]
    assert Habits.of(others, 20).left("a", "agentless") == 1 / (1 + HABIT)
    assert 1 / (1 + HABIT) < Habits.of(others, 200).left("a", "agentless") < 1
    assert Habits.of(others, 20).left("b", "program") == 1


def test_an_open_flow_is_measured_to_its_last_word_and_few_new_peers_are_told_with_a_history(made) -> None:
    """Thirty odd and new peers of twenty hosts: one suspicion, the strangest; without history twenty."""
    (found,) = Long().candidates(look(made, case_of(made, "long/hit-still-open"))).candidates
    assert 13 * HOUR_US < found.last_us - found.first_us <= 14 * HOUR_US
    assert "open since" in found.why.en
    odd = {"table": "http", "sources": ["10.0.9.1"], "port": 7080, "every_s": 9, "from_h": 8}
    for days, told in ((11, 1), (1, 20)):
        rows = [
            odd | {"targets": [f"45.9.148.{n}"], "days": [days - 1], "set": {"host": f"45.9.148.{n}"}}
            for n in range(1, 31)
        ]
        given = {"hours": 24 * days, "rows": rows, "background": {"hosts": 20, "hours": 24 * days, "visits": 40}}
        assert len(Rarity().candidates(look(made, made.Case("rarity", "hit-x", given))).candidates) == told


@pytest.mark.parametrize(("days", "first_day", "found"), [(11, 10, 1), (11, 3, 0), (1, 0, 0)])
def test_a_door_is_new_only_to_who_has_known_the_host(made, days, first_day, found) -> None:
    given = {
        "hours": 24 * days,
        "rows": [DOOR | {"sources": ["10.0.9.1"], "days": [first_day]}],
        "background": {"hosts": 20, "hours": 24 * days, "visits": 40},
    }
    doors = [
        c
        for c in Rarity().candidates(look(made, made.Case("rarity", "hit-x", given))).candidates
        if c.population == "rarity.door"
    ]
    assert [(c.host, c.peer) for c in doors] == [("10.0.9.3", "tcp/4444")] * found


@pytest.mark.parametrize("app", ["tls", "http", "smb", None])
def test_what_a_connection_spoke_is_enough_where_no_other_log_tells(made, app) -> None:
    """Zeek's conn.log alone says ssl or http of a connection: the port is as odd as with ssl.log beside it."""
    spoke = {"app_proto": app, "pkts_toclient": 9}
    call = {"table": "flow", "sources": ["10.0.0.64"], "targets": ["45.9.148.86"], "port": 4321, "every_s": 2}
    call |= {"from_h": 0.41, "count": 1, "flow_set": spoke, "set": {}}
    window = made.window_of(made.Case("rarity", "hit-x", {"hours": 1, "rows": [call]}))
    tellers = pa.table({"name": pa.array([], pa.string())})
    sql = f"WITH {ODDITIES} SELECT tls_port, http_port FROM odd"
    (found,) = window.rows(sql, tables={"tellers": tellers})
    assert found == (app == "tls", app == "http")


@pytest.mark.parametrize(
    ("detector", "changed"),
    [(Exfil(), {"bytes_toserver": 90_000_000}), (Long(), {"seconds": 36_000, "pkts_toserver": 900})],
)
def test_first_seen_is_the_peer_s_and_never_the_episode_s(made, detector, changed) -> None:
    """A peer that was called a little nine days before is no new one, also at another address of its name."""
    lasting = changed.pop("seconds", 0)
    call = {"table": "flow", "sources": ["10.0.0.64"], "port": 4321, "every_s": 2, "count": 1, "set": {}}
    early = call | {"targets": ["45.9.148.86"], "from_h": 1, "days": [0]}
    late = call | {"targets": ["45.9.148.87"], "from_h": 2, "days": [9], "flow_set": changed}
    given = {
        "hosts": ["10.0.0.64"],
        "domain": "egetrae-drive.com",
        "label": "up",
        "count": 1,
        "every_s": 1,
        "from_h": 0.5,
    }
    names = [given | {"answer": f"45.9.148.{n}"} for n in (86, 87)]
    case = made.Case(detector.name, "hit-x", {"hours": 240, "rows": [early, late], "names": names})
    rows = made.rows_of(case)
    if lasting:
        flow = rows["flow"].to_pylist()
        flow = [row | {"ts_end": row["ts_end"] + lasting * 1_000_000 * (n == 1)} for n, row in enumerate(flow)]
        rows["flow"] = pa.Table.from_pylist(flow, schema=rows["flow"].schema)
    window = made.window_of(case, rows)
    seen = DetectorContext(window=window, terms=Terms(window, lambda: NO_LISTS), settings=DetectSettings())
    (found,) = detector.candidates(seen).candidates
    assert found.peer == "egetrae-drive.com"
    assert found.rows.first_us - found.first_us >= 9 * 24 * HOUR_US
    assert "first seen 10 days ago" in found.why.en or "first seen 9 days ago" in found.why.en
