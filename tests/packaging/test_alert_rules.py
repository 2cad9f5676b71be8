"""Each alarm rule tried by Prometheus' own test of rules: it fires where it must, as late as it says, and else not."""

import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "packaging/monitoring/bavn-alerts.yml"
RULES = {rule["alert"]: rule for group in yaml.safe_load(FILE.read_text())["groups"] for rule in group["rules"]}
STEP_S = 15
DAY_S = 86_400
UNIT_S = {"s": 1, "m": 60, "h": 3600}


def steady(value):
    return f"{value}+0x300"


WELL = {"bavn_node_stopped": steady(0), "bavn_kill_switch": steady(0)}
"""Beside every case, unless it says otherwise."""

CLOCK = 'bavn_release_to_enforced_seconds_bucket{le="%s"}'
CASES = {
    # alarm: (what makes it fire, what is near that and must not, labels of the alarm, seconds that the cause takes)
    "BavnNodeGone": (
        {"bavn_node_written_timestamp_seconds": steady(0)},
        {"bavn_node_written_timestamp_seconds": "0+15x300"},
        {},
        75,
    ),
    "BavnNodeStopped": ({"bavn_node_stopped": steady(1)}, {"bavn_node_stopped": steady(0)}, {}, 0),
    "BavnNodeSourceBroken": (
        {'bavn_node_source_broken{source="eve"}': steady(1)},
        {'bavn_node_source_broken{source="eve"}': steady(0)},
        {"source": "eve"},
        0,
    ),
    "BavnNodeSourceSilent": (
        {'bavn_node_problems{code="silent"}': steady(1)},
        {'bavn_node_problems{code="lag"}': steady(1)},
        {"code": "silent"},
        0,
    ),
    "BavnNodeBehind": (
        {'bavn_node_problems{code="lag"}': steady(2)},
        {'bavn_node_problems{code="silent"}': steady(1)},
        {"code": "lag"},
        0,
    ),
    "BavnNodeLosesPackets": (
        {'bavn_node_problems{code="lost_capture_drops"}': steady(1)},
        {'bavn_node_problems{code="lost_capture_drops"}': steady(0)},
        {"code": "lost_capture_drops"},
        0,
    ),
    "BavnNodeDiskFull": (
        {'bavn_node_problems{code="disk_full"}': steady(1)},
        {'bavn_node_problems{code="clock"}': steady(1)},
        {"code": "disk_full"},
        0,
    ),
    "BavnNodeCertificateEnded": (
        {'bavn_node_problems{code="certificate_ended"}': steady(1)},
        {'bavn_node_problems{code="certificate_ended"}': steady(0)},
        {"code": "certificate_ended"},
        0,
    ),
    "BavnNodeCertificateEnds": (
        {'bavn_node_problems{code="certificate_ends"}': steady(1)},
        {'bavn_node_problems{code="certificate_ends"}': steady(0)},
        {"code": "certificate_ends"},
        0,
    ),
    "BavnNodeClock": (
        {'bavn_node_problems{code="clock"}': steady(1)},
        {'bavn_node_problems{code="clock"}': steady(0)},
        {"code": "clock"},
        0,
    ),
    "BavnNodeUnhealthy": ({"bavn_node_healthy": steady(0)}, {"bavn_node_healthy": steady(1)}, {}, 0),
    "BavnNodeCanaryBroken": (
        {
            'bavn_node_canary_link{link="store",state="failed"}': steady(1),
            'bavn_node_canary_link{link="detect",state="failed"}': steady(1),
        },
        {
            'bavn_node_canary_link{link="store",state="passed"}': steady(1),
            'bavn_node_canary_link{link="block",state="not-covered"}': steady(1),
            'bavn_node_canary_link{link="answer",state="waiting"}': steady(1),
        },
        {},
        0,
    ),
    "BavnNodeCanaryMissing": (
        {"bavn_node_canary_began_timestamp_seconds": steady(-25 * 3600)},
        {"bavn_node_canary_began_timestamp_seconds": steady(-24 * 3600)},
        {},
        15,
    ),
    "BavnPromiseBroken": (
        {'bavn_promise_kept{promise="clocks"}': steady(0), 'bavn_promise_unchecked{promise="clocks"}': steady(0)},
        {'bavn_promise_kept{promise="clocks"}': steady(0), 'bavn_promise_unchecked{promise="clocks"}': steady(1)},
        {"promise": "clocks"},
        0,
    ),
    "BavnPromiseBrokenLong": (
        {
            'bavn_promise_kept{promise="clocks"}': steady(0),
            'bavn_promise_since_timestamp_seconds{promise="clocks"}': steady(-DAY_S),
        },
        {
            'bavn_promise_kept{promise="clocks"}': steady(1),
            'bavn_promise_since_timestamp_seconds{promise="clocks"}': steady(-2 * DAY_S),
        },
        {"promise": "clocks"},
        15,
    ),
    "BavnPromiseUnchecked": (
        {'bavn_promise_unchecked{promise="clocks"}': steady(1)},
        {'bavn_promise_unchecked{promise="clocks"}': steady(0)},
        {"promise": "clocks"},
        0,
    ),
    "BavnCentreGone": ({"bavn_kill_switch": "_x300"}, {}, {}, 0),
    "BavnMembersSilent": ({"bavn_members_silent": steady(1)}, {"bavn_members_silent": steady(0)}, {}, 0),
    "BavnMembersBlind": ({"bavn_members_sensor_down": steady(1)}, {"bavn_members_sensor_down": steady(0)}, {}, 0),
    "BavnMembersClock": ({"bavn_members_clock_off": steady(1)}, {"bavn_members_clock_off": steady(0)}, {}, 0),
    "BavnCentreDiskFull": (
        {"bavn_disk_free_bytes": steady(2**31 - 1), "bavn_disk_free_min_bytes": steady(2**31)},
        {"bavn_disk_free_bytes": steady(2**31), "bavn_disk_free_min_bytes": steady(2**31)},
        {},
        0,
    ),
    "BavnCentreCertificateEnds": (
        {'bavn_certificate_left_seconds{of="server"}': steady(29 * DAY_S)},
        {'bavn_certificate_left_seconds{of="server"}': steady(31 * DAY_S)},
        {"of": "server"},
        0,
    ),
    "BavnAuthorityEnds": (
        {'bavn_certificate_left_seconds{of="authority"}': steady(364 * DAY_S)},
        {'bavn_certificate_left_seconds{of="authority"}': steady(366 * DAY_S)},
        {"of": "authority"},
        0,
    ),
    "BavnKillSwitchOn": ({"bavn_kill_switch": steady(1)}, {"bavn_kill_switch": steady(0)}, {}, 0),
    "BavnReleaseSlow": (
        {CLOCK % "900.0": steady(90), CLOCK % "3600.0": steady(100), CLOCK % "+Inf": steady(100)},
        {CLOCK % "900.0": steady(96), CLOCK % "3600.0": steady(100), CLOCK % "+Inf": steady(100)},
        {},
        0,
    ),
    "BavnMembersChainBroken": (
        {'bavn_alarms{kind="canary",taken="no"}': steady(0), 'bavn_alarms{kind="canary",taken="yes"}': steady(1)},
        {'bavn_alarms{kind="canary",taken="no"}': steady(0), 'bavn_alarms{kind="clock",taken="no"}': steady(1)},
        {"kind": "canary"},
        0,
    ),
    "BavnMembersAlarm": (
        {'bavn_alarms{kind="disk",taken="no"}': steady(1)},
        {'bavn_alarms{kind="disk",taken="no"}': steady(0), 'bavn_alarms{kind="behind",taken="no"}': steady(1)},
        {"kind": "disk"},
        0,
    ),
    "BavnMembersAlarmMinor": (
        {'bavn_alarms{kind="behind",taken="no"}': steady(3)},
        {'bavn_alarms{kind="canary",taken="no"}': steady(1)},
        {"kind": "behind"},
        0,
    ),
    "BavnAlarmUntaken": (
        {"bavn_alarms_untaken_age_seconds_max": "3601+15x300"},
        {"bavn_alarms_untaken_age_seconds_max": steady(3600)},
        {},
        0,
    ),
}


def asked(name, series, *told):
    """``told``: (when, the alarms that stand then)."""
    made = {**WELL, **series}
    return {
        "interval": f"{STEP_S}s",
        "input_series": [{"series": series, "values": values} for series, values in made.items()],
        "alert_rule_test": [
            {"eval_time": f"{at_s}s", "alertname": name, "exp_alerts": alarms} for at_s, alarms in told
        ],
    }


def trials_of(name):
    """It fires once the cause has stood for as long as the rule waits, not a step sooner, and not for what is near."""
    fires, spares, labels, cause_s = CASES[name]
    rule = RULES[name]
    wait_s = cause_s + int(rule["for"][:-1]) * UNIT_S[rule["for"][-1]]
    alarm = {"exp_labels": rule["labels"] | labels, "exp_annotations": rule["annotations"]}
    return [
        asked(name, fires, (wait_s - STEP_S, []), (wait_s, [alarm])),
        asked(name, spares, (wait_s + 2 * STEP_S, [])),
    ]


def judged(folder, tests, rules=FILE):
    file = folder / "rules.test.yml"
    file.write_text(yaml.safe_dump({"rule_files": [str(rules)], "evaluation_interval": f"{STEP_S}s", "tests": tests}))
    done = subprocess.run(
        ["promtool", "test", "rules", str(file)], capture_output=True, text=True, check=False, timeout=60
    )
    return done.returncode, done.stdout + done.stderr


def test_each_alarm_has_a_case() -> None:
    assert set(CASES) == set(RULES)
    for name, (fires, spares, _, _) in CASES.items():
        assert fires != spares, name


@pytest.mark.promtool
def test_prometheus_takes_the_rules() -> None:
    done = subprocess.run(["promtool", "check", "rules", str(FILE)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(RULES)} rules found" in done.stdout


@pytest.mark.promtool
@pytest.mark.slow
def test_each_alarm_fires_when_it_must_and_not_sooner_nor_for_what_is_near(tmp_path) -> None:
    code, said = judged(tmp_path, [test for name in RULES for test in trials_of(name)])
    assert code == 0, said


@pytest.mark.promtool
def test_a_rule_that_never_fires_is_seen(tmp_path) -> None:
    dull = tmp_path / "dull.yml"
    dull.write_text(FILE.read_text().replace('(bavn_alarms{kind="canary"}) > 0', '(bavn_alarms{kind="canary"}) > 9'))
    code, said = judged(tmp_path, trials_of("BavnMembersChainBroken"), dull)
    assert code != 0
    assert "BavnMembersChainBroken" in said
