"""Each thread of a running node, each part that it can start without, and each thing that it lets go of at the end,
made to fail in a way that nobody foresaw: that costs itself, is told by its name, and everything else works.

The walk goes by registry: a thread, a step or a part that is not walked fails a test.
"""

# ruff: noqa: F401, F811  fixtures of the other walk over a node

# ruff: noqa: F401  fixtures of the other walk over a node
import ast
import inspect
import signal
import threading
from pathlib import Path

import pytest

import bavn.app
from bavn.actor.door.counts import Counting
from bavn.actor.evidence.keep import Keeper
from bavn.actor.node.monitor import Monitor
from bavn.actor.protect.enforcers.unbound import Unbound
from bavn.actor.sense.suricata.live import SuricataLive
from bavn.actor.store.columns import ColumnStore
from bavn.app.config.load import read_node
from bavn.app.node import list_service, sigma_files
from bavn.app.node import service as node_service
from bavn.app.node.canary import NodeCanary
from bavn.app.node.health.files import HEALTH_FILE
from bavn.app.node.parts import build
from bavn.app.node.rule_keeper import RuleKeeper
from bavn.app.node.service import NodeService
from bavn.app.node.zone_service import ZoneService
from bavn.app.process.letting_go import LettingGo, name_of
from tests.app.waiting import free_port, until

from .test_containment import STEPS, broken, everything, failing, look, quiet, raises, short

SERVICE_STEPS = {
    "step check": "parts.check",
    "step commons": "parts.door.commons.prepare",
    "step shares": "parts.door.shares.prepare",
    "step zone": "parts.zone.run",
    "step lists": "_lists.run",
    "step hear": "_take",
    "step talk": "_serve",
    "step pull": "_pulled",
    "step siem": "parts.siem.turn",
}
"""What the threads of the service do themselves."""
NOT_STEPS = {"step close"}
"""Said by name only at the stop; walked there."""


def test_the_walk_covers_every_step_of_every_thread_of_the_service() -> None:
    tree = ast.parse(inspect.getsource(node_service))
    threads = {
        ast.unparse(kept.value)
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "threading.Thread"
        for kept in call.keywords
        if kept.arg == "args"
    }
    work = ("_talk", "_watch", "_look", "_keep", "_check", "_pull", "_share_commons", "_make_shares", "_tell_siem")
    assert threads == {f"(self.{name},)" for name in work} | {"(served,)"}, "a thread that nobody walks"
    named = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("step ")
    }
    assert named - NOT_STEPS <= {*STEPS, *SERVICE_STEPS}


def listening(file: Path) -> Path:
    """The same with lists that are served, and a SIEM that is told."""
    siem = '[siem]\nto = "file"\nevents_file = "siem.ndjson"\n'
    file.write_text(
        file.read_text().replace("[enforce]\n", f'[enforce]\nlist_listen = "127.0.0.1:{free_port()}"\n') + siem
    )
    return file


@pytest.mark.slow
def test_each_thread_of_the_service_may_fail_and_works_again(short, quiet, monkeypatch) -> None:
    for name, value in (("RETRY_S", 0.05), ("TURN_S", 0.05), ("IDLE_S", 0.05), ("END_S", 0.1), ("SERVES_S", 0.3)):
        monkeypatch.setattr(node_service, name, value)
    monkeypatch.setattr(node_service, "SIEM_EVERY_S", 1)
    monkeypatch.setattr(node_service, "CLOSE_S", 60.0)  # what a busy machine takes is no matter here
    service = NodeService(read_node(listening(everything(short))))
    parts, undo = service.parts, []
    for path in SERVICE_STEPS.values():
        *way, method = path.split(".")
        owner = service
        for name in way:
            owner = getattr(owner, name)
        undo.append((owner, method, getattr(owner, method)))
        setattr(owner, method, raises)
    thread = threading.Thread(target=service.run, daemon=True)
    try:
        thread.start()
        for work in (service._pull, service._share_commons, service._make_shares):
            threading.Thread(target=service._guarded, args=(work,), daemon=True).start()
        until(lambda: failing(parts) >= set(SERVICE_STEPS), 30, lambda: set(SERVICE_STEPS) - failing(parts))
        assert thread.is_alive()
        for owner, method, real in undo:
            setattr(owner, method, real)
        until(lambda: not failing(parts) & set(SERVICE_STEPS), 30, lambda: failing(parts))
        assert thread.is_alive()
    finally:
        service.stop()
        thread.join(90)
    assert not thread.is_alive()
    assert service.stuck == ()


STARTS = {
    "rule keeper": (RuleKeeper, "parts.rule_keeper"),
    "packet keeper": (Keeper, "parts.keeper"),
    "zone service": (ZoneService, "parts.zone"),
    "canary": (NodeCanary, None),
    "counts": (Counting, None),
    "sigma rules": (sigma_files, None),
    "list service": (list_service, "_lists"),
}
"""What a node can start without: what makes it, and where it would stand."""


def _name_of(function: ast.expr) -> str:
    """As it is called: ``begun(...)``, or ``start.begin(...)``."""
    return getattr(function, "attr", getattr(function, "id", ""))


def test_the_walk_covers_every_part_that_a_node_can_start_without() -> None:
    """What ``build`` itself begins is walked in test_node_start.py."""
    begun, built = set(), set()
    for file in (Path(bavn.app.__path__[0]) / "node").rglob("*.py"):
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and _name_of(call.func) in ("begin", "begun"):
                names = {given.value for given in call.args if isinstance(given, ast.Constant)}
                (built if file.stem in ("parts", "detecting") else begun).update(names)
    assert begun <= set(STARTS) <= begun | built


@pytest.mark.slow
def test_what_cannot_be_made_at_the_start_keeps_no_node_from_starting_without_it(short, quiet, monkeypatch) -> None:
    file = listening(everything(short))
    file.write_text(file.read_text() + '[hunt]\nsigma_files = ["own.yml"]\n')
    with monkeypatch.context() as broke:
        for made, _ in STARTS.values():
            if inspect.isclass(made):
                broken(broke, made, "__init__")
        broken(broke, sigma_files, "sigma_rules")
        broken(broke, list_service, "list_app")
        service = NodeService(read_node(file))
    parts = service.parts
    try:
        assert failing(parts) == set(STARTS)
        assert {part.latest.during for part in parts.failures.failing()} == {"start"}
        for _, where in STARTS.values():
            owner = service
            for name in where.split(".") if where else ():
                owner = getattr(owner, name)
            assert owner is None or where is None
        look(parts)
        parts.protect.start()
        parts.talker.serve()
        service._keep_rules()
        parts.recorder.step()
        assert parts.protect.force.down == ()
        assert failing(parts) == set(STARTS), "they stay told, and everything else works"
        assert [one.name for one in parts.monitor.turns if one.account.broken] == []
        said = (short / "data" / HEALTH_FILE).read_text()
        assert all(f"{part} fails" in said for part in STARTS), "shown to whoever looks at the node's health"
    finally:
        parts.close()


def test_whatever_cannot_be_let_go_of_at_the_stop_everything_else_is(short, quiet, monkeypatch) -> None:
    registered, let_go, real = [], [], LettingGo.callback

    def callback(self, kept, *given, **more):
        registered.append(name_of(kept))

        def close():
            let_go.append(name_of(kept))
            kept(*given, **more)
            raises()

        close.__qualname__ = name_of(kept)
        return real(self, close)

    monkeypatch.setattr(LettingGo, "callback", callback)
    parts = build(read_node(everything(short)))
    parts.close()
    assert let_go == registered[::-1]
    assert {"Book", "ColumnStore", "ZoneService"} <= set(registered)
    told = {part.part for part in parts.failures.failing() if part.latest.during == "stop"}
    assert told == {f"close {name}" for name in registered}


@pytest.mark.slow
def test_what_fails_to_stop_keeps_nothing_else_from_stopping(short, quiet, monkeypatch) -> None:
    service = NodeService(read_node(listening(everything(short))))
    parts, stopped = service.parts, set()
    for owner in (Monitor, ZoneService, ColumnStore):

        def stop(self, real=owner.stop):
            stopped.add(type(self).__name__)
            real(self)
            raises()

        monkeypatch.setattr(owner, "stop", stop)
    thread = threading.Thread(target=service.run, daemon=True)
    thread.start()
    service.stop()
    thread.join(20)
    assert not thread.is_alive()
    assert stopped == {"Monitor", "ZoneService", "ColumnStore"}
    assert {f"stop {name}" for name in stopped} <= failing(parts)
    assert "step close" not in failing(parts)


@pytest.mark.slow
@pytest.mark.suricata
def test_a_sensor_that_hangs_ends_with_a_node_whose_look_hangs_too(short, monkeypatch) -> None:
    monkeypatch.setattr(node_service, "STOP_S", 1.0)
    before = set(threading.enumerate())
    (short / "node.toml").write_text(
        '[node]\nactor = "north"\nhomes = ["10.0.0.0/8"]\n[sense]\nsuricata_interface = "lo"\n'
    )
    service = NodeService(read_node(short / "node.toml"))
    sensor = next(one for one in service.parts.monitor.sources if isinstance(one, SuricataLive))
    hangs, let_go, real = threading.Event(), threading.Event(), Monitor.look

    def look_and_hang(self):
        try:
            return real(self)
        finally:
            if sensor.running():
                hangs.set()
                let_go.wait(120)

    monkeypatch.setattr(Monitor, "look", look_and_hang)
    thread = threading.Thread(target=service.run, daemon=True)
    thread.start()
    try:
        assert hangs.wait(90)
        process = sensor._process
        process._process.send_signal(signal.SIGSTOP)
        service.stop()
        thread.join(30)
        assert not thread.is_alive()
        assert "look" in service.stuck
        assert process.ended() == -signal.SIGKILL
    finally:
        let_go.set()
        for left in set(threading.enumerate()) - before:
            left.join(30)
        sensor.close()
        service.parts.rule_keeper._line.close()  # as the end of the process does


def test_a_disk_that_hangs_at_the_close_keeps_no_resolver_running(short, quiet, monkeypatch) -> None:
    monkeypatch.setattr(node_service, "CLOSE_S", 0.5)
    ended, let_go = threading.Event(), threading.Event()
    monkeypatch.setattr(Unbound, "ensure", lambda _: None)
    monkeypatch.setattr(Unbound, "end", lambda _: ended.set())
    service = NodeService(read_node(everything(short)))
    assert service._config.enforce.resolver_listen
    monkeypatch.setattr(service.parts.recorder, "step", lambda **_: let_go.wait(60))
    try:
        service._end([])
        assert ended.is_set()
        assert service.stuck == ("close",)
    finally:
        let_go.set()
