"""Whatever a node is built of, broken in turn: it starts without it, names it and is not well; or it is one of the few
things that it does not start without, and the process ends with one line.

The walk reads what ``build`` calls (start_walk.py): a part that nobody contains fails here by its name.
"""

# ruff: noqa: F401, F811  fixtures of the other walk over a node

# ruff: noqa: F401  fixtures of the other walk over a node
import json
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from bavn.actor.door import books as door_books
from bavn.actor.node import build as node_build
from bavn.app.cli import main
from bavn.app.config.load import CENTRE_KEYS, KEYHOLDER_KEYS, read_node
from bavn.app.node import detecting as node_detecting
from bavn.app.node import links as node_links
from bavn.app.node import parts as node_parts
from bavn.app.node.health.checks import _part as of_part
from bavn.app.node.health.files import HEALTH_FILE
from bavn.app.node.health.promises import promise_of
from bavn.app.node.parts import build
from bavn.app.node.service import NodeService
from bavn.app.process import owned
from bavn.app.process.exits import Exit, Stop
from bavn.app.process.failure_folder import FOLDER, kept_failures
from bavn.app.process.real import SystemClock, SystemDice
from bavn.centre.members.authority import Authority
from bavn.model.moment import DAY_US
from bavn.model.ports import LinkDown, LinkRefused
from bavn.model.sector.member import member_peer
from bavn.wire.enrol import Certified, NodeKeys
from bavn.wire.links import https
from bavn.wire.safe import Safe
from tests.app.waiting import free_port, until

from .key_holding import enrolled
from .start_walk import Broken, called_by
from .test_containment import failing, quiet, short

MACHINERY = {"owned", "begun", "or_late", "LateCaller", "LateIdentifiers", "FailureFolder", "SystemClock", "SystemDice"}
"""What contains, and the machine's own clock and dice: the walk stands on them."""
ENDS = {
    owned.BOOK: {
        "parts.Book",
        "parts.shut_if_lost",
        "books.Ledger",
        "books.NodeSuspicions",
        "books.VerdictBook",
        "books.NodeBooks",
    },
    owned.KEYS: {"links.Keys"},
    owned.GATES: {
        "parts.protection",
        *(f"build.{name}" for name in ("Door", "DoorOwner", "NodeKnowledge", "held_span", "Talker")),
    },
    owned.HEALTH: {"parts.HeldFile", "parts.NodeChecks", "parts.Recorder"},
    owned.ANY: {
        *(f"parts.{name}" for name in ("NodeSettings", "NodeOutfit", "DoorTerms", "NodeParts", "Safe")),
        *(f"parts.{name}" for name in ("_Start", "_Gates", "_Looking", "known_of", "needs", "watches")),
    },
}
"""What a node does not start without, by what the one line names; docs/operations.md says why."""
MORE = {
    "sigma_rules": '[hunt]\nsigma_files = ["own.yml"]\n',
}
"""What a node needs in its configuration that these are called."""
LATER = {
    *("IndicatorSet", "Ioc", "SurveyBackground", "contained", "in_order", "survey"),
    "Condition",
    "Exit",
    "NoContainment",
    "LocalIdentifiers",
    "NoLink",
    "Text",
    "blocked_met",
    "by_size",
    "cannot_write",
    "discrete_laplace",
    "in_turn",
    "met_elements",
    "nothing_outside",
    "shut_gates",
}
"""Handed on, and called by a node that runs; or of one without a sector, or whose operator must act."""
PROMISES = {
    "open_or_mend": "store_whole",
    "sources_of": "sources_read",
    "Monitor": "detectors_work",
    "link_of": "centre_accepts",
    "KeyHolders": "keyholder_accepts",
    "HolderLink": "keyholder_accepts",
    "RuleKeeper": "rules_loaded",
    "ZoneService": "parts_work",
}
"""Which promise is broken where one of these cannot be made."""
BUILT_IN = (node_parts, node_detecting, node_links, node_build, door_books)
CALLED = sorted(one for one in called_by(node_parts._build, *BUILT_IN) if one.name not in MACHINERY)


def short_name(one):
    return f"{one.module.rpartition('.')[2]}.{one.name}"


def in_a_sector(folder: Path, since_us: int | None = None) -> Path:
    """A node with a part of each kind: sources, enforcers, both links, rules, packets."""
    for name in ("caps", "ring"):
        (folder / name).mkdir()
    (folder / "eve.json").write_text("")
    for keys in (CENTRE_KEYS, f"{KEYHOLDER_KEYS}-1"):
        enrolled(folder / "data" / keys, "north", SystemClock().now_us() if since_us is None else since_us)
    file = folder / "node.toml"
    file.write_text(f"""
[node]
actor = "north"
homes = ["10.0.0.0/8"]
centre_url = "https://127.0.0.1:{free_port()}"
keyholder_urls = ["https://127.0.0.1:{free_port()}"]
[sense]
eve_file = "eve.json"
captures_folder = "caps"
[enforce]
list_folder = "lists"
zone_listen = "127.0.0.1@{free_port()}"
zone_secondaries = ["127.0.0.1@{free_port()}"]
""")
    return file


@pytest.fixture
def config(short, quiet):
    return read_node(in_a_sector(short))


def tried(service):
    """Each half of the node does its work once, and says how it is; what it says."""
    parts = service.parts
    try:
        if parts.monitor is not None:
            parts.monitor.look()
        parts.talker.start()
        parts.talker.serve()
        parts.check()
        parts.recorder.step()
        return json.loads((parts.config.folder / HEALTH_FILE).read_text())
    finally:
        parts.close()
        if service._listening is not None:
            service._listening.close()


def with_more(config, text):
    """The same with another setting: of [node], or of a table of its own."""
    plain = (config.base / "node.toml").read_text()
    name = text.partition(" ")[0]
    kept = [line for line in plain.splitlines() if not line.startswith(f"{name} =")]
    at = len(kept) if text.startswith("[") or not text else kept.index("[node]") + 1
    file = config.base / "more.toml"
    file.write_text("\n".join([*kept[:at], text, *kept[at:]]))
    return read_node(file)


def ended_by(name):
    return next((what for what, names in ENDS.items() if name in names), None)


def test_the_walk_finds_what_a_node_is_built_of() -> None:
    names = {one.name for one in CALLED}
    assert names >= {"Book", "open_or_mend", "sources_of", "Monitor", "Recorder", "link_of", "KeyHolders"}
    assert {name for ends in ENDS.values() for name in ends} <= set(map(short_name, CALLED))


def test_the_operators_page_names_each_thing_that_a_service_does_not_start_without() -> None:
    page = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
    section = page.partition("## What a service does not start without")[2].partition("\n## ")[0]
    assert {line.split("`")[1] for line in section.splitlines() if line.startswith("| `")} == set(owned.DO)


@pytest.mark.slow
def test_each_part_that_cannot_be_made_costs_itself_or_ends_the_node_in_one_line(config, monkeypatch) -> None:
    service = NodeService(config)
    told = tried(service)
    assert failing(service.parts) == set()
    assert told["problems"] == []
    called = set()
    for one in CALLED:
        broken = Broken()
        with monkeypatch.context() as broke:
            broke.setattr(sys.modules[one.module], one.name, broken)
            try:
                service = NodeService(with_more(config, MORE.get(one.name, "")))
            except Stop as stop:
                called.add(one.name)
                what = ended_by(short_name(one))
                assert what is not None, f"{short_name(one)} ends the node: {stop}"
                assert str(stop).startswith(f"it does not start without its {what}, "), (one.name, str(stop))
                assert "nobody foresaw this" in str(stop), one.name
                assert (stop.code, "\n" in str(stop)) == (Exit.BROKEN, False)
                continue
        told = tried(service)
        if broken.tries:
            named = failing(service.parts)
            called.add(one.name)
            assert named, f"{one.name} failed and nobody is told"
            assert ended_by(short_name(one)) is None, f"{short_name(one)} is listed as ending the node, and does not"
            assert not told["healthy"]
            said = " ".join(problem["en"] for problem in told["problems"])
            for part in named:
                assert part in said, f"{part} fails, and health names it nowhere: {said}"
            promises = {promise_of(of_part(part).code) for part in service.parts.failures.failing()}
            assert promises <= broken_in(told), one.name
            assert PROMISES.get(one.name) in promises | {None}, one.name
    assert {one.name for one in CALLED} - called == LATER


def broken_in(told):
    return {promise["code"] for promise in told["promises"] if promise["state"] == "broken"}


def test_a_damaged_certificate_or_link_ends_no_node_and_is_tried_again(config, monkeypatch) -> None:
    with monkeypatch.context() as broke:
        broke.setattr(https, "link_context", Broken())
        parts = build(config)
        try:
            assert failing(parts) == {"link to the centre"}
            with pytest.raises(LinkDown, match="cannot be made"):
                parts.link.pull(0, 0)
            assert parts.link.skew_s is None
            parts.check()
        except BaseException:
            parts.close()
            raise
    try:
        with pytest.raises(LinkDown):  # nobody listens there
            parts.link.pull(0, 0)
        monkeypatch.setattr(parts.clock, "now_us", lambda: SystemClock().now_us() + 3_600_000_000)
        parts.check()
        assert failing(parts) == set()
    finally:
        parts.close()


@pytest.mark.slow
def test_a_node_whose_certificates_have_ended_starts_all_the_same_and_says_who_refuses_it(short, quiet) -> None:
    config = read_node(in_a_sector(short, since_us=SystemClock().now_us() - 1000 * DAY_US))
    service = NodeService(config)
    with pytest.raises(LinkRefused, match="ended"):
        service.parts.link.pull(0, 0)
    told = tried(service)
    assert {"centre_accepts", "keyholder_accepts", "certificates"} <= broken_in(told)
    assert failing(service.parts) == set()


def test_a_key_holder_that_cannot_be_reached_for_a_slip_is_never_replaced_by_a_key_of_its_own(
    config, monkeypatch
) -> None:
    with monkeypatch.context() as broke:
        broke.setattr(node_links, "KeyHolderIdentifiers", Broken())
        parts = build(config)
        assert failing(parts) == {"identifiers"}
        with pytest.raises(RuntimeError):
            parts.door.shares._identifiers.of(1, "fast")
    try:
        assert type(parts.door.shares._identifiers.of(1, "fast")).__name__ == "KeyHolderIdentifier"
        assert failing(parts) == set()
    finally:
        parts.close()


@pytest.mark.parametrize(
    ("name", "what"), [("message.key.pem", owned.KEYS), ("centre.key", owned.KEYS), ("secret", owned.KEYS)]
)
def test_a_damaged_key_ends_the_node_with_one_line_that_names_it(config, name, what, capsys, monkeypatch) -> None:
    Safe(config.folder / CENTRE_KEYS).write(name, "no key")
    monkeypatch.setattr(sys, "argv", ["bavn", "node", "run", "--config", str(config.base / "node.toml")])
    assert main._run() == Exit.BROKEN
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1
    assert said[0].startswith(f"bavn: it does not start without its {what}, which failed (")
    (kept,) = kept_failures(config.folder / FOLDER)
    assert (kept.failure.part, kept.failure.during) == (f"own {what}", "start")
