"""Brute force: a source that guesses at log-ons, or many that each guess a little.

Sees: failed log-ons to Kerberos, SMB, HTTP and SSH where the records tell the outcome, and short connections to SSH,
RDP, FTP, telnet and VNC where they do not, on whatever port: more failures than the source's own past explains, many
names from one source (spraying), many targets, and many strange sources at one service, each of a few tries.

Misses: LDAP and database log-ons, log-on forms that answer 200, what is inside an encrypted connection that stays open
for many guesses; a spread attack on a service that as many strangers try every day anyhow; one guess a week.

Innocent: a program or telephone with last month's password, a locked account, monitoring that only greets; on the open
internet everybody is guessed at all day. An address from outside weighs less than a host of one's own; those of a day
of which none got in are one line.

Do first: see whether a guess succeeded, from that source or for that name; lock the account or close the service to the
world; inside, ask who works at the source.
"""

from collections import defaultdict
from dataclasses import dataclass, replace
from ipaddress import ip_address, ip_network
from math import log
from typing import Final

from bavn.actor.detect.base import Advice, Candidate, DetectorContext, Found
from bavn.actor.detect.calibrate import Tally
from bavn.actor.detect.queries.crowds import Crowd, known_crowds
from bavn.actor.detect.queries.peers import observable_of
from bavn.actor.detect.queries.tries import TRIES_SQL
from bavn.actor.detect.statistics.chance import beta_binomial_nats
from bavn.actor.detect.telling import in_time, times
from bavn.actor.detect.terms import KNOWN_DAYS_MIN
from bavn.actor.detect.wording import joined, number
from bavn.model.record import address_text
from bavn.model.suspicion import GUESSES, RowsRef
from bavn.model.text import Text

STATISTIC_MIN: Final = 3.0
"""Three tries of which all failed, or eight connections without a session, are below this."""
ROWS_MAX: Final = 200_000
SURE, GUESSED = (0.5, 1.5), (1.0, 1.0)
"""Beta(a, b) of the chance that a try fails where nothing is known: one in four, and anything at all."""
PAST_TRIES_MAX: Final = 50.0
"""The past makes nobody surer than so many tries would: habits change."""
BUSY_MIN: Final = 5
"""Failures in ten minutes that a person makes."""
BUSY_NATS_MAX: Final = 4.0
NAMES_MIN, TARGETS_MIN = 3, 3
SERVICES: Final = {"krb5": "Kerberos", "telnet": "telnet"}
"""How a service is written where it is not in capitals."""
SPREAD_NATS: Final = 1.5
HABIT_DAYS_MIN: Final = 5
HABIT_GROWTH_MAX: Final = 3.0
HABIT_SHARE: Final = 0.25
"""What is left of a source that fails on so many days over a week about as often, under a name or two, at one machine:
a program with last month's password. Its first days were told of."""
INWARD_P_TIMES: Final = 10.0


ADVICE: Final = {
    "guess": Advice(
        Text("a program or telephone that still has last month's password fails like this"),
        Text("see whether a try succeeded; ask who works at the machine, or which program on it has an old password"),
    ),
    "spray": Advice(
        Text("a server that logs people on fails like this when the directory is out of order"),
        Text("see whether a try succeeded for one of the names, and give those a new password"),
    ),
    "unsure": Advice(
        Text("monitoring that only greets hangs up like this"),
        Text("see at the other end whether a try succeeded; ask who works at the machine"),
    ),
    "inward": Advice(
        Text("whoever can be reached from the internet is guessed at all day long"),
        Text("see whether a try succeeded; close the service to the world, or ask for more than a password"),
    ),
}
"""By kind."""
SURELY_IN: Final = Text(
    "it was let in after it had failed: see under which name, give that a new password,"
    " and see what was done there since"
)
MAYBE_IN: Final = Text("see whether it was let in at last, under which name, and what was done there since")


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One source's tries at one service on one day (number since 1970). ``later``: those that did not fail after the
    first failure; none of the others is known to be a guess that was right."""

    service: str
    source: str
    outward: bool
    day: int
    sure: bool
    tries: int
    failed: int
    targets: int
    names: int
    busiest: int
    target: str
    first_us: int
    last_us: int
    later: int = 0
    nats: float = 0.0

    @property
    def earlier(self) -> int:
        """How many did not fail before the first failure."""
        return self.tries - self.failed - self.later


class BruteForce:
    """See the module's text."""

    name = "bruteforce"
    technique = "T1110"
    innocent = ADVICE["guess"].innocent
    tables = ("flow", "krb5", "smb", "http", "ssh")

    def candidates(self, context: DetectorContext) -> Found:
        days = _days(context)
        best: dict[tuple[str, str], Day] = {}
        for day in days:
            key = day.service, day.source
            if key not in best or (day.nats, -day.day) > (best[key].nats, -best[key].day):
                best[key] = day
        populations: dict[str, Tally] = {}
        for outward in (True, False):
            values = [day.nats for _, day in sorted(best.items()) if day.outward is outward]
            if values:
                populations[_population(outward)] = Tally.of(values)
        candidates = [_candidate(day, context) for _, day in sorted(best.items()) if day.nats >= STATISTIC_MIN]
        candidates += [_crowd(crowd, context) for crowd in known_crowds(context) if crowd.nats >= STATISTIC_MIN]
        candidates.sort(key=lambda candidate: (-candidate.statistic, candidate.story))
        return Found(tuple(candidates[: context.settings.candidates_max]), populations)


def _population(outward: bool) -> str:
    return "bruteforce.out" if outward else "bruteforce.in"


def _allowed(host: str, context: DetectorContext) -> bool:
    address = ip_address(host)
    return any(address in ip_network(text, strict=False) for text in context.settings.allowed_scanners)


def _days(context: DetectorContext) -> list[Day]:
    """Every source's days, each weighed against the days before."""
    by_source: dict[tuple[str, str], list[Day]] = defaultdict(list)
    for row in context.window.rows(TRIES_SQL, {"limit": ROWS_MAX}):
        service, source, outward, day, sure, tries, failed, targets, names, busiest, target, first, last, later = row
        tried_day = Day(
            service=service,
            source=address_text(source),
            outward=bool(outward),
            day=int(day),
            sure=bool(sure),
            tries=int(tries),
            failed=int(failed),
            targets=int(targets),
            names=int(names),
            busiest=int(busiest),
            target=address_text(target),
            first_us=int(first),
            last_us=int(last),
            later=int(later),
        )
        by_source[service, tried_day.source].append(tried_day)
    every: list[Day] = []
    for (_, source), days in sorted(by_source.items()):
        if not _allowed(source, context):
            every += weighed(sorted(days, key=lambda day: day.day))
    return every


def weighed(days: list[Day]) -> list[Day]:
    """The days of one source at one service, in order. A day that was strange teaches nothing."""
    good = bad = 0.0
    weighed = []
    for day in days:
        a, b = SURE if day.sure else GUESSED
        scale = min(1.0, PAST_TRIES_MAX / max(1.0, good + bad))
        nats = beta_binomial_nats(day.failed, day.tries, a + scale * bad, b + scale * good)
        if nats > 0:
            nats += min(BUSY_NATS_MAX, log(max(1.0, day.busiest / BUSY_MIN)))
            nats += SPREAD_NATS * ((day.names >= NAMES_MIN) + (day.sure and day.targets >= TARGETS_MIN))
        weighed.append(Day(**{slot: getattr(day, slot) for slot in Day.__slots__} | {"nats": nats}))
        if nats < STATISTIC_MIN:
            good, bad = good + day.tries - day.failed, bad + day.failed
    if _is_habit(weighed):
        return [replace(day, nats=HABIT_SHARE * day.nats) for day in weighed]
    return weighed


def _is_habit(days: list[Day]) -> bool:
    failed = sorted(day.failed for day in days if day.failed)
    if len(failed) < HABIT_DAYS_MIN or days[-1].day - days[0].day < KNOWN_DAYS_MIN:
        return False
    if failed[-1] > HABIT_GROWTH_MAX * failed[len(failed) // 2]:
        return False
    return all(day.names < NAMES_MIN and day.targets <= 1 for day in days) and len({d.target for d in days}) == 1


def _candidate(day: Day, context: DetectorContext) -> Candidate:
    outer = day.target if day.outward else day.source
    observable = observable_of(None, outer, context.window.homes)
    many = day.targets > 1
    return Candidate(
        population=_population(day.outward),
        host=day.source if day.outward else day.target,
        peer=(day.service if many else day.target) if day.outward else day.source,
        story=f"{'out' if day.outward else 'in'} {day.service} {day.source}",
        statistic=day.nats,
        observables=(observable,) if observable and not (day.outward and many) else (),
        first_us=day.first_us,
        last_us=day.last_us,
        hosts=1 if day.outward else max(1, day.targets),
        listed=False,
        what=_what(day),
        against=_against(day),
        advice=_advice(day),
        why=_why(day),
        rows=RowsRef(_table(day.service), (("src", day.source),), day.first_us, day.last_us),
        technique="T1110.003" if day.names >= NAMES_MIN or day.targets >= TARGETS_MIN else "T1110.001",
        p_times=1.0 if day.outward else INWARD_P_TIMES,
        # One that got in is no noise of the internet's.
        knock="" if day.outward or day.failed < day.tries else f"{GUESSES}{_named(day.service)}",
    )


def _named(service: str) -> str:
    """As people write it."""
    return SERVICES.get(service, service.upper())


def _table(service: str) -> str:
    return service if service in ("krb5", "smb", "http", "ssh") else "flow"


def _what(day: Day) -> Text:
    facts = {
        "who": Text("one machine") if day.outward else Text("{source}, somebody outside,", source=day.source),
        "failed": times(day.failed),
        "where": Text("{count} machines", count=number(day.targets)) if day.targets > 1 else Text.plain(day.target),
        "service": _named(day.service),
        "names": number(day.names),
        "time": in_time(day.first_us, day.last_us),
    }
    if not day.sure:
        text = Text("{who} called {where} ({service}) {failed} {time} and hung up at once, as a password guesser would")
    elif day.names >= NAMES_MIN:
        text = Text("{who} failed {failed} to log on to {where} ({service}) {time}, under {names} names")
    else:
        text = Text("{who} failed {failed} to log on to {where} ({service}) {time}")
    text = text.filled(**facts)
    if day.later:
        text = _got_in(day).filled(sentence=text, times=times(day.later))
    return joined([text])


def _got_in(day: Day) -> Text:
    """What came after the failures. A page that is given and a connection that lasts need be no right guess."""
    if not day.sure:
        return Text("{sentence}; after that it stayed on {times}, as whoever is let in does")
    if day.service == "http":
        return Text("{sentence}; after that it was given what it asked for {times}")
    return Text("{sentence}; after that it was let in {times}")


def _against(day: Day) -> tuple[Text, ...]:
    parts = []
    if not day.outward:
        parts.append(ADVICE["inward"].innocent)
    if day.earlier:
        text = Text("before the first of them failed, it had been let in {times}", times=times(day.earlier))
        parts.append(text)
    return tuple(parts)


def _advice(day: Day) -> Advice:
    """A guess that may have been right is the first thing to look at."""
    if day.later:
        return replace(_kind(day), look_first=SURELY_IN if day.sure and day.service != "http" else MAYBE_IN)
    return _kind(day)


def _kind(day: Day) -> Advice:
    if not day.outward:
        return ADVICE["inward"]
    return ADVICE["unsure" if not day.sure else "spray" if day.names >= NAMES_MIN else "guess"]


def _crowd_said(crowd: Crowd) -> Text:
    facts = {
        "count": number(crowd.sources),
        "service": _named(crowd.service),
        "time": in_time(crowd.first_us, crowd.last_us),
    }
    said = Text("{count} strangers tried to log on to one machine ({service}) {time}, a few times each; none got in")
    return joined([said.filled(**facts)])


def _why(day: Day) -> Text:
    failed, tries, busiest = number(day.failed), number(day.tries), number(day.busiest)
    where = Text.plain(day.target)
    if day.targets > 1:
        count = number(day.targets)
        where = Text("{count} machines", count=count)
    verb = Text("failed") if day.sure else Text("ended without a session")
    parts = [
        Text(
            "{source} tried to log on to {service} at {where} {tries} times in a day, {failed} {verb}",
            source=day.source,
            service=day.service,
            where=where,
            tries=tries,
            failed=failed,
            verb=verb,
        )
    ]
    if day.busiest > BUSY_MIN:
        parts.append(Text("{busiest} of them within ten minutes", busiest=busiest))
    if day.names >= NAMES_MIN:
        names = number(day.names)
        parts.append(Text("under {names} names", names=names))
    return joined(parts)


def _crowd(crowd: Crowd, context: DetectorContext) -> Candidate:
    outside = [observable_of(None, source, context.window.homes) for source in crowd.some]
    observables = tuple(found for found in outside if found is not None)
    count = number(crowd.sources)
    return Candidate(
        population=_population(outward=False),
        host=crowd.target,
        peer=crowd.service,
        story=f"many {crowd.service} {crowd.target}",
        statistic=crowd.nats,
        observables=observables,
        first_us=crowd.first_us,
        last_us=crowd.last_us,
        hosts=1,
        listed=False,
        what=_crowd_said(crowd),
        advice=ADVICE["inward"],
        why=joined(
            [
                Text(
                    "{count} sources that never got in tried {service} at {target} in a day, a few times each",
                    count=count,
                    service=crowd.service,
                    target=crowd.target,
                )
            ]
        ),
        rows=RowsRef(_table(crowd.service), (("dst", crowd.target),), crowd.first_us, crowd.last_us),
        technique="T1110.003",
        exact_p=crowd.p,
    )
