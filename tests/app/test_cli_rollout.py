"""The roll-out from the command line: the whole way, the register as CSV, chart and calendar, and signed records."""

import json
import re
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.app.centre.rollout_calendar import OCTETS_MAX, calendar, escaped, folded
from bavn.app.centre.rollout_csv import COLUMNS, BadRegister, Row, entries_of, text_of
from bavn.app.centre.rollout_parts import opened_rollout
from bavn.app.cli.centre.main import app as centre_app
from bavn.app.config.load import read_centre
from bavn.app.process.exits import Exit
from bavn.app.process.real import SystemClock
from bavn.centre.members.enrolment import Application
from bavn.centre.members.rollout import Party, Planned
from bavn.centre.members.signed import BadRecord, record_of
from bavn.model.moment import as_datetime
from bavn.model.sector.functions import FUNCTIONS, Role
from bavn.model.sector.rollout import PATH, Stage, Wait
from bavn.traffic.dice import SeededDice
from bavn.wire.enrol import NodeKeys

from .test_cli_casework import rows, run

TERMS = """purpose_en = "Protect the sector."
purpose_da = "Beskyt sektoren."
legal_basis = "NIS2, article 29"
classes = ["S0", "S1", "S4"]
retention_days = 180
valid_days = 400
"""
BY = ("--by", "Anna Berg")
WHY = ("--why", "the steering group says so", *BY)


@pytest.fixture
def centre(tmp_path):
    """A centre without members; call with the words of a command."""
    file = tmp_path / "centre.toml"
    file.write_text('[centre]\nsector = "test"\n')
    run(centre_app, "init", "-c", file)

    def call(*words, code=0):
        return run(centre_app, "rollout", *words, "-c", file, code=code)

    call.file, call.folder = file, tmp_path
    return call


def agreed(centre, actor):
    (centre.folder / "terms.toml").write_text(TERMS)
    (centre.folder / "paper.pdf").write_bytes(b"signed")
    centre("terms", "publish", centre.folder / "terms.toml", *WHY)
    today = as_datetime(SystemClock().now_us()).date().isoformat()
    centre(
        "sign",
        actor,
        "--signed-by",
        "Bo Lund",
        "--as",
        "director",
        "--day",
        today,
        "--document",
        centre.folder / "paper.pdf",
        *BY,
    )


@pytest.mark.slow
def test_an_actor_goes_the_whole_way_in_and_out_by_commands(centre) -> None:
    centre("add", "region-a", "--kind", "region", "--title", "Region A", "--region", "nord", *BY)
    centre("add", "region-a", *BY, code=Exit.NOT_NOW)
    centre("move", "region-a", "plan", *WHY)
    assert "agreement" in centre("move", "region-a", "agree", *WHY, code=Exit.NOT_NOW)
    agreed(centre, "region-a")
    centre("move", "region-a", "agree", *WHY)
    invited = json.loads(run(centre_app, "invite", "region-a", "-c", centre.file, "--json", *BY))
    with opened_rollout(read_centre(centre.file)) as opened:
        enrolment = opened._membership._enrolment
        asked = NodeKeys.make("region-a", SeededDice(1, "a")).ask(invited["token"])
        enrolment.enrol(Application(**asked.model_dump()))
    protocol = centre.folder / "protocol.json"
    centre("move", "region-a", "accept", *WHY, "--evidence", protocol, code=Exit.INPUT)
    protocol.write_text('{"passed": true}')
    assert "has exactly the fields" in centre(
        "move", "region-a", "accept", *WHY, "--evidence", protocol, code=Exit.INPUT
    )
    assert "waits for: protocol" in centre("move", "region-a", "accept", *WHY, code=Exit.NOT_NOW)
    centre("move", "region-a", "accept", *WHY, "--evidence", protocol, "--by-hand")
    centre("move", "region-a", "try", *WHY)
    (shown,) = rows(centre("show", "--json"))
    assert (shown["state"], shown["next"], shown["member"], shown["missing"]) == (
        "trial",
        "proved",
        "active",
        ["protocol"],
    )
    way = centre("show", "region-a", "--language", "da")
    assert "overtagelsesprøve bestået" in way
    assert "(med hånden)" in way
    assert "driftsprøve bestået" in way
    centre("move", "region-a", "leave", *WHY)
    proof = centre.folder / "proof.json"
    assert "region-a has left" in centre("delete", "region-a", "--out", proof, *WHY)
    assert "the signature holds" in centre("verify", proof)
    assert record_of(proof.read_text()).fields["sector"] == "test"
    proof.write_text(proof.read_text().replace("region-a", "region-b"))
    centre("verify", proof, code=Exit.REFUSED)
    assert json.loads(centre("record", "deletion", "region-a"))["by"] == "Anna Berg"
    centre("record", "deletion", "region-b", code=Exit.NOT_FOUND)


def test_the_register_goes_out_as_csv_is_edited_and_comes_in_whole(centre) -> None:
    for name in ("it-a", "clinic-c"):
        centre("add", name, *BY)
    file = centre.folder / "register.csv"
    centre("export", "--csv", file)
    before = file.read_bytes()
    centre("import", file, *BY)
    centre("export", "--csv", file)
    assert file.read_bytes() == before
    file.write_text(
        "actor;kind;functions;suppliers;waits;plan_enrolled\n"
        "clinic-c;clinic;laboratory surgery;acme;enrolled:it-a=operating;2030-01-31\n"
        "new-one;municipality;;;;\n"
    )
    assert "3 lines" not in centre("import", file, "--check")
    assert centre("import", file, *BY).strip() == "1 added, 1 changed"
    shown = {one["actor"]: one for one in rows(centre("show", "--json"))}
    assert shown["clinic-c"]["kind"] == "clinic"
    assert shown["it-a"]["holds_up"] == ["clinic-c"]
    assert shown["new-one"]["state"] == "candidate"
    file.write_text("actor,kind,plan_trial\nclinic-c,kingdom,\nx,clinic,tomorrow\n")
    said = centre("import", file, *BY, code=Exit.INPUT)
    assert re.search(r"line 2: no kind is called 'kingdom'.*line 3, plan_trial: ", said)
    centre("import", centre.folder / "none.csv", *BY, code=Exit.INPUT)


@pytest.mark.slow
def test_the_plan_is_a_chart_and_a_calendar_and_the_same_twice(centre) -> None:
    for name in ("region-a", "clinic-c"):
        centre("add", name, "--title", f"The {name}, of æøå; and more", *BY)
    for state, day in (("planned", "2026-01-15"), ("agreement", "2026-03-01"), ("operating", "2027-06-01")):
        centre("plan", "region-a", state, day, *WHY)
    centre("plan", "region-a", "operating", "2025-01-01", *WHY, code=Exit.USAGE)
    centre("plan", "region-a", "operating", "tomorrow", *WHY, code=Exit.USAGE)
    centre("plan", "region-a", "operating", "2027-08-01", *WHY)
    centre("move", "region-a", "plan", *WHY)
    made = {}
    for turn in ("one", "two"):
        png, ics = centre.folder / f"{turn}.png", centre.folder / f"{turn}.ics"
        centre("export", "--png", png, "--ics", ics, "--language", "da")
        made[turn] = png.read_bytes(), re.sub(r"DTSTAMP:\S+", "", ics.read_text())
    assert made["one"] == made["two"]
    assert made["one"][0].startswith(b"\x89PNG")
    unfolded = made["one"][1].replace("\n ", "")
    assert unfolded.count("BEGIN:VEVENT") == 3
    assert "SUMMARY:The region-a\\, of æøå\\; and more: i drift" in unfolded
    assert "DTSTART;VALUE=DATE:20270801" in unfolded
    assert "planlagt første gang 2027-06-01" in unfolded
    centre("export", code=Exit.USAGE)


def test_what_is_late_or_in_the_way_can_be_asked_for(centre) -> None:
    centre("add", "region-a", *BY)
    centre("add", "region-b", *BY)
    yesterday = (as_datetime(SystemClock().now_us()) - timedelta(days=3)).date().isoformat()
    centre("plan", "region-a", "planned", yesterday, *WHY)
    assert [(one["actor"], one["late_days"]) for one in rows(centre("show", "--blocked", "--json"))] == [
        ("region-a", 3)
    ]
    assert "3 dage for sent" in centre("show", "--language", "da")
    centre("wait", "region-b", "region-a", "--before", "planned", "--until", "planned", *WHY)
    assert {one["actor"] for one in rows(centre("show", "--blocked", "--json"))} == {"region-a", "region-b"}
    centre("wait", "region-a", "region-b", "--before", "planned", "--until", "planned", *WHY, code=Exit.USAGE)
    assert "aftale" in run(centre_app, "rollout", "steps", "--language", "da")
    assert centre("adopt", *WHY).strip() == "0 adopted"


# --- parsers ----------------------------------------------------------------------------------------------------

NAMES = st.from_regex(r"[a-z][a-z0-9-]{1,12}", fullmatch=True).filter(lambda one: one not in ("centre", "keyholder"))
TITLES = st.text(st.characters(exclude_categories=("C", "Z")), max_size=30)
PARTIES = st.builds(
    Row,
    party=st.builds(
        Party,
        actor=NAMES.filter(lambda one: one not in ("sector", "nobody")),
        title=TITLES,
        kind=st.sampled_from(["region", "it-centre"]),
        region=st.just("nord"),
        stage=st.sampled_from(Stage),
    ),
    role=st.builds(Role, st.sets(st.sampled_from(sorted(FUNCTIONS))).map(lambda some: tuple(sorted(some)))),
    kind=st.sampled_from(["region", "clinic"]),
    group=st.just(""),
    waits=st.just((Wait("x", Stage.TRIAL, "other-one", Stage.PROVED),)),
    plan=st.integers(0, 50_000).map(lambda day: (Planned(actor="x", stage=Stage.TRIAL, day=day, first_day=day),)),
)


@given(st.lists(PARTIES, max_size=5, unique_by=lambda row: row.party.actor))
def test_what_is_written_as_a_register_is_read_as_the_same(written) -> None:
    found = entries_of(("\ufeff" + text_of(written)).encode())
    assert [one.actor for one in found] == [row.party.actor for row in written]
    for one, row in zip(found, written, strict=True):
        assert (one.title, one.kind, one.functions) == (row.party.title, row.kind, row.role.functions)
        assert one.plan[Stage.TRIAL] == row.plan[0].day
        assert [wait.other for wait in one.waits] == ["other-one"]


@settings(max_examples=50)
@given(
    st.one_of(
        st.binary(max_size=300),
        st.text(max_size=300).map(str.encode),
        st.lists(
            st.lists(st.text(max_size=20), max_size=4).map(",".join),
            max_size=6,
        ).map(lambda lines: ("actor,kind,waits,plan_trial\n" + "\n".join(lines)).encode()),
    )
)
def test_any_file_is_a_register_or_one_error(raw) -> None:
    try:
        found = entries_of(raw)
    except BadRegister as error:
        assert str(error)
        return
    assert all(Party(actor=one.actor) for one in found)


def test_a_register_has_bounds_and_says_what_a_header_may_hold() -> None:
    many = "actor\n" + "".join(f"a-{n}\n" for n in range(1001))
    for raw, said in (
        (many, "more than 1000 rows"),
        ("kind\nregion\n", "no column actor"),
        ("actor,actor\nab,ab\n", "twice"),
        ("actor,colour\nab,red\n", "no column is called 'colour'"),
        ("actor\nab\nab\n", "line 3, actor: ab stands"),
        ("actor,kind\nab\n", "1 cells, not 2"),
        ("actor,waits\nab,trial:other\n", "is not STATE:ACTOR=STATE"),
        ("actor,waits\nab,dream:other=trial\n", "dream"),
        ('actor\n"ab\n', "line 2"),
    ):
        with pytest.raises(BadRegister, match=re.escape(said)):
            entries_of(raw.encode())
    with pytest.raises(BadRegister, match="bytes"):
        entries_of(b"x" * 2_000_001)
    assert set(COLUMNS) >= {f"plan_{stage.value}" for stage in PATH[1:]}


@given(st.text(max_size=200))
def test_a_calendars_lines_are_short_and_say_the_same_unfolded(text) -> None:
    line = folded("SUMMARY:" + escaped(text))
    parts = line.split("\r\n")
    assert all(len(part.encode()) <= OCTETS_MAX for part in parts)
    assert all(part.startswith(" ") for part in parts[1:])
    whole = parts[0] + "".join(part[1:] for part in parts[1:])
    assert whole == "SUMMARY:" + escaped(text)
    assert not set(whole) & {"\r", "\n"}


def test_an_empty_plan_is_an_empty_calendar() -> None:
    made = calendar([], "en", sector="test", now_us=0)
    assert made.startswith("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n")
    assert made.endswith("END:VCALENDAR\r\n")


@given(
    st.one_of(
        st.text(max_size=100),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=5),
            lambda inner: (
                st.dictionaries(
                    st.sampled_from(["kind", "subject", "number", "body", "key", "signature"]), inner, max_size=6
                )
                | st.lists(inner, max_size=2)
            ),
            max_leaves=8,
        ).map(json.dumps),
    )
)
def test_any_text_is_a_record_or_one_error(text) -> None:
    try:
        found = record_of(text)
    except BadRecord as error:
        assert str(error)
        return
    assert not found.holds()
