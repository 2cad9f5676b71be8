"""Which Suricata takes a node's sets: the one that is configured, else the one that the node manages."""

import contextlib
from types import SimpleNamespace

import pytest

from bavn.actor.protect.enforcers.suricata_dataset import SuricataDataset
from bavn.actor.protect.enforcers.suricata_rules import RULES_NAME, rules_text
from bavn.app.config.load import read_node
from bavn.app.node import sources as node_sources
from bavn.app.node.protect import command_socket, dataset_of
from bavn.app.node.sources import AGE_RULES_FILE, rule_folder, sources_of
from bavn.app.process.exits import Exit, Stop
from bavn.app.process.real import SystemClock


def configured(folder, sense: str = "", enforce: str = ""):
    file = folder / "node.toml"
    file.write_text(f'[node]\nactor = "north"\n[sense]\n{sense}\n[enforce]\n{enforce}\n')
    return read_node(file)


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
        config = configured(tmp_path, sense, enforce)
        with contextlib.ExitStack() as closing:
            sources_of(config, store, SystemClock(), closing)
    with_sets, without = (given["config"] for given in made)
    plain = (AGE_RULES_FILE, tmp_path / "own.rules", rule_folder(config).rules)
    assert with_sets.rule_files == (*plain, tmp_path / "sets" / RULES_NAME)
    assert with_sets.dataset_dir == tmp_path / "sets"
    assert (without.rule_files, without.dataset_dir) == (plain, None)
    assert command_socket(config) == made[0]["folder"] / "command.socket"


@pytest.mark.parametrize("enforce", ['suricata_folder = "sets"', 'suricata_socket = "s"'])
def test_half_a_suricata_is_a_configuration_error(tmp_path, enforce) -> None:
    with pytest.raises(Stop, match="suricata_folder") as stopped:
        dataset_of(configured(tmp_path, enforce=enforce))
    assert stopped.value.code is Exit.CONFIGURATION


def test_a_folder_that_cannot_be_written_is_one_too(tmp_path) -> None:
    (tmp_path / "sets").write_text("a file")
    with pytest.raises(Stop, match="cannot be") as stopped:
        dataset_of(configured(tmp_path, enforce='suricata_socket = "s"\nsuricata_folder = "sets"'))
    assert stopped.value.code is Exit.CONFIGURATION
