"""Every rule sees its case and passes its other one; no rule is without."""

import re
import tomllib
from pathlib import Path
from uuid import UUID

import pytest

from bavn.actor.assets.facts import HostFacts, HostText
from bavn.actor.assets.rules import CLIENT_PORTS, NAMES, PORTS, SAID, TEXTS
from bavn.actor.assets.weigh import hints
from bavn.actor.formats.macs import maker

CASES = tomllib.loads((Path(__file__).parent / "cases.toml").read_text(encoding="utf-8"))


def host(*, offers=(), calls=(), said=()):
    return HostFacts(
        host=UUID(int=1),
        peers=1,
        peers_outside=0,
        first_us=1,
        last_us=9,
        offers=list(offers),
        calls=list(calls),
        said=[HostText(field, "t", text, 2, 1, 9) for field, text in said],
    )


def found(facts, mac_vendor=lambda _: None):
    return {(hint.kind, hint.value): hint for hint in hints(facts, mac_vendor)}


def case_of(rule):
    """(hit, miss) of a text rule."""
    return (
        CASES["texts"].get(rule.name)
        or CASES["vendors"][rule.name.removeprefix(f"{rule.field} ").removesuffix(" device")]
    )


@pytest.mark.parametrize("rule", TEXTS, ids=lambda rule: rule.name)
def test_a_text_rule_sees_its_case_and_not_the_other(rule):
    hit, miss = case_of(rule)
    assert re.search(rule.pattern, hit, re.IGNORECASE)
    assert not re.search(rule.pattern, miss, re.IGNORECASE)
    field = "mac" if rule.field == "mac vendor" else rule.field
    got = found(host(said=[(field, hit)]), lambda text: text)[rule.kind, rule.value]
    assert got.confidence >= rule.confidence - 1e-9
    assert hit in got.reason.en
    assert hit in got.reason.da
    assert got.evidence.rows == 2


def test_roles_are_told_by_what_is_offered_and_called_and_have_words():
    names = {rule.name for rule in TEXTS}
    assert set(CASES["texts"]) <= names
    assert all(f"certificate {vendor}" in names for vendor in CASES["vendors"])
    assert len(names) == len(TEXTS)
    roles = {rule.role for rule in (*PORTS, *CLIENT_PORTS)} | {r.value for r in (*TEXTS, *NAMES) if r.kind == "role"}
    assert roles | {"domain controller", "jump host", "server"} == set(SAID)
    assert all(words.en and words.da for words in SAID.values())
    offers = [(88, "tcp", "krb5", 9, 4, 1, 9), (389, "udp", None, 9, 4, 1, 9), (445, "tcp", "smb", 9, 4, 1, 9)]
    assert found(host(offers=offers))["role", "domain controller"].confidence == 0.95
    assert ("role", "domain controller") not in found(host(offers=offers[1:]))
    assert ("role", "domain controller") not in found(host(offers=[(88, "tcp", "http", 9, 4, 1, 9), *offers[1:]]))
    offers, calls = [(3389, "tcp", "rdp", 9, 4, 1, 9)], [(3389, "tcp", None, 9, 3, 1, 9)]
    assert found(host(offers=offers, calls=calls))["role", "jump host"].evidence.value == "3389"
    assert ("role", "jump host") not in found(host(offers=offers))
    assert ("role", "jump host") not in found(host(offers=offers, calls=[(22, "tcp", None, 9, 2, 1, 9)]))
    assert list(found(host(offers=[(7777, "tcp", None, 9, 2, 1, 9)]))) == [("role", "server")]
    assert found(host(offers=[(7777, "tcp", None, 9, 1, 1, 9)])) == {}
    assert found(host(offers=[(50016, "udp", None, 9, 30, 1, 9)])) == {}


@pytest.mark.parametrize(("rules", "side"), [(PORTS, "offers"), (CLIENT_PORTS, "calls")])
def test_a_port_rule_sees_its_ports_and_not_what_another_protocol_speaks_there(rules, side):
    for rule in rules:
        for port in rule.ports:
            for app, sure in ((None, rule.likely), (rule.apps[0], rule.sure)):
                got = found(host(**{side: [(port, rule.proto, app, 5, 3, 1, 9)]}))["role", rule.role]
                assert got.confidence >= sure
                assert str(port) in got.reason.en
            other = {"tcp": "udp", "udp": "tcp"}[rule.proto]
            for wrong in ((port, rule.proto, "bittorrent-dht", 5, 3, 1, 9), (port, other, None, 5, 1, 1, 9)):
                same = any(r.role == rule.role and port in r.ports and r.proto == other for r in rules)
                assert ("role", rule.role) not in found(host(**{side: [wrong]})) or (same and wrong[1] == other)


@pytest.mark.parametrize("rule", NAMES, ids=lambda rule: rule.name)
def test_a_name_rule_sees_each_of_its_domains(rule):
    for domain in rule.domains:
        assert (
            found(host(said=[("asked name", domain)]))[rule.kind, rule.value].reason.da == f"den spurgte efter {domain}"
        )
    assert found(host(said=[("asked name", "x" + rule.domains[0])])) == {}


def test_fields_are_witnesses_and_makers_come_from_the_package():
    browser = ("user agent", "Mozilla/5.0 (Windows NT 10.0) Chrome/126.0")
    update = ("user agent", "Windows-Update-Agent/10.0")
    one = hints(host(said=[browser, update]), lambda _: None)
    assert [h.value for h in one if h.kind == "os"] == ["Windows"]
    assert (
        len([h for h in hints(host(said=[browser, ("dhcp vendor", "MSFT 5.0")]), lambda _: None) if h.kind == "os"])
        == 2
    )
    assert maker("08:00:27:11:22:33") == "PCS Systemtechnik GmbH"
    assert maker("00:50:56:00:00:01") == "VMware, Inc."
    assert maker("00:1b:c5:00:00:01") is None, "the registry gives this block out in parts"
    assert [maker(mac) for mac in ("da:a1:19:00:00:01", "01:00:5e:00:00:01", "nonsense", "", "zz:zz:zz:zz:zz:zz")] == [
        None
    ] * 5
