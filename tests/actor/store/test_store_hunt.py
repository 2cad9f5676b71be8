"""The retro-hunt against looking at every row."""

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.actor.store.columns import ColumnStore
from bavn.actor.store.query import hunt as hunting
from bavn.actor.store.query.hunt import Hunted, hunt
from bavn.model.moment import HOUR_US
from bavn.model.observable import Observable, ObservableType

ADDRESSES = ["10.0.0.1", "10.0.0.2", "192.0.2.1", "192.0.2.2", "2001:db8::1"]
NAMES = ["example.dk", "a.example.dk", "b.a.example.dk", "xexample.dk", "example.dk.evil.com", None]
SUFFIXED = ["a.b.duckdns.org", "duckdns.org", "x.y.s3.amazonaws.com", "amazonaws.com", "z.foo.ck", "co.uk", "8.8.8.8"]
SUFFIXES = ["duckdns.org", "b.duckdns.org", "c.b.duckdns.org", "amazonaws.com", "y.s3.amazonaws.com", "foo.ck", "co.uk"]
JA3 = ["0" * 32, "a" * 32, None]
WANTED = (
    [Observable.address(a) for a in ADDRESSES[1:]]
    + [Observable.of("domain", name) for name in ("example.dk", "a.example.dk", "evil.com", "nowhere.dk")]
    + [
        Observable.of("ja3", "a" * 32),
        Observable.of("ja4", "t13d1516h2_8daaf6152771_b186095e22b6"),
        Observable.of("cert", "c" * 40),
        Observable.of("sha256", "d" * 64),
    ]
)
JA3S = "e" * 32
PAIRS = [Observable.of("fp-pair", f"{client}+{JA3S}") for client in ("a" * 32, "t13d1516h2_8daaf6152771_b186095e22b6")]


def at(us: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(0, dt.UTC).replace(tzinfo=None) + dt.timedelta(microseconds=us)


row = st.fixed_dictionaries(
    {
        "us": st.integers(0, 4 * HOUR_US - 1),
        "src": st.sampled_from(ADDRESSES),
        "dst": st.sampled_from(ADDRESSES),
        "rrname": st.sampled_from(NAMES),
        "sni": st.sampled_from(NAMES),
        "host": st.sampled_from(NAMES),
        "ja3": st.sampled_from(JA3),
        "ja3s": st.sampled_from([None, JA3S]),
        "ja4": st.sampled_from([None, WANTED[-3].value]),
        "cert": st.sampled_from([None, WANTED[-2].value]),
        "sha256": st.sampled_from([None, WANTED[-1].value]),
    }
)
TABLES = ("flow", "dns", "tls", "http", "fileinfo", "alert")


@pytest.mark.slow
@given(
    st.lists(st.tuples(st.sampled_from(TABLES), row), max_size=25),
    st.tuples(st.integers(0, 4 * HOUR_US), st.integers(0, 4 * HOUR_US)),
    st.booleans(),
)
@settings(max_examples=4)
def test_a_hunt_finds_what_reading_every_row_finds(rows, hour0, those, span, tidied):
    with ColumnStore.temporary(homes=("10.0.0.0/8",)) as store:
        for name in TABLES:
            mine = [{**r, "ts": at(hour0 * HOUR_US + r["us"])} for table, r in those if table == name]
            if mine:
                store.append(name, "1", {name: rows(name, mine)})
        if tidied:
            store.tidy()
        for first, length in (span, (0, 4 * HOUR_US), (HOUR_US // 2, HOUR_US)):
            begin = hour0 * HOUR_US + first
            with store.window(begin, begin + length) as window:
                found = hunt(window, [*reversed(WANTED), *WANTED, *PAIRS])
            inside = [(t, r) for t, r in those if first <= r["us"] < first + length]
            assert found == [h for o in sorted(WANTED + PAIRS) if (h := looked_for(o, inside, hour0)) is not None]


def looked_for(observable, inside, hour0) -> Hunted | None:
    met = []
    for table, r in inside:
        for host in hosts_of(observable, table, r):
            met.append((host, table, hour0 * HOUR_US + r["us"]))
    if not met:
        return None
    hosts = sorted({h for h, _, _ in met}, key=lambda text: Observable.address(text).type != ObservableType.IP4)
    order = [a for a in ("2001:db8::1", "10.0.0.1", "10.0.0.2", "192.0.2.1", "192.0.2.2") if a in hosts]
    order.sort(key=lambda a: 1 if a.startswith("2001") else 0)
    return Hunted(
        observable=observable,
        count=len(met),
        hosts=len(hosts),
        named=tuple(order),
        first_us=min(u for _, _, u in met),
        last_us=max(u for _, _, u in met),
        tables=tuple(sorted({t for _, t, _ in met})),
    )


def hosts_of(observable, table, r):
    """The host of each match in a row; an address may match on both sides."""
    if observable.type in (ObservableType.IP4, ObservableType.IP6):
        return [host for peer, host in ((r["dst"], r["src"]), (r["src"], r["dst"])) if peer == observable.value]
    if observable.type is ObservableType.DOMAIN:
        name = {"dns": r["rrname"], "tls": r["sni"], "http": r["host"]}.get(table)
        matches = name is not None and (name == observable.value or name.endswith("." + observable.value))
        return [r["src"]] if matches else []
    pairs = [f"{r[client]}+{r['ja3s']}" for client in ("ja3", "ja4") if r[client] and r["ja3s"]]
    if observable.type is ObservableType.FP_PAIR:
        return [_home(r)] if table == "tls" and observable.value in pairs else []
    where = "fileinfo" if observable.type is ObservableType.SHA256 else "tls"
    return [_home(r)] if table == where and r[observable.type.value] == observable.value else []


def _home(r):
    return r["dst"] if r["dst"].startswith("10.") and not r["src"].startswith("10.") else r["src"]


@pytest.mark.parametrize("tidied", [False, True])
def test_public_suffixes_and_what_lies_around_them_are_hunted_by_the_name_itself(store, rows, hour0, tidied):
    store.append("a", "1", {"dns": rows("dns", [{"ts": at(hour0 * HOUR_US), "rrname": name} for name in SUFFIXED])})
    if tidied:
        store.tidy()
    with store.window(hour0 * HOUR_US, (hour0 + 1) * HOUR_US) as window:
        found = {
            met.observable.value: met.count for met in hunt(window, [Observable.of("domain", s) for s in SUFFIXES])
        }
    assert found == {
        "duckdns.org": 2,
        "b.duckdns.org": 1,
        "amazonaws.com": 2,
        "y.s3.amazonaws.com": 1,
        "foo.ck": 1,
        "co.uk": 1,
    }


def test_a_hunt_for_nothing_or_too_much(store, monkeypatch):
    with store.window(0, 1) as window:
        assert hunt(window, []) == []
        assert hunt(window, WANTED) == []
        monkeypatch.setattr(hunting, "OBSERVABLES_MAX", 2)
        with pytest.raises(ValueError, match="2 are allowed"):
            hunt(window, WANTED)


def test_many_hosts_are_all_counted_and_some_named(store, rows, hour0):
    many = [{"ts": at(hour0 * HOUR_US), "src": f"10.0.{n // 200}.{n % 200}"} for n in range(250)]
    store.append("a", "1", {"flow": rows("flow", many)})
    with store.window(0, 2**60) as window:
        (met,) = hunt(window, [Observable.of("ip4", "192.0.2.1")])
    assert (met.hosts, len(met.named), met.named[:2]) == (250, hunting.HOSTS_NAMED_MAX, ("10.0.0.0", "10.0.0.1"))
