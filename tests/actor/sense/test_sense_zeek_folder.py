"""A folder of Zeek's logs, followed while Zeek and zeekctl rotate them."""

import gzip
import os

import pytest

from bavn.actor.sense.base import SourceBroken
from bavn.actor.sense.zeek.folder import ZeekFolder

FIELDS = ("ts", "uid", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p", "proto")


def head(path, opened, fields=FIELDS):
    return f"#separator \\x09\n#path\t{path}\n#open\t{opened}\n#fields\t" + "\t".join(fields) + "\n"


def line(second):
    return f"{1713484800 + second}.000000\tC{second}\t10.0.0.1\t4000\t192.0.2.7\t443\ttcp\n"


class Zeek:
    """Writes conn.log and reads it; ``kept`` are the seconds of the flows read."""

    def __init__(self, root, engine):
        self.folder = root / "current"
        self.folder.mkdir()
        self.engine = engine
        self.mark = None
        self.kept: list[int] = []
        self.lost = 0
        self.second = 0
        self.clock_ns = 10**18
        self.start()
        self.begin()

    def start(self):
        self.source = ZeekFolder(name="zeek", sensor="z", folder=self.folder, mark=self.mark, engine=self.engine)

    def begin(self):
        (self.folder / "conn.log").write_text(head("conn", self.second))
        self.touch(self.folder / "conn.log")

    def touch(self, path):
        self.clock_ns += 10**9
        os.utime(path, ns=(self.clock_ns, self.clock_ns))

    def write(self, count):
        with (self.folder / "conn.log").open("a") as file:
            for _ in range(count):
                file.write(line(self.second))
                self.second += 1
        self.touch(self.folder / "conn.log")

    def rotate(self):
        """zeekctl: renamed in the folder, packed into the day's folder, the rest removed."""
        spool = self.folder / f"conn-{self.second}.log"
        (self.folder / "conn.log").rename(spool)
        day = self.folder.parent / "2024-04-19"
        day.mkdir(exist_ok=True)
        packed = day / f"conn.{self.second:05}.log.gz"
        packed.write_bytes(gzip.compress(spool.read_bytes()))
        spool.unlink()
        self.touch(packed)
        self.begin()

    def poll(self, times=1):
        for _ in range(times):
            for batch in self.source.poll():
                if "flow" in batch.tables:
                    self.kept += [int(ts.timestamp()) - 1713484800 for ts in utc(batch.tables["flow"]["ts"])]
                self.lost += sum(refusal.line == 0 for refusal in batch.refusals)
                self.mark = batch.mark

    def restart(self):
        self.source.close()
        self.start()


def utc(column):
    from datetime import UTC

    return [ts.replace(tzinfo=UTC) for ts in column.to_pylist()]


@pytest.fixture
def zeek(tmp_path, engine):
    made = Zeek(tmp_path, engine)
    yield made
    made.source.close()


@pytest.mark.slow
def test_nothing_is_lost_or_doubled_over_rotations(zeek):
    for _ in range(4):
        zeek.write(3)
        zeek.poll()
        zeek.write(2)
        zeek.rotate()
    zeek.write(1)
    zeek.poll(times=6)
    assert zeek.kept == list(range(21))
    assert zeek.lost == 0


def test_nor_over_restarts_with_rotations_in_between(zeek):
    zeek.write(3)
    zeek.poll()
    zeek.write(2)
    for _ in range(3):
        zeek.rotate()
        zeek.write(4)
    zeek.restart()
    zeek.poll(times=6)
    zeek.restart()
    zeek.write(1)
    zeek.poll(times=2)
    assert zeek.kept == list(range(18))
    assert zeek.lost == 0


def test_the_header_is_known_after_a_restart_in_the_middle(zeek):
    zeek.write(2)
    zeek.poll()
    zeek.restart()
    zeek.write(2)
    zeek.poll()
    assert zeek.kept == list(range(4))


def test_each_log_has_a_place_of_its_own(zeek):
    fields = ("ts", "uid", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p", "query")
    dns = zeek.folder / "dns.log"
    dns.write_text(head("dns", 1, fields) + line(0).replace("tcp", "x.dk"))
    zeek.write(1)
    (first,) = [batch for batch in zeek.source.poll() if "dns" in batch.tables]
    assert first.tables["dns"]["rrname"].to_pylist() == ["x.dk"]
    zeek.mark = first.mark
    zeek.restart()
    with dns.open("a") as file:
        file.write(line(1).replace("tcp", "y.dk"))
    batches = [batch for batch in zeek.source.poll() if "dns" in batch.tables]
    assert [b.tables["dns"]["rrname"].to_pylist() for b in batches] == [["y.dk"]]
    assert zeek.source.lag_bytes() == 0


def test_errors_say_what_to_do_and_streamed_logs_are_followed(tmp_path, engine):
    source = ZeekFolder(name="zeek", sensor="z", folder=tmp_path / "none", engine=engine)
    with pytest.raises(SourceBroken, match=r"conn\.log"):
        list(source.poll())
    for mark in ("{", "[]", '{"conn": 1}', '{"conn": ["x", "y"]}'):
        with pytest.raises(SourceBroken, match="new name"):
            ZeekFolder(name="zeek", sensor="z", folder=tmp_path, mark=mark, engine=engine)
    path = tmp_path / "json_streaming_conn.log"
    row = '{"_path":"conn","ts":1713484800,"uid":"C%d","id.orig_h":"10.0.0.1","id.resp_h":"192.0.2.7","proto":"tcp"}\n'
    path.write_text(row % 1)
    source = ZeekFolder(name="zeek", sensor="z", folder=tmp_path, engine=engine)
    counts = [sum(batch.rows for batch in source.poll())]
    path.rename(tmp_path / "json_streaming_conn.1.log")
    path.write_text(row % 2)
    counts.append(sum(batch.rows for _ in range(2) for batch in source.poll()))
    source.close()
    assert counts == [1, 1]
