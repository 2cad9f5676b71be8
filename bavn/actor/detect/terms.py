"""What all detectors ask of a peer, asked once: who here uses it, since when, what it is called, how well known it is.

Timing alone cannot tell a beacon from telemetry; popularity, prevalence and novelty can (DETECTION.md). In a short
capture nobody can say what is new, so novelty is unknown there, and worth nothing either way. Refuses to drop anything.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from ipaddress import ip_address
from math import log2
from typing import Any, Final

import pyarrow as pa

from bavn.actor.detect.indicators.lists import Fame
from bavn.actor.detect.queries.home_names import HomeNames, home_domains
from bavn.actor.detect.wording import number, span
from bavn.model.evidence import AGE_EDGES_DAYS
from bavn.model.intel.grades import Grade
from bavn.model.moment import DAY_US, as_us
from bavn.model.observable import Observable, ObservableType, is_internal_name
from bavn.model.ports import Window
from bavn.model.record import address_uuid
from bavn.model.text import Text

KNOWN_DAYS_MIN: Final = 7
"""Only a store that knew the actor this long before may call a peer new."""
NEW_DAYS_MAX: Final = 2
NAMES_KEPT_MAX: Final = 8
ASKED_AT_ONCE_MAX: Final = 50_000

LISTED_NATS: Final = {Grade.UNKNOWN: 0.0, Grade.KNOWN: -1.5, Grade.POPULAR: -5.0, Grade.SERVICE: -6.0}
NEW_NATS: Final = 1.2
OLD_NATS: Final = -0.8
EDGE_NATS: Final = -1.2
"""An address of a cloud or content network whose name nobody saw: three times as many among benign nameless peers (18 %
of a site's) as among nameless controllers (6 % of a family's; docs/benchmarks.md, "The ruler")."""
SHARE_FREE: Final = 0.05
"""Up to this share of the actor's hosts a peer's use says nothing; half of them cost 3.5 bits."""
SHARE_NATS_PER_BIT: Final = 1.2
HOSTS_SMALL: Final = 20
_ADDRESSES_USED: Final = """SELECT asked.peer, count(DISTINCT src), min(first_ts) FROM pair_hour
    JOIN asked ON dst = asked.stored::UUID WHERE is_home(src) GROUP BY asked.peer"""
_DOMAINS_USED: Final = """SELECT asked.peer, count(DISTINCT src), min(first_ts) FROM name_hour
    JOIN asked ON asked.peer = coalesce("domain", "name") WHERE is_home(src) GROUP BY asked.peer"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerProfile:
    """What is known of one peer. ``hosts``: own hosts that called it. ``new``: None where history is too short.
    ``names``: what it was resolved, greeted or asked as here, at most NAMES_KEPT_MAX."""

    hosts: int
    first_us: int
    new: bool | None
    names: tuple[str, ...]
    grade: Grade
    edge: bool


UNSEEN: Final = PeerProfile(hosts=0, first_us=0, new=None, names=(), grade=Grade.UNKNOWN, edge=False)


class Terms:
    """The shared terms of one window; ``history`` may reach further back than the window. Answers are remembered."""

    def __init__(
        self,
        window: Window,
        lists: Callable[[], Fame],
        history: Window | None = None,
        home_domains: tuple[str, ...] = (),
    ) -> None:
        self._window = window
        self._named_home = home_domains
        self.past = history or window
        self._load = lists
        self._addresses: dict[str, PeerProfile] = {}
        self._domains: dict[str, PeerProfile] = {}

    @cached_property
    def lists(self) -> Fame:
        """Loaded at the first question only."""
        return self._load()

    @cached_property
    def home_names(self) -> HomeNames:
        """The actor's own names: those of its settings, and of its directory as its traffic shows it."""
        return HomeNames(tuple(sorted({*self._named_home, *home_domains(self._window)})))

    @cached_property
    def hosts(self) -> int:
        """Own hosts that called anybody in the window; at least 1."""
        sql = """SELECT count(*)
            FROM (SELECT src FROM pair_hour WHERE is_home(src) UNION SELECT src FROM name_hour WHERE is_home(src))"""
        return max(1, int(self._window.rows(sql)[0][0]))

    @cached_property
    def known_from_us(self) -> int:
        """From here on the past can be asked."""
        return max(self.past.first_us, self.past.known_from_us)

    def addresses(self, asked: Iterable[str]) -> dict[str, PeerProfile]:
        """What is known of these addresses (texts in their usual form)."""
        return self._answers(asked, self._addresses, self._ask_addresses)

    def domains(self, asked: Iterable[str]) -> dict[str, PeerProfile]:
        """What is known of these names, by the registered domain or, where there is none, the name itself."""
        return self._answers(asked, self._domains, self._ask_domains)

    def _answers(
        self, asked: Iterable[str], memory: dict[str, PeerProfile], ask: Callable[[list[str]], dict[str, PeerProfile]]
    ) -> dict[str, PeerProfile]:
        wanted = sorted(set(asked))
        missing = [peer for peer in wanted if peer not in memory]
        for at in range(0, len(missing), ASKED_AT_ONCE_MAX):
            some = missing[at : at + ASKED_AT_ONCE_MAX]
            answers = ask(some)
            memory.update({peer: answers.get(peer, UNSEEN) for peer in some})
        return {peer: memory[peer] for peer in wanted}

    def _ask_addresses(self, addresses: list[str]) -> dict[str, PeerProfile]:
        numbers = {text: address_uuid(text) for text in addresses}
        table = pa.table({"peer": addresses, "stored": [str(stored) for stored in numbers.values()]})
        used = self._rows_by_peer(_ADDRESSES_USED, table)
        names = self._names_of(addresses, table)
        profiles = {}
        for text in addresses:
            hosts, first = used.get(text, (0, None))
            grade = self.lists.address_grade(numbers[text].int)
            if text in names:
                # As unpopular as its least popular name: an attacker behind a shared edge is not made innocent by it.
                grade = max(grade, min(self.lists.name_grade(name) for name in names[text]))
            profiles[text] = self._known(
                hosts, first, names.get(text, ()), grade, self.lists.is_edge(numbers[text].int)
            )
        return profiles

    def _names_of(self, asked: list[str], table: pa.Table) -> dict[str, tuple[str, ...]]:
        """Names under which these addresses were resolved, greeted (SNI) or asked (Host) in the window."""
        spellings = [(form, text) for text in asked for form in {text, ip_address(text).exploded}]
        spelled = pa.table({"form": [form for form, _ in spellings], "peer": [text for _, text in spellings]})
        sql = f"""
            WITH called AS (
                SELECT asked.peer, sni AS "name" FROM tls JOIN asked ON dst = asked.stored::UUID WHERE sni IS NOT NULL
                UNION SELECT asked.peer, host FROM http JOIN asked ON dst = asked.stored::UUID WHERE host IS NOT NULL
                UNION SELECT spelled.peer, rrname FROM (SELECT rrname, unnest(answers) AS form FROM dns
                    WHERE answered AND rrname IS NOT NULL) JOIN spelled USING (form))
            SELECT peer, list(DISTINCT "name" ORDER BY "name")[:{NAMES_KEPT_MAX}] FROM called GROUP BY peer"""
        rows = self._window.rows(sql, tables={"asked": table, "spelled": spelled})
        useful = {peer: tuple(name for name in names if _says_something(name)) for peer, names in rows}
        return {peer: names for peer, names in useful.items() if names}

    def _ask_domains(self, domains: list[str]) -> dict[str, PeerProfile]:
        used = self._rows_by_peer(_DOMAINS_USED, pa.table({"peer": domains}))
        return {
            name: self._known(*used.get(name, (0, None)), (name,), self.lists.name_grade(name), edge=False)
            for name in domains
        }

    def _rows_by_peer(self, sql: str, table: pa.Table) -> dict[str, tuple[int, Any]]:
        return {peer: (int(hosts), first) for peer, hosts, first in self.past.rows(sql, tables={"asked": table})}

    def _known(
        self, hosts: int, first: datetime | None, names: tuple[str, ...], grade: Grade, edge: bool
    ) -> PeerProfile:
        first_us = as_us(first.replace(tzinfo=UTC)) if first is not None else 0
        return PeerProfile(hosts=hosts, first_us=first_us, new=self._new(first_us), names=names, grade=grade, edge=edge)

    def first_uses(self, observables: Iterable[Observable]) -> dict[Observable, int]:
        """Since when own hosts have used each of these names and addresses, in us. Only of those whose first use can
        be dated: the past was known for KNOWN_DAYS_MIN before it, or it lies further back than any step of ages."""
        given = set(observables)
        domains = {name.value: name for name in given if name.type is ObservableType.DOMAIN}
        kinds = (ObservableType.IP4, ObservableType.IP6)
        addresses = {address.value: address for address in given if address.type in kinds}
        first: dict[Observable, int] = {}
        for named, sql, table in (
            (domains, _DOMAINS_USED, {"peer": list(domains)}),
            (
                addresses,
                _ADDRESSES_USED,
                {"peer": list(addresses), "stored": [str(address_uuid(a)) for a in addresses]},
            ),
        ):
            if named:
                rows = self._rows_by_peer(sql, pa.table(table))
                first |= {named[peer]: as_us(at.replace(tzinfo=UTC)) for peer, (_, at) in rows.items()}
        return {element: at for element, at in first.items() if self._is_dated(at)}

    def _is_dated(self, first_us: int) -> bool:
        old = self._window.last_us - first_us > AGE_EDGES_DAYS[-1] * DAY_US
        return old or first_us - self.known_from_us >= KNOWN_DAYS_MIN * DAY_US

    def _new(self, first_us: int) -> bool | None:
        """True: unknown for at least KNOWN_DAYS_MIN before, and first seen within NEW_DAYS_MAX of the window's end."""
        if first_us == 0:
            return None
        age_us = self._window.last_us - first_us
        if age_us <= NEW_DAYS_MAX * DAY_US and first_us - self.known_from_us >= KNOWN_DAYS_MIN * DAY_US:
            return True
        return False if age_us >= KNOWN_DAYS_MIN * DAY_US else None

    def oldest(self, profile: PeerProfile, others: Iterable[PeerProfile]) -> PeerProfile:
        """The same, as old as the oldest of what one peer goes by (its name, its other addresses)."""
        firsts = [one.first_us for one in (profile, *others) if one.first_us]
        first_us = min(firsts, default=0)
        return profile if first_us == profile.first_us else replace(profile, first_us=first_us, new=self._new(first_us))

    def nats(self, known: PeerProfile) -> float:
        """What popularity, prevalence and novelty add to a candidate's statistic; 0 for what nothing is known of."""
        share = max(0.0, known.hosts - 1) / max(self.hosts, HOSTS_SMALL)
        novelty = 0.0 if known.new is None else NEW_NATS if known.new else OLD_NATS
        edge = EDGE_NATS if known.edge and not known.names and known.grade is Grade.UNKNOWN else 0.0
        return LISTED_NATS[known.grade] + edge - SHARE_NATS_PER_BIT * log2(1 + share / SHARE_FREE) + novelty

    def said(self, known: PeerProfile) -> list[Text]:
        """The same as parts of a sentence."""
        total = max(self.hosts, known.hosts, 1)
        parts = [Text("the only host here uses it")]
        if total > 1:
            parts = [
                Text.counted(
                    "{count:,} of {total} hosts uses it",
                    "{count:,} of {total} hosts use it",
                    max(1, known.hosts),
                    total=number(total),
                )
            ]
        if known.new is not None:
            age = span(max(0, self._window.last_us - known.first_us))
            parts.append(Text("first seen {age} ago", age=age))
        if known.grade >= Grade.POPULAR:
            parts.append(Text("on a popularity or warning list, so weighed down"))
        return parts


def _says_something(name: str) -> bool:
    """False for names that name no one outside: addresses written as names, and internal ones."""
    try:
        ip_address(name)
    except ValueError:
        return "." in name and not is_internal_name(name)
    return False
