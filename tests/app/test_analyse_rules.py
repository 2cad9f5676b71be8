"""`bavn analyse`: rules and captures are judged together, the same each time; an archive is played forward, and what is
told, and when, is what a node would have told then."""

import gzip
import io
import json
import re
import shutil
import tarfile
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bavn.actor.detect.indicators.lists import NO_LISTS
from bavn.actor.detect.run import Survey, survey
from bavn.actor.sense.rules.source import RulesRefused
from bavn.app.analyst.analyse import Findings, Unit, analyse
from bavn.app.analyst.replay import Played, look_after
from bavn.app.analyst.rule_paths import given_rules
from bavn.app.process.exits import Exit
from bavn.model.moment import DAY_US, HOUR_US
from bavn.model.suspicion import RowsRef
from bavn.model.text import Text
from tests.actor.evidence.conftest import suspicion
from tests.app import records
from tests.app.test_cli_analyse import capture, run

needs_suricata = pytest.mark.skipif(shutil.which("suricata") is None, reason="suricata is not installed")
RULE = 'alert dns any any -> any any (msg:"odd name asked"; dns.query; content:"u"; sid:1; rev:1; priority:1;)\n'
SCRIPT = 'alert dns any any -> any any (msg:"script"; lua:x.lua; sid:2; rev:1;)\n'


@pytest.mark.slow
@needs_suricata
def test_rules_and_captures_are_judged_together(tmp_path) -> None:
    (tmp_path / "a.pcap").write_bytes(capture(9))
    (tmp_path / "x.rules").write_text(RULE + SCRIPT)
    code, found, _, stderr = run(tmp_path / "a.pcap", "--json", "--all", "--rules", tmp_path / "x.rules")
    assert code == 0
    assert [one["detector"] for one in found if "odd name asked" in one["why"]] == ["signature"]
    assert "one of Suricata's rules is left out: sid 2 (script): it runs a script" in stderr
    assert not any(one["detector"] == "signature" for one in run(tmp_path / "a.pcap", "--json", "--all")[1])


@pytest.mark.slow
@needs_suricata
def test_many_are_looked_at_in_order_with_the_same_words_as_each_alone(tmp_path) -> None:
    (tmp_path / "x.rules").write_text(RULE)
    paths = [tmp_path / f"{name}.pcap" for name in "abcde"]
    for number, path in enumerate(paths):
        path.write_bytes(capture(5 + number) if number != 2 else b"nothing of that kind")
    more = ("--json", "--all", "--rules", tmp_path / "x.rules")
    code, together, _, stderr = run(*paths, *more)
    alone = [found for path in paths for found in run(path, *more)[1]]
    assert together == alone
    assert [one["source"] for one in together] == [str(path) for path in paths if path.name != "c.pcap"]
    assert code == Exit.INPUT
    assert stderr.count("c.pcap") == 1
    assert json.dumps(run(*paths, *more)[1]) == json.dumps(together)


@pytest.mark.slow
@needs_suricata
@pytest.mark.parametrize("captures", [1, 4])
def test_rules_that_suricata_does_not_take_are_counted_once_and_the_first_is_named(tmp_path, captures) -> None:
    paths = [tmp_path / f"{number}.pcap" for number in range(captures)]
    for path in paths:
        path.write_bytes(capture(9))
    bad = "".join(RULE.replace("dns.query;", "nosuch;").replace("sid:1;", f"sid:{sid};") for sid in (7, 8))
    (tmp_path / "x.rules").write_text(bad + RULE)
    code, found, _, stderr = run(*paths, "--json", "--all", "--rules", tmp_path / "x.rules")
    assert code == 0
    assert len([one for one in found if "odd name asked" in one["why"]]) == captures
    (said,) = [line for line in stderr.splitlines() if "does not take" in line]
    assert said.startswith("bavn: Suricata does not take 2 of the rules, the first: sid 7")
    assert "nosuch" in said
    assert "tager ikke 2 af reglerne" in run(paths[0], "--language", "da", "--rules", tmp_path / "x.rules")[3]


def packed(files) -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w:gz") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    return raw.getvalue()


def test_rules_lie_in_files_folders_archives_and_a_node_s_folder_and_one_that_is_not_there_is_said(tmp_path) -> None:
    (tmp_path / "one.rules").write_text(RULE)
    (tmp_path / "two.rules.gz").write_bytes(gzip.compress(RULE.encode()))
    (tmp_path / "three.tar.gz").write_bytes(
        packed({"rules/x.rules": RULE, "rules/classification.config": "#\n", "y": ""})
    )
    folder, node = tmp_path / "folder", tmp_path / "node"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "x.rules").write_text(RULE)
    (node / "sets" / "1").mkdir(parents=True)
    (node / "sets" / "1" / "suricata.rules").write_text(RULE + "#" + RULE)
    (node / "sets" / "1" / "classification.config").write_text("# classes\n")
    (node / "current").symlink_to("sets/1")
    (node / "threshold.config").write_text("# none\n")
    for number, path in enumerate((tmp_path / "one.rules", tmp_path / "two.rules.gz", folder)):
        found = given_rules([path], tmp_path / f"out{number}")
        assert (found.file.read_text(), found.classes, found.count) == (RULE, None, 1)
    assert given_rules([tmp_path / "three.tar.gz"], tmp_path / "out3").classes is not None
    found = given_rules([node, folder], tmp_path / "out4")
    assert (found.count, found.classes.read_text(), found.threshold.read_text()) == (2, "# classes\n", "# none\n")
    with pytest.raises(RulesRefused) as caught:
        given_rules([tmp_path / "nope"], tmp_path / "out")
    said = Text.of_error(caught.value)
    assert said.en == f"{tmp_path / 'nope'}: No such file or directory"
    assert said.da != said.en
    assert "Errno" not in said.da


@pytest.mark.parametrize("text", ["", "# nothing\n", None])
def test_a_path_without_a_rule_is_said_at_once(tmp_path, text) -> None:
    path = tmp_path / "x.rules"
    if text is not None:
        path.write_text(text)
    with pytest.raises(RulesRefused):
        given_rules([path], tmp_path / "out")
    (tmp_path / "a.pcap").write_bytes(capture(1))
    assert run(tmp_path / "a.pcap", "--rules", path)[0] == Exit.USAGE


BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
HOST = "10.1.0.7"


@pytest.fixture(autouse=True)
def small_lists(monkeypatch) -> None:
    monkeypatch.setitem(survey.__kwdefaults__, "known", lambda: NO_LISTS)


def flow(hours: float, target: str, *, lasts_h: float = 0.001, host: str = HOST, port: int = 443) -> dict:
    packets, number = max(4, int(lasts_h * 60)), int(hours * 3600) + port
    began_s = BEGIN.timestamp() + hours * 3600
    shape = {"lasts_s": lasts_h * 3600, "number": number, "packets": packets, "sent": 400}
    return records.flow(began_s, host, target, port, **shape)


def found(tmp_path, rows) -> Findings:
    file = tmp_path / "eve.json"
    file.write_text(records.lines(rows), encoding="utf-8")
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
def test_a_suspicion_keeps_the_day_on_which_it_was_first_told_and_a_long_connection_is_told_of_when_it_is_over(
    tmp_path,
) -> None:
    """A beacon of the second day alone, in nine days: told at its end, and not forgotten though it stopped."""
    beacon = [flow(26 + n / 12, "45.9.148.20") for n in range(240)]
    seen = found(tmp_path, [*EVERYDAY, *beacon, flow(30, "45.9.148.22", lasts_h=30, port=4321)])
    assert seen.looks == 9
    assert told_h(seen, "beacon", "45.9.148.20") == 48
    (kept,) = [one for one in seen.suspicions if one.suspicion.detector == "beacon" and one.suspicion.host == HOST]
    assert kept.above
    assert told_h(seen, "long", "45.9.148.22") == 72


@pytest.mark.slow
def test_what_began_late_in_an_archive_is_new_and_what_began_early_was_new_then(tmp_path) -> None:
    late = [flow(193 + n / 12, "45.9.148.21") for n in range(96)]
    seen = found(tmp_path, EVERYDAY + late)
    (one,) = [one.suspicion for one in seen.suspicions if one.suspicion.peer == "45.9.148.21"][:1]
    assert told_h(seen, one.detector, one.peer) > 192
    assert re.search("first seen 1[89] h ago", one.why.en)


@pytest.mark.slow
def test_a_day_or_less_is_looked_at_once_and_a_story_that_grows_stronger_keeps_when_it_began(tmp_path) -> None:
    seen = found(tmp_path, [flow(n / 12, "45.9.148.20") for n in range(240)])
    assert seen.looks == 1
    assert set(seen.told_us.values()) == {seen.last_us + 1}
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


def test_a_story_that_goes_on_says_what_is_so_now() -> None:
    """Its sentences, its figures and the span beside them are of one look; how strong it once stood stays."""
    rows = RowsRef("flow", (("src", HOST),), HOUR_US, 2 * HOUR_US)
    words = {"why": Text("one hour"), "what": Text("for one hour")}
    first = suspicion(evidence_nats=2.0, first_us=HOUR_US, last_us=2 * HOUR_US, rows=rows, **words)
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
    file.write_text(records.lines([lost, flow(1, "198.51.100.1"), flow(2, "198.51.100.2")]), encoding="utf-8")
    seen = analyse(Unit(str(file), (file,)), homes=("10.0.0.0/8",), began=lambda *at: counted.append(at))
    assert isinstance(seen, Findings)
    assert (seen.looks, seen.rows) == (2, 3)
    assert counted == [(1, 2), (2, 2)]
