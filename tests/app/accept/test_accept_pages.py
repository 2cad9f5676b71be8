"""A protocol as page, PDF and lines: all of its figures, in both languages, accessible, and no word unescaped."""

import errno
import json
import re
import sqlite3
from dataclasses import replace
from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bavn.app.accept.centre import ACTS, CentreSurvey, Rounds, counted, measures, part, taken_part
from bavn.app.accept.check import UNTESTED
from bavn.app.accept.files import write_all
from bavn.app.accept.page import as_pdf, page
from bavn.app.accept.protection import ProtectionCheck
from bavn.app.accept.rules import RuleCheck
from bavn.app.accept.run import part_of, required, run
from bavn.app.accept.words import as_json, part_lines, verdict
from bavn.app.cli.node.main import app as node_app
from bavn.app.process.exits import Exit, Stop
from bavn.app.process.protocols import read_protocol
from bavn.centre.correlate.round_state import Phase, Round
from bavn.centre.desk.views import RoundSummary
from bavn.model.moment import DAY_US, SECOND_US
from bavn.model.received import NodeHealth
from bavn.model.sector.acceptance_protocol import Outcome, TestKind
from bavn.model.sector.member import ActorState
from bavn.model.sector.protocol_file import SignedProtocol, signed
from tests.app.reports.pdf_ua import wrong
from tests.app.test_cli_casework import run as command

KEY = Ed25519PrivateKey.from_private_bytes(b"n" * 32)
NOW_US = 20_000 * DAY_US


@pytest.fixture
def given(bench):
    """A signed protocol of the centre's side and of rules that are not tested."""
    made = run(bench('[sense]\nsuricata_interface = "eth0"\n').site, [RuleCheck()])
    return signed(
        replace(made, parts=(*made.parts, part(LOOK), replace(part(LOOK), name="odd", fault="<b>broke"))), KEY
    )


HEALTH = NodeHealth(
    item_id="a",
    actor="region-a",
    version="1",
    sensor="up",
    capture_loss_permille=0,
    clock_skew_s=1,
    queue_messages=0,
    last_round=None,
    received_us=NOW_US - 60 * SECOND_US,
)
LOOK = CentreSurvey(
    now_us=NOW_US,
    state=ActorState.ACTIVE,
    certificate_until_us=NOW_US + 60 * DAY_US,
    agreement_until_day=20_100,
    health=HEALTH,
    rounds=Rounds(10, 10),
    shut=(),
    inbox=0,
    outbox=1,
    drill="lifted",
)


@pytest.mark.parametrize(
    ("other", "key", "outcome"),
    [
        ({}, "", Outcome.PASSED),
        ({"state": ActorState.SUSPENDED}, "let_in", Outcome.FAILED),
        ({"certificate_until_us": NOW_US + DAY_US}, "certificate", Outcome.FAILED),
        ({"certificate_until_us": None}, "certificate", Outcome.FAILED),
        ({"agreement_until_day": 20_000}, "agreement", Outcome.FAILED),
        ({"agreement_until_day": None}, "agreement", Outcome.FAILED),
        ({"health": None}, "contact", Outcome.NOT_TESTED),
        ({"health": replace(HEALTH, received_us=NOW_US - 3600 * SECOND_US)}, "contact", Outcome.FAILED),
        ({"health": replace(HEALTH, clock_skew_s=-90)}, "clock", Outcome.FAILED),
        ({"rounds": Rounds(10, 5)}, "rounds", Outcome.FAILED),
        ({"shut": ("Report",)}, "quotas", Outcome.FAILED),
        ({"inbox": 900}, "inbox", Outcome.FAILED),
        ({"outbox": 101}, "outbox", Outcome.FAILED),
        ({"drill": ""}, "drill", Outcome.FAILED),
        ({"drill": "refused"}, "drill", Outcome.FAILED),
        ({"drill": None, "rounds": Rounds()}, "", Outcome.PASSED),
        ({"drill": None, "rounds": Rounds(small=9)}, "", Outcome.PASSED),
        ({"rounds": Rounds(10, 10, 0, 1)}, "keys", Outcome.FAILED),
    ],
)
def test_the_centre_s_side_passes_where_all_is_well_and_names_what_is_not(other, key, outcome) -> None:
    made = part(replace(LOOK, **other))
    assert made.outcome is outcome
    bad = {one.key for one in made.figures if one.outcome in (Outcome.FAILED, Outcome.NOT_TESTED)}
    assert bad - {"clock", "version"} == ({key} - {"clock"} if key else set())


def summary(members, uploaded, *, tier="A", groups=(), ended_us=1):
    """A round of so many members, x from 1 on; region-1 is the actor."""
    params = SimpleNamespace(tier=tier)
    named = tuple((f"region-{x}", x) for x in range(1, members + 1))
    round_ = Round(
        params=params,
        members=named,
        phase=Phase.UPLOADS,
        opened_us=0,
        deadline_us=0,
        closes_us=0,
        ended_us=ended_us,
        key_groups=groups,
    )
    return RoundSummary(round_, uploaded, (), 0)


def test_rounds_with_too_few_members_or_left_out_by_a_policy_are_not_missed_and_other_keys_are_counted() -> None:
    mine = ("region-1",)
    met = [
        summary(2, ()),
        summary(2, mine),
        summary(3, ()),
        summary(3, mine, groups=((2, 3), (1,))),
        summary(3, mine, groups=((1, 3), (2,))),
        summary(3, (), ended_us=None),
        summary(5, ("region-2",), tier="B"),
    ]
    assert counted(met, "region-1") == Rounds(ended=4, uploaded=3, small=1, other_keys=1)
    assert counted(met, "region-9") == Rounds()
    other, same = summary(3, mine, groups=((2, 3), (1,))), summary(3, mine)
    assert counted([*[same] * 9, other, other], "region-1").other_keys == 1, "keys that were mended are soon forgotten"
    assert taken_part({"A": 90, "B": 10}, {"B": 9}) == (10, 9)
    assert taken_part({"A": 90, "B": 10}, {}) == (100, 0)
    assert taken_part({}, {}) == (0, 0)


def test_the_centre_s_side_says_who_must_act_what_no_protocol_told_and_what_is_in_the_way_in_both_languages() -> None:
    figures = {one.key: one for one in part(replace(LOOK, health=None, inbox=900)).figures}
    for key in ("contact", "inbox"):
        said = ACTS.get(key, ACTS[""])
        reason = figures[key].reason
        assert (reason.en.endswith(said.en), reason.da.endswith(said.da)) == (True, True)
    assert figures["outbox"].reason is None
    assert set(ACTS) - {"", UNTESTED} <= set(measures())
    figures = {one.key: one for one in part(replace(LOOK, drill=None, given=False)).figures}
    assert figures["drill"].reason.en.startswith("no protocol was given")
    assert {one.key: one for one in part(LOOK).figures}["drill"].reason.da == "ophævet"
    broken = replace(part(replace(LOOK, inbox=900)), fault="")
    said = "\n".join(part_lines(broken, "en", figures=False))
    assert "messages of its that wait here: 900 (at most 100): failed" in said
    assert "certificate" not in said
    assert "højst 100" in "\n".join(part_lines(broken, "da", figures=True))


@pytest.mark.parametrize("language", ["en", "da"])
def test_a_page_holds_every_figure_and_nothing_unescaped(given, language) -> None:
    text = page(given, required(TestKind.ACCEPTANCE), language)
    assert text == page(given, required(TestKind.ACCEPTANCE), language)
    for one in given.protocol.parts:
        for figure in one.figures:
            assert figure.measure.name.say(language).replace("'", "&#39;") in text
    assert given.digest in text
    assert "<b>broke" not in text
    assert "<script" not in text
    assert {"en": "at least 20 days", "da": "mindst 20 dage"}[language] in text


@pytest.mark.slow
def test_the_pdf_is_pdf_ua_and_the_same_twice(given, tmp_path) -> None:
    made = as_pdf(given, ["rules"], "da")
    assert made == as_pdf(given, ["rules"], "da")
    file = tmp_path / "protocol.pdf"
    file.write_bytes(made)
    assert wrong(file) == ["7.1: nothing is tagged /Figure"], "it holds no picture"


@pytest.mark.slow
def test_files_are_written_once_and_checked_with_the_public_key(given, tmp_path) -> None:
    files, missing = write_all(given, ["rules"], tmp_path / "out", "en")
    assert ([one.suffix for one in files], missing) == ([".json", ".html", ".pdf"], "")
    assert read_protocol(files[0]).digest == given.digest
    kept = files[0].read_bytes()
    more, _ = write_all(given, ["rules"], tmp_path / "out", "en")
    assert [one.name for one in more] == [f"{one.stem}-2{one.suffix}" for one in files], "of the same second"
    assert files[0].read_bytes() == kept
    files[0].with_name(f"{files[0].stem}-3.html").touch()
    with pytest.raises(Stop, match="never overwritten"):
        write_all(given, ["rules"], tmp_path / "out", "en")
    assert "has not passed" in command(node_app, "verify-protocol", files[0], "--key", given.key, code=Exit.UNHEALTHY)
    command(node_app, "verify-protocol", files[0], "--key", "00" * 32, code=Exit.REFUSED)
    command(node_app, "verify-protocol", files[0], "--key", given.key, "--kind", "final", code=Exit.REFUSED)
    changed = json.loads(files[0].read_text())
    changed["protocol"]["actor"] = "region-b"
    files[0].write_text(json.dumps(changed))
    assert "was changed" in command(node_app, "verify-protocol", files[0], "--key", given.key, code=Exit.REFUSED)
    files[0].write_text("{}")
    command(node_app, "verify-protocol", files[0], "--key", given.key, code=Exit.INPUT)
    command(node_app, "verify-protocol", tmp_path / "none", "--key", given.key, code=Exit.INPUT)


def test_a_file_that_finds_no_room_is_not_left_half_written(given, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(SignedProtocol, "file", lambda _: FullDisk())
    with pytest.raises(Stop, match="No space left"):
        write_all(given, ["rules"], tmp_path / "out", "en")
    assert list((tmp_path / "out").iterdir()) == []


class FullDisk:
    """Bytes that cannot be written."""

    def __buffer__(self, _):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_what_cannot_be_looked_at_breaks_off_or_is_left_out_is_named_with_who_must_act(bench) -> None:
    made = part_of(ProtectionCheck(), bench('[enforce]\nupdate_server = "192.0.2.1@53"\n').site)
    figures = {one.key: one for one in made.figures}
    assert (made.outcome, figures["unseen"].value) == (Outcome.NOT_TESTED, "bind")
    assert figures["in_force"].reason.da.startswith("bind: dens zone er en anden servers. Dens driftsansv")

    class Full(RuleCheck):
        def run(self, _):
            raise sqlite3.OperationalError("database or disk is full")

    made = part_of(Full(), bench().site)
    said = list(part_lines(made, "en", figures=False))
    assert (made.outcome, len(said)) == (Outcome.FAILED, 3)
    assert "broke off: database or disk is full" in said[1]
    assert "the check broke off. The node's operator mends what is named" in said[2]
    made = signed(run(bench("").site, [ProtectionCheck()]), KEY)
    text = page(made, required(TestKind.ACCEPTANCE), "en")
    assert "Only some parts were tested." in text
    assert "<dd>passed" not in text


def test_a_node_that_is_not_enrolled_or_a_part_that_is_none_is_one_message(bench, tmp_path) -> None:
    file = bench("").folder / "node.toml"
    assert "enrol" in command(node_app, "accept", "-c", file, "--only", "rules", code=Exit.CONFIGURATION)
    assert "no part is called" in command(node_app, "accept", "-c", file, "--only", "tea", code=Exit.USAGE)
    assert list(tmp_path.glob("*.json")) == []


@pytest.mark.parametrize("language", ["en", "da"])
@pytest.mark.parametrize("only", [False, True])
def test_terminal_json_page_and_pdf_say_the_same_word_of_each_part(given, language, only, monkeypatch) -> None:
    wanted = [one.name for one in given.protocol.parts] if only else required(TestKind.ACCEPTANCE)
    printed = []
    monkeypatch.setattr("bavn.app.accept.page.pdf", lambda html, *_: printed.append(html) or b"%PDF")
    as_pdf(given, wanted, language)
    html, told = page(given, wanted, language), as_json(given.protocol, wanted, language)
    assert printed == [html], "the PDF is that page"
    assert {part.outcome for part in given.protocol.parts} >= {Outcome.NOT_TESTED, Outcome.FAILED}
    for one in given.protocol.parts:
        word = told["parts_say"][one.name]
        line = next(iter(part_lines(one, language, figures=False)))
        assert f"{one.title.say(language)}: {word} (" in line
        row = html.partition(f'<a href="#{one.name}">')[2].partition("</tr>")[0]
        assert re.search(rf"<td>(<strong>)?{re.escape(word)}(</strong>)?</td>", row), (one.name, row)
        assert told["parts"][one.name] == one.outcome.value
    assert verdict(given.protocol, wanted).say(language) == told["says"]
    assert f">{told['says']}</dd>" in html
