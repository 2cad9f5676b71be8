"""Signatures: Suricata's alerts and matches of Sigma rules, as stories ranked by how rare rule and source are here.

Sees: every alert and every match, whatever its rule. All alerts of a host about one peer are one suspicion; so is a
rule that a host raises about many peers, and so is one category of what the internet tries at a host. A Sigma rule of
level low or informational, or that many hosts match, is one suspicion for all of them. Grave categories, high levels,
rules that few hosts here raise, sources that seldom raise any, and several rules at once stand first. Matches of Sigma
rules are ranked among themselves: many of them tell what is usual.

Misses: what no loaded rule names; with no rules loaded, all.

Innocent: rules of policy and information (below all others by their severity; weakest where they are about an own
machine or a broadcast), top-level domains and fingerprints that adware shares, scanners from the
internet that try every exploit at every door. Rules that many hosts raise or that a host raises day after day weigh
less, and so do alerts about peers that the world uses.

Do first: read the rule and see whether the host answers to what it looks for; see what the host did next.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import log2
from typing import Any, Final

from bavn.actor.detect.base import Advice, Candidate, DetectorContext, Found
from bavn.actor.detect.calibrate import Tally
from bavn.actor.detect.indicators.rule_memory import Folded
from bavn.actor.detect.indicators.sigma_alerts import LEVEL_NATS, number_of
from bavn.actor.detect.queries.open_flows import AGE_RULES
from bavn.actor.detect.queries.peers import as_address, observable_of, one_peer
from bavn.actor.detect.telling import fame, place, since, times
from bavn.actor.detect.terms import HOSTS_SMALL, KNOWN_DAYS_MIN, NEW_NATS, OLD_NATS, PeerProfile
from bavn.actor.detect.wording import joined, number
from bavn.model.intel.own_rules import is_own_number
from bavn.model.moment import DAY_US, as_us
from bavn.model.record import address_text
from bavn.model.suspicion import RowsRef
from bavn.model.text import Text
from bavn.psi.ordinary import Ordinary, alert_kind

ADVICE: Final = {
    "many": Advice(
        Text("what many machines do at once is mostly how things are here"),
        Text("read the rule, and ask what those machines have in common"),
    ),
    "outward": Advice(
        Text("rules of policy and information raise alerts about harmless programs too"),
        Text("read the rule; ask which program on the machine said it, and see what the machine did next"),
    ),
    "inward": Advice(
        Text("whoever can be reached from the internet is scanned all day long"),
        Text("read the rule; see whether the machine has what it looks for, and whether it answered"),
    ),
}
"""By who said what matched."""
PEERS_MAX: Final = 3
"""A rule that a host raises about more peers than this is about the host, not about them."""
HOSTS_MAX: Final = 3
"""A Sigma rule that more hosts match than this is about the rule, not about them."""
_SHARED: Final = "shared: "
"""Alerts of Bavn's own rules are a story of their own: they say that a shared indicator was met, and no more."""

_SIGMA: Final = "sigma"
SIGMA: Final = "signature.sigma"
"""The population of Sigma rules' matches."""
GROUPS_MAX: Final = 100_000
NATS_PER_BIT: Final = 0.4
HABIT_DAYS_MIN: Final = 4
HABIT_NATS: Final = -1.5
FURTHER_NATS, FURTHER_NATS_MAX = 0.5, 2.0
STORIES_FREE: Final = 3
SOURCE_NATS_PER_BIT: Final = 0.7
"""A host with more stories than this raises alerts at all it does: each of them weighs less."""
FAME_SHARE: Final = 0.4
"""Fame of the peer counts, but less than for what only looks odd: a rule names what it found."""
_OWN_ADDRESS: Final = "external ip"
"""Fame says nothing of a rule that was written about famous services: those that tell who asks their own address."""
INWARD_P_TIMES: Final = 3.0
NAMED_MAX: Final = 3
SEVERITY_NATS: Final = {1: 1.5, 2: 0.5}
_SET: Final = re.compile(r"(?:ET|ETPRO|GPL) ([A-Z][A-Z0-9_]+) ")
"""How Emerging Threats and Snort's old community begin a rule's name: with the set that it belongs to."""
_WARNING_SETS: Final = frozenset(
    ("ATTACK_RESPONSE", "COINMINER", "EXPLOIT_KIT", "MALWARE", "MOBILE_MALWARE", "PHISHING", "TROJAN", "WORM")
)
_INFORMING_SETS: Final = frozenset(("CHAT", "GAMES", "ICMP_INFO", "INAPPROPRIATE", "INFO", "JA3", "P2P", "POLICY"))

_GRAVE: Final = (
    "trojan",
    "malware",
    "command and control",
    "c2",
    "administrator privilege",
    "user privilege",
    "exploit",
    "phish",
    "credential",
    "web application attack",
    "successful",
    "executable code was detected",
    "crypto currency",
    "ransom",
    "targeted",
    "denial of service",
)
_MILD: Final = (
    "not suspicious",
    "misc activity",
    "protocol command decode",
    "corporate privacy",
    "unknown traffic",
    "potentially bad",
    "icmp event",
    "policy",
    "unusual client",
)
GRAVE_NATS, MILD_NATS = 2.0, -1.0
ASIDE_NATS: Final = -2.0
"""What only informs, and is about the actor's own machine or about nobody (a broadcast): no policy of the border."""
_LATERAL: Final = "lateral movement"
"""But rules that were written about the inside."""
WEAK_NATS: Final = -1.0
WEAK_P_TIMES: Final = 10.0
"""What weighs so little by its kind alone informs; however rare it is, it counts a tenth."""
_TECHNIQUES: Final = (
    ("exploit kit", "T1189"),
    ("web application", "T1190"),
    ("privilege", "T1210"),
    ("phish", "T1566"),
    ("scan", "T1595"),
    ("crypto", "T1496"),
    ("denial", "T1498"),
)

# The name that was asked for, greeted or called says more than an address: a resolver is no peer. It is the one of the
# same packet, else the flow's only one.
_ALERTS: Final = f"""
    WITH flows AS (SELECT DISTINCT sensor, flow_id FROM alert WHERE flow_id > 0),
    spoken AS (
        SELECT sensor, flow_id, ts, rrname AS "name" FROM dns SEMI JOIN flows USING (sensor, flow_id)
            WHERE rrname IS NOT NULL
        UNION ALL SELECT sensor, flow_id, ts, sni FROM tls SEMI JOIN flows USING (sensor, flow_id)
            WHERE sni IS NOT NULL
        UNION ALL SELECT sensor, flow_id, ts, http.host FROM http SEMI JOIN flows USING (sensor, flow_id)
            WHERE http.host IS NOT NULL),
    then_said AS (SELECT sensor, flow_id, ts, min("name") AS "name" FROM spoken GROUP BY sensor, flow_id, ts),
    only_said AS (SELECT sensor, flow_id, min("name") AS "name" FROM spoken GROUP BY sensor, flow_id
        HAVING min("name") = max("name")),
    named AS (SELECT a.*, coalesce(t."name", o."name") AS "name" FROM alert a
        LEFT JOIN then_said t ON a.sensor = t.sensor AND a.flow_id = t.flow_id AND a.ts = t.ts
        LEFT JOIN only_said o ON a.sensor = o.sensor AND a.flow_id = o.flow_id),
    told AS (SELECT ts, CASE WHEN is_home(src) THEN src ELSE dst END AS host,
            CASE WHEN is_home(src) THEN dst ELSE src END AS other, is_home(src) AS outward, signature_id, signature,
            coalesce(gid, 1) AS gid,
            category, coalesce(severity, 3) AS severity, "name",
            is_home(src) = is_home(dst) OR NOT ({one_peer("dst")}) AS aside
        FROM named WHERE (is_home(src) OR is_home(dst))
            AND coalesce(signature_id NOT IN ({", ".join(map(str, AGE_RULES))}), TRUE))
    SELECT host, other, "name", outward, signature_id, min(signature), min(category), min(severity), count(*),
        min(ts), max(ts), count(DISTINCT ts::DATE), bool_and(aside), list(DISTINCT gid ORDER BY gid)
    FROM told GROUP BY host, other, "name", outward, signature_id
    ORDER BY host, other, "name", outward, signature_id LIMIT $limit"""


@dataclass(frozen=True, slots=True)
class Alert:
    """All alerts of one rule about one host and peer. ``peer``: a registered domain or an address. ``worth_nats``,
    ``technique`` and ``rows`` (table and equalities) where the rule itself says them: those of Sigma. ``aside``: about
    one of the actor's own machines, or about nobody, and no name was asked for."""

    host: str
    peer: str
    other: str
    outward: bool
    rule: int
    said: str
    category: str
    severity: int
    count: int
    first_us: int
    last_us: int
    days: int
    worth_nats: float | None = None
    technique: str | None = None
    rows: tuple[str, tuple[tuple[str, str | int], ...]] | None = None
    aside: bool = False
    kinds: tuple[Ordinary, ...] = ()

    @property
    def sigma(self) -> bool:
        return self.worth_nats is not None


@dataclass(slots=True)
class Fold:
    """One story: what it is told as, and its alerts. ``host``: "" for a rule that is told for all its hosts."""

    host: str
    peer: str
    alerts: list[Alert] = field(default_factory=list)
    nats: float = 0.0
    main: Alert | None = None

    @property
    def first(self) -> Alert:
        """The alert that weighs most."""
        return self.main or self.alerts[0]


class Signature:
    """See the module's text."""

    name = "signature"
    technique = "T1071"
    innocent = Text(
        "rules of policy and information, and scanners that try every exploit at every door, raise alerts too"
    )
    tables = ("alert", "dns", "tls", "http")

    def candidates(self, context: DetectorContext) -> Found:
        alerts = [_alert(row, context) for row in context.window.rows(_ALERTS, {"limit": GROUPS_MAX})]
        alerts += [_matched(one, context) for one in context.memory.look(context.window, context.rules)]
        folds = folded(alerts)
        _weigh(folds, alerts, context)
        candidates = [_candidate(fold, context) for fold in folds]
        candidates.sort(key=lambda candidate: (-candidate.statistic, candidate.story))
        tallies = {name: _tally(folds, context, sigma=sigma) for name, sigma in ((self.name, False), (SIGMA, True))}
        if not context.rules:
            del tallies[SIGMA]
        found = {name: tally for name, tally in tallies.items() if tally.total}
        return Found(tuple(candidates[: context.settings.candidates_max]), found)


def _tally(folds: list[Fold], context: DetectorContext, *, sigma: bool) -> Tally:
    """Each host's most; 0 for the calm ones."""
    most: dict[str, float] = defaultdict(float)
    for fold in folds:
        if fold.first.sigma is sigma:
            for host in {alert.host for alert in fold.alerts}:
                most[host] = max(most[host], fold.nats)
    calm = max(0, context.terms.hosts - len(most))
    return Tally.of([0.0, *most.values()], [calm, *[1] * len(most)])


def _us(moment: datetime) -> int:
    return as_us(moment.replace(tzinfo=UTC))


def _alert(row: tuple[Any, ...], context: DetectorContext) -> Alert:
    host, other, name, outward, rule, signature, category, severity, count, first, last, days, aside, makers = row
    address = address_text(other)
    named = None if name is None or as_address(name) else observable_of(None, name, context.window.homes)
    return Alert(
        host=address_text(host),
        peer=named.value if named else address,
        other=address,
        outward=bool(outward),
        rule=int(rule or 0),
        said=signature or "",
        category=category or "",
        severity=int(severity),
        count=int(count),
        first_us=_us(first),
        last_us=_us(last),
        days=int(days),
        aside=bool(aside) and named is None,
        kinds=tuple(alert_kind(maker, int(rule)) for maker in makers) if rule else (),
    )


def _matched(match: Folded, context: DetectorContext) -> Alert:
    """Rows that a Sigma rule names, as alerts of it."""
    host, other, (_, _, name, outward) = address_text(match.key[0]), address_text(match.key[1]), match.key
    named = None if name is None or as_address(name) else observable_of(None, name, context.window.homes)
    src, dst = (host, other) if outward else (other, host)
    said_by = ("dst", dst) if named is None or name is None else (match.rule.name_column, name)
    return Alert(
        host=host,
        peer=named.value if named else other,
        other=other,
        outward=outward,
        rule=number_of(match.rule),
        said=match.rule.title,
        category=_SIGMA,
        severity=3,
        count=match.count,
        first_us=match.first_us,
        last_us=match.last_us,
        days=match.days,
        worth_nats=LEVEL_NATS[match.rule.level],
        technique=match.rule.technique,
        rows=(match.rule.table, (("src", src), said_by)),
    )


def folded(alerts: Iterable[Alert]) -> list[Fold]:
    """By host and peer; rules that a host raises about more than PEERS_MAX peers by host and rule; what comes from
    outside by host and category; Sigma rules of little worth, or of more than HOSTS_MAX hosts, by rule. What Bavn's own
    rules say of a shared indicator stands apart from all of it, so that nothing else rests on it."""
    given = list(alerts)
    peers: dict[tuple[str, int], set[str]] = defaultdict(set)
    hosts: dict[int, set[str]] = defaultdict(set)
    for alert in given:
        peers[alert.host, alert.rule].add(alert.peer)
        hosts[alert.rule].add(alert.host)
    folds: dict[tuple[str, str], Fold] = {}
    for alert in given:
        many = len(peers[alert.host, alert.rule]) > PEERS_MAX
        name = alert.rule if alert.worth_nats is None else alert.said
        key = (alert.host, f"rule {name}" if many else alert.peer)
        if not alert.outward:
            key = (alert.host, f"inward: {alert.category}")
        if alert.worth_nats is not None and (alert.worth_nats < 0 or len(hosts[alert.rule]) > HOSTS_MAX):
            key = ("", f"rule {name}")
        if is_own_number(alert.rule):
            key = (key[0], _SHARED + key[1])
        folds.setdefault(key, Fold(*key)).alerts.append(alert)
    return [fold for _, fold in sorted(folds.items())]


def _weigh(folds: list[Fold], alerts: list[Alert], context: DetectorContext) -> None:
    hosts_of: dict[int, set[str]] = defaultdict(set)
    first_of: dict[int, int] = {}
    days_of: Counter[tuple[str, int]] = Counter()
    for alert in alerts:
        hosts_of[alert.rule].add(alert.host)
        first_of[alert.rule] = min(first_of.get(alert.rule, alert.first_us), alert.first_us)
        days_of[alert.host, alert.rule] = max(days_of[alert.host, alert.rule], alert.days)
    total = max(context.terms.hosts, HOSTS_SMALL)
    domains = context.terms.domains({alert.peer for alert in alerts if not as_address(alert.peer)})
    addresses = context.terms.addresses({alert.peer for alert in alerts if as_address(alert.peer)})
    known: dict[str, PeerProfile] = domains | addresses
    stories = Counter(fold.host for fold in folds)
    for fold in folds:
        by_rule: dict[int, tuple[float, Alert]] = {}
        for alert in fold.alerts:
            rare = -log2((len(hosts_of[alert.rule]) + 0.5) / (total + 1))
            nats = gravity_of(alert) + NATS_PER_BIT * rare + _age(first_of[alert.rule], context)
            nats += HABIT_NATS if days_of[alert.host, alert.rule] >= HABIT_DAYS_MIN else 0.0
            if _OWN_ADDRESS not in f"{alert.category} {alert.said}".lower():
                nats += FAME_SHARE * min(0.0, context.terms.nats(known[alert.peer]))
            if alert.rule not in by_rule or nats > by_rule[alert.rule][0]:
                by_rule[alert.rule] = nats, alert
        ordered = sorted(by_rule.items(), key=lambda item: (-item[1][0], item[0]))
        nats, fold.main = ordered[0][1]
        further = sum(1 for _, (other, _) in ordered[1:] if other > 0)
        noisy = SOURCE_NATS_PER_BIT * max(0.0, log2(stories[fold.host] / STORIES_FREE)) if fold.host else 0.0
        fold.nats = max(0.0, nats + min(FURTHER_NATS_MAX, FURTHER_NATS * further) - noisy)


def gravity_of(alert: Alert) -> float:
    """By Suricata's category and severity, and by the set in the rule's name; what is neither grave nor mild is worth
    its severity."""
    if alert.worth_nats is not None:
        return alert.worth_nats
    base = SEVERITY_NATS.get(alert.severity, 0.0)
    if not _informs(alert):
        grave = any(word in alert.category.lower() for word in _GRAVE) or _set_of(alert) in _WARNING_SETS
        return base + GRAVE_NATS if grave else base
    aside = alert.aside and _LATERAL not in alert.said.lower()
    return base + MILD_NATS + (ASIDE_NATS if aside else 0.0)


def _informs(alert: Alert) -> bool:
    category, named = alert.category.lower(), _set_of(alert)
    if alert.sigma or named in _WARNING_SETS or any(word in category for word in _GRAVE):
        return False
    return named in _INFORMING_SETS or any(word in category for word in _MILD)


def _set_of(alert: Alert) -> str:
    begun = _SET.match(alert.said)
    return begun[1] if begun else ""


def _age(first_us: int, context: DetectorContext) -> float:
    """A rule that was never raised here before, or that always was."""
    if first_us - context.terms.known_from_us < KNOWN_DAYS_MIN * DAY_US:
        return 0.0
    return NEW_NATS if context.window.last_us - first_us < KNOWN_DAYS_MIN * DAY_US else OLD_NATS


def _candidate(fold: Fold, context: DetectorContext) -> Candidate:
    main = fold.first
    mine = [alert for alert in fold.alerts if alert.rule == main.rule]
    observables = {observable_of(None, alert.peer, context.window.homes) for alert in mine}
    first = observable_of(None, main.peer, context.window.homes)
    others = sorted(one for one in observables if one is not None and one != first)
    table, equals = main.rows or (
        "alert",
        (("src", main.host if main.outward else main.other), ("signature_id", main.rule)),
    )
    first_us, last_us = min(a.first_us for a in fold.alerts), max(a.last_us for a in fold.alerts)
    shown = fold.peer.removeprefix(_SHARED)
    return Candidate(
        population=SIGMA if main.sigma else Signature.name,
        host=fold.host or main.host,
        peer=main.peer if shown.startswith("inward: ") else shown,
        story=f"{fold.host} {fold.peer}",
        statistic=fold.nats,
        observables=tuple(([first] if first else []) + others)[: PEERS_MAX + 1],
        first_us=first_us,
        last_us=last_us,
        hosts=len({alert.host for alert in fold.alerts}),
        listed=False,
        what=_what(fold, context),
        against=_against(fold, context),
        advice=_advice(fold),
        why=_why(fold),
        rows=RowsRef(table, equals, first_us, last_us),
        technique=main.technique
        or next((known for word, known in _TECHNIQUES if word in main.category.lower()), Signature.technique),
        p_times=(1.0 if main.outward else INWARD_P_TIMES)
        * (WEAK_P_TIMES if _informs(main) and gravity_of(main) <= WEAK_NATS else 1.0),
        alerts=tuple(sorted({kind for alert in fold.alerts for kind in alert.kinds})),
    )


def _what(fold: Fold, context: DetectorContext) -> Text:
    main, hosts = fold.first, len({alert.host for alert in fold.alerts})
    began, ended = min(a.first_us for a in fold.alerts), max(a.last_us for a in fold.alerts)
    facts = {
        "rule": main.said,
        "peer": place(main.peer),
        "hosts": number(hosts),
        "times": times(sum(alert.count for alert in fold.alerts)),
        "since": since(began, ended, context.window.last_us),
    }
    if hosts > 1:
        text = Text("the rule “{rule}” matched at {hosts} machines, {times} {since}")
    elif main.outward:
        text = Text("the rule “{rule}” matched what one machine said to {peer}, {times} {since}")
    else:
        text = Text("the rule “{rule}” matched what {peer} said to one machine here, {times} {since}")
    return joined([text.filled(**facts)])


def _advice(fold: Fold) -> Advice:
    if len({alert.host for alert in fold.alerts}) > 1:
        return ADVICE["many"]
    return ADVICE["outward" if fold.first.outward else "inward"]


def _against(fold: Fold, context: DetectorContext) -> tuple[Text, ...]:
    main = fold.first
    named = {main.peer}
    known = (context.terms.addresses if as_address(main.peer) else context.terms.domains)(named)[main.peer]
    parts = fame(main.peer, known.grade)
    if _informs(main):
        parts.append(Text("the rule is of the kind that informs, not of the kind that warns"))
    if max(alert.days for alert in fold.alerts) >= HABIT_DAYS_MIN:
        days = number(max(alert.days for alert in fold.alerts))
        parts.append(Text("it has been so on {days} days", days=days))
    if not main.outward:
        parts.append(ADVICE["inward"].innocent)
    return tuple(parts)


def _why(fold: Fold) -> Text:
    main = fold.first
    count = sum(alert.count for alert in fold.alerts)
    others = sorted({alert.said for alert in fold.alerts if alert.rule != main.rule})[:NAMED_MAX]
    parts = [
        Text("{host} raised “{said}” about {peer}", host=main.host, said=main.said, peer=main.peer),
        Text.counted("{count:,} alert in all", "{count:,} alerts in all", count),
    ]
    hosts = len({alert.host for alert in fold.alerts})
    if hosts > 1:
        many = number(hosts)
        parts.append(Text("{many} hosts match the rule", many=many))
    if others:
        parts.append(Text("also {others}", others=", ".join(others)))
    return joined(parts)
