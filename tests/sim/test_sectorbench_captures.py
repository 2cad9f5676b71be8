"""SectorBench on captures: manifests, relabelling, thinning below the alert line, a held-out folder from end to end."""

import hashlib
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from bavn.traffic.dice import SeededDice
from bavn_lab import data, sector_world
from bavn_lab.cli import bench
from bavn_lab.sectorbench import detected, figures, manifest, run
from bavn_lab.sectorbench.captured import Sector, captured_day
from bavn_lab.sectorbench.detected import CaptureDetections, Glimpse, detections_of
from bavn_lab.sectorbench.manifest import Capture, ManifestBroken, read
from bavn_lab.sectorbench.relabel import relabelled, single_share
from bavn_lab.sectorbench.victims import Families, with_captured_campaigns
from bavn_lab.sectorbench.ways import own_lists


def folder_of(path: Path, rows: list[tuple[str, str, str]], columns="file,kind,label") -> Path:
    path.mkdir(exist_ok=True)
    lines = [columns, *(",".join(row) for row in rows)]
    (path / "MANIFEST.csv").write_text("\n".join(lines) + "\n")
    return path


# --- manifests --------------------------------------------------------------------------------------------------------


def test_a_folder_without_a_manifest_is_one_error_and_a_file_listed_twice_is_said(tmp_path) -> None:
    with pytest.raises(ManifestBroken, match=r"holds no MANIFEST\.csv"):
        read(tmp_path)
    (tmp_path / "a.pcap").write_bytes(b"packets")
    folder_of(tmp_path, [("a.pcap", "malicious", "x"), ("a.pcap", "benign", "y"), ("./a.pcap", "malicious", "x")])
    found = read(tmp_path)
    assert [(one.name, one.kind, len(one.files)) for one in found.captures] == [("a.pcap", "malicious", 1)]
    assert sorted(found.unusable) == ["./a.pcap (again)", "a.pcap (again)"]


@pytest.mark.parametrize("missing", ["file", "kind", "label"])
def test_a_missing_column_is_named(tmp_path, missing) -> None:
    columns = ",".join(name for name in ("file", "kind", "label", "sha256") if name != missing)
    folder_of(tmp_path, [("a.pcap", "benign", "x")], columns)
    with pytest.raises(ManifestBroken, match=f"no column {missing};"):
        read(tmp_path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_a_manifest_is_read_as_other_programs_write_it(tmp_path, encoding, delimiter, ends) -> None:
    (tmp_path / "træ.pcap").write_bytes(b"packets")
    lines = (("File", "sha256", "Kind ", "label", "notes"), ("træ.pcap", "", "malicious", "ål", "søgt, fundet; gemt"))
    text = ends.join(delimiter.join(f'"{cell}"' for cell in line) for line in lines) + ends
    (tmp_path / "MANIFEST.csv").write_bytes(text.encode(encoding))
    (found,) = read(tmp_path).captures
    assert (found.name, found.kind, found.family) == ("træ.pcap", "malicious", "ål")


def test_every_file_is_used_or_has_its_reason(tmp_path) -> None:
    (tmp_path / "good.pcap").write_bytes(b"packets")
    (tmp_path / "empty.pcap").write_bytes(b"")
    (tmp_path / "other.pcap").write_bytes(b"changed")
    logs = tmp_path / "zeek" / "day"
    logs.mkdir(parents=True)
    (logs / "conn.log").write_text("conn")
    (logs / "dns.log.gz").write_bytes(b"dns")
    digest = hashlib.sha256(b"packets").hexdigest()
    folder_of(
        tmp_path,
        [
            ("good.pcap", "Malicious", "emotet(epoch 4)", digest),
            ("empty.pcap", "benign", "x", ""),
            ("other.pcap", "benign", "x", digest),
            ("../out.pcap", "benign", "x", ""),
            ("gone.pcap", "benign", "x", ""),
            ("zeek/day/conn.log", "benign", "office", ""),
            ("zeek/day/dns.log.gz", "benign", "office", ""),
            ("mix.pcap", "protocol-mix", "x", ""),
        ],
        "file,kind,label,sha256",
    )
    found = read(tmp_path)
    assert [(one.name, one.family, len(one.files)) for one in found.captures] == [
        ("good.pcap", "emotet", 1),
        ("zeek/day", "office", 2),
    ]
    assert found.captures[0].kind == "malicious"
    assert dict(found.left_out) == {"protocol-mix": 1}
    assert dict(found.unusable) == {
        "../out.pcap": "its path leads out of the folder",
        "empty.pcap": "the file is empty",
        "gone.pcap": "there is no such file",
        "other.pcap": "its sha256 is not the manifest's",
    }


@settings(max_examples=60)
@given(st.binary(max_size=300))
def test_any_bytes_are_a_manifest_or_a_clear_error(tmp_path_factory, content) -> None:
    folder = tmp_path_factory.mktemp("manifest")
    (folder / "MANIFEST.csv").write_bytes(b"file,kind,label\n" + content)
    try:
        assert not read(folder).captures
    except ManifestBroken as error:
        assert "MANIFEST.csv" in str(error)


# --- relabelling ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("actors", [15, 100])
def test_relabelling_reaches_the_share_of_names_at_one_actor(actors) -> None:
    met = SeededDice(3, "met").whole(actors * 12, 9).reshape(actors, 12)
    names, share = relabelled(met, SeededDice(4, "relabel"))
    assert abs(share - 0.90) <= 0.02
    assert share == single_share(names)
    assert sum(sum(one.hosts) for one in names) == int(met.sum())
    assert all(len(set(one.actors)) == len(one.actors) for one in names)


# --- a day of captures ------------------------------------------------------------------------------------------------


def glimpse(statistic: float, *observables: str, listed: bool = False) -> Glimpse:
    return Glimpse(
        detector="beacon",
        technique="T1071",
        population="beacon",
        statistic=statistic,
        exact_p=None,
        p_times=1.0,
        observables=observables,
        hosts=1,
        listed=listed,
        begins=3,
        ends=40,
        period_s=300.0,
        regularity=0.95,
        walk_nats=None,
    )


def sighted(name: str, *some: Glimpse, tallies: dict[int, int] | None = None) -> CaptureDetections:
    tallies = {0: 900, 300: 60, 500: 20, 560: 3, 600: 2} if tallies is None else tallies
    weaker = tuple(replace(one, statistic=one.statistic / 2) for one in some)
    return CaptureDetections(
        name=name,
        hosts=3,
        rows=100,
        first_hour=1000,
        steps=(some, weaker),
        tallies={"beacon": tallies},
        listed_met=("popular.com", "known.org"),
        refusal="",
    )


@pytest.fixture(scope="module")
def sector() -> Sector:
    benign = [
        sighted("office", glimpse(9.0, "domain:tail.example.net", "ip4:28.9.9.9"), glimpse(8.0)),
        sighted("plugs", glimpse(11.0, "ip4:28.7.7.7"), glimpse(7.0, "domain:popular.com", listed=True)),
        sighted("web", glimpse(10.0, "domain:other.example.net")),
    ]
    return Sector(benign, ["office", "iot", "office"])


@pytest.fixture(scope="module")
def families() -> Families:
    seen = glimpse(12.0, "domain:evil.example.org", "ip4:28.1.2.3", "cert:" + "ab" * 20)
    return Families({"loader": (sighted("m1", seen),), "quiet": (sighted("m2", glimpse(12.0)),)})


@pytest.mark.slow
def test_a_day_of_captures_has_the_power_law_and_no_name_of_the_captures(sector) -> None:
    day = captured_day(sector, 60, SeededDice(1, "day")).day
    assert abs(day.power_law_a - 0.90) <= 0.02
    assert abs(day.power_law_a_all - 0.66) <= 0.03
    assert len(day.rows) > 500
    named = {str(one) for one in day.observables if one not in day.listed}
    assert not named & {"domain:tail.example.net", "ip4:28.9.9.9", "ip4:28.7.7.7", "domain:other.example.net"}
    again = captured_day(sector, 60, SeededDice(1, "day")).day
    assert (again.rows.p == day.rows.p).all()
    assert again.observables == day.observables


@pytest.mark.slow
def test_campaigns_of_captures_stay_below_every_alert_line(sector, families) -> None:
    dealt = with_captured_campaigns(captured_day(sector, 40, SeededDice(2, "day")), families, 12, SeededDice(2, "c"))
    day = dealt.day
    found = [one for one in day.campaigns if one.linkage != "undetected"]
    lost = [one for one in day.campaigns if one.linkage == "undetected"]
    assert len(found) == 12
    assert lost
    assert all(one.family == "quiet" and not one.reachable and not one.elements for one in lost)
    for actor, own in own_lists(day, day.rows, 1000).items():
        assert not set(own[: int(day.actors.lines[actor])]) & set(day.campaigns_of)
    mine = np.isin(day.rows.element, list(day.campaigns_of))
    assert mine.sum() > 12
    assert day.rows.p[mine].min() >= 0.001
    assert {one.linkage for one in found} <= {"domain", "address", "fingerprint", "behaviour"}
    for one in found:
        kinds = {day.observables[element].type.value for element in one.elements}
        assert (
            kinds
            == {
                "domain": {"domain", "ip4", "cert"},
                "address": {"ip4"},
                "fingerprint": {"cert"},
                "behaviour": set(),
            }[one.linkage]
        )
        assert all(ready >= onset for ready, onset in zip(sorted(one.ready), one.onsets, strict=True))


def campaigned(sector, families, seed=2, count=12, aged=0.0):
    day = captured_day(sector, 40, SeededDice(seed, "day"))
    return with_captured_campaigns(day, families, count, SeededDice(seed, "c"), aged).day


@pytest.mark.slow
def test_two_captures_of_a_family_share_only_what_they_share(sector) -> None:
    """Both name one address; each has a domain of its own, which only victims of the same capture have in common."""
    looks = [sighted(at, glimpse(12.0, f"domain:{at}.example.org", "ip4:28.1.2.3")) for at in ("one", "two")]
    day = campaigned(sector, Families({"loader": tuple(looks)}), count=30)
    held: dict[str, list[int]] = {"domain": [], "ip4": []}
    for one in day.campaigns:
        if one.linkage == "domain":
            kinds = [day.observables[element].type.value for element in one.elements]
            held["domain"].append(kinds.count("domain"))
            held["ip4"].append(kinds.count("ip4"))
    assert set(held["ip4"]) == {1}
    assert set(held["domain"]) == {1, 2}


@pytest.mark.slow
def test_an_implants_other_peers_and_unnamed_captures_count_apart(sector) -> None:
    looks = (sighted("m", glimpse(12.0, "domain:evil.example.org"), glimpse(11.9, "domain:beside.example.org")),)
    named = campaigned(sector, Families({"loader": looks}, {"m": frozenset({"evil.example.org"})}))
    other = campaigned(sector, Families({"loader": looks}, {"m": frozenset({"never-seen.example.org"})}))
    unnamed = campaigned(sector, Families({"loader": looks}))
    whole = [one for one in named.campaigns if one.linkage == "domain"]
    assert all(len(one.elements) == len(one.beside) == 1 and one.checked for one in whole)
    assert {one.lost for one in other.campaigns if one.linkage == "domain"} == {"only what no label names"}
    assert not any(one.elements or one.reachable for one in other.campaigns)
    assert all(len(one.elements) == 2 and not one.checked for one in unnamed.campaigns if one.linkage == "domain")
    seen = glimpse(5.0, "domain:evil.example.org")
    ranks = captured_day(sector, 40, SeededDice(2, "day")).ranks
    alone, many = sighted("alone", seen, tallies={462: 1}), sighted("many", seen, tallies={462: 1, 600: 5000})
    assert ranks.p(3, seen, many) > ranks.p(3, seen, alone) >= ranks.p(3, seen)


@pytest.mark.slow
def test_names_long_known_are_not_told_by_what_tells_of_new_ones(sector) -> None:
    new = replace(glimpse(12.0, "domain:evil.example.org"), detector="rarity")
    beats = glimpse(12.0, "domain:evil.example.org")
    young = campaigned(sector, Families({"loader": (sighted("m", new),)}))
    old = campaigned(sector, Families({"loader": (sighted("m", new),)}), aged=1.0)
    both = campaigned(sector, Families({"loader": (sighted("m", new, beats),)}), aged=1.0)
    assert any(one.elements for one in young.campaigns)
    assert {one.lost for one in old.campaigns} == {"names long known"}
    (mine,) = (np.isin(day.rows.element, list(day.campaigns_of)) for day in (both,))
    assert mine.any()
    assert both.rows.first[mine].max() < -7 * 24


@pytest.mark.slow
def test_hosts_say_nothing_of_who_is_an_attacker(sector, families) -> None:
    day = campaigned(sector, families, count=200)
    mine = np.isin(day.rows.element, list(day.campaigns_of))
    reach = np.bincount(day.rows.element)[day.rows.element]
    wide = reach >= 3
    shares = [np.bincount(day.rows.hosts[wide & which], minlength=4) / (wide & which).sum() for which in (mine, ~mine)]
    assert np.abs(shares[0] - shares[1]).max() < 0.12


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.05, 0.5])
def test_so_many_harmless_names_are_new_as_is_asked(sector, share) -> None:
    day = captured_day(sector, 60, SeededDice(1, "day"), share).day
    first = {int(element): int(hour) for element, hour in zip(day.rows.element, day.rows.first, strict=True)}
    harmless = [hour for element, hour in first.items() if day.observables[element] not in day.listed]
    assert abs(np.mean([hour > -7 * 24 for hour in harmless]) - share) < 0.05


def test_sets_and_folds_hold_sites_and_families_apart() -> None:
    names = [f"family {number}" for number in range(300)]
    assert {manifest.set_of(name, halved=False) for name in names} == {"fit", "choose", "test"}
    for name in names:
        odd = hashlib.sha256(name.encode()).digest()[0] % 2 == 1
        assert (manifest.set_of(name, halved=True) == "test") == odd
    groups = {(kind, f"{kind} {at}") for kind in ("site", "") for at in range(41)}
    folds = sector_world._folds(groups)
    assert folds.keys() == groups
    for kind in ("site", ""):
        sizes = Counter(fold for group, fold in folds.items() if group[0] == kind)
        assert set(sizes) == set(range(sector_world.FOLDS))
        assert max(sizes.values()) - min(sizes.values()) <= 1


def test_families_and_sites_of_a_set_are_in_no_other(tmp_path) -> None:
    made = [
        Capture(f"{kind} {at}", (tmp_path,), kind, f"f{at % 40}", "", frozenset(), f"s{at % 40}", second=at % 2 == 0)
        for at in range(400)
        for kind in ("malicious", "benign")
    ]
    parts = {part: sector_world.part_of(made, part) for part in manifest.SETS}
    families = {part: {one.family for one in some if one.kind == "malicious"} for part, some in parts.items()}
    sites = {part: {one.site for one in some if one.kind == "benign"} for part, some in parts.items()}
    assert all(families.values())
    assert sum(len(names) for names in families.values()) == len(set().union(*families.values())) == 40
    assert not sites["fit"] & (sites["choose"] | sites["test"])
    assert sites["choose"] < sites["test"]


# --- a folder that was never seen -------------------------------------------------------------------------------------

CONN = """#separator \\x09
#set_separator\t,
#empty_field\t(empty)
#unset_field\t-
#path\tconn
#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\torig_bytes\tresp_bytes\tconn_state
#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tstring\tinterval\tcount\tcount\tstring
"""


def zeek(path: Path, peer: str, host: str, moments, port=443) -> None:
    path.parent.mkdir(parents=True)
    lines = [
        f"{at:.6f}\tC{number}\t{host}\t{40000 + number % 20000}\t{peer}\t{port}\ttcp\t-\t0.2\t300\t900\tSF"
        for number, at in enumerate(moments)
    ]
    path.write_text(CONN + "\n".join(lines) + "\n")


@pytest.fixture
def heldout(tmp_path) -> Path:
    """Four offices that call at random, one implant that calls every minute, a file that is nothing."""
    dice = np.random.default_rng(1)
    rows = []
    for number in range(4):
        name = f"office{number}/conn.log"
        moments = 1.7e9 + np.sort(dice.random(60)) * 80_000
        zeek(tmp_path / "held" / name, f"93.184.216.{number + 30}", f"10.0.0.{number + 5}", moments)
        rows.append((name, "benign", "office"))
    zeek(tmp_path / "held" / "implant/conn.log", "45.61.136.7", "10.0.0.9", 1.7e9 + 60.0 * np.arange(600))
    (tmp_path / "held" / "broken.bin").write_bytes(b"\x00nothing that anybody knows")
    rows += [("implant/conn.log", "malicious", "newfamily"), ("broken.bin", "malicious", "x")]
    return folder_of(tmp_path / "held", rows)


def asked(heldout: Path, tmp_path: Path, monkeypatch, *more: str):
    monkeypatch.delenv("BAVN_DATA", raising=False)
    monkeypatch.setattr(data, "BESIDE", tmp_path / "nowhere")
    monkeypatch.setattr(figures, "RESAMPLES", 50)
    monkeypatch.setattr(run, "QUIET_DAYS", 1)
    words = ["sector", "--heldout", str(heldout), "--actors", "8", "--seeds", "1", "--quick", "--work"]
    return CliRunner().invoke(bench.app, [*words, str(tmp_path / "work"), *more])


@pytest.mark.slow
def test_a_folder_never_seen_is_judged_and_every_file_accounted_for(heldout, tmp_path, monkeypatch) -> None:
    file = tmp_path / "held.json"
    done = asked(heldout, tmp_path, monkeypatch, "--json", str(file))
    assert done.exit_code == 0, done.output
    told = json.loads(file.read_text())
    assert told["captures"]["kinds"] == {"benign": 4, "malicious": 1}
    assert list(told["captures"]["unread"]) == ["broken.bin"]
    assert told["captures"]["families"] == {"newfamily": {"read": 1, "suspected": 1}}
    assert told["captures"]["folder"] == "held"
    assert "too few" in " ".join(told["captures"]["remarks"])
    assert told["campaigns"]["8"]["suspected"] == run.CAMPAIGNS_A_DAY
    assert told["benign_single_revealed"]["value"] == 0
    assert sum(told["lost"]["8"].values()) == told["campaigns"]["8"]["all"]
    cells = {(cell["benign_new"], cell["aged"], cell["N"]) for cell in told["newness"]}
    assert cells == {(0.05, 0.0, 8), (0.5, 0.5, 8)}
    assert all({"value", "low", "high", "n"} == set(cell["recall_at_20"]) for cell in told["newness"])
    assert told["newness"][0]["recall_at_20"]["value"] == told["recall_at_20"]["8"]["value"]
    assert told["recall_at_60"]["8"]["value"] >= told["recall_at_20"]["8"]["value"]
    assert told["ceiling"]["8"]["suspected"]["value"] >= told["ceiling"]["8"]["revealed"]["value"]
    assert "broken.bin" in done.output
    assert str(tmp_path) not in file.read_text()
    kept = sorted((tmp_path / "work").iterdir())
    again = asked(heldout, tmp_path, monkeypatch, "--json", str(tmp_path / "again.json"))
    assert again.exit_code == 0
    assert (tmp_path / "again.json").read_text() == file.read_text()
    assert sorted((tmp_path / "work").iterdir()) == kept


def test_a_folder_without_a_column_ends_with_one_line(tmp_path, monkeypatch) -> None:
    folder_of(tmp_path / "held", [("a.pcap", "x")], "file,label")
    done = asked(tmp_path / "held", tmp_path, monkeypatch)
    assert isinstance(done.exception, bench.Stop)
    assert done.exception.code == 5
    assert "no column kind" in str(done.exception)


@pytest.mark.slow
def test_a_strangers_look_tells_of_what_is_old_or_listed_by_the_captures_end(tmp_path) -> None:
    """A device that calls one odd port for a month: known here by the end, so that nothing is told of it."""
    zeek(tmp_path / "device/conn.log", "45.61.136.7", "10.0.0.9", 1.7e9 + 7200.0 * np.arange(360), port=4477)
    capture = Capture("device/conn.log", (tmp_path / "device/conn.log",), "benign", "device", "0" * 64)
    plain, strange = (detections_of(capture, (1.0,), tmp_path / "kept", strange=strange) for strange in (False, True))
    told = [[one.observables for one in look.whole if one.detector == "rarity"] for look in (plain, strange)]
    assert told == [[], [("ip4:45.61.136.7",)]]
    assert plain.tallies == strange.tallies
    assert len(list((tmp_path / "kept").iterdir())) == 2


def test_what_was_seen_is_kept_and_a_damaged_answer_is_made_again(tmp_path) -> None:
    path = tmp_path / "nothing.bin"
    path.write_bytes(b"\x00nothing")
    capture = Capture("nothing.bin", (path,), "benign", "x", "0" * 64)
    first = detections_of(capture, (1.0,), tmp_path / "kept")
    assert not first.read
    assert "nothing.bin" in first.refusal
    (answer,) = (tmp_path / "kept").iterdir()
    assert detections_of(capture, (1.0,), tmp_path / "kept") == first
    answer.write_text('{"name": 1')
    assert detections_of(capture, (1.0,), tmp_path / "kept") == first
    assert json.loads(answer.read_text())["name"] == "nothing.bin"


def test_a_capture_that_nobody_foresaw_costs_itself_and_a_line(tmp_path, monkeypatch) -> None:
    def broken(*_: object) -> None:
        raise KeyError("flow_id")

    path = tmp_path / "odd.bin"
    path.write_bytes(b"\x00")
    monkeypatch.setattr(detected, "_looked", broken)
    seen = detections_of(Capture("odd.bin", (path,), "benign", "x", "0" * 64), (1.0,), tmp_path / "kept")
    assert (seen.read, seen.refusal) == (False, "it cannot be looked at: KeyError: 'flow_id'")
    assert not (tmp_path / "kept").exists()


def test_rows_of_a_table_without_connections_are_thinned_by_their_time() -> None:
    moments = pa.array(range(0, 4_000_000_000, 1_000_000), pa.timestamp("us"))
    left = detected._thinned({"leases": pa.table({"ts": moments})}, 0.25)["leases"]
    assert 800 < left.num_rows < 1200


@pytest.mark.slow
def test_pictures_are_the_same_bytes_for_the_same_figures(tmp_path, monkeypatch) -> None:
    pytest.importorskip("matplotlib")
    from bavn_lab.sectorbench.plots import draw

    value = {"value": 0.5, "low": 0.25, "high": 0.75, "n": 8}
    by = {"15": value, "100": {**value, "value": None, "low": None, "high": None}}
    told = {
        "recall_at_20": by,
        "best_single_actor": by,
        "others": {"Fisher": by, "without novelty": by},
        "seeds": [1, 2],
        "commit": "abc",
        "what": "made up",
        "by_linkage": {"15": {"domain": value}},
        "by_victims": {"15": {"2": value}},
    }
    first, again = draw(told, tmp_path / "a", "sector"), draw(told, tmp_path / "b", "sector")
    assert [path.name for path in first] == [
        "sector-ways.svg",
        "sector-ablations.svg",
        "sector-linkage.svg",
        "sector-victims.svg",
    ]
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in again]
    assert all(path.read_text().startswith("<?xml") for path in first)


def test_a_file_that_could_not_be_written_is_said_before_the_work(heldout, tmp_path, monkeypatch) -> None:
    done = asked(heldout, tmp_path, monkeypatch, "--json", str(tmp_path / "nowhere" / "held.json"))
    assert isinstance(done.exception, bench.Stop)
    assert done.exception.code == 2
    assert not (tmp_path / "work").exists()


@pytest.mark.slow
def test_malicious_captures_alone_get_a_drawn_background_and_say_so(heldout, tmp_path, monkeypatch) -> None:
    rows = [("implant/conn.log", "malicious", "newfamily"), ("office0/conn.log", "malicious", "quiet")]
    folder_of(heldout, rows)
    file = tmp_path / "held.json"
    done = asked(heldout, tmp_path, monkeypatch, "--json", str(file))
    assert done.exit_code == 0, done.output
    told = json.loads(file.read_text())
    assert told["what"].endswith("background drawn")
    assert told["captures"]["families"]["quiet"] == {"read": 1, "suspected": 0}
    assert told["campaigns"]["8"]["all"] > told["campaigns"]["8"]["suspected"]
    folder_of(heldout, [("office0/conn.log", "benign", "office")])
    nothing = asked(heldout, tmp_path, monkeypatch, "--json", str(file))
    assert isinstance(nothing.exception, bench.Stop)
    assert nothing.exception.code == 5
    assert json.loads(file.read_text())["recall_at_20"]["8"]["value"] is None


@pytest.mark.slow
def test_days_side_by_side_give_the_same_figures() -> None:
    assert run.measure(8, [1, 2], campaigns=3, jobs=2) == run.measure(8, [1, 2], campaigns=3)
