"""Observables packed into columns are the same mapping, in order, and take little."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bavn.actor.detect.indicators.indicators import IndicatorSet
from bavn.actor.detect.indicators.packed import Packed, Packing
from bavn.actor.detect.indicators.reader import read
from bavn.model.observable import Observable, ObservableType, canonical, registered_domain
from bavn.model.record import address_uuid

ADDRESSES = st.ip_addresses().map(lambda one: Observable.address(str(one)))
NAMES = st.from_regex(r"[a-z]{1,9}\.(com|dk)", fullmatch=True).map(lambda text: Observable.of("domain", text))
HASHES = st.binary(min_size=32, max_size=32).map(lambda raw: Observable.of("sha256", raw.hex()))


@given(st.dictionaries(ADDRESSES | NAMES | HASHES, st.integers(0, 100)))
def test_it_is_the_same_mapping(plain) -> None:
    packed = Packed(plain)
    assert packed == plain
    assert len(packed) == len(plain)
    assert list(packed) == sorted(plain)
    assert all(packed[one] == sure for one, sure in plain.items())
    stranger = Observable.of("ja3", "0" * 32)
    assert stranger not in packed
    with pytest.raises(KeyError):
        packed[stranger]


@given(st.dictionaries(ADDRESSES, st.integers(0, 100), max_size=20))
def test_addresses_come_as_the_store_holds_them(plain) -> None:
    table = IndicatorSet(plain).addresses
    marks, stored = table["mark"].to_pylist(), table["stored"].to_pylist()
    assert [one.value for one in sorted(plain)] == marks
    assert [address_uuid(mark) for mark in marks] == stored
    assert table["confidence"].to_pylist() == [plain[one] for one in sorted(plain)]


def test_it_takes_less_than_twice_a_list_and_leaves_nothing_in_the_caches() -> None:
    plain = {Observable.of("domain", f"bad{n}.example{n % 991}.net"): n % 101 for n in range(20_000)}
    assert Packed(plain).nbytes < 2 * sum(len(one.value) + 1 for one in plain)
    assert Packed({}).of(ObservableType.DOMAIN)[0].to_pylist() == []
    caches = (canonical, registered_domain)
    before = [cache.cache_info().currsize for cache in caches]
    reading = read([f"bad{n}.example{n}.net\n" for n in range(50)] + [f"9.9.9.{n}" for n in range(50)])
    assert len(reading.indicators) == 100
    assert [cache.cache_info().currsize for cache in caches] == before


@given(st.lists(st.tuples(ADDRESSES | NAMES | HASHES, st.integers(0, 100)), max_size=40))
def test_packing_one_by_one_keeps_the_surest_of_each(given_) -> None:
    packing, plain = Packing(), dict[Observable, int]()
    for one, sure in [*given_, *given_[::2]]:
        packing.add(one, sure)
        plain[one] = max(sure, plain.get(one, 0))
    assert len(packing) == len(given_) + len(given_[::2])
    packed = packing.packed()
    assert list(packed.items()) == sorted(plain.items())
    assert (len(packing), dict(packing.packed())) == (0, {})
