"""What ends a centre, and what it waits out: an outage of its database wherever it strikes, and nothing else."""

from types import SimpleNamespace

import pytest
from sqlalchemy.exc import OperationalError

from bavn.app.centre import run as centre_run
from bavn.app.centre.server import CentreBroken
from bavn.app.process.exits import Exit, Stop
from bavn.centre.store.lease import LeaseLost
from bavn.wire.gate import GateBroken

AWAY = OperationalError("SELECT 1", {}, Exception("server closed the connection unexpectedly"))
POSTGRES = SimpleNamespace(engine=SimpleNamespace(dialect=SimpleNamespace(name="postgresql"), url="postgresql://x/y"))
SQLITE = SimpleNamespace(engine=SimpleNamespace(dialect=SimpleNamespace(name="sqlite"), url="sqlite://"))


def broken_by(*chain) -> CentreBroken:
    """A CentreBroken that was raised from the first, that one from the second, and so on."""
    error = made = CentreBroken("broken")
    for cause in chain:
        made.__cause__ = cause
        made = cause
    made.__cause__ = None
    return error


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setattr(centre_run, "away", lambda _, error: f"away: {error}")
    monkeypatch.setattr(centre_run, "WAIT_S_FIRST", 0.01)


@pytest.mark.parametrize("chain", [(AWAY,), (GateBroken("gate share"), AWAY)])
def test_an_outage_is_waited_out_also_where_it_strikes_within_a_gate(chain) -> None:
    centre_run._go_on(POSTGRES, broken_by(*chain))
    with pytest.raises(CentreBroken):
        centre_run._go_on(SQLITE, broken_by(*chain))


@pytest.mark.parametrize("chain", [(GateBroken("gate share"),), (GateBroken("gate share"), KeyError("x"))])
def test_a_broken_invariant_ends_it(chain) -> None:
    with pytest.raises(CentreBroken):
        centre_run._go_on(POSTGRES, broken_by(*chain))


def test_a_lease_that_was_lost_ends_it_with_its_reason() -> None:
    with pytest.raises(Stop) as ended:
        centre_run._go_on(POSTGRES, broken_by(GateBroken("gate"), LeaseLost("another centre took over")))
    assert ended.value.code == Exit.NOT_NOW


def test_a_database_that_goes_away_while_the_centre_is_built_is_waited_for(monkeypatch, tmp_path) -> None:
    tries = [AWAY, Stop(Exit.UNREACHABLE, "starting up"), "built"]

    def build(*_):
        one = tries.pop(0)
        if isinstance(one, BaseException):
            raise one
        return one

    monkeypatch.setattr(centre_run, "build", build)
    file = SimpleNamespace(place=SimpleNamespace(database_wait_s=60), folder=tmp_path)
    assert centre_run._build_at_first(file, None) == "built"
    tries[:] = [AWAY, AWAY, "built"]
    assert centre_run._build_when_it_answers(file, None) == "built"
    assert "the database does not answer" in (tmp_path / "centre-health.json").read_text()
    tries[:] = [AWAY, AWAY]
    file.place.database_wait_s = 0
    with pytest.raises(Stop) as ended:
        centre_run._build_at_first(file, None)
    assert ended.value.code == Exit.UNREACHABLE
    assert "server closed the connection" in str(ended.value)
