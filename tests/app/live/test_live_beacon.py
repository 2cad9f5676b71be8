"""A node that listens on a cable finds a host that calls home while it does so, and ends with all of it kept; where its
sensor cannot keep up, how much it dropped is said in the log, by `bavn node health` and to whoever asks."""

import json
import os
import re
import signal

import pytest

pytestmark = [pytest.mark.suricata, pytest.mark.netns, pytest.mark.slow]


def test_a_beacon_is_found_while_it_runs(node, wire, traffic):
    watching = node().start()
    playing = wire.play(traffic.capture)

    def found():
        return [
            s
            for s in watching.suspicions()
            if (s["detector"], s["host"], s["peer"]) == ("beacon", traffic.host, traffic.domain)
        ]

    watching.until(found)
    assert playing.poll() is None, "the traffic is over: it was not found while it ran"
    said, _ = playing.communicate()
    assert playing.returncode == 0, said
    watching.until(lambda: watching.sensor_health()["counts"]["capture_packets"] >= traffic.packets)
    code, out, _ = watching.ask("health", "--json")
    health = json.loads(out)
    sensor = next(source for source in health["sources"] if source["name"] == "suricata")
    drops = next(lost for lost in sensor["losses"] if lost["what"] == "capture_drops")
    assert (drops["count"], health["capture_loss_permille"], health["sensor"]) == (0, 0, "up")
    assert (code, health["healthy"], health["problems"]) == (0, True, [])
    assert sensor["rows"] > 0
    assert sensor["refused"] == 0, sensor["reasons"]
    assert health["detect"]["last"] is not None

    code, took_s = watching.stop()
    assert (code, took_s < 10) == (0, True), watching.said()
    assert not watching.suricata()
    assert not [file for file in watching.sensor.glob("eve.json.*") if file.stat().st_size], "rotated and not read"
    written = [json.loads(line) for line in (watching.sensor / "eve.json").read_bytes().splitlines()]
    assert written
    _, out, _ = watching.ask("store", "stats", "--json")
    kept = json.loads(out)["rows"]
    for kind in ("flow", "tls", "dns"):
        assert kept[kind] == sum(line["event_type"] == kind for line in written), kind
    code, out, _ = watching.ask("health")
    assert code == 10
    assert out.startswith("The node was stopped at")


TINY = "ring_packets = 64\n"
FLOOD = ("--topspeed", "--loop", "2000")


def test_what_was_dropped_is_said_loudly(node, wire, traffic):
    watching = node(TINY).start()
    watching.until(lambda: watching.sensor_health()["counts"]["running"])
    pid = watching.suricata()
    os.kill(pid, signal.SIGSTOP)
    flood = wire.play(traffic.capture, *FLOOD)
    said, _ = flood.communicate()
    assert flood.returncode == 0, said
    sent = 2000 * traffic.packets
    watching.until(lambda: "source_broken" in codes(watching))
    code, out, _ = watching.ask("health")
    assert code == 10
    assert "does not keep up or hangs" in out, out
    os.kill(pid, signal.SIGCONT)

    def dropped():
        return next(lost for lost in watching.sensor_health()["losses"] if lost["what"] == "capture_drops")

    watching.until(lambda: (dropped()["of"] or 0) >= sent and "source_broken" not in codes(watching))
    lost = dropped()
    assert lost["count"] > 0.9 * sent, "the ring is tiny and its reader slept: nearly all of it is lost"
    assert lost["count"] <= lost["of"] < 1.01 * sent + 1000, "each packet is counted once"
    code, out, _ = watching.ask("health", "--json")
    health = json.loads(out)
    assert (code, health["healthy"], "lost_capture_drops" in codes(watching)) == (10, False, True)
    assert health["capture_loss_permille"] > 900
    lines = re.findall(r"ERROR .*lost: suricata: (\d+) packets \([\d.]+ %\): packets dropped before", watching.said())
    assert sum(map(int, lines)) == lost["count"], "what is said in the log adds up to what was lost"
    code, out, _ = watching.ask("health", "--language", "da")
    assert code == 10
    assert re.search(r"! suricata: \d+ pakker \(\d+,\d %\): pakker tabt", out), out
    code, took_s = watching.stop()
    assert (code, took_s < 10) == (0, True)


def test_one_that_hangs_does_not_hold_the_end_up(node, wire):
    watching = node().start()
    os.kill(watching.suricata(), signal.SIGSTOP)
    code, took_s = watching.stop()
    assert (code, took_s < 15) == (0, True), watching.said()
    assert watching.suricata() is None, watching.said()


def codes(watching):
    return {problem["code"] for problem in watching.health()["problems"]}
