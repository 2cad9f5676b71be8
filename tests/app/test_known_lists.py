"""The lists of a node, asked in a file, say what the lists of the package say; packed they say the same."""

import contextlib
import gzip
import json

import pytest

from bavn.actor.detect.indicators import lists
from bavn.actor.detect.indicators.lists import Lists, Names
from bavn.app.config.load import read_node
from bavn.app.node import known_lists
from bavn.app.node.known_lists import Kept, Shipped
from bavn.app.node.parts import build
from bavn.app.node.protect import warning_list
from bavn.model.intel import warning_files
from bavn.model.intel.grades import (
    ADDRESS_LISTS,
    EDGE_LISTS,
    NAME_LISTS,
    RESEARCH_LISTS,
    Grade,
    ListsMissing,
    Ranges,
    entries,
)
from bavn.model.observable import Observable
from bavn.model.record import address_uuid, range_uuids

NAMES = {
    Grade.POPULAR: ["b.example.org", "a.example.org", "service.example.com"],
    Grade.SERVICE: [" .Service.example.com"],
}
ADDRESSES = {Grade.SERVICE: ["203.0.113.0/25", "203.0.113.128/25", "2001:db8::/32"], Grade.POPULAR: ["203.0.113.7"]}
SMALL = Lists(
    {grade: Names(names) for grade, names in NAMES.items()}, {grade: Ranges(some) for grade, some in ADDRESSES.items()}
)
ASKED = ["a.example.org", "x.a.example.org", "service.example.com", "c.example.org", "example.com"]
PLACES = ["203.0.113.0", "203.0.113.7", "203.0.113.255", "203.0.114.0", "2001:db8::1", "2001:db9::1"]


@pytest.fixture
def kept_in():
    """Lists that are kept in a folder, let go of at the end."""
    with contextlib.ExitStack() as undo:
        yield lambda folder, **whole: undo.enter_context(contextlib.closing(Kept(folder, **whole)))


def own_file(folder):
    return folder / known_lists.file_name(whole=False)


def test_what_was_written_is_what_is_read(tmp_path, kept_in) -> None:
    known_lists.write(Shipped(NAMES, ADDRESSES), own_file(tmp_path))
    kept = kept_in(tmp_path)
    assert [kept.name_grade(name) for name in ASKED] == [SMALL.name_grade(name) for name in ASKED]
    assert {kept.name_grade(name) for name in ASKED} == {Grade.POPULAR, Grade.SERVICE, Grade.UNKNOWN}
    numbers = [address_uuid(text).int for text in PLACES]
    assert [kept.address_grade(one) for one in numbers] == [SMALL.address_grade(one) for one in numbers]
    assert kept.address_grade(numbers[1]) is Grade.SERVICE


@pytest.mark.slow
def test_a_child_makes_them_once_and_they_agree_with_the_package(tmp_path, monkeypatch, kept_in) -> None:
    kept, whole = kept_in(tmp_path, whole=True), lists.shipped()
    names = [
        "evil.com",
        "evil-c2.com",
        "github.com",
        "login.microsoftonline.com",
        "x.duckdns.org",
        "1.1.1.1",
        "203.0.114.9",
        *entries("tranco")[::9973],
        *entries("public-dns-v4")[::997],
    ]
    made = [Observable.address(n) if n[-1].isdigit() else Observable.of("domain", n) for n in names]
    said = [warning_list(one, kept) for one in made]
    assert said == [warning_list(one, whole) for one in made]
    assert len(set(said)) > 2
    monkeypatch.setattr("subprocess.run", None)  # a second time nothing is made
    assert [warning_list(one, kept_in(tmp_path, whole=True)) for one in made] == said
    names += [f"{label}.{name}" for name in entries("dynamic-dns")[::7] for label in ("x", "x.y")]
    assert [kept.is_lent(name) for name in names] == [whole.is_lent(name) for name in names]
    networks = [cidr for some in (EDGE_LISTS, RESEARCH_LISTS) for name in some for cidr in entries(name)[::97]]
    ends = [end.int for cidr in networks for end in range_uuids(cidr)]
    numbers = sorted({number + step for number in ends for step in (-1, 0, 1)})
    for asked in ("is_edge", "is_research_scanner", "address_grade"):
        answers = [getattr(kept, asked)(number) for number in numbers]
        assert answers == [getattr(whole, asked)(number) for number in numbers]
        assert len(set(answers)) > 1
    assert kept.address_tellers == whole.address_tellers != ()


@pytest.mark.slow
def test_a_node_reads_them_before_its_first_block_asks(tmp_path) -> None:
    (tmp_path / "node.toml").write_text('[node]\nactor = "lonely"\n[enforce]\nlist_folder = "lists"\n')
    config = read_node(tmp_path / "node.toml")
    file = config.folder / known_lists.file_name(whole=False)
    with contextlib.closing(build(config)) as parts:
        assert not file.exists()
        parts.check()
        made = file.stat()
        parts.check()
    assert made.st_size > 1_000_000
    assert file.stat() == made, "and once"


def test_where_nothing_can_be_kept_the_lists_themselves_are_asked(tmp_path, monkeypatch, kept_in) -> None:
    monkeypatch.setattr(known_lists, "NAME_LISTS", {Grade.POPULAR: ("names",)})
    monkeypatch.setattr(known_lists, "ADDRESS_LISTS", {Grade.SERVICE: ("places",)})
    monkeypatch.setattr(known_lists, "entries", {"names": [".A.example.org"], "places": ["203.0.113.0/25"]}.get)
    (tmp_path / "file").write_text("")
    own_file(tmp_path).write_bytes(b"cut off")
    for folder in (tmp_path / "file", tmp_path):
        kept = kept_in(folder)
        assert [kept.name_grade(name) for name in ("x.a.example.org", "b.org")] == [Grade.POPULAR, Grade.UNKNOWN]
        assert kept.address_grade(address_uuid("203.0.113.9").int) is Grade.SERVICE
    own_file(tmp_path).write_bytes(b"")  # an empty file is a database that knows nobody, and is not taken for one
    assert kept_in(tmp_path).name_grade("a.example.org") is Grade.POPULAR
    known_lists.write(Shipped({}, {}), own_file(tmp_path))
    whole = own_file(tmp_path).read_bytes()
    own_file(tmp_path).write_bytes(whole[:4096] + bytes(len(whole) - 4096))
    assert kept_in(tmp_path).name_grade("a.example.org") is Grade.POPULAR, "damaged behind its head"


def test_every_list_that_is_named_is_in_the_package_a_packed_one_is_the_list_and_a_damaged_one_said(
    tmp_path, monkeypatch
) -> None:
    named = {name for some in (NAME_LISTS, ADDRESS_LISTS) for names in some.values() for name in names}
    assert all((warning_files._folder() / name / "list.json").exists() for name in named)
    monkeypatch.setattr(warning_files, "_folder", lambda: tmp_path)
    (tmp_path / "small").mkdir()
    packed = tmp_path / "small" / "list.json.gz"
    packed.write_bytes(gzip.compress(json.dumps({"list": ["a.example.org"]}).encode()))
    assert entries("small") == ["a.example.org"]
    packed.write_bytes(packed.read_bytes()[:-6])
    for name in ("small", "none"):
        with pytest.raises(ListsMissing):
            entries(name)
