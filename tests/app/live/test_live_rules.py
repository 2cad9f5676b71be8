"""Rules change under a Suricata that listens: not a packet is lost, alerts come before and after."""

import json

import pytest

from bavn.app.cli.node.rule_files import day_now

pytestmark = [pytest.mark.suricata, pytest.mark.netns, pytest.mark.slow]
FIRST, SECOND = 3000001, 3000002


def rule(sid):
    return f'alert dns any any -> any any (msg:"rule {sid}"; dns.query; content:"hjemtur"; nocase; sid:{sid}; rev:1;)\n'


def sids(watching):
    """Alerts so far by rule, by all that Suricata wrote and all that is kept."""
    code, out, err = watching.ask("hunt", "sql", "SELECT signature_id, count(*) FROM alert GROUP BY ALL", "--json")
    assert code == 0, err
    rows = [list(json.loads(line).values()) for line in out.splitlines()]
    return {int(sid): int(count) for sid, count in rows}


def test_nothing_is_lost_while_rules_are_loaded_anew(node, wire, traffic, tmp_path):
    source = tmp_path / "own.rules"
    source.write_text(rule(FIRST))
    watching = node('[rules]\nsources = ["own.rules"]\n')
    assert watching.ask("rules", "update")[0] == 0
    watching.start()
    playing = wire.play(traffic.capture, "--multiplier", "20", "--loop", "1000")
    watching.until(lambda: sids(watching).get(FIRST))
    assert watching.until(lambda: watching.health()["rules"]["loaded"]) >= 1
    pid = watching.suricata()

    source.write_text(rule(FIRST) + rule(SECOND) + "alert tcp any any -> any any (nosuchkeyword:1; sid:3; rev:1;)\n")
    code, out, err = watching.ask("rules", "update")
    assert code == 0, err
    assert "left out: sid 3 (): unknown rule keyword 'nosuchkeyword'" in out
    watching.until(lambda: watching.health()["rules"]["reloads"] == 1)
    watching.until(lambda: sids(watching).get(SECOND))
    assert watching.health()["rules"]["set"] == "000002"

    source.write_text("gibberish\n")
    code, _, err = watching.ask("rules", "update")
    assert (code, "set 000002 stays" in err) == (5, True), err

    why = ("--comment", "it is known", "--who", "soc", "--until", day_now().isoformat())
    code, out, err = watching.ask("rules", "suppress", str(SECOND), "--src", f"{traffic.host}", *why)
    assert code == 0, err
    watching.until(lambda: watching.health()["rules"]["reloads"] == 2)
    before = sids(watching)
    watching.until(lambda: sids(watching)[FIRST] > before[FIRST] + 20)
    assert sids(watching)[SECOND] <= before[SECOND] + 3, "what was under way at the change may still come"

    assert watching.ask("rules", "end", out.split(":")[0], "--who", "soc")[0] == 0
    watching.until(lambda: watching.health()["rules"]["reloads"] == 3)
    before = sids(watching)
    watching.until(lambda: sids(watching)[SECOND] > before[SECOND])

    (tmp_path / "tuning.toml").write_text("[[disable]]\nsid = 5\n")
    watching.until(lambda: "what was in force stays" in watching.said())
    assert "rules" in {problem["code"] for problem in watching.health()["problems"]}
    assert playing.poll() is None, "the traffic did not last"
    playing.terminate()
    playing.wait()
    count = watching.sensor_health()["counts"]["capture_packets"]
    assert count > traffic.packets
    drops = next(lost for lost in watching.sensor_health()["losses"] if lost["what"] == "capture_drops")
    assert drops["count"] == 0
    assert watching.suricata() == pid
    assert watching.stop()[0] == 0
