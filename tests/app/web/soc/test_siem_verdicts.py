"""Verdicts out of an actor's own SIEM, by the bodies that each sends: one verdict, however often it is said."""

import json
import subprocess
import sys
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from bavn.app.access.rights import Right
from bavn.app.acts.node.verdicts import SiemVerdict
from bavn.app.siem.event import event_id
from bavn.model.moment import DAY_US
from tests.app.web.drawn_node import BEACON
from tests.app.web.soc.conftest import ANNA
from tests.conftest import ROOT

SIEM = ROOT / "packaging/siem"
EVENT = event_id("suspicion", BEACON)
ELASTIC = {"event": EVENT, "verdict": "benign", "days": 30, "comment": "Bavn: own scanner", "analyst": "Elastic"}
SENTINEL = {"event": EVENT, "verdict": "true", "days": 30, "comment": "seen on the host", "analyst": "Bo Lund"}
PAYLOAD = {
    "app": "search",
    "owner": "bo.lund",
    "search_name": "Bavn: suspicions above the line",
    "sid": "scheduler__bo.lund__search__RMD5_at_1796000000_1",
    "results_link": "http://splunk.example:8000/app/search/@go?sid=1",
    "configuration": {"verdict": "benign", "days": "30", "comment": ""},
    "result": {"event.id": EVENT, "rule.name": "beacon", "_raw": "{}"},
}
"""What Splunk gives an alert action on its standard input (payload_format = json)."""


def splunk(folder, answer=201):
    """What the action sent, its headers, and how it ended, with a receiver of our own in the node's place."""
    heard = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self):
            heard.append((json.loads(self.rfile.read(int(self.headers["Content-Length"]))), self.headers))
            self.send_response(answer)
            self.end_headers()
            self.wfile.write(b'{"verdict": {"number": "7"}}')

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Receiver) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        (folder / "token").write_text("bavn_token\n")
        wanted = {"url": f"http://127.0.0.1:{server.server_port}/verdicts", "token_file": str(folder / "token")}
        payload = PAYLOAD | {"configuration": PAYLOAD["configuration"] | wanted}
        action = [sys.executable, SIEM / "splunk/bavn_verdict.py", "--execute"]
        done = subprocess.run(
            action, input=json.dumps(payload), capture_output=True, text=True, check=False, timeout=60
        )
        server.shutdown()
    return *heard[0], done


@pytest.mark.parametrize("name", ["elastic", "sentinel", "splunk"])
def test_the_same_verdict_of_a_siem_is_one_however_often_it_is_sent(console, tmp_path, name) -> None:
    body = splunk(tmp_path)[0] if name == "splunk" else {"elastic": ELASTIC, "sentinel": SENTINEL}[name]
    first, again = (console.do("/verdicts", body)["verdict"] for _ in range(2))
    assert first == again
    assert (first["suspicion"], first["verdict"], first["by"]) == (BEACON, body["verdict"], "Anna Berg")
    assert first["until_us"] - first["given_us"] == 30 * DAY_US
    assert first["comment"] == f"{body['analyst']}: {body['comment']}"
    own = [one for one in console.get("/verdicts")["items"] if one["origin"] == "here"]
    assert [one["number"] for one in own] == [first["number"]]
    other = console.do("/verdicts", body | {"days": 7})["verdict"]
    assert other["number"] != first["number"], "a new end is a new verdict"


def test_a_machines_token_gives_verdicts_and_nothing_else_and_what_is_wrong_is_refused(console) -> None:
    machine = console.as_(replace(ANNA, scopes=frozenset({Right.SOC_TRIAGE})))
    assert machine.do("/verdicts", SENTINEL | {"event": BEACON})["verdict"]["suspicion"] == BEACON
    machine.get("/suspicions", code=403)
    reader = console.as_(replace(ANNA, scopes=frozenset({Right.SOC_READ})))
    reader.do("/verdicts", SENTINEL, code=403)
    for wrong, code in (
        ({"event": "0" * 32}, 404),
        ({"event": "x"}, 422),
        ({"verdict": "perhaps"}, 422),
        ({"verdict": "benign", "days": None}, 422),
        ({"days": 3651}, 422),
        ({"comment": "x" * 1501}, 422),
    ):
        console.do("/verdicts", SENTINEL | wrong, code=code)


def test_splunks_action_shows_its_token_and_says_what_the_node_said(tmp_path) -> None:
    _, headers, done = splunk(tmp_path)
    assert headers["Authorization"] == "Bearer bavn_token"
    assert (done.returncode, done.stderr) == (0, "INFO the node has it as verdict 7\n")
    refused = splunk(tmp_path, answer=403)[2]
    assert refused.returncode == 1
    assert "answered 403" in refused.stderr


def test_what_is_shipped_for_elastic_and_sentinel_has_the_fields_that_the_route_takes() -> None:
    elastic = json.loads(json.loads((SIEM / "elastic-webhook.json").read_text())["params"]["body"])
    sentinel = json.loads((SIEM / "sentinel-playbook.json").read_text())["Tell_Bavn"]["inputs"]["body"]
    for body in (elastic, sentinel):
        assert set(body) <= set(SiemVerdict.model_fields)
        assert {"event", "verdict", "days"} <= set(body)
