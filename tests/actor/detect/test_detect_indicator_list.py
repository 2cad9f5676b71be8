"""Lists of indicators: every line has one outcome, and what could be two things is refused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.actor.detect.indicators.indicators import IndicatorSet, Network, of_indicators
from bavn.actor.detect.indicators.reader import LINE_CHARS_MAX, read
from bavn.model.intel.indicator import Indicator, Pap, Tlp
from bavn.model.observable import Observable

SHA256 = "ab" * 32


def texts(made: IndicatorSet) -> list[str]:
    return sorted([str(o) for o in made.observables] + [f"net:{n.value}" for n in made.networks])


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("45.9.148.20", "ip4:45.9.148.20"),
        ("45[.]9[.]148[.]20", "ip4:45.9.148.20"),
        ("45.9.148.20:8080", "ip4:45.9.148.20"),
        ("45.9.160.0/24", "net:45.9.160.0/24"),
        ("45.9.160.7/32", "ip4:45.9.160.7"),
        ("2a02:1234::1", "ip6:2a02:1234::1"),
        ("Evil.Example.COM.", "domain:evil.example.com"),
        ("*.evil-example.com", "domain:evil-example.com"),
        ("hxxp://evil-example.com:8080/a?b=c", "domain:evil-example.com"),
        ("https://u:p@45.9.148.20/x", "ip4:45.9.148.20"),
        ("http://[2a02:1234::1]:80/x", "ip6:2a02:1234::1"),
        (SHA256, f"sha256:{SHA256}"),
        ("ab" * 20, f"cert:{'ab' * 20}"),
        (f"ja3:{'cd' * 16}", f"ja3:{'cd' * 16}"),
        ("t13d1516h2_8daaf6152771_e5627efa2ab1", "ja4:t13d1516h2_8daaf6152771_e5627efa2ab1"),
        ("evil-example.com # seen in May", "domain:evil-example.com"),
    ],
)
def test_one_observable_a_line(line, wanted) -> None:
    reading = read([line])
    assert texts(reading.indicators) == [wanted]
    assert reading.refused == 0


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("cd" * 16, "write ja3:"),
        ("com", "not a domain"),
        ("co.uk", "whole public suffix"),
        ("10.0.0.1", "names nothing outside"),
        ("fileserver.local", "names nothing outside"),
        ("0.0.0.0/0", "this wide"),
        ("10.0.0.0/16", "names nothing outside"),
        ("not an observable", "not a domain"),
    ],
)
def test_what_is_none_is_refused_with_a_reason(line, words) -> None:
    reading = read([line])
    assert not reading.indicators
    assert reading.refused == 1
    assert words in reading.refusals[0][1].reason.en


def test_csv_by_its_columns_keeps_the_higher_confidence_and_tables_are_whole() -> None:
    reading = read(
        [
            '"ioc_type","ioc_value","confidence_level"',
            '"ip:port","45.9.148.20:443","90"',
            'domain,"x.ondby.net",50',
            "ja3_fingerprint," + "cd" * 16 + ",x",
        ]
    )
    assert reading.indicators.observables == {
        Observable.of("ip4", "45.9.148.20"): 90,
        Observable.of("domain", "x.ondby.net"): 50,
        Observable.of("ja3", "cd" * 16): 75,
    }
    one = read(["value,confidence", "ondby.net,20", "ondby.net,60"]).indicators
    other = read(["ondby.net"], confidence=40).indicators
    assert (one | other).observables == {Observable.of("domain", "ondby.net"): 60}
    assert read(["a" * (LINE_CHARS_MAX + 1)]).refused == 1
    made = read(["45.9.148.20", "2a02::1", "45.9.160.0/24", "ondby.net"]).indicators
    assert made.addresses.column("mark").to_pylist() == ["45.9.148.20", "2a02::1"]
    assert str(made.addresses.column("stored")[0].as_py()).startswith("00000000-0000-0000-0000-ffff")
    assert made.ranges.num_rows == 1
    assert made.values("domain").column("mark").to_pylist() == ["ondby.net"]
    assert Network("45.9.160.0/24") in made.networks
    assert len(made) == 4


@given(
    st.lists(
        st.one_of(st.text(max_size=40), st.sampled_from(["", "# x", "value,type", "45.9.148.20", "a.dk", '"'])),
        max_size=20,
    )
)
@settings(max_examples=200)
def test_every_line_has_one_outcome(lines) -> None:
    reading = read(lines)
    assert reading.lines == len(lines)
    assert 0 <= reading.passed + reading.refused <= reading.lines
    assert len(reading.indicators) <= reading.lines - reading.passed - reading.refused
    assert len(reading.refusals) == reading.refused


def test_released_indicators_count_while_they_are_in_force() -> None:
    def indicator(value: str, first: int, until: int, revoked: bool = False) -> Indicator:
        return Indicator(
            id=f"indicator--{value}",
            version=1,
            observable=Observable.of("domain", value),
            tlp=Tlp.GREEN,
            pap=Pap.CLEAR,
            confidence=80,
            valid_from_us=first,
            valid_until_us=until,
            case_id="c",
            technique="T1071",
            revoked=revoked,
        )

    made = of_indicators(
        [indicator("a.dk", 0, 10), indicator("b.dk", 10, 20), indicator("c.dk", 0, 20, revoked=True)], 5
    )
    assert texts(made) == ["domain:a.dk"]


@pytest.mark.parametrize(
    ("line", "means"),
    [
        ("hxxp://evil.example.com/x", "domain:evil.example.com"),
        ("hxxps[://]evil[.]dk/a?b#c", "domain:evil.dk"),
        ("hXXps[:]//1.2.3[.]4:80/", "ip4:1.2.3.4"),
        ("evil[dot]dk", "domain:evil.dk"),
        ("evil(.)dk", "domain:evil.dk"),
        ("evil{.}dk", "domain:evil.dk"),
        ("evil[.dk", "domain:evil.dk"),
        ("evil.dk/path/1", "domain:evil.dk"),
        ("evil.dk:8080/path", "domain:evil.dk"),
        ("tcp://9.2.3.4:4444", "ip4:9.2.3.4"),
        ("meow://evil.dk/", "domain:evil.dk"),
        ("https://[2a00:1450::1]/x", "ip6:2a00:1450::1"),
    ],
)
def test_defanged_spellings_and_urls_name_their_host(line, means) -> None:
    assert [str(one) for one in read([line]).indicators.observables] == [means]


@pytest.mark.parametrize("line", ["hxxp:\\\\evil.dk", "user@evil.dk", "8.8.8.8/abc", "hxxp://", "1.1.1.0/99", "h/1"])
def test_what_names_no_host_is_refused(line) -> None:
    reading = read([line])
    assert (len(reading.indicators), reading.refused) == (0, 1)
