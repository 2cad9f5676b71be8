"""`bavn analyse --rules`, and many captures at once: rules and captures are judged together, the same each time."""

import gzip
import io
import json
import shutil
import tarfile

import pytest

from bavn.actor.sense.rules.source import RulesRefused
from bavn.app.analyst.rule_paths import given_rules
from bavn.app.process.exits import Exit
from bavn.model.text import Text
from tests.app.test_cli_analyse import capture, run

needs_suricata = pytest.mark.skipif(shutil.which("suricata") is None, reason="suricata is not installed")
RULE = 'alert dns any any -> any any (msg:"odd name asked"; dns.query; content:"u"; sid:1; rev:1; priority:1;)\n'
SCRIPT = 'alert dns any any -> any any (msg:"script"; lua:x.lua; sid:2; rev:1;)\n'


@pytest.mark.slow
@needs_suricata
def test_rules_and_captures_are_judged_together(tmp_path) -> None:
    (tmp_path / "a.pcap").write_bytes(capture(9))
    (tmp_path / "x.rules").write_text(RULE + SCRIPT)
    code, found, _, stderr = run(tmp_path / "a.pcap", "--json", "--all", "--rules", tmp_path / "x.rules")
    assert code == 0
    assert [one["detector"] for one in found if "odd name asked" in one["why"]] == ["signature"]
    assert "one of Suricata's rules is left out: sid 2 (script): it runs a script" in stderr
    assert not any(one["detector"] == "signature" for one in run(tmp_path / "a.pcap", "--json", "--all")[1])


@pytest.mark.slow
@needs_suricata
def test_many_are_looked_at_in_order_with_the_same_words_as_each_alone(tmp_path) -> None:
    (tmp_path / "x.rules").write_text(RULE)
    paths = [tmp_path / f"{name}.pcap" for name in "abcde"]
    for number, path in enumerate(paths):
        path.write_bytes(capture(5 + number) if number != 2 else b"nothing of that kind")
    more = ("--json", "--all", "--rules", tmp_path / "x.rules")
    code, together, _, stderr = run(*paths, *more)
    alone = [found for path in paths for found in run(path, *more)[1]]
    assert together == alone
    assert [one["source"] for one in together] == [str(path) for path in paths if path.name != "c.pcap"]
    assert code == Exit.INPUT
    assert stderr.count("c.pcap") == 1
    assert json.dumps(run(*paths, *more)[1]) == json.dumps(together)


@pytest.mark.slow
@needs_suricata
@pytest.mark.parametrize("captures", [1, 4])
def test_rules_that_suricata_does_not_take_are_counted_once_and_the_first_is_named(tmp_path, captures) -> None:
    paths = [tmp_path / f"{number}.pcap" for number in range(captures)]
    for path in paths:
        path.write_bytes(capture(9))
    bad = "".join(RULE.replace("dns.query;", "nosuch;").replace("sid:1;", f"sid:{sid};") for sid in (7, 8))
    (tmp_path / "x.rules").write_text(bad + RULE)
    code, found, _, stderr = run(*paths, "--json", "--all", "--rules", tmp_path / "x.rules")
    assert code == 0
    assert len([one for one in found if "odd name asked" in one["why"]]) == captures
    (said,) = [line for line in stderr.splitlines() if "does not take" in line]
    assert said.startswith("bavn: Suricata does not take 2 of the rules, the first: sid 7")
    assert "nosuch" in said
    assert "tager ikke 2 af reglerne" in run(paths[0], "--language", "da", "--rules", tmp_path / "x.rules")[3]


def packed(files) -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w:gz") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    return raw.getvalue()


def test_rules_lie_in_files_folders_archives_and_a_node_s_folder(tmp_path) -> None:
    (tmp_path / "one.rules").write_text(RULE)
    (tmp_path / "two.rules.gz").write_bytes(gzip.compress(RULE.encode()))
    (tmp_path / "three.tar.gz").write_bytes(
        packed({"rules/x.rules": RULE, "rules/classification.config": "#\n", "y": ""})
    )
    folder, node = tmp_path / "folder", tmp_path / "node"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "x.rules").write_text(RULE)
    (node / "sets" / "1").mkdir(parents=True)
    (node / "sets" / "1" / "suricata.rules").write_text(RULE + "#" + RULE)
    (node / "sets" / "1" / "classification.config").write_text("# classes\n")
    (node / "current").symlink_to("sets/1")
    (node / "threshold.config").write_text("# none\n")
    for number, path in enumerate((tmp_path / "one.rules", tmp_path / "two.rules.gz", folder)):
        found = given_rules([path], tmp_path / f"out{number}")
        assert (found.file.read_text(), found.classes, found.count) == (RULE, None, 1)
    assert given_rules([tmp_path / "three.tar.gz"], tmp_path / "out3").classes is not None
    found = given_rules([node, folder], tmp_path / "out4")
    assert (found.count, found.classes.read_text(), found.threshold.read_text()) == (2, "# classes\n", "# none\n")


@pytest.mark.parametrize("text", ["", "# nothing\n", None])
def test_a_path_without_a_rule_is_said_at_once(tmp_path, text) -> None:
    path = tmp_path / "x.rules"
    if text is not None:
        path.write_text(text)
    with pytest.raises(RulesRefused):
        given_rules([path], tmp_path / "out")
    (tmp_path / "a.pcap").write_bytes(capture(1))
    assert run(tmp_path / "a.pcap", "--rules", path)[0] == Exit.USAGE


def test_a_rule_file_that_is_not_there_is_said_in_the_readers_language(tmp_path) -> None:
    with pytest.raises(RulesRefused) as caught:
        given_rules([tmp_path / "nope"], tmp_path / "out")
    said = Text.of_error(caught.value)
    assert said.en == f"{tmp_path / 'nope'}: No such file or directory"
    assert said.da != said.en
    assert "Errno" not in said.da
