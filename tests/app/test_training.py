"""A suspicion made into a training case: the same detector concludes the same from it, and it names nobody."""

import datetime as dt
import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.actor.detect.run import DETECTORS, survey
from bavn.actor.door.suspicions import NodeSuspicions
from bavn.actor.evidence.rewording import HOMES, TOLD, Rewording, eve
from bavn.actor.store.columns import ColumnStore
from bavn.app.analyst.training_sheet import answers, questions
from bavn.app.cli.main import app as whole
from bavn.app.cli.node.main import app
from bavn.app.process.exits import Exit, Stop
from bavn.app.process.real import SystemClock
from bavn.model.record import TABLES, address_uuid
from bavn.model.suspicion import RowsRef
from bavn.wire.book import Book
from tests.people import Runner as CliRunner

from ..actor.detect.conftest import HOMES as OURS  # noqa: TID252  the same cases
from ..actor.detect.conftest import all_cases, window_of  # noqa: TID252
from .test_cli_verdicts import suspicion

AT = dt.datetime.fromisoformat("2026-11-24T10:30:05.123456")
SECRETS = (
    "010170-1234",
    "0101701234",
    "anna.berg",
    "srv-laegehus-7",
    "10.20.30.40",
    "sundhed.example.dk",
    "journal.docx",
    "CPR=",
    "172.16.9.9",
    "LAEGEHUS",
)


def a_row(table, **given):
    plain = {column.name: None for column in TABLES[table]}
    common = {
        "ts": AT,
        "src": address_uuid("10.20.30.40"),
        "src_port": 5000,
        "dst": address_uuid("172.16.9.9"),
        "dst_port": 445,
        "proto": "tcp",
        "flow_id": 77,
        "sensor": "srv-laegehus-7",
    }
    return plain | common | given


def node_of(tmp_path, case):
    """A node whose store holds a case's records and whose book has what the detectors say of them."""
    small = window_of(case)
    with ColumnStore.open(tmp_path / "data/store", homes=OURS) as store:
        for name in TABLES:
            rows = small.lossless(name)
            if rows.num_rows:
                store.append("case", name, {name: rows})
        store.tidy()
        with store.window(small.first_us, small.last_us) as window:
            found = survey(window, [one for one in DETECTORS if one.name == case.detector]).suspicions
    file = tmp_path / "node.toml"
    file.write_text('[node]\nactor = "north"\nhomes = ["10.0.0.0/8"]\n')
    with Book(tmp_path / "data/node.db") as book:
        NodeSuspicions(book).replace(list(found), SystemClock().now_us())
    expect = case.given["expect"]
    (mine,) = [
        one for one in found if (one.detector, one.host, one.peer) == (case.detector, expect["host"], expect["peer"])
    ]
    return file, mine


def replay(file, mine, out, *words):
    return CliRunner().invoke(app, ["replay", mine.id, "--out", str(out), "--config", str(file), *words])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["lateral/hit-chain"])
def test_the_same_detector_concludes_the_same_from_the_case_alone(tmp_path, name) -> None:
    file, mine = node_of(tmp_path, next(case for case in all_cases() if str(case) == name))
    out = tmp_path / "case"
    done = replay(file, mine, out, "--by", "anna")
    assert done.exit_code == 0, (done.output, done.exception)
    assert {one.name for one in out.iterdir()} == {
        "case.eve.json",
        "questions.en.html",
        "questions.da.html",
        "answers.en.html",
        "answers.da.html",
    }
    text = (out / "case.eve.json").read_text()
    assert mine.host not in text
    assert min(json.loads(line)["timestamp"] for line in text.splitlines()).startswith("2024-01-0")
    seen = CliRunner().invoke(whole, ["analyse", str(out / "case.eve.json"), "--json", "--all"])
    verdicts = [json.loads(line) for line in seen.stdout.splitlines()]
    assert any(
        one.get("detector") == mine.detector and one["p"] <= 0.05 and one["host"].startswith("10.77.")
        for one in verdicts
    )
    for sheet in ("answers.en.html", "answers.da.html"):
        assert "10.77." in (out / sheet).read_text()
        assert mine.host not in (out / sheet).read_text()
    ledger = CliRunner().invoke(app, ["ledger", "--json", "--config", str(file)]).output
    (line,) = [json.loads(one) for one in ledger.splitlines() if "TrainingCase" in one]
    assert (line["gate"], line["way"]) == ("export", "out")
    again = replay(file, mine, out)
    assert isinstance(again.exception, Stop)
    assert again.exception.code == Exit.USAGE


def test_nothing_of_the_actors_stands_in_any_table() -> None:
    """Every text column of every table holds secrets, and none of them comes out."""
    case = Rewording(["10.20.0.0/16"], ["sundhed.example.dk"])
    dirty = [
        "srv-laegehus-7.sundhed.example.dk",
        "\\\\SRV-LAEGEHUS-7\\journal\\anna.berg",
        "/patient?CPR=010170-1234",
        "anna.berg@sundhed.example.dk",
        "0101701234",
        "10.20.30.40",
        "http://10.20.30.40:8080/journal.docx?cpr=1",
        "srv-laegehus-7",
        "CN=srv-laegehus-7.sundhed.example.dk",
        "LAEGEHUS",
    ]
    rows = []
    for table in TOLD:
        texts = [c.name for c in TABLES[table] if c.type == "VARCHAR"]
        lists = [c.name for c in TABLES[table] if c.type == "VARCHAR[]"]
        for one in dirty:
            rows.append((table, a_row(table, **dict.fromkeys(texts, one), **dict.fromkeys(lists, dirty))))
    made = eve(case, rows).decode()
    assert len(made.splitlines()) == len(rows)
    for secret in SECRETS:
        assert secret.lower() not in made.lower(), secret


def test_the_same_is_told_the_same_and_neighbours_stay_neighbours() -> None:
    case = Rewording(["10.20.0.0/16", "203.0.113.0/24"])
    first, second, other = (case.address(one) for one in ("10.20.30.40", "10.20.30.41", "10.20.31.40"))
    assert case.address("10.20.30.40") == first
    assert first.rsplit(".", 1)[0] == second.rsplit(".", 1)[0] != other.rsplit(".", 1)[0]
    assert case.address("203.0.113.9").startswith("10.77.")
    assert case.address("fd12::5").startswith("fd00:77:")
    assert case.address("45.9.148.20") == "45.9.148.20"
    assert case.address("224.0.0.251") == "224.0.0.251"
    assert case.name("printer") == case.name("PRINTER.") == "own-1.internal"
    assert case.name("40.30.20.10.in-addr.arpa") == ".".join(reversed(first.split("."))) + ".in-addr.arpa"
    assert case.name("update.kvistsav.net") == "update.kvistsav.net"
    assert case.user("anna") == case.user("ANNA") != case.user("bo")
    assert case.share("\\\\fs01\\C$").endswith("\\C$")
    assert case.file("journal.docx") == "file-1.docx"


def test_weekday_and_hour_stay_and_the_date_goes() -> None:
    case = Rewording([])
    assert case.moment(AT) == "2024-01-02T10:30:05.123456+0000"
    assert case.moment(AT + dt.timedelta(days=8)).startswith("2024-01-10T10:30")


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60), st.ip_addresses())
def test_any_text_and_address_is_told_as_something_that_can_be_read(text, address) -> None:
    case = Rewording(["10.0.0.0/8"])
    name = case.name(text)
    assert re.fullmatch(r"[a-z0-9_.:-]+", name)
    assert case.name(text) == name
    assert "\\" in case.share(text)
    assert case.file(text).startswith("file-")
    assert json.dumps(case.words(text))
    assert case.address(str(address)) == case.address(str(address))


def test_sheets_give_nothing_away_and_escape_what_they_show() -> None:
    one = suspicion(1, peer="<script>alert(1)</script>")
    asked, said = questions(one, "en", "case.eve.json"), answers(one, "da", "case.eve.json")
    assert "peer" not in asked.lower()
    assert one.host not in asked
    assert "<script" not in said
    assert "&lt;script" in said
    assert "Do first" not in said
    assert "Gør først" in said


def test_what_is_no_case_is_one_line(tmp_path) -> None:
    file = tmp_path / "node.toml"
    file.write_text('[node]\nactor = "north"\n')
    with ColumnStore.open(tmp_path / "data/store") as store:
        store.tidy()
    gone = suspicion(1, rows=RowsRef("flow", (("src", "10.0.0.1"),), 0, 1))
    with Book(tmp_path / "data/node.db") as book:
        NodeSuspicions(book).replace([gone, suspicion(2, detector="ioc")], 0)
    out = tmp_path / "case"
    for one, code in ((gone, Exit.NOT_FOUND), (suspicion(2), Exit.NOT_NOW)):
        stopped = replay(file, one, out).exception
        assert isinstance(stopped, Stop)
        assert stopped.code == code
        assert "\n" not in str(stopped)
    assert not out.exists()
    assert HOMES[0] == "10.0.0.0/8"
