"""Elements: the same thing is the same bytes, another is not; the set is chosen the same every time."""

import random
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bavn.model.observable import NotCanonical, Observable, ObservableType
from bavn.psi.element import ORDINARY_TAGS, TYPE_TAGS, element_bytes, ordinary_of, select
from bavn.psi.ordinary import Ordinary, OrdinaryType, alert_kind

HEX64 = "ab" * 32


def test_every_type_has_a_tag_and_choices_their_own_order() -> None:
    assert set(TYPE_TAGS) == set(ObservableType)
    assert len(set(TYPE_TAGS.values())) == len(TYPE_TAGS)
    assert set(ORDINARY_TAGS) == set(OrdinaryType)
    assert not set(ORDINARY_TAGS.values()) & set(TYPE_TAGS.values())
    alert = Ordinary.of(OrdinaryType.ALERT, " ET  INFO Caf\u0065\u0301\tseen ")
    assert element_bytes(alert) == b"\x20\x00\x12ET INFO Caf\xc3\xa9 seen"
    assert str(alert) == "alert:ET INFO Caf\u00e9 seen"
    for nothing in ("", " ", "a\x00b", "x" * 513, "\ud800"):
        with pytest.raises(NotCanonical):
            Ordinary.of(OrdinaryType.ALERT, nothing)
    cert, digest = Observable.of("cert", HEX64), Observable.of("sha256", HEX64)
    assert element_bytes(cert) != element_bytes(digest)
    assert element_bytes(cert)[1:] == element_bytes(digest)[1:]
    one = alert_kind(None, 2_024_897)
    assert ordinary_of(element_bytes(one)) == one
    for no_element in (element_bytes(Observable.of("domain", "a.dk")), b"", b"\x20", element_bytes(one) + b"x"):
        assert ordinary_of(no_element) is None
    one, other = Observable.of("ip4", "192.0.2.1"), Observable.of("domain", "example.org")
    assert select([(one, 1.0), (other, 1.0)], 1) == [(other, 1.0)]
    with pytest.raises(ValueError, match="NaN"):
        select([("a", float("nan"))], 1)
    with pytest.raises(ValueError, match="negative"):
        select([("a", 1.0)], -1)


@pytest.mark.parametrize(
    ("kind", "raw", "value"),
    [
        (OrdinaryType.NET, "::ffff:198.51.100.7", "198.51.100.0/24"),
        (OrdinaryType.NET, "2001:DB8:1:2::7", "2001:db8:1::/48"),
        (OrdinaryType.USER_AGENT, "Curl/8.5.0 (x86_64; Mac OS X 10_15_7)", "curl/8 (x86_64; mac os x 10)"),
        (OrdinaryType.SERVER, "OpenSSH_8.9p1", "openssh_8p1"),
        (OrdinaryType.ALERT, "1:2012345.6", "1:2012345.6"),
    ],
)
def test_two_actors_write_what_is_ordinary_alike(kind, raw, value) -> None:
    assert Ordinary.of(kind, raw).value == value
    with pytest.raises(NotCanonical):
        Ordinary.of(OrdinaryType.NET, "no address")


same = st.sampled_from(
    [
        ("ip6", "::ffff:198.51.100.7", "ip4", "198.51.100.7"),
        ("ip6", "2001:DB8:0:0::0:7", "ip6", "2001:db8::7"),
        ("domain", "Bücher.Example.", "domain", "xn--bcher-kva.example"),
        ("domain", "BÜCHER.EXAMPLE", "domain", "xn--bcher-kva.example"),
        ("domain", "Evil.EXAMPLE.org.", "domain", "evil.example.org"),
        ("cert", ":".join(["AB"] * 20), "cert", HEX64[:40]),
    ]
)


@given(same)
def test_two_spellings_are_one_element(spellings) -> None:
    kind, raw, other_kind, other_raw = spellings
    assert element_bytes(Observable.of(kind, raw)) == element_bytes(Observable.of(other_kind, other_raw))


observables = st.one_of(
    st.ip_addresses(v=4).map(lambda a: Observable.of("ip4", str(a))),
    st.ip_addresses(v=6).map(lambda a: Observable.of("ip6", str(a))),
    st.from_regex(r"[a-z0-9]{1,20}(\.[a-z0-9]{1,20}){0,2}\.[a-z]{2,6}", fullmatch=True).map(
        lambda name: Observable.of("domain", name)
    ),
    st.from_regex(r"[0-9a-f]{64}", fullmatch=True).map(lambda digest: Observable.of("sha256", digest)),
)


@given(st.lists(observables, min_size=2, max_size=8, unique=True))
def test_different_observables_are_different_elements(some) -> None:
    for one, other in combinations(some, 2):
        assert element_bytes(one) != element_bytes(other)


@given(observables)
def test_an_element_says_its_own_length(observable) -> None:
    made = element_bytes(observable)
    assert made[0] == TYPE_TAGS[observable.type]
    assert int.from_bytes(made[1:3]) == len(made) - 3


@given(
    st.lists(st.tuples(st.integers(0, 30), st.sampled_from([0.5, 1.0, 2.0, float("inf")])), max_size=60),
    st.integers(0, 40),
    st.randoms(use_true_random=False),
)
def test_the_most_suspicious_stay_whatever_the_order(weighed, m, shuffle: random.Random) -> None:
    chosen = select(weighed, m)
    shuffled = list(weighed)
    shuffle.shuffle(shuffled)
    assert select(shuffled, m) == chosen
    best = {key: max(p for k, p in weighed if k == key) for key, _ in weighed}
    assert chosen == sorted(best.items(), key=lambda pair: (-pair[1], pair[0]))[:m]
    left_out = set(best.items()) - set(chosen)
    if chosen and left_out:
        assert min(p for _, p in chosen) >= max(p for _, p in left_out)
