"""What the sector confirmed and was met here becomes a suspicion, and evidence of nothing; own lists are read anew."""

import logging
from datetime import UTC, datetime, timedelta

import pytest

from bavn.actor.detect.indicators.lists import NO_LISTS
from bavn.actor.detect.run import Survey
from bavn.actor.door.echo import is_echo
from bavn.actor.evidence.keep import Keeper
from bavn.actor.evidence.settings import EvidenceSettings
from bavn.actor.store.columns import ColumnStore
from bavn.app.node.detecting import with_confirmed
from bavn.app.node.own_indicators import OwnIndicators
from bavn.app.process.exits import Exit, Stop
from bavn.model.failure import NoContainment
from bavn.model.moment import DAY_US, as_us
from bavn.model.observable import Observable
from tests.actor.protect.test_hunt import rows

NOW = datetime(2026, 11, 29, 12, 30, tzinfo=UTC)
EVIL = Observable.of("domain", "evil.com")


@pytest.fixture
def window():
    week_ago = (NOW - timedelta(days=7)).replace(tzinfo=None)
    dns = [{"ts": week_ago, "src": "10.0.0.21", "rrname": "a.evil.com", "answered": True}] * 116
    dns += [{"ts": week_ago, "src": "10.0.0.5", "rrname": "good.org", "answered": True}]
    with ColumnStore.temporary(homes=("10.0.0.0/8",)) as store:
        store.append("t", "1", {"dns": rows("dns", dns)})
        with store.window(as_us(NOW) - 28 * DAY_US, as_us(NOW)) as window:
            yield window


def test_the_machine_that_met_it_is_suspected_its_packets_are_kept_and_it_is_told_as_a_sighting_alone(
    window, tmp_path
) -> None:
    done = with_confirmed(window, Survey(()), lambda: {EVIL: 90}, NoContainment(), NO_LISTS)
    (found,) = done.suspicions
    assert (found.host, found.observables, found.detector) == ("10.0.0.21", (EVIL,), "ioc")
    assert found.rows.table == "name_hour"
    assert "116" in found.why.en
    keeper = Keeper(tmp_path, EvidenceSettings(), None, lambda: (), lambda _: None)
    assert keeper.triggers(found)
    assert found.shared
    assert is_echo(found, lambda _: None)


def test_what_an_own_list_names_too_is_one_suspicion_and_nothing_met_changes_nothing(window) -> None:
    once = with_confirmed(window, Survey(()), lambda: {EVIL: 90}, NoContainment(), NO_LISTS)
    assert with_confirmed(window, once, lambda: {EVIL: 90}, NoContainment(), NO_LISTS).suspicions == once.suspicions
    assert with_confirmed(window, once, dict, NoContainment(), NO_LISTS) is once


def test_a_changed_list_is_read_before_the_next_run_and_each_line_that_names_none_is_counted(tmp_path, caplog) -> None:
    file = tmp_path / "list.txt"
    file.write_text("evil.example\n")
    lists = OwnIndicators([file])
    first = lists.now()
    assert (len(first), lists.now() is first) == (1, True), "nothing changed, nothing is read"
    file.write_text("evil.example\nworse.example\n")
    assert len(lists.now()) == 2
    file = tmp_path / "list.txt"
    file.write_text("evil.example\n" + "not one\n" * 7)
    assert len(OwnIndicators([file]).now()) == 1
    assert len([r for r in caplog.records if "not a domain" in r.getMessage()]) == 5
    assert "7 lines in all name no indicator" in caplog.text


def test_a_list_that_goes_leaves_what_was_known_and_says_so_once(tmp_path, caplog) -> None:
    file = tmp_path / "list.txt"
    file.write_text("evil.example\n")
    lists = OwnIndicators([file])
    file.unlink()
    assert [len(lists.now()) for _ in range(3)] == [1, 1, 1]
    assert len([r for r in caplog.records if r.levelno == logging.ERROR]) == 1
    file.write_text("evil.example\nworse.example\n")
    assert len(lists.now()) == 2


def test_a_list_that_was_never_there_stops_the_node(tmp_path) -> None:
    with pytest.raises(Stop, match=r"nothing\.txt") as stopped:
        OwnIndicators([tmp_path / "nothing.txt"])
    assert stopped.value.code == Exit.CONFIGURATION
