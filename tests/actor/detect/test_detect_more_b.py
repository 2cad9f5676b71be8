"""Lateral movement, brute force and signatures: what they promise beyond their cases."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.actor.detect.base import DetectorContext
from bavn.actor.detect.detectors.bruteforce import (
    BUSY_MIN,
    BUSY_NATS_MAX,
    HABIT_DAYS_MIN,
    HABIT_GROWTH_MAX,
    HABIT_SHARE,
    NAMES_MIN,
    SPREAD_NATS,
    STATISTIC_MIN,
    TARGETS_MIN,
    BruteForce,
    Day,
    weighed,
)
from bavn.actor.detect.detectors.lateral import Lateral
from bavn.actor.detect.detectors.signature import Signature, folded
from bavn.actor.detect.indicators.lists import NO_LISTS
from bavn.actor.detect.queries.acts import KINDS, operations
from bavn.actor.detect.queries.crowds import crowd_nats, crowd_p
from bavn.actor.detect.queries.edges import poisson_nats
from bavn.actor.detect.settings import DetectSettings
from bavn.actor.detect.statistics.chance import beta_binomial_nats, cusum_nats, gamma_poisson_nats
from bavn.actor.detect.terms import KNOWN_DAYS_MIN, Terms
from bavn.actor.door.live import live_elements
from bavn.actor.door.policy import DoorPolicy
from bavn.model.intel.own_rules import is_of_own_rule

A, B = "10.0.0.40", "10.0.1.40"


def found(made, detector, rows, hours=24, **given_):
    case = made.Case(detector, "hit-x", {"hours": hours, "rows": rows, **given_})
    return made.run(case).suspicions


def rows(table, columns, sources=(A,), targets=(B,), port=445, **more):
    base = {"table": table, "sources": list(sources), "targets": list(targets), "port": port, "every_s": 2}
    return base | {"set": columns} | more


SHARE = {"command": "SMB2_COMMAND_TREE_CONNECT", "status": "STATUS_SUCCESS", "share": r"\\x\C$"}
SERVICE = {"endpoint": "svcctl", "opnum": 12}


def test_what_is_laid_down_and_started_is_one_suspicion_of_new_acts(made) -> None:
    """The age of a story is that of its acts, not of the first word between the two."""
    near, far = (
        found(made, "lateral", [rows("smb", SHARE, from_h=9), rows("dcerpc", SERVICE, from_h=at)])[0]
        for at in (9.1, 10.5)
    )
    assert near.statistic == pytest.approx(far.statistic + 3.0)
    assert near.p <= far.p
    refused = SHARE | {"status": "STATUS_ACCESS_DENIED"}
    assert found(made, "lateral", [rows("smb", refused)]) == ()
    seen = found(made, "lateral", [rows("dcerpc", SERVICE, targets=["10.0.1.", 1, 9])])
    assert [(s.host, s.detector) for s in seen] == [(A, "lateral")]
    assert seen[0].observables == ()
    talk = rows("flow", {}, port=443, days=list(range(20)))
    (seen,) = found(made, "lateral", [talk, rows("dcerpc", SERVICE, days=[18])], hours=24 * 20)
    assert "it had never done so before" in seen.why.en


def test_services_and_inside_names_are_told_and_offered_as_they_are(made) -> None:
    doors = [rows("flow", {}, port=135, from_h=9), rows("flow", {}, port=49726, from_h=9.001)]
    (seen,) = found(made, "lateral", doors, background={"hosts": 20, "hours": 24, "visits": 10})
    assert "over RPC (135) and the service that it named" in seen.why.en
    assert "over RPC (135) og den tjeneste, den nævnte" in seen.why.da
    guess = {"msg_type": "KRB_ERROR", "error_code": "KDC_ERR_PREAUTH_FAILED", "success": False}
    streams = [rows("dcerpc", SERVICE), rows("krb5", guess, port=88, count=20)]
    for detector in ("lateral", "bruteforce"):
        seen = found(made, detector, streams)
        assert seen
        assert all(s.observables == () for s in seen)
        assert live_elements(seen, "A", seen[0].last_us + 1, DoorPolicy()) == []
    wmi, dcom = (rows("dcerpc", {"endpoint": name}, from_h=9) for name in ("IWbemServices", "IRemoteSCMActivator"))
    (alone,) = found(made, "lateral", [dcom])
    (both,) = found(made, "lateral", [wmi, dcom])
    assert "used programs from afar (DCOM) at another" in alone.what.en
    assert both.what.en.startswith("One machine used remote administration (WMI) at another, ")
    assert "activated a DCOM object" in both.why.en


PIPES = {"command": "SMB2_COMMAND_TREE_CONNECT", "status": "STATUS_SUCCESS", "named_pipe": r"\\x\IPC$"}


def opened(name, share=PIPES, **more):
    """One flow in which a share is opened and then a file of this name, every two minutes, as Suricata tells it."""
    made = {"command": "SMB2_COMMAND_CREATE", "status": "STATUS_SUCCESS", "filename": name}
    return [
        rows("smb", share, from_h=9),
        rows("smb", made, from_h=9, every_s=120, count=20, flow=False, same_flow=True, **more),
    ]


def test_pipes_are_told_from_files_by_what_opened_them_and_by_name(made) -> None:
    """What leaves is the same with and without it: nothing. Suricata calls a pipe and a file alike."""
    (seen,) = found(made, "lateral", opened("status_5f"))
    assert (seen.technique, seen.observables) == ("T1090.001", ())
    assert live_elements([seen], "A", seen.last_us + 1, DoorPolicy()) == []
    files = {"command": "SMB2_COMMAND_TREE_CONNECT", "status": "STATUS_SUCCESS", "share": r"\\x\common"}
    both = [opened("status_5f")[0], {**rows("smb", files, from_h=9), "flow": False, "same_flow": True}]
    assert found(made, "lateral", [*both, opened("status_5f")[1]]) == ()
    assert found(made, "lateral", opened("srvsvc")) == ()
    (seen,) = found(made, "lateral", opened("PSEXESVC-HOST-3556-stdin"))
    assert "opened the pipe of a remote execution tool" in seen.why.en
    assert not any("remote execution tool" in s.why.en for s in found(made, "lateral", opened("PSEXESVC.exe")))
    assert set(operations()["kind"].to_pylist()) <= set(KINDS)
    assert operations().num_rows > 30


def day_of(day: int, failed: int, tries: int | None = None, **more) -> Day:
    plain = {"service": "krb5", "source": A, "outward": True, "sure": True, "targets": 1, "names": 1, "busiest": 1}
    plain |= {"target": B, "first_us": 0, "last_us": 1, "tries": failed if tries is None else tries}
    return Day(day=day, failed=failed, **plain | more)


def nats_of(*days: Day) -> list[float]:
    return [day.nats for day in weighed(list(days))]


def test_habits_of_failures_make_failures_ordinary_and_a_strange_day_teaches_none() -> None:
    def nats(failed: int, tries: int) -> float:
        return nats_of(day_of(1, failed, tries, busiest=failed))[0]

    assert nats(3, 3) < STATISTIC_MIN
    assert nats(2, 10) < 1.5
    assert nats(10, 10) > nats(5, 5) > STATISTIC_MIN
    days = [day_of(n, 4, 10, service="http") for n in range(6)]
    assert nats_of(*days)[-1] < nats_of(*days)[0] == nats_of(days[0])[0]
    calm, strange, asked = day_of(1, 2, 2), day_of(1, 40), day_of(2, 6)
    (alone,) = nats_of(asked)
    assert nats_of(calm)[0] < STATISTIC_MIN <= nats_of(strange)[0]
    assert nats_of(calm, asked)[1] < alone
    assert nats_of(strange, asked)[1] == alone


@pytest.mark.parametrize(
    ("changed", "more"),
    [
        ({"busiest": BUSY_MIN}, 0),
        ({"busiest": BUSY_MIN + 1}, math.log((BUSY_MIN + 1) / BUSY_MIN)),
        ({"busiest": 10_000}, BUSY_NATS_MAX),
        ({"names": NAMES_MIN - 1}, 0),
        ({"names": NAMES_MIN}, SPREAD_NATS),
        ({"targets": TARGETS_MIN - 1}, 0),
        ({"targets": TARGETS_MIN}, SPREAD_NATS),
        ({"names": NAMES_MIN, "targets": TARGETS_MIN}, 2 * SPREAD_NATS),
    ],
    ids=str,
)
def test_haste_and_many_names_and_targets_weigh_from_their_bounds_on(changed, more) -> None:
    plain, other = nats_of(day_of(1, 6))[0], nats_of(day_of(1, 6, **changed))[0]
    assert other - plain == pytest.approx(more)
    assert nats_of(day_of(1, 0, 6, **changed)) == [0]


HABIT_DAYS = [0, 1, 2, 3, KNOWN_DAYS_MIN]


@pytest.mark.parametrize(
    ("days", "last", "changed", "habit"),
    [
        (HABIT_DAYS, 40, {}, True),
        (HABIT_DAYS[1:], 40, {}, False),
        ([*HABIT_DAYS[:-1], KNOWN_DAYS_MIN - 1], 40, {}, False),
        (HABIT_DAYS, int(40 * HABIT_GROWTH_MAX), {}, True),
        (HABIT_DAYS, int(40 * HABIT_GROWTH_MAX) + 1, {}, False),
        (HABIT_DAYS, 40, {"names": NAMES_MIN - 1}, True),
        (HABIT_DAYS, 40, {"names": NAMES_MIN}, False),
        (HABIT_DAYS, 40, {"targets": 2}, False),
        (HABIT_DAYS, 40, {"target": A}, False),
    ],
)
def test_a_week_of_the_same_failures_is_a_habit_and_growing_or_spreading_ones_are_none(
    days, last, changed, habit
) -> None:
    *before, end = days
    assert len(HABIT_DAYS) == HABIT_DAYS_MIN
    nats = nats_of(*(day_of(n, 40) for n in before), day_of(end, last, **changed))
    alone = nats_of(day_of(0, 40))[0]
    assert nats[0] == (HABIT_SHARE * alone if habit else alone)


def test_crowds_are_told_over_a_week_of_few_strangers(made) -> None:
    few, many = (dict.fromkeys(range(10), count) | {10: 50} for count in (2, 50))
    assert crowd_p(crowd_nats(few, 10, 0), 11) <= 0.001
    assert crowd_p(crowd_nats(many, 10, 0), 11) > 0.5
    guess = {"auth_success": False, "auth_attempts": 1}
    crowd = rows("ssh", guess, sources=["45.9.161.", 1, 60], port=22, every_s=1000)
    assert [s for s in found(made, "bruteforce", [crowd]) if s.peer == "ssh"] == []


def test_alerts_fold_and_every_rule_stays_within_a_story(made) -> None:
    def alert(sid: int, dst: str, count: int):
        told = {"signature_id": sid, "signature": f"rule {sid}", "category": "A Network Trojan was detected"}
        return rows("alert", told | {"severity": 1}, targets=[dst], port=80, count=count)

    streams = [alert(n, "45.9.148.20", 40) for n in (1, 2, 3)]
    streams += [alert(9, f"45.9.149.{n}", 2) for n in range(1, 9)]
    seen = found(made, "signature", streams)
    assert [s.peer for s in seen] == ["45.9.148.20", "rule 9"]
    assert "120 alerts" in seen[0].why.en
    assert len(seen[1].observables) <= 4


def test_what_our_own_rules_say_of_a_peer_stands_apart_from_what_others_say(made) -> None:
    """A shared indicator that was met is no evidence; a rule of somebody else's about the same peer is."""
    streams = [
        rows(
            "alert",
            {
                "signature_id": sid,
                "signature": f"rule {sid}",
                "category": "A Network Trojan was detected",
                "severity": 1,
            },
            targets=["45.9.148.20"],
            port=80,
            count=4,
        )
        for sid in (2_044_000, 1_817_002)
    ]
    seen = found(made, "signature", streams)
    assert {suspicion.peer for suspicion in seen} == {"45.9.148.20"}
    assert sorted(is_of_own_rule(suspicion) for suspicion in seen) == [False, True]
    assert len({suspicion.id for suspicion in seen}) == 2


def test_nothing_to_fold_is_nothing_and_tails_are_those_of_known_values() -> None:
    assert folded([]) == []
    assert beta_binomial_nats(1, 1, 1, 1) == pytest.approx(math.log(2))
    assert beta_binomial_nats(10, 10, 1, 1) == pytest.approx(math.log(11))
    assert poisson_nats(1, 2.0) == pytest.approx(-math.log(1 - math.exp(-2)))
    assert poisson_nats(0, 2.0) == 0
    assert gamma_poisson_nats(1, 1.0, 1.0) == pytest.approx(math.log(2))
    assert cusum_nats([2, 2, 2], 2.0, 1.0) == 0
    assert cusum_nats([2, 40], 2.0, 1.0) > 20


@pytest.mark.parametrize("detector", [Lateral(), BruteForce(), Signature()], ids=lambda d: d.name)
def test_candidates_are_bounded(made, detector) -> None:
    guess = {"command": "SMB2_COMMAND_SESSION_SETUP", "status": "STATUS_LOGON_FAILURE"}
    told = {"signature_id": 1, "signature": "r", "category": "A Network Trojan was detected", "severity": 1}
    sources = ["10.0.3.", 1, 6]
    streams = [
        rows("dcerpc", SERVICE, sources=sources),
        rows("smb", guess, sources=sources, count=12),
        rows("alert", told, sources=sources, targets=["45.9.148.20"]),
    ]
    window = made.window_of(made.Case(detector.name, "hit-x", {"hours": 24, "rows": streams}))

    def candidates(most: int):
        look = DetectorContext(
            window=window, terms=Terms(window, lambda: NO_LISTS), settings=DetectSettings(candidates_max=most)
        )
        return detector.candidates(look).candidates

    assert len(candidates(100)) == 6
    assert candidates(2) == candidates(100)[:2]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 40), st.integers(0, 40), st.floats(0.2, 5), st.floats(0.2, 5))
def test_the_beta_binomial_tail_is_a_tail(failed, more, a, b) -> None:
    tries = failed + more
    here = beta_binomial_nats(failed, tries, a, b)
    assert here >= 0
    assert beta_binomial_nats(0, tries, a, b) == 0
    if more:
        assert beta_binomial_nats(failed + 1, tries, a, b) >= here - 1e-9


@pytest.mark.parametrize(("signature_id", "told"), [(2_044_000, True), (9_105_001, False)])
def test_a_rule_that_speaks_to_long_is_not_told_twice(made, signature_id, told):
    alert = {"signature_id": signature_id, "signature": "x", "category": "Misc activity", "severity": 3}
    rows = [
        {
            "table": "alert",
            "sources": ["10.0.0.40"],
            "targets": ["45.9.148.80"],
            "port": 443,
            "every_s": 2,
            "from_h": 9,
            "count": 1,
            "set": alert,
        }
    ]
    case = made.Case("signature", "hit-x", {"hours": 24, "rows": rows})
    assert any(s.detector == "signature" for s in made.run(case).suspicions) == told
