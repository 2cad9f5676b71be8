"""A policy explained, every field with a way and errors with their line; and what left this actor, in words."""

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from bavn.app.cli.node.main import app
from bavn.app.config.load import POLICY_TABLES, read_node
from bavn.app.node.health.recorder import Recorder
from bavn.app.policy.by_question import QUESTIONS
from bavn.app.policy.explain import consequences, line_of, policy_of
from bavn.app.policy.file import STRICT, fields_of
from bavn.app.policy.left import LINES_MAX, left_in
from bavn.app.policy.means import TURNS, Way, means, ways
from bavn.app.process.exits import Stop
from bavn.app.process.real import SystemClock
from bavn.model.forms import forms
from bavn.model.moment import DAY_US, HOUR_US, MINUTE_US
from bavn.model.outcome import Refused
from bavn.model.settings import SettingsError, settings_of
from bavn.model.text import Text
from bavn.wire.book import Book
from bavn.wire.ledger import Ledger, Note


@pytest.fixture
def config(tmp_path):
    file = tmp_path / "node.toml"
    file.write_text('[node]\nactor = "north"\nhomes = ["10.0.0.0/8"]\n')
    (tmp_path / "data").mkdir()
    with Book(tmp_path / "data/node.db") as book:
        Ledger(book)
    return file


def run(config, *words):
    done = CliRunner().invoke(app, ["policy", "explain", *map(str, words), "--config", str(config)])
    assert done.exit_code == 0, (done.output, done.exception)
    return done.output


def rows(config, *words):
    return [json.loads(line) for line in run(config, *words, "--json").splitlines()]


def fault(config, text: str) -> str:
    with pytest.raises(SettingsError) as caught:
        policy_of(text, read_node(config), "p.toml")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_every_field_has_a_way_and_words_in_both_languages() -> None:
    for table, kind in POLICY_TABLES.items():
        shown = fields_of({name: made() for name, made in POLICY_TABLES.items()}, "")
        named = {one.name for one in shown if one.table == table}
        assert named == set(TURNS[table]), kind
        for one in (one for one in shown if one.table == table):
            said = means(one.name, one.value, one.about)
            assert said.en != said.da
            if one.kind == "bool":
                values = [means(one.name, value, one.about) for value in (False, True)]
                assert values[0] != values[1]


def test_what_another_policy_changes_is_told(config, tmp_path) -> None:
    other = tmp_path / "policy-b"
    other.mkdir()
    (other / "policy.toml").write_text('[door]\nreveal_domain = "ask"\nweak_p_max = 0.01\nreports_per_day_max = 300\n')
    made = rows(config, other)
    changes = {one["name"]: one["ways"] for one in made if one["what"] == "change"}
    assert changes == {
        "reveal_domain": ["less leaves"],
        "weak_p_max": ["less leaves"],
        "reports_per_day_max": ["more leaves"],
    }


def test_a_policy_that_lets_more_out_says_so_in_both_languages(config, tmp_path) -> None:
    (tmp_path / "policy.toml").write_text('[door]\nreveal_domain = "never"\n')
    more = tmp_path / "more.toml"
    more.write_text('[door]\nreveal_domain = "automatic"\n')
    assert "more can leave" in run(config, more)
    danish = run(config, more, "--language", "da")
    assert "mere kan gå ud" in danish
    assert "S1-meldinger om domæner går ud automatisk" in danish


def test_the_policy_in_force_is_explained_also_by_a_node_that_has_not_run_and_nothing_is_changed(
    config, tmp_path
) -> None:
    file = tmp_path / "policy.toml"
    file.write_text("# ours\n[door]\n\ntell_counts = false\n[protect]\nautomatic = false\n")
    before = file.read_bytes(), (tmp_path / "data/node.db").read_bytes()
    said = run(config)
    assert "line 4: [door] tell_counts = false\n      No counts leave (S3)." in said
    assert "line 6: [protect] automatic = false\n      Every block waits for a person." in said
    assert "internal addresses" in said
    assert "What differs" not in said
    assert len([one for one in rows(config, "--all") if one["what"] == "line"]) == sum(map(len, TURNS.values()))
    assert (file.read_bytes(), (tmp_path / "data/node.db").read_bytes()) == before
    (tmp_path / "data/node.db").unlink()
    assert "What each line means" in run(config)


def test_a_policy_that_the_running_node_did_not_begin_with_is_said_to_wait_for_a_restart(config, tmp_path) -> None:
    clock = SystemClock()
    Recorder(read_node(config), clock, None, None, queued=lambda: 0).step()

    def health(*words):
        return CliRunner().invoke(app, ["health", "--config", str(config), *words]).output

    (tmp_path / "policy.toml").write_text("# only a comment\n")
    assert "after a restart" not in run(config) + health()
    (tmp_path / "policy.toml").write_text('[door]\nreveal_domain = "never"\n')
    assert "What is written is in force after a restart" in run(config)
    assert "Nothing differs from the policy that is written." in run(config, tmp_path / "policy.toml")
    assert "The policy was changed since the node began" in health()
    assert json.loads(health("--json"))["policy_waits"]
    assert "waits" in {row["what"] for row in rows(config)}


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ('[door]\nreveal_domain = "sometimes"\n', 2, "automatic, ask, never"),
        ("[door]\n\nstrong_p_max = 0.2\n", 3, "at most 0.05"),
        ("[door]\njoin_strong = 1\n", 2, "true or false"),
        ("[door]\nleave_out = []\nleav_out = []\n", 3, "leav_out"),
        ("[door]\nx = = 1\n", 2, "no TOML"),
        ("\n[doors]\n", 2, "[doors]"),
        ("door = 3\n", 1, "must be a table"),
        ('[door]\njoin_weak = true\nleave_out = ["shoe:7"]\n', 3, "no observable"),
        ('[protect]\nnever_block_file = "nowhere.toml"\n', 2, "never_block_file"),
    ],
)
def test_a_bad_policy_is_one_error_with_its_line(config, text, line, said) -> None:
    words = fault(config, text)
    assert words.startswith(f"p.toml, line {line}:")
    assert said in words


def test_a_file_that_is_not_there_or_no_text_is_one_error(config, tmp_path) -> None:
    for name, raw in (("a.toml", b"\xff\xfe"), ("b.toml", b"#" * 1_000_001)):
        (tmp_path / name).write_bytes(raw)
    for name in ("a.toml", "b.toml", "c.toml"):
        done = CliRunner().invoke(app, ["policy", "explain", str(tmp_path / name), "--config", str(config)])
        assert isinstance(done.exception, SettingsError), name


@settings(max_examples=150, deadline=None)
@given(
    text=st.text(max_size=200)
    | st.lists(
        st.sampled_from(
            [
                "[door]",
                "[protect]",
                "[x",
                "a.b = 1",
                "join_strong = true",
                "leave_out = [\n",
                "]",
                '"""',
                "= 1",
                "door.x = 2",
                "reveal_domain = 'ask'",
                "own_domains = ['x']",
                "[door]#",
                "[[door]]",
            ]
        ),
        max_size=12,
    ).map("\n".join)
)
@example(text="[" * 3000)
@example(text="[door]\nleave_out = [1979-05-27]")
@example(text="[protect]\nown_domains = ['æ..']\n")
def test_any_text_is_a_policy_or_one_error_with_a_line_in_it(tmp_path_factory, text) -> None:
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / "node.toml").write_text('[node]\nactor = "north"\n')
    given_config = read_node(folder / "node.toml")
    try:
        made = policy_of(text, given_config, "p.toml")
    except SettingsError as error:
        line = int(str(error).removeprefix("p.toml, line ").partition(":")[0])
        assert 1 <= line <= text.count("\n") + 1 + text.count("\r") + 20
    else:
        assert consequences(made, made) == []


def test_a_line_is_found_in_its_own_table_and_each_field_stands_below_one_question() -> None:
    text = "[protect]\nautomatic = true\n[ door ] # x\njoin_weak = true\n\n'join_strong' = true\n"
    assert [line_of(text, "door", name) for name in ("join_weak", "join_strong", "nothing")] == [4, 6, 3]
    assert line_of(text, "protect", "automatic") == 2
    assert line_of("door.join_weak = true", "door", "join_weak") == 1
    named = [(one.table, field) for one in QUESTIONS for field in one.fields]
    every = {(table, field) for table, kind in POLICY_TABLES.items() for field in settings_of(kind)}
    assert sorted(named) == sorted(every)
    for table, strict in STRICT.items():
        POLICY_TABLES[table](**strict)  # the node would start with it


def test_a_threshold_for_strong_evidence_says_who_can_guess_and_what_three_cost() -> None:
    policies = {table: kind() for table, kind in POLICY_TABLES.items()}
    (about,) = [each.about for each in fields_of(policies, "") if each.name == "strong_t_min"]
    two, three = (means("strong_t_min", value, about) for value in (2, 3))
    assert two.en.startswith("2 actors: The fewest actors a round for strong evidence may ask for. At 2 one lying")
    assert "3 is recommended" in two.en
    assert "It takes two lying members" in three.en
    assert "The price" in three.en
    assert "lyver" in two.da


def test_ways_of_modes_numbers_and_lists() -> None:
    assert ways("door", "reveal_domain", "never", "ask") == (Way.MORE_OUT,)
    assert ways("door", "strong_t_min", 2, 3) == (Way.LESS_OUT,)
    assert ways("door", "leave_out", ["a"], ["b"]) == (Way.MORE_OUT, Way.LESS_OUT)
    assert ways("protect", "automatic", True, False) == (Way.LESS_BLOCKED,)
    assert ways("protect", "own_domains", [], ["a.dk"]) == (Way.LESS_BLOCKED,)
    assert ways("protect", "retro_days", 5, 6) == (Way.ELSE,)
    assert ways("protect", "retro_days", 5, 5) == ()


def test_the_policy_is_set_field_by_field_with_a_line_in_the_ledger(config) -> None:
    def set_(*words):
        return CliRunner().invoke(app, ["policy", "set", *words, "--config", str(config)])

    file = config.parent / "policy.toml"
    file.write_text("# ours\n[door]\nweak_p_max = 0.01\n")
    done = set_("door.reveal_domain=ask", "door.weak_p_max=0.02", "protect.block_days_max=10")
    assert done.exit_code == 0, (done.output, done.exception)
    written = read_node(config)
    assert (written.door.reveal_domain, written.door.weak_p_max) == ("ask", 0.02)
    assert file.read_text().startswith("# ours\n")
    with Book(config.parent / "data/node.db") as book:
        (line,) = [one for one in Ledger(book).every() if one.kind == "PolicyChanged"]
    assert ["door", "weak_p_max", 0.01, 0.02] in json.loads(line.summary)["changes"]
    assert set_("door.weak_p_max=").exit_code == 0
    assert read_node(config).door.weak_p_max == type(written.door)().weak_p_max
    before = file.read_text()
    for words in (["door.reveal_domain=perhaps"], ["nobody.reveal=ask"], ["reveal_domain=ask"], ["door.weak_p_max="]):
        assert isinstance(set_(*words).exception, Stop), words
    assert file.read_text() == before
    danish = Text.of_error(set_("door.reveal_domain=perhaps").exception).say("da")
    assert danish.startswith("Noden ville ikke starte")
    assert "skal være" in danish
    assert "must be" not in danish
    assert "/" not in danish


NOW_US = 20_000 * DAY_US + 12 * HOUR_US
ROUND = "ab" * 16


def note(kind: str, privacy: str, body: dict, item: int = 0) -> Note:
    return Note(kind=kind, item_id=f"{item:064x}", peer="centre", privacy=privacy, bytes=100, summary=json.dumps(body))


def report(value: str = "evil-c2.com", kind: str = "domain", **other) -> dict:
    plain = {
        "round_id": ROUND,
        "table": 0,
        "bin": 1,
        "type": kind,
        "value": value,
        "detector": "beacon",
        "technique": "T1071",
        "p_bucket": 12,
        "hosts_bucket": 0,
        "first_hour": NOW_US // HOUR_US - 30,
        "last_hour": NOW_US // HOUR_US - 2,
    }
    return plain | other


def opened(tier: str = "A", t: int = 2) -> dict:
    return {
        "round_id": ROUND,
        "version": 1,
        "epoch": NOW_US // DAY_US,
        "registry_version": 1,
        "tier": tier,
        "t": t,
        "m": 64,
        "r": 20,
        "forms": forms(),
        "deadline_us": NOW_US + HOUR_US,
        "members": [{"actor": name, "x": x} for x, name in enumerate(("north", "south", "west", "east", "mid"), 1)],
    }


@pytest.fixture
def ledger():
    with Book(None) as book:
        yield Ledger(book)


def test_what_left_is_told_by_class_with_its_words_and_what_stayed_is_counted(ledger) -> None:
    ledger.append(NOW_US - DAY_US, "door", "out", note("Report", "S1", report("yesterday.com")))
    ledger.append(NOW_US, "asked", "in", note("RoundOpened", "C", opened()))
    for item in range(3):
        ledger.append(NOW_US, "door", "out", note("ShareUpload", "S0", {"round_id": ROUND}, item))
    ledger.append(NOW_US, "door", "out", note("Report", "S1", report()))
    ledger.append(NOW_US, "door", "out", note("CaseAnswered", "S5", {"act": "words", "words": "It was our scanner."}))
    ledger.append(NOW_US, "door", "out", note("Report", "", {}), Refused("not_vetoed", "a person here has vetoed it"))
    day_us = NOW_US // DAY_US * DAY_US
    told = left_in(ledger.back_to(day_us), day_us, day_us + DAY_US)
    assert told.says.en == (
        "5 things left this actor, of 3 kinds: 3 random parts of rounds, 1 report and 1 answer of people here."
    )
    assert [(one.privacy, one.count, one.named) for one in told.classes] == [
        ("S0", 3, ()),
        ("S1", 1, ("domain:evil-c2.com",)),
        ("S5", 1, ("It was our scanner.",)),
    ]
    assert [(one.rule, one.count) for one in told.refused] == [("not_vetoed", 1)]
    assert (told.count, told.refused_count, told.whole) == (5, 1, True)
    two = left_in(ledger.back_to(day_us - DAY_US), day_us - DAY_US, day_us + DAY_US)
    assert two.count == 6
    assert left_in([], day_us, day_us + DAY_US).says.en == "Nothing left this actor on this day."


def test_the_ledger_is_read_back_to_a_moment_over_closed_parts(tmp_path) -> None:
    with Book(tmp_path / "node.db") as book:
        ledger = Ledger(book)
        for hour in range(30):
            ledger.append(hour * HOUR_US, "door", "out", note("Health", "S4", {}, hour))
        found = [line.at_us // HOUR_US for line in ledger.back_to(25 * HOUR_US)]
    assert found == [29, 28, 27, 26, 25]
    assert LINES_MAX > 28 * 24 * 500


def test_the_command_tells_a_day_without_writing(tmp_path) -> None:
    file = tmp_path / "node.toml"
    file.write_text('[node]\nactor = "north"\nhomes = ["10.0.0.0/8"]\n')
    (tmp_path / "data").mkdir()
    now_us = SystemClock().now_us() - MINUTE_US
    hours = {"first_hour": now_us // HOUR_US - 3, "last_hour": now_us // HOUR_US - 1}
    with Book(tmp_path / "data/node.db") as book:
        ledger = Ledger(book)
        ledger.append(now_us, "door", "out", note("Report", "S1", report(**hours)))
        ledger.append(now_us, "door", "out", note("Counts", "S3", {}))
    before = (tmp_path / "data/node.db").read_bytes()
    for language, said in (("en", "2 things left this actor, of 2 kinds"), ("da", "2 ting gik ud fra denne aktør")):
        done = CliRunner().invoke(app, ["left", "--days", "2", "--config", str(file), "--language", language])
        assert done.exit_code == 0, done.output
        assert said in done.output
    made = json.loads(CliRunner().invoke(app, ["left", "--days", "2", "--config", str(file), "--json"]).output)
    assert made["count"] == 2
    wrong = CliRunner().invoke(app, ["left", "--day", "monday", "--config", str(file)])
    assert wrong.exit_code != 0
    assert (tmp_path / "data/node.db").read_bytes() == before
