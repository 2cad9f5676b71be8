"""`bavn node dry-run`: hosts, services and what lists know of a value, on the real store, in both languages."""

import json

import pytest
from typer.testing import CliRunner

from bavn.actor.protect.state import Item, State
from bavn.actor.store.columns import ColumnStore
from bavn.app.cli.node.main import app
from bavn.app.process.exits import Exit, Stop
from bavn.model.moment import DAY_US, HOUR_US
from bavn.wire.book import Book

AT = 494_000 * HOUR_US
KNOWN = "indicator--00000000-0000-4000-8000-000000000001"


@pytest.fixture
def config(tmp_path):
    (tmp_path / "policy.toml").write_text('[protect]\nclinical_networks = ["10.0.9.0/24"]\n')
    file = tmp_path / "node.toml"
    file.write_text('[node]\nactor = "north"\n')
    return file


@pytest.fixture
def history(config, rows):
    with ColumnStore.open(config.parent / "data/store") as store:
        dns = [{"ts": AT - n * DAY_US, "src": f"10.0.0.{n + 1}", "rrname": "a.evil-c2.com"} for n in range(12)]
        dns += [
            {"ts": AT, "src": "10.0.0.1", "rrname": "b.evil-c2.com"},
            {"ts": AT, "src": "10.0.9.7", "rrname": "pacs.north-imaging.com"},
        ]
        dns += [{"ts": AT - 40 * DAY_US, "src": "10.0.0.99", "rrname": "evil-c2.com"}]
        dns += [{"ts": AT, "src": "10.0.0.1", "rrname": f"n{n}.good.org"} for n in range(200)]
        flows = [
            {"ts": AT, "ts_end": AT, "src": "10.0.0.5", "dst": "203.0.114.9", "dst_port": port} for port in (443, 4433)
        ]
        tls = [{"ts": AT, "src": "10.0.0.5", "dst": "203.0.114.9", "sni": "portal.philips.com", "ja3": "ab" * 16}]
        http = [{"ts": AT, "src": "10.0.0.6", "dst": "203.0.114.9", "host": "\x1b[2J.example"}]
        tables = {"dns": dns, "flow": flows, "tls": tls, "http": http}
        store.append("a", "1", {name: rows(name, some) for name, some in tables.items()})
    with Book(config.parent / "data/node.db") as book:
        State(book).keep(
            Item(
                indicator_id=KNOWN,
                version=1,
                bundle="{}",
                type="domain",
                value="evil-c2.com",
                act="block",
                standing="waiting",
                rule="by_hand",
                reason="asked first",
                until_us=1,
                decided_us=0,
            )
        )
    return config


def run(config, *words):
    return CliRunner().invoke(app, ["dry-run", *words, "--config", str(config)])


def told(config, *words):
    done = run(config, *words, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_a_name_is_told_with_its_hosts_and_the_names_below_it(history) -> None:
    made = told(history, "evil-c2.com")
    assert (made["asked_days"], made["days"]) == (30, 30)
    assert (made["hits"], made["hosts"], made["destinations"]) == (13, 12, 2)
    assert set(made["named_hosts"]) == {f"10.0.0.{n + 1}" for n in range(12)}
    assert [(one["kind"], one["what"], one["hosts"], one["count"]) for one in made["services"]] == [
        ("dns", "a.evil-c2.com", 12, 12),
        ("dns", "b.evil-c2.com", 1, 1),
    ]
    assert made["would_wait"]["rule"] == "dry_run_hosts"
    assert told(history, KNOWN) == made
    assert told(history, "domain:evil-c2.com") == made


def test_the_days_that_are_asked_for_are_the_days_that_are_told(history) -> None:
    made = told(history, "evil-c2.com", "--days", "5")
    assert (made["asked_days"], made["days"], made["hosts"]) == (5, 5, 5)
    assert told(history, "evil-c2.com", "--days", "60")["hosts"] == 13
    assert told(history, "evil-c2.com", "--days", "60")["days"] == 40


def test_an_address_is_told_with_its_ports_and_the_names_behind_it(history) -> None:
    made = told(history, "203.0.114.9")
    assert made["named_hosts"] == ["10.0.0.5", "10.0.0.6"]
    kinds = {(one["kind"], one["what"]): one["known"] for one in made["services"]}
    assert {("tcp", "443"), ("tcp", "4433"), ("tls", "portal.philips.com")} <= set(kinds)
    assert kinds[("tls", "portal.philips.com")].startswith("never-block [clinical_suppliers]")
    assert made["would_wait"] is None


@pytest.mark.slow
def test_clinical_hosts_and_lists_are_said(history) -> None:
    assert told(history, "pacs.north-imaging.com")["would_wait"]["rule"] == "dry_run_clinical"
    assert told(history, "philips.com")["would_wait"]["rule"] == "never_block"
    assert told(history, "10.0.0.5")["would_wait"]["rule"] == "external"
    assert told(history, "ja3:" + "ab" * 16)["services"][0]["what"] == "portal.philips.com"


@pytest.mark.slow
def test_a_person_reads_it_in_either_language_and_nothing_that_came_is_obeyed(history) -> None:
    done = run(history, "evil-c2.com")
    assert "30 days of own history, of 30" in done.stdout
    assert "12 of 13 own hosts" in done.stdout
    assert "a.evil-c2.com" in done.stdout
    danish = run(history, "evil-c2.com", "--language", "da")
    assert "dages egen historik" in danish.stdout
    assert "egne maskiner mødte den på 30 dage" in danish.stdout
    assert "\x1b" not in run(history, "203.0.114.9").stdout
    assert "Nobody here met it" in run(history, "never-met.org").stdout


def test_without_history_it_says_so(config) -> None:
    done = run(config, "evil-c2.com")
    assert done.exit_code == 0
    assert "0 days" in done.stdout
    assert "no sensor" in done.stdout


@pytest.mark.parametrize(
    ("what", "code"), [("nonsense", Exit.USAGE), ("indicator--nobody", Exit.NOT_FOUND), ("1.2.3", Exit.USAGE)]
)
def test_what_is_no_observable_is_one_clear_error(history, what, code) -> None:
    done = run(history, what)
    assert isinstance(done.exception, Stop), done.output
    assert done.exception.code is code
