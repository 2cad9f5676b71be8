"""Whatever an indicator's value is, each enforcer's text, read by a reader of its kind, holds that value and no more.

Values are made of what has a meaning somewhere: line ends, comments, quotes, wildcards, masks, commands, triggers of
policy zones, letters that become dots. What is no observable never gets this far; what is, is tried on all of them.
"""

import base64
import re
from ipaddress import ip_address

import dns.message
import dns.name
import dns.rdatatype
import dns.zone
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bavn.actor.protect.carriers import carried
from bavn.actor.protect.enforcers.bind_update import BindUpdate
from bavn.actor.protect.enforcers.nft_sets import NftSets
from bavn.actor.protect.enforcers.rpz import Rpz, zone_text
from bavn.actor.protect.enforcers.rpz_primary import RpzPrimary
from bavn.actor.protect.enforcers.squid_acl import addresses_text, names_text
from bavn.actor.protect.enforcers.suricata_dataset import SuricataDataset, as_written
from bavn.actor.protect.enforcers.suricata_rules import DATASETS
from bavn.actor.protect.enforcers.textlist import TextList, as_text
from bavn.actor.protect.enforcers.unbound_control import UnboundControl
from bavn.actor.protect.enforcers.zone_answers import key_of
from bavn.model.intel.indicator import Block
from bavn.model.observable import NotCanonical, Observable, ObservableType
from bavn.rehearsal.clock import SimClock

KEY = key_of("bavn:hmac-sha256:MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI=")
ADDRESSES = (ObservableType.IP4, ObservableType.IP6)
EVIL = [
    "\n",
    "\r",
    "\0",
    "\t",
    " ",
    ";",
    "#",
    "//",
    "/",
    "/0",
    "*",
    "*.",
    "$",
    "$INCLUDE /etc/passwd",
    "$ORIGIN .",
    "@",
    '"',
    "'",
    "`",
    "\\",
    "\\010",
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    ",",
    "%",
    "%0a",
    "&&",
    "|",
    "-i",
    "-n",
    "0.0.0.0",
    "::",
    ":",
    "rpz-ip",
    "rpz-client-ip",
    "rpz-nsdname",
    "rpz-nsip",
    "CNAME .",
    "accept",
    "flush ruleset",
    "drop",
    "any",
    "::ffff:",
    "%eth0",
    "。",
    "．",
    "｡",
    "\u202e",
    "\u2028",
    "\u00a0",
    "ß",
    "İ",
    "K",
    "xn--",
    "xn--a",
    "_",
    "-",
    ".",
    "..",
    "com",
    "evil",
    "127",
    "32",
    "0x7f",
    "1e1",
]


def observable(kind, text):
    try:
        return Observable.of(kind, text)
    except NotCanonical:
        return None


texts = st.lists(st.sampled_from(EVIL) | st.text(max_size=4), max_size=8).map("".join)
dotted = st.lists(st.sampled_from(EVIL) | st.from_regex(r"\A[a-z0-9_-]{1,6}\Z"), min_size=2, max_size=7).map(".".join)
kinds = st.sampled_from(sorted(ObservableType))
nearly = st.lists(
    st.from_regex(r"\A[a-z0-9_-]{1,5}\Z") | st.sampled_from(["rpz-ip", "32", "0", "_", "xn--a"]), min_size=2
)
hostile = st.builds(observable, kinds, texts | dotted) | st.builds(
    observable, st.sampled_from(["domain", "ip4", "ip6"]), nearly.map(".".join) | st.ip_addresses().map(str)
)
many = st.lists(hostile, max_size=16).map(lambda found: [one for one in found if one])


def blocks(found):
    return [Block(one, "indicator--x", 1) for one in found]


def names_of(found):
    return sorted({one.value for one in found if one.type is ObservableType.DOMAIN})


@given(many)
@example([Observable.of("domain", "0.0.0.0.0.rpz-ip"), Observable.of("domain", "32.1.0.0.10.rpz-client-ip")])
@pytest.mark.parametrize("kind", [Rpz, RpzPrimary, BindUpdate])
def test_a_policy_zone_blocks_the_names_and_triggers_on_nothing_else(kind, found) -> None:
    enforcer = object.__new__(kind)
    if kind is BindUpdate:
        enforcer = BindUpdate(("127.0.0.1", 1), "bavn.", KEY)
    wanted = [block.observable for block in carried(enforcer, blocks(found))]
    assert {one.type for one in wanted} <= {ObservableType.DOMAIN}
    names = names_of(wanted)
    if kind is BindUpdate:
        owners = sorted(owner for name in names for owner in (name, f"*.{name}"))
        updates = [
            dns.message.from_wire(one.to_wire(), keyring={KEY.name: KEY}) for one in enforcer._updates([], owners)
        ]
        read = {change.name for one in updates for change in one.sections[2] if change.rdtype == dns.rdatatype.CNAME}
        assert not [one for one in updates if str(one.sections[0][0].name) != "bavn."]
    else:
        zone = dns.zone.from_text(zone_text(names, 7).decode("ascii"), "bavn.", relativize=False)
        read = {name for name, found in zone.iterate_rdatasets() if found.rdtype == dns.rdatatype.CNAME}
        assert {str(rdata) for _, _, rdata in zone.iterate_rdatas("CNAME")} <= {"."}
        assert {found.rdtype for _, found in zone.iterate_rdatasets()} <= {
            dns.rdatatype.SOA,
            dns.rdatatype.NS,
            dns.rdatatype.CNAME,
        }
    assert read == {dns.name.from_text(f"{star}{name}.bavn.") for name in names for star in ("", "*.")}
    assert not [name for name in read if name.labels[-3].startswith(b"rpz-")]


@given(many)
def test_nftables_gets_elements_with_an_end_and_no_other_word(found) -> None:
    said = []

    class Kernel:
        def elements(self, name):
            return {}

        def chains(self):
            return ()

        def apply(self, script):
            said.append(script)

    sets = NftSets(Kernel(), SimClock(0))
    wanted = [Block(block.observable, "indicator--x", 3_000_000) for block in carried(sets, blocks(found))]
    sets.enforce([])
    sets.enforce(wanted)
    plain, full = (set(script.splitlines()) for script in said)
    added: dict[str, set[str]] = {"blocked4": set(), "blocked6": set()}
    for line in full - plain:
        matched = re.fullmatch(r"add element inet bavn (blocked[46]) \{ ([0-9a-f.:]+ timeout 3s(?:, )?)+ \}", line)
        assert matched, line
        for part in line.partition("{ ")[2].removesuffix(" }").split(", "):
            added[matched[1]].add(part.removesuffix(" timeout 3s"))
    assert plain <= full
    assert added["blocked4"] | added["blocked6"] == {str(ip_address(block.observable.value)) for block in wanted}
    assert not [value for value in added["blocked4"] if ":" in value]


@given(many)
def test_suricatas_sets_get_one_value_a_line(found) -> None:
    enforcer = object.__new__(SuricataDataset)
    for block in carried(enforcer, blocks(found)):
        one = block.observable
        written = as_written(one)
        assert re.fullmatch(r"[0-9A-Za-z+/=.:]+", written)
        if DATASETS[one.type][1] == "ip":
            assert ip_address(written) == ip_address(one.value)
        else:
            assert base64.b64decode(written, validate=True).decode().replace(":", "") == one.value.replace(":", "")


@given(many)
def test_a_firewalls_list_and_squids_lists_are_the_values(found) -> None:
    names = names_of(found)
    addresses = sorted({one.value for one in found if one.type in ADDRESSES})
    listed = as_text(TextList(None).lines([one for one in found if one.type in ADDRESSES]))
    assert listed.split(b"\n") == [*(value.encode() for value in addresses), b""]
    assert as_text(names).split(b"\n") == [*(value.encode() for value in names), b""]
    assert addresses_text(addresses) == listed
    assert all(re.fullmatch(rb"[0-9a-f.:]+", line) and ip_address(line.decode()) for line in listed.split())
    squid = names_text(names).split(b"\n")
    assert squid.pop() == b""
    assert {line[1:].decode() for line in squid} <= set(names)
    assert all(re.fullmatch(rb"\.[a-z0-9_-]+(\.[a-z0-9_-]+)+", line) for line in squid)


@given(many)
def test_a_resolver_is_told_the_names_and_no_other_word(found) -> None:
    said = []
    control = object.__new__(UnboundControl)
    control.ask = lambda command, lines=(): said.append((command, list(lines)))
    names = names_of(found)
    control.bridge(names)
    assert [command for command, _ in said] == ["local_zones"] * bool(names)
    lines = [line for _, lines in said for line in lines]
    assert all(re.fullmatch(r"[a-z0-9._-]+\. always_nxdomain", line) for line in lines)
    assert [line.removesuffix(". always_nxdomain") for line in lines] == names
