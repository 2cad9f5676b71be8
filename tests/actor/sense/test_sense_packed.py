"""Whatever a log is packed in, it is the same log; what is damaged in it costs no more than itself."""

import bz2
import contextlib
import gzip
import io
import json
import lzma
import random
import tarfile
import zipfile

import pyarrow as pa
import pytest
from making_zeek import CONN, tsv

from bavn.actor.formats import archive
from bavn.actor.formats.gzipped import LogFile
from bavn.actor.sense.base import SourceBroken
from bavn.actor.sense.documents.records import documents
from bavn.actor.sense.open_path import UNREAD, open_path
from bavn.actor.sense.recognise import recognise
from bavn.actor.sense.suricata.eve_file import EveFile

PLAIN = tsv("conn", [CONN] * 50)
PACKERS = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": lambda raw: pa.compress(raw, codec="zstd", asbytes=True),
    "lz4": lambda raw: pa.compress(raw, codec="lz4", asbytes=True),
    "UTF-16": lambda raw: raw.decode().encode("utf-16"),
}


@pytest.fixture
def opened(tmp_path, engine):
    """The bytes of a file -> rows, and refusals as (file, reason)."""

    def run(raw, name="x.log"):
        path = tmp_path / name
        path.write_bytes(raw)
        batches = list(open_path(path, sensor="a", work=tmp_path / "w", homes=("10.0.0.0/8",), engine=engine))
        told = [(refusal.file, refusal.why.en) for batch in batches for refusal in batch.refusals]
        return sum(batch.rows for batch in batches), told

    return run


@pytest.mark.parametrize("packer", PACKERS)
def test_a_packed_log_is_the_log(tmp_path, opened, packer):
    packed = PACKERS[packer](PLAIN)
    path = tmp_path / "y.log"
    path.write_bytes(packed if packer == "UTF-16" else packed * 2)
    with LogFile(path) as file:
        once = [file.read(7)]
        assert file.head(100) == PLAIN[:100]
        while some := file.read(1000):
            once.append(some)
        assert file.damage is None
        assert b"".join(once) == (PLAIN if packer == "UTF-16" else PLAIN * 2)
        file.rewind()
        file.seek(len(PLAIN) - 10)
        assert file.read(10) == PLAIN[-10:]
    assert opened(packed) == (50, [])


@pytest.mark.parametrize("packer", [name for name in PACKERS if name != "UTF-16"])
def test_documents_in_a_packing_that_is_cut_off_say_so_of_the_file(tmp_path, packer):
    path = tmp_path / "y.json"
    dice = random.Random(16)
    rows = [(f"10.0.0.{number % 250}", dice.randbytes(200).hex()) for number in range(800)]
    named = "".join(json.dumps({"src_ip": ip, "x": text}) + "\n" for ip, text in rows)
    packed = PACKERS[packer](named.encode())
    path.write_bytes(packed[: len(packed) * 9 // 10])
    faults = [(number, document.fault.en) for part in documents(path) for number, document in part if document.fault]
    assert faults == [(0, f"the {packer} archive is cut off")]


@pytest.mark.slow
@pytest.mark.parametrize("packer", [name for name in PACKERS if name != "UTF-16"])
def test_a_packed_log_that_is_cut_off_or_damaged_says_so(tmp_path, opened, packer):
    dice = random.Random(15)
    plain = dice.randbytes(2 << 20)
    packed = PACKERS[packer](plain)
    path = tmp_path / "y.log"
    path.write_bytes(packed[:-9])
    with LogFile(path) as file:
        assert len(file.read(len(plain) + 1)) > len(plain) // 2
        assert file.damage.en == f"the {packer} archive is cut off"
    for _ in range(20):
        raw = bytearray(packed)
        raw[dice.randrange(len(raw))] ^= 255
        path.write_bytes(raw)
        with LogFile(path) as file:
            file.read(len(plain) + 1)
            assert file.damage is None or "archive is" in file.damage.en
    raw = bytearray(PACKERS[packer](PLAIN))
    raw[len(raw) // 2] ^= 255
    with contextlib.suppress(SourceBroken):
        opened(bytes(raw))


def test_text_in_utf_16_may_grow(tmp_path, engine, event):
    path = tmp_path / "eve.json"
    line = json_line(event)
    raw = (line * 3).encode("utf-16")
    path.write_bytes(raw[: len(raw) // 2 + 1])
    source = EveFile(name="eve", sensor="s", path=path, engine=engine)
    first = sum(batch.rows for batch in source.poll())
    with path.open("ab") as file:
        file.write(raw[len(raw) // 2 + 1 :])
    assert (first, sum(batch.rows for batch in source.poll())) == (1, 2)
    source.close()


def json_line(event):
    return json.dumps(event("dns", dns={"type": "query", "rrname": "x.dk", "rrtype": "A"})) + "\n"


def tarred(files, mode="w:gz"):
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode=mode) as made:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            made.addfile(member, io.BytesIO(content))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        made.addfile(link)
    return raw.getvalue()


def zipped(files):
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in files.items():
            made.writestr(name, content)
    return raw.getvalue()


FILES = {"logs/conn.log": PLAIN, "../../up.log": gzip.compress(PLAIN), "/root.log": PLAIN, "logs/notes.txt": b"hello\n"}
UNKNOWN = UNREAD["unknown"].en


@pytest.mark.slow
@pytest.mark.parametrize(
    "make", [tarred, lambda files: tarred(files, "w"), lambda files: bz2.compress(tarred(files, "w")), zipped]
)
def test_an_archive_of_logs_is_its_logs_and_nothing_leaves_its_folder(tmp_path, opened, make):
    raw = make(FILES)
    assert opened(raw) == (150, [("notes.txt", UNKNOWN)])
    assert recognise(tmp_path / "x.log").kind == "archive"
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == ["x.log"]
    rows, told = opened(make({"inner.tar": tarred(FILES), "conn.log": PLAIN}))
    assert (rows, [name for name, _ in told]) == (50, ["inner.tar"])


def test_each_file_in_an_archive_is_told_and_one_that_is_empty_or_cut_off_once(tmp_path, opened, engine):
    raw = tarred({"a/conn.log": PLAIN, "empty.log": b"", "notes.txt": random.Random(1).randbytes(40_000)}, "w")
    path = tmp_path / "x.tar"
    path.write_bytes(raw)
    members = []
    for batch in open_path(
        path,
        sensor="a",
        work=tmp_path,
        homes=("10.0.0.0/8",),
        engine=engine,
        member=lambda file, name, found: members.append((name, found.kind, file.exists())),
    ):
        assert batch.source == str(path)
    assert members == [("empty.log", "unknown", True), ("notes.txt", "unknown", True), ("a/conn.log", "zeek", True)]
    assert ("empty.log", "the file is empty") in opened(raw)[1]
    rows, told = opened(raw[:-30_000])
    assert rows == 50
    assert [name for name, _ in told].count("notes.txt") == 1


def test_archives_stay_in_their_folder_and_a_damaged_one_gives_what_can_be_read(opened):
    for name in ("../x", "/x", "a/../../x", ".\0./x", "..\\..\\x", "C:\\x", "./x", "..", "", "/", "a" * 500):
        parts = archive._parts(name)
        assert parts
        assert not {"..", ".", "/", ""} & set(parts)
        assert all(len(part) <= 255 and "/" not in part and "\0" not in part for part in parts)
    rows, told = opened(tarred({"conn.log": PLAIN, "more.log": PLAIN}, "w")[:-9000])
    assert rows == 50
    assert told
    rows, told = opened(zipped({"conn.log": PLAIN})[:-30])
    assert (rows, told[0][1][:22]) == (0, "the archive is damaged")


def test_an_archive_that_is_too_large_stops_at_its_bound(opened, monkeypatch):
    monkeypatch.setattr(archive, "BYTES_MAX", len(PLAIN) + 1)
    rows, told = opened(tarred({"a_conn.log": PLAIN, "b_conn.log": PLAIN, "c_conn.log": PLAIN}))
    assert rows == 50
    assert told[0][0] == "b_conn.log"
    monkeypatch.setattr(archive, "FILES_MAX", 1)
    assert opened(zipped({"a_conn.log": PLAIN, "b_conn.log": PLAIN}))[1] == [("x.log", "holds more than 1 files")]
