"""What is added to suspicions: rare pairs of fingerprints and chains, never what is common or only inside."""

from dataclasses import replace

import pyarrow as pa
import pytest

from bavn.actor.detect.base import DetectorContext
from bavn.actor.detect.indicators.lists import NO_LISTS
from bavn.actor.detect.queries.behaviour import Common, shipped, with_behaviour
from bavn.actor.detect.settings import DetectSettings
from bavn.actor.detect.terms import Terms
from bavn.model.evidence import evidence_nats
from bavn.model.intel.behaviour import band_of, bands_of, chain, pair, steps_of
from bavn.model.moment import HOUR_US, MINUTE_US
from bavn.model.observable import Observable, ObservableType
from bavn.model.record import address_uuid
from bavn.model.suspicion import RowsRef, Suspicion
from bavn.model.text import Text

from .made_window import BEGIN_US

JA3, JA3S, JA4 = "1" * 32, "2" * 32, "t13d1516h2_8daaf6152771_e5627efa2ab1"
PLAIN3, PLAIN3S = "3" * 32, "4" * 32
C2 = Observable.of("domain", "kvist-maler.net")
T0 = BEGIN_US + HOUR_US


def call(src: str, dst: str, sni: str | None, ja3: str = PLAIN3, ja3s: str | None = PLAIN3S, ja4: str | None = None):
    return {"ts": T0, "src": src, "dst": dst, "sni": sni, "ja3": ja3, "ja3s": ja3s, "ja4": ja4}


ORDINARY = [call(f"10.0.0.{host}", f"45.0.0.{peer}", f"site{peer}.dk") for host in range(1, 6) for peer in range(1, 13)]
EVIL = [call("10.0.0.7", "45.9.148.20", "a.kvist-maler.net", JA3, JA3S, JA4)] * 3


def look(made, calls) -> DetectorContext:
    columns = {name: [one[name] for one in calls] for name in ("ts", "src", "dst", "sni", "ja3", "ja3s", "ja4")}
    for name in ("src", "dst"):
        columns[name] = [str(address_uuid(value)) for value in columns[name]]
    window = made.MemoryWindow({"tls": pa.table(columns)} if calls else {}, hours=24, known_days=0)
    return DetectorContext(window=window, terms=Terms(window, lambda: NO_LISTS), settings=DetectSettings())


def suspicion(**other) -> Suspicion:
    plain = Suspicion(
        id="a",
        detector="beacon",
        technique="T1071",
        host="10.0.0.7",
        peer=C2.value,
        observables=(C2,),
        p=0.01,
        p_source="own",
        evidence_nats=evidence_nats(0.01),
        statistic=3.0,
        first_us=T0,
        last_us=T0 + HOUR_US,
        hosts=1,
        listed=False,
        why=Text.written("x", da="x"),
        rows=RowsRef("tls", (), 0, 1),
        period_s=1500.0,
        regularity=0.6,
    )
    return replace(plain, **other)


def added(made, suspicions, calls=(), common=None) -> dict[str, list[Observable]]:
    before = {s.id: len(s.observables) for s in suspicions}
    after = with_behaviour(suspicions, look(made, calls), common or Common())
    assert [s.id for s in after] == [s.id for s in suspicions]
    return {s.id: list(s.observables[before[s.id] :]) for s in after if len(s.observables) > before[s.id]}


def test_a_rare_pair_of_a_suspected_conversation_is_named_by_address_too(made) -> None:
    assert added(made, [suspicion()], [*ORDINARY, *EVIL]) == {"a": [pair(JA3, JA3S), pair(JA4, JA3S)]}
    by_address = suspicion(observables=(Observable.of("ip4", "45.9.148.20"),))
    assert added(made, [by_address], [*ORDINARY, *EVIL]) == {"a": [pair(JA3, JA3S), pair(JA4, JA3S)]}


@pytest.mark.parametrize(
    "calls",
    [
        pytest.param(
            [*ORDINARY, *EVIL, *(call("10.0.0.8", f"45.1.0.{n}", None, JA3, JA3S, JA4) for n in range(5))],
            id="it goes to several peers",
        ),
        pytest.param(
            [*ORDINARY, *EVIL, *(call(f"10.0.1.{n}", "45.9.148.20", None, JA3, JA3S, JA4) for n in range(5))],
            id="several hosts use it",
        ),
        pytest.param(EVIL, id="too little was met to call anything rare"),
        pytest.param(
            [*ORDINARY, *(call("10.0.0.7", "45.9.148.20", C2.value, f"{n:032x}", JA3S) for n in range(9))],
            id="a hello that is shuffled each time",
        ),
        pytest.param([*ORDINARY, call("10.0.0.7", "45.9.148.20", C2.value, JA3, None)], id="no answer of the server"),
        pytest.param([*ORDINARY, call("10.0.0.9", "45.9.148.20", C2.value, JA3, JA3S)], id="another host"),
    ],
)
def test_what_is_common_or_says_nothing_is_not_named(made, calls) -> None:
    assert added(made, [suspicion()], calls) == {}


@pytest.mark.parametrize("other", [{"p": 0.06}, {"listed": True}, {"observables": ()}], ids=str)
def test_nothing_is_added_to_what_joins_no_round(made, other) -> None:
    assert added(made, [suspicion(**other)], [*ORDINARY, *EVIL]) == {}


def test_pairs_and_chains_are_named_by_their_strongest_and_few_of_them(made) -> None:
    known = Common(frozenset({f"{JA3}+{JA3S}", f"{JA4}+{JA3S}", "T1046-T1071"}))
    both = [suspicion(), suspicion(id="b", technique="T1046", observables=(), period_s=None, first_us=T0 - HOUR_US)]
    assert added(made, both, [*ORDINARY, *EVIL], known) == {}
    assert shipped().values
    many = [suspicion(id=f"{n:03}", technique=f"T{1000 + n}", period_s=60.0 + n, p=0.01 + n / 1e5) for n in range(300)]
    (named,) = added(made, many).values()
    assert len(named) <= 8
    assert {o.type for o in named} == {ObservableType.CHAIN}
    (named,) = added(made, STORY).items()
    assert named[0] == "a"
    wanted = [("T1071", "T1021.002", "T1048"), ("T1071", "T1021.002"), ("T1071", "T1048")]
    assert named[1] == [chain(steps, band) for steps in wanted for band in bands_of(1500.0)]
    later = [replace(s, first_us=T0 + 9 * HOUR_US) if s.id == "a" else s for s in STORY]
    (named,) = added(made, later).values()
    assert steps_of(named[0]) == ("T1021.002", "T1048", "T1071")
    assert added(made, later[::-1]) == {"a": named}
    one = set(added(made, STORY)["a"])
    other = set(added(made, [replace(s, period_s=s.period_s and 1900.0) for s in STORY])["a"])
    assert {band_of(o) for o in one & other} <= set(bands_of(1500.0)) & set(bands_of(1900.0))
    assert one & other
    noisy = [*STORY, suspicion(id="d", technique="T1571", period_s=None, p=0.04, first_us=T0 - MINUTE_US)]
    assert set(added(made, noisy)["a"]) & set(added(made, STORY)["a"])


STORY = [
    suspicion(),
    suspicion(id="b", technique="T1021.002", observables=(), period_s=None, p=0.02, first_us=T0 + 3 * HOUR_US),
    suspicion(
        id="c",
        technique="T1048",
        observables=(Observable.of("domain", "drop-here.com"),),
        period_s=None,
        p=0.03,
        first_us=T0 + 5 * HOUR_US,
    ),
]


def alone(*ids, **changes):
    return [replace(s, **changes) for s in STORY if s.id in ids]


@pytest.mark.parametrize(
    "story",
    [
        pytest.param(alone("a"), id="one technique is no chain"),
        pytest.param(alone("b", "c"), id="two without a period"),
        pytest.param([replace(s, observables=()) for s in STORY], id="only inside"),
        pytest.param(alone("a") + alone("b", first_us=T0 + 49 * HOUR_US), id="more than two days apart"),
        pytest.param(alone("a") + alone("b", p=0.06), id="a step that joins no round"),
        pytest.param(alone("a") + alone("b", host="10.0.0.8"), id="another host"),
        pytest.param(alone("a") + alone("b", technique="T1595.001"), id="what the internet does to everybody"),
        pytest.param(
            [replace(s, id=f"{s.id}{n}", host=f"10.0.{n}.7") for s in STORY for n in range(3)],
            id="a habit of the actor",
        ),
    ],
)
def test_what_is_no_chain_names_none(made, story) -> None:
    assert added(made, story) == {}
