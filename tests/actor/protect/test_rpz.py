"""The zone file, read back with dnspython: exactly the wanted names and their children, a serial that rises."""

import dns.rdatatype
import dns.zone
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.actor.protect.enforcers.rpz import NAME_CHARS_MAX, ZONE, Rpz, names_in, serial_of, zone_text
from bavn.model.intel.indicator import Block
from bavn.model.observable import NotCanonical, Observable
from bavn.model.ports import EnforcerDown


def name_of(text: str) -> Observable | None:
    try:
        made = Observable.of("domain", text)
    except NotCanonical:
        return None
    return made if len(made.value) <= NAME_CHARS_MAX else None


LABEL = st.text(alphabet="abz019-_", min_size=1, max_size=20)
NAMES = st.one_of(
    st.lists(LABEL, min_size=2, max_size=6).map(".".join),
    st.text(alphabet='a.b\n\t ();"\\$@*IN0', max_size=24),
    st.sampled_from(["in.soa.org", "ttl.cname.com", "origin.include.net", "a.in", "1.2.ns"]),
    st.text(max_size=30),
)
OBSERVABLES = NAMES.map(name_of)


def blocks(observables) -> list[Block]:
    return [Block(made, "indicator--x", 1) for made in observables]


def read_back(raw: bytes) -> tuple[int, set[str]]:
    """Serial and every owner that leads to NXDOMAIN, by another implementation of zone files."""
    zone = dns.zone.from_text(raw.decode("ascii"), origin=None, relativize=True)
    assert zone.origin.to_text() == ZONE
    owners = set()
    for name, node in zone.nodes.items():
        for rdataset in node.rdatasets:
            if rdataset.rdtype == dns.rdatatype.CNAME:
                assert [rdata.target.to_text() for rdata in rdataset] == ["."]
                owners.add(name.to_text())
            else:
                assert name.to_text() == "@"
                assert rdataset.rdtype in (dns.rdatatype.SOA, dns.rdatatype.NS)
    return zone.get_soa().serial, owners


@given(st.lists(OBSERVABLES, max_size=10))
@settings(max_examples=60)
def test_the_zone_reads_back_as_exactly_the_wanted_set(tmp_path_factory, observables) -> None:
    file, observables = tmp_path_factory.mktemp("rpz") / "zone", [made for made in observables if made]
    Rpz(file).enforce(blocks(observables))
    _, owners = read_back(file.read_bytes())
    wanted = {made.value for made in observables}
    assert owners == wanted | {f"*.{name}" for name in wanted}
    assert names_in(file.read_bytes()) == wanted


def test_the_serial_rises_with_each_change_only(tmp_path) -> None:
    file, serials = tmp_path / "zone", []
    rpz = Rpz(file)
    for names in (["a.com"], ["a.com"], ["a.com", "b.com"], [], []):
        rpz.enforce(blocks(Observable.of("domain", name) for name in names))
        serials.append(read_back(file.read_bytes())[0])
    assert serials == [2, 2, 3, 4, 4]
    assert Rpz(file).enforce([]) is None
    assert serial_of(file.read_bytes()) == 4
    assert serial_of(zone_text([], 2**31 - 1)) == 0


def test_a_name_without_room_is_not_taken(tmp_path) -> None:
    label = "a" * 61
    long = Observable.of("domain", ".".join([label, label, label, "b" * (NAME_CHARS_MAX - 186)]))
    assert len(long.value) == NAME_CHARS_MAX
    rpz = Rpz(tmp_path / "zone")
    assert rpz.takes(long)
    rpz.enforce(blocks([long]))
    assert read_back((tmp_path / "zone").read_bytes())[1] == {long.value, f"*.{long.value}"}
    assert not rpz.takes(Observable.of("domain", long.value + "b"))


class FakeControl:
    """Remembers the order of what was asked; ``down_at`` breaks one step."""

    def __init__(self, down_at: str = "") -> None:
        self.asked, self.down_at, self.serial = [], down_at, None

    def _do(self, what, *args) -> None:
        if what == self.down_at:
            raise EnforcerDown(what)
        self.asked.append((what, *args))

    def ensure(self) -> None:
        self._do("ensure")

    def bridge(self, names) -> None:
        self._do("bridge", tuple(names))

    def loaded_serial(self, zone):
        return self.serial

    def reload(self, zone) -> None:
        self._do("reload", zone)

    def unbridge(self) -> None:
        self._do("unbridge")


def test_new_names_act_before_the_zone_is_loaded(tmp_path) -> None:
    control = FakeControl()
    Rpz(tmp_path / "zone", control).enforce(blocks([Observable.of("domain", "a.com")]))
    assert control.asked == [("ensure",), ("bridge", ("a.com",)), ("reload", "bavn."), ("unbridge",)]
    control.asked.clear()
    control.serial = 2
    Rpz(tmp_path / "zone", control).enforce(blocks([Observable.of("domain", "a.com")]))
    assert control.asked == [("ensure",), ("unbridge",)]


@pytest.mark.parametrize("step", ["ensure", "bridge", "reload", "unbridge"])
def test_a_resolver_that_breaks_off_is_down_and_then_made_true(tmp_path, step) -> None:
    with pytest.raises(EnforcerDown):
        Rpz(tmp_path / "zone", FakeControl(step)).enforce(blocks([Observable.of("domain", "a.com")]))
    control = FakeControl()
    Rpz(tmp_path / "zone", control).enforce(blocks([Observable.of("domain", "a.com")]))
    assert names_in((tmp_path / "zone").read_bytes()) == {"a.com"}
    assert control.asked[-2:] == [("reload", "bavn."), ("unbridge",)]
