"""An event that cannot be pushed for a reason nobody foresaw keeps no other from a partner's MISP."""

from types import SimpleNamespace

import pytest

from bavn.app.process.failure_folder import FailureFolder
from bavn.centre.node.misp_exchange import MispExchange
from bavn.model.ports import LinkDown, LinkRefused
from bavn.rehearsal.clock import SimClock


class Out:
    """Three events that wait, until each is pushed."""

    def __init__(self):
        self.waits = [SimpleNamespace(event={"uuid": number}, empty=False) for number in (1, 2, 3)]

    def pushes(self, *_):
        return list(self.waits)

    def pushed(self, _, push):
        self.waits.remove(push)

    def shared_with(self, _):
        return []


class Runs:
    def __init__(self):
        self.noted = []

    def note(self, *_, failure="", **__):
        self.noted.append(failure)


@pytest.fixture
def failures():
    return FailureFolder(None, SimClock(1))


def exchange(failures):
    return MispExchange(Out(), None, SimpleNamespace(known=lambda name: name), None, Runs(), failures)


def pushed(made, port):
    return made.push("nord", "cert-nord", SimpleNamespace(push=port), publish=True, distribution="1")


def test_it_costs_its_own_event_is_told_and_is_pushed_later(failures) -> None:
    made = exchange(failures)

    def port(event, *, publish):
        return {1: "added", 3: "added"}[event["uuid"]] if publish else ""

    with pytest.raises(LinkRefused, match="1 events were not taken"):
        pushed(made, port)
    assert [push.event["uuid"] for push in made._out.waits] == [2]
    assert [part.part for part in failures.failing()] == ["misp push to nord"]
    assert "nobody foresaw" in made.runs.noted[-1]
    assert pushed(made, lambda *_, **__: "added").added == 1
    assert (made._out.waits, failures.failing()) == ([], ())


def test_a_partner_that_is_away_is_nobodys_slip(failures) -> None:
    made = exchange(failures)

    def port(*_, **__):
        raise LinkDown("away")

    with pytest.raises(LinkDown):
        pushed(made, port)
    assert failures.failing() == ()
    assert len(made._out.waits) == 3
