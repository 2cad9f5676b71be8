"""A damaged file costs what was in it and nothing else; whoever must act is told what to do."""

import datetime as dt
import shutil
import sqlite3

import pytest

from bavn.actor.store.columns import ColumnStore
from bavn.actor.store.faults import StoreBroken, StoreDamaged
from bavn.actor.store.history import History
from bavn.actor.store.limits import StoreLimits
from bavn.actor.store.mended import open_or_mend
from bavn.actor.store.retention import Merge
from bavn.actor.store.segments.rebuild import rebuild
from bavn.actor.store.stats import Mended
from bavn.model.moment import HOUR_US
from bavn.model.ports import QueryRefused


def at(us: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(0, dt.UTC).replace(tzinfo=None) + dt.timedelta(microseconds=us)


@pytest.fixture(scope="module")
def sound(tmp_path_factory, rows, hour0):
    """Three closed hours of flow and dns, and one micro segment of each beside them."""
    path = tmp_path_factory.mktemp("sound")
    with ColumnStore.open(path, StoreLimits(pack_bytes_max=1)) as store:
        for number in range(4):
            those = [
                {"ts": at((hour0 + number) * HOUR_US + k), "flow_id": 10 * number + k, "rrname": f"{k}.dk"}
                for k in range(5)
            ]
            store.append("a", str(number), {"flow": rows("flow", those), "dns": rows("dns", those)})
            if number == 2:
                store.tidy()
    return path


@pytest.fixture
def filled(tmp_path, sound):
    """A copy of it to damage."""
    shutil.copytree(sound, tmp_path, dirs_exist_ok=True)
    return tmp_path


def flip(file) -> None:
    raw = bytearray(file.read_bytes())
    raw[len(raw) // 3] ^= 0xFF
    file.write_bytes(raw)


WAYS = {
    "cut short": lambda file: file.write_bytes(file.read_bytes()[:100]),
    "emptied": lambda file: file.write_bytes(b""),
    "gone": lambda file: file.unlink(),
    "overwritten": lambda file: file.write_bytes(b"x" * file.stat().st_size),
    "longer": lambda file: file.write_bytes(file.read_bytes() + b"x"),
}


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", ["hour", "micro"])
def test_a_start_takes_out_what_is_plainly_damaged(filled, way, kind, hour0):
    with ColumnStore.open(filled) as store:
        where = "hour IS NULL" if kind == "micro" else f"hour = {hour0 + 1}"
        (segment,) = store._manifest.segments(f"tbl = 'flow' AND {where}")
    WAYS[way](filled / "segments" / segment.name)
    with ColumnStore.open(filled) as store:
        if way == "overwritten":
            with store.window(0, 2**60) as window, pytest.raises(StoreDamaged, match="ask again") as told:
                window.rows("SELECT * FROM flow")
            assert segment.name in str(told.value)
            assert "5 rows of flow" in str(told.value)
        assert store.stats().damaged == (segment.name,)
        assert (filled / "damaged" / segment.name.replace("/", "-")).exists() == (way != "gone")
        lost = 30 if kind == "micro" else 10
        wanted = [(n + k,) for n in (0, 10, 20, 30) if n != lost for k in range(5)]
        for _ in range(2):
            with store.window(0, 2**60) as window:
                assert window.rows("SELECT flow_id FROM flow ORDER BY ALL") == wanted
                assert window.rows("SELECT sum(flows) FROM pair_hour") == [(15,)], "the roll-up went with its rows"
                assert window.rows("SELECT count(*), (SELECT sum(n) FROM name_hour) FROM dns") == [(20, 20)]
            store.tidy()


def test_a_damaged_rollup_is_made_again(filled, hour0):
    with ColumnStore.open(filled, StoreLimits(pack_bytes_max=1)) as store:
        (rollup,) = store._manifest.segments("tbl = 'name_hour' AND hour = ?", (hour0,))
        flip(store._files / rollup.name)
        assert [(d.segment, d.why) for d in store.check()] == [(rollup, "does not match its checksum")]
        for _ in range(2):
            with store.window(0, 2**60) as window:
                assert window.rows("SELECT sum(n), count(DISTINCT domain) FROM name_hour") == [(20, 5)]
            store.tidy()
        assert len(store._manifest.segments("tbl = 'name_hour' AND hour = ?", (hour0,))) == 1


def test_a_bit_that_turned_is_found_by_a_deep_check_only(filled, hour0):
    with ColumnStore.open(filled) as store:
        (segment,) = store._manifest.segments("tbl = 'dns' AND hour = ?", (hour0,))
        flip(store._files / segment.name)
        assert store.check(deep=False) == []
        assert [d.segment.name for d in store.check()] == [segment.name]
        assert store.check() == []


def test_tidying_names_what_it_cannot_read_and_goes_on_the_next_time(filled):
    with ColumnStore.open(filled) as store:
        (segment,) = store._manifest.segments("tbl = 'flow' AND hour IS NULL")
        WAYS["overwritten"](store._files / segment.name)
        with pytest.raises(StoreDamaged, match="micro"):
            store.tidy()
        assert not [f for f in store._files.glob("*/*") if f.stem.endswith(f"{store._manifest.next_id:010d}")]
        store.tidy()
        assert store.stats().micro_segments == 0
        assert store.stats().rows == {"dns": 20, "flow": 15}


def test_a_reader_names_damage_and_leaves_it_to_the_writer(filled, hour0):
    with ColumnStore.open(filled) as store:
        (segment,) = store._manifest.segments("tbl = 'flow' AND hour = ?", (hour0,))
    WAYS["overwritten"](filled / "segments" / segment.name)
    with History.read(filled) as reader, reader.window(0, 2**60) as window:
        with pytest.raises(StoreDamaged, match="next start"):
            window.rows("SELECT * FROM flow")
        assert window.rows("SELECT count(*) FROM dns") == [(20,)]
    assert (filled / "segments" / segment.name).exists()
    with ColumnStore.open(filled) as store:
        assert [d.segment.name for d in store.check()] == [segment.name]


def test_a_malformed_query_over_a_sound_history_is_no_damage(filled):
    with ColumnStore.open(filled) as store, store.window(0, 2**60) as window:
        with pytest.raises(QueryRefused):
            window.rows("SELECT strptime(rrname, '%Y') FROM dns")
        assert store.stats().damaged == ()


@pytest.mark.parametrize("how", ["garbage", "gone", "torn page"])
def test_a_lost_manifest_is_one_clear_error_and_can_be_made_again(filled, how):
    with ColumnStore.open(filled) as store:
        before = store.stats()
        marks = store._manifest.marks()
    file = filled / "manifest.sqlite"
    if how == "gone":
        file.unlink()
    else:
        raw = bytearray(file.read_bytes())
        raw[0 if how == "garbage" else 4096 :] = b"\xff" * (len(raw) - (0 if how == "garbage" else 4096))
        file.write_bytes(raw)
    files = sorted((filled / "segments").glob("*/*"))
    with pytest.raises(StoreBroken, match="make it again"):
        ColumnStore.open(filled)
    assert sorted((filled / "segments").glob("*/*")) == files, "nothing is swept without a manifest"
    made = rebuild(filled)
    assert (made.rows, made.marks, made.aside) == (before.rows_total, marks, ())
    with ColumnStore.open(filled) as store:
        assert store.stats() == before
        assert store.mark("a") == "3"
        with store.window(0, 2**60) as window:
            assert window.rows("SELECT sum(flows) FROM pair_hour") == [(20,)]


@pytest.mark.parametrize("how", ["garbage", "gone", "empty", "torn page"])
def test_a_node_s_store_makes_a_lost_manifest_again_by_itself(filled, how):
    with ColumnStore.open(filled) as store:
        before, marks = store.stats(), store._manifest.marks()
        assert store.mended == Mended()
    file = filled / "manifest.sqlite"
    raw = bytearray(file.read_bytes())
    if how == "gone":
        file.unlink()
    elif how == "empty":
        file.write_bytes(b"")
    else:
        raw[0 if how == "garbage" else 4096 :] = b"\xff" * (len(raw) - (0 if how == "garbage" else 4096))
        file.write_bytes(raw)
    with open_or_mend(filled) as store:
        assert (store.stats(), store._manifest.marks(), store.mended) == (before, marks, Mended(manifests=1))
        if how in ("garbage", "torn page"):
            assert (filled / "damaged" / "manifest.sqlite").read_bytes() == raw, "it is kept"
    with open_or_mend(filled) as store:
        assert store.mended == Mended()


def test_an_empty_manifest_beside_one_batch_sweeps_nothing_away(tmp_path, rows, hour0):
    with ColumnStore.open(tmp_path) as store:
        store.append("a", "1", {"flow": rows("flow", [{"ts": at(hour0 * HOUR_US)}])})
    (tmp_path / "manifest.sqlite").write_bytes(b"")
    with open_or_mend(tmp_path) as store:
        assert store.stats().rows_total == 1


def test_where_no_segment_can_be_read_all_are_put_aside_and_the_store_goes_on(filled, rows, hour0):
    for file in (filled / "segments").glob("*/*"):
        file.write_bytes(b"")
    count = len(list((filled / "segments").glob("*/*")))
    (filled / "manifest.sqlite").write_bytes(b"x" * 5000)
    with open_or_mend(filled) as store:
        assert store.mended == Mended(manifests=1, files=count)
        assert store.stats().rows_total == 0
        store.append("a", "9", {"flow": rows("flow", [{"ts": at(hour0 * HOUR_US)}])})
        assert store.stats().rows_total == 1
    assert len(list((filled / "damaged").iterdir())) == count + 1


def test_rebuilding_sets_damaged_files_aside_and_keeps_the_rest(filled, hour0):
    with ColumnStore.open(filled) as store:
        (segment,) = store._manifest.segments("tbl = 'flow' AND hour = ?", (hour0,))
    (filled / "manifest.sqlite").unlink()
    WAYS["cut short"](filled / "segments" / segment.name)
    made = rebuild(filled)
    assert made.rows == 35
    assert {name for name, _ in made.aside} >= {segment.name}
    with ColumnStore.open(filled) as store:
        assert store.stats().rows == {"dns": 20, "flow": 15}
    for file in (filled / "segments").glob("*/*"):
        file.write_bytes(b"")
    (filled / "manifest.sqlite").unlink()
    with pytest.raises(StoreDamaged, match="begin anew"):
        rebuild(filled)


def test_an_old_copy_of_the_manifest_sweeps_nothing_away(filled, rows, hour0):
    with sqlite3.connect(filled / "manifest.sqlite") as base:
        base.execute("VACUUM INTO ?", (str(filled / "old"),))
    base.close()
    with ColumnStore.open(filled) as store:
        for number in range(4, 7):
            store.append("a", str(number), {"flow": rows("flow", [{"ts": at((hour0 + number) * HOUR_US)}])})
    (filled / "old").replace(filled / "manifest.sqlite")
    files = sorted((filled / "segments").glob("*/*"))
    with pytest.raises(StoreBroken, match="older than"):
        ColumnStore.open(filled)
    assert sorted((filled / "segments").glob("*/*")) == files
    assert rebuild(filled).rows == 43


def test_a_manifest_of_another_version_is_left_alone(filled):
    with sqlite3.connect(filled / "manifest.sqlite") as base:
        base.execute("PRAGMA user_version = 99")
    base.close()
    for opens in (ColumnStore.open, History.read):
        with pytest.raises(StoreBroken, match="version 99"):
            opens(filled)


def test_a_full_disk_refuses_the_batch_and_leaves_no_litter(tmp_path, rows, hour0, failing_disk, monkeypatch):
    batch = {"dns": rows("dns", [{"ts": at(hour0 * HOUR_US)}]), "flow": rows("flow", [{"ts": at(hour0 * HOUR_US)}])}
    with ColumnStore.open(tmp_path, disk=failing_disk) as store:
        full = OSError(28, "No space left on device")
        keep = failing_disk.keep
        monkeypatch.setattr(
            failing_disk, "keep", lambda file: (_ for _ in ()).throw(full) if "flow" in str(file) else keep(file)
        )
        with pytest.raises(OSError, match="No space"):
            store.append("a", "1", batch)
        assert store.mark("a") is None
        assert list((tmp_path / "segments").glob("*/*")) == []
        monkeypatch.undo()
        assert store.append("a", "1", batch) == 2


@pytest.mark.parametrize("steps", range(4))
def test_what_a_crash_left_is_swept_at_the_next_start(filled, rows, hour0, failing_disk, crash, abandoned, steps):
    store = ColumnStore.open(filled, disk=failing_disk)
    listed = {segment.name for segment in store._manifest.segments()}
    batch = {name: rows(name, [{"ts": at(hour0 * HOUR_US)}]) for name in ("dns", "flow")}
    failing_disk.steps_left = steps
    with pytest.raises(crash):
        store.append("a", "cut off", batch)
    abandoned(store)
    assert len(list((filled / "segments").glob("*/*"))) > len(listed), "there was something to sweep"
    with ColumnStore.open(filled) as store:
        assert {f"{file.parent.name}/{file.name}" for file in store._files.glob("*/*")} == listed
        assert store.mark("a") == "3"


@pytest.mark.parametrize("power_cut", [False, True])
@pytest.mark.parametrize("tidying", [False, True])
@pytest.mark.parametrize("steps", [0, 1, 2])
def test_rebuilding_after_a_crash_in_which_the_manifest_was_lost_too(
    filled, rows, hour0, failing_disk, crash, abandoned, steps, tidying, power_cut
):
    """The change that was cut off is left out if it is not whole: what it was to replace is still there."""
    store = ColumnStore.open(filled, disk=failing_disk)
    those = [{"ts": at((hour0 + k) * HOUR_US)} for k in range(2)]
    if tidying:
        store.append("a", "4", {"alert": rows("alert", those)})  # two hours, and no roll-up
    failing_disk.named |= set((filled / "segments").glob("*/*"))
    failing_disk.steps_left = steps
    with pytest.raises(crash):
        store._changed(Merge(inputs=tuple(store._manifest.segments("tbl = 'alert'")))) if tidying else store.append(
            "a", "cut off", {name: rows(name, those) for name in ("dns", "flow", "tls", "alert")}
        )
    abandoned(store)
    if power_cut:
        failing_disk.cut_power(filled)
    (filled / "manifest.sqlite").unlink()
    made = rebuild(filled)
    assert (made.rows, dict(made.marks)) == ((42, {"a": "4"}) if tidying else (40, {"a": "3"}))
    with ColumnStore.open(filled) as store, store.window(0, 2**60) as window:
        assert window.rows("SELECT (SELECT count(*) FROM flow), (SELECT sum(flows) FROM pair_hour)") == [(20, 20)]
        assert window.rows("SELECT count(*) FROM alert") == [(2 if tidying else 0,)]
