"""Partners' MISPs at the console: how each stands, pushed to and looked at by whoever may, and refused in words."""

import pytest

from bavn.app.access.rights import Role
from bavn.app.centre.exchange import parts
from bavn.centre.inbox.intel_pull import Unreadable
from bavn.model.ports import LinkDown, LinkRefused
from bavn.model.settings import SettingsError
from tests.app.web.drawn_sector import ANNA

pytestmark = pytest.mark.slow


class Instance:
    """A MISP that takes what it is given; ``broken`` is what it fails with."""

    def __init__(self):
        self.events, self.broken = {}, None

    def push(self, event, *, publish):
        if self.broken:
            raise self.broken
        done = "updated" if event["uuid"] in self.events else "added"
        self.events[event["uuid"]] = event
        return done

    def sightings(self, event_uuids):
        if self.broken:
            raise self.broken
        return []


@pytest.fixture
def instance(sac, monkeypatch):
    """A MISP that holds nothing yet, as far as the book knows."""
    made = Instance()
    sac.body("/misps")
    with sac.house.book.transaction() as tx:
        tx.execute("DELETE FROM misp_pushed")
        tx.execute("DELETE FROM misp_run")
    monkeypatch.setattr(parts, "misp_port", lambda _file, _name: made)
    return made


def test_a_misp_is_shown_and_pushed_to_by_hand(sac, instance) -> None:
    (row,) = sac.body("/misps")["items"]
    assert (row["name"], row["partner"], row["every_minutes"], row["events"]) == ("nord", "cert-nord", 60, 0)
    assert (row["push"], row["pull"]) == (None, None)
    row = sac.body("/misps/nord/push", "POST")
    assert (row["push"]["by"], row["push"]["failure"]) == (ANNA, "")
    assert row["push"]["counts"]["added"] == row["events"] == len(instance.events)
    row = sac.body("/misps/nord/pull", "POST")
    assert row["pull"]["counts"] == {"taken": 0, "refused": 0}
    acts = [line["act"] for line in sac.body("/audit?subject=misp/nord", name="Carl Juul")["items"]]
    assert acts[:2] == ["misp-pull", "misp-push"]
    assert sac.body("/misps")["sightings"] == []


@pytest.mark.parametrize(
    ("broken", "code", "act"),
    [
        (LinkDown("no way to it"), "misp-down", "wait"),
        (LinkRefused("403"), "misp-refused", "operator"),
        (Unreadable("an answer of words"), "misp-refused", "operator"),
    ],
)
def test_a_misp_that_fails_is_said_so_with_who_must_act(sac, instance, broken, code, act) -> None:
    sac.body("/misps/nord/push", "POST")
    assert instance.events
    instance.broken = broken
    with sac.house.book.transaction() as tx:
        tx.execute("UPDATE misp_pushed SET digest = 'old'")
    answer = sac("/misps/nord/push", "POST")
    said = answer.json()
    assert (answer.status_code, said["type"], said["act"]) == (503, code, act)
    row = sac.body("/misps")["items"][0]
    assert row["push"]["failure"].endswith(str(broken))
    assert row["push"]["by"] == ANNA


def test_a_misp_that_nobody_named_or_with_a_bad_key_is_refused(sac, monkeypatch) -> None:
    assert sac("/misps/soender/push", "POST").status_code == 404

    def bad(_file, _name):
        raise SettingsError("/etc/bavn/nord-misp.key cannot be read")

    monkeypatch.setattr(parts, "misp_port", bad)
    answer = sac("/misps/nord/pull", "POST")
    assert answer.status_code == 503
    assert "/etc" not in answer.text


def test_who_only_reads_pushes_nothing(sac, instance) -> None:
    for act in ("push", "pull"):
        assert sac(f"/misps/nord/{act}", "POST", roles={Role.ANALYST}).status_code == 403
    assert instance.events == {}
