"""Rules as people write them: log sources, fields, correlations; and what is not supported says why."""

import tarfile
from pathlib import Path

import pytest

from bavn.actor.hunt import sigma_sources
from bavn.actor.hunt.rule_text import RuleFile
from bavn.actor.hunt.run import refused_by, run_rules
from bavn.actor.hunt.sigma import read_rules, rules_of
from bavn.actor.hunt.sigma_fields import Target
from bavn.actor.store.columns import ColumnStore
from bavn_lab.data import real_data

SECOND = 1_000_000


def test_a_rule_names_rows_hosts_and_times(history, outcomes, written, at) -> None:
    text = written("s:\n  query|endswith: .evil.example\ncondition: s", extra="tags:\n  - attack.t1071.004")
    window = history(
        dns=[
            {"rrname": "a.evil.example", "src": "10.0.0.5", "rrtype": "TXT"},
            {"rrname": "b.evil.example", "src": "10.0.0.6", "ts": at + SECOND, "answers": ["192.0.2.1"]},
            {"rrname": "evil.example", "src": "10.0.0.7"},
        ]
    )
    (match,) = run_rules(window, rules_of(outcomes(text)))[0]
    assert (match.rows, match.hosts, match.named) == (2, 2, ("10.0.0.5", "10.0.0.6"))
    assert (match.first_us, match.last_us) == (at, at + SECOND)
    assert (match.rule.level, match.rule.technique) == ("high", "T1071.004")
    assert dict(match.samples[0])["rrname"] == "a.evil.example"


ZEEK_CASES = [
    ("conn", "id.resp_p: 22", "flow", {"dst_port": 22}),
    ("conn", "id.orig_h|cidr: 10.0.0.0/8", "flow", {"src": "10.9.9.9"}),
    ("conn", "id.resp_h: 2001:db8::1", "flow", {"dst": "2001:db8::1"}),
    ("conn", "id.resp_h|startswith: 192.0.2.", "flow", {"dst": "192.0.2.77"}),
    ("conn", "service: ssl", "flow", {"app_proto": "tls"}),
    ("conn", "conn_state: REJ", "flow", {"failed": True, "tcp_flags_tc": 20, "tcp_flags_ts": 2}),
    ("conn", "local_orig: true", "flow", {"src": "10.0.0.9"}),
    ("conn", "orig_bytes|gte: 1000", "flow", {"bytes_toserver": 1000}),
    ("conn", "duration|gt: 60", "flow", {"ts_end": 494_000 * 3600 * SECOND + 61 * SECOND}),
    ("dns", "answers: 127.0.0.1", "dns", {"answers": ["192.0.2.1", "127.0.0.1"]}),
    ("dns", "answers|cidr: 127.0.0.0/8", "dns", {"answers": ["localhost", "127.0.0.9"]}),
    ("dns", "qtype_name: txt", "dns", {"rrtype": "TXT"}),
    ("dns", "qtype: 16", "dns", {"rrtype": "TXT"}),
    ("dns", "rcode: 3", "dns", {"rcode": "NXDOMAIN"}),
    ("dns", "rejected: 'true'", "dns", {"answered": True, "rcode": "REFUSED", "answers": []}),
    ("http", "uri|endswith: .exe", "http", {"url": "/A.EXE"}),
    ("http", "c-uri|contains: host.example/a", "http", {"url": "/a", "host": "host.example"}),
    ("http", "c-uri: /a", "http", {"url": "/a", "host": "host.example"}),
    ("http", "status_code: 404", "http", {"status": 404}),
    ("http", "status_code: '4*'", "http", {"status": 404}),
    ("ssl", "server_name: Evil.Example", "tls", {"sni": "evil.example"}),
    ("ssl", "version: TLSv10", "tls", {"version": "TLSv1"}),
    ("x509", "certificate.issuer|contains: Acme", "tls", {"issuerdn": "O=acme"}),
    ("smb_files", "name|endswith: '-stdin'", "smb", {"command": "FILE_OPEN", "filename": "x-stdin"}),
    (
        "smb_files",
        "path|endswith: 'IPC$'\n  name: svcctl",
        "smb",
        {"command": "FILE_OPEN", "share": r"\\server\IPC$", "filename": "svcctl"},
    ),
    ("dce_rpc", "endpoint: svcctl\n  operation: CreateServiceW", "dcerpc", {"endpoint": "svcctl", "opnum": 12}),
    ("rdp", "cookie: admin", "rdp", {"cookie": "ADMIN"}),
    (
        "kerberos",
        "request_type: TGS\n  cipher: rc4-hmac",
        "krb5",
        {"msg_type": "KRB_TGS_REP", "encryption": "rc4-hmac"},
    ),
    ("ssh", "client|contains: libssh", "ssh", {"client_software": "libssh_0.9"}),
    ("files", "sha256: AA", "fileinfo", {"sha256": "aa"}),
    ("dhcp", "host_name: kali", "dhcp", {"hostname": "kali"}),
]


@pytest.mark.parametrize(("service", "selection", "table", "row"), ZEEK_CASES)
def test_a_zeek_rule_finds_its_row_and_not_another(history, count, written, service, selection, table, row) -> None:
    other = {"dst": "198.51.100.1", "src": "198.51.100.9", "dst_port": 9, "bytes_toserver": 1, "ts_end": None}
    if table == "smb":
        other |= {"filename": "other"}
    window = history(**{table: [row, other]})
    text = written(f"s:\n  {selection}\ncondition: s", f"product: zeek\nservice: {service}")
    assert count(window, text) == {"a rule": 1}


def test_suricata_names_the_share_once_and_the_files_after_it(history, count, written, at) -> None:
    tree = {"command": "SMB2_COMMAND_TREE_CONNECT", "named_pipe": r"\\10.0.0.9\IPC$", "flow_id": 7}
    file = {"command": "SMB2_COMMAND_CREATE", "filename": "atsvc", "flow_id": 7, "ts": at + 1}
    window = history(smb=[tree, file, {**file, "flow_id": 8}])
    text = written("s:\n  path: '\\\\\\\\*\\IPC$'\n  name: atsvc\ncondition: s", "product: zeek\nservice: smb_files")
    assert count(window, text) == {"a rule": 1}


def test_a_log_source_whose_rows_look_at_other_rows_says_so() -> None:
    targets = {id(one): one for one in vars(sigma_sources).values() if isinstance(one, Target)}.values()
    assert len(targets) > 10
    assert [one.shown for one in targets if (" OVER " in one.relation) == one.by_row] == []


@pytest.mark.parametrize(
    ("logsource", "selection", "reason"),
    [
        ("product: zeek\nservice: x509", "certificate.serial: 8BB00EE", "field certificate.serial: not kept in tls"),
        ("category: proxy", "cs-referer: a\n  cs-cookie: b", "fields cs-referer, cs-cookie: not kept in http"),
        ("product: windows\ncategory: process_creation", "Image: a", "not seen on the network"),
        ("product: zeek\nservice: notice", "note: a", "no table here"),
        ("category: dns", "query|cased: EVIL", "the modifier cased asks for capital letters"),
        ("category: dns", "query|re: '[A-Z]{9}'", "capital letters"),
        ("category: dns", "query|expand: '%names%'", "the modifier expand"),
        ("category: dns", "query|gt: 7", "no number to compare"),
        ("product: zeek\nservice: conn", "id.resp_p: http", "'http' is no number"),
        ("product: zeek\nservice: conn", "id.resp_h: nowhere", "'nowhere' is no address"),
        ("product: zeek\nservice: conn", "id.resp_p|cidr: 10.0.0.0/8", "the modifier cidr on what is no address"),
        ("product: windows\ncategory: dns_query", "Image|endswith: a.exe", "field Image: not kept in dns"),
    ],
)
def test_what_cannot_run_says_why(outcomes, written, logsource, selection, reason) -> None:
    (outcome,) = outcomes(written(f"s:\n  {selection}\ncondition: s", logsource))
    assert outcome.standing == "unsupported"
    assert reason in outcome.reason
    assert outcome.rule is None


BASE = """
title: base
name: base
id: 0e95725d-7320-415d-80f7-004da920fc11
logsource: {category: dns}
detection: {s: {query|endswith: .evil.example}, condition: s}
---
title: second
name: second
id: 0e95725d-7320-415d-80f7-004da920fc12
logsource: {category: proxy}
detection: {s: {cs-host: drop.example}, condition: s}
---
title: many
id: 0e95725d-7320-415d-80f7-004da920fc13
level: critical
"""


ALIASED = """type: temporal
rules: [base, second]
group-by: [who]
timespan: 5m
aliases: {who: {base: src_ip, second: c-ip}}
"""


def correlation(body: str) -> str:
    return BASE + "correlation:\n" + "".join(f"  {line}\n" for line in body.strip().splitlines())


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("type: event_count\nrules: [base]\ngroup-by: [src_ip]\ntimespan: 1m\ncondition: {gte: 3}", {"10.0.0.5"}),
        (
            "type: event_count\nrules: [base]\ngroup-by: [src_ip]\ntimespan: 2m\ncondition: {gte: 3}",
            {"10.0.0.5", "10.0.0.6"},
        ),
        ("type: event_count\nrules: [base]\ntimespan: 2s\ncondition: {gte: 2}", {"10.0.0.5", "10.0.0.6", "10.0.0.7"}),
        (
            "type: value_count\nrules: [base]\ngroup-by: [src_ip]\ntimespan: 2m\ncondition: {field: query, gte: 3}",
            {"10.0.0.6"},
        ),
        ("type: temporal\nrules: [base, second]\ngroup-by: [src_ip]\ntimespan: 5m", {"10.0.0.7", "10.0.0.8"}),
        ("type: temporal_ordered\nrules: [base, second]\ngroup-by: [src_ip]\ntimespan: 5m", {"10.0.0.7"}),
        ("type: temporal_ordered\nrules: [second, base]\ngroup-by: [src_ip]\ntimespan: 5m", {"10.0.0.8"}),
        (ALIASED, {"10.0.0.7", "10.0.0.8"}),
    ],
)
def test_correlations(history, outcomes, at, body, wanted) -> None:
    def dns(src, second, name="a.evil.example"):
        return {"rrname": name, "src": src, "ts": at + second * SECOND}

    def http(src, second):
        return {"host": "drop.example", "src": src, "ts": at + second * SECOND}

    window = history(
        dns=[dns("10.0.0.5", n * 20) for n in range(3)]
        + [dns("10.0.0.6", n * 40, f"n{n}.evil.example") for n in range(3)]
        + [dns("10.0.0.7", 0), dns("10.0.0.8", 30)],
        http=[http("10.0.0.7", 30), http("10.0.0.8", 0), http("10.0.0.9", 0)],
    )
    found = outcomes(correlation(body))
    (rule,) = [o.rule for o in found if o.rule and o.title == "many"]
    assert not rule.by_row
    met, refused = run_rules(window, [rule])
    assert refused == []
    assert {host for match in met for host in match.named} == wanted
    parts = {o.title: o.standing for o in found}
    assert parts["base"] == "part"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("type: event_count\nrules: [nobody]\ntimespan: 1m\ncondition: {gte: 3}", "nobody that it counts is not among"),
        ("type: event_count\nrules: [base]\ngroup-by: [Image]\ntimespan: 1m\ncondition: {gte: 3}", "Image is not kept"),
        ("type: temporal\ntimespan: 1m\ncondition: base and not second", "an expression over rules"),
        ("type: event_count\nrules: [base]\ntimespan: 90d\ncondition: {gte: 3}", "timespan"),
        ("type: event_count\nrules: [base]\ngroup-by: [answers]\ntimespan: 1m\ncondition: {gte: 3}", "grouped"),
    ],
)
def test_a_correlation_that_cannot_run_says_why(outcomes, body, reason) -> None:
    found = [o for o in outcomes(correlation(body)) if o.title == "many"]
    assert [o.standing for o in found] == ["unsupported"]
    assert reason in found[0].reason


def test_a_filter_holds_for_the_rule_that_it_names(history, count, written) -> None:
    only = """
title: not our own
logsource: {category: dns}
filter:
  rules: [5013fd7d-7c5a-4b1d-9d9f-0a2f1a1b2c3d]
  own: {query: fine.evil.example}
  condition: not own
"""
    window = history(dns=[{"rrname": "fine.evil.example"}, {"rrname": "bad.evil.example"}])
    text = written("s:\n  query|endswith: .evil.example\ncondition: s")
    assert count(window, text) == {"a rule": 2}
    assert count(window, text, only) == {"a rule": 1}


def sigmahq(folder: Path) -> list[RuleFile]:
    with tarfile.open(folder / "intel/sigma/sigma-network-rules.tar.gz") as archive:
        return [
            RuleFile(member.name, archive.extractfile(member).read())
            for member in archive.getmembers()
            if member.isfile() and member.name.endswith(".yml")
        ]


@pytest.mark.slow
@pytest.mark.data
def test_rules_of_sigmahq_run_or_say_why_not() -> None:
    files = sigmahq(real_data().folder)
    found = read_rules(files)
    assert len(found) == len(files)
    assert all(outcome.reason or outcome.standing == "runs" for outcome in found)
    network = [o for o in found if "/zeek/" in o.file or "/proxy_generic/" in o.file or "/network/dns/" in o.file]
    running = [o for o in network if o.standing == "runs"]
    assert len(running) / len(network) > 0.9, [o.reason for o in network if o.standing != "runs"]
    with ColumnStore.temporary() as store:
        assert refused_by(store.window(0, 1), rules_of(found)) == []
