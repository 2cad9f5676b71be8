"""What comes from outside the sector: lists, STIX, MISP, TAXII, Sigma, Suricata rules, indicators of an actor's own."""

import contextlib
import io
import json
import tarfile
import zipfile
from collections.abc import Mapping
from random import Random
from typing import Any

from bavn.actor.detect.indicators import reader as indicator_list
from bavn.actor.hunt.rule_text import RuleFile
from bavn.actor.sense.rules import text as rule_text
from bavn.actor.sense.rules.source import RulesRefused, examine_local
from bavn.app.node.sigma_files import tried_rules
from bavn.centre.inbox import foreign_json
from bavn.centre.inbox.intel_pull import FetchResponse, Unreadable, pull
from bavn.centre.inbox.read_misp import events_of, read_event
from bavn.centre.inbox.read_stix import bundle_objects, read_stix
from bavn.centre.inbox.stix_pattern import observables_of
from bavn.model.intel.indicator import Pap, Tlp
from bavn.model.intel.spelled import spelled
from bavn.model.outcome import Refused
from bavn.model.sector.intel import Assumed, Piece, Source
from bavn.rehearsal.clock import SimClock
from bavn.wire.partners import stix_indicator, taxii
from bavn.wire.partners import stix_out as stix_partner
from fuzz.mutate import BYTES, Mutator
from fuzz.mutate_binary import ZIP, unpacked
from fuzz.mutate_json import JSON
from fuzz.mutate_text import LINES, YAML
from fuzz.seed import put, real, split_lines
from fuzz.target import Broken, Run, Target

_ASSUMED = Assumed(tlp=Tlp.AMBER, pap=Pap.AMBER, confidence=50)
_NOW_US = 1_795_600_000_000_000
_ID = "indicator--00000000-0000-4000-8000-000000000001"


def indicator(**more: Any) -> dict[str, Any]:
    return {
        "type": "indicator",
        "spec_version": "2.1",
        "id": _ID,
        "created": "2026-11-01T00:00:00.000Z",
        "modified": "2026-11-02T00:00:00.000Z",
        "pattern": "[domain-name:value = 'evil.com']",
        "pattern_type": "stix",
        "valid_from": "2026-11-01T00:00:00Z",
        "valid_until": "2027-01-01T00:00:00Z",
        "confidence": 80,
        "labels": ["x"],
        "indicator_types": ["malicious-activity"],
        "kill_chain_phases": [{"kill_chain_name": "mitre-attack", "phase_name": "command-and-control"}],
        "object_marking_refs": ["marking-definition--f88d31f6-486f-44da-b317-01333bde0b82"],
        "external_references": [{"source_name": "mitre-attack", "external_id": "T1071.001"}],
        "created_by_ref": "identity--00000000-0000-4000-8000-000000000001",
    } | more


def bundle() -> bytes:
    objects = [
        indicator(),
        indicator(
            id=_ID[:-1] + "2",
            pattern="[ipv4-addr:value = '192.0.2.1' OR url:value = 'http://a.b/c'] REPEATS 2 TIMES WITHIN 3 SECONDS",
        ),
        {
            "type": "marking-definition",
            "id": "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82",
            "definition_type": "tlp",
            "definition": {"tlp": "amber"},
        },
        {
            "type": "sighting",
            "id": "sighting--00000000-0000-4000-8000-000000000001",
            "sighting_of_ref": _ID,
            "last_seen": "2026-11-03T00:00:00Z",
        },
    ]
    return json.dumps(
        {"type": "bundle", "id": "bundle--00000000-0000-4000-8000-000000000001", "objects": objects}
    ).encode()


def event() -> bytes:
    uuid = "5f000000-0000-4000-8000-00000000000"
    attribute = {
        "uuid": f"{uuid}1",
        "type": "domain",
        "value": "evil.com",
        "to_ids": True,
        "timestamp": "1795000000",
        "first_seen": "2026-11-01T00:00:00.000000+00:00",
        "comment": "c2",
        "Tag": [{"name": "tlp:amber"}],
        "deleted": False,
        "category": "Network activity",
        "Sighting": [{"date_sighting": "1795000001", "type": "0"}],
    }
    more = [
        attribute | {"uuid": f"{uuid}{n}", "type": kind, "value": value}
        for n, (kind, value) in enumerate(
            (
                ("ip-dst|port", "192.0.2.1|443"),
                ("url", "http://a.b/c?d"),
                ("md5", "a" * 32),
                ("filename|sha256", "x|" + "b" * 64),
                ("ja3-fingerprint-md5", "c" * 32),
            ),
            2,
        )
    ]
    return json.dumps(
        {
            "Event": {
                "uuid": f"{uuid}0",
                "info": "x",
                "timestamp": "1795000000",
                "Attribute": [attribute, *more],
                "Tag": [{"name": 'misp-galaxy:mitre-attack-pattern="X - T1071"'}],
                "Object": [{"name": "domain-ip", "Attribute": [attribute]}],
                "Orgc": {"uuid": f"{uuid}9", "name": "o"},
            }
        }
    ).encode()


def _used(piece: Piece | Refused) -> int:
    return 0 if isinstance(piece, Refused) else sum(not isinstance(offer.what, Refused) for offer in piece.offers)


class _Served:
    """A Fetch that serves one body for everything; a step of the list of MISP's events from it."""

    def __init__(self, body: bytes, kind: str) -> None:
        self._body, self._kind = body, kind

    def get(
        self, place: str, headers: Mapping[str, str], parameters: Mapping[str, str], bytes_max: int
    ) -> FetchResponse:
        if len(self._body) > bytes_max:
            raise Unreadable("too long")
        if self._kind == "misp-feed" and place.endswith("manifest.json"):
            with contextlib.suppress(ValueError, RecursionError):
                if isinstance(found := json.loads(self._body), dict) and "Event" in found:
                    return FetchResponse(
                        200, {}, json.dumps({"5f000000-0000-4000-8000-000000000000": {"timestamp": 5}}).encode()
                    )
        return FetchResponse(
            200, {"content-type": taxii_type, "x-taxii-date-added-last": "2026-11-03T00:00:00.000001Z"}, self._body
        )

    def events(self, since_s: int, page: int, limit: int) -> list[Any]:
        try:
            found = json.loads(self._body)
        except (ValueError, RecursionError):
            return []
        return found if isinstance(found, list) else [found]


taxii_type = "application/taxii+json;version=2.1"


def _pulled(kind: str, honest: bytes) -> Run:
    place = "https://x.test/api/collections/1/" if kind in ("taxii", "misp") else "https://x.test/x"
    source = Source(name="x-source", kind=kind, place=place, trust=50)  # type: ignore[arg-type]

    def run(data: bytes) -> None:
        used = steps = 0
        try:
            for step in pull(source, {}, _Served(data, kind), 10_000, SimClock(_NOW_US)):
                json.dumps(step.cursor)
                used += sum(map(_used, step.pieces))
                steps += 1
                if steps > 60:
                    break
        except Unreadable:
            return
        if data == honest and not used:
            raise Broken(f"an honest {kind} gave nothing")

    return run


def _misp() -> Run:
    def run(data: bytes) -> None:
        found = foreign_json.load(data, 1 << 24)
        if not isinstance(found, Refused):
            for one in events_of(found):
                read_event(one, _ASSUMED)
            read_stix(bundle_objects(found) if isinstance(found, dict) else found, _ASSUMED)

    return run


def _pattern() -> Run:
    def run(data: bytes) -> None:
        text = data.decode("utf-8", "surrogateescape")
        observables_of(text)
        stix_indicator.observable_of(text)
        for kind in ("domain", "ip", "url", "hash", "email", "", "domain|ip", "ip-dst", "md5"):
            spelled(kind, text[:3000])

    return run


def _wire_stix() -> Run:
    def run(data: bytes) -> None:
        stix_indicator.indicator_of(
            data.decode("utf-8", "surrogatepass")
            if b"\xed" in data and _decodes(data)
            else data.decode("utf-8", "replace")
        )
        found = taxii.objects_of(data, 1 << 24)
        for one in found if not isinstance(found, Refused) else ():
            stix_partner.offer_of(one)
            if isinstance(one, dict):
                stix_partner.version_of(one)
        plain = taxii.read_json(data, 1 << 24)
        stix_partner.offer_of(plain)
        if isinstance(plain, dict):
            for value in plain.values():
                taxii.moment_us(value)

    return run


def _decodes(data: bytes) -> bool:
    try:
        data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return False
    return True


def _query() -> Run:
    from urllib.parse import parse_qsl

    def run(data: bytes) -> None:
        taxii.wanted(parse_qsl(data.decode("latin-1"), keep_blank_values=True), 1000)

    return run


def _sigma() -> Run:
    def run(data: bytes) -> None:
        outcomes = tried_rules([RuleFile("x.yml", data)])
        if any("\n" in outcome.reason for outcome in outcomes):
            raise Broken("a reason of more than one line")

    return run


def _rules() -> Run:
    def run(data: bytes) -> None:
        lines = data.decode("utf-8", "replace").splitlines(keepends=True)
        rule_text.rules_in(lines)
        kept, _ = rule_text.without(lines, {1: "x"}, [range(9_000_000, 9_000_100)])
        if len(kept) != len(lines):
            raise Broken("a line of a rule file was lost")

    return run


def _rule_archive() -> Run:
    def run(data: bytes) -> None:
        for name in ("x.tar.gz", "x.zip"):
            path = put(f"archives/{name}", data)
            with contextlib.suppress(RulesRefused):
                examine_local(str(path))

    return run


def _archives() -> list[bytes]:
    packed, tarred = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr(zipfile.ZipInfo("rules/x.rules"), _RULES)
    with tarfile.open(fileobj=tarred, mode="w:gz") as archive:
        info = tarfile.TarInfo("rules/x.rules")
        info.size = len(_RULES)
        archive.addfile(info, io.BytesIO(_RULES))
    return [packed.getvalue(), tarred.getvalue()]


def _list() -> Run:
    def run(data: bytes) -> None:
        reading = indicator_list.read(data.decode("utf-8", "replace").splitlines())
        if reading.refused > reading.lines:
            raise Broken("more refused than read")

    return run


def pattern_piece(dice: Random, data: bytes) -> bytes:
    at = dice.randrange(len(data) + 1)
    piece = dice.choice(
        (
            b"[",
            b"]",
            b"(",
            b")",
            b" AND ",
            b" OR ",
            b" FOLLOWEDBY ",
            b" NOT ",
            b" = ",
            b" != ",
            b" IN (",
            b" LIKE ",
            b" MATCHES ",
            b" ISSUBSET ",
            b"'",
            b"\\'",
            b"h'00'",
            b"b'AA=='",
            b"t'2026-01-01T00:00:00Z'",
            b" REPEATS 5 TIMES",
            b" WITHIN 5.0 SECONDS",
            b" START t'x' STOP t'y'",
            b"(" * 3000,
            b"[" * 3000,
            b"domain-name:value",
            b"x509-certificate:hashes.'SHA-256'",
            b"file:hashes.MD5",
            b"network-traffic:dst_ref.value",
            b"extensions.'x'.y[*].z",
            b" EXISTS ",
        )
    )
    return data[:at] + piece + data[at:]


_PATTERNS: tuple[Mutator, ...] = (pattern_piece, pattern_piece, pattern_piece, *LINES)
_SIGMA = (
    b"title: x\nid: 00000000-0000-4000-8000-000000000001\nlogsource:\n  category: dns\ndetection:\n  a:\n    query|endswith: .evil.com\n    answer|cidr: 10.0.0.0/8\n  b:\n    - query|re: '^x.*'\n    - record_type: A\n  condition: a and not b\nlevel: high\ntags: [attack.t1071]\n",
    b"title: y\nname: base\nlogsource:\n  product: zeek\n  service: http\ndetection:\n  sel:\n    c-uri|contains|all: [a, b]\n    cs-method: POST\n  condition: 1 of sel*\n---\ntitle: c\ncorrelation:\n  type: event_count\n  rules: [base]\n  group-by: [src_ip]\n  timespan: 5m\n  condition: {gte: 10}\n",
)
_LIST = b"# list\nevil.com\nhxxp://a[.]b/c\n192.0.2.1\n192.0.2.0/24\nja3:" + b"a" * 32 + b"\n" + b"b" * 64 + b"\n"
_CSV = b"type,value,confidence,first_seen,tlp\ndomain,evil.com,80,2026-11-01,amber\nip,192.0.2.1,,,\nurl,http://x.y/z,5,,green\n"
_RULES = (
    b'alert tcp $HOME_NET any -> $EXTERNAL_NET any (msg:"ET x; \\"y\\""; flow:established; content:"|00|;"; pcre:"/a(b)c/i"; sid:2000001; rev:3; metadata:a b;)\n'
    b'# drop dns any any -> any any (msg:"y"; dns.query; content:"x"; sid:2000002; gid:3; rev:1;)\n'
)
_STIX_FILES = ("intel/stix/*", "intel/misp-galaxy/*")

TARGETS = (
    Target(
        name="intel-stix",
        covers=("intel:stix", "module:bavn.centre.inbox.read_stix", "module:bavn.centre.inbox.foreign_json"),
        forms=JSON,
        seeds=lambda: [bundle(), *real(*_STIX_FILES, whole=True, bytes_max=60_000)],
        make=lambda: _pulled("stix", bundle()),
        honest=bundle(),
    ),
    Target(
        name="intel-taxii",
        covers=("intel:taxii",),
        forms=JSON,
        seeds=lambda: [bundle(), b'{"more":false,"objects":[]}', b'{"more":true,"next":"a","objects":[{}]}'],
        make=lambda: _pulled("taxii", bundle()),
        honest=bundle(),
    ),
    Target(
        name="intel-misp",
        covers=("intel:misp", "module:bavn.model.misp"),
        forms=JSON,
        seeds=lambda: [
            event(),
            b'{"response":[' + event() + b"]}",
            *real("intel/misp-events/*", whole=True, bytes_max=60_000),
        ],
        make=lambda: _pulled("misp", event()),
        honest=event(),
    ),
    Target(
        name="intel-misp-feed",
        covers=("intel:misp-feed",),
        forms=JSON,
        seeds=lambda: [event(), b'{"5f000000-0000-4000-8000-000000000000":{"timestamp":"1795000000"}}'],
        make=lambda: _pulled("misp-feed", event()),
        honest=event(),
    ),
    Target(
        name="intel-list",
        covers=("intel:list", "module:bavn.centre.inbox.read_list"),
        forms=LINES,
        seeds=lambda: [
            _LIST,
            _CSV,
            *split_lines(
                real(
                    "intel/c2-tracker/*", "intel/ipsum/*", "intel/zeek-intel/*", "intel/threatfox/*", "intel/mta-text/*"
                )
            ),
        ],
        make=lambda: _pulled("list", _LIST),
        honest=_LIST,
    ),
    Target(
        name="misp-json",
        covers=("module:bavn.centre.inbox.read_misp", "module:bavn.centre.inbox.foreign_words"),
        forms=JSON,
        seeds=lambda: [event(), bundle()],
        make=_misp,
    ),
    Target(
        name="stix-pattern",
        covers=("module:bavn.centre.inbox.stix_pattern", "module:bavn.model.intel.spelled"),
        forms=_PATTERNS,
        seeds=lambda: [
            b"[domain-name:value = 'evil.com']",
            b"[ipv4-addr:value IN ('1.2.3.4', '5.6.7.0/24')] OR [url:value LIKE 'http://%']",
            b"[file:hashes.'SHA-256' = 'aa' AND file:name = 'x'] FOLLOWEDBY [a:b = 1] WITHIN 5 SECONDS",
            b"evil[.]com",
            b"192.0.2.1:443",
            b"hxxps://user:pw@a.b:99/c?d#e",
        ],
        make=_pattern,
    ),
    Target(
        name="stix-posted",
        covers=(
            "import:TAXII envelope",
            "module:bavn.wire.partners.stix_indicator",
            "module:bavn.wire.partners.stix_out",
            "module:bavn.wire.partners.taxii",
        ),
        forms=JSON,
        seeds=lambda: [
            b'{"objects":[' + json.dumps(indicator()).encode() + b"]}",
            json.dumps(indicator()).encode(),
            bundle(),
        ],
        make=_wire_stix,
    ),
    Target(
        name="taxii-query",
        covers=("module:bavn.wire.partners.taxii",),
        forms=LINES,
        seeds=lambda: [
            b"limit=5&added_after=2026-01-01T00:00:00.000Z&match[type]=indicator&match[version]=all,last&next=17"
        ],
        make=_query,
    ),
    Target(
        name="sigma",
        covers=("import:Sigma", "module:bavn.actor.hunt.rule_text"),
        forms=YAML,
        seeds=lambda: list(_SIGMA),
        make=_sigma,
        input_s_max=5.0,
    ),
    Target(
        name="suricata-rules",
        covers=("import:Suricata rules", "module:bavn.actor.sense.rules.text"),
        forms=LINES,
        seeds=lambda: [_RULES, *split_lines(real("intel/suricata/*"), 12)],
        make=_rules,
    ),
    Target(
        name="rule-archive",
        covers=("import:Suricata rules", "module:bavn.actor.sense.rules.source"),
        forms=(*ZIP, unpacked(BYTES)),
        seeds=_archives,
        make=_rule_archive,
    ),
    Target(
        name="indicator-list",
        covers=("import:indicator list", "module:bavn.actor.detect.indicators.reader"),
        forms=LINES,
        seeds=lambda: [_LIST, _CSV],
        make=_list,
    ),
)
