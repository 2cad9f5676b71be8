"""What a person asks of a running node on the command line is left in its book; what makes no sense is refused."""

import json
import logging
import os
import socket

import pytest

from bavn.actor.door.conversations.canary_book import CanaryBook
from bavn.actor.door.kept_back import KeptBack
from bavn.actor.door.rounds.labels import CENTRE
from bavn.actor.protect.requests import requests
from bavn.actor.protect.state import Item, State
from bavn.actor.store.columns import ColumnStore
from bavn.app.acts.act import ActRefused
from bavn.app.cli.ledger import _says
from bavn.app.cli.node.main import app
from bavn.app.config.load import read_node
from bavn.app.node.health.recorder import Recorder
from bavn.app.node.service import Complaints
from bavn.app.process.exits import Exit, Stop
from bavn.app.process.real import SystemClock
from bavn.wire.book import Book
from bavn.wire.ledger import Ledger
from bavn.wire.links.key_points import KeyPoints
from bavn.wire.shut import ShutGate, ShutGates, shut_gates
from tests.people import Runner as CliRunner

KNOWN = "indicator--00000000-0000-5000-8000-000000000001"


@pytest.fixture
def config(tmp_path):
    file = tmp_path / "node.toml"
    file.write_text('[node]\nactor = "north"\n')
    (tmp_path / "data").mkdir()
    with Book(tmp_path / "data/node.db") as book:
        State(book).keep(
            Item(
                indicator_id=KNOWN,
                version=1,
                bundle="{}",
                type="domain",
                value="evil-c2.com",
                act="block",
                standing="waiting",
                rule="person",
                reason="asked first",
                until_us=1,
                decided_us=0,
            )
        )
    return file


def left(config):
    with Book(config.parent / "data/node.db") as book:
        return [(wish.act, wish.indicator_id, wish.by) for wish in requests(book)]


@pytest.mark.parametrize(
    ("words", "wish"),
    [
        (["approve", KNOWN], ("approve", KNOWN, "anna")),
        (["lift", KNOWN], ("lift", KNOWN, "anna")),
        (["kill-switch", "on"], ("kill", "", "anna")),
        (["kill-switch", "off"], ("revive", "", "anna")),
    ],
)
def test_a_wish_is_left_for_the_running_node(config, words, wish) -> None:
    (config.parent / "data" / "health.json").write_text(json.dumps({"stopped": False, "pid": os.getpid()}))
    done = CliRunner().invoke(app, [*words, "--config", str(config), "--by", "anna"])
    assert done.exit_code == 0, done.output
    assert "next step" in done.output
    assert left(config) == [wish]


@pytest.mark.parametrize("act", ["approve", "lift"])
def test_an_indicator_that_nobody_knows_is_one_clear_error(config, act) -> None:
    done = CliRunner().invoke(app, [act, "indicator--nobody", "--config", str(config)])
    assert isinstance(done.exception, Stop)
    assert done.exception.code is Exit.NOT_FOUND
    assert left(config) == []


VALUES = {
    "a": ("domain", "cdn.bad.org"),
    "b": ("domain", "bad.org"),
    "c": ("ip4", "203.0.114.9"),
    "d": ("ja3", "0" * 32),
}


@pytest.fixture
def many(config):
    """Some more that wait, one of them for an enforcer."""
    with Book(config.parent / "data/node.db") as book:
        for name, (kind, value) in VALUES.items():
            rule = "carried" if name == "c" else "confidence"
            State(book).keep(
                Item(
                    indicator_id=f"indicator--{name}",
                    version=1,
                    bundle="{}",
                    type=kind,
                    value=value,
                    act="block",
                    standing="waiting",
                    rule=rule,
                    reason="",
                    until_us=1,
                    decided_us=0,
                )
            )
    (config.parent / "data" / "health.json").write_text(json.dumps({"stopped": False, "pid": os.getpid()}))
    return config


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Bad.Org", "b"),
        ("domain:bad.org", "b"),
        ("203.0.114.9", "c"),
        ("203.0.114.0/24", "c"),
        ("https://www.cdn.bad.org:8443/x?y#z", "ab"),
        ("http://203.0.114.9/x", "c"),
        ("*.bad.org", "ab"),
        ("https://*.bad.org/*", "ab"),
        ("cdn.*", "a"),
        ("203.0.114.*", "c"),
        (f"ja3:{'0' * 32}", "d"),
        ("indicator--d", "d"),
    ],
)
def test_approve_takes_values_pages_networks_and_patterns_and_says_which(many, text, named) -> None:
    done = CliRunner().invoke(app, ["approve", text, "--config", str(many), "--by", "anna"])
    assert done.exit_code == 0, done.output
    assert sorted(left(many)) == [("approve", f"indicator--{name}", "anna") for name in named]
    for name in named:
        kind, value = VALUES[name]
        assert f"approve indicator--{name} ({kind}:{value}): The running node does it" in done.output


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("other.org", Exit.NOT_FOUND),
        ("*.other.org", Exit.NOT_FOUND),
        ("198.51.100.0/24", Exit.NOT_FOUND),
        ("https://", Exit.USAGE),
        ("http://[/", Exit.USAGE),
        ("*", Exit.USAGE),
        ("a/b/c", Exit.USAGE),
        ("domain:no spaces", Exit.USAGE),
        ("x' OR '1'='1", Exit.USAGE),
        ("[a-z]*", Exit.USAGE),
    ],
)
def test_what_names_nothing_or_is_no_value_is_one_clear_error(many, text, code) -> None:
    done = CliRunner().invoke(app, ["approve", text, "--config", str(many)])
    assert isinstance(done.exception, Stop), done.output
    assert (done.exception.code, left(many)) == (code, [])


def test_a_pattern_that_names_too_much_does_nothing(many, monkeypatch) -> None:
    monkeypatch.setattr("bavn.app.analyst.named_items.NAMED_MAX", 1)
    done = CliRunner().invoke(app, ["approve", "*.bad.org", "--config", str(many)])
    assert (done.exception.code, left(many)) == (Exit.USAGE, [])


@pytest.mark.parametrize(("language", "said"), [("en", "waiting for an enforcer"), ("da", "venter på en håndhæver")])
def test_what_waits_for_an_enforcer_is_shown_so(many, language, said) -> None:
    done = CliRunner().invoke(app, ["blocks", "--config", str(many), "--language", language])
    (line,) = [line for line in done.output.splitlines() if "203.0.114.9" in line]
    assert said in line
    found = CliRunner().invoke(app, ["blocks", "--config", str(many), "--json"]).output.splitlines()
    assert {json.loads(line)["value"]: json.loads(line)["standing"] for line in found}["203.0.114.9"] == "uncarried"


def test_the_kill_switch_has_two_positions(config) -> None:
    assert CliRunner().invoke(app, ["kill-switch", "maybe", "--config", str(config)]).exit_code == 2
    assert left(config) == []


@pytest.mark.parametrize(
    ("pin", "token", "named"),
    [("00ff", "t" * 43, "--pin"), ("æ" * 64, "t" * 43, "--pin"), ("0" * 64, "wrong", "--token")],
)
def test_a_mistyped_pin_or_token_is_one_clear_error_and_is_not_repeated(config, pin, token, named) -> None:
    done = CliRunner().invoke(app, ["enrol", "--config", str(config), "--pin", pin, "--token", token])
    assert isinstance(done.exception, Stop)
    assert done.exception.code is Exit.USAGE
    assert named in str(done.exception)
    assert token not in str(done.exception)


def test_what_is_no_observable_is_told_the_types(config) -> None:
    done = CliRunner().invoke(app, ["veto", "nonsense", "--config", str(config)])
    assert isinstance(done.exception, Stop)
    assert "ip4, ip6, domain" in str(done.exception)


def test_a_second_node_on_the_same_folder_is_one_clear_error(config) -> None:
    folder = config.parent / "data/store"
    with ColumnStore.open(folder):
        config.write_text('[node]\nactor = "north"\n[sense]\neve_file = "eve.json"\n')
        done = CliRunner().invoke(app, ["run", "--config", str(config)])
    assert isinstance(done.exception, Stop)
    assert done.exception.code is Exit.NOT_NOW


@pytest.mark.parametrize("listen", ["127.0.0.1:PORT", "127.0.0.1:many", "192.0.2.1:0"])
def test_a_list_that_cannot_be_served_is_one_clear_error(config, listen) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1] if "PORT" in listen else None
        listen = listen.replace("PORT", str(taken))
        config.write_text(f'[node]\nactor = "north"\n[enforce]\nlist_folder = "lists"\nlist_listen = "{listen}"\n')
        done = CliRunner().invoke(app, ["run", "--config", str(config)])
    assert isinstance(done.exception, Stop), done.exception
    assert done.exception.code is (Exit.CONFIGURATION if taken is None else Exit.NOT_NOW)
    assert listen in str(done.exception)


def test_a_broken_source_is_said_once_a_minute(caplog) -> None:
    now = 0.0
    complaints = Complaints(lambda: now)
    with caplog.at_level(logging.ERROR):
        for line in ("gone", "gone", "gone", "other", "other"):
            complaints.say(line)
        now = 61.0
        complaints.say("other")
    assert caplog.messages == ["gone", "other", "other"]


@pytest.fixture
def blocking(config):
    """A node that has died with one name and one address in force in its lists."""
    config.write_text('[node]\nactor = "north"\n[enforce]\nlist_folder = "lists"\n')
    (config.parent / "lists").mkdir()
    with Book(config.parent / "data/node.db") as book:
        for n, (kind, value) in enumerate(
            (("domain", "evil-c2.com"), ("domain", "evil-c2.com"), ("ip4", "203.0.114.9"))
        ):
            State(book).keep(
                Item(
                    indicator_id=f"indicator--00000000-0000-4000-8000-00000000000{n}",
                    version=1,
                    bundle="{}",
                    type=kind,
                    value=value,
                    act="block",
                    standing="wanted",
                    rule="",
                    reason="",
                    until_us=2**52,
                    decided_us=0,
                )
            )
    (config.parent / "lists/domain.txt").write_text("evil-c2.com\n")
    (config.parent / "lists/ip.txt").write_text("203.0.114.9\n")
    return config


@pytest.mark.parametrize("health", [None, {"stopped": True, "pid": 1}, {"stopped": False, "pid": 2**30}, {}])
def test_a_lift_takes_effect_at_once_where_the_node_has_died(blocking, health) -> None:
    if health is not None:
        (blocking.parent / "data/health.json").write_text(json.dumps(health))
    words = ["lift", "indicator--00000000-0000-4000-8000-000000000000", "--config", str(blocking), "--by", "anna"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert "told from here" in done.output
    assert (blocking.parent / "lists/domain.txt").read_text() == ""
    assert (blocking.parent / "lists/ip.txt").read_text() == "203.0.114.9\n"
    assert left(blocking) == []
    assert isinstance(CliRunner().invoke(app, words).exception, Stop)  # it is lifted already


def test_the_kill_switch_takes_effect_at_once_where_the_node_has_died(blocking) -> None:
    done = CliRunner().invoke(app, ["kill-switch", "on", "--config", str(blocking), "--by", "anna"])
    assert done.exit_code == 0, done.output
    assert [(blocking.parent / f"lists/{name}.txt").read_text() for name in ("domain", "ip")] == ["", ""]
    with Book(blocking.parent / "data/node.db") as book:
        assert State(book).note("kill_switch") == "on"
        assert len(list(State(book).items("wanted"))) == 3


def test_a_kill_switch_is_named_wherever_somebody_looks_and_its_last_turn_counts(blocking) -> None:
    def run(*words):
        return CliRunner().invoke(app, [*words, "--config", str(blocking)]).output

    Recorder(read_node(blocking), SystemClock(), None, None, queued=lambda: 0).step()
    assert "kill switch" not in run("health") + run("blocks")
    (blocking.parent / "data/health.json").rename(blocking.parent / "health.json")
    assert "already" not in run("kill-switch", "on", "--by", "anna")
    assert "The switch was on already. Done" in run("kill-switch", "on", "--by", "anna")
    run("kill-switch", "off", "--by", "anna")
    assert "It was turned off, and the node has not done it yet" in run("blocks")
    assert left(blocking) == [("revive", "", "anna")]
    run("kill-switch", "on", "--by", "anna")
    assert left(blocking) == []  # or the node would turn it off at its start
    (blocking.parent / "health.json").rename(blocking.parent / "data/health.json")
    assert "the own kill switch is on" in run("health")
    assert json.loads(run("health", "--json"))["kill_switches"]


def test_the_ledger_shows_the_reason_and_cuts_no_word(blocking) -> None:
    reason = "the infusion pumps of the intensive care unit ask for it each morning before the round begins"
    names = [f"pump-number-{n:03}.example.org" for n in range(30)]
    words = ["never-block", "add", *names, "--covers", "name", "--why", reason, "--sure", "--by", "anna"]
    assert CliRunner().invoke(app, [*words, "--config", str(blocking)]).exit_code == 0
    shown = CliRunner().invoke(app, ["ledger", "--config", str(blocking)]).output
    says = " ".join(" ".join(row[shown.splitlines()[0].index("says") :].split()) for row in shown.splitlines()[1:])
    assert reason in says
    assert "…" in says
    assert '.example.org", …' in says
    assert _says('{"why": "\\u001b[2J gone", "n": 1}', None, "en") == "[2J gone. n: 1"  # no way to the terminal


def test_an_enforcer_that_could_not_be_told_is_said(blocking) -> None:
    (blocking.parent / "lists/domain.txt.new").mkdir()
    done = CliRunner().invoke(app, ["kill-switch", "on", "--config", str(blocking), "--by", "anna"])
    assert isinstance(done.exception, Stop)
    assert done.exception.code is Exit.NOT_NOW
    assert "textlist" in str(done.exception)


@pytest.mark.parametrize(
    "words", [["kill-switch", "off"], ["approve", "indicator--00000000-0000-4000-8000-000000000000"]]
)
def test_what_puts_into_force_says_whether_the_node_that_does_it_runs(blocking, words) -> None:
    stopped = CliRunner().invoke(app, [*words, "--config", str(blocking), "--by", "anna"])
    assert (stopped.exit_code, "this waits" in stopped.output) == (0, True), stopped.output
    (blocking.parent / "data/health.json").write_text(json.dumps({"stopped": False, "pid": os.getpid()}))
    running = CliRunner().invoke(app, [*words, "--config", str(blocking), "--by", "anna", "--language", "da"])
    assert "Den kørende node gør det ved sit næste skridt." in running.output, running.output


def test_one_canary_waits_at_most_and_for_the_node_where_it_does_not_run(config) -> None:
    words = ["canary", "--now", "--config", str(config), "--by"]
    for by in ("anna", "bo", "carl"):
        stopped = CliRunner().invoke(app, [*words, by])
        assert (stopped.exit_code, "The node does not run: this waits" in stopped.output) == (0, True)
    (config.parent / "data/health.json").write_text(json.dumps({"stopped": False, "pid": os.getpid()}))
    assert "The running node does it" in CliRunner().invoke(app, [*words, "dora"]).output
    with Book(config.parent / "data/node.db") as book:
        wishes = CanaryBook(book)
        assert "dora" in wishes.take_request()
        assert wishes.take_request() is None


def test_a_person_starts_anew_with_a_centre_that_was_replaced_while_the_node_stands_still(blocking) -> None:
    done = CliRunner().invoke(app, ["centre-replaced", "--config", str(blocking), "--by=anna"])
    assert done.exit_code == 0, done.output
    assert "blocks that were lifted: 4" in done.stdout, done.output
    shown = CliRunner().invoke(app, ["ledger", "--config", str(blocking), "--json"])
    line = json.loads(shown.stdout.splitlines()[-1])
    assert line["kind"] == "CentreReplaced", shown.stdout
    assert line["peer"].endswith("(local root)"), line["peer"]


def test_a_person_accepts_a_key_that_changed_while_the_node_stands_still(blocking) -> None:
    def accept():
        return CliRunner().invoke(app, ["accept-key", "--config", str(blocking), "--by=anna"])

    assert accept().stdout == "No key was refused.\n"
    with Book(blocking.parent / "data/node.db") as book:
        points = KeyPoints(book)
        points.keep(20_782, "fast", {"ids": b"first"})
        assert points.differs(20_782, "fast", {"ids": b"other"}, "1 3")
    assert accept().stdout == "epoch 20782, tier fast: another key, signed by key holders 1 3\n"
    with Book(blocking.parent / "data/node.db") as book:
        assert not KeyPoints(book).differs(20_782, "fast", {"ids": b"other"})
        (line,) = [line for line in Ledger(book).every() if line.kind == "KeyAccepted"]
        assert (line.peer.endswith("(local root)"), json.loads(line.summary)["signed"]) == (True, "1 3")
    (blocking.parent / "data/health.json").write_text(json.dumps({"stopped": False, "pid": os.getpid()}))
    assert "the node runs: stop it first" in str(accept().exception)


def test_what_was_shut_for_the_old_centre_and_waited_of_it_goes_with_it(blocking) -> None:
    clock = SystemClock()
    with Book(blocking.parent / "data/node.db") as book:
        kept, shut = KeptBack(Ledger(book), clock), ShutGates(book)
        for kind, peer in (("IndicatorReleased", CENTRE), ("RoundOpened", CENTRE), ("Report", "another")):
            shut.shut(
                ShutGate(
                    gate="asked", kind=kind, peer=peer, since_us=1, rule="hearing", error="KeyError", item_id="0" * 64
                )
            )
        for raw in (b"first", b"second", b"third"):
            kept._keep("IndicatorReleased", raw)
    done = CliRunner().invoke(app, ["centre-replaced", "--config", str(blocking), "--by=anna"])
    assert done.exit_code == 0, done.output
    assert "open now: 2" in done.stdout
    assert "dropped: 3" in done.stdout
    with Book(blocking.parent / "data/node.db") as book:
        assert [gate.peer for gate in shut_gates(book)] == ["another"]
        assert book.rows("SELECT count(*) FROM door_kept_back") == [(0,)]
        kinds = [line.kind for line in Ledger(book).every()]
        assert kinds.count("GateOpened") == 2
        (line,) = [line for line in Ledger(book).every() if line.kind == "CentreReplaced"]
        assert json.loads(line.summary)["envelopes_dropped"] == 3


def test_the_never_block_list_is_changed_once_its_effect_was_shown(blocking) -> None:
    def never(*words):
        return CliRunner().invoke(app, ["never-block", *words, "--config", str(blocking)])

    change = ["evil-c2.com", "--covers", "tree", "--why", "the infusion pumps ask it"]
    shown = never("add", *change)
    assert isinstance(shown.exception, ActRefused)
    assert (shown.exception.kind, shown.exception.code) == ("not-sure", Exit.USAGE)
    assert shown.output.count("in force now, and lifted at once: evil-c2.com") == 2
    assert never("list").output.startswith("Nothing was added here by hand")
    assert (blocking.parent / "lists/domain.txt").read_text() == "evil-c2.com\n"
    done = never("add", *change, "--sure")
    assert done.exit_code == 0, done.exception
    assert "evil-c2.com" not in (blocking.parent / "lists/domain.txt").read_text()
    (row,) = map(json.loads, never("list", "--json").output.splitlines())
    assert (row["value"], row["covers"], row["table"], row["why"]) == (
        "evil-c2.com",
        "tree",
        "by_hand",
        "the infusion pumps ask it",
    )
    assert len(never("list", "--all", "--json").output.splitlines()) > 1
    table = never("list")
    assert table.exit_code == 0, table.exception
    assert table.output.split()[:5] == ["value", "covers", "table", "why", "by"]
    assert never("list", "--all", "--language", "da").output.startswith("værdi")
    assert never("add", *change, "--sure").exception.code is Exit.NOT_NOW
    assert never("add", "evil", *change[1:-1], "x").exception.code is Exit.USAGE
    assert "would lift or hold" in str(shown.exception)
    assert "edit the file" in str(never("remove", "cloudflare-dns.com", *change[1:]).exception)
    assert "No such entry is in the never-block list: nobody.dk" in str(
        never("remove", "nobody.dk", *change[1:], "--sure").exception
    )
    assert "would free" in str(never("remove", *change).exception)
    assert never("remove", *change, "--sure").exit_code == 0
    assert never("list", "--json").output == ""
