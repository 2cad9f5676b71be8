"""Each fault under a running node breaks a promise: in its health file, its metrics, its alarms, and by exit code."""

import json
import re
import sqlite3
import threading
import time
from types import SimpleNamespace

import pytest

from bavn.actor.sense.base import Loss
from bavn.actor.store.history import History
from bavn.app.cli.main import _run
from bavn.app.config.load import CENTRE_KEYS, KEYHOLDER_KEYS, read_node
from bavn.app.node.health.files import ACKNOWLEDGED_FILE, HEALTH_FILE
from bavn.app.node.health.progress import Progress
from bavn.app.node.health.promises import _OF, NODE_PROMISES
from bavn.app.node.parts import build
from bavn.app.node.service import NodeService
from bavn.app.process.chain_walk import AGAIN_US, TAIL_EVERY_US, Chain, ChainWalk
from bavn.app.process.exits import Exit
from bavn.model.failure import FailingPart, Failure
from bavn.model.health import Breach, judged, well
from bavn.model.moment import HOUR_US, MINUTE_US
from bavn.model.text import Text
from bavn.wire.ledger import Note
from bavn.wire.shut import ShutGate, ShutGates
from tests.app import records
from tests.app.waiting import until

FLOW = records.flow(1_795_514_400)
NOTE = Note(kind="Report", item_id="ab" * 32, peer="centre")
NODE = '[node]\nactor = "region-a"\n{more}[sense]\neve_file = "eve.json"\n[store]\nage_days_max = 3650\n'
HEALTH = '[health]\nmetrics_file = "bavn.prom"\ndisk_free_mb_min = 0\nsilent_s_max = 0\n'


class Node:
    """A node in this process, whose threads' turns are taken by the test."""

    def __init__(self, folder, more=""):
        self.file = folder / "node.toml"
        (folder / "eve.json").write_text(records.lines([FLOW]))
        self.file.write_text(NODE.format(more=more) + HEALTH)
        self.folder = folder / "data"
        self.parts = None

    def start(self):
        self.parts = build(read_node(self.file))
        self.parts.recorder.tick = None  # its clock is moved on by the tests
        return self

    def turn(self):
        """What the threads do in a few seconds; what the node then says of itself."""
        self.parts.monitor.look()
        self.parts.check()
        return self.step()

    def step(self):
        self.parts.recorder.step()
        return self.told()

    def told(self):
        return json.loads((self.folder / HEALTH_FILE).read_text())

    def close(self):
        if self.parts is not None:
            self.parts.close()
            self.parts = None


@pytest.fixture
def node(tmp_path):
    made = Node(tmp_path)
    yield made.start()
    made.close()


@pytest.fixture
def member(stand, tmp_path):
    """A node of a real centre that is its key holder too."""
    (tmp_path / "node").mkdir()
    more = f'centre_url = "{stand.url}"\nkeyholder_urls = ["{stand.url}"]\n'
    made = Node(tmp_path / "node", more)
    made.folder.mkdir()
    stand.enrol("region-a").folder.rename(made.folder / CENTRE_KEYS)
    (made.folder / f"{KEYHOLDER_KEYS}-1").mkdir()
    for file in (made.folder / CENTRE_KEYS).iterdir():
        (made.folder / f"{KEYHOLDER_KEYS}-1" / file.name).write_bytes(file.read_bytes())
        (made.folder / f"{KEYHOLDER_KEYS}-1" / file.name).chmod(0o600)
    (made.folder / f"{KEYHOLDER_KEYS}-1").chmod(0o700)
    yield made
    made.close()


def broken(told):
    return [one["code"] for one in told["promises"] if one["state"] == "broken"]


def unknown(told):
    return [one["code"] for one in told["promises"] if one["state"] == "unknown"]


def promise(told, code):
    return next(one for one in told["promises"] if one["code"] == code)


def gauge(node, name):
    page = (node.file.parent / "bavn.prom").read_text()
    return {
        label: float(value) for label, value in re.findall(rf'^{name}(?:{{\w+="(\w+)"}})? (\S+)$', page, re.MULTILINE)
    }


def asked(node, monkeypatch, capsys, *options):
    monkeypatch.setattr("sys.argv", ["bavn", "node", "health", "--config", str(node.file), *options])
    code = _run()
    return code, capsys.readouterr().out


@pytest.mark.slow
def test_well_is_said_when_all_was_checked_and_not_before(node, monkeypatch, capsys) -> None:
    told = node.step()
    assert set(unknown(told)) == {"sources_read", "ledger_whole"}
    assert (told["healthy"], told["problems"], gauge(node, "bavn_node_healthy")) == (False, [], {"": 0.0})
    code, said = asked(node, monkeypatch, capsys)
    assert code == Exit.UNHEALTHY
    assert said.startswith("Nothing is known to be wrong, but not all is checked yet:")
    assert "? the ledger's chain holds: not checked yet (it is being read)" in said
    told = node.turn()
    assert (told["healthy"], broken(told), unknown(told)) == (True, [], [])
    assert asked(node, monkeypatch, capsys)[0] == Exit.OK
    assert set(gauge(node, "bavn_promise_kept").values()) == {1.0}


@pytest.mark.slow
def test_a_node_that_the_centre_and_key_holder_refuse_is_not_well(member, stand, monkeypatch, capsys) -> None:
    """Revoked, under the node's own threads."""
    monkeypatch.setattr("bavn.app.node.service.PULL_WAIT_S", 0.5)
    service = NodeService(read_node(member.file))
    thread = threading.Thread(target=service.run, daemon=True)
    thread.start()
    try:
        until((member.folder / HEALTH_FILE).exists, 40)
        until(lambda: member.told()["healthy"], 40, lambda: member.told()["promises"])
        stand.centre.registry.revoke("region-a")
        until(lambda: "centre_accepts" in broken(member.told()), 40, lambda: member.told()["promises"])
        told = member.told()
        assert {"centre_accepts"} <= {*broken(told)} <= {"centre_accepts", "keyholder_accepts"}, told["problems"]
        assert promise(told, "centre_accepts")["act"] == "other-side"
        assert (told["healthy"], gauge(member, "bavn_node_healthy")) == (False, {"": 0.0})
        code, said = asked(member, monkeypatch, capsys)
        assert code == Exit.UNHEALTHY
        assert "! the centre refuses this node: the centre answered 403" in said
        assert "Who must act: the other side." in said
    finally:
        service.stop()
        thread.join(15)
    assert not thread.is_alive()


@pytest.mark.slow
def test_a_key_holder_that_refuses_is_told(member, stand) -> None:
    member.start()
    member.turn()
    stand.centre.registry.suspend("region-a")
    told = again_later(member)
    assert "keyholder_accepts" in broken(told)
    assert "refuses this node" in promise(told, "keyholder_accepts")["affected"]["en"]
    assert promise(told, "keyholder_accepts")["act"] == "other-side"
    stand.centre.registry.resume("region-a")
    assert "keyholder_accepts" not in broken(again_later(member))


def again_later(node, minutes=2):
    """The same, with the node's clock moved on."""
    before, ahead_us = node.parts.clock.now_us, minutes * MINUTE_US
    object.__setattr__(node.parts.clock, "now_us", lambda: before() + ahead_us)
    return node.turn()


@pytest.mark.slow
def test_a_centre_that_is_silent_is_told_with_since_when(member, stand) -> None:
    member.start()
    member.turn()
    stand.server.stop()
    stand.ended.wait(10)
    member.parts.talker.take_in(0.0)
    told = member.turn()
    assert "centre_accepts" not in broken(told), "one failure is none yet"
    member.parts.talker.take_in(0.0)
    told = again_later(member, 4)
    assert "centre_accepts" in broken(told)
    assert "has not answered for 4 minutes" in promise(told, "centre_accepts")["affected"]["en"]


@pytest.mark.slow
def test_what_was_lost_stays_said_over_a_restart_until_a_person_knows_of_it(node, monkeypatch, capsys) -> None:
    assert node.turn()["healthy"]
    source = node.parts.monitor.accounts[0].source
    lost = [Loss(what="spool_deleted", count=4000, unit="messages")]
    source.losses = lambda: tuple(lost)
    source.counts = dict
    told = node.turn()
    assert broken(told) == ["nothing_lost"]
    assert "4000 messages lost since" in promise(told, "nothing_lost")["affected"]["en"]
    assert "lost_spool_deleted" in [one["code"] for one in told["problems"]]
    assert node.parts.talker.condition().problems == ("capture-loss",)
    node.close()
    node.start()
    told = node.turn()
    assert broken(told) == ["nothing_lost"], "a restart forgets nothing"
    assert asked(node, monkeypatch, capsys, "--acknowledge", "--by", "anna")[0] == Exit.OK
    assert node.turn()["healthy"]
    assert "(local " in json.loads((node.folder / "health-acknowledged.json").read_text())["by"]


def test_what_was_lost_is_over_after_the_set_time(node) -> None:
    node.turn()
    node.parts.recorder._lost.count("syslog", "queue_full", "messages", 3, node.parts.clock.now_us())
    assert broken(node.turn()) == ["nothing_lost"]
    assert "nothing_lost" in broken(again_later(node, 23 * 60))
    assert "nothing_lost" not in broken(again_later(node, 2 * 60))


@pytest.mark.slow
def test_a_file_of_the_store_that_is_set_aside_is_told_with_its_rows(node, monkeypatch, capsys) -> None:
    assert node.turn()["healthy"]
    [segment] = [at for at in (node.folder / "store" / "segments" / "flow").rglob("*") if at.is_file()]
    data = bytearray(segment.read_bytes())
    data[len(data) // 2] ^= 0xFF
    segment.write_bytes(data)
    told = again_later(node, 11)
    assert broken(told) == ["store_whole"], told["store"]
    assert "store: 1 records lost since" in promise(told, "store_whole")["affected"]["en"]
    assert asked(node, monkeypatch, capsys)[0] == Exit.UNHEALTHY
    node.close()
    node.start()
    again_later(node, 12)
    assert broken(node.turn()) == ["store_whole"], "also after a restart"
    known = {"at_us": node.parts.clock.now_us(), "by": "anna"}
    (node.folder / ACKNOWLEDGED_FILE).write_text(json.dumps(known))
    assert broken(node.turn()) == []
    with History.read(node.folder / "store") as history:
        assert history.stats().damaged_rows == 1


@pytest.mark.slow
def test_a_byte_of_the_ledger_that_is_flipped_is_found_by_the_running_node(node, monkeypatch, capsys) -> None:
    for _ in range(20):
        node.parts.ledger.append(1, "door", "out", NOTE)
    assert node.turn()["healthy"]
    node.parts.book._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with sqlite3.connect(node.folder / "node.db") as outside:
        outside.execute("DROP TRIGGER ledger_keep_words")
        outside.execute("UPDATE ledger SET peer = 'centrf' WHERE seq = 7")
    outside.close()
    told = again_later(node, 2)
    assert broken(told) == ["ledger_whole"]
    assert "line 7 was changed after it was written" in promise(told, "ledger_whole")["affected"]["en"]
    assert gauge(node, "bavn_promise_kept")["ledger_whole"] == 0
    assert node.parts.talker.condition().problems == ("other",)
    node.parts.close()
    node.parts = None
    node.start()
    assert broken(node.turn()) == ["ledger_whole"], "and again after a restart"


@pytest.mark.slow
def test_a_reader_that_stands_is_not_a_silent_one(node) -> None:
    assert node.turn()["healthy"]
    source = node.parts.monitor.accounts[0].source
    source.poll = lambda: iter(())
    with (node.file.parent / "eve.json").open("a") as log:
        log.write((records.lines([FLOW])) * 20)
    assert broken(node.turn()) == []
    told = again_later(node, 6)
    assert broken(told) == ["sources_read"]
    assert [one["code"] for one in told["problems"]] == ["no_progress"]
    assert "has taken nothing in for 6 minutes" in promise(told, "sources_read")["affected"]["en"]
    del source.poll
    assert "sources_read" not in broken(node.turn())


def taken(rows, lag_bytes, broken=None):
    return records.figures("eve", rows=rows, lag_bytes=lag_bytes, caught_up_us=0, broken=broken)


def test_a_line_that_its_writer_has_not_ended_is_no_standing_reader() -> None:
    progress = Progress()
    for minute in range(30):
        assert progress.problems([taken(5, 200)], minute * MINUTE_US) == []
    assert [one.code for one in progress.problems([taken(5, 900)], 31 * MINUTE_US)] == ["no_progress"]
    assert progress.problems([taken(6, 900)], 32 * MINUTE_US) == []
    assert progress.problems([taken(6, 9000, broken="gone")], 60 * MINUTE_US) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("figures", "says"),
    [
        (
            {"fetched": {"loaded": 278, "wanted": 278, "off": 30_434}},
            "only 278 of 30,712 rules on: 30,434 switched off",
        ),
        ({"fetched": {"loaded": 278, "wanted": 30_712, "off": 0}}, "0 switched off, 30,434 left out"),
        ({"fetched": {"loaded": 900, "wanted": 900, "off": 0}, "loaded": 0}, "has loaded none of 900 rules"),
    ],
)
def test_a_rule_set_with_most_rules_off_is_told(node, figures, says) -> None:
    node.turn()
    node.parts.recorder.rules = lambda: ({"loaded": 1, "failed": 0, "failed_named": [], **figures}, ())
    told = node.turn()
    assert broken(told) == ["rules_loaded"]
    assert says in promise(told, "rules_loaded")["affected"]["en"]
    node.parts.recorder.rules = lambda: (
        {"loaded": 900, "failed": 0, "failed_named": [], "fetched": {"loaded": 900, "wanted": 910, "off": 300}},
        (),
    )
    assert node.turn()["healthy"]


@pytest.mark.slow
def test_enforcers_gates_and_failing_parts_are_told(node) -> None:
    node.turn()
    checks = node.parts.recorder.checks
    checks.enforcers = lambda: [("nftables", "")]
    told = node.turn()
    assert (broken(told), unknown(told)) == ([], ["enforcers_up"]), "one that was not tried yet is not down"
    checks.enforcers = lambda: [("nftables", "no such table")]
    shut = ShutGate(gate="protect", kind="Bundle", peer="centre", since_us=1, rule="pap", error="", item_id="i")
    ShutGates(node.parts.book).shut(shut)
    failure = Failure(part="detector beacon", during="work", error="ValueError: x", place="", at_us=1)
    checks.failing = lambda: [FailingPart(part="detector beacon", since_us=1, count=3, latest=failure)]
    told = node.turn()
    assert broken(told) == ["detectors_work", "enforcers_up", "gates_open"]
    assert "detectors" in node.parts.talker.condition().problems


@pytest.mark.slow
def test_what_waits_for_the_centre_and_never_grows_less_is_told(member) -> None:
    member.start()
    member.turn()
    waiting = [100]
    member.parts.recorder.queued = lambda: waiting[0]
    assert "queue_drains" not in broken(member.turn())
    waiting[0] = 200
    assert "200 messages wait" in promise(again_later(member, 31), "queue_drains")["affected"]["en"]
    waiting[0] = 150
    assert "queue_drains" not in broken(member.turn())


def test_each_problem_breaks_a_promise_that_exists() -> None:
    codes = [one.code for one in NODE_PROMISES]
    assert len(set(codes)) == len(codes)
    assert set(_OF.values()) <= set(codes)


def test_since_when_a_promise_has_stood_is_kept_until_it_changes() -> None:
    at = NODE_PROMISES[:1]
    breach = [Breach(code=at[0].code, text=Text.written("gone", da="væk"))]
    [first] = judged(at, breach, {}, {}, 5)
    [later] = judged(at, breach, {}, {at[0].code: (first.state, first.since_us)}, 9)
    [over] = judged(at, (), {}, {at[0].code: (later.state, later.since_us)}, 12)
    assert (first.since_us, later.since_us, over.since_us) == (5, 5, 12)
    assert (well([later]), well([over])) == (False, True)
    [unsure] = judged(at, (), {at[0].code: Text.written("not yet", da="ikke endnu")}, {}, 12)
    assert (unsure.state, unsure.since_us, well([unsure])) == ("unknown", None, False)


class Line(SimpleNamespace):
    def expected_hash(self):
        return f"h{self.seq}" if not self.flipped else "another"


def walk(lines, clock, tick):
    chain = Chain(
        every=lambda: iter(lines),
        newest=lambda count: lines[-count:],
        head=lambda: (lines[-1].seq, lines[-1].hash) if lines else (0, "0" * 64),
    )
    return ChainWalk(chain, clock, tick=tick)


def chained(count):
    return [
        Line(seq=n, prev=f"h{n - 1}" if n > 1 else "0" * 64, hash=f"h{n}", flipped=False) for n in range(1, count + 1)
    ]


@pytest.mark.slow
def test_a_long_chain_is_walked_a_part_at_a_time_and_its_end_each_minute() -> None:
    clock, ticks = SimpleNamespace(us=HOUR_US), iter(range(10**9))
    clock.now_us = lambda: clock.us
    lines = chained(5000)
    made = walk(lines, clock, lambda: next(ticks) * 0.01)
    turns = 0
    while not made.known():
        made.turn()
        turns += 1
    assert turns > 500, "five hundredths of a second at a time"
    lines[-1].flipped = True
    clock.us += TAIL_EVERY_US + 1
    made.turn()
    assert made.broken == "line 5000 was changed after it was written"
    lines[-1].flipped = False
    del lines[-10:]
    clock.us += TAIL_EVERY_US + 1
    made.turn()
    assert made.broken == "lines after 4990 are missing"


def test_a_chain_that_cannot_be_read_is_broken_and_a_locked_one_is_not() -> None:
    clock = SimpleNamespace(us=HOUR_US)
    clock.now_us = lambda: clock.us
    made = walk(chained(3), clock, time.monotonic)
    made.turn()
    assert (made.broken, made.known()) == ("", True)

    def refuse(error):
        def every():
            raise error
            yield

        return every

    made._chain = Chain(
        every=refuse(sqlite3.OperationalError("database is locked")), newest=made._chain.newest, head=made._chain.head
    )
    clock.us += AGAIN_US + 1
    made.turn()
    assert made.broken == ""
    made._chain = Chain(
        every=refuse(sqlite3.DatabaseError("malformed")), newest=made._chain.newest, head=made._chain.head
    )
    made._lines = None
    made.turn()
    assert made.broken == "line 1 cannot be read: malformed"
