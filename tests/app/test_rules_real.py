"""Real rule sets through `bavn node rules update`, with the real suricata-update and Suricata: how much loads."""

import gzip
import json

import pytest

from bavn.app.cli.main import _run

pytestmark = [pytest.mark.suricata, pytest.mark.data, pytest.mark.slow]
LOADED_SHARE_MIN = 0.95
RULES_MIN = 20_000


def test_nearly_all_that_real_sets_switch_on_is_loaded(data, tmp_path, monkeypatch, capsys):
    source = tmp_path / "sets"
    source.mkdir()
    for file in sorted((data / "intel" / "suricata").glob("*.rules*")):
        raw = file.read_bytes()
        (source / file.name.removesuffix(".gz")).write_bytes(gzip.decompress(raw) if file.suffix == ".gz" else raw)
    config = tmp_path / "node.toml"
    config.write_text('[node]\nactor = "north"\n[rules]\nsources = ["sets"]\n')
    monkeypatch.setattr("sys.argv", ["bavn", "node", "rules", "update", "--json", "--config", str(config)])
    assert _run() == 0
    figures = json.loads(capsys.readouterr().out)["figures"]
    with capsys.disabled():
        print(f"\nrules of real sets: {json.dumps(figures, sort_keys=True)}")
    assert figures["wanted"] > RULES_MIN, "the sets are not what they were"
    assert figures["loaded"] >= LOADED_SHARE_MIN * figures["wanted"]
    assert figures["unset"] == {}, "a variable that the field's commonest sets name is defined nowhere"
