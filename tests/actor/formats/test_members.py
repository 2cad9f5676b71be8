"""What an archive claims of itself costs no memory before it is believed; what is honest in it is read."""

import gzip
import io
import random
import struct
import subprocess
import sys
import tarfile
import zipfile

import pytest

from bavn.actor.formats import archive
from bavn.actor.sense.rules import source
from bavn.app.analyst.rule_paths import given_rules

RULE = b'alert ip any any -> any any (msg:"x"; sid:1; rev:1;)\n'
LONG = "/".join(["logs", "ø" * 60, "u" * 70, "conn-日本-" + "n" * 60 + ".log"])
CHILD = """
import resource, sys
from pathlib import Path
from bavn.actor.formats import archive
has = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (has + (120 << 20),) * 2)
for name, why in archive.unpack(Path(sys.argv[1]), Path(sys.argv[2])):
    print(name, why.en, sep=": ")
"""
TYPES = {
    "x": tarfile.XHDTYPE,
    "g": tarfile.XGLTYPE,
    "L": tarfile.GNUTYPE_LONGNAME,
    "K": tarfile.GNUTYPE_LONGLINK,
    "S": tarfile.GNUTYPE_SPARSE,
}


def head(name, kind=tarfile.REGTYPE, size=0):
    member = tarfile.TarInfo(name)
    member.type, member.size = kind, size
    return member.tobuf(tarfile.GNU_FORMAT)


def sparse_head():
    """One whose list of holes goes on in the blocks behind it."""
    raw = bytearray(head("holes.log", tarfile.GNUTYPE_SPARSE))
    raw[482] = 1
    raw[148:156] = b"%06o\0 " % (sum(raw[:148]) + 256 + sum(raw[156:512]))
    return bytes(raw)


def claiming(kind):
    """A tar whose one header is 300 MiB, packed in little."""
    block = (b"%011o\0" * 2 % (1, 1)) * 21
    piece = (block + b"\1" * 8).ljust(512, b"\0") * 2048 if kind == "S" else bytes(1 << 20)
    begin = sparse_head() if kind == "S" else head("PaxHeader/a", TYPES[kind], 300 << 20)
    return gzip.compress(begin, 1) + gzip.compress(piece, 1) * 300 + gzip.compress(head("conn.log") + bytes(1024), 1)


def growing():
    """A tar in which ever more is said of all files that follow."""
    raw = io.BytesIO()
    with gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=1) as packed:
        for number in range(3000):
            record = b" k%06d=" % number + b"a" * 60_000 + b"\n"
            record = b"%d" % (len(record) + 5) + record
            packed.write(head("g", tarfile.XGLTYPE, len(record)) + record + bytes(-len(record) % 512))
            packed.write(head(f"{number}.log"))
        packed.write(bytes(1024))
    return raw.getvalue()


def listing():
    """A zip whose list of files names one of them 400,000 times."""
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as packed:
        packed.writestr("conn.log", b"x")
    whole = raw.getvalue()
    begin, end = whole.index(b"PK\1\2"), whole.index(b"PK\5\6")
    entries = whole[begin:end] * 400_000
    return whole[:begin] + entries + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 65535, 65535, len(entries), begin, 0)


def honest(form):
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=form) as made:
        for name in (LONG, "short.rules", "logs/" + "n" * 200):
            member = tarfile.TarInfo(name)
            member.size = len(RULE)
            made.addfile(member, io.BytesIO(RULE))
    return raw.getvalue()


def honest_zip():
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as made:
        for name in (LONG, "short.rules"):
            made.writestr(name, RULE)
    return raw.getvalue()


def unpacked(tmp_path, raw):
    file, folder = tmp_path / "x.tar", tmp_path / "out"
    file.write_bytes(raw)
    folder.mkdir()
    left = [(name, why.en) for name, why in archive.unpack(file, folder)]
    return left, {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def refusals(file, folder):
    """Of a node, and of `bavn analyse --rules`."""
    for read in (lambda: source.examine_local(str(file)), lambda: given_rules([file], folder / "s")):
        try:
            read()
            yield ""
        except source.RulesRefused as error:
            yield str(error)


@pytest.mark.parametrize("made", [*TYPES, "growing", "listing"])
def test_what_an_archive_claims_of_itself_is_bounded_before_it_is_read(tmp_path, made):
    file = tmp_path / "x.tar.gz"
    file.write_bytes({"growing": growing, "listing": listing}.get(made, lambda: claiming(made))())
    (tmp_path / "out").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(file), str(tmp_path / "out")], capture_output=True, text=True, check=False
    )
    most = {"listing": "16384 KiB"}.get(made, "64 KiB")
    told = "" if made == "growing" else f"x.tar.gz: a header in it is larger than {most}\n"
    assert (done.returncode, done.stdout) == (0, told), done.stderr[-500:]


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_long_names_are_read(tmp_path, form):
    left, files = unpacked(tmp_path, honest(form))
    assert left == []
    assert files == dict.fromkeys((LONG, "short.rules", "logs/" + "n" * 200), RULE)


def test_a_list_of_holes_that_is_cut_off_is_damage(tmp_path):
    left, files = unpacked(tmp_path, sparse_head())
    assert files == {}
    assert [(name, why[:23]) for name, why in left] == [("x.tar", "the archive is damaged:")]


def test_a_member_that_could_not_be_unpacked_within_a_bound_is_left(tmp_path):
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as made:
        made.writestr("a.log", b"x" * 1000, zipfile.ZIP_BZIP2)
        made.writestr("b.log", b"x" * 1000, zipfile.ZIP_LZMA)
        made.writestr("c.log", b"x")
    left, files = unpacked(tmp_path, raw.getvalue())
    assert files["c.log"] == b"x"
    why = "cannot be taken out of the archive: it is packed in a way that is not read here"
    assert left == [("a.log", why), ("b.log", why)]


@pytest.mark.parametrize("made", [honest(tarfile.PAX_FORMAT), honest(tarfile.GNU_FORMAT), sparse_head(), honest_zip()])
def test_an_archive_with_changed_bytes_is_read_or_refused(tmp_path, made):
    dice = random.Random(31)
    for number in range(150):
        raw = bytearray(made)
        for _ in range(dice.randrange(1, 6)):
            raw[dice.randrange(len(raw))] = dice.randrange(256)
        here = tmp_path / str(number)
        here.mkdir()
        unpacked(here, raw)
        file = here / "x.tar.gz"
        file.write_bytes(raw if raw.startswith(b"PK") else gzip.compress(raw, 1))
        for why in refusals(file, here):
            assert not why or str(file) in why


def test_an_archive_of_rules_has_the_same_bounds(tmp_path):
    file = tmp_path / "rules.tar.gz"
    file.write_bytes(claiming("x"))
    for why in refusals(file, tmp_path):
        assert why.startswith(f"{file}: ")
        assert "a header in it is larger than 64 KiB" in why
    file = tmp_path / "rules.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as made:
        made.writestr("a.rules", bytes(source.FILE_BYTES_MAX + 1))
    with pytest.raises(source.RulesRefused, match="more than 10000 files or 128 MiB"):
        given_rules([file], tmp_path / "s")
