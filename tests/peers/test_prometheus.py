"""A real Prometheus over a real node (node_exporter's textfile collector, as a user of its own) and a real centre:
every figure is taken, the rules load as they are, and alarms fire."""

import json
import os
import subprocess
import sys
import threading
import urllib.parse
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from bavn.app.config.load import read_node
from bavn.app.node.service import NodeService
from tests.app.test_zone_service import folder, free_port
from tests.conftest import ROOT
from tests.peers.program import running
from tests.waiting import until

__all__ = ["folder"]
pytestmark = [pytest.mark.slow, pytest.mark.prometheus, pytest.mark.node_exporter]
ALERTS = ROOT / "packaging/monitoring/bavn-alerts.yml"
BAVN = Path(sys.executable).with_name("bavn")
WAIT_S = 90


class Prometheus:
    def __init__(self, port):
        self.at = f"http://127.0.0.1:{port}/api/v1"

    def ask(self, path, **query):
        try:
            with urllib.request.urlopen(f"{self.at}/{path}?{urllib.parse.urlencode(query)}", timeout=5) as answer:
                return json.load(answer)["data"]
        except OSError:
            return None

    def value(self, query):
        found = self.ask("query", query=query)
        return float(found["result"][0]["value"][1]) if found and found["result"] else None

    def firing(self):
        found = self.ask("alerts") or {"alerts": []}
        return {alert["labels"]["alertname"] for alert in found["alerts"] if alert["state"] == "firing"}


@contextmanager
def centre(folder, port):
    """A centre that runs, as its operator runs it."""
    file = folder / "centre.toml"
    file.write_text(f'[place]\nfolder = "centre"\nport = {free_port()}\nmetrics_port = {port}\n')
    subprocess.run([BAVN, "centre", "init", "--config", file], check=False, capture_output=True)
    command = [BAVN, "centre", "run", "--config", file]
    with (folder / "centre.log").open("w") as log:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log, stdin=subprocess.DEVNULL)
    try:
        yield file
    finally:
        process.kill()
        process.wait()
        print((folder / "centre.log").read_text()[-2000:])


@contextmanager
def node(folder):
    """A node that runs; ``stop`` ends it."""
    file = folder / "node.toml"
    (folder / "run").mkdir(mode=0o755)
    file.write_text(
        '[node]\nactor = "region-nord"\nfolder = "data"\n[sense]\neve_file = "eve.json"\n'
        f'[health]\nmetrics_file = "{folder}/run/bavn.prom"\n'
    )
    (folder / "eve.json").write_text("")
    service = NodeService(read_node(file))
    ready = threading.Event()
    thread = threading.Thread(target=service.run, args=(ready.set,))
    thread.start()

    def stop():
        service.stop()
        thread.join(20)

    try:
        assert ready.wait(30)
        yield stop
    finally:
        stop()


@contextmanager
def prometheus(folder, exporter, centre_port):
    """The rules as they are shipped; only how often they are looked at and how long a cause must stand is shortened."""
    rules = yaml.safe_load(ALERTS.read_text())
    for group in rules["groups"]:
        group["interval"] = "1s"
        for rule in group["rules"]:
            rule["for"] = "2s"
    (folder / "quick.yml").write_text(yaml.safe_dump(rules))
    (folder / "prometheus.yml").write_text(
        yaml.safe_dump(
            {
                "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
                "rule_files": [str(folder / "quick.yml")],
                "scrape_configs": [
                    {"job_name": "bavn-node", "static_configs": [{"targets": [f"127.0.0.1:{exporter}"]}]},
                    {"job_name": "bavn-centre", "static_configs": [{"targets": [f"127.0.0.1:{centre_port}"]}]},
                ],
            }
        )
    )
    port = free_port()
    words = (
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/tsdb",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
    )
    with running("prometheus", *words):
        yield Prometheus(port)


def another_user():
    return ["--reuid=prometheus", "--regid=prometheus", "--clear-groups"] if os.getuid() == 0 else []


def test_prometheus_takes_both_loads_the_rules_and_alarms_fire(folder) -> None:
    exporter, centre_port = free_port(), free_port()
    words = (
        "--collector.disable-defaults",
        "--collector.textfile",
        f"--collector.textfile.directory={folder}/run",
        f"--web.listen-address=127.0.0.1:{exporter}",
    )
    with (
        centre(folder, centre_port) as file,
        node(folder) as stop,
        running("setpriv", *another_user(), "prometheus-node-exporter", *words),
        prometheus(folder, exporter, centre_port) as eyes,
    ):
        until(lambda: eyes.value('up{job="bavn-centre"}') == 1 and eyes.value('up{job="bavn-node"}') == 1)
        until(lambda: eyes.value("bavn_node_written_timestamp_seconds"))
        assert eyes.value("node_textfile_scrape_error") == 0
        assert eyes.value("bavn_node_stopped") == 0
        assert eyes.value("bavn_kill_switch") == 0
        loaded = {rule["name"] for group in eyes.ask("rules")["groups"] for rule in group["rules"]}
        assert loaded == {r["alert"] for g in yaml.safe_load(ALERTS.read_text())["groups"] for r in g["rules"]}
        assert not [rule for group in eyes.ask("rules")["groups"] for rule in group["rules"] if rule["health"] == "err"]
        assert "BavnNodeStopped" not in eyes.firing()
        assert "BavnKillSwitchOn" not in eyes.firing()
        stop()
        until(lambda: "BavnNodeStopped" in eyes.firing())
        switch = [BAVN, "centre", "kill-switch", "on", "--by", "anna", "--why", "a test", "--config", file]
        subprocess.run(switch, check=True, stdout=subprocess.DEVNULL)
        until(lambda: "BavnKillSwitchOn" in eyes.firing())
