"""Each part of a node made to fail in a way that nobody foresaw: the node lives, the other parts give their results,
the part is named, and when it works again all is well.

The walk goes by registry: a source, a detector or an enforcer that is not made by ``EVERYTHING`` fails the first tests.
"""

import contextlib
import importlib
import inspect
import pkgutil
import tempfile
import threading
from pathlib import Path

import pytest

import bavn.actor.protect
import bavn.actor.sense
from bavn.actor.detect.run import DETECTORS
from bavn.actor.node.monitor import Monitor
from bavn.actor.node.settings import NodeSettings
from bavn.actor.sense import turn
from bavn.actor.sense.base import SourceBroken
from bavn.actor.store.columns import ColumnStore
from bavn.app.config.load import read_node
from bavn.app.node.parts import build
from bavn.app.node.service import NodeService
from bavn.app.process.late import made_of
from bavn.app.process.real import SystemClock
from tests.app.waiting import free_port, until

KEY = "k:hmac-sha256:" + "A" * 43 + "="
"""A TSIG key of zeroes."""


def everything(tmp_path: Path) -> Path:
    """A configuration with every source and every enforcer; nothing of it runs yet."""
    for name in ("zeek", "caps", "ring", "squid"):
        (tmp_path / name).mkdir()
    for name in ("eve.json", "dns.log"):
        (tmp_path / name).write_text("")
    file = tmp_path / "node.toml"
    file.write_text(f"""
[node]
actor = "north"
homes = ["10.0.0.0/8"]
[sense]
suricata_interface = "lo"
eve_file = "eve.json"
zeek_folder = "zeek"
captures_folder = "caps"
key_exchange_folder = "ring"
log_files = ["dnsmasq:dns.log"]
dnstap_listen = "127.0.0.1:{free_port()}"
syslog_udp_listen = "127.0.0.1:{free_port()}"
netflow_listen = "127.0.0.1:{free_port()}"
sflow_listen = "127.0.0.1:{free_port()}"
[enforce]
list_folder = "lists"
resolver_listen = ["127.0.0.1@{free_port()}"]
resolver_answers = []
zone_listen = "127.0.0.1@{free_port()}"
zone_key = "{KEY}"
nft_hooks = ["forward"]
suricata_folder = "sets"
squid_folder = "squid"
squid_command = ["true"]
update_server = "127.0.0.1@{free_port()}"
update_zone = "block.example.org"
update_key = "{KEY}"
""")
    return file


def classes_of(package, *methods):
    """Classes of a room that have these methods, ports left out."""
    found = set()
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        file = importlib.import_module(module.name)
        for _, kind in inspect.getmembers(file, inspect.isclass):
            foreign = getattr(kind, "_is_protocol", False) or not kind.__module__.startswith(package.__name__)
            if not foreign and all(hasattr(kind, name) for name in methods):
                found.add(kind)
    return found


SOURCES = sorted(classes_of(bavn.actor.sense, "poll", "acknowledge", "lag_bytes"), key=lambda kind: kind.__name__)
ENFORCERS = sorted(classes_of(bavn.actor.protect, "enforce", "carries", "name"), key=lambda kind: kind.__name__)


def raises(*_, **__):
    raise RuntimeError("nobody foresaw this")


def broken(monkeypatch, kind, method, how=raises):
    monkeypatch.setattr(kind, method, how)


def failing(parts):
    return {part.part for part in parts.failures.failing()}


@pytest.fixture
def quiet(monkeypatch):
    """No program is started and nobody called; every enforcer says what it was asked for."""
    asked = []
    for kind in ENFORCERS:
        monkeypatch.setattr(kind, "enforce", lambda self, _: asked.append(self.name))
        if hasattr(kind, "still_true"):
            monkeypatch.setattr(kind, "still_true", lambda _: True)
    live = next(kind for kind in SOURCES if kind.__name__ == "SuricataLive")
    monkeypatch.setattr(live, "_watched", lambda _: None)
    monkeypatch.setattr(turn, "AGAIN_S", 0)
    monkeypatch.setattr(turn, "AGAIN_S_MAX", 0)
    return asked


@pytest.fixture
def short():
    """A folder of a name so short that sockets can lie in it."""
    with tempfile.TemporaryDirectory(prefix="bvn") as folder:
        yield Path(folder)


@pytest.fixture
def node(short, quiet):
    assert quiet == []
    parts = build(read_node(everything(short)))
    for one in parts.monitor.turns:
        one._wait_s = 0
    yield parts
    with contextlib.suppress(Exception):
        parts.close()


def look(parts):
    with contextlib.suppress(SourceBroken):
        parts.monitor.look()


def test_the_walk_covers_every_source_and_every_enforcer(node) -> None:
    assert {type(source) for source in node.monitor.sources} == set(SOURCES)
    assert {type(hand) for hand in node.protect.enforcers.all} == set(ENFORCERS)
    assert failing(node) == set()


@pytest.mark.slow
def test_a_source_that_fails_costs_none_of_the_others_its_turn(node, monkeypatch) -> None:
    look(node)
    for kind in SOURCES:
        mine = {f"source {account.source.name}" for account in node.monitor.accounts if type(account.source) is kind}
        for account in node.monitor.accounts:
            account.caught_up_us = None
        with monkeypatch.context() as broke:
            broken(broke, kind, "poll")
            broken(broke, kind, "lag_bytes")
            look(node)
            assert failing(node) == mine, kind
            told = {
                figures.name
                for figures in node.monitor.figures()
                if figures.broken is not None and figures.broken.en.startswith("fails: ")
            }
            assert {f"source {name}" for name in told} == mine
            others = [account for account in node.monitor.accounts if type(account.source) is not kind]
            assert all(account.caught_up_us is not None or account.broken for account in others)
        look(node)
        assert failing(node) == set(), kind


@pytest.mark.slow
def test_what_cannot_be_made_keeps_no_node_from_starting_and_is_made_later(short, quiet, monkeypatch) -> None:
    assert quiet == []
    file = everything(short)
    with monkeypatch.context() as broke:
        for kind in (*SOURCES, *ENFORCERS):
            if kind.__name__ != "CanarySource":
                broken(broke, kind, "__init__")
        parts = build(read_node(file))
        names = {account.source.name for account in parts.monitor.accounts} - {"canary"}
        hands = {hand.name for hand in parts.protect.enforcers.all}
        assert failing(parts) == {f"source {name}" for name in names} | {f"enforcer {name}" for name in hands}
        assert hands == {kind.name for kind in ENFORCERS}
        look(parts)
        parts.protect.start()
        assert len(failing(parts)) == len(names) + len(hands)
    try:
        for one in parts.monitor.turns:
            one._not_before_us = 0
        look(parts)
        parts.protect.force.apply([], [], again=True)
        assert failing(parts) == set()
        assert {type(made_of(source)) for source in parts.monitor.sources} == set(SOURCES)
        assert {type(made_of(hand)) for hand in parts.protect.enforcers.all} == set(ENFORCERS)
        assert parts.protect.force.down == ()
    finally:
        parts.close()


@pytest.mark.slow
def test_whatever_fails_at_the_stop_the_rest_is_let_go(node, monkeypatch) -> None:
    look(node)
    for kind in SOURCES:
        real = kind.close

        def close(self, real=real):
            real(self)
            raises()

        monkeypatch.setattr(kind, "close", close)
    node.close()
    names = {f"source {account.source.name}" for account in node.monitor.accounts} - {"source canary"}
    assert failing(node) == names
    assert {part.latest.during for part in node.failures.failing()} == {"stop"}


def test_an_enforcer_that_fails_holds_up_no_other_and_holds_nothing(node, quiet, monkeypatch) -> None:
    hands = {hand.name for hand in node.protect.enforcers.all}
    node.protect.start()
    assert node.protect.force.holding == hands
    for kind in ENFORCERS:
        quiet.clear()
        with monkeypatch.context() as broke:
            broken(broke, kind, "enforce")
            node.protect.force.apply([], [], again=True)
            assert set(quiet) == hands - {kind.name}
            assert node.protect.force.holding == hands - {kind.name}
            assert failing(node) == {f"enforcer {kind.name}"}
        node.protect.force.apply([], [], again=True)
        assert (failing(node), node.protect.force.holding) == (set(), hands)


@pytest.mark.slow
def test_a_detector_that_fails_costs_no_other_its_findings_and_nothing_known(node, monkeypatch) -> None:
    from bavn.actor.detect import run

    from ..actor.evidence.conftest import suspicion  # noqa: TID252  the same suspicion

    window = node.store.window(0, 1)
    done = []
    for detector in DETECTORS:
        real = type(detector).candidates
        monkeypatch.setattr(
            type(detector), "candidates", lambda self, look, real=real: done.append(self.name) or real(self, look)
        )
    for detector in DETECTORS:
        done.clear()
        old = suspicion(detector=detector.name)
        node.known.replace([old], 1)
        with monkeypatch.context() as broke:
            broken(broke, type(detector), "candidates")
            found = run.survey(window, failures=node.failures)
            assert found.failed == {detector.name}
            assert failing(node) == {f"detector {detector.name}"}
            assert done == [other.name for other in DETECTORS if other is not detector]
        node.known.replace(found.suspicions, 2, failed=found.failed)
        assert node.known.all() == [old]
        assert run.survey(window, failures=node.failures).failed == frozenset()
        assert failing(node) == set()


STEPS = {
    "step joining a round": "door.join",
    "step withdrawals": "door.tell_withdrawals",
    "step cases": "door.cases.tell",
    "step answers": "talker._answers.step",
    "hunt of own history": "protect._hunt",
    "sightings": "protect._collect",
    "rollback": "protect._roll_back",
    "step blocks": "protect.enforce_due",
    "step tidying": "door.tidy",
    "step health": "recorder.step",
    "step rules": "rule_keeper.step",
    "step keep": "keeper.turn",
    "step look": "store.tidy",
    "detector run": "monitor.detect",
}
"""What each thread of a node does in its turn, by the name under which it fails."""


@pytest.mark.slow
def test_each_step_of_a_running_node_may_fail_and_works_again(short, quiet, monkeypatch) -> None:
    from bavn.app.node import service as node_service

    for name, value in (("KEEP_S", 0.05), ("RETRY_S", 0.05), ("STEP_S", 0.05), ("IDLE_S", 0.05), ("END_S", 0.1)):
        monkeypatch.setattr(node_service, name, value)
    service = NodeService(read_node(everything(short)))
    parts, undo = service.parts, []
    for path in STEPS.values():
        *way, method = path.split(".")
        owner = parts
        for name in way:
            owner = getattr(owner, name)
        kind = type(owner)
        real = getattr(kind, method) if hasattr(kind, method) and method != "detect" else None
        if real is None or inspect.isdatadescriptor(real):
            undo.append((owner, method, getattr(owner, method)))
            setattr(owner, method, raises)
        else:
            undo.append((kind, method, real))
            setattr(kind, method, raises)
    thread = threading.Thread(target=service.run, daemon=True)
    try:
        parts.monitor._fresh = True
        parts.talker._tidy_us = 0
        thread.start()
        until(lambda: failing(parts) >= set(STEPS), 30, lambda: set(STEPS) - failing(parts))
        assert thread.is_alive()
        for owner, method, real in undo:
            setattr(owner, method, real)
        undo.clear()
        parts.talker._tidy_us = parts.monitor._due_us = 0
        parts.monitor._fresh = True
        until(lambda: not failing(parts) & set(STEPS), 30, lambda: failing(parts))
        assert thread.is_alive()
    finally:
        for owner, method, real in undo:
            setattr(owner, method, real)
        service.stop()
        thread.join(20)
    assert not thread.is_alive()


def test_only_a_book_that_is_not_to_be_relied_on_ends_the_node() -> None:
    import sqlite3

    from bavn.app.node.service import ends_the_node
    from bavn.wire.book import BookForeign, Doomed

    ends = (Doomed(), BookForeign(), sqlite3.DatabaseError("database disk image is malformed"))
    lives = (RuntimeError(), OSError(28, "full"), sqlite3.OperationalError("database or disk is full"), MemoryError())
    assert all(map(ends_the_node, ends))
    assert not any(map(ends_the_node, lives))


def test_what_a_batch_may_never_be_is_told_as_lost_and_the_mark_goes_on(tmp_path) -> None:
    import pyarrow as pa

    from bavn.actor.sense.base import Batch
    from bavn.app.process.failure_folder import FailureFolder

    class Source:
        name = "odd"
        batches = (Batch(source="odd", mark="1", tables={"flow": pa.table({"x": [1, 2]})}, lines=2),)

        def poll(self):
            batches, self.batches = self.batches, ()
            yield from batches

        def acknowledge(self, mark):
            pass

        def lag_bytes(self):
            return 0

    clock = SystemClock()
    failures = FailureFolder(None, clock)
    with ColumnStore.open(tmp_path / "store") as store:
        out = Monitor(
            clock=clock,
            store=store,
            sources=[Source()],
            detect=lambda _: None,
            keep=lambda *_: None,
            horizon_us=lambda: 1,
            settings=NodeSettings(version="1"),
            failures=failures,
        )
        for _ in range(turn.TRIES_MAX - 1):
            with pytest.raises(ValueError, match="columns"):
                out.look()
        out.look()
        assert store.mark("odd") == "1"
    (loss,) = out.figures()[0].losses
    assert (loss.what, loss.count) == ("never_kept", 2)


def test_a_start_that_failed_is_tried_again_at_each_turn_until_it_is_done(tmp_path) -> None:
    from types import SimpleNamespace

    from bavn.actor.node.settings import NodeSettings
    from bavn.actor.node.talker import Talker
    from bavn.app.process.failure_folder import FailureFolder
    from bavn.app.process.real import SystemClock

    failures, outcomes = FailureFolder(None, SystemClock()), [OSError(28, "full"), OSError(28, "full"), None]

    def start() -> None:
        outcome = outcomes.pop(0)
        if outcome is not None:
            raise outcome

    class Idle(Talker):
        def _step(self, *_) -> bool:
            return False

    talker = Idle(
        clock=SystemClock(),
        link=None,
        door=SimpleNamespace(questions=None, tell_withdrawals=None, cases=SimpleNamespace(tell=None), tidy=None),
        protect=SimpleNamespace(start=start, found=None, enforce_due=None, look_back=None, reached=None),
        condition=None,
        settings=NodeSettings(version="1"),
        failures=failures,
    )
    talker.start()
    assert [part.part for part in failures.failing()] == ["step start"]
    for _ in range(4):
        talker.serve()
    assert (outcomes, [part.part for part in failures.failing()]) == ([], [])
