"""What a hostile centre with the real key can make a node block: no syntax, nothing that is never blocked, no more
than the budget, nothing without an end.
"""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bavn.actor.protect.never import NeverBlock, shipped_text
from bavn.actor.protect.policy import ProtectPolicy
from bavn.model.moment import DAY_US, HOUR_US
from bavn.model.observable import NotCanonical, Observable, ObservableType
from bavn.model.principal import account
from bavn.wire.ledger import Ledger
from bavn.wire.messages import catalogue as messages
from tests.sector.hostile_centre import (
    CENTRE_NAME,
    NOW_US,
    OWN_DOMAIN,
    bundle,
    release,
)

SAFE = set("abcdefghijklmnopqrstuvwxyz0123456789.-_:*")


def smuggled(node, texts):
    """What the enforcers hold after hostile values: nothing but canonical observables."""
    for text in texts:
        for before in ("evil.com", "45.9.148.20"):
            kind = "domain" if before == "evil.com" else "ip4"
            plain = bundle(Observable.of(kind, before))
            node.says(messages.IndicatorReleased(bundle=plain.replace(before, text)[:65536]))
            node.says(messages.IndicatorReleased(bundle=plain.replace(before, json.dumps(text)[1:-1])[:65536]))
    names, addresses, zone = node.on_disk()
    for value in (*names.split("\n"), *addresses.split("\n")):
        assert set(value) <= SAFE, value
    for block in node.protect.state.blocks("block", node.clock.now_us()):
        Observable(block.observable.type, block.observable.value)
        assert block.observable.value.rstrip(".") in (*names.split("\n"), *addresses.split("\n"))
    for line in zone.split("\n"):
        assert line.count(" A ") == 0
        assert "203.0.113.9" not in line
    assert Ledger(node.book).verify() is None


BREAKS = [
    "evil.com\n203.0.113.9",
    "evil.com.\n* IN A 203.0.113.9",
    "evil.com A 203.0.113.9",
    "evil.com;drop",
    "$INCLUDE /etc/passwd",
    "$ORIGIN .",
    "@",
    "*",
    "*.com",
    ".",
    "..",
    "evil.com'] OR [ipv4-addr:value = '8.8.8.8",
    "evil.com\\'",
    "evil.com\t",
    "EVIL.com",
    "evil.com.",
    "45.9.148.20 }; flush ruleset; add element inet bavn blocked4 { 8.8.8.8",
    "0.0.0.0/0",
    "::/0",
    "45.9.148.0/24",
    "045.9.148.20",
    "127.0.0.1",
    "evil.com,dataset:clear",
    "evil.com\r\nHost: x",
    "evil\u0000.com",
    "еvil.com",
    "xn--",
    "-evil.com",
    "a" * 64 + ".com",
    "rpz-passthru.",
    "32.1.0.0.127.rpz-ip",
    "evil.com|base64",
    "<x>",
    "\ud800",
]


def test_no_value_smuggles_syntax_into_a_list_or_a_zone(make_node) -> None:
    smuggled(make_node(sensor=False), [text.encode("utf-8", "replace").decode() for text in BREAKS])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.text(max_size=80), min_size=1, max_size=6))
def test_no_value_at_all_smuggles_syntax(make_node, texts) -> None:
    node = make_node(sensor=False)
    smuggled(node, [text.encode("utf-8", "replace").decode() for text in texts])
    node.close()


@pytest.mark.slow
def test_nothing_on_the_never_block_list_is_ever_blocked(make_node) -> None:
    """Every listed name, one below and one above it, the actor's own and the centre's, at any confidence, version and
    number of tries, and with the kill switch turned on and off between."""
    node = make_node(sensor=False, protect=ProtectPolicy(blocks_per_hour_max=100_000))
    never = NeverBlock.of(shipped_text(), "shipped", own_domains=(OWN_DOMAIN,), centre=(CENTRE_NAME,))
    names = sorted({*never.names, *never.trees, OWN_DOMAIN, CENTRE_NAME})
    assert len(names) > 30
    tried = {spelling for name in names for spelling in (name, f"www.{name}", name.split(".", 1)[1])}
    tried = {name for name in tried if Observable.trusted(ObservableType.DOMAIN, name) and name.count(".") >= 1}
    said = []
    for n, name in enumerate(sorted(tried)):
        try:
            said.append(release(name, version=NOW_US + n))
        except NotCanonical:
            continue
    node.says(*said)
    node.says(messages.SectorSwitched(number=1, state="on", at_us=1, by=account("Anna Berg"), why="x"))
    node.says(messages.SectorSwitched(number=2, state="off", at_us=1, by=account("Anna Berg"), why="x"))
    node.says(*(release(name, version=NOW_US + 10_000 + n) for n, name in enumerate(sorted(tried))))
    held = node.blocked()
    assert not {name for name in held if never.hit(Observable.of("domain", name)) is not None}
    assert not {name for name in names if name in held}
    for item in node.protect.waiting():
        assert never.hit(item.observable) is None


@pytest.mark.slow
def test_no_more_than_the_change_budget_without_a_person(make_node) -> None:
    node = make_node(sensor=False, protect=ProtectPolicy(blocks_per_hour_max=50))
    for start in range(0, 300, 100):
        node.says(*(release(f"evil-{n}.com") for n in range(start, start + 100)))
    assert len(node.blocked()) == 50
    assert len(node.protect.waiting()) == 250
    node.says(messages.SectorSwitched(number=1, state="on", at_us=1, by=account("Anna Berg"), why="x"))
    node.says(messages.SectorSwitched(number=2, state="off", at_us=1, by=account("Anna Berg"), why="x"))
    assert len(node.blocked()) == 50
    node.clock.advance(HOUR_US + 1)
    node.says(*(release(f"more-{n}.com") for n in range(100)))
    assert len(node.blocked()) == 100


def test_every_block_has_an_end_that_the_nodes_own_clock_keeps(make_node) -> None:
    node = make_node(sensor=False)
    node.says(release("long.com", valid_until_us=NOW_US + 4000 * DAY_US), release("short.com"))
    assert node.blocked() == {"short.com"}
    node.clock.advance(31 * DAY_US)
    node.talker.talk()
    assert node.blocked() == set()
    assert node.on_disk()[0] == ""
