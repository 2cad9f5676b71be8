"""Sources, proposals and a MISP feed from the command line, in both languages."""

import json

import pytest

from bavn.app.acts.centre import sources as acts
from bavn.app.cli.centre.intel.source import opened_intelligence
from bavn.app.cli.centre.main import app
from bavn.app.process.exits import Exit, Stop
from bavn.model.intel.spelled import observable_of
from bavn.model.ports import LinkDown, LinkRefused
from tests.people import Runner as CliRunner


def run(*words, code=Exit.OK):
    done = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=True)
    if code is Exit.OK:
        assert done.exit_code == 0, (done.output, done.exception)
        return done.stdout
    assert isinstance(done.exception, Stop), (done.output, done.exception)
    assert done.exception.code is code, done.exception
    return str(done.exception)


def rows(*words):
    return [json.loads(line) for line in run(*words, "--json").splitlines()]


@pytest.fixture
def centre(tmp_path, monkeypatch):
    file = tmp_path / "centre.toml"
    file.write_text('[centre]\nsector = "health"\n')
    run("init", "-c", file)
    run(
        "partner",
        "add",
        "cert-nord",
        "-c",
        file,
        "--in-trust",
        80,
        "--in-may-block",
        "--out-collections",
        "released",
        "--by",
        "Anna Berg",
    )
    (tmp_path / "list.txt").write_text("cdn-sync-hub.net\n45.9.148.20\n10.0.0.1\n")
    return file


def decided(centre, named, way, why):
    """As somebody decides in the console."""
    with opened_intelligence(centre) as (intelligence, _):
        acts.decide(intelligence, "Anna Berg", observable_of(named), way, why)


def test_from_a_list_to_a_case(centre) -> None:
    (made,) = rows(
        "source",
        "add",
        "c2-list",
        "list",
        "list.txt",
        "-c",
        centre,
        "--partner",
        "cert-nord",
        "--pap",
        "GREEN",
        "--by",
        "Anna Berg",
    )
    assert (made["partner"], made["trust"], made["state"]) == ("cert-nord", None, "active")
    (done,) = rows("source", "sync", "-c", centre)
    assert (done["new"], done["refused"], done["new_proposals"], done["failure"]) == (2, 1, 2, "")
    (again,) = rows("source", "sync", "c2-list", "-c", centre)
    assert (again["new"], again["changed"], again["refused"], again["new_proposals"]) == (0, 0, 0, 0)
    (shown,) = rows("source", "show", "c2-list", "-c", centre)
    assert [(one["item"], one["rule"]) for one in shown["refused"]] == [("10.0.0.1", "not_outside")]
    assert {one["indicator"] for one in rows("proposals", "-c", centre)} == {
        "domain:cdn-sync-hub.net",
        "ip4:45.9.148.20",
    }
    (one,) = rows("proposals", "cdn-sync-hub[.]net", "-c", centre)
    assert (one["confidence"], one["pap"], one["claims"][0]["source"]) == (40, "PAP:GREEN", "c2-list")
    decided(centre, "cdn-sync-hub.net", "open_case", "")
    (case,) = rows("proposals", "cdn-sync-hub.net", "-c", centre)
    assert case["case"].startswith("case-")
    assert [c["observables"] for c in rows("cases", "-c", centre)] == [["domain:cdn-sync-hub.net"]]
    decided(centre, "45.9.148.20", "dismiss", "our own shop")
    assert rows("proposals", "-c", centre, "--state", "dismissed")[0]["indicator"] == "ip4:45.9.148.20"
    assert "afvist" in run("proposals", "45.9.148.20", "-c", centre, "--language", "da")
    run("proposals", "nothing.example.org", "-c", centre, code=Exit.NOT_FOUND)
    acts = [json.loads(line)["act"] for line in run("audit", "-c", centre).splitlines()]
    assert acts == ["partner-add", "source-add", "open", "proposal-case", "proposal-dismissed"]


def test_a_list_of_which_nothing_was_taken_says_why(centre, tmp_path) -> None:
    (tmp_path / "list.txt").write_text("10.0.0.1\n10.0.0.2\n")
    add = ("source", "add", "inside", "list", "list.txt", "-c", centre, "--trust", 50, "--by", "Anna Berg")
    assert rows(*add)[0]["none_taken"] == ""
    for word in ("sync", "sync", "show"):
        (row,) = rows("source", word, "-c", centre)
        assert row["none_taken"] == "2 read, none taken: 2 refused"
    (row,) = rows("source", "show", "inside", "-c", centre, "--language", "da")
    assert row["none_taken"] == "2 læst, ingen taget: 2 afvist"


@pytest.mark.slow
def test_a_source_is_suspended_taken_up_and_ended_by_people(centre) -> None:
    run(
        "source",
        "add",
        "c2-list",
        "list",
        "list.txt",
        "-c",
        centre,
        "--trust",
        40,
        "--by",
        "Anna Berg",
    )
    (changed,) = rows("source", "set", "c2-list", "-c", centre, "--trust", 60, "--every", 120, "--by", "Bo Lund")
    assert (changed["trust"], changed["every_minutes"]) == (60, 120)
    run("source", "suspend", "c2-list", "-c", centre, "--why", "noise", "--by", "Anna Berg")
    listed = run("source", "show", "-c", centre, "--language", "da")
    for word in ("sat i bero", "kilde", "tillid", "tilstand", "taget ind"):
        assert word in listed
    assert "intet endnu" in run("proposals", "-c", centre, "--state", "case", "--language", "da")
    run("source", "sync", "c2-list", "-c", centre, code=Exit.NOT_NOW)
    resume = ("source", "resume", "c2-list", "-c", centre, "--why", "better now", "--by", "Anna Berg")
    assert "c2-list læses igen" in run(*resume, "--language", "da")
    run("source", "sync", "-c", centre)
    run("source", "end", "c2-list", "-c", centre, "--why", "no longer paid for", "--by", "Anna Berg")
    assert rows("proposals", "-c", centre) == []
    assert run("source", "add", "c2-list", "list", "list.txt", "-c", centre, "--by", "Anna Berg", code=Exit.USAGE)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("aa", "taxii", "not-a-url"), Exit.USAGE),
        (("A!", "list", "list.txt"), Exit.USAGE),
        (("aa", "list", "list.txt", "--partner", "nobody"), Exit.NOT_FOUND),
        (("aa", "list", "list.txt", "--partner", "cert-nord", "--trust", 50), Exit.USAGE),
        (("aa", "list", "list.txt", "--trust", 101), Exit.USAGE),
        (("aa", "list", "list.txt", "--user", "bavn"), Exit.USAGE),
    ],
)
def test_what_is_no_source_is_one_line(centre, words, code) -> None:
    run("source", "add", *words, "-c", centre, "--by", "Anna Berg", code=code)
    run("source", "show", "aa", "-c", centre, code=Exit.NOT_FOUND)


def test_a_sync_that_fails_says_so_and_ends_with_a_code(centre) -> None:
    run("source", "add", "gone", "list", "missing.txt", "-c", centre, "--trust", 40, "--by", "Anna Berg")
    assert "cannot be read" in run("source", "sync", "-c", centre, code=Exit.UNREACHABLE)
    assert "cannot be read" in rows("source", "show", "-c", centre)[0]["failure"]


def test_a_feed_folder_is_written_whole_and_again_only_where_it_changed(centre, tmp_path) -> None:
    folder = tmp_path / "feed"
    (stale := folder / "00000000-0000-4000-8000-000000000000.json").parent.mkdir()
    stale.write_text("{}")
    (folder / "index.html").write_text("ours")
    (first,) = rows("misp-feed", folder, "-c", centre, "--partner", "cert-nord")
    assert (first["events"], first["written"], first["removed"]) == (0, 2, 1)
    (again,) = rows("misp-feed", folder, "-c", centre, "--partner", "cert-nord")
    assert (again["written"], again["removed"]) == (0, 0)
    assert sorted(path.name for path in folder.iterdir()) == ["hashes.csv", "index.html", "manifest.json"]
    run("misp-feed", folder, "-c", centre, "--partner", "nobody", code=Exit.NOT_FOUND)


def test_misps_are_configured_by_name(centre) -> None:
    run("misp", "push", "nord", "-c", centre, code=Exit.NOT_FOUND)
    (centre.parent / "key").write_text("k" * 40)
    centre.write_text(
        centre.read_text() + '[misp.nord]\nurl = "https://127.0.0.1:9"\npartner = "cert-nord"\nkey_file = "key"\n'
    )
    assert rows("misp", "push", "nord", "-c", centre)[0]["added"] == 0, "with nothing to say nobody is asked"
    assert rows("misp", "pull", "nord", "-c", centre)[0]["sightings"] == 0
    for wrong in (
        '[misp.nord]\nurl = "https://x"\n',
        "[misp.NORD]\n",
        '[misp.nord]\ndistribution = "9"\n',
        "misp = 1\n",
    ):
        centre.write_text(wrong)
        done = CliRunner().invoke(app, ["misp", "pull", "nord", "-c", str(centre)])
        assert type(done.exception).__name__ == "SettingsError", wrong


def test_every_field_of_intelligences_screens_has_a_heading_in_both_languages() -> None:
    """Of the rows as the commands make them: a field that nobody named would be a KeyError on the screen."""
    import ast
    from pathlib import Path

    import bavn.app.cli.centre.intel.words as words

    named = set()
    for name in ("source", "proposals", "misp"):
        tree = ast.parse((Path(words.__file__).parent / f"{name}.py").read_text())
        for found in ast.walk(tree):
            if isinstance(found, ast.FunctionDef) and found.name != "_given":
                for inner in ast.walk(found):
                    if isinstance(inner, ast.Dict):
                        named |= {key.value for key in inner.keys if isinstance(key, ast.Constant)}
    shown_as_json_alone = {"claims", "refused", "by", "why"}
    assert named - set(words.HEADINGS) - shown_as_json_alone == set()
    assert len(named) > 30
    for text in words.HEADINGS.values():
        assert text.en
        assert text.da


def test_a_misp_that_refuses_ends_the_command_with_why_and_the_push_is_in_the_audit_log(centre, monkeypatch) -> None:
    from bavn.app.centre.exchange import parts

    class Broken:
        def push(self, event, *, publish):
            raise AssertionError("there is nothing to push")

    (centre.parent / "key").write_text("k" * 40)
    centre.write_text(
        centre.read_text() + '[misp.nord]\nurl = "https://127.0.0.1:9"\npartner = "cert-nord"\nkey_file = "key"\n'
    )
    monkeypatch.setattr(parts, "misp_port", lambda _file, _name: Broken())
    run("misp", "push", "nord", "-c", centre)
    lines = [json.loads(line) for line in run("audit", "-c", centre).splitlines()]
    assert [line["act"] for line in lines if line["subject"] == "misp/nord"] == ["misp-push"]
    for broken, code in ((LinkDown("no way"), Exit.UNREACHABLE), (LinkRefused("403 of it"), Exit.REFUSED)):

        def unreached(_file, _name, broken=broken):
            raise broken

        monkeypatch.setattr(parts, "misp_port", unreached)
        assert str(broken) in run("misp", "pull", "nord", "-c", centre, code=code)
