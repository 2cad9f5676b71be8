"""A node that listens on a cable finds a host that calls home while it does so, and ends with all of it kept."""

import json

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
