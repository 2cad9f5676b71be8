"""What goes wrong around a live sensor is said, and mended where a node can: death, a cable pulled, a full disk."""

import os
import shutil
import signal
import subprocess

import pytest

from .conftest import do

pytestmark = [pytest.mark.suricata, pytest.mark.netns, pytest.mark.slow]


def broken(watching):
    return watching.sensor_health()["broken"] or ""


def counts(watching):
    return watching.sensor_health()["counts"]


def test_a_killed_suricata_and_a_cable_that_is_pulled_are_said_and_taken_up_again(node, wire, traffic) -> None:
    watching = node().start()
    for restarts in (1, 2):
        before = watching.suricata()
        os.kill(before, signal.SIGKILL)
        watching.until(lambda n=restarts: counts(watching)["restarts"] == n and counts(watching)["running"])
        assert watching.suricata() not in (None, before)
        assert (broken(watching), watching.health()["sensor"]) == ("", "up")
        again_s = (1, 2)[restarts - 1]
        words = f"Suricata on span ended with status -9: it did not say why. It is started again after {again_s} s"
        assert words in watching.said()
    code, out, _ = watching.ask("health")
    assert (code, "suricata ended by itself and was started again 2 times of late" in out) == (10, True), out
    wire.cut()
    watching.until(lambda: "interface" in broken(watching))
    assert watching.suricata() is None
    code, out, _ = watching.ask("health")
    assert (code, "Sensor: down" in out) == (10, True), out
    wire.lay()
    watching.until(lambda: counts(watching)["running"])
    wire.play(traffic.capture, "--topspeed").communicate()
    watching.until(lambda: counts(watching)["capture_packets"] >= traffic.packets)
    assert watching.stop()[0] == 0


def test_without_its_interface_a_node_waits_for_it(node, wire):
    wire.cut()
    watching = node().start(wait=False)
    watching.until(lambda: watching.health()["sources"] and "no interface" in broken(watching))
    wire.lay()
    watching.until(lambda: counts(watching)["running"])
    code, took_s = watching.stop()
    assert (code, took_s < 10) == (0, True)


def test_a_full_disk_under_the_sensor_is_said_and_outlived(node, wire, traffic, request):
    watching = node("[health]\ndisk_free_mb_min = 0\n")
    watching.sensor.mkdir(parents=True)
    do("mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(watching.sensor))
    request.addfinalizer(lambda: do("umount", "-l", str(watching.sensor)))
    watching.start()
    filler = watching.sensor / "filler"
    subprocess.run(["dd", "if=/dev/zero", f"of={filler}", "bs=4k"], capture_output=True, check=False)
    assert shutil.disk_usage(watching.sensor).free == 0
    wire.play(traffic.capture, "--topspeed", "--loop", "50").communicate()
    watching.until(lambda: "is full" in broken(watching))
    assert watching.ask("health")[0] == 10
    filler.unlink()
    watching.until(lambda: not broken(watching))
    before = watching.sensor_health()["rows"]
    wire.play(traffic.capture, "--topspeed").communicate()
    watching.until(lambda: watching.sensor_health()["rows"] > before + 50)
    assert watching.stop()[0] == 0
