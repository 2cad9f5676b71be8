"""The lists of a guard, mapped from a file, say what the lists of the package say."""

import pytest

from bavn.actor.detect.indicators import lists
from bavn.actor.detect.indicators.lists import Grade, Lists, Names, Ranges
from bavn.app.node import known_lists
from bavn.app.node.known_lists import Kept
from bavn.app.node.protect import warning_list
from bavn.model.observable import Observable
from bavn.model.record import address_uuid

SMALL = Lists(
    {Grade.POPULAR: Names(["b.example.org", "a.example.org"]), Grade.SERVICE: Names(["Service.example.com"])},
    {Grade.SERVICE: Ranges(["203.0.113.0/25", "203.0.113.128/25", "2001:db8::/32"])},
)
ASKED = ["a.example.org", "x.a.example.org", "service.example.com", "c.example.org", "example.com"]


def test_what_was_written_is_what_is_read(tmp_path) -> None:
    known_lists.write(SMALL, tmp_path / "lists.arrow")
    read = known_lists._mapped(tmp_path / "lists.arrow")
    assert [read.name_grade(name) for name in ASKED] == [SMALL.name_grade(name) for name in ASKED]
    assert {SMALL.name_grade(name) for name in ASKED} == {Grade.POPULAR, Grade.SERVICE, Grade.UNKNOWN}
    for text in ("203.0.113.0", "203.0.113.255", "203.0.114.0", "2001:db8::1", "2001:db9::1"):
        number = address_uuid(text).int
        assert read.address_grade(number) == SMALL.address_grade(number)


@pytest.mark.slow
def test_a_child_makes_them_once_and_they_agree_with_the_package(tmp_path, monkeypatch) -> None:
    kept, whole = Kept(tmp_path), lists.shipped()
    names = [
        "evil.com",
        "evil-c2.com",
        "github.com",
        "login.microsoftonline.com",
        "x.duckdns.org",
        "1.1.1.1",
        "203.0.114.9",
    ]
    made = [Observable.address(n) if n[0].isdigit() else Observable.of("domain", n) for n in names]
    said = [warning_list(one, kept) for one in made]
    assert said == [warning_list(one, lambda: whole) for one in made]
    assert len(set(said)) > 2
    monkeypatch.setattr("subprocess.run", None)  # a second time nothing is made
    assert [warning_list(one, Kept(tmp_path)) for one in made] == said


@pytest.mark.slow
def test_where_nothing_can_be_kept_they_are_read_after_all(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(known_lists, "shipped", lambda: SMALL)
    (tmp_path / "file").write_text("")
    assert Kept(tmp_path / "file")() is SMALL
    kept = Kept(tmp_path)
    (tmp_path / f"known-{known_lists.version('pymispwarninglists')}.arrow").write_bytes(b"cut off")
    assert kept() is SMALL
