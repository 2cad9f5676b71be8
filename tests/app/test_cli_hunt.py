"""An analyst's questions from the command line."""

import csv
import io
import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bavn.actor.store.columns import ColumnStore
from bavn.app.cli.node.main import app
from bavn.app.process.exits import Exit, Stop
from bavn.model.moment import HOUR_US

HOUR = 494_000
AT = HOUR * HOUR_US


@pytest.fixture
def config(tmp_path, monkeypatch):
    monkeypatch.setattr("bavn.app.analyst.hunting.ROWS_MAX", 5)
    file = tmp_path / "node.toml"
    file.write_text('[node]\nactor = "north"\n')
    return file


@pytest.fixture
def history(config, rows):
    with ColumnStore.open(config.parent / "data/store") as store:
        flows = [{"ts": AT + n, "ts_end": AT + n, "src": "10.0.0.5", "dst": f"192.0.2.{n}"} for n in range(8)]
        dns = [{"ts": AT - 9 * 24 * HOUR_US, "src": "10.0.0.5", "rrname": "old.example.com", "answers": ["192.0.2.1"]}]
        evil = [{"ts": AT, "src": "10.0.0.6", "user_agent": "\x1b[2J[bold]=1+1", "host": "a.example"}]
        store.append("a", "1", {"flow": rows("flow", flows), "dns": rows("dns", dns), "http": rows("http", evil)})
    return config


def run(config, *words, **more):
    return CliRunner().invoke(app, ["hunt", *words, "--config", str(config)], **more)


def stopped(done) -> tuple[Exit, str]:
    assert isinstance(done.exception, Stop), done.exception
    assert "\n" not in str(done.exception)
    return done.exception.code, str(done.exception)


def test_addresses_and_times_are_read_as_text(history) -> None:
    done = run(history, "sql", "--json", "SELECT src, dst, ts FROM flow ORDER BY ts LIMIT 1")
    assert json.loads(done.stdout) == {"src": "10.0.0.5", "dst": "192.0.2.0", "ts": "2026-05-10T08:00:00Z"}
    done = run(history, "sql", "--csv", "SELECT dst, answers FROM dns")
    assert list(csv.reader(io.StringIO(done.stdout)))[1] == ["192.0.2.1", '["192.0.2.1"]']


def test_an_address_is_asked_for_as_text(history) -> None:
    done = run(history, "sql", "--json", "SELECT count(*) AS n FROM flow WHERE in_net(dst, '192.0.2.4/30')")
    assert json.loads(done.stdout) == {"n": 4}


def test_rows_beyond_the_bound_are_left_out_and_said(history) -> None:
    done = run(history, "sql", "SELECT dst FROM flow")
    assert done.stdout.count("192.0.2.") == 5
    assert "first 5 rows; there are more" in done.stderr
    assert run(history, "sql", "SELECT dst FROM flow", "--rows", "8").stdout.count("192.0.2.") == 8


def test_a_span_leaves_out_what_lies_outside(history) -> None:
    count = "SELECT count(*) AS n FROM dns"
    assert json.loads(run(history, "sql", "--json", count).stdout) == {"n": 1}
    assert json.loads(run(history, "sql", "--json", "--last", "7d", count).stdout) == {"n": 0}
    assert json.loads(run(history, "sql", "--json", "--to", "2026-05-02", count).stdout) == {"n": 1}


def test_a_query_comes_from_a_file_or_standard_input(history, tmp_path) -> None:
    (tmp_path / "q.sql").write_text("SELECT 1 AS one;\n")
    assert json.loads(run(history, "sql", "--json", "--file", str(tmp_path / "q.sql")).stdout) == {"one": 1}
    assert json.loads(run(history, "sql", "--json", "-", input="SELECT 2 AS two").stdout) == {"two": 2}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("DELETE FROM flow", "SELECT"),
        ("SELECT * FROM read_csv('/etc/passwd')", "not allowed"),
        ("SELECT * FROM '/etc/passwd'", "no table"),
        ("SELECT nothing FROM flow", "nothing"),
        ("SELECT addr('1.2.3')", "1.2.3 is no address"),
        ("COPY flow TO '/tmp/x'", "SELECT"),
        ("SELECT 1; SELECT 2", "one SELECT"),
    ],
)
def test_a_refusal_is_one_line_and_a_code(history, query, reason) -> None:
    code, line = stopped(run(history, "sql", query))
    assert code is Exit.USAGE
    assert reason in line


def test_a_query_that_takes_too_long_is_broken_off(history) -> None:
    history.write_text('[node]\nactor = "north"\n[hunt]\nseconds_max = 0.3\n')
    endless = "SELECT count(*) FROM range(100000) a, range(100000) b, range(100000) c"
    assert stopped(run(history, "sql", endless)) == (Exit.EXCEEDED, "the query took more than 0.3 s")


def test_a_node_without_history_says_so(config) -> None:
    assert stopped(run(config, "sql", "SELECT 1"))[0] is Exit.NOT_FOUND


def test_what_came_over_the_network_cannot_write_on_the_terminal(history) -> None:
    done = run(history, "sql", "SELECT user_agent FROM http")
    assert "\x1b" not in done.stdout
    assert "\\x1b[2J[bold]=1+1" in done.stdout


def test_tables_are_listed_with_what_they_hold(config) -> None:
    rows = [json.loads(line) for line in CliRunner().invoke(app, ["hunt", "tables", "--json"]).stdout.splitlines()]
    assert {"flow", "dns", "pair_hour"} <= {row["table"] for row in rows}
    assert {"table": "flow", "column": "dst", "type": "address", "holds": "the side that was called"} in rows
    plain = CliRunner().invoke(app, ["hunt", "tables", "dns"]).stdout
    assert "rrname" in plain
    assert "in_net" in plain
    danish = CliRunner().invoke(app, ["hunt", "tables", "dns", "--language", "da"]).stdout
    assert "navnet, der blev spurgt om" in danish
    assert "kolonne" in danish
    assert "om en gemt adresse ligger i et net" in danish


def test_what_every_column_holds_is_said_in_danish_too() -> None:
    from bavn.actor.store.query.address_macros import HELPERS
    from bavn.actor.store.segments.segment import ROLLUPS
    from bavn.model.catalogue import translated
    from bavn.model.record import TABLES

    said = {column.holds for columns in (TABLES | ROLLUPS).values() for column in columns} | set(HELPERS.values())
    assert [one for one in said if one and translated(one, "column", "da") is one] == []


def test_an_empty_answer_and_a_long_one_are_said_in_danish(history) -> None:
    none = run(history, "sql", "SELECT dst FROM flow WHERE false", "--language", "da")
    assert "ingen rækker" in none.stderr
    many = run(history, "sql", "SELECT dst FROM flow", "--rows", "2", "--language", "da")
    assert "dette er de første 2 rækker; der er flere (--rows)" in many.stderr


RULE = """title: Old name
id: 5013fd7d-7c5a-4b1d-9d9f-0a2f1a1b2c3d
logsource: {category: dns}
detection: {s: {query|endswith: .example.com}, condition: s}
level: high
tags: [attack.t1071.004]
---
title: Needs a host
logsource: {product: windows, category: process_creation}
detection: {s: {Image: a.exe}, condition: s}
"""


@pytest.fixture
def folder_of_rules(tmp_path):
    (tmp_path / "rules/deep").mkdir(parents=True)
    (tmp_path / "rules/deep/some.yml").write_text(RULE)
    (tmp_path / "rules/no_rule.txt").write_text("a: [")
    return tmp_path / "rules"


@pytest.mark.slow
def test_sigma_rules_run_over_the_history_and_none_is_dropped_unseen(history, folder_of_rules) -> None:
    done = run(history, "sigma", str(folder_of_rules), "--json")
    assert done.exit_code == 0
    (match,) = [json.loads(line) for line in done.stdout.splitlines()]
    assert (match["rule"], match["level"], match["technique"]) == ("Old name", "high", "T1071.004")
    assert (match["rows"], match["hosts"], match["named"]) == (1, 1, ["10.0.0.5"])
    assert match["samples"][0]["rrname"] == "old.example.com"
    assert "Needs a host: the log source (product windows category process_creation) is not seen" in done.stderr
    assert "2 rules: 1 run, 1 are not supported" in done.stderr
    assert (
        "Old name (high, T1071.004 (command channel in web, DNS or mail))"
        in run(history, "sigma", str(folder_of_rules)).stdout
    )


def test_sigma_check_says_of_each_rule_what_becomes_of_it(config, folder_of_rules) -> None:
    done = run(config, "sigma", "--check", "--sql", str(folder_of_rules), "--json", "--language", "da")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(row["rule"], row["outcome"]) for row in rows] == [("Old name", "runs"), ("Needs a host", "unsupported")]
    assert rows[0]["sql"].startswith("FROM dns WHERE")
    assert "1 understøttes ikke" in done.stderr


def test_a_rule_that_cannot_be_read_is_an_exit_code(history, folder_of_rules) -> None:
    (folder_of_rules / "bad.yml").write_text("a: [")
    done = run(history, "sigma", str(folder_of_rules))
    assert done.exit_code == Exit.INPUT
    assert "bad.yml: it is no YAML" in done.stderr
    assert "Old name" in done.stdout


def test_a_folder_without_rules_and_a_path_that_is_not_there(history, tmp_path) -> None:
    (tmp_path / "none").mkdir()
    assert stopped(run(history, "sigma", str(tmp_path / "none")))[0] is Exit.NOT_FOUND
    assert stopped(run(history, "sigma", str(tmp_path / "nowhere")))[0] is Exit.USAGE


@pytest.mark.slow
def test_a_hunt_is_kept_run_and_shown(history) -> None:
    done = run(history, "save", "old-names", "SELECT rrname FROM dns", "--says", "Old names", "--span", "2w")
    assert done.exit_code == 0, done.exception
    assert stopped(run(history, "save", "old-names", "SELECT 1"))[0] is Exit.CONFIGURATION
    assert json.loads(run(history, "run", "old-names", "--json").stdout) == {"rrname": "old.example.com"}
    assert run(history, "run", "old-names", "--json", "--last", "7d").stdout == ""
    rows = [json.loads(line) for line in run(history, "show", "--json").stdout.splitlines()]
    assert [row["looks for"] for row in rows if row["from"] == "own"] == ["Old names"]
    assert "SELECT rrname FROM dns" in run(history, "show", "old-names").stdout
    assert stopped(run(history, "run", "new-names"))[0] is Exit.NOT_FOUND


def test_what_cannot_be_asked_is_not_kept(history) -> None:
    assert stopped(run(history, "save", "bad", "SELECT nothing FROM flow"))[0] is Exit.USAGE
    assert stopped(run(history, "save", "../bad", "SELECT 1"))[0] is Exit.USAGE
    assert not list((history.parent).glob("**/bad.toml"))


@pytest.mark.slow
def test_a_hunt_says_what_it_needs(history) -> None:
    assert "peer" in stopped(run(history, "run", "who-talks-to"))[1]
    done = run(history, "run", "who-talks-to", "--with", "peer=192.0.2.4", "--json")
    assert json.loads(done.stdout)["dst"] == "192.0.2.4"
    assert stopped(run(history, "run", "who-talks-to", "--with", "peer=x' OR 1=1"))[0] is Exit.USAGE


def test_a_file_that_is_no_hunt_is_named_and_the_others_are_listed(history) -> None:
    (history.parent / "hunts").mkdir()
    (history.parent / "hunts/bad.toml").write_text("sql = 1")
    done = run(history, "show", "--language", "da")
    assert done.exit_code == Exit.INPUT
    assert "bad.toml: sql must be a text" in done.stderr
    assert "Egne maskiner" in done.stdout


@pytest.fixture
def met(config, rows):
    with ColumnStore.open(config.parent / "data/store") as store:
        flows = [{"ts": AT, "src": "10.0.0.5", "dst": d} for d in ("198.51.100.7", "203.0.113.9", "192.0.32.8")]
        dns = [{"ts": AT, "src": "10.0.0.6", "rrname": "a.b.evil-example.dk"}]
        tls = [
            {
                "ts": AT,
                "src": "10.0.0.7",
                "ja3": "a" * 32,
                "ja4": "t13d1516h2_8daaf6152771_b186095e22b6",
                "cert": "b" * 40,
                "sni": "c2.example.net",
            }
        ]
        files = [{"ts": AT, "src": "10.0.0.8", "md5": "c" * 32, "sha1": "d" * 40, "sha256": "e" * 64}]
        tables = {"flow": flows, "dns": dns, "tls": tls, "fileinfo": files}
        store.append("a", "1", {name: rows(name, given) for name, given in tables.items()})
    return config


@pytest.mark.slow
def test_a_list_of_indicators_is_looked_for_in_all_history(met, tmp_path) -> None:
    wanted = ["8.8.4.4", "192.0.32.8", "192.0.32.0/24", "evil-example.dk", "hxxps://c2.example[.]net/x"]
    wanted += ["ja3:" + "a" * 32, "t13d1516h2_8daaf6152771_b186095e22b6", "# a comment"]
    wanted += ["b" * 40, "C" * 32, "d" * 40, "e" * 64]
    (tmp_path / "list.txt").write_text("\n".join(wanted))
    done = run(met, "ioc", str(tmp_path / "list.txt"), "--json")
    assert done.exit_code == 0, (done.stderr, done.exception)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert {(row["type"], row["indicator"], tuple(row["named"])) for row in rows} >= {
        ("ip4", "192.0.32.8", ("10.0.0.5",)),
        ("net", "192.0.32.0/24", ("10.0.0.5",)),
        ("domain", "evil-example.dk", ("10.0.0.6",)),
        ("domain", "c2.example.net", ("10.0.0.7",)),
        ("ja3", "a" * 32, ("10.0.0.7",)),
        ("ja4", "t13d1516h2_8daaf6152771_b186095e22b6", ("10.0.0.7",)),
        ("cert", "b" * 40, ("10.0.0.7",)),
        ("md5", "c" * 32, ("10.0.0.8",)),
        ("sha1", "d" * 40, ("10.0.0.8",)),
        ("sha256", "e" * 64, ("10.0.0.8",)),
    }
    (net,) = [row for row in rows if row["type"] == "net"]
    assert (net["met"], net["first"], net["rows"]) == ("192.0.32.8", "2026-05-10T08Z", 1)
    assert "8.8.4.4" not in done.stdout


def test_lines_that_name_no_indicator_are_said(met, tmp_path) -> None:
    done = run(met, "ioc", "-", input="not an indicator\nevil-example.dk\n")
    assert done.exit_code == Exit.INPUT
    assert "evil-example.dk" in done.stdout
    assert stopped(run(met, "ioc", str(tmp_path / "nowhere")))[0] is Exit.USAGE


@pytest.mark.slow
@pytest.mark.parametrize(("language", "said"), [("en", "242 more lines name no"), ("da", "242 linjer mere nævner")])
def test_each_line_that_names_no_indicator_is_named_or_counted(met, language, said) -> None:
    hashes = "".join(f"{n:032x}\n" for n in range(150))
    done = run(met, "ioc", "-", "--language", language, input="not an indicator\n" * 247 + hashes)
    assert done.exit_code == Exit.INPUT
    assert done.stderr.count("not a domain") == 5
    assert said in done.stderr
    of_files = run(met, "ioc", "-", input=hashes)
    assert of_files.exit_code == 0, "hashes of files are looked for"
    assert "more" not in of_files.stderr


DOUBLED = (
    "WITH RECURSIVE t(x, n) AS (SELECT repeat('x', 100000), 0 UNION ALL SELECT x || x, n + 1 FROM t WHERE n < 30) "
    "SELECT length(x) FROM t"
)
LISTED = "SELECT list_transform(range(100000), lambda i: range(100000))"


@pytest.mark.slow
@pytest.mark.parametrize("query", [DOUBLED, LISTED])
def test_what_a_query_builds_up_past_the_engine_is_bounded(history, query) -> None:
    history.write_text(history.read_text() + "[hunt]\nmemory_mb_max = 64\n")
    before = resource.getrlimit(resource.RLIMIT_DATA), Path("/proc/self/oom_score_adj").read_text()
    code, line = stopped(run(history, "sql", query))
    assert (code, "64 MB of memory" in line) == (Exit.EXCEEDED, True), line
    assert before == (resource.getrlimit(resource.RLIMIT_DATA), Path("/proc/self/oom_score_adj").read_text())


STUCK = """
import time
import bavn.app.process.bounds as bounds
from bavn.actor.store.query.window import StoreWindow
from bavn.app.cli.main import main
bounds.GRACE_S = 0.1
StoreWindow.first = lambda *asked, **more: time.sleep(600)
main()
"""


@pytest.mark.slow
def test_what_the_engine_cannot_break_off_ends_the_command(history) -> None:
    history.write_text(history.read_text() + "[hunt]\nseconds_max = 0.1\n")
    words = ["node", "hunt", "sql", "SELECT 1", "--config", str(history)]
    done = subprocess.run(
        [sys.executable, "-c", STUCK, *words], capture_output=True, text=True, check=False, timeout=30
    )
    assert (done.returncode, done.stderr) == (Exit.EXCEEDED, "bavn: the query took more than 0.1 s\n")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT * FROM flow WHERE src = '10.0.0.5'", "addr('10.0.0.5')"),
        ("SELECT * FROM flow WHERE src LIKE '10.%'", "addr_text(src)"),
        ("SELECT * FROM pair_hour WHERE hour > '2026-01-01'", "hour_time(hour)"),
    ],
)
def test_a_text_where_a_number_stands_is_answered_with_what_to_write(history, query, said) -> None:
    code, line = stopped(run(history, "sql", query))
    assert code is Exit.USAGE
    assert said in line
