"""`bavn analyse` plays an archive forward: what was told, and when, is what a node would have told then."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bavn.actor.detect.indicators.lists import NO_LISTS
from bavn.actor.detect.run import Survey, survey
from bavn.app.analyst.analyse import Findings, Unit, analyse
from bavn.app.analyst.replay import Played, look_after
from bavn.model.moment import DAY_US, HOUR_US
from bavn.model.suspicion import RowsRef, Suspicion
from bavn.model.text import Text

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
HOST = "10.1.0.7"


@pytest.fixture(autouse=True)
def small_lists(monkeypatch) -> None:
    monkeypatch.setitem(survey.__kwdefaults__, "known", lambda: NO_LISTS)


def flow(hours: float, target: str, *, lasts_h: float = 0.001, host: str = HOST, port: int = 443) -> dict:
    begun = BEGIN + timedelta(hours=hours)
    ended = begun + timedelta(hours=lasts_h)
    count = max(4, int(lasts_h * 60))
    return {
        "timestamp": ended.isoformat(),
        "flow_id": int(hours * 3600) + port,
        "event_type": "flow",
        "src_ip": host,
        "src_port": 50000,
        "dest_ip": target,
        "dest_port": port,
        "proto": "TCP",
        "flow": {
            "pkts_toserver": count,
            "pkts_toclient": count,
            "bytes_toserver": 400,
            "bytes_toclient": 400,
            "start": begun.isoformat(),
            "end": ended.isoformat(),
            "state": "closed",
            "reason": "x",
        },
        "tcp": {"tcp_flags_ts": "1b", "tcp_flags_tc": "1b"},
    }


def found(tmp_path, rows) -> Findings:
    file = tmp_path / "eve.json"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    seen = analyse(Unit(str(file), (file,)), homes=("10.0.0.0/8",))
    assert isinstance(seen, Findings)
    return seen


def told_h(seen: Findings, detector: str, peer: str) -> float:
    (one,) = [
        one.suspicion for one in seen.suspicions if (one.suspicion.detector, one.suspicion.peer) == (detector, peer)
    ]
    return (seen.told_us[one.id] - int(BEGIN.timestamp()) * 1_000_000) / HOUR_US


EVERYDAY = [flow(n * 3.7 % 214, f"198.51.100.{n % 40 + 1}", host=f"10.1.0.{n % 9 + 20}") for n in range(160)]


@pytest.mark.slow
def test_a_suspicion_keeps_the_day_on_which_it_was_first_told(tmp_path) -> None:
    """A beacon of the second day alone, in nine days: told at its end, and not forgotten though it stopped."""
    beacon = [flow(26 + n / 12, "45.9.148.20") for n in range(240)]
    seen = found(tmp_path, EVERYDAY + beacon)
    assert seen.looks == 9
    assert told_h(seen, "beacon", "45.9.148.20") == 48
    (kept,) = [one for one in seen.suspicions if one.suspicion.detector == "beacon" and one.suspicion.host == HOST]
    assert kept.above


@pytest.mark.slow
def test_what_began_late_in_an_archive_is_new_and_what_began_early_was_new_then(tmp_path) -> None:
    late = [flow(193 + n / 12, "45.9.148.21") for n in range(96)]
    seen = found(tmp_path, EVERYDAY + late)
    (one,) = [one.suspicion for one in seen.suspicions if one.suspicion.peer == "45.9.148.21"][:1]
    assert told_h(seen, one.detector, one.peer) > 192
    assert re.search("first seen 1[89] h ago", one.why.en)


@pytest.mark.slow
def test_a_connection_of_thirty_hours_is_told_of_when_it_is_over(tmp_path) -> None:
    """Its record comes at its end: nobody knew of it on the day that it began."""
    seen = found(tmp_path, [*EVERYDAY, flow(30, "45.9.148.22", lasts_h=30, port=4321)])
    assert told_h(seen, "long", "45.9.148.22") == 72


@pytest.mark.slow
def test_a_day_or_less_is_looked_at_once(tmp_path) -> None:
    seen = found(tmp_path, [flow(n / 12, "45.9.148.20") for n in range(240)])
    assert seen.looks == 1
    assert set(seen.told_us.values()) == {seen.last_us + 1}


@pytest.mark.slow
def test_the_same_archive_is_told_in_the_same_words(tmp_path) -> None:
    rows = EVERYDAY + [flow(26 + n / 12, "45.9.148.20") for n in range(240)]
    one, two = found(tmp_path, rows), found(tmp_path, list(reversed(rows)))
    assert (one.suspicions, one.told_us) == (two.suspicions, two.told_us)


def test_when_it_is_looked() -> None:
    assert look_after(5, (5, 6)) == 6
    assert {look_after(at, (0, DAY_US)) for at in (0, DAY_US - 1)} == {DAY_US}
    span_us = 0, 2 * DAY_US + 7
    assert [look_after(day * DAY_US, span_us) for day in range(3)] == [DAY_US, 2 * DAY_US, 2 * DAY_US + 7]
    assert [look_after(day * DAY_US - 1, span_us) for day in (1, 2)] == [DAY_US, 2 * DAY_US]


@pytest.mark.slow
def test_a_story_that_grows_stronger_keeps_when_it_began(tmp_path) -> None:
    seen = found(tmp_path, [flow(n / 12, "45.9.148.20") for n in range(60)])
    early = next(one.suspicion for one in seen.suspicions if one.suspicion.detector == "beacon")
    day_us = early.first_us + DAY_US
    later = replace(
        early, evidence_nats=early.evidence_nats + 1, first_us=day_us + HOUR_US, last_us=day_us + 2 * HOUR_US
    )
    played = Played()
    played.take(Survey((early,)), day_us)
    played.take(Survey((later,)), day_us + DAY_US)
    (kept,) = [one.suspicion for one in played.suspicions]
    assert kept.evidence_nats == later.evidence_nats
    assert (kept.first_us, kept.last_us) == (early.first_us, later.last_us)
    assert played.told_us[kept.id] >= kept.first_us


def test_a_story_that_goes_on_says_what_is_so_now() -> None:
    """Its sentences, its figures and the span beside them are of one look; how strong it once stood stays."""
    first = Suspicion(
        id="a",
        detector="beacon",
        technique="T1071",
        host=HOST,
        peer="45.9.148.20",
        observables=(),
        p=0.01,
        p_source="own",
        evidence_nats=2.0,
        statistic=5.0,
        first_us=HOUR_US,
        last_us=2 * HOUR_US,
        hosts=1,
        listed=False,
        why=Text("one hour"),
        rows=RowsRef("flow", (("src", HOST),), HOUR_US, 2 * HOUR_US),
        what=Text("for one hour"),
    )
    day_us = first.last_us + DAY_US
    span = replace(first.rows, last_us=day_us)
    words = {"what": Text("for two days"), "against": Text("little"), "why": Text("two days"), "rows": span}
    weaker = replace(first, p=0.02, evidence_nats=1.0, last_us=day_us, **words)
    played = Played()
    played.take(Survey((first,)), first.last_us)
    played.take(Survey((weaker,)), day_us)
    (kept,) = [one.suspicion for one in played.suspicions]
    assert (kept.what, kept.against, kept.why, kept.rows) == tuple(words.values())
    assert (kept.p, kept.evidence_nats, kept.last_us) == (first.p, first.evidence_nats, day_us)


@pytest.mark.slow
def test_years_without_a_record_are_jumped_over(tmp_path) -> None:
    """One clock that was wrong: a row from 1970 in a log of now."""
    lost = flow(0, "198.51.100.77")
    lost |= {"timestamp": "1970-01-01T00:15:00+00:00"}
    lost["flow"] |= {"start": lost["timestamp"], "end": lost["timestamp"]}
    counted: list[tuple[int, int]] = []
    file = tmp_path / "eve.json"
    file.write_text(
        "".join(json.dumps(row) + "\n" for row in [lost, flow(1, "198.51.100.1"), flow(2, "198.51.100.2")]),
        encoding="utf-8",
    )
    seen = analyse(Unit(str(file), (file,)), homes=("10.0.0.0/8",), began=lambda *at: counted.append(at))
    assert isinstance(seen, Findings)
    assert (seen.looks, seen.rows) == (2, 3)
    assert counted == [(1, 2), (2, 2)]
