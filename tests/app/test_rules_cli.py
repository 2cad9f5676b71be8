"""`bavn node rules`, with the real suricata-update and Suricata, and rules served from loopback."""

import functools
import http.server
import io
import json
import tarfile
import threading
import zipfile
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from bavn.actor.sense.rules.rule_set import RuleFolder
from bavn.app.cli.main import _run
from bavn.app.process.exits import Exit

pytestmark = pytest.mark.suricata
IN_A_MONTH = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
ENDS = ("--comment", "printers ask", "--who", "soc", "--until", IN_A_MONTH)


def rule(sid, asked="example", more=""):
    return f'alert dns any any -> any any (msg:"rule {sid}"; dns.query; content:"{asked}"; {more}sid:{sid}; rev:1;)\n'


@pytest.fixture
def node(tmp_path, monkeypatch, capsys):
    config = tmp_path / "node.toml"

    def configured(*sources, more="", sense=""):
        listed = ", ".join(f'"{source}"' for source in sources)
        config.write_text(f'[node]\nactor = "north"\n[sense]\n{sense}\n[rules]\nsources = [{listed}]\n{more}\n')

    def ask(*words):
        monkeypatch.setattr("sys.argv", ["bavn", "node", "rules", *words, "--config", str(config)])
        code = _run()
        said = capsys.readouterr()
        return code, said.out, said.err

    configured()
    return SimpleNamespace(
        folder=tmp_path,
        configured=configured,
        ask=ask,
        tuning=tmp_path / "tuning.toml",
        rules=tmp_path / "data" / "rules" / "current" / "suricata.rules",
    )


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def served(tmp_path):
    """A folder that a server on loopback gives, and its address."""
    folder = tmp_path / "served"
    folder.mkdir()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield SimpleNamespace(folder=folder, url=f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    thread.join()
    server.server_close()


def archive(file, **rules):
    with tarfile.open(file, "w:gz") as packed:
        for name, text in rules.items():
            info = tarfile.TarInfo(f"rules/{name}.rules")
            info.size = len(text.encode())
            packed.addfile(info, io.BytesIO(text.encode()))


def sids(node):
    code, out, _ = node.ask("list", "--json", "--limit", "100")
    assert code == 0
    return {entry["sid"] for line in out.splitlines() if (entry := json.loads(line))["file"] == "suricata.rules"}


@pytest.mark.slow
def test_rules_come_from_addresses_archives_folders_and_files(node, served):
    archive(served.folder / "set.tar.gz", first=rule(3000001), second=rule(3000002))
    with zipfile.ZipFile(node.folder / "own.zip", "w") as packed:
        packed.writestr("own.rules", rule(3000003))
    (node.folder / "some").mkdir()
    (node.folder / "some" / "a.rules").write_text(rule(3000004))
    (node.folder / "one.rules").write_text(rule(3000005))
    node.configured(f"{served.url}/set.tar.gz", "own.zip", "some", "one.rules")
    code, out, err = node.ask("update")
    assert code == 0, err
    assert out.startswith("set 000001: 5 of 5 rules kept, 0 left out, 0 switched off")
    assert sids(node) == {3000001, 3000002, 3000003, 3000004, 3000005}
    archive(served.folder / "set.tar.gz", first=rule(3000009))
    code, out, err = node.ask("update", "--json")
    assert (code, json.loads(out)["set"]) == (0, "000002"), err
    assert sids(node) == {3000009, 3000003, 3000004, 3000005}


def test_suricata_updates_own_files_switch_and_change_rules(node):
    (node.folder / "one.rules").write_text(rule(3000001) + rule(3000002) + "# " + rule(3000003))
    (node.folder / "off.conf").write_text("3000001\n")
    (node.folder / "on.conf").write_text("3000003\n")
    (node.folder / "change.conf").write_text('3000002 "rule" "regel"\n')
    node.configured("one.rules", more='disable_file = "off.conf"\nenable_file = "on.conf"\nmodify_file = "change.conf"')
    assert node.ask("update")[0] == 0
    assert sids(node) == {3000002, 3000003}
    assert "regel 3000002" in node.ask("list", "--find", "3000002")[1]
    _, out, _ = node.ask("list", "--all", "--json")
    assert {e["sid"]: e["enabled"] for line in out.splitlines() if (e := json.loads(line))["sid"] == 3000001} == {
        3000001: False
    }


def test_a_rule_that_suricata_does_not_take_is_named_and_left_out(node):
    bad = 'alert tcp any any -> any any (msg:"bad"; nosuchkeyword:1; sid:3000002; rev:1;)\n'
    (node.folder / "one.rules").write_text(rule(3000001) + bad + rule(1817001) + rule(3000003))
    node.configured("one.rules")
    code, out, _ = node.ask("update")
    assert code == 0
    assert out.splitlines()[0].startswith("set 000001: 2 of 4 rules kept, 2 left out")
    assert "sid 3000002 (bad): unknown rule keyword 'nosuchkeyword'." in out
    assert "sid 1817001 (rule 1817001): its number is taken by a rule of Bavn's own" in out
    assert sids(node) == {3000001, 3000003}
    code, out, _ = node.ask("check")
    assert (code, "0 fail" in out) == (0, True), out


@pytest.mark.slow
def test_a_rule_without_a_number_is_left_out_and_the_rest_is_taken(node, served):
    """Also where it comes in an archive from an address, beside a good one."""
    bad = 'alert tcp any any -> any any (msg:"nobody"; rev:1;)\n'
    (node.folder / "one.rules").write_text(rule(3000001) + bad + rule(3000003))
    with tarfile.open(served.folder / "set.tar.gz", "w:gz") as packed:
        text = (rule(3000005) + bad).encode()
        member = tarfile.TarInfo("rules/far.rules")
        member.size = len(text)
        packed.addfile(member, io.BytesIO(text))
    node.configured("one.rules", f"{served.url}/set.tar.gz")
    code, out, _ = node.ask("update", "--language", "da")
    assert code == 0
    assert out.splitlines()[0].startswith("sæt 000001: 3 af 4 regler beholdt, 1 udeladt")
    assert f"udeladt: {bad.strip()}: den har intet nummer (sid)" in out
    assert sids(node) == {3000001, 3000003, 3000005}
    told = json.loads(node.ask("update", "--json")[1])
    assert told["left_out"] == [f"{bad.strip()}: it has no number (sid)"]
    (node.folder / "one.rules").write_text(bad.replace("nobody", "one") + bad.replace("nobody", "two"))
    node.configured("one.rules")
    code, _, err = node.ask("update")
    assert (code, "nothing was changed, set 000002 stays" in err) == (Exit.INPUT, True)


@pytest.mark.slow
def test_a_set_that_is_none_leaves_the_last_good_one(node):
    file = node.folder / "one.rules"
    file.write_text(rule(3000001))
    node.configured("one.rules")
    assert node.ask("update")[0] == 0
    before = node.rules.read_bytes()
    for text in ("", "# nothing\n", "alert tcp any any -> any any (nosuchkeyword:1; sid:1; rev:1;)\n"):
        file.write_text(text)
        code, _, err = node.ask("update")
        assert code == Exit.INPUT
        assert err.startswith("bavn: nothing was changed, set 000001 stays: ")
        assert err.count("\n") == 1
        assert node.rules.read_bytes() == before


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("http://rules.example.org/set.tar.gz", "by https only"),
        ("ftp://rules.example.org/set.tar.gz", "by https only"),
        ("none.rules", "cannot be read"),
        ("https://127.0.0.1:1/set.tar.gz", "suricata-update: "),
    ],
)
def test_a_source_that_cannot_be_had_changes_nothing(node, source, said):
    node.configured(source)
    code, _, err = node.ask("update")
    assert (code, said in err, err.count("\n")) == (Exit.INPUT, True, 1), err


@pytest.mark.slow
def test_an_archive_that_is_none_or_unpacks_to_more_than_it_may_changes_nothing(node, served, monkeypatch) -> None:
    (served.folder / "set.tar.gz").write_bytes(b"\x1f\x8b no archive")
    node.configured(f"{served.url}/set.tar.gz")
    code, _, err = node.ask("update")
    assert code == Exit.INPUT
    assert err.count("\n") == 1
    monkeypatch.setattr("bavn.actor.sense.rules.source.FILE_BYTES_MAX", 1 << 20)
    archive(node.folder / "bomb.tar.gz", first=rule(3000001) + "#" * (2 << 20))
    node.configured("bomb.tar.gz")
    code, _, err = node.ask("update")
    assert (code, "it holds more than" in err) == (Exit.INPUT, True), err


@pytest.mark.slow
def test_a_line_that_is_no_utf_8_is_left_out_and_the_rest_is_taken(node, served):
    """suricata-update ends at the first such byte, whichever source it stands in; lists that rules load stay beside."""
    bad = rule(3000002).replace("rule 3000002", "caf\xe9").encode("latin-1")
    (node.folder / "own.rules").write_bytes(rule(3000001).encode() + bad + rule(3000003).encode())
    (node.folder / "some").mkdir()
    (node.folder / "some" / "a.rules").write_text(rule(3000004))
    loads = rule(3000005, more="dataset:isset,names,type string,load names.lst; ")
    with tarfile.open(served.folder / "set.tar.gz", "w:gz") as packed:
        for name, raw in (("rules/a.rules", loads.encode() + bad), ("rules/names.lst", b"YWJj\n")):
            member = tarfile.TarInfo(name)
            member.size = len(raw)
            packed.addfile(member, io.BytesIO(raw))
    (served.folder / "one.rules").write_text(rule(3000006))
    node.configured("own.rules", "some", f"{served.url}/set.tar.gz", f"{served.url}/one.rules")
    code, out, err = node.ask("update")
    assert (code, sids(node)) == (0, {3000001, 3000003, 3000004, 3000005, 3000006}), err
    assert out.startswith("set 000001: 5 of 7 rules kept, 2 left out")
    assert "left out: line 2 of own.rules: it is not UTF-8" in out
    assert "left out: line 2 of rules/a.rules: it is not UTF-8" in out
    assert not (node.folder / "data" / "rules" / "fetch" / "copies").exists()


HOSTILE = {
    "writes": "dataset:set,a,type string,state /tmp/bavn-hostile.lst; ",
    "climbs": "dataset:isset,a,type string,load ../../other.lst; ",
    "fills a set of ours": "dataset:set,bavn-domain,type string; ",
    "hides it in quotes": 'metadata: "; Dataset:set,bavn-domain,type string; metadata: "; ',
    "runs a script": "lua:run.lua; ",
    "hides our number in quotes": 'metadata: "; SID:1817001; metadata: "; ',
}


@pytest.mark.slow
def test_a_rule_that_reaches_out_of_its_set_is_left_out(node):
    hostile = "".join(rule(3000010 + n, more=more) for n, more in enumerate(HOSTILE.values()))
    good = range(3000101, 3000121)
    (node.folder / "own.rules").write_text(rule(3000001) + hostile + "".join(map(rule, good)))
    node.configured("own.rules")
    code, out, err = node.ask("update")
    assert (code, sids(node)) == (0, {3000001, *good}), err
    assert out.count("left out: sid 300001") + out.count("left out: sid 1817001") == len(HOSTILE)


@pytest.mark.slow
def test_a_set_from_afar_that_names_a_file_of_the_machine_is_no_set(node, served):
    """suricata-update copies the file before anybody could look at the rule."""
    reads = rule(3000002, more="dataset:isset,a,type string,load /etc/passwd; ")
    archive(served.folder / "set.tar.gz", first=rule(3000001) + reads)
    node.configured(f"{served.url}/set.tar.gz")
    code, _, err = node.ask("update")
    assert (code, "sid 3000002 names a file outside its set" in err) == (Exit.INPUT, True), err
    assert not list((node.folder / "data" / "rules").rglob("datasets")), "nothing of it stays"


@pytest.mark.slow
def test_the_tail_of_a_long_comment_is_no_rule(node):
    """Suricata reads a line of more than 8,190 bytes in pieces, each as a line of its own."""
    smuggled = "#" + "x" * 8190 + rule(3000009)
    (node.folder / "own.rules").write_text(rule(3000001) + "# " + rule(3000002, "x" * 9000) + rule(3000003) + smuggled)
    node.configured("own.rules")
    code, out, err = node.ask("update")
    assert (code, sids(node)) == (0, {3000001, 3000003}), err
    assert "2 of 2 rules kept" in out
    code, out, _ = node.ask("check")
    assert (code, "0 fail" in out) == (0, True), out


@pytest.mark.slow
def test_a_variable_that_nobody_defines_is_named_with_what_it_costs(node):
    known = rule(3000001).replace("any any -> any any", "$HOME_NET any -> [$AIM_SERVERS,$EXTERNAL_NET] any")
    strange = "".join(rule(n).replace("any any ->", "$PRINTERS any ->") for n in (3000002, 3000003))
    off = rule(3000009).replace("any any ->", "$PRINTERS any ->")
    (node.folder / "own.rules").write_text(known + strange + rule(3000004) + "# " + off)
    node.configured("own.rules")
    code, out, err = node.ask("update")
    assert (code, sids(node)) == (0, {3000001, 3000004}), err
    assert out.splitlines()[:2] == [
        "set 000001: 2 of 4 rules kept, 2 left out, 1 switched off in the set; a running node loads them by itself",
        "  2 rules: $PRINTERS is defined nowhere",
    ]
    told = json.loads(node.ask("update", "--json")[1])["figures"]
    assert (told["unset"], told["wanted"], told["loaded"]) == ({"PRINTERS": 2}, 4, 2)
    assert "2 regler: $PRINTERS er ikke defineret noget sted" in node.ask("update", "--language", "da")[1]


@pytest.mark.slow
def test_a_set_that_shrinks_by_more_than_a_third_needs_a_person(node):
    file = node.folder / "own.rules"
    file.write_text("".join(rule(3000001 + n) for n in range(9)))
    node.configured("own.rules")
    assert node.ask("update")[0] == 0
    file.write_text("".join(rule(3000001 + n) for n in range(6)))
    assert node.ask("update")[0] == 0, "a third less is no alarm"
    file.write_text("".join(rule(3000001 + n) for n in range(3)) + "# " + rule(3000004))
    code, _, err = node.ask("update")
    assert (code, "set 000002 stays: 3 rules left of 6, more than a third less" in err) == (Exit.INPUT, True), err
    assert len(sids(node)) == 6
    assert RuleFolder(node.folder / "data" / "rules").refused().en.startswith("3 rules left of 6")
    code, out, _ = node.ask("update", "--accept-shrink", "--who", "mette")
    assert (code, "from 6 rules to 3: accepted by root (local root)" in out) == (0, True), out
    folder = RuleFolder(node.folder / "data" / "rules")
    assert (folder.kept().shrink_by, folder.kept().off, folder.refused()) == ("root (local root)", 1, None)


@pytest.mark.slow
def test_one_bad_source_beside_a_good_one_is_not_passed_over(node, served):
    """A page that says "try again later", an archive that breaks off, one that holds no rules."""
    (node.folder / "own.rules").write_text(rule(3000001))
    (served.folder / "page.rules").write_text("<html>try again later</html>")
    archive(served.folder / "whole.tar.gz", first="".join(rule(3000002 + n) for n in range(9)))
    (served.folder / "half.tar.gz").write_bytes((served.folder / "whole.tar.gz").read_bytes()[:150])
    archive(served.folder / "none.tar.gz", first="# nothing\n")
    with tarfile.open(served.folder / "strange.tar.gz", "w:gz") as packed:
        for name, kind in (("a.rules", tarfile.SYMTYPE), ("b.rules", tarfile.FIFOTYPE), ("/c.rules", tarfile.LNKTYPE)):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "/etc/passwd"
            packed.addfile(member)
    for name in ("page.rules", "half.tar.gz", "none.tar.gz", "strange.tar.gz"):
        node.configured("own.rules", f"{served.url}/{name}")
        code, _, err = node.ask("update")
        assert (code, f"/{name}: " in err, err.count("\n")) == (Exit.INPUT, True, 1), err
    (node.folder / "half.tar.gz").write_bytes((served.folder / "half.tar.gz").read_bytes())
    node.configured("own.rules", "half.tar.gz")
    assert node.ask("update")[0] == Exit.INPUT


def test_without_an_address_nothing_but_the_files_is_taken_and_without_a_source_there_is_nothing_to_fetch(node) -> None:
    code, _, err = node.ask("update")
    assert (code, "sources is empty" in err) == (Exit.CONFIGURATION, True)
    (node.folder / "one.rules").write_text(rule(3000005))
    node.configured("one.rules")
    assert node.ask("update")[0] == 0
    assert sids(node) == {3000005}, "suricata-update would add a set of its own choice"


def test_check_names_what_fails_in_own_files(node):
    (node.folder / "own.rules").write_text(rule(3000001) + "gibberish\n")
    node.configured(sense='rule_files = ["own.rules"]')
    code, out, _ = node.ask("check")
    assert code == Exit.INPUT
    assert f"fails: {node.folder / 'own.rules'}:2: no rule options." in out
    assert "regler indlæses, 1 fejler; 0 tilpasninger" in node.ask("check", "--language", "da")[1]
    node.configured(sense='rule_files = ["none.rules"]')
    code, _, err = node.ask("check")
    assert (code, "none.rules cannot be read" in err) == (Exit.CONFIGURATION, True)


def test_a_file_is_tried_before_it_lies_there(node, monkeypatch):
    monkeypatch.chdir(node.folder)
    (node.folder / "new.rules").write_text(rule(3000009) + "gibberish\n")
    code, out, _ = node.ask("check", "new.rules")
    assert (code, f"{node.folder / 'new.rules'}:2: no rule options." in out) == (Exit.INPUT, True)
    (node.folder / "new.rules").write_text(rule(3000009))
    assert node.ask("check", "new.rules")[0] == Exit.OK
    code, _, err = node.ask("check", "none.rules")
    assert (code, "none.rules cannot be read" in err) == (Exit.CONFIGURATION, True)
    assert node.ask("check", str(node.folder))[0] == Exit.USAGE


@pytest.mark.parametrize(
    "words",
    [
        ("suppress", "3000001", *ENDS),
        ("suppress", "3000001", "--src", "all", *ENDS),
        ("suppress", "3000001", "--src", "10.0.0.1", "--dst", "10.0.0.2", *ENDS),
        ("disable", "1817001", *ENDS),
        ("disable", "9105002", *ENDS),
        ("disable", "3000001", "--comment", "", "--who", "w", "--until", IN_A_MONTH),
        ("disable", "3000001", "--comment", "c", "--who", "w", "--until", "never"),
        ("disable", "3000001", "--comment", "c", "--who", "w", "--until", "tomorrow"),
        ("disable", "3000001", "--comment", "c", "--who", "w", "--until", "2020-01-31"),
        ("disable", "3000001", "--comment", "c"),
    ],
)
def test_an_entry_that_is_wrong_is_not_written(node, words):
    code, _, err = node.ask(*words)
    assert code == Exit.USAGE
    assert err
    assert "number" not in err.partition(":")[2].partition(":")[0], "it stands in no file"
    assert "tuning.toml" not in err
    assert not node.tuning.exists()


def test_an_entry_is_made_listed_and_ended_and_the_same_twice_is_not_written(node) -> None:
    words = ("suppress", "3000001", "--src", "10.0.0.0/8", *ENDS)
    assert node.ask(*words)[0] == 0
    before = node.tuning.read_text()
    code, _, err = node.ask(*words)
    assert (code, "say the same; nothing was written" in err) == (Exit.NOT_NOW, True)
    assert node.tuning.read_text() == before
    node.tuning.unlink()
    code, out, _ = node.ask("suppress", "3000001", "--src", "10.0.0.0/8", *ENDS)
    assert code == 0
    name, line = out.strip().split(": ", 1)
    assert line == "suppress gen_id 1, sig_id 3000001, track by_src, ip 10.0.0.0/8"
    node.tuning.write_text(node.tuning.read_text() + "# a person's own words\n")
    assert node.ask("threshold", "3000002", "--count", "1", "--seconds", "60", *ENDS)[0] == 0
    assert (
        node.ask("disable", "3000003", "--comment", "c", "--who", "w", "--until", "never", "--review", "2099-01-01")[0]
        == 0
    )
    assert "# a person's own words" in node.tuning.read_text()
    rows = [json.loads(line) for line in node.ask("tuning", "--json")[1].splitlines()]
    assert [(row["act"], row["sid"], row["standing"], row["who"]) for row in rows] == [
        ("suppress", 3000001, "holds", "root (local root)"),
        ("threshold", 3000002, "holds", "root (local root)"),
        ("disable", 3000003, "holds", "root (local root)"),
    ]
    assert node.ask("end", name, "--who", "me")[0] == 0
    rows = {row["id"]: row for row in map(json.loads, node.ask("tuning", "--json")[1].splitlines())}
    assert (rows[name]["standing"], len(rows)) == ("ended", 3)
    assert 'ended_by = "root (local root)"' in node.tuning.read_text()
    assert node.ask("end", name)[0] == Exit.NOT_NOW
    assert node.ask("end", "nonesuch")[0] == Exit.NOT_FOUND
    assert node.ask("suppress", "3000001", "--src", "10.0.0.0/8", *ENDS)[0] == 0, "the same again, after it has ended"
    assert "tunes a rule that is not there" in node.ask("check")[1]


def test_a_wrong_file_is_one_line_for_every_command(node):
    node.tuning.write_text("[[disable]]\nsid = 5\n")
    for words in (("tuning",), ("check",), ("end", "x"), ("disable", "7", *ENDS)):
        code, _, err = node.ask(*words)
        assert (code, err.count("\n")) == (Exit.CONFIGURATION, 1)
        assert "[[disable]] number 1 (sid 5): until is missing" in err
    assert node.tuning.read_text() == "[[disable]]\nsid = 5\n"
