"""Indicators, clocks and the kill switch from the command line, in both languages."""

import json

import pytest

from bavn.app.cli.centre.main import app
from bavn.app.process.exits import Exit, Stop
from tests.people import Runner as CliRunner

WHY = ("--why", "a partner named it")


@pytest.fixture
def config(tmp_path):
    file = tmp_path / "centre.toml"
    file.write_text("")
    run(file, "init")
    return file


def run(config, *words, code=0):
    done = CliRunner().invoke(app, [*words, "--config", str(config)])
    if isinstance(done.exception, Stop):
        assert done.exception.code == code, done.exception
    else:
        assert done.exit_code == code, (done.output, done.exception)
    return done


def row(config, *words):
    return json.loads(run(config, *words, "--json").stdout)


def draft(config, observable="evil-c2[.]com", *more):
    return row(config, "indicator", "draft", observable, "--technique", "T1071", "--by", "anna", *WHY, *more)


def test_from_draft_to_release_with_a_second_person(config) -> None:
    made = draft(config)
    assert (made["observable"], made["state"], made["pap"]) == ("domain:evil-c2.com", "draft", "green")
    wanted = made["indicator"]
    assert "second person" in row(config, "indicator", "review", wanted[:20], "--by", "anna", *WHY)["state"]
    run(config, "indicator", "approve", wanted, "--by", "Anna", *WHY, code=Exit.NOT_NOW)
    run(config, "indicator", "release", wanted, "--by", "anna", *WHY, code=Exit.NOT_NOW)
    assert row(config, "indicator", "approve", "domain:evil-c2.com", "--by", "bo", *WHY)["state"] == "approved"
    released = row(config, "indicator", "release", wanted, "--by", "anna", *WHY)
    assert (released["state"], released["people"], released["worth"]) == ("released", ["anna", "bo"], 70)
    asked = row(config, "indicator", "release", wanted, "--now", "--by", "anna", *WHY)
    assert asked["now"] == "asked for"
    assert row(config, "indicator", "release", wanted, "--now", "--by", "bo", *WHY)["now"] == "yes"
    assert row(config, "indicator", "rules", wanted)["refused"].startswith("it has not gone out yet")
    run(config, "indicator", "rules", "domain:evil-c2.com", "--for", "sigma", code=Exit.NOT_NOW)
    assert row(config, "indicator", "wrong", wanted, "--by", "carl", *WHY)["worth"] == 35
    refreshed = row(config, "indicator", "refresh", wanted, "--by", "carl", *WHY)
    assert (refreshed["met_by"], refreshed["wrong_by"]) == (0, 1)
    shown = run(config, "indicator", "show", wanted, "--language", "da").stdout
    assert "frigivet" in shown
    assert "Oprettet i hånden" in shown
    assert "indicator-approve" in shown
    assert [c["check"] for c in row(config, "indicator", "show", wanted)["checks"]] == ["by_hand", "whole_domain"]
    assert row(config, "indicator", "withdraw", wanted, "--by", "anna", *WHY)["state"] == "withdrawn"
    assert row(config, "indicator", "rules", wanted)["refused"] == "only what is released becomes a rule"
    assert "the chain holds" in run(config, "audit", "--verify").stdout


def test_what_is_on_a_warning_list_is_shown_and_does_not_go_out(config) -> None:
    wanted = draft(config, "google.com")["indicator"]
    run(config, "indicator", "review", wanted, "--by", "anna", *WHY)
    assert "STOP  not_listed" in run(config, "indicator", "show", wanted).stdout
    assert "not_listed" in str(
        run(config, "indicator", "release", wanted, "--by", "bo", *WHY, code=Exit.NOT_NOW).exception
    )


def test_who_read_an_older_revision_looks_again(config) -> None:
    made = draft(config)
    run(config, "indicator", "review", made["indicator"], "--rev", str(made["rev"]), "--by", "anna", *WHY)
    run(
        config,
        "indicator",
        "approve",
        made["indicator"],
        "--rev",
        str(made["rev"]),
        "--by",
        "bo",
        *WHY,
        code=Exit.NOT_NOW,
    )


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("indicator", "show", "indicator--9"), Exit.NOT_FOUND),
        (("indicator", "show", "domain:nobody-knows.com"), Exit.NOT_FOUND),
        (("indicator", "show", "???"), Exit.USAGE),
        (("indicator", "withdraw", "case-9", *WHY), Exit.NOT_FOUND),
        (("indicator", "draft", "evil.com", *WHY), Exit.USAGE),
        (("indicator", "draft", "evil.com", "--technique", "T1", "--days", "900", *WHY), Exit.USAGE),
        (("indicator", "noise", "--retire"), Exit.USAGE),
        (("clock", "indicator--9"), Exit.NOT_FOUND),
        (("kill-switch", "off", "--why", "x"), Exit.NOT_NOW),
        (("kill-switch", "on"), Exit.USAGE),
    ],
)
def test_what_cannot_be_is_one_clear_error(config, words, code) -> None:
    by = ("--by", "anna") if words[1] in ("withdraw", "draft", "off", "on") else ()
    run(config, *words, *by, code=code)


def test_the_kill_switch_is_turned_and_shown(config) -> None:
    assert "nothing yet" in run(config, "kill-switch").stdout
    assert row(config, "kill-switch", "on", "--by", "anna", "--why", "a bad feed")["state"] == "on"
    run(config, "kill-switch", "on", "--by", "bo", "--why", "again", code=Exit.NOT_NOW)
    asked = run(config, "kill-switch", "off", "--by", "bo", "--why", "mended", "--language", "da").stdout
    assert "Stadig slået til: bo vil slå det fra (mended); en anden person skal sige det samme" in asked
    assert "off asked" in run(config, "kill-switch", "show").stdout
    run(config, "kill-switch", "off", "--by", "Bo", "--why", "mended", code=Exit.NOT_NOW)
    turned = run(config, "kill-switch", "off", "--by", "anna", "--why", "seen it too", "--json").stdout.splitlines()
    off = json.loads(turned[-1])
    assert (len(turned), off["state"], off["by"], off["asked_by"]) == (2, "off", "anna", "bo")
    assert "seen it too" in run(config, "kill-switch", "show").stdout


def test_lists_and_clocks_where_nothing_has_happened(config) -> None:
    assert "nothing yet" in run(config, "indicator", "show").stdout
    assert "nothing yet" in run(config, "clock").stdout
    draft(config)
    assert "kladde" in run(config, "indicator", "show", "--language", "da").stdout
    assert run(config, "indicator", "show", "--state", "released", "--json").stdout == ""


def test_an_actor_is_told_who_turned_the_sectors_switch_and_why() -> None:
    from bavn.actor.protect.queries import kill_switches

    turned = '{"at_us": 1, "by": "Anna Berg", "number": 1, "state": "on", "why": "a feed went bad"}'

    def noted(**notes):
        return lambda _, names=(): [note for note in notes.items() if note[0] in names]

    (said,) = kill_switches(noted(sector_switch=turned, kill_switch="off"))
    assert "Anna Berg: a feed went bad" in said.en
    assert "sektorens nødstop" in said.da
    assert kill_switches(noted(sector_switch=turned.replace('"on"', '"off"'))) == kill_switches(noted()) == []
    assert len(kill_switches(noted(kill_switch="on", sector_switch=turned))) == 2
