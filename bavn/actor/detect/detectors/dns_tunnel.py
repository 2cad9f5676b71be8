"""DNS tunnels: a host that sends or fetches data in names under one domain.

Sees: never-before-seen names under one registered domain that carry 300 bytes or more within ten minutes (0.5 B/s),
and answers to TXT, NULL, CNAME, MX and other data-carrying queries that do, whatever tool packs them. From 60 bytes on
it is told as a weak sign, and says so.

Misses: less than about 0.1 B/s (a beacon of ever new names is beacon's); names used again; tunnels through an
encrypted resolver (DoH, DoT), which never show their names.

Innocent: look-ups of file or address reputation (anti-virus, block lists), content networks whose host names are
hashes, reverse look-ups. They weigh less: the world uses those domains, many hosts ask, or the names only spell
addresses.

Do first: look at a few of the names, and at who registered the domain and when; see whether other hosts ask for it;
ask which program on the host asks.
"""

from dataclasses import dataclass
from math import exp, log1p
from typing import Final
from uuid import UUID

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from bavn.actor.detect.base import Candidate, DetectorContext, Found
from bavn.actor.detect.calibrate import Tally
from bavn.actor.detect.queries.peers import observable_of
from bavn.actor.detect.statistics.information import busiest, information_bytes
from bavn.actor.detect.telling import OWN_DOMAIN, known_against, since
from bavn.actor.detect.terms import PeerProfile
from bavn.actor.detect.wording import joined, number
from bavn.model.intel.grades import Grade
from bavn.model.moment import MINUTE_US
from bavn.model.record import address_text, address_uuid
from bavn.model.suspicion import RowsRef
from bavn.model.text import Text

SPAN_US: Final = 10 * MINUTE_US
ALARM_BYTES: Final = 300.0
WEAK_BYTES: Final = 60.0
"""A fifth of the alarm: worth a rank, and another actor's second look."""
ROUGH_BITS: Final = 3.0
"""Bits a character where a pair is too small to be worth exact entropy."""
EXACT_CHARS_MIN: Final = 100
PAIRS_MAX: Final = 20_000
NAMES_MAX: Final = 2_000_000
ANSWERS_MIN: Final = 4
REPUTATION_SHARE: Final = 0.9
REPUTATION_NATS: Final = -2.3
INSIDE_NATS: Final = -3.0
"""A directory's own names go nowhere."""
PLAIN_TYPES: Final = ("A", "AAAA", "PTR", "SOA", "NS", "HTTPS", "SVCB", "DS", "DNSKEY", "NAPTR", "SRV")

_FIRST = """
    first AS (SELECT src, "domain", "name", min(epoch_us(first_ts)) AS at_us FROM name_hour WHERE kind = 'dns'
        AND is_home(src) AND "domain" IS NOT NULL AND "name" <> "domain" GROUP BY src, "domain", "name"),
    fresh AS (SELECT * FROM first WHERE at_us >= $since)"""
_SLOTS = f"""{_FIRST},
    slots AS (SELECT src, "domain", sum(length("name") - length("domain") - 1)::BIGINT AS chars, count(*) AS names
        FROM fresh GROUP BY src, "domain", at_us // {SPAN_US}),
    pairs AS (SELECT src, "domain", max(chars)::BIGINT AS chars, sum(names)::BIGINT AS names FROM slots
        GROUP BY src, "domain")"""
_MANY = f"""
    WITH {_SLOTS} SELECT src::VARCHAR AS host, "domain", names FROM pairs WHERE chars >= {EXACT_CHARS_MIN}
    ORDER BY chars DESC, host, "domain" LIMIT {PAIRS_MAX}"""
_FEW = f"""
    WITH {_SLOTS} SELECT chars, count(*) AS pairs FROM pairs WHERE chars < {EXACT_CHARS_MIN} GROUP BY chars
    ORDER BY chars"""
_NAMES = f"""
    WITH {_FIRST}
    SELECT asked.pair, at_us, left("name", length("name") - length(fresh."domain") - 1) AS sub FROM fresh
    JOIN asked ON src = asked.host::UUID AND fresh."domain" = asked."domain"
    ORDER BY pair, at_us, sub LIMIT {NAMES_MAX}"""
_PLAIN = ", ".join(f"'{kind}'" for kind in PLAIN_TYPES)
_ANSWERS = f"""
    WITH names AS (SELECT DISTINCT "name" AS rrname, "domain" FROM name_hour
        WHERE kind = 'dns' AND "domain" IS NOT NULL),
    carrying AS (SELECT src, "domain", array_to_string(answers, ' ') AS text, min(epoch_us(ts)) AS at_us FROM dns
        JOIN names USING (rrname) WHERE answered AND is_home(src) AND rrtype NOT IN ({_PLAIN}) AND len(answers) > 0
        GROUP BY ALL)
    SELECT src::VARCHAR AS host, "domain", list(at_us ORDER BY at_us, text) AS at_us,
        list(text ORDER BY at_us, text) AS texts
    FROM carrying WHERE at_us >= $since GROUP BY src, "domain" HAVING count(*) >= {ANSWERS_MIN}
    ORDER BY host, "domain" LIMIT {PAIRS_MAX}"""
_QUERIES = f"""
    SELECT asked.pair, count(*) FILTER (NOT coalesce(answered, FALSE)) AS asks,
        count(*) FILTER (rrtype NOT IN ({_PLAIN})) AS carrying, count(*) AS n,
        count(*) FILTER (answered AND len(answers) > 0) AS answered,
        count(*) FILTER (answered AND len(answers) > 0 AND starts_with(answers[1], '127.')) AS loopback,
        min(epoch_us(ts)) AS first, max(epoch_us(ts)) AS last
    FROM dns JOIN (SELECT DISTINCT "name" AS rrname, "domain" FROM name_hour WHERE kind = 'dns') names USING (rrname)
    JOIN asked ON src = asked.host::UUID AND asked."domain" = names."domain" GROUP BY asked.pair ORDER BY asked.pair"""


@dataclass(frozen=True, slots=True)
class Carried:
    """What one host's names under one domain carried, up and down, in their busiest ten minutes; ``names`` in all, and
    ``busy_names`` of them then."""

    host: str
    domain: str
    names: int
    busy_names: int
    up_bytes: float
    down_bytes: float

    @property
    def bytes(self) -> float:
        return self.up_bytes + self.down_bytes


@dataclass(frozen=True, slots=True)
class Queries:
    """Counts of one pair's rows: questions, rows of data-carrying types, all rows, answers, answers in 127/8."""

    asks: int = 0
    carrying: int = 0
    rows: int = 0
    answers: int = 0
    loopback: int = 0
    first_us: int = 0
    last_us: int = 0


@dataclass(frozen=True, slots=True)
class Amounts:
    """Bytes and their moments, ascending, of one pair in one direction."""

    at_us: npt.NDArray[np.int64]
    amount: npt.NDArray[np.float64]

    def until(self, end_us: int) -> tuple[float, int]:
        """The sum of the SPAN_US that ends here, and of how many."""
        inside = (self.at_us > end_us - SPAN_US) & (self.at_us <= end_us)
        return float(self.amount[inside].sum()), int(inside.sum())


NOTHING: Final = Amounts(np.zeros(0, np.int64), np.zeros(0))
Pair = tuple[str, str]


class DnsTunnel:
    """See the module's text."""

    name = "dns_tunnel"
    technique = "T1071.004"
    innocent = Text("virus scanners, block lists and content networks ask for such names too")
    tables = ("dns", "name_hour")

    def candidates(self, context: DetectorContext) -> Found:
        since = {"since": context.window.first_us}
        many = context.terms.past.rows(_MANY, since)
        few = [(chars * ROUGH_BITS / 8, pairs) for chars, pairs in context.terms.past.rows(_FEW, since)]
        carried = _carried({(host, domain): names for host, domain, names in many}, context)
        strong = [pair for pair in carried if pair.bytes >= WEAK_BYTES]
        domains = context.terms.domains(pair.domain for pair in strong)
        queries = _queries(strong, context)
        weighed = [_weighed(pair, domains[pair.domain], queries[i], context) for i, pair in enumerate(strong)]
        weak = [(pair.bytes, 1) for pair in carried if pair.bytes < WEAK_BYTES]
        values = np.array([*few, *weak, *((value, 1) for value in weighed)], float).reshape(-1, 2)
        order = sorted(range(len(strong)), key=lambda i: (-weighed[i], strong[i].host, strong[i].domain))
        found = [i for i in order if weighed[i] >= WEAK_BYTES][: context.settings.candidates_max]
        made = [_candidate(strong[i], weighed[i], domains[strong[i].domain], queries[i], context) for i in found]
        return Found(tuple(made), {self.name: Tally.of(np.log1p(values[:, 0]), values[:, 1])})


def _carried(names: dict[Pair, int], context: DetectorContext) -> list[Carried]:
    """The exact amounts of the pairs with much to say (how many names each), and of those that fetch much."""
    keys = list(names)
    up, down = _up(keys, context), _down(context)
    carried = []
    for key in sorted(up.keys() | down.keys()):
        sent, fetched = up.get(key, NOTHING), down.get(key, NOTHING)
        at = np.concatenate([sent.at_us, fetched.at_us])
        order = np.argsort(at, kind="stable")
        _, end_us = busiest(at[order], np.concatenate([sent.amount, fetched.amount])[order], SPAN_US)
        (up_bytes, busy), (down_bytes, _) = sent.until(end_us), fetched.until(end_us)
        host = address_text(UUID(key[0]))
        carried.append(Carried(host, key[1], names.get(key, 0), busy, up_bytes, down_bytes))
    return carried


def _up(keys: list[Pair], context: DetectorContext) -> dict[Pair, Amounts]:
    """What the never-before-seen names of each pair carry."""
    if not keys:
        return {}
    wanted = pa.table(
        {"pair": range(len(keys)), "host": [host for host, _ in keys], "domain": [domain for _, domain in keys]}
    )
    table = context.terms.past.arrow(_NAMES, {"since": context.window.first_us}, {"asked": wanted})
    owner = np.asarray(table.column("pair").to_numpy(), np.int64)
    at = np.asarray(table.column("at_us").to_numpy(), np.int64)
    amount = information_bytes(table.column("sub").to_pylist())
    ends = np.searchsorted(owner, np.arange(len(keys)), "right")
    starts = np.searchsorted(owner, np.arange(len(keys)), "left")
    return {
        key: Amounts(at[low:high], amount[low:high])
        for key, low, high in zip(keys, starts, ends, strict=True)
        if high > low
    }


def _down(context: DetectorContext) -> dict[Pair, Amounts]:
    """What the distinct answers of data-carrying types brought each pair."""
    rows = context.window.rows(_ANSWERS, {"since": context.window.first_us})
    return {
        (host, domain): Amounts(np.array(at_us, np.int64), information_bytes(texts))
        for host, domain, at_us, texts in rows
    }


def _queries(pairs: list[Carried], context: DetectorContext) -> list[Queries]:
    if not pairs:
        return []
    wanted = pa.table(
        {
            "pair": range(len(pairs)),
            "host": [str(address_uuid(pair.host)) for pair in pairs],
            "domain": [pair.domain for pair in pairs],
        }
    )
    found = {row[0]: Queries(*row[1:]) for row in context.window.rows(_QUERIES, tables={"asked": wanted})}
    return [found.get(index, Queries()) for index in range(len(pairs))]


def _weighed(pair: Carried, known: PeerProfile, queries: Queries, context: DetectorContext) -> float:
    """Bytes, fewer where the world or the house knows the domain, or where answers are codes of a reputation list."""
    nats = context.terms.nats(known) + (INSIDE_NATS if context.terms.home_names.holds_domain(pair.domain) else 0.0)
    if queries.answers and queries.loopback >= REPUTATION_SHARE * queries.answers:
        nats += REPUTATION_NATS
    return pair.bytes * exp(nats)


def _candidate(
    pair: Carried, weighed: float, known: PeerProfile, queries: Queries, context: DetectorContext
) -> Candidate:
    named = observable_of(None, pair.domain, context.window.homes)
    return Candidate(
        population=DnsTunnel.name,
        host=pair.host,
        peer=pair.domain,
        story=f"{pair.host} {pair.domain}",
        statistic=log1p(weighed),
        observables=(named,) if named else (),
        first_us=queries.first_us,
        last_us=queries.last_us,
        hosts=max(1, known.hosts),
        listed=known.grade >= Grade.POPULAR,
        what=_what(pair, known, queries, context),
        against=_against(pair, known, queries, context),
        why=_why(pair, known, queries, context),
        rows=RowsRef(
            "name_hour",
            (("src", pair.host), ("kind", "dns"), ("domain", pair.domain)),
            queries.first_us,
            queries.last_us,
        ),
    )


def _what(pair: Carried, known: PeerProfile, queries: Queries, context: DetectorContext) -> Text:
    domain = Text.plain(pair.domain)
    if context.terms.hosts > 1 and known.hosts <= 1:
        domain = Text("{domain}, where nobody else here asks,", domain=domain)
    facts = {
        "names": number(pair.names),
        "domain": domain,
        "since": since(queries.first_us, queries.last_us, context.window.last_us),
    }
    out = Text("one machine asked for {names} ever new names under {domain} {since}: they can carry data out")
    back = Text("one machine asked for names under {domain} {since}: the answers can carry data in")
    return joined([(out if pair.up_bytes >= pair.down_bytes else back).filled(**facts)])


def _against(pair: Carried, known: PeerProfile, queries: Queries, context: DetectorContext) -> tuple[Text, ...]:
    parts = []
    if pair.bytes < ALARM_BYTES:
        parts.append(Text("it is little: a tunnel that is at work carries more"))
    if queries.answers and queries.loopback >= REPUTATION_SHARE * queries.answers:
        parts.append(Text("it is answered as a list of bad addresses answers"))
    if context.terms.home_names.holds_domain(pair.domain):
        parts.append(OWN_DOMAIN)
    return (*parts, *known_against(pair.domain, known, context.terms, queries.first_us))


def _why(pair: Carried, known: PeerProfile, queries: Queries, context: DetectorContext) -> Text:
    up, down = number(pair.up_bytes), number(pair.down_bytes)
    text = Text("{names} never-before-seen names under {domain} carried {up} bytes out in ten minutes")
    if pair.busy_names < pair.names:
        text = Text(
            "{names} never-before-seen names under {domain}, of which {busy} carried {up} bytes out in ten minutes"
        )
    facts = {"names": number(pair.names), "busy": number(pair.busy_names), "domain": pair.domain, "up": up}
    parts = [text.filled(**facts)]
    if pair.bytes < ALARM_BYTES:
        sure = number(ALARM_BYTES)
        parts.append(Text("a weak sign: a tunnel that is at work carries {sure} or more", sure=sure))
    if pair.down_bytes >= 1:
        parts.append(Text("answers carried {down} bytes in", down=down))
    if queries.rows and queries.carrying:
        share = number(100 * queries.carrying / queries.rows)
        parts.append(Text("{share} % of types that carry data (TXT, NULL, CNAME, MX)", share=share))
    if queries.answers and queries.loopback >= REPUTATION_SHARE * queries.answers:
        parts.append(Text("answered like a reputation list"))
    return joined(parts + context.terms.said(known))
