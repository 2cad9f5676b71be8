"""Flows as Argus' ``ra`` writes them as text (binetflow): a first line with the names of columns, then a flow a line.

Columns are found by their names, in any order; commas or tabs part them. A moment without a zone is in the zone that is
given; one without a year, as `ra` writes it by itself, is of the twelve months before the lines came. Refuses Argus'
own binary form, and lines that come without a head.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from bavn.actor.formats.lines import LineColumn, Segment, line_column
from bavn.actor.sense.engine import Engine
from bavn.actor.sense.logs.flow_columns import COLUMNS, stage
from bavn.actor.sense.parsed import Parsed
from bavn.actor.sense.reader import Grammar, read
from bavn.actor.sense.zeek.stage import quoted
from bavn.model.moment import HOUR_US

Head = tuple[str, ...]
"""Names of columns in their order, in small letters; the separator first."""

NEEDED: Final = frozenset({"starttime", "proto", "srcaddr", "dstaddr"})
KNOWN: Final = frozenset(
    {
        *NEEDED,
        "lasttime",
        "dur",
        "sport",
        "dir",
        "dport",
        "state",
        "stos",
        "dtos",
        "totpkts",
        "totbytes",
        "srcbytes",
        "dstbytes",
        "srcpkts",
        "dstpkts",
        "label",
        "flgs",
    }
)
HEAD_BYTES_MAX: Final = 8192
COLUMNS_MAX: Final = 200
_BINARY: Final = (b"\x83\x10\x00\x20", b"\x84\x10\x00\x20", b"\x85\x10\x00\x20")
"""How a management record of Argus 3, 4 and 5 begins, which is a file's first."""


def head_of(raw: bytes) -> Head | None:
    """The head in the first line of some bytes; None where it is none of Argus'."""
    line = (
        raw.removeprefix(b"\xef\xbb\xbf").partition(b"\n")[0][:HEAD_BYTES_MAX].decode("utf-8", "replace").rstrip("\r")
    )
    separator = "\t" if "\t" in line else ","
    names = [name.strip().strip('"').lower() for name in line.split(separator)]
    return (separator, *names) if set(names) >= NEEDED and len(names) <= COLUMNS_MAX else None


def is_binary(head: bytes) -> bool:
    """A file of Argus' own form."""
    return head.startswith(_BINARY)


def parsed(engine: Engine, sensor: str, head: Head, zone: str, column: LineColumn, about_us: int) -> Parsed:
    """Every line's outcome; the head itself passes, wherever it stands. ``about_us``: when the lines came."""
    return read(engine, _grammar(sensor, head, zone, about_us // HOUR_US * HOUR_US), column)


@dataclass(slots=True)
class ArgusLines:
    """Segments of one file after the other. The head holds on in a file that was begun anew without one, where its
    lines have as many columns. ``zone``: of moments that name none."""

    engine: Engine
    sensor: str
    zone: str
    _head: Head | None = field(default=None, init=False)
    _looked: bool = field(default=False, init=False)

    def forget(self) -> None:
        """The next segment may be of another file: its head is looked at anew."""
        self._head, self._looked = None, False

    def parse(self, segment: Segment, start: Callable[[int], bytes], us: int) -> Parsed | None:
        """Every line's outcome; None where the file is none of Argus'. ``start``: its first bytes; ``us``: when the
        lines came."""
        if segment.first_line == 1:
            held = self._head if self._head and _fits(self._head, segment.raw) else None
            self._head = head_of(segment.raw) or held
        elif not self._looked:
            self._head = head_of(start(HEAD_BYTES_MAX))
        self._looked = True
        head = self._head
        return parsed(self.engine, self.sensor, head, self.zone, line_column(segment), us) if head else None


def _fits(head: Head, raw: bytes) -> bool:
    """Whether the first line has as many columns."""
    line = raw.partition(b"\n")[0].decode("utf-8", "replace")
    return len(line.split(head[0])) == len(head) - 1


@lru_cache(maxsize=64)
def _grammar(sensor: str, head: Head, zone: str, about_us: int) -> Grammar:
    separator, *names = head
    at = {name: number for number, name in reversed(list(enumerate(names, 1)))}

    def text(name: str) -> str:
        return f"nullif(trim(f[{at[name]}]), '')" if name in at else "CAST(NULL AS VARCHAR)"

    columns = ", ".join(f"{text(name)} AS {_OF[name]}" for name in _OF)
    cut = f"string_split(rtrim(line, chr(13) || chr(10)), {quoted(separator)})"
    fields = f"""SELECT n, {columns} FROM (SELECT n, {cut} AS f FROM lines)"""
    return Grammar(
        stage=stage(
            _READ.replace("$zone", quoted(zone)).replace("$about", str(about_us)),
            f"fields AS ({fields}), told AS ({_TOLD}),",
            **_GIVEN,
        ),
        columns={"flow": {**COLUMNS, "sensor": quoted(sensor)}},
        sources={},
    )


def others(head: Head) -> Iterator[str]:
    """Columns that nothing here reads or knows."""
    return (name for name in head[1:] if name not in KNOWN)


_OF: Final = {
    "starttime": "begun_text",
    "dur": "dur_text",
    "proto": "proto",
    "srcaddr": "a",
    "sport": "a_said",
    "dir": "dir_text",
    "dstaddr": "b",
    "dport": "b_said",
    "state": "state_text",
    "totpkts": "pkts_text",
    "totbytes": "bytes_text",
    "srcbytes": "src_bytes_text",
    "dstbytes": "dst_bytes_text",
    "srcpkts": "src_pkts_text",
    "dstpkts": "dst_pkts_text",
}

# A port may be hexadecimal: of ICMP it is the type and code. Totals less one side give the other.
_TOLD: Final = """
    SELECT *, coalesce(dir_text, '->') AS dir, upper(coalesce(state_text, '')) AS told_state,
      count_of(pkts_text) AS pkts_all, count_of(bytes_text) AS bytes_all,
      count_of(src_bytes_text) AS src_bytes_said, count_of(src_pkts_text) AS src_pkts_said,
      count_of(dst_pkts_text) AS dst_pkts_said, count_of(dst_bytes_text) AS dst_bytes_said
    FROM fields"""
_READ: Final = """
    SELECT n, lower(coalesce(begun_text, '')) <> 'starttime' AND coalesce(a, b, proto, begun_text) IS NOT NULL
        AND coalesce(proto NOT IN ('arp', 'rarp', 'llc', 'loop', 'man', 'lldp', 'stp'), TRUE) AS kin,
      a, b, proto,
      argus_moment(begun_text, $zone, $about) AS logged, dur_text, dir, told_state,
      argus_port(a_said) AS a_port, argus_port(b_said) AS b_port, bytes_all, pkts_all,
      coalesce(src_bytes_said, CASE WHEN dst_bytes_said <= bytes_all THEN bytes_all - dst_bytes_said END) AS a_bytes,
      coalesce(dst_bytes_said, CASE WHEN src_bytes_said <= bytes_all THEN bytes_all - src_bytes_said END) AS b_bytes,
      coalesce(src_pkts_said, CASE WHEN dst_pkts_said <= pkts_all THEN pkts_all - dst_pkts_said END,
        CASE WHEN src_bytes_said = bytes_all THEN pkts_all END) AS a_pkts,
      coalesce(dst_pkts_said, CASE WHEN src_pkts_said <= pkts_all THEN pkts_all - src_pkts_said END,
        CASE WHEN src_bytes_said = bytes_all THEN 0 END) AS b_pkts
    FROM told"""
_BACK: Final = "(dir IN ('<-', '<?'))"
_GIVEN: Final = {
    "ended": "logged + to_microseconds(span_us(dur_text))",
    "sent": f"CASE WHEN {_BACK} THEN b_bytes ELSE coalesce(a_bytes, bytes_all) END",
    "got": f"CASE WHEN {_BACK} THEN a_bytes ELSE b_bytes END",
    "pkts_sent": f"CASE WHEN {_BACK} THEN b_pkts ELSE a_pkts END",
    "pkts_got": f"CASE WHEN {_BACK} THEN a_pkts ELSE b_pkts END",
    "over": "told_state NOT IN ('CON', 'ACC', 'INT')",
    "icmp_type": "CASE WHEN transport IN ('icmp', 'ipv6-icmp') THEN TRY_CAST(a_number // 256 AS UTINYINT) END",
    "icmp_code": "CASE WHEN transport IN ('icmp', 'ipv6-icmp') THEN TRY_CAST(a_number % 256 AS UTINYINT) END",
    "back": _BACK,
    # Argus' words for a call that nobody took; flags as CTU-13 writes them, the opener's before the line.
    "failed": f"""CASE WHEN {_BACK} THEN FALSE
        WHEN transport = 'tcp' AND told_state IN ('ACC', 'EST', 'CON', 'CLO', 'FIN') THEN FALSE
        WHEN transport = 'tcp' THEN told_state IN ('REQ', 'S0', 'REJ', 'RSTOS0') OR b_bytes = 0
          OR regexp_full_match(told_state, 'S+E?C?R?_(R|RA|AR|A?R+)?')
        WHEN transport = 'udp' THEN coalesce(b_bytes = 0, FALSE) AND NOT is_many(dst)
          AND told_state NOT IN ('URP_NONE') OR told_state LIKE 'UR%' END""",
}

MACROS: Final = """
CREATE OR REPLACE MACRO argus_port(x) AS CASE WHEN regexp_full_match(x, '0x[0-9a-fA-F]{1,4}')
  THEN CAST(TRY_CAST(x AS INTEGER) AS VARCHAR) ELSE x END;
CREATE OR REPLACE MACRO argus_moment(x, zone, about) AS CASE
  WHEN regexp_full_match(x, '[0-9]{4}[/-][0-9]{2}[/-][0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?')
  THEN in_reach(epoch_us(timezone(zone, TRY_CAST(replace(x, '/', '-') AS TIMESTAMP))))
  WHEN regexp_full_match(x, '(0[1-9]|1[0-2])/[0-9]{2}[.][0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,6})?')
  THEN in_reach(stamp_guessed(
    strftime(make_date(2000, TRY_CAST(x[1:2] AS INTEGER), 1), '%b') || ' ' || x[4:5] || ' ' || x[7:], zone, about))
  ELSE epoch_of(x) END;
"""
"""What the grammar needs in an engine, next to macros.MACROS, zeek_columns.MACROS and head.MACROS of logs."""
