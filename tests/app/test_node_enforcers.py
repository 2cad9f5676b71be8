"""From configuration to enforcers: what is written in [enforce] is what a node enforces with, half of it is refused.
The Suricata that is configured takes its sets, else the one that the node manages. A canary goes through all rooms."""

import base64
import contextlib
from types import SimpleNamespace

import pytest

from bavn.actor.protect.enforcers.suricata_dataset import SuricataDataset
from bavn.actor.protect.enforcers.suricata_rules import RULES_NAME, rules_text
from bavn.app.config.load import read_node
from bavn.app.node import sources as node_sources
from bavn.app.node.canary import NodeCanary
from bavn.app.node.parts import build
from bavn.app.node.protect import command_socket, dataset_of
from bavn.app.node.sources import AGE_RULES_FILE, rule_folder, sources_of
from bavn.app.process.exits import Exit, Stop
from bavn.app.process.real import SystemClock
from bavn.model.moment import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from bavn.model.ports import EnforcerDown
from bavn.model.sector import canary
from bavn.wire.ledger import Note
from bavn.wire.messages.canary import CanaryAnswered
from tests.actor.door.conftest import NOW_US, Actor, TestCentre
from tests.app.records import figures

UPDATE = 'update_server = "127.0.0.1@9"\nupdate_zone = "rpz.bavn.example"\nupdate_key = "bavn:hmac-sha256:{}"\n'.format(
    base64.b64encode(b"k" * 32).decode()
)


def configured(folder, enforce: str = "", sense: str = ""):
    file = folder / "node.toml"
    file.write_text(f'[node]\nactor = "north"\n[sense]\n{sense}\n[enforce]\n{enforce}\n')
    return read_node(file)


@pytest.mark.parametrize(
    ("enforce", "names"),
    [
        (UPDATE, ["bind_update"]),
        (UPDATE.replace("rpz.bavn.example", "bavn"), ["bind_update"]),
        ('squid_folder = "squid"', ["squid_acl"]),
        (
            'list_folder = "lists"\nsquid_folder = "squid"\n' + UPDATE,
            ["textlist", "squid_acl", "bind_update"],
        ),
        ('suricata_socket = "s"\nsuricata_folder = "d"\nsuricata_inline = true', ["suricata_dataset"]),
    ],
)
def test_what_is_configured_is_what_enforces(tmp_path, enforce, names) -> None:
    parts = build(configured(tmp_path, enforce))
    try:
        assert [hand.name for hand in parts.protect.enforcers.blocking] == names
        assert list(parts.protect.enforcers.watchers) == []
    finally:
        parts.close()
    if "inline" in enforce:
        rules = (tmp_path / "d" / "bavn.rules").read_text().splitlines()[1:]
        assert {line.split()[0] for line in rules} == {"drop"}


@pytest.mark.parametrize(
    ("enforce", "said"),
    [
        ('update_server = "127.0.0.1@9"', "all three"),
        (UPDATE.replace("127.0.0.1@9", "ns.example@53"), "update_server"),
        (UPDATE.replace("rpz.bavn.example", "rpz zone"), "update_zone"),
        (UPDATE.replace("hmac-sha256", "hmac-md5"), "update_key"),
        ('squid_folder = "squid"\nsquid_command = []', "squid_command"),
        ('suricata_interface = "eth9"', None),
        ('suricata_folder = "d"\nsuricata_inline = true', "suricata_inline"),
    ],
)
def test_half_an_enforcer_is_one_clear_configuration_error(tmp_path, enforce, said) -> None:
    if said is None:
        with pytest.raises(ValueError, match="suricata_interface"):
            configured(tmp_path, enforce)
        return
    with pytest.raises(Stop, match=said) as stopped:
        build(configured(tmp_path, enforce))
    assert stopped.value.code is Exit.CONFIGURATION
    assert "\n" not in str(stopped.value)


def test_one_that_is_down_is_told_with_its_reason(tmp_path) -> None:
    parts = build(configured(tmp_path, UPDATE))
    try:
        with pytest.raises(EnforcerDown, match=r"127\.0\.0\.1@9"):
            parts.protect.enforcers.blocking[0].enforce([])
    finally:
        parts.close()


@pytest.mark.parametrize(
    ("folder", "lines", "said"),
    [
        ("x" * 120, 'resolver_listen = ["127.0.0.1@5353"]\n', "allows 92: choose a shorter path"),
        ("data", 'resolver_listen = ["127.0.0.1@53"]\n', "the port must lie in 1024..65535"),
        ("data", 'resolver_listen = ["127.0.0.1"]\n', "must be written address@port"),
        ("data", 'resolver_listen = ["127.0.0.1@5353"]\nresolver_clients = ["10.0.0.300"]\n', "10.0.0.300"),
        ("data", 'resolver_listen = ["127.0.0.1@5353"]\nresolver_answers = ["a.example"]\n', "name=address"),
    ],
)
def test_a_resolver_written_wrongly_is_one_line_for_the_operator(tmp_path, capsys, folder, lines, said) -> None:
    file = tmp_path / "node.toml"
    file.write_text(f'[node]\nactor = "klinik"\nfolder = "{folder}"\n[enforce]\n{lines}')
    with pytest.raises(Stop) as stopped:
        build(read_node(file))
    assert stopped.value.code is Exit.CONFIGURATION
    assert said in str(stopped.value)
    assert "\n" not in str(stopped.value)


def test_the_rules_are_laid_out_where_suricata_is_to_load_them(tmp_path) -> None:
    config = configured(tmp_path, enforce='suricata_socket = "s/command"\nsuricata_folder = "sets"')
    assert isinstance(dataset_of(config), SuricataDataset)
    assert command_socket(config) == tmp_path / "s" / "command"
    assert (tmp_path / "sets" / RULES_NAME).read_text() == rules_text()


def test_the_managed_suricata_loads_the_rules_and_takes_the_sets(tmp_path, monkeypatch) -> None:
    made = []
    monkeypatch.setattr(node_sources, "SOCKET_PATH_LENGTH_MAX", 4096)  # nothing binds here, and a test's folder is deep
    monkeypatch.setattr(
        node_sources,
        "SuricataLive",
        lambda **given: made.append(given) or SimpleNamespace(name="suricata", close=lambda: None),
    )
    sense = 'suricata_interface = "eth9"\nrule_files = ["own.rules"]'
    store = SimpleNamespace(mark=lambda _: None)
    for enforce in ('suricata_folder = "sets"', ""):
        config = configured(tmp_path, enforce, sense)
        with contextlib.ExitStack() as closing:
            sources_of(config, store, SystemClock(), closing)
    with_sets, without = (given["config"] for given in made)
    plain = (AGE_RULES_FILE, tmp_path / "own.rules", rule_folder(config).rules)
    assert with_sets.rule_files == (*plain, tmp_path / "sets" / RULES_NAME)
    assert with_sets.dataset_dir == tmp_path / "sets"
    assert (without.rule_files, without.dataset_dir) == (plain, None)
    assert command_socket(config) == made[0]["folder"] / "command.socket"


@pytest.mark.parametrize("enforce", ['suricata_folder = "sets"', 'suricata_socket = "s"'])
def test_half_a_suricata_or_a_folder_that_cannot_be_written_is_a_configuration_error(tmp_path, enforce) -> None:
    with pytest.raises(Stop, match="suricata_folder") as stopped:
        dataset_of(configured(tmp_path, enforce=enforce))
    assert stopped.value.code is Exit.CONFIGURATION
    (tmp_path / "sets").write_text("a file")
    with pytest.raises(Stop, match="cannot be") as stopped:
        dataset_of(configured(tmp_path, enforce='suricata_socket = "s"\nsuricata_folder = "sets"'))
    assert stopped.value.code is Exit.CONFIGURATION


DAY = NOW_US // DAY_US
AT_US = canary.begins_us(DAY)


class Blocks:
    """A protection that says what it is told to say."""

    def __init__(self, says=""):
        self.says, self.asked = says, []

    def try_canary(self, block):
        self.asked.append(block)
        return self.says


@pytest.fixture
def actor():
    one = Actor("north", TestCentre().key, now_us=AT_US)
    yield one
    one.book.close()


def answered(actor, run=1):
    note = Note(kind="CanaryAnswered", item_id="0" * 64, peer="centre", privacy="C", bytes=9)
    actor.door.canary.take_in(CanaryAnswered(day=DAY, run=run), note)


def states(actor):
    book = actor.door.canary.book
    return {one.link: (one.state, one.why) for one in book.links(book.latest())}


def turn(actor, node):
    actor.clock.advance(2 * SECOND_US)
    node.step()


def test_a_guard_says_no_sensor_and_its_block_is_tried_all_the_same(actor) -> None:
    blocks = Blocks()
    node = NodeCanary(actor.door.canary, blocks, actor.clock, None)
    node.step()
    turn(actor, node)
    answered(actor)
    turn(actor, node)
    turn(actor, node)
    said = states(actor)
    for link in ("sensor", "store", "detect", "door", "join", "reveal"):
        assert said[link] == ("not-covered", "no-sensor")
    assert said["answer"] == said["block"] == ("passed", "")
    assert [block.observable for block in blocks.asked] == [canary.name_of(DAY)]
    assert blocks.asked[0].until_us <= actor.clock.now_us() + 10 * MINUTE_US
    assert [entry["link"] for entry in node.latest_links()] == list(canary.LINKS)


def test_a_silent_source_is_no_sensor_that_passed(actor) -> None:
    sources = [figures(received_us=AT_US - HOUR_US), figures("captures", received_us=None)]
    node = NodeCanary(actor.door.canary, Blocks(), actor.clock, lambda: sources)
    node.step()
    assert states(actor)["sensor"] == ("waiting", "")
    actor.clock.advance(canary.ends_us(DAY) - 30 * SECOND_US - actor.clock.now_us())
    node.step()
    assert states(actor)["sensor"] == ("failed", "silent")
    sources[0] = figures(received_us=actor.clock.now_us())
    actor.door.canary.book.wish("anna", actor.clock.now_us())
    turn(actor, node)
    assert states(actor)["sensor"] == ("passed", "")


def test_the_source_puts_one_row_in_and_the_detectors_run_finds_it_and_an_empty_store_gets_none(actor) -> None:
    node = NodeCanary(actor.door.canary, Blocks(), actor.clock, lambda: [figures(received_us=AT_US)])
    source = node.source(lambda: AT_US - DAY_US)
    assert list(source.poll()) == []
    node.step()
    (batch,) = source.poll()
    assert batch.rows == 1
    row = batch.tables["dns"].to_pylist()[0]
    assert (row["rrname"], row["flow_id"]) == (canary.name_of(DAY).value, DAY * 100 + 1)
    source.acknowledge(batch.mark)
    assert list(source.poll()) == []
    assert states(actor)["store"] == ("passed", "")
    node.surveyed(SimpleNamespace(rows=lambda *_: []))
    assert states(actor)["detect"] == ("waiting", "")
    node.surveyed(SimpleNamespace(rows=lambda *_: [(1,)]))
    assert states(actor)["detect"] == ("passed", "")
    assert source.lag_bytes() == 0
    source.close()


def test_an_empty_store_gets_no_row_since_it_would_move_what_is_looked_at(actor) -> None:
    node = NodeCanary(actor.door.canary, Blocks(), actor.clock, list)
    node.step()
    assert list(node.source(lambda: None).poll()) == []


@pytest.mark.parametrize(
    ("says", "state"), [("kill-switch", "not-covered"), ("no-enforcer", "not-covered"), ("enforcer-down", "failed")]
)
def test_a_block_that_does_not_hold_says_why(actor, says, state) -> None:
    node = NodeCanary(actor.door.canary, Blocks(says), actor.clock, None)
    node.step()
    turn(actor, node)
    answered(actor)
    turn(actor, node)
    actor.clock.advance(11 * MINUTE_US)
    node.step()
    assert states(actor)["block"] == (state, says)
