"""`bavn pilot`: folders of several organisations in; what a sector of them would have seen, let out and blocked."""

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bavn.actor.detect.run import Survey
from bavn.actor.store.query.hunt import hunt
from bavn.app.analyst import analyse as analysing
from bavn.app.cli.main import _run
from bavn.app.pilot import play as playing
from bavn.app.pilot.folders import BESIDE, actor_folders
from bavn.app.process.exits import Exit, Stop
from bavn.centre.correlate.lists import NoLists
from bavn.model.observable import Observable
from bavn.rehearsal.script import suspicion
from tests.app import records
from tests.conftest import data_folder

BEGIN = datetime(2026, 3, 2, tzinfo=UTC)
ENEMY = "45.9.148.20"
ENEMY_ADDRESS = Observable.of("ip4", ENEMY)


def told(window, **_) -> Survey:
    """In place of all detectors, which tests/actor/detect has: who alone speaks with the enemy is suspected."""
    (met,) = hunt(window, [ENEMY_ADDRESS]) or [None]
    if met is None or met.hosts > 1:
        return Survey((), hosts=30)
    return Survey((suspicion((ENEMY_ADDRESS,), 1e-5, met.named[0], window.last_us),), hosts=30)


@pytest.fixture
def quick(monkeypatch) -> None:
    """Small sets, and none of the shipped lists, which take seconds and name nothing of what is made here."""
    monkeypatch.setattr(analysing, "survey", told)
    monkeypatch.setattr(playing, "PILOT_TIERS", tuple(replace(tier, m=40) for tier in playing.PILOT_TIERS))
    monkeypatch.setattr(playing, "warning_lists", NoLists)
    monkeypatch.setattr(playing, "warning_list", lambda _: None)


def flow(at: datetime, host: str, target: str, port: int = 443) -> dict:
    number = int(at.timestamp() * 10) + int(host.rpartition(".")[2])
    return records.flow(at.timestamp(), host, target, port, lasts_s=2, number=number, packets=6, sent=500)


def everyday(net: int, begin: datetime, hours: int = 20) -> list[dict]:
    """Nine machines that each speak with servers of their own, at no beat."""
    return [
        flow(
            begin + timedelta(hours=n * 3.7 % hours, seconds=n * n % 977),
            f"10.{net}.0.{n % 9 + 20}",
            f"198.51.{net}.{n % 40 + 1}",
        )
        for n in range(60)
    ]


def beacon(net: int, begin: datetime, calls: int = 60) -> list[dict]:
    return [flow(begin + timedelta(minutes=19 * n), f"10.{net}.0.7", ENEMY) for n in range(calls)]


def crowd(net: int, begin: datetime) -> list[dict]:
    """Thirty machines that use the same address now and then, as they would a service of everybody's."""
    return [
        flow(begin + timedelta(minutes=n * 37 % 1140, seconds=n * n % 59), f"10.{net}.0.{n % 30 + 100}", ENEMY)
        for n in range(90)
    ]


def write(folder, rows) -> None:
    folder.mkdir(parents=True)
    (folder / "eve.json").write_text(records.lines(rows), encoding="utf-8")


def run(monkeypatch, capsys, *words: str) -> tuple[int, str, str]:
    monkeypatch.setattr("sys.argv", ["bavn", "pilot", *words])
    code = _run()
    told = capsys.readouterr()
    return code, told.out, told.err


def test_each_folder_is_an_actor_with_a_name_that_a_register_takes(tmp_path) -> None:
    for name in ("Region Nord", "Sygehus Ærø", "1", "centre", "region-nord"):
        (tmp_path / name).mkdir()
    (tmp_path / ".git").mkdir()
    (tmp_path / "notes.txt").write_text("x")
    folders, beside = actor_folders(tmp_path)
    assert [(one.path.name, one.name) for one in folders] == [
        ("1", "actor-1"),
        ("Region Nord", "region-nord"),
        ("Sygehus Ærø", "sygehus-aeroe"),
        ("centre", "actor-4"),
        ("region-nord", "region-nord-5"),
    ]
    assert [(one.source, one.reason) for one in beside] == [(str(tmp_path / "notes.txt"), BESIDE)]


def test_a_folder_of_files_is_one_actor_and_so_is_one_that_is_said_to_be(tmp_path) -> None:
    (tmp_path / "klinik" / "day").mkdir(parents=True)
    (tmp_path / "klinik" / "day" / "eve.json").write_text("{}")
    assert [one.name for one in actor_folders(tmp_path / "klinik" / "day")[0]] == ["day"]
    assert [one.name for one in actor_folders(tmp_path / "klinik", together=True)[0]] == ["klinik"]


def test_what_is_not_there_and_too_much_stop_at_once(tmp_path) -> None:
    with pytest.raises(Stop) as nothing:
        actor_folders(tmp_path / "gone")
    assert nothing.value.code == Exit.INPUT
    for number in range(41):
        (tmp_path / f"a{number}").mkdir()
    with pytest.raises(Stop) as many:
        actor_folders(tmp_path)
    assert many.value.code == Exit.USAGE


def test_a_report_that_cannot_be_written_is_said_before_anything_is_read(tmp_path, monkeypatch, capsys) -> None:
    for file in (tmp_path / "report.doc", tmp_path / "gone" / "report.html"):
        code, out, err = run(monkeypatch, capsys, str(tmp_path), "--report", str(file))
        assert (code, out) == (Exit.USAGE, "")
        assert "--report" in err


@pytest.mark.slow
def test_three_meet_the_same_and_a_fourth_needs_it(tmp_path, monkeypatch, capsys, quick) -> None:
    """None of the three need read it alone for the sector to know; a block goes into force where nobody misses it, and
    waits for a person where thirty machines use it."""
    for net, name in enumerate(("klinik", "kommune", "region"), 1):
        write(tmp_path / "in" / name, everyday(net, BEGIN) + beacon(net, BEGIN + timedelta(minutes=net)))
    write(tmp_path / "in" / "vendor", everyday(4, BEGIN) + crowd(4, BEGIN))
    report = tmp_path / "report.html"
    code, out, err = run(monkeypatch, capsys, str(tmp_path / "in"), "--json", "--report", str(report))
    assert code == Exit.OK, err
    facts = json.loads(out)
    (lead,) = [lead for lead in facts["leads"] if f"ip4:{ENEMY}" in lead["observables"]]
    assert {where["actor"] for where in lead["alone"]} == {"klinik", "kommune", "region"}
    assert all(where["rank"] and where["could_have_known"] < lead["known"] for where in lead["alone"])
    decisions = {made["actor"]: made for made in facts["decisions"] if made["observable"] == f"ip4:{ENEMY}"}
    for name in ("klinik", "kommune", "region"):
        assert (decisions[name]["act"], decisions[name]["standing"]) == ("block", "wanted")
        assert decisions[name]["hosts"] == [f"10.{['klinik', 'kommune', 'region'].index(name) + 1}.0.7"]
    assert decisions["vendor"]["standing"] == "waiting"
    assert decisions["vendor"]["own_hosts"] == 30
    assert decisions["vendor"]["why"]
    named = {word for actor in facts["actors"] for word in actor["named"]}
    assert named == {f"ip4:{ENEMY}"}
    total = sum(kind["bytes"] for kind in facts["left"])
    assert total == sum(actor["left_bytes"] for actor in facts["actors"]) > 0
    assert facts["ledgers_hold"]
    assert facts["settled"]
    page = report.read_text(encoding="utf-8")
    assert ENEMY in page
    assert "10.4.0.100" in page
    assert report.stat().st_mode & 0o077 == 0


@pytest.mark.slow
def test_one_alone_is_told_what_a_sector_would_add_and_that_nothing_was_joined(
    tmp_path, monkeypatch, capsys, quick
) -> None:
    write(tmp_path / "klinik", everyday(1, BEGIN) + beacon(1, BEGIN))
    report = tmp_path / "report.html"
    code, out, _ = run(monkeypatch, capsys, str(tmp_path / "klinik"), "--report", str(report))
    assert code == Exit.OK
    assert out.startswith("Alone, klinik would have read")
    page = report.read_text(encoding="utf-8")
    assert "There is one organisation here, so there was nothing to join" in page
    assert "no suspicion of klinik stands below its alert line" in page
    assert "0 suspicions" not in page
    assert "2 members that suspect nothing were added" in page
    assert "dns" in page
    assert "made-up names" in page  # no DNS, so no such detector could see anything
    assert "Less than three days of records: klinik" in page


@pytest.mark.slow
def test_times_that_never_meet_are_said_and_moved_only_where_asked(tmp_path, monkeypatch, capsys, quick) -> None:
    for net, (name, weeks) in enumerate((("klinik", 0), ("kommune", 5), ("region", 11)), 1):
        begin = BEGIN + timedelta(weeks=weeks)
        write(tmp_path / name, everyday(net, begin) + beacon(net, begin))
    code, out, _ = run(monkeypatch, capsys, str(tmp_path), "--json")
    apart = json.loads(out)
    assert code == Exit.OK
    assert apart["first"] == "These 3 organisations could not be compared: their records are of different times."
    assert len(apart["apart"]) == 3
    assert apart["leads"] == []
    _, out, _ = run(monkeypatch, capsys, str(tmp_path), "--json", "--same-start")
    moved = json.loads(out)
    assert [actor["moved_days"] for actor in moved["actors"]] == [77, 42, 0]
    assert moved["apart"] == []
    assert [lead["observables"] for lead in moved["leads"]] == [[f"ip4:{ENEMY}"]]


@pytest.mark.slow
def test_what_was_not_read_is_named_and_the_rest_is_played(tmp_path, monkeypatch, capsys, quick) -> None:
    write(tmp_path / "in" / "klinik", everyday(1, BEGIN))
    (tmp_path / "in" / "klinik" / "broken.pcap").write_bytes(b"\xd4\xc3\xb2\xa1" + b"\x07" * 40)
    (tmp_path / "in" / "empty").mkdir()
    (tmp_path / "in" / "stray.log").write_text("x\n")
    report = tmp_path / "report.html"
    code, out, _ = run(monkeypatch, capsys, str(tmp_path / "in"), "--report", str(report), "--language", "da")
    assert code == Exit.INPUT
    assert "klinik" in out
    page = report.read_text(encoding="utf-8")
    assert "broken.pcap" in page
    assert "stray.log" in page


def test_nothing_at_all_is_said_as_it_is(tmp_path, monkeypatch, capsys) -> None:
    (tmp_path / "a").mkdir()
    code, out, _ = run(monkeypatch, capsys, str(tmp_path))
    assert code == Exit.INPUT
    assert out.startswith("Nothing in this folder could be read as traffic or logs.")
    assert "Traceback" not in out


@pytest.mark.data
@pytest.mark.suricata
@pytest.mark.slow
def test_one_malware_at_three_organisations_of_real_captures(tmp_path, monkeypatch, capsys) -> None:
    """Documents that load Emotet, opened at three places within two days: each has it on its own list, and the sector
    joins, releases and blocks the address that all three have in common."""
    captures = data_folder() / "captures/pcap"
    for name, file in (("klinik", "63bb8d3aa5c0"), ("kommune", "7a196fd7a907"), ("region", "29b48523e390")):
        (tmp_path / name).mkdir()
        shutil.copy(captures / f"malicious/emotet/maldocs_emotet_2020_January_{file}.pcap", tmp_path / name)
    code, out, _ = run(monkeypatch, capsys, str(tmp_path), "--json")
    assert code == Exit.OK
    facts = json.loads(out)
    joined = next(lead for lead in facts["leads"] if "ip4:100.6.23.40" in lead["observables"])
    assert len(joined["alone"]) >= 2
    blocked = {made["actor"] for made in facts["decisions"] if made["observable"] == "ip4:100.6.23.40"}
    assert blocked == {"klinik", "kommune", "region"}
