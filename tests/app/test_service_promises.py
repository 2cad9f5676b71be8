"""What a centre and a key holder promise: each fault under a running one breaks its promise, and is an alarm."""

import json
import time
from contextlib import ExitStack
from types import SimpleNamespace

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from typer.testing import CliRunner

from bavn.app.centre import health as centre_health
from bavn.app.centre.health import CENTRE_HEALTH_FILE, CENTRE_PROMISES, say_away, watched_centre
from bavn.app.centre.member_metrics import MemberCollector
from bavn.app.centre.parts import build, init
from bavn.app.cli.main import app
from bavn.app.config.load import read_centre, read_keyholder
from bavn.app.keyholder.health import KEYHOLDER_HEALTH_FILE, KEYHOLDER_PROMISES, TidyWatch, watched_keyholder
from bavn.app.keyholder.parts import build as build_keyholder
from bavn.app.keyholder.parts import init as init_keyholder
from bavn.app.process.exits import Exit
from bavn.app.process.real import SystemClock
from bavn.app.process.service_health import PromiseFinding, ServiceHealth
from bavn.app.process.step_watch import StepWatch
from bavn.centre.books.rounds import SqlRoundBook
from bavn.centre.cases import audit
from bavn.centre.cases.intelligence.sources import Sources
from bavn.centre.cases.tables import AUDIT
from bavn.centre.correlate.round_state import KeepRound, Phase, Round
from bavn.centre.share.misp_runs import MispRuns
from bavn.centre.store.engine import writing
from bavn.model.health import STEP_LATE_S
from bavn.model.moment import MINUTE_US
from bavn.model.sector.alarm import KINDS, NODE_KINDS
from bavn.model.sector.intel import Source
from bavn.model.sector.member import ActorState
from bavn.model.text import Text
from bavn.psi.round import PROTOCOL_VERSION, RoundParams
from bavn.wire.ledger import Ledger, Note
from bavn.wire.shut import ShutGate, ShutGates

NOTE = Note(kind="Report", item_id="ab" * 32, peer="north")


@pytest.fixture
def centre(tmp_path):
    """A centre in this process, watched; its step is taken by the test."""
    config = tmp_path / "centre.toml"
    config.write_text("[place]\nport = 0\ndisk_free_mb_min = 0\n")
    file = read_centre(config)
    init(file)
    with ExitStack() as open_:
        parts = open_.enter_context(build(file))
        for _, taken in parts.server._served:
            open_.callback(taken.close)
        health = open_.enter_context(watched_centre(file, parts, parts.steps))
        health._ended.set()
        health._thread.join()
        yield SimpleNamespace(config=config, file=file, parts=parts, health=health)


def turn(centre):
    """What its thread does; what it then says of itself."""
    for walk in centre.health._walks.values():
        walk._tail_due_us = walk._next_us = 0
        walk._lines = None
        walk.turn()
    centre.health.step()
    return json.loads((centre.file.folder / CENTRE_HEALTH_FILE).read_text())


def stands(told):
    return {one["code"]: one["state"] for one in told["promises"]}


def broken(told):
    return {one["code"]: one["affected"]["en"] for one in told["promises"] if one["state"] == "broken"}


def test_a_centre_whose_promises_are_kept_is_well_and_a_database_or_partners_misp_that_refuses_is_told(
    centre, monkeypatch
) -> None:
    told = turn(centre)
    assert set(stands(told).values()) == {"kept"}, told["promises"]
    assert stands(told).keys() == {one.code for one in CENTRE_PROMISES} - {"siem_takes"}  # none is set here
    said = CliRunner().invoke(app, ["centre", "health", "-c", str(centre.config)])
    assert (said.exit_code, said.output.splitlines()[0]) == (Exit.OK, "It is well.")
    registry = CollectorRegistry()
    registry.register(
        MemberCollector(
            tuple,
            dict,
            centre.file.folder,
            SystemClock(),
            alarms=tuple,
            chains=dict,
            promises=centre.health.promises_as_json,
        )
    )
    assert 'bavn_promise_kept{promise="audit_whole"} 1.0' in generate_latest(registry).decode()
    runs = MispRuns(centre.parts.book, SystemClock())
    runs.note("cert", "push", "centre", failure="it answers 403")
    look = centre_health.misps_promise(runs, ["cert", "other"])
    assert [one.en for one in look.wrong] == ["cert, push: it answers 403"]
    runs.note("cert", "push", "centre")
    assert centre_health.misps_promise(runs, ["cert"]) == PromiseFinding()
    monkeypatch.setattr(centre_health, "_reached", lambda _: 1 / 0)
    told = turn(centre)
    assert (stands(told)["database_reached"], told["healthy"]) == ("unknown", False)
    say_away(centre.file, "the database does not answer")
    told = json.loads((centre.file.folder / CENTRE_HEALTH_FILE).read_text())
    assert broken(told) == {"database_reached": "the database does not answer"}


def test_a_byte_of_the_audit_log_that_is_flipped_is_found_and_is_an_alarm(centre) -> None:
    engine = centre.parts.engine
    with writing(engine) as tx:
        for _ in range(5):
            audit.note(tx, 1, "anna", "source-add", "misp", {})
    assert broken(turn(centre)) == {}
    with writing(engine) as tx:
        tx.execute(AUDIT.update().where(AUDIT.c.seq == 3).values(who="annb"))
    told = turn(centre)
    assert broken(told) == {"audit_whole": "line 3 was changed after it was written"}
    centre.parts.centre.desk.alarms.step(tuple)
    [alarm] = centre.parts.centre.desk.alarms.every(standing=True)
    assert (alarm.actor, alarm.kind) == ("", "chain")
    assert "line 3" in alarm.text.en
    said = CliRunner().invoke(app, ["centre", "health", "-c", str(centre.config), "--language", "da"])
    assert said.exit_code == Exit.UNHEALTHY
    assert "revisionsloggens kæde holder: brudt" in said.output


def test_a_shut_gate_a_failing_part_and_a_byte_of_the_ledger_that_is_flipped_are_told(centre) -> None:
    ledger = Ledger(centre.parts.book)
    for _ in range(5):
        ledger.append(1, "inbox", "in", NOTE)
    assert broken(turn(centre)) == {}
    with centre.parts.book.transaction() as tx:
        tx.execute("DROP TRIGGER ledger_keep_words")
        tx.execute("UPDATE ledger SET peer = 'south' WHERE seq = 2")
    assert broken(turn(centre)) == {"ledger_whole": "line 2 was changed after it was written"}
    shut = ShutGate(
        gate="inbox", kind="Report", peer="north", since_us=1, rule="is_them", error="KeyError", item_id="i"
    )
    ShutGates(centre.parts.book).shut(shut)
    centre.parts.failures.note("correlator share", ValueError("x"))
    centre.parts.failures.note(shut.part, ValueError("x"))
    said = broken(turn(centre))
    assert said.keys() == {"gates_open", "parts_work", "ledger_whole"}
    assert said["gates_open"] == "gate inbox is shut for Report of north since the rule is_them failed"
    assert said["parts_work"] == "correlator share fails (once): ValueError: x"


def test_a_source_of_intelligence_that_fails_or_is_suspended_or_forgotten_is_told(centre) -> None:
    sources = Sources(centre.parts.engine, SystemClock())
    for name in ("abuse", "misp"):
        sources.add(Source(name=name, kind="list", place="https://x.example/list", every_minutes=5), by="anna")
    assert broken(turn(centre)) == {}
    sources.suspend("misp", "anna", "noise")
    sources.begin("abuse")
    sources.tried("abuse", Text.plain("it answers 500"))
    sources.let_go("abuse")
    said = broken(turn(centre))["intelligence_read"]
    assert said == "abuse fails: it answers 500; misp is suspended: noise"
    centre.parts.centre.desk.alarms.step(tuple)
    assert [one.kind for one in centre.parts.centre.desk.alarms.every(standing=True)] == ["intelligence"]
    sources.resume("misp", "anna", "mended")
    sources.synced("abuse")
    assert broken(turn(centre)) == {}
    later = SimpleNamespace(now_us=lambda: SystemClock().now_us() + 60 * MINUTE_US)
    assert "was not asked for one hour" in centre_health.sources_promise(sources, later).wrong[0].en


def closed_round(number, uploads, tier="A", phase=Phase.VOID):
    """A round of three members that takes no more uploads, or one that still does."""
    params = RoundParams(
        version=PROTOCOL_VERSION,
        epoch=1,
        round_id=bytes([number]) * 16,
        registry_version=1,
        tier=tier,
        t=3,
        m=1000,
        r=2,
    )
    return Round(
        params=params,
        members=(("east", 1), ("north", 2), ("west", 3)),
        phase=phase,
        opened_us=number * MINUTE_US,
        deadline_us=number * MINUTE_US,
        closes_us=number * MINUTE_US,
        uploads=uploads,
    )


def heard(*names, ago_us=0):
    """Members whose nodes were heard from so long ago."""
    health = SimpleNamespace(received_us=SystemClock().now_us() - ago_us)
    return [SimpleNamespace(actor=SimpleNamespace(name=name, state=ActorState.ACTIVE), health=health) for name in names]


def test_rounds_that_come_to_nothing_while_members_are_up_are_told(centre, monkeypatch) -> None:
    book = SqlRoundBook(centre.parts.engine)

    def look(members, now_us=None):
        return centre_health.rounds_promise(
            centre.parts.engine, ["A", "B"], lambda: members, now_us or SystemClock().now_us()
        )

    everybody = heard("east", "north", "west")
    book.write([KeepRound(closed_round(1, 3, phase=Phase.CLOSED)), KeepRound(closed_round(2, 0))])
    book.write([KeepRound(closed_round(3, 2))])
    assert look(everybody) == PromiseFinding([]), "the first of the three came through"
    book.write([KeepRound(closed_round(5, 0, phase=Phase.UPLOADS)), KeepRound(closed_round(9, 0, tier="B"))])
    assert look(everybody) == PromiseFinding([]), "one that still takes uploads is no round that came to nothing"
    book.write([KeepRound(closed_round(4, 1))])
    [said] = look(everybody).wrong
    assert said.en == (
        "the latest rounds of tier A came to nothing (uploads to the last: 1; needed: 3; members heard from: 3)"
    )
    assert look([]) == look(heard("east", "north")) == PromiseFinding([]), "nodes that are down are another promise"
    assert look(heard("east", "north", "west", ago_us=60 * MINUTE_US)) == PromiseFinding([])
    assert broken(turn(centre)) == {}
    tier = centre.file.centre.tiers[0].name
    book.write([KeepRound(closed_round(number, 0, tier=tier)) for number in (21, 22, 23)])
    monkeypatch.setattr(type(centre.parts.centre.desk), "members", lambda _: everybody)
    monkeypatch.setattr(centre_health, "nodes_promise", lambda *_: PromiseFinding())
    assert broken(turn(centre)).keys() == {"rounds_through"}
    book.write([KeepRound(closed_round(24, 3, tier=tier, phase=Phase.REVEAL))])
    assert broken(turn(centre)) == {}


def test_a_step_that_hangs_or_does_not_come_is_told() -> None:
    now = [0.0]
    watch = StepWatch(lambda: now[0])
    said = []

    def hangs():
        now[0] += STEP_LATE_S + 1
        said.append(watch.look())

    watch.around(hangs)()
    assert said[0].wrong[0].en == "a step has run for 61 s"
    assert watch.look() == PromiseFinding()
    now[0] += STEP_LATE_S + 5
    assert watch.look().wrong[0].en == "no step for 65 s"


def test_a_look_that_fails_keeps_no_other_from_being_looked_at(tmp_path) -> None:
    looks = {"disk_room": lambda: 1 / 0, "certificates": lambda: PromiseFinding((Text.written("ended", da="udløbet"),))}
    health = ServiceHealth(tmp_path / "x-health.json", CENTRE_PROMISES, SystemClock(), looks, {})
    health.step()
    told = json.loads((tmp_path / "x-health.json").read_text())
    assert stands(told)["disk_room"] == "unknown"
    assert broken(told) == {"certificates": "ended"}
    assert told["healthy"] is False


@pytest.mark.parametrize(
    ("change", "first"),
    [
        ({"pid": 2**22 + 1}, "It does not run, or hangs"),
        ({"at_us": 5}, "It does not run, or hangs"),
        ({"stopped": True}, "It was stopped at"),
    ],
)
@pytest.mark.parametrize("party", ["keyholder", "centre"])
def test_of_one_that_does_not_run_nothing_is_said_to_be_kept(tmp_path, party, change, first) -> None:
    config = tmp_path / f"{party}.toml"
    config.write_text("")
    read, name, promises = {
        "keyholder": (read_keyholder, KEYHOLDER_HEALTH_FILE, KEYHOLDER_PROMISES),
        "centre": (read_centre, CENTRE_HEALTH_FILE, CENTRE_PROMISES),
    }[party]
    file = read(config).folder / name
    file.parent.mkdir(exist_ok=True)
    looks = {promise.code: PromiseFinding for promise in promises} | {
        "disk_room": lambda: PromiseFinding((Text.plain("full"),))
    }
    ServiceHealth(file, promises, SystemClock(), looks, {}).step()
    kept = f"{len(promises) - 1} of {len(promises)} promises are checked and kept."
    running = CliRunner().invoke(app, [party, "health", "-c", str(config)]).output
    assert kept in running
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    said = CliRunner().invoke(app, [party, "health", "-c", str(config)])
    assert said.exit_code == Exit.UNHEALTHY
    assert said.output.startswith(first)
    assert "checked and kept" not in said.output
    assert "nobody knows which promises are kept" in said.output
    assert "the disk has room: broken" in said.output


@pytest.mark.slow
def test_a_key_holder_says_how_it_is(tmp_path) -> None:
    config = tmp_path / "keyholder.toml"
    config.write_text("[place]\nport = 0\n")
    file = read_keyholder(config)
    init_keyholder(file)
    server, book = build_keyholder(file)
    tidying = TidyWatch()
    server.tidy = tidying.around(server.tidy)
    with book, watched_keyholder(file, book, tidying) as health:
        server.close()
        ledger = Ledger(book)
        for _ in range(3):
            ledger.append(1, "keys", "in", NOTE)
        health.step()
        told = json.loads((file.folder / KEYHOLDER_HEALTH_FILE).read_text())
        assert stands(told)["secrets_destroyed"] == "unknown"
        server.tidy()
        until = time.monotonic() + 20
        while not told["healthy"] and time.monotonic() < until:
            time.sleep(0.1)
            health.step()
            told = json.loads((file.folder / KEYHOLDER_HEALTH_FILE).read_text())
        said = CliRunner().invoke(app, ["keyholder", "health", "-c", str(config)])
        assert (said.exit_code, said.output) == (Exit.OK, "It is well.\n7 of 7 promises are checked and kept.\n")
        with book.transaction() as tx:
            tx.execute("DROP TRIGGER ledger_keep_words")
            tx.execute("UPDATE ledger SET peer = 'south' WHERE seq = 2")
        health._walks["ledger_whole"]._tail_due_us = 0
        health._walks["ledger_whole"].turn()
        health.step()
        assert CliRunner().invoke(app, ["keyholder", "health", "-c", str(config)]).exit_code == Exit.UNHEALTHY
    said = CliRunner().invoke(app, ["keyholder", "health", "-c", str(config)])
    assert said.output.startswith("It was stopped at")


def test_what_only_the_centre_finds_no_node_can_say() -> None:
    assert {"chain", "intelligence", "late"} <= set(KINDS) - set(NODE_KINDS)
