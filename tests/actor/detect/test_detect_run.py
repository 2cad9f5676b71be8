"""The run: order, bounds, history, tallies, and what single detectors promise beyond their cases."""

from dataclasses import replace

import numpy as np
import pytest

from bavn.actor.detect.base import Candidate, DetectorContext, Found
from bavn.actor.detect.calibrate import NO_REFERENCE, Tally
from bavn.actor.detect.detectors.beacon import Beacon
from bavn.actor.detect.detectors.dns_tunnel import DnsTunnel
from bavn.actor.detect.detectors.long import Long
from bavn.actor.detect.detectors.scan import Scan
from bavn.actor.detect.indicators.lists import NO_LISTS
from bavn.actor.detect.queries.walk import ALARM_NATS, UNIT_NATS, highest
from bavn.actor.detect.rank import ranked
from bavn.actor.detect.run import DETECTORS, SurveyBackground, detect, survey
from bavn.actor.detect.settings import DetectSettings
from bavn.actor.detect.terms import Terms
from bavn.actor.detect.wording import joined, number, seconds, span
from bavn.model.evidence import evidence_nats
from bavn.model.moment import DAY_US
from bavn.model.sector.verdict import NO_VERDICTS, Verdict, Verdicts
from bavn.model.settings import SettingsError
from bavn.model.suspicion import RowsRef, in_order
from bavn.model.text import Text


def look(window, **settings) -> DetectorContext:
    return DetectorContext(window=window, terms=Terms(window, lambda: NO_LISTS), settings=DetectSettings(**settings))


def case_of(made, name: str):
    return next(case for case in made.cases() if str(case) == name)


def tries(source: str, count: int, *, answering: int = 0, **more):
    return {
        "source": source,
        "targets": ["10.0.1.", 1, count],
        "ports": [445],
        "proto": "tcp",
        "every_s": 1,
        "answering": answering,
        **more,
    }


def scanned(made, *streams, **given):
    return made.run(made.Case("scan", "hit-x", {"hours": 24, "tries": list(streams), **given})).suspicions


@pytest.mark.slow
def test_suspicions_come_in_reading_order_and_detect_is_the_same(made) -> None:
    case = case_of(made, "dns_tunnel/hit-upload")
    window = made.window_of(case)
    seen = survey(window, against=SurveyBackground(known=lambda: made.lists_of(case)))
    assert list(seen.suspicions) == in_order(list(seen.suspicions))
    assert detect(window, DETECTORS, against=SurveyBackground(known=lambda: made.lists_of(case))) == list(
        seen.suspicions
    )


def test_one_story_is_one_suspicion_and_the_first_three_alarm_at_a_small_actor(made) -> None:
    """Address, TLS name, its domain and a second name of it: one host, one domain, one line."""
    case = case_of(made, "beacon/miss-everybody")
    found = made.run(case).suspicions
    order = ranked(list(found), hosts=20)
    assert [one.rank for one in order] == list(range(1, len(found) + 1))
    assert [one.above for one in order] == [True] * 3 + [False] * (len(found) - 3)
    assert sum(one.above for one in ranked(list(found) * 2, hosts=12_000)) == 12
    streams = [
        {"host": "10.0.0.7", "peer": "45.9.148.20", "name": name, "period_s": 600, "to_h": 12, "from_h": at}
        for at, name in ((0, "a.kvist.net"), (0.05, "b.kvist.net"))
    ]
    found = made.run(made.Case("beacon", "hit-x", {"hours": 24, "calls": streams})).suspicions
    assert [(s.host, [str(o) for o in s.observables]) for s in found] == [
        ("10.0.0.7", ["domain:kvist.net", "ip4:45.9.148.20"])
    ]


@pytest.mark.parametrize(
    ("periods_s", "jitters", "to_h", "together"),
    [((1800, 1800, 1800), (0.02, 0.02, 0.02), 12, True), ((60, 200, 200), (0.0, 0.9, 0.9), 1, False)],
)
def test_names_of_one_certificate_are_one_story_led_by_the_strongest(made, periods_s, jitters, to_h, together) -> None:
    """Whether they are a beat together, or one of them more so by itself: one line, all three names in it."""
    names = ("mail.gaardhus.net", "cdn.fjordnet.org", "img.skovsti.info")
    streams = [
        {"host": "10.0.0.61", "peer": f"45.9.14{n}.20", "name": name, "cert": "5f3c0a77"}
        | {"period_s": period_s, "jitter": jitter, "from_h": n * periods_s[0] / 3 / 3600, "to_h": to_h}
        for n, (name, period_s, jitter) in enumerate(zip(names, periods_s, jitters, strict=True))
    ]
    (found,) = made.run(made.Case("beacon", "hit-x", {"hours": 24, "calls": streams})).suspicions
    assert {"domain:gaardhus.net", "domain:fjordnet.org", "domain:skovsti.info"} <= set(map(str, found.observables))
    assert ("certificate" in found.why.en) is together
    assert ("cert" in dict(found.rows.equals)) is together


def test_what_the_internet_tries_is_one_line_behind_all_that_own_hosts_do(made) -> None:
    mine = made.run(case_of(made, "beacon/miss-everybody")).suspicions[:2]
    tried = [
        {"source": f"45.9.150.{n}", "targets": ["10.0.0.80"], "ports": [1, "to", 400], "proto": "tcp"} for n in (7, 8)
    ]
    case = made.Case("scan", "hit-x", {"hours": 24, "tries": [{**it, "every_s": 0.05} for it in tried]})
    knocks = made.run(case).suspicions
    assert [s.knock for s in knocks] == ["tcp/*", "tcp/*"]
    weak = [replace(s, p=0.9, evidence_nats=evidence_nats(0.9)) for s in mine]
    order = ranked([*knocks, *weak], hosts=20)
    assert [bool(one.suspicion.knock) for one in order] == [False, False, True, True]
    assert [one.above for one in order] == [True, True, True, False]
    later = [replace(s, last_us=s.last_us + (n + 1) * DAY_US, id=f"{s.id}{n}") for n in range(4) for s in knocks]
    assert [one.above for one in ranked([*later, *weak], hosts=20)][:4] == [True, True, True, False]


def test_passwords_guessed_from_outside_are_a_line_of_a_day_unless_one_got_in(made) -> None:
    guess = {"table": "ssh", "targets": ["10.0.0.80"], "port": 22, "every_s": 2, "count": 40, "from_h": 9}
    wrong = guess | {"set": {"auth_success": False, "auth_attempts": 3}}
    right = guess | {"count": 1, "from_h": 10, "set": {"auth_success": True, "auth_attempts": 1}}
    streams = [wrong | {"sources": [f"45.9.150.{n}"]} for n in (7, 8, 9)] + [right | {"sources": ["45.9.150.9"]}]
    case = made.Case("bruteforce", "hit-x", {"hours": 24, "rows": streams})
    found = {s.peer: s for s in made.run(case).suspicions if s.detector == "bruteforce"}
    assert {peer: s.knock for peer, s in found.items()} == {
        "45.9.150.7": "guess:SSH",
        "45.9.150.8": "guess:SSH",
        "45.9.150.9": "",
    }
    scan = replace(found["45.9.150.7"], id="scan", detector="scan", knock="tcp/22")
    order = ranked([*found.values(), scan], hosts=20)
    assert order[0].suspicion.peer == "45.9.150.9", "what got in is read first"
    lines = {one.suspicion.id: one.above for one in order}
    assert lines["scan"], "doors and passwords are two lines"
    assert sum(lines.values()) == 3


def test_large_windows_are_taken_in_parts_and_hold_the_innocents_too(made) -> None:
    window = made.window_of(case_of(made, "beacon/miss-everybody"))
    whole, parts = Beacon().candidates(look(window)), Beacon().candidates(look(window, rows_part_max=500))
    assert whole.candidates == parts.candidates
    assert whole.populations == parts.populations
    window = made.window_of(case_of(made, "scan/hit-horizontal"))
    found = Scan().candidates(look(window))
    assert len(found.candidates) == 1
    tally = found.populations["scan.out"]
    assert tally.total > 100
    assert tally.counts[0] > 0.3 * tally.total


def test_very_many_calls_and_candidates_are_bounded_and_names_seen_before_are_not_new(made) -> None:
    calls = [{"host": "10.0.0.7", "peer": "45.9.148.20", "period_s": 10, "to_h": 12}]
    window = made.window_of(made.Case("beacon", "hit-x", {"hours": 24, "calls": calls}))
    (found,) = Beacon().candidates(look(window, calls_kept_max=100)).candidates
    assert found.period_s == pytest.approx(10)
    assert found.last_us - found.first_us == pytest.approx(99 * 10e6, rel=0.02)
    window = made.window_of(case_of(made, "beacon/miss-everybody"))
    every = Beacon().candidates(look(window)).candidates
    assert len(every) == 18
    assert Beacon().candidates(look(window, candidates_max=5)).candidates == every[:5]
    case = case_of(made, "dns_tunnel/hit-upload")
    window, history = made.window_of(case), made.window_of(case)
    window.first_us += 3_600_000_000
    terms = Terms(window, lambda: NO_LISTS, history)
    found: Found = DnsTunnel().candidates(DetectorContext(window=window, terms=terms))
    assert [c.peer for c in found.candidates if c.statistic > np.log1p(1000)] == []


def test_past_tallies_make_p_the_actor_s_own(made) -> None:
    case = case_of(made, "beacon/hit-jitter-90")
    window = made.window_of(case)
    mine = (Beacon(),)
    calm = {"beacon": Tally.of(np.zeros(5000))}
    strange = {"beacon": Tally.of(np.full(5000, 50.0))}
    seen = [
        survey(
            window, mine, against=SurveyBackground(known=lambda: NO_LISTS, reference=NO_REFERENCE, past=past)
        ).suspicions[0]
        for past in (calm, strange)
    ]
    assert [s.p_source for s in seen] == ["own", "own"]
    assert seen[0].p < 0.001
    assert seen[1].p > 0.9


class Hundred:
    """A hundred candidates of one population, each stranger than the one before."""

    name, technique, tables = "hundred", "T1071", ("flow",)
    innocent = Text.plain("nobody")

    def candidates(self, look: DetectorContext) -> Found:
        made = [
            Candidate(
                population="hundred",
                host="10.0.0.1",
                peer=f"p{n}",
                story=f"{n}",
                statistic=float(n),
                observables=(),
                first_us=0,
                last_us=0,
                hosts=1,
                listed=False,
                why=Text.written("So.", da="Så."),
                rows=RowsRef("flow", (), 0, 0),
            )
            for n in range(1, 101)
        ]
        return Found(tuple(made), {"hundred": Tally.of([one.statistic for one in made])})


def test_what_people_judged_true_is_no_innocent_that_others_are_ranked_among(made) -> None:
    window, past = made.window_of(case_of(made, "scan/hit-horizontal")), {"hundred": Tally.of(np.zeros(1900))}

    def seen(verdicts=NO_VERDICTS):
        found = survey(
            window, (Hundred(),), against=SurveyBackground(reference=NO_REFERENCE, past=past), verdicts=verdicts
        )
        return {s.peer: s for s in found.suspicions}, found.tallies["hundred"].total

    plain, total = seen()
    given = [
        Verdict(
            number=n,
            judgement="true",
            scope="story",
            story=plain[f"p{n}"].id,
            detector="hundred",
            host="",
            peer="",
            given_us=0,
            until_us=None,
            by="anna",
            comment="",
        )
        for n in range(91, 100)
    ]
    judged, left = seen(Verdicts(given))
    assert (total, left) == (100, 91)
    assert [plain[name].p for name in ("p90", "p100")] == [11 / 2000, 1 / 2000]
    assert judged["p90"].p == 2 / 1991, "only p100 is stranger now"
    assert judged["p95"].p == 2 / 1992, "itself and p100"
    assert judged["p100"].p == 1 / 1991


@pytest.mark.parametrize(("failed", "alarm"), [(3, False), (4, True)])
def test_the_fourth_failed_target_is_the_alarm_and_three_are_told(made, failed, alarm) -> None:
    (found,) = scanned(made, tries("10.0.0.40", failed))
    assert (found.statistic >= ALARM_NATS) is alarm
    assert ("too little for an alarm" in found.why.en) is not alarm
    assert found.walk_nats == pytest.approx(failed * np.log(4))


def test_walks_of_scans_count_successes_below_zero_and_half_failures(made) -> None:
    (found,) = scanned(made, tries("10.0.0.40", 60, answering=50))
    assert found.statistic == pytest.approx(10 * np.log(4))
    assert found.walk_nats == pytest.approx(-40 * np.log(4))
    streams = [tries("10.0.0.40", 5), tries("10.0.0.41", 5, answering=5)]
    (found,) = [s for s in scanned(made, *streams) if s.host == "10.0.0.40"] or [None]
    assert found is None or found.statistic < 5 * np.log(4)
    stream = {**tries("45.9.150.9", 30), "targets": ["10.0.1.", 1, 30]}
    (found,) = scanned(made, stream)
    assert (found.host, found.peer) == ("10.0.1.1", "45.9.150.9")
    assert [str(o) for o in found.observables] == ["ip4:45.9.150.9"]
    assert found.technique == "T1595.001"
    assert found.hosts == 30
    assert highest([2, 2, -2, 2, 2]) * UNIT_NATS == pytest.approx(3 * np.log(4))
    assert highest([-2, -2, 2]) == 2
    assert highest([]) == 0


@pytest.mark.parametrize(
    ("made_text", "english", "danish"),
    [
        (number(1234567.5, 1), "1,234,567.5", "1.234.567,5"),
        (number(3), "3", "3"),
        (span(9 * 3_600_000_000), "9 h", "9 t"),
        (span(36 * 3_600_000_000), "36 h", "36 t"),
        (span(3 * 86_400_000_000), "3 days", "3 døgn"),
        (span(90_000_000), "90 s", "90 s"),
        (span(0), "0 s", "0 s"),
        (seconds(5.1), "5.1 s", "5,1 s"),
        (seconds(7200), "2 h", "2 t"),
        (joined([Text.written("a b", da="æ"), Text.written("c", da="ø")]), "A b; c.", "Æ; ø."),
    ],
)
def test_words(made_text, english, danish) -> None:
    assert (made_text.en, made_text.da) == (english, danish)


def test_a_wrong_allowed_scanner_is_one_clear_error() -> None:
    with pytest.raises(SettingsError, match=r"allowed_scanners: 'scanner\.local' is no address or network"):
        DetectSettings(allowed_scanners=("scanner.local",))


def asked(made, monkeypatch, detector, given) -> tuple[int, int]:
    """Candidates, and queries that were asked for them."""
    window = made.window_of(made.Case(detector.name, "hit-x", {"hours": 24, **given}))
    ask, count = type(window)._asked, 0

    def counting(self, *rest):
        nonlocal count
        count += 1
        return ask(self, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(type(window), "_asked", counting)
        return len(detector.candidates(look(window)).candidates), count


def test_more_candidates_are_no_more_queries(made, monkeypatch) -> None:
    def implants(count: int):
        call = {"period_s": 600, "to_h": 24}
        some = [{"host": f"10.0.0.{n}", "peer": f"45.9.148.{n}", "name": f"www.sted{n}.net"} for n in range(2, count)]
        return {"calls": [call | one for one in some]}

    def knocks(count: int):
        return {"tries": [tries(f"45.9.150.{n}", 12) for n in range(2, count)]}

    for detector, given in ((Beacon(), implants), (Scan(), knocks)):
        (few, asked_few), (many, asked_many) = (asked(made, monkeypatch, detector, given(n)) for n in (4, 40))
        assert many >= 10 * few > 0
        assert asked_many < asked_few + many / 4


@pytest.mark.parametrize("dates", [True, False])
def test_a_look_dates_what_it_names_where_it_is_asked_to_and_nothing_else_of_it_changes(made, dates) -> None:
    case = case_of(made, "long/hit-ended-after-nine-hours")
    window, history = made.window_of(case), made.window_of(case)
    history.first_us = history.known_from_us = window.first_us - 30 * DAY_US
    behind = SurveyBackground(known=lambda: made.lists_of(case), history=history, dates=dates)
    found = survey(window, [Long()], against=behind).suspicions
    assert [(str(one), at) for one, at in found[0].known_since] == (
        [("ip4:45.9.148.60", found[0].first_us)] if dates else []
    )
    plain = survey(window, [Long()], against=replace(behind, dates=False)).suspicions
    assert tuple(replace(one, known_since=()) for one in found) == plain
