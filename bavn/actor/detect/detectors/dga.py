"""Names made by a machine: a client that asks for ever new domains that do not exist.

Sees: domains new to the client that nobody registered (NXDOMAIN), one after the other: each steps a walk up, the more
surprising its letters the higher, each new domain that does exist steps it down. Alarm at the fourth name of letters at
random, at the seventh of words (generation algorithms of either kind), a little later where some of them exist.

Misses: an algorithm whose first few names exist; one that asks for fewer than seven names of words a day; names under
suffixes that nobody has heard of; what asks through an encrypted resolver or a proxy; a mail server's own implant.

Innocent: programs whose makers let their domains go, ad blockers that answer NXDOMAIN, search suffixes, crawlers, mail
servers (exempt: they ask for every sender's domain), resolvers that ask for others (exempt: their clients are seen).

Do first: look the names up: one that does exist and was asked for in the same hour is where the implant goes; ask which
program on the host asks; see whether other hosts ask for the same names.
"""

from dataclasses import dataclass
from math import log
from typing import Final
from uuid import UUID

import pyarrow as pa

from bavn.actor.detect.base import Candidate, DetectorContext, Found
from bavn.actor.detect.calibrate import Tally
from bavn.actor.detect.queries.peers import observable_of
from bavn.actor.detect.statistics.made_names import DOWN_NATS, DomainLookup, Walked, made_up, step_nats, walked
from bavn.actor.detect.statistics.surprise import surprise_bits
from bavn.actor.detect.telling import in_time
from bavn.actor.detect.wording import joined, number, span
from bavn.model.intel.grades import Grade
from bavn.model.record import address_text
from bavn.model.suspicion import RowsRef
from bavn.model.text import Text

ALARM_NATS: Final = log(0.99 / 0.01)
NAMES_MIN: Final = 3
BLOCK_NAMES: Final = 10
"""What a walk is ranked among: the highest point in each ten new domains of a client."""
NAMES_MAX: Final = 1_000_000
OBSERVABLES_MAX: Final = 8
MAIL_DOMAINS_MIN: Final = 3
SHARE_FREE: Final = 0.05

_TYPES: Final = "('A', 'AAAA', 'HTTPS', 'TXT', 'CNAME', 'ANY')"
_NAMES: Final = """
    names AS (SELECT DISTINCT "name" AS rrname, "domain" FROM name_hour WHERE kind = 'dns' AND "domain" IS NOT NULL)"""
_LOST: Final = f"""
    WITH {_NAMES},
    nx AS (SELECT src, "domain", min(epoch_us(ts)) AS at_us FROM (SELECT * FROM dns WHERE answered
        AND rcode = 'NXDOMAIN' AND rrtype IN {_TYPES} AND is_home(src)) JOIN names USING (rrname)
        GROUP BY src, "domain"),
    lost AS (SELECT DISTINCT "domain" FROM nx),
    alive AS (SELECT DISTINCT "domain", TRUE AS known FROM dns JOIN (SELECT names.* FROM names JOIN lost
        USING ("domain")) USING (rrname) WHERE answered AND rcode = 'NOERROR')
    SELECT src::VARCHAR AS host, "domain", at_us FROM nx LEFT JOIN alive USING ("domain") WHERE known IS NULL
    ORDER BY at_us DESC, host, "domain" LIMIT {NAMES_MAX}"""
_EXEMPT: Final = f"""
    SELECT DISTINCT host::VARCHAR FROM (
        SELECT dst AS host FROM pair_hour WHERE is_home(dst) AND proto = 'tcp' AND dst_port IN (25, 465, 587)
            AND answered > 0
        UNION ALL SELECT src FROM dns WHERE rrtype = 'MX' AND is_home(src) GROUP BY src
            HAVING count(DISTINCT rrname) >= {MAIL_DOMAINS_MIN}
        UNION ALL SELECT dst FROM dns WHERE is_home(src) AND is_home(dst) AND src <> dst)"""
_FIRST: Final = f"""
    SELECT name_hour.src::VARCHAR AS host, "domain", min(epoch_us(first_ts)) AS at_us FROM name_hour
    JOIN asked ON src = asked.host::UUID WHERE kind = 'dns' AND "domain" IS NOT NULL
    GROUP BY name_hour.src, "domain" ORDER BY at_us, host, "domain" LIMIT {NAMES_MAX}"""
_COUNTS: Final = """
    SELECT src::VARCHAR AS host, count(DISTINCT "domain") AS n FROM name_hour
    WHERE kind = 'dns' AND "domain" IS NOT NULL AND is_home(src) GROUP BY src ORDER BY host"""


@dataclass(frozen=True, slots=True)
class Client:
    """One host's walk over its new domains."""

    host: str
    walk: Walked


class Dga:
    """See the module's text."""

    name = "dga"
    technique = "T1568.002"
    innocent = Text("a program whose maker let its names go, or an ad blocker, asks for such names too")
    tables = ("dns", "name_hour", "pair_hour")

    def candidates(self, context: DetectorContext) -> Found:
        exempt = {row[0] for row in context.window.rows(_EXEMPT)}
        lost = _lost(context, exempt)
        busy = sorted(host for host, steps in lost.items() if len(steps) >= NAMES_MIN)
        clients = [Client(host, walked(names, BLOCK_NAMES)) for host, names in _sequences(busy, lost, context).items()]
        strong = [client for client in clients if client.walk.top_nats >= ALARM_NATS]
        strong.sort(key=lambda client: (-client.walk.top_nats, client.host))
        made = [_candidate(client, context) for client in strong[: context.settings.candidates_max]]
        return Found(tuple(made), {self.name: _population(clients, lost, exempt, context)})


def _lost(context: DetectorContext, exempt: set[str]) -> dict[str, dict[str, float]]:
    """For each client the domains that nobody registered, and how high each steps: lower where many hosts ask for it.
    Names on a list exist, whatever the resolver says; names inside are nobody's business."""
    rows = [
        (host, domain)
        for host, domain, _ in context.window.rows(_LOST)
        if host not in exempt and made_up(domain) and not context.terms.home_names.holds_domain(domain)
    ]
    known = context.terms.domains(domain for _, domain in rows)
    steps: dict[str, dict[str, float]] = {}
    for host, domain in rows:
        if known[domain].grade is Grade.UNKNOWN:
            share = max(0, known[domain].hosts - 2) / context.terms.hosts
            steps.setdefault(host, {})[domain] = _step(domain) / (1 + share / SHARE_FREE)
    return steps


def _step(domain: str) -> float:
    return step_nats(surprise_bits(domain.partition(".")[0]))


def _sequences(
    busy: list[str], lost: dict[str, dict[str, float]], context: DetectorContext
) -> dict[str, list[DomainLookup]]:
    """Every new domain of these clients in order, with its step."""
    if not busy:
        return {}
    lookups: dict[str, list[DomainLookup]] = {host: [] for host in busy}
    rows = context.window.rows(_FIRST, tables={"asked": pa.table({"host": busy})})
    others = {domain for host, domain, _ in rows if domain not in lost[host]}
    known = context.terms.domains(others)
    for host, domain, at_us in rows:
        step = lost[host].get(domain)
        if step is None:
            step = DOWN_NATS if known[domain].grade is Grade.UNKNOWN and made_up(domain) else 0.0
        lookups[host].append(DomainLookup(at_us, domain, step))
    return lookups


def _population(
    clients: list[Client], lost: dict[str, dict[str, float]], exempt: set[str], context: DetectorContext
) -> Tally:
    """The highest point of each ten new domains of a client; calm clients by the sum of their few steps."""
    values = [height for client in clients for height in client.walk.blocks]
    counts = [1] * len(values)
    walked_hosts = {client.host for client in clients}
    for host, names in context.window.rows(_COUNTS):
        if host not in exempt and host not in walked_hosts:
            few = sum(lost.get(host, {}).values())
            blocks = -(-names // BLOCK_NAMES)
            values += [few, 0.0]
            counts += [1, blocks - 1]
    return Tally.of(values, counts)


def _candidate(client: Client, context: DetectorContext) -> Candidate:
    walk, host = client.walk, address_text(UUID(client.host))
    telling = sorted(walk.run, key=lambda asked: (-surprise_bits(asked.domain.partition(".")[0]), asked.domain))
    named = [observable_of(None, asked.domain, context.window.homes) for asked in telling[:OBSERVABLES_MAX]]
    return Candidate(
        population=Dga.name,
        host=host,
        peer=telling[0].domain,
        story=host,
        statistic=walk.top_nats,
        observables=tuple(one for one in named if one is not None),
        what=_what(walk, telling[0].domain),
        first_us=walk.run[0].at_us,
        last_us=walk.run[-1].at_us,
        hosts=max(1, context.terms.domains([telling[0].domain])[telling[0].domain].hosts),
        listed=False,
        why=_why(walk, telling[0].domain),
        rows=RowsRef("dns", (("src", host), ("rcode", "NXDOMAIN")), walk.run[0].at_us, walk.run[-1].at_us),
        walk_nats=walk.total_nats,
    )


def _what(walk: Walked, plainest: str) -> Text:
    names, time = number(len(walk.run)), in_time(walk.run[0].at_us, walk.run[-1].at_us)
    return joined(
        [
            Text(
                "one machine asked for {names} names that do not exist {time}, as if a program had made them up,"
                " {plainest} most plainly so",
                names=names,
                time=time,
                plainest=plainest,
            )
        ]
    )


def _why(walk: Walked, plainest: str) -> Text:
    names, lasted = number(len(walk.run)), span(walk.run[-1].at_us - walk.run[0].at_us)
    shown = ", ".join(asked.domain for asked in walk.run[-3:])
    bits = number(sum(surprise_bits(asked.domain.partition(".")[0]) for asked in walk.run) / len(walk.run), 1)
    height = number(walk.top_nats, 1)
    return joined(
        [
            Text(
                "{names} new domains that do not exist in {lasted}, such as {shown}",
                names=names,
                lasted=lasted,
                shown=shown,
            ),
            Text("the letters of {plainest} are the least like those of a chosen name", plainest=plainest),
            Text("{bits} bits a letter (chosen names 3.8, letters at random 5.8)", bits=bits),
            Text("added up they weigh {height}, and an alarm is raised at 4.6", height=height),
        ]
    )
