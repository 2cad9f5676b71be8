"""What the sector confirmed and was met here becomes a suspicion of each machine, and evidence of nothing."""

from datetime import UTC, datetime, timedelta

import pytest

from bavn.actor.detect.indicators.lists import NO_LISTS
from bavn.actor.detect.run import Survey
from bavn.actor.door.echo import is_echo
from bavn.actor.evidence.keep import Keeper
from bavn.actor.evidence.settings import EvidenceSettings
from bavn.actor.store.columns import ColumnStore
from bavn.app.node.detecting import with_confirmed
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


def test_the_machine_that_met_it_is_suspected_with_its_rows_and_its_packets_are_kept(window, tmp_path) -> None:
    done = with_confirmed(window, Survey(()), lambda: {EVIL: 90}, NoContainment(), NO_LISTS)
    (found,) = done.suspicions
    assert (found.host, found.observables, found.detector) == ("10.0.0.21", (EVIL,), "ioc")
    assert found.rows.table == "name_hour"
    assert "116" in found.why.en
    keeper = Keeper(tmp_path, EvidenceSettings(), None, lambda: (), lambda _: None)
    assert keeper.triggers(found)


def test_it_is_told_as_a_sighting_alone_whatever_becomes_of_the_indicator(window) -> None:
    (found,) = with_confirmed(window, Survey(()), lambda: {EVIL: 90}, NoContainment(), NO_LISTS).suspicions
    assert found.shared
    assert is_echo(found, lambda _: None)


def test_what_an_own_list_names_too_is_one_suspicion_and_nothing_met_changes_nothing(window) -> None:
    once = with_confirmed(window, Survey(()), lambda: {EVIL: 90}, NoContainment(), NO_LISTS)
    assert with_confirmed(window, once, lambda: {EVIL: 90}, NoContainment(), NO_LISTS).suspicions == once.suspicions
    assert with_confirmed(window, once, dict, NoContainment(), NO_LISTS) is once
