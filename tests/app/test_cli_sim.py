import json

from typer.testing import CliRunner

from bavn_lab.cli.sim import app

ARGUMENTS = ["--seed", "3", "--days", "0.1", "--scale", "0.06", "--end", "2026-11-24T12:00:00+00:00"]


def test_generate_writes_captures_and_says_what(tmp_path) -> None:
    done = CliRunner().invoke(app, ["generate", "--out", str(tmp_path), *ARGUMENTS])
    assert done.exit_code == 0
    assert "klinik" in done.output
    assert "no sensor" in done.output
    assert (tmp_path / "region-nord/0000.pcap").stat().st_size > 10_000


def test_json_is_the_manifest(tmp_path) -> None:
    done = CliRunner().invoke(app, ["generate", "--out", str(tmp_path), *ARGUMENTS, "--json"])
    assert json.loads(done.stdout) == json.loads((tmp_path / "manifest.json").read_text())


def test_an_end_without_a_time_zone_is_one_clear_error(tmp_path) -> None:
    done = CliRunner().invoke(app, ["generate", "--out", str(tmp_path), "--end", "2026-11-24T12:00:00"])
    assert done.exit_code == 2
    assert "needs a time zone" in done.output
