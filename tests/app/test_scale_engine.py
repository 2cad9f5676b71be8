"""Two workers of Ray, as processes of their own, find what one process finds, byte for byte; also when one dies."""

import json
import logging
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from bavn.app.config.scale import ScaleTable
from bavn.app.node.scale_engine import OtherVersion, _same, _spill, scaled
from bavn.app.process.exits import Exit, Stop
from bavn.app.process.ray_cluster import LOST, NOT_STARTED, Farm
from bavn.model.ports import QueryRefused
from bavn.model.settings import SettingsError


def test_who_wants_no_workers_gets_none() -> None:
    assert scaled(ScaleTable()) is None


@pytest.mark.parametrize("given", [{"ray": "yes"}, {"ray": "local", "store_folder": "data"}])
def test_what_cannot_be_is_refused(given) -> None:
    with pytest.raises(SettingsError, match=r"scale\."):
        ScaleTable(**given)


def test_without_ray_the_operator_is_told_what_to_install(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    with pytest.raises(Stop, match=r"\[scale\] ray: .*bavn\[ray\]") as stopped:
        scaled(ScaleTable(ray="local"))
    assert stopped.value.code == Exit.CONFIGURATION


def test_a_worker_of_another_version_does_nothing() -> None:
    with pytest.raises(OtherVersion, match="install the same"):
        _same("0.0.0")


def test_a_worker_spills_into_its_own_and_sweeps_what_the_dead_left(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    shared = _spill().parent
    assert shared.stat().st_mode & 0o777 == 0o700
    for name in ("4194999", str(os.getppid())):
        (shared / name / "engine-x").mkdir(parents=True)
    assert _spill() == shared / str(os.getpid())
    assert sorted(one.name for one in shared.iterdir()) == sorted([str(os.getpid()), str(os.getppid())])
    shared.chmod(0o755)
    with pytest.raises(PermissionError, match="alone"):
        _spill()


class Workers:
    """Ray as far as a farm knows it: ``does(call)`` gives a result, raises, or (None) never ends."""

    def __init__(self, does):
        self.does, self.cancelled = does, []

    def remote(self, **_):
        return lambda work: SimpleNamespace(remote=lambda *call: (work, call))

    def put(self, value):
        return value

    def wait(self, refs, num_returns, timeout):
        ready = [ref for ref in refs if self.does(*ref[1]) is not None]
        if not ready:
            time.sleep(0.01)
        return ready[:num_returns], ready[num_returns:]

    def get(self, ref):
        found = self.does(*ref[1])
        if isinstance(found, Exception):
            raise found
        return found

    def cancel(self, ref, force):
        self.cancelled.append(ref[1])


def asked(does, count, patience_s=0.1, ended=lambda: False):
    workers = Workers(does)
    farm = Farm(workers, 2, patience_s)
    return workers, farm.handed_out(print, [(n,) for n in range(count)]).results(ended)


def test_what_no_worker_did_is_lost_and_the_rest_is_kept(caplog) -> None:
    """One dies for good, one hangs: both are the asker's, within the patience."""
    caplog.set_level(logging.WARNING)
    does = {0: "a", 1: RuntimeError("the worker died"), 2: None, 3: "d"}
    workers, found = asked(does.get, 4)
    assert found == ["a", LOST, LOST, "d"]
    assert workers.cancelled == [(2,)]
    assert "could not do its task" in caplog.text
    assert "1 tasks are taken back" in caplog.text


def test_a_cluster_that_is_gone_loses_all(monkeypatch) -> None:
    def gone(*_, **__):
        raise ConnectionError("the cluster is gone")

    monkeypatch.setattr(Workers, "wait", gone)
    assert asked(lambda n: n, 3)[1] == [LOST] * 3


def test_the_first_refusal_in_order_is_the_answer() -> None:
    does = {0: "a", 1: QueryRefused("one"), 2: QueryRefused("two")}
    with pytest.raises(QueryRefused, match="one"):
        asked(does.get, 3)


def test_who_does_not_want_it_any_more_waits_no_longer() -> None:
    with pytest.raises(QueryRefused, match="interrupted"):
        asked(lambda _: None, 2, patience_s=60, ended=lambda: True)


@pytest.mark.slow
def test_two_workers_find_the_same_also_when_killed_and_when_they_hang(tmp_path) -> None:
    for attempt in range(3):  # a Ray that a busy machine did not start in its 30 s is started again
        folder = tmp_path / str(attempt)
        folder.mkdir()
        done = subprocess.run(
            [sys.executable, "-m", "tests.app.scale_driver", str(folder)],
            capture_output=True,
            text=True,
            check=False,
            timeout=230,
            cwd=Path(__file__).resolve().parents[2],
        )
        if NOT_STARTED not in done.stderr:
            break
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert told.pop("cpus") == 2
    assert told.pop("workers") == 2
    assert set(told.pop("names")) >= {"beacon", "scan"}
    assert told.pop("met") >= 90
    assert 4 <= told.pop("hung_s") < 40
    assert told.pop("began") == 1
    assert told.pop("interrupted") == "it was interrupted"
    assert told == dict.fromkeys(("same", "killed", "hung", "hunted", "hunted without files"), True)
