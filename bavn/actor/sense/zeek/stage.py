"""The SQL that turns lines of a Zeek log, TSV or JSON, into the stage of a grammar.

Both writings become the same columns of text first: TSV by its own #fields header, JSON by DuckDB's reader. Refuses to
know what becomes of the columns.
"""

import json
from typing import Final

from bavn.actor.sense.reader import CARE
from bavn.actor.sense.zeek.fields import FIELDS, RECORD_OF, TEXTS
from bavn.actor.sense.zeek.header import Header

_ORIG, _RESP = '"id.orig_h"', '"id.resp_h"'
_SENT: Final = "coalesce(truth_of(is_orig), FALSE)"
# Who opened, where the log has no id of a connection: a file's sender by is_orig; DHCP's client by its own fields.
_ENDS: Final = {
    "files": (
        f"coalesce({_ORIG}, CASE WHEN {_SENT} THEN tx_hosts[1] ELSE rx_hosts[1] END)",
        f"coalesce({_RESP}, CASE WHEN {_SENT} THEN rx_hosts[1] ELSE tx_hosts[1] END)",
    ),
    "dhcp": (f"coalesce({_ORIG}, client_addr, '0.0.0.0')", f"coalesce({_RESP}, server_addr, '255.255.255.255')"),
}
_TRANSPORT: Final = {
    "conn": f"""CASE WHEN lower(proto) = 'icmp' AND contains({_ORIG}, ':') THEN 'ipv6-icmp'
      ELSE proto_of(CASE WHEN proto = 'unknown_transport' THEN coalesce(ip_proto, proto) ELSE proto END) END""",
    "dns": "coalesce(proto_of(proto), 'udp')",
    "dhcp": "'udp'",
    "quic": "'udp'",
    "ssl": "CASE WHEN starts_with(version, 'DTLS') THEN 'udp' ELSE 'tcp' END",
}
_COUNTS: Final = {"conn": ("orig_bytes", "resp_bytes", "orig_pkts", "resp_pkts", "orig_ip_bytes", "resp_ip_bytes")}
_PORTS: Final = {"dhcp": (68, 67)}
_ICMP: Final = "transport IN ('icmp', 'ipv6-icmp')"


def quoted(text: str) -> str:
    """A text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def stage(kind: str, header: Header | None, *, respelled: bool = False) -> str:
    """See reader.Grammar.stage. ``header`` None: JSON; ``respelled``: its names may have no dots (zeek_json_names).
    KeyError for a log that zeek_fields does not list."""
    read = _json(kind, respelled=respelled) if header is None else _tsv(kind, header)
    typed, checks, final = ("", "", "CAST(NULL AS VARCHAR) AS community_id") if kind == "x509" else _connection(kind)
    passes = "regexp_full_match(line, '\\s*')" + ("" if header is None else " OR starts_with(line, '#')")
    return f"""
    WITH read AS ({read}),
    typed AS (SELECT *, zeek_moment(ts) AS logged {typed} FROM read),
    judged AS (SELECT *, CASE
        WHEN fault IS NOT NULL THEN fault
        WHEN logged IS NULL THEN 'ts: ' || shown(ts)
        {checks} END AS reason
      FROM typed)
    SELECT * EXCLUDE (line), {final},
      CASE WHEN {passes} THEN '' WHEN reason IS NULL THEN '{RECORD_OF[kind]}' END AS outcome
    FROM judged"""


def _connection(kind: str) -> tuple[str, str, str]:
    """Columns, checks and final columns of a log whose lines have two ends."""
    a, b = _ENDS.get(kind, (_ORIG, _RESP))
    typed = f""", address_of({a}) AS src, address_of({b}) AS dst, {_TRANSPORT.get(kind, "'tcp'")} AS transport,
      port_of("id.orig_p") AS a_port, port_of("id.resp_p") AS b_port"""
    if kind == "dhcp":
        typed += ", address_of(coalesce(assigned_addr, assigned_ip)) AS given"
    checks = f"""
        WHEN src IS NULL THEN 'address: ' || shown({a})
        WHEN dst IS NULL THEN 'address: ' || shown({b})
        WHEN transport IS NULL THEN 'proto: missing'
        WHEN "id.orig_p" IS NOT NULL AND a_port IS NULL THEN 'id.orig_p: ' || shown("id.orig_p")
        WHEN "id.resp_p" IS NOT NULL AND b_port IS NULL THEN 'id.resp_p: ' || shown("id.resp_p")"""
    for name in _COUNTS.get(kind, ()):
        checks += f"\n        WHEN {name} IS NOT NULL AND count_of({name}) IS NULL THEN '{name}: ' || shown({name})"
    a_port, b_port = _PORTS.get(kind, (0, 0))
    # Zeek writes ICMP's type and code as ports; of a pair of question and answer the answer's type instead of a code.
    final = f"""
      CASE WHEN {_ICMP} THEN 0 ELSE coalesce(a_port, {a_port}) END AS src_port,
      CASE WHEN {_ICMP} THEN 0 ELSE coalesce(b_port, {b_port}) END AS dst_port,
      CASE WHEN {_ICMP} THEN TRY_CAST(a_port AS UTINYINT) END AS icmp_type,
      CASE WHEN {_ICMP} THEN CASE WHEN icmp_answer(transport, a_port) = b_port THEN 0
        ELSE TRY_CAST(b_port AS UTINYINT) END END AS icmp_code"""
    return typed, checks, final


def _json(kind: str, *, respelled: bool) -> str:
    shape: dict[str, object] = {}
    for name in FIELDS[kind]:
        shape[name.removesuffix("[]")] = ["VARCHAR"] if name.endswith("[]") else "VARCHAR"
    dotted = [name for name in shape if "." in name] if respelled else []
    shape |= {name.replace(".", "_"): "VARCHAR" for name in dotted}
    inside: dict[str, dict[str, str]] = {}
    for name in dotted:
        outer, _, inner = name.partition(".")
        if outer not in shape:
            inside.setdefault(outer, {})[inner] = "VARCHAR"
    shape |= inside
    chosen = ["e." + _named(name) + " AS " + _named(name) for name in FIELDS[kind] if name not in dotted]
    for name in dotted:
        outer, _, inner = name.partition(".")
        spellings = [
            f'e."{name}"',
            f'e."{name.replace(".", "_")}"',
            *([f'e."{outer}"."{inner}"'] if outer in inside else []),
        ]
        chosen.append(f'coalesce({", ".join(spellings)}) AS "{name}"')
    listed = json.dumps(shape)
    taken = ", ".join(chosen) if dotted else "unnest(e)"
    return f"""SELECT n, line, fault, {taken} FROM (
        SELECT n, line, {CARE[0]}from_json(line, '{listed}'){CARE[1]} AS e,
          CASE WHEN e IS NULL THEN 'no JSON' END AS fault
        FROM lines)"""


def _named(name: str) -> str:
    return '"' + name.removesuffix("[]") + '"'


def _tsv(kind: str, header: Header) -> str:
    at = {name: number for number, name in enumerate(header.fields, 1)}
    columns = ", ".join(_column(name, at.get(name.removesuffix("[]")), header) for name in FIELDS[kind])
    width = len(header.fields)
    return f"""SELECT n, line, CASE WHEN len(f) <> {width} THEN len(f) || ' fields where the header has {width}' END
        AS fault, {columns}
      FROM (
        SELECT n, line, string_split(rtrim(line, chr(13) || chr(10)), {quoted(header.separator)}) AS f FROM lines)"""


def _column(name: str, position: int | None, header: Header) -> str:
    """A field of a TSV line under its plain name, NULL where this header has none of that name."""
    plain = name.removesuffix("[]")
    unset, empty, field = quoted(header.unset), quoted(header.empty), f"f[{position}]"
    if name.endswith("[]"):
        pieces = f"string_split({field}, {quoted(header.set_separator)})"
        split = f"list_transform({pieces}, lambda v: zeek_text(v))" if name in TEXTS else pieces
        value = f"CASE {field} WHEN {unset} THEN NULL WHEN {empty} THEN CAST([] AS VARCHAR[]) ELSE {split} END"
        return f'{value if position else "CAST(NULL AS VARCHAR[])"} AS "{plain}"'
    text = f"zeek_text({field})" if name in TEXTS else field
    value = f"CASE {field} WHEN {unset} THEN NULL WHEN {empty} THEN '' ELSE {text} END"
    return f'{value if position else "CAST(NULL AS VARCHAR)"} AS "{plain}"'
