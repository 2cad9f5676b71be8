"""A log under rotation, with real files: every line once, in order, also over restarts of the reader."""

import gzip
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bavn.actor.formats import lines as lines_room
from bavn.actor.formats.lines import LINE_BYTES_MAX, line_column
from bavn.actor.sense import reading as room
from bavn.actor.sense.base import SourceBroken
from bavn.actor.sense.follow import Follower, rotated
from bavn.actor.sense.place import BEGINNING, LEFT_MAX, Head, Place, hash_of
from bavn.actor.sense.suricata.eve_file import EveFile


class Log:
    """A writer and a reader of one log. Lines are numbers, so that order and loss show."""

    def __init__(self, folder):
        self.path = folder / "eve.json"
        self.written = 0
        self.clock_ns = 10**18
        self.read: list[int] = []
        self.lost: list[str] = []
        self.mark: str | None = None
        self.follower = self._new()
        self.file = self.path.open("ab")

    def _new(self):
        return Follower(self.path, Place.parse(self.mark) if self.mark else None, lambda: rotated(self.path))

    def write(self, count, *, cut=0):
        """Lines; of the last, ``cut`` bytes are held back until the next write."""
        self.file.write(getattr(self, "held", b""))
        data = b"".join(b'{"line": %d}\n' % n for n in range(self.written, self.written + count))
        self.written += count
        self.held = data[len(data) - cut :] if cut else b""
        self.file.write(data[: len(data) - cut])
        self.file.flush()
        self.touch(self.path)

    def touch(self, path):
        """Every change a second later than the last: rotated files have an age."""
        self.clock_ns += 10**9
        os.utime(path, ns=(self.clock_ns, self.clock_ns))

    def rename(self, *, pack=False):
        """As logrotate and Suricata do: eve.json becomes eve.json.N, and a new one is begun."""
        for old in sorted(self.path.parent.glob("eve.json.*"), key=lambda p: -int(p.name.split(".")[2])):
            number = int(old.name.split(".")[2])
            old.rename(old.with_name(old.name.replace(f".{number}", f".{number + 1}", 1)))
        first = self.path.with_name("eve.json.1")
        self.path.rename(first)
        self.file.close()
        if pack:
            status = first.stat()
            packed = first.with_name("eve.json.1.gz")
            packed.write_bytes(gzip.compress(first.read_bytes()))
            os.utime(packed, ns=(status.st_mtime_ns, status.st_mtime_ns))
            first.unlink()
        self.file = self.path.open("ab")
        self.touch(self.path)

    def copy_and_truncate(self):
        copy = self.path.with_name(f"eve.json-{self.clock_ns}")
        shutil.copy(self.path, copy)
        self.touch(copy)
        self.file.truncate(0)
        self.touch(self.path)

    def poll(self, *, batches=None, killed=True):
        """Read on; ``batches``: stop asking after so many, as if killed (and start again) or to ask later."""
        for at, chunk in enumerate(self.follower.read(), 1):
            column = line_column(chunk.segment)
            assert not column.refused
            whole = [line for line in column.table["line"].to_pylist() if line.rstrip().endswith("}")]
            self.read += [int(line.split()[1][:-1]) for line in whole]
            if chunk.lost:
                self.lost.append(chunk.lost.en)
            self.mark = chunk.place.text()
            if at == batches:
                break
        if batches is not None and killed:
            self.restart()

    def restart(self):
        self.follower.close()
        self.follower = self._new()

    def settle(self):
        """What is written last in a rotated file is read at the second call."""
        for _ in range(2 + len(rotated(self.path))):
            self.poll()
        self.poll()


@pytest.fixture
def log(tmp_path):
    made = Log(tmp_path)
    yield made
    made.file.close()
    made.follower.close()


def test_what_the_writer_adds_to_a_renamed_file_is_read_before_it_is_left(log):
    log.write(2)
    log.poll()
    late = log.file
    log.path.rename(log.path.with_name("eve.json.1"))
    log.path.touch()
    log.poll()
    late.write(b'{"line": 2}\n')
    late.close()
    log.file = log.path.open("ab")
    log.written = 3
    log.write(1)
    log.settle()
    assert log.read == [0, 1, 2, 3]


def test_a_last_line_without_end_is_read_when_the_file_is_left(log):
    log.write(2)
    log.file.write(b'{"line": 2}')
    log.file.flush()
    log.poll()
    assert log.read == [0, 1]
    log.written = 3
    log.rename()
    log.write(1)
    log.settle()
    assert log.read == [0, 1, 2, 3]


def test_copied_and_truncated(log):
    log.write(50)
    log.poll()
    log.write(3)
    log.copy_and_truncate()
    log.write(4)
    log.settle()
    assert log.read == list(range(57))
    assert not log.lost


def test_lines_that_nobody_can_find_again_are_said_to_be_lost(log):
    log.write(5)
    log.poll()
    log.rename()
    log.path.with_name("eve.json.1").unlink()
    log.write(2)
    log.restart()
    log.settle()
    assert log.read == [0, 1, 2, 3, 4, 5, 6]
    assert ["rotated away" in lost for lost in log.lost] == [True]


def test_a_damaged_archive_gives_what_it_can_and_is_said(log):
    log.write(4001)
    log.rename()
    old = log.path.with_name("eve.json.1")
    whole = old.read_bytes()
    log.write(5)
    first = b'{"line": 0}\n'
    log.mark = Place(Head(hash_of(first), len(first)), len(first), 1).text()
    packed = gzip.compress(whole)
    old.with_name("eve.json.1.gz").write_bytes(packed[: len(packed) // 2])
    old.unlink()
    os.utime(old.with_name("eve.json.1.gz"), ns=(log.clock_ns - 1, log.clock_ns - 1))
    log.restart()
    log.settle()
    first = log.read.index(4001)
    assert log.read[:first] == list(range(1, 1 + first))
    assert first > 500
    assert log.read[first:] == list(range(4001, 4006))
    assert ["gzip" in lost for lost in log.lost] == [True]


def test_a_line_without_end_is_refused_once_and_passed_over(log):
    log.write(2)
    log.file.write(b"x" * (LINE_BYTES_MAX + 10))
    log.file.flush()
    chunks = list(log.follower.read())
    refused = [line_column(chunk.segment).refused for chunk in chunks]
    assert [len(r) for r in refused] == [0, 1]
    assert refused[1][0].line == 3
    log.mark = chunks[-1].place.text()
    log.restart()
    log.file.write(b"y" * 100 + b"\n")
    log.write(2)
    log.poll()
    assert log.read == [2, 3]
    assert Place.parse(log.mark).lines == 5
    assert Place.parse(log.mark).offset == log.path.stat().st_size


def test_what_is_not_there_is_awaited_and_what_is_no_log_or_mark_is_an_error(tmp_path):
    source = EveFile(name="s", sensor="s1", path=tmp_path / "later.json")
    with pytest.raises(SourceBroken, match="is not there: is its name right"):
        list(source.poll())
    assert source.lag_bytes() == 0
    (tmp_path / "later.json").write_text('{"event_type":"anomaly","timestamp":"2026-01-01T00:00:00Z"}\n')
    assert source.lag_bytes() > 0
    (batch,) = source.poll()
    assert (batch.lines, source.lag_bytes()) == (1, 0)
    source.close()
    source.close()
    with pytest.raises(SourceBroken, match="new name"):
        EveFile(name="s", sensor="s1", path=tmp_path / "eve.json", mark="[1]")
    source = EveFile(name="s", sensor="s1", path=tmp_path)
    with pytest.raises(SourceBroken, match="cannot be opened"):
        list(source.poll())


steps = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.integers(1, 20), st.integers(0, 5)),
        st.tuples(st.just("rename"), st.booleans()),
        st.tuples(st.just("poll"), st.sampled_from([None, None, 1, 2]), st.booleans()),
        st.tuples(st.just("restart")),
    ),
    max_size=14,
)


@given(steps)
@example([("write", 3, 4), ("poll", None, False), ("write", 1, 0)]).via("a line that is not written to its end")
@example([("write", 5, 0), ("poll", None, False), ("rename", False), ("write", 4, 0)]).via("renamed and begun anew")
@example([("write", 3, 0), ("poll", None, False), *[("rename", False)] * 4]).via("rotated between two polls")
@example([("write", 3, 0), ("poll", None, False), *[("rename", True)] * 2, ("restart",)]).via("while it was down")
@settings(max_examples=80)
@pytest.mark.parametrize(("read_bytes", "most"), [(5, 1), (64, 2), (1 << 20, 1), (1 << 20, 10**6)])
def test_any_order_of_writing_rotating_and_restarting_loses_nothing(tmp_path_factory, read_bytes, most, drawn):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room, "SEGMENT_BYTES_MAX", read_bytes)
        patch.setattr(lines_room, "LINES_MAX", most)
        run_through(tmp_path_factory.mktemp("log"), drawn)


def run_through(folder, drawn):
    log = Log(folder)
    for step, *values in drawn:
        if step == "write":
            log.write(values[0], cut=values[1])
        elif step == "rename":
            log.write(1)
            log.rename(pack=values[0])
        elif step == "poll":
            log.poll(batches=values[0], killed=values[1])
        else:
            log.restart()
    log.write(1)
    log.settle()
    log.file.close()
    log.follower.close()
    shutil.rmtree(folder)
    if log.mark is None or log.read[:1] == [0] or not log.read:
        assert log.read == list(range(log.written))
    else:
        # Rotated before the very first line was read: reading begins with the file that was current then.
        assert log.read == list(range(log.read[0], log.written))
    assert not log.lost


def test_a_place_survives_as_text_and_the_files_left_are_bounded():
    place = Place(Head("ab", 2), 2**40, 7, True, (Head("cd", 512),))
    assert Place.parse(place.text()) == place
    for bad in ("", "[]", "{}", '["a",1,2,3,5,[]]', "null", '["a","b",2,3,0,[]]', '["a",1,2,3,0,[1]]'):
        with pytest.raises(ValueError):
            Place.parse(bad)
    place = BEGINNING
    for n in range(2 * LEFT_MAX):
        place = replace(place, head=Head(str(n), 1), offset=1).next()
    assert [head.hash for head in place.left] == [str(n) for n in range(LEFT_MAX, 2 * LEFT_MAX)]


def test_an_archive_made_late_is_not_read_again(log):
    """As zeekctl does: the archive is younger than the file it was made of."""
    log.write(3)
    log.poll()
    log.rename()
    log.write(3)
    log.settle()
    old = log.path.with_name("eve.json.1")
    packed = old.with_name("eve.json.1.gz")
    packed.write_bytes(gzip.compress(old.read_bytes()))
    old.unlink()
    log.touch(packed)
    log.rename()
    log.touch(packed.with_name("eve.json.2.gz"))
    log.write(3)
    log.restart()
    log.settle()
    assert log.read == list(range(9))


def test_what_was_rotated_before_the_first_start_is_not_read(log):
    log.write(3)
    log.rename()
    log.write(3)
    log.poll()
    log.touch(log.path.with_name("eve.json.1"))
    log.rename()
    log.write(3)
    log.settle()
    assert log.read == list(range(3, 9))


def test_files_beside_are_those_of_the_same_stem(tmp_path):
    for name in ("eve.json", "eve.json.1", "eve-2026.json.gz", "other.json"):
        (tmp_path / name).touch()
    (tmp_path / "eve.d").mkdir()
    assert sorted(path.name for path in rotated(tmp_path / "eve.json")) == ["eve-2026.json.gz", "eve.json.1"]
    assert rotated(Path("/nonexistent/eve.json")) == []
