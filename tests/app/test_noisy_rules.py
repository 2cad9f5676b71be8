"""`bavn node rules noisy`: what most of the sector gets day after day is proposed, and nothing is changed."""

import json

import pytest

from bavn.actor.door.rounds.commons_table import CommonsTable
from bavn.app.cli.node.rules import app
from bavn.app.process.exits import Exit, Stop
from bavn.app.process.real import SystemClock
from bavn.model.intel.own_rules import OWN_RULES
from bavn.model.moment import DAY_US
from bavn.model.observable import Observable
from bavn.psi.element import element_bytes
from bavn.psi.ordinary import alert_kind
from bavn.wire.book import Book
from tests.people import Runner as CliRunner

EVERYWHERE, RARE, SELDOM, OWN = 2_013_028, 2_024_897, 2_027_865, OWN_RULES.start


@pytest.fixture
def node(tmp_path):
    """A node whose sector has one rule's alerts at 17 or more on ten days, and others less."""
    file = tmp_path / "node.toml"
    (tmp_path / "own.rules").write_text(f'alert dns any any -> any any (msg:"a curl"; sid:{EVERYWHERE}; rev:1;)\n')
    file.write_text('[node]\nactor = "north"\n[sense]\nrule_files = ["own.rules"]\n')
    (tmp_path / "data").mkdir()
    today = SystemClock().now_us() // DAY_US
    with Book(tmp_path / "data" / "node.db") as book:
        table = CommonsTable(book)
        for back in reversed(range(10)):
            buckets = {EVERYWHERE: 4, RARE: 1, OWN: 5} | ({SELDOM: 5} if back < 3 else {})
            table.keep(today - back, {element_bytes(alert_kind(None, sid)): b for sid, b in buckets.items()})
            table.keep(today - back, {element_bytes(Observable.of("domain", "a.dk")): 5})
    return file


def noisy(node, *words):
    done = CliRunner().invoke(app, ["noisy", *words, "--json", "--config", str(node)])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return [json.loads(line) for line in done.output.splitlines()]


def test_what_most_of_the_sector_gets_day_after_day_is_proposed_with_its_message(node) -> None:
    (one,) = noisy(node)
    assert one == {"sid": EVERYWHERE, "gid": 1, "days": 10, "sector": "17 to 32 organisations", "says": "a curl"}
    assert [row["sid"] for row in noisy(node, "--groups", "3")] == [EVERYWHERE, RARE]
    assert [row["sid"] for row in noisy(node, "--groups", "17", "--days", "3")] == [EVERYWHERE, SELDOM]
    assert noisy(node, "--days", "11") == []
    shown = CliRunner().invoke(app, ["noisy", "--config", str(node)], catch_exceptions=False).output
    assert "read the rule, then: bavn node rules threshold" in shown
    assert not (node.parent / "tuning.toml").exists(), "it changes nothing"


def test_what_is_tuned_already_is_not_proposed_and_nothing_is_where_the_policy_takes_no_part(node) -> None:
    (node.parent / "tuning.toml").write_text(
        f'[[disable]]\nsid = {EVERYWHERE}\ncomment = "printers"\nwho = "soc"\nuntil = 2099-01-01\n'
    )
    assert noisy(node) == []
    (node.parent / "tuning.toml").unlink()
    (node.parent / "policy.toml").write_text("[door]\njoin_commons = false\n")
    assert noisy(node) == []
    said = CliRunner().invoke(app, ["noisy", "--config", str(node)]).output
    assert "no rule is known to be noise at 9 organisations or more" in said


def test_a_number_that_the_commons_do_not_tell_is_a_mistake_of_the_command_line(node) -> None:
    with pytest.raises(Stop) as stopped:
        noisy(node, "--groups", "7")
    assert stopped.value.code is Exit.USAGE
