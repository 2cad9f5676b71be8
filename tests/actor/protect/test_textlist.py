"""The firewall's lists hold exactly the wanted values, one a line, whatever the observables are."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.actor.protect.enforcers.textlist import Bounds, TextList
from bavn.model.intel.indicator import Block
from bavn.model.observable import NotCanonical, Observable
from bavn.model.ports import EnforcerDown

LABEL = st.text(alphabet="abcz019-_", min_size=1, max_size=12)
NAMES = st.lists(LABEL, min_size=2, max_size=5).map(".".join)
ADDRESSES = st.ip_addresses().map(str)


def observable(kind: str, text: str) -> Observable | None:
    try:
        return Observable.of(kind, text) if kind == "domain" else Observable.address(text)
    except NotCanonical:
        return None


OBSERVABLES = st.one_of(
    NAMES.map(lambda text: observable("domain", text)),
    ADDRESSES.map(lambda text: observable("address", text)),
    st.text(max_size=40).map(lambda text: observable("domain", text)),
    st.text(alphabet="a.b\n\r #;\\\"'$*@0", max_size=20).map(lambda text: observable("domain", text)),
)


def blocks(observables) -> list[Block]:
    return [Block(made, "indicator--x", 1) for made in observables]


@given(st.lists(OBSERVABLES, max_size=12))
@settings(max_examples=60)
def test_the_files_read_back_as_exactly_the_wanted_set(tmp_path_factory, observables) -> None:
    folder, observables = tmp_path_factory.mktemp("lists"), [made for made in observables if made]
    TextList(folder).enforce(blocks(observables))
    read = {}
    for name in ("ip.txt", "ip4.txt", "ip6.txt", "domain.txt"):
        raw = (folder / name).read_bytes()
        assert re.fullmatch(rb"([0-9a-z._:-]+\n)*", raw)
        read[name] = raw.decode().splitlines()
        assert read[name] == sorted(set(read[name]))
    wanted = {made.value for made in observables}
    assert set(read["ip.txt"]) | set(read["domain.txt"]) == wanted
    assert all(observable("address", value) for value in read["ip.txt"])
    assert sorted(read["ip4.txt"] + read["ip6.txt"]) == read["ip.txt"]
    assert not [value for value in read["ip4.txt"] if ":" in value]
    assert not [value for value in read["ip6.txt"] if ":" not in value]
    assert all(observable("domain", value) for value in read["domain.txt"])


def test_children_are_written_where_the_firewall_needs_them(tmp_path) -> None:
    TextList(tmp_path, children=True).enforce(blocks([Observable.of("domain", "evil.com")]))
    assert (tmp_path / "domain.txt").read_text() == "*.evil.com\nevil.com\n"


def test_children_are_written_a_true_list_left_alone_and_a_locked_folder_down(tmp_path) -> None:
    made = TextList(tmp_path)
    made.enforce(blocks([Observable.of("domain", "evil.com")]))
    before = (tmp_path / "domain.txt").stat()
    made.enforce(blocks([Observable.of("domain", "evil.com")]))
    assert (tmp_path / "domain.txt").stat().st_ino == before.st_ino
    made.enforce([])
    assert (tmp_path / "domain.txt").read_bytes() == b""
    (tmp_path / "file").write_text("")
    with pytest.raises(EnforcerDown):
        TextList(tmp_path / "file").enforce([])


def test_a_list_longer_than_the_firewall_reads_lets_lifts_out_and_says_so(tmp_path) -> None:
    made = TextList(tmp_path, bounds=Bounds(addresses=2, names=1))
    first, second, third = (Observable.address(f"203.0.114.{n}") for n in (1, 2, 3))
    name = Observable.of("domain", "evil.com")
    made.enforce(blocks([first, second, name]))
    with pytest.raises(EnforcerDown, match=r"ip.txt would have 3 lines, and the firewall reads 2"):
        made.enforce(blocks([first, second, third, name]))
    assert (tmp_path / "ip.txt").read_text() == "203.0.114.1\n203.0.114.2\n"
    with pytest.raises(EnforcerDown):
        made.enforce(blocks([second, third, Observable.address("203.0.114.4")]))
    assert (tmp_path / "ip.txt").read_text() == "203.0.114.2\n"  # the lift of the first is out, nothing new is in
    assert (tmp_path / "domain.txt").read_text() == ""
    made.enforce(blocks([second, third]))
    assert (tmp_path / "ip.txt").read_text() == "203.0.114.2\n203.0.114.3\n"
