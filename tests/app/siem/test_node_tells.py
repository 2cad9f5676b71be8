"""A node and a centre with [siem] tell what their books hold, go on where they were after a restart, and say it where
the receiver says no."""

import json
import threading

import pytest

from bavn.app.config.load import centre_of, node_tables, read_node
from bavn.app.node.service import NodeService
from bavn.app.siem.build import kinds_of
from bavn.app.siem.event import CENTRE_KINDS, NODE_KINDS
from bavn.model.settings import SettingsError
from tests.app.waiting import until

WAIT_S = 60


def node(folder, siem):
    file = folder / "node.toml"
    file.write_text(f'[node]\nactor = "lonely"\n[siem]\n{siem}')
    return file


def ran(file, holds):
    """The service until something holds; what is in it then."""
    service = NodeService(read_node(file))
    thread = threading.Thread(target=service.run, daemon=True)
    thread.start()
    try:
        until(lambda: holds(service), WAIT_S, service.parts.recorder.standing)
    finally:
        service.stop()
        thread.join(WAIT_S)
    assert not thread.is_alive()


@pytest.mark.slow
def test_a_node_tells_what_is_wrong_and_once_over_a_restart(tmp_path) -> None:
    events = tmp_path / "bavn.ndjson"
    file = node(tmp_path, f'to = "file"\nevents_file = "{events}"\n')
    ran(file, lambda _: events.exists() and "problem-begun" in events.read_text())
    first = [json.loads(line) for line in events.read_text().splitlines()]
    ids = [one["event"]["id"] for one in first if one["event"]["action"] == "problem-begun"]
    assert {one["organization"]["name"] for one in first} == {"lonely"}
    ran(file, lambda service: service.parts.recorder.standing() is not None)
    again = [json.loads(line)["event"]["id"] for line in events.read_text().splitlines()]
    assert all(again.count(id_) == 1 for id_ in ids)


@pytest.mark.slow
def test_a_receiver_that_is_gone_is_a_broken_promise_and_costs_nothing_else(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("bavn.app.siem.handover.BACK_OFF_S_MAX", 1)
    file = node(tmp_path, 'to = "file"\nevents_file = "none/bavn.ndjson"\n')

    def told(service):
        standing = service.parts.recorder.standing() or ()
        noted = service.parts.book.rows("SELECT 1 FROM siem_problem WHERE code = 'siem_takes_nothing'")
        return any(one.code == "siem_takes_nothing" for one in standing) and noted

    ran(file, told)
    (tmp_path / "none").mkdir()
    events = tmp_path / "none/bavn.ndjson"
    ran(file, lambda _: events.exists() and "siem_takes_nothing" in events.read_text())


WRONG = {
    'to = "pigeon"': "siem.to must be one of",
    'to = "file"': "siem.events_file must be set",
    'to = "syslog"\nserver = "siem.example"': "no HOST:PORT",
    'to = "elastic"\nindex = "i"\nurl = "http://siem.example:9200"': "siem.url must be an https address",
    'to = "elastic"\nindex = "i"\nurl = "https://u:p@siem.example"': "siem.url must be an https address",
    'to = "elastic"\nindex = "i"\nurl = "https://siem.example"\nform = "cef"': "elastic takes ecs",
    'form = "leef"': "siem.form must be one of",
    'suspicions = "some"': "siem.suspicions must be alert or all",
    'language = "tlh"': "siem.language must be",
}


@pytest.mark.parametrize("siem", WRONG)
def test_what_cannot_be_meant_is_said(tmp_path, siem) -> None:
    with pytest.raises(SettingsError, match=WRONG[siem]):
        read_node(node(tmp_path, siem))


def test_a_kind_that_this_party_does_not_have_is_said(tmp_path) -> None:
    file = node(tmp_path, 'to = "file"\nevents_file = "f"\nkinds = ["lead"]\n')
    given = {"node": {"actor": "lonely"}, "siem": {"kinds": ["lead"]}}
    with pytest.raises(SettingsError, match="is none of suspicion"):
        kinds_of(node_tables(given, file)["siem"], NODE_KINDS)
    table = centre_of({"siem": {"kinds": ["lead", "health"]}}, tmp_path / "centre.toml").siem
    assert kinds_of(table, CENTRE_KINDS) == ("lead", "health")
