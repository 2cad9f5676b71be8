"""Indicators met: an address, network, domain, fingerprint or file hash that a list or the centre has named.

Sees: exact matches in what the store keeps: calls to and from an address or network, a domain and everything under it
in DNS, TLS and HTTP, JA3, JA4, certificate and SHA-256 of files. Over a window of the past it is the retro-hunt.

Misses: whatever no list names; an address that has changed hands.

Innocent: lists hold search engines, update servers and what-is-my-address services by mistake; internet-wide scanners
knock at every door. A match on a popularity or warning list, and a knock that nobody answered, are weighed down.

Do first: read what the list says of it and how old it is; see whether the call was answered, what came before it and
which other hosts made it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from math import log
from typing import Any, Final
from uuid import UUID

import pyarrow as pa

from bavn.actor.detect.base import Advice, Candidate, DetectorContext, Found
from bavn.actor.detect.queries.peers import as_address, observable_of
from bavn.actor.detect.telling import fame, place, since, times
from bavn.actor.detect.wording import joined, number, span
from bavn.model.intel.grades import Grade
from bavn.model.moment import as_us
from bavn.model.observable import ObservableType
from bavn.model.record import address_text, address_uuid
from bavn.model.suspicion import RowsRef
from bavn.model.text import Text

_FINGERPRINT: Final = Advice(
    Text("a fingerprint is shared by every program that is built alike"),
    Text("ask which program on the machine it is, and see whom else it calls"),
)
_INWARD: Final = Advice(
    Text("the internet's scanners are on such lists, and they knock everywhere"),
    Text("see whether the call was answered, and what the machine sent back or did next"),
)
ADVICE: Final = {
    ObservableType.JA3: _FINGERPRINT,
    ObservableType.JA4: _FINGERPRINT,
    ObservableType.CERT: Advice(
        Text("a certificate can stand at many addresses, and lists hold harmless ones by mistake"),
        Text("read what the list says of it; see whose the other end is, and which program called it"),
    ),
    ObservableType.SHA256: Advice(
        Text("lists hold harmless files by mistake"),
        Text("find the file on the machine without opening it, and see where it came from"),
    ),
}
"""Of what is no call to an address or a name; that is the detector's own."""
P_LISTED: Final = 0.2
P_KNOCK: Final = 0.1
SURE_MIN: Final = 50
"""A list that is no surer than this is not sure."""
NETWORK_TIMES: Final = 3.0
"""A match on a whole network is worth a third of one on a single address."""

_OUT = """
    SELECT src AS host, asked.mark, min(confidence) AS confidence, greatest(sum(flows), 1)::BIGINT AS n,
        sum(failed)::BIGINT AS failed, min(first_ts) AS first, max(last_ts) AS last, TRUE AS outward, min(dst) AS peer
    FROM pair_hour JOIN {join} WHERE is_home(src) AND NOT is_home(dst) GROUP BY src, asked.mark"""
_IN = """
    SELECT dst, asked.mark, min(confidence), greatest(sum(flows), 1)::BIGINT, sum(failed)::BIGINT, min(first_ts),
        max(last_ts), FALSE, min(src)
    FROM pair_hour JOIN {join} WHERE is_home(dst) AND NOT is_home(src) GROUP BY dst, asked.mark"""
_SINGLE = "(SELECT mark, confidence, stored FROM listed) asked ON {side} = asked.stored"
_RANGE = """(SELECT mark, confidence, low::UUID AS low, high::UUID AS high FROM listed) asked
    ON {side} BETWEEN asked.low AND asked.high"""
_NAMED = """
    WITH names AS (SELECT DISTINCT "name" FROM name_hour),
    parts AS (SELECT "name", string_split("name", '.') AS labels FROM names),
    parents AS (SELECT "name", unnest(list_transform(labels, lambda label, i: array_to_string(labels[i:], '.'))) AS mark
        FROM parts),
    hits AS (SELECT "name", mark, confidence FROM parents JOIN listed USING (mark))
    SELECT src AS host, mark, min(confidence) AS confidence, sum(n)::BIGINT AS n, 0::BIGINT AS failed,
        min(first_ts) AS first, max(last_ts) AS last, TRUE AS outward, NULL::UUID AS peer
    FROM name_hour JOIN hits USING ("name") WHERE is_home(src) GROUP BY src, mark ORDER BY src, mark"""
_COLUMN = """
    SELECT CASE WHEN is_home(src) THEN src ELSE dst END AS host, mark, min(confidence) AS confidence,
        count(*) AS n, 0::BIGINT AS failed, min(ts) AS first, max(ts) AS last, TRUE AS outward,
        min(CASE WHEN is_home(src) THEN dst ELSE src END) AS peer
    FROM "{table}" JOIN listed ON {column} = mark WHERE is_home(src) OR is_home(dst) GROUP BY ALL ORDER BY host, mark"""
_COLUMNS: Final = (
    (ObservableType.JA3, "tls", "ja3"),
    (ObservableType.JA4, "tls", "ja4"),
    (ObservableType.CERT, "tls", "cert"),
    (ObservableType.SHA256, "fileinfo", "sha256"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """One host and one indicator, all its rows in the window."""

    host: str
    mark: str
    kind: ObservableType | None
    table: str
    column: str
    confidence: int
    rows: int
    answered: bool
    outward: bool
    whole_network: bool
    peer: str | None
    first_us: int
    last_us: int


class Ioc:
    """See the module's text."""

    name = "ioc"
    technique = "T1071"
    innocent = Text("lists hold harmless names by mistake, and addresses change hands")
    tables = ("pair_hour", "name_hour", "tls", "fileinfo")

    def candidates(self, context: DetectorContext) -> Found:
        if not context.indicators:
            return Found()
        made = [_candidate(match, context) for match in _once(_matches(context))]
        made.sort(key=lambda found: (-found.statistic, found.host, found.peer))
        return Found(tuple(made[: context.settings.candidates_max]))


def _matches(context: DetectorContext) -> Iterator[Match]:
    indicators, window = context.indicators, context.window
    for listed, join, whole in ((indicators.addresses, _SINGLE, False), (indicators.ranges, _RANGE, True)):
        if listed.num_rows:
            out, inward = _OUT.format(join=join.format(side="dst")), _IN.format(join=join.format(side="src"))
            sql = f"{out} UNION ALL {inward} ORDER BY host, mark, outward"
            yield from _matches_of(window.rows(sql, tables={"listed": listed}), None, "pair_hour", "dst", whole)
    texts = pa.concat_tables(
        [indicators.values(ObservableType.DOMAIN), indicators.addresses.select(["mark", "confidence"])]
    )
    if texts.num_rows:
        yield from _matches_of(window.rows(_NAMED, tables={"listed": texts}), None, "name_hour", "name")
    for kind, table, column in _COLUMNS:
        listed = indicators.values(kind)
        if listed.num_rows:
            sql = _COLUMN.format(table=table, column=column)
            yield from _matches_of(window.rows(sql, tables={"listed": listed}), kind, table, column)


def _once(matches: Iterator[Match]) -> Iterator[Match]:
    """A call to a bare address names it in its HTTP host, too: that is one story, told by the calls. A name without
    such a call (a proxy's request) stays."""
    called: set[tuple[str, str]] = set()
    for match in matches:
        if match.table == "pair_hour" and match.outward and not match.whole_network:
            called.add((match.host, match.mark))
        elif match.table == "name_hour" and (match.host, match.mark) in called:
            continue
        yield match


def _matches_of(
    rows: list[tuple[Any, ...]], kind: ObservableType | None, table: str, column: str, whole: bool = False
) -> Iterator[Match]:
    for host, mark, confidence, count, failed, first, last, outward, peer in rows:
        yield Match(
            host=address_text(host),
            mark=mark,
            kind=kind,
            table=table,
            column=column if outward else "src",
            confidence=int(confidence),
            rows=int(count),
            answered=int(failed) < int(count),
            outward=bool(outward),
            whole_network=whole,
            peer=address_text(peer) if isinstance(peer, UUID) else None,
            first_us=_us(first),
            last_us=_us(last),
        )


def _us(moment: datetime) -> int:
    return as_us(moment.replace(tzinfo=UTC))


def p_of(confidence: int) -> float:
    """A list that is sure (100) is worth p = 1e-4, one that does not know (0) p = 0.1; in between, a straight line of
    ln p."""
    return float(10.0 ** (-1 - 3 * max(0, min(100, confidence)) / 100))


def _candidate(match: Match, context: DetectorContext) -> Candidate:
    address = match.peer if match.whole_network or as_address(match.mark) else None
    named = None if match.kind or address else match.mark
    grade = context.terms.lists.name_grade(named) if named else Grade.UNKNOWN
    if address:
        grade = context.terms.lists.address_grade(address_uuid(address).int)
    p = p_of(match.confidence) * (NETWORK_TIMES if match.whole_network else 1.0)
    if not match.outward and not match.answered:
        p = max(p, P_KNOCK)
    if grade >= Grade.POPULAR:
        p = max(p, P_LISTED)
    observable = observable_of(match.kind, address or match.mark, context.window.homes)
    equals: tuple[tuple[str, str | int], ...] = (
        ("src" if match.outward else "dst", match.host),
        (match.column, address or match.mark),
    )
    return Candidate(
        population=Ioc.name,
        host=match.host,
        peer=address or match.mark,
        story=f"{match.host} {match.mark} {match.table}",
        statistic=-log(min(1.0, p)),
        observables=(observable,) if observable else (),
        first_us=match.first_us,
        last_us=match.last_us,
        hosts=1,
        listed=grade >= Grade.POPULAR,
        what=_what(match, context),
        against=_against(match, address or match.mark, grade),
        advice=ADVICE[match.kind] if match.kind else None if match.outward else _INWARD,
        why=_why(match, grade),
        rows=RowsRef(match.table, equals, match.first_us, match.last_us),
        exact_p=min(1.0, p),
    )


_LISTED: Final = {
    ObservableType.CERT: Text(
        "one machine was shown a certificate that is on a list of known threats, {times} {since}"
    ),
    ObservableType.SHA256: Text("a file that is on a list of known threats passed one machine {times} {since}"),
}
_PROGRAM: Final = Text(
    "a program whose way of speaking is on a list of known threats called from one machine {times} {since}"
)


def _what(match: Match, context: DetectorContext) -> Text:
    if match.kind is not None:
        text = _LISTED.get(match.kind, _PROGRAM)
    elif match.outward:
        text = Text("one machine called {mark}, which is on a list of known threats, {times} {since}")
    else:
        text = Text("{mark}, which is on a list of known threats, called one machine here {times} {since}")
    since_text = since(match.first_us, match.last_us, context.window.last_us)
    return joined([text.filled(mark=place(match.mark), times=times(match.rows), since=since_text)])


def _against(match: Match, peer: str, grade: Grade) -> tuple[Text, ...]:
    parts = []
    if not match.answered:
        parts.append(Text("the call was not answered"))
    if grade >= Grade.POPULAR:
        parts += fame(peer, grade)
    if match.confidence <= SURE_MIN:
        parts.append(Text("the list itself is not sure"))
    return tuple(parts)


def _why(match: Match, grade: Grade) -> Text:
    rows, sure = number(match.rows), number(match.confidence)
    times = Text("time") if match.rows == 1 else Text("times")
    parts = [
        Text(
            "{mark} is on a list (confidence {sure} of 100) and was met {rows} {times}",
            mark=match.mark,
            sure=sure,
            rows=rows,
            times=times,
        )
    ]
    if not match.outward:
        parts.append(Text("it called in and was answered") if match.answered else Text("it knocked and got no answer"))
    elif not match.answered:
        parts.append(Text("it did not answer"))
    if match.last_us > match.first_us:
        lasted = span(match.last_us - match.first_us)
        parts.append(Text("over {lasted}", lasted=lasted))
    if grade >= Grade.POPULAR:
        parts.append(Text("also on a popularity or warning list: never block unseen"))
    return joined(parts)
