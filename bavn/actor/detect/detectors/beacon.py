"""Beacons: a host that calls the same peer again and again at its own pace.

Sees: eight calls or more to one peer (an address and port, a TLS or HTTP name or domain, one certificate under several
names, one TLS client that names nobody, ever new names under one DNS domain) whose intervals are more regular than
calls at random: an implant that asks for work, jitter up to 90 %, some calls lost, pauses at night. Five calls are
enough where they are clockwork. Also a steady pulse hidden among other calls to the same peer, by its spectrum.

Misses: fewer calls than five in the window, or than eight unless they are clockwork (or among other calls); what
lasts less than half a minute (a program that tries again); one connection that stays open; a new peer for every call
without a name, a certificate or a TLS client in common; pauses drawn at random like a person's; calls by address of
which only sampled packets were seen.

Innocent: clock (NTP), update checks, mail polling, telemetry, monitoring. They are as regular as an implant; they
weigh less because the world, or most hosts here, use them; so do a mail box by its name, what calls faster than every
five seconds and a nameless address of a cloud. What all of it makes weak counts a tenth. A page that fetches itself
anew calls a dozen names at the same moments: they are one story.

Do first: look up the peer and when it was first seen; ask which program on the host makes the calls; compare the
sizes of the calls, equal ones being an implant with nothing to do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import log2
from typing import Final

import numpy as np
import pyarrow as pa

from bavn.actor.detect.base import Advice, Candidate, DetectorContext, Found
from bavn.actor.detect.calibrate import Tally
from bavn.actor.detect.pace import ABOUT_MAX, EVEN_MAX
from bavn.actor.detect.pulse import PEERS_KEPT_MAX, Pulse, folded, story_of
from bavn.actor.detect.queries.peers import as_address, observable_of
from bavn.actor.detect.queries.series import every_series
from bavn.actor.detect.rhythm import LIST_PEERS_MIN, one_list, one_page, together
from bavn.actor.detect.telling import alone, dated, known_against, ongoing, place, since, times, when
from bavn.actor.detect.terms import PeerProfile
from bavn.actor.detect.timed import REGULAR_NATS_MIN, timed
from bavn.actor.detect.wording import joined, number, seconds, span
from bavn.model.intel.grades import Grade
from bavn.model.moment import DAY_US, SECOND_US
from bavn.model.observable import Observable, registered_domain
from bavn.model.record import address_text, address_uuid
from bavn.model.spans import about_every, day, every, lasting
from bavn.model.suspicion import RowsRef
from bavn.model.text import Text

INSIDE_NATS: Final = -2.0
UNNAMED_NATS: Final = 1.0
CLOCKWORK_NATS: Final = {
    ("udp", 123): -6.5,
    ("udp", 53): -4.5,
    ("tcp", 53): -4.5,
    ("tcp", 853): -4.5,
    ("udp", 3478): -2.0,
}
"""Services that are clockwork by nature: NTP, resolvers, STUN."""
CLOCKWORK_INSIDE_NATS: Final = {("udp", port): -4.5 for port in (67, 68, 137, 138)}
"""Those that are so within one's own network: leases renewed at half their time (RFC 2131), NetBIOS names."""
MAIL_PORTS: Final = (110, 143, 993, 995)
MAIL_NATS: Final = -4.5
"""A mail box by a name is asked every few minutes; one without a name need be none."""
HASTE_S: Final = 5.0
HASTE_NATS_PER_BIT: Final = -2.0
"""Implants wait five seconds or longer; what calls faster, by each halving, is a page, a player or a device."""
TOLD_NATS_MIN: Final = 3.0
WEAK_P_TIMES: Final = 10.0
"""What timing and fame together make less strange than that is met in every office each day: worth a tenth. All single
finds in labelled captures stand above 4 nats (docs/benchmarks.md, "The ruler")."""
OTHERS_NAMED_MAX: Final = 32
"""So many addresses of one rhythm are named at the most."""
RHYTHMS_MAX: Final = 64
"""So many of one host's stories are held against each other."""
HOURS: Final = {
    "night": Text("{sentence}, also at night"),
    "work": Text("{sentence}, only in working hours"),
    "day": Text("{sentence}, only by day"),
}
_POSTED: Final = """
    SELECT http.src, http.dst FROM http JOIN asked ON http.src = asked.src::UUID AND http.dst = asked.dst::UUID
    GROUP BY http.src, http.dst HAVING count(*) FILTER (method = 'POST') > 0.5 * count(*) ORDER BY http.src, http.dst"""
HELD: Final = {
    "cert": Text("called by {many} names or addresses that have one certificate"),
    "ja4": Text("called at {many} addresses by one program (JA4)"),
    "ja3": Text("called at {many} addresses by one program (JA3)"),
}
ADVICE: Final = {
    "dns": Advice(
        Text("virus scanners, block lists and content networks are asked for ever new names too"),
        Text("look at a few of the names and at who registered the domain; ask which program on the machine asks"),
    ),
    "inside": Advice(
        Text("printers, file shares and monitoring are called like this"),
        Text("ask what the other machine serves, and which program calls it: an implant may speak through a neighbour"),
    ),
}
"""By kind; calls to the outside have the detector's own."""
PAGE_NAMES_MIN: Final = 5
PAGE_NATS, PAGE_NATS_PER_BIT = -3.0, -1.0
"""Five names called at the same moments, some of them the world's: a page that fetches itself anew; the plainer with
each doubling."""


class Beacon:
    """See the module's text."""

    name = "beacon"
    technique = "T1071"
    innocent = Text("update checks, telemetry, mail polling and monitoring call as regularly")
    tables = ("flow", "tls", "http", "dns", "pair_hour", "name_hour")

    def candidates(self, context: DetectorContext) -> Found:
        ordinary, pulses = [np.zeros(0)], list[Pulse]()
        for series in every_series(context.window, context.settings):
            nats, regular_pulses = timed(series, context.window.homes)
            ordinary.append(nats)
            pulses += [_at_home(pulse, context) for pulse in regular_pulses]
        stories = _by_rhythm(_by_domain(_weighed(folded(pulses, context.window), context)))
        statistics = np.concatenate([*ordinary, np.array([story.statistic for story in stories], float)])
        regular = [story for story in stories if story.pulse.nats >= REGULAR_NATS_MIN]
        regular.sort(key=_strongest)
        chosen = regular[: context.settings.candidates_max]
        # All at once: one candidate's question would be a query.
        context.terms.addresses(address for story in chosen for address in _addresses(story))
        posted = _posted([story.pulse for story in chosen if story.pulse.inside], context)
        made = [_candidate(story, context, sends=(story.pulse.host, story.pulse.peer) in posted) for story in chosen]
        return Found(tuple(made), {self.name: Tally.of(statistics)})


def _at_home(pulse: Pulse, context: DetectorContext) -> Pulse:
    """What goes by a name of the actor's own is inside, whatever its suffix."""
    if pulse.name is None or pulse.inside:
        return pulse
    names = context.terms.home_names
    own = names.holds_domain(pulse.name) if pulse.table == "dns" else names.holds(pulse.name)
    return replace(pulse, inside=True) if own else pulse


@dataclass(frozen=True, slots=True)
class BeaconEvidence:
    """A pulse, what is known of its peer, and the sum of both in nats. ``others``: weaker ones of the same rhythm."""

    pulse: Pulse
    known: PeerProfile
    statistic: float
    others: tuple["BeaconEvidence", ...] = ()

    @property
    def key(self) -> str:
        """The registered domain of the peer, where it has one only; else what the pulse goes by."""
        domains = {registered_domain(name) or name for name in self.known.names}
        return domains.pop() if self.pulse.name is None and len(domains) == 1 else self.pulse.story


def _by_domain(stories: list[BeaconEvidence]) -> list[BeaconEvidence]:
    """One story for each host and domain: addresses that only ever were called by one domain's names are that domain's.
    The strangest stays and takes over the addresses of the rest."""
    together: dict[tuple[str, str], list[BeaconEvidence]] = {}
    for story in stories:
        together.setdefault((story.pulse.host, story.key), []).append(story)
    evidences = []
    for _, members in sorted(together.items()):
        members.sort(key=lambda story: (-story.statistic, -story.pulse.calls, story.pulse.peer))
        others = [address for story in members[1:] for address in (story.pulse.peer, *story.pulse.addresses)]
        mine = dict.fromkeys([*members[0].pulse.addresses, *(a for a in others if as_address(a))])
        evidences.append(replace(members[0], pulse=replace(members[0].pulse, addresses=tuple(mine)[:PEERS_KEPT_MAX])))
    return evidences


def _by_rhythm(stories: list[BeaconEvidence]) -> list[BeaconEvidence]:
    """One story for a page, which weighs less where it is plainly one, and one for a list of peers at one pace."""
    of_host: dict[str, list[BeaconEvidence]] = {}
    for story in sorted(stories, key=_strongest):
        of_host.setdefault(story.pulse.host, []).append(story)
    evidences = []
    for _, mine in sorted(of_host.items()):
        pages = sorted((_page(group) for group in together(mine[:RHYTHMS_MAX], one_page)), key=_strongest)
        for group in together(pages, one_list):
            if len(group) >= LIST_PEERS_MIN:
                evidences.append(replace(group[0], others=(*group[0].others, *group[1:])))
            else:
                evidences += group
        evidences += mine[RHYTHMS_MAX:]
    return evidences


def _strongest(story: BeaconEvidence) -> tuple[float, str, str]:
    return (-story.statistic, story.pulse.host, story.key)


def _page(group: list[BeaconEvidence]) -> BeaconEvidence:
    names = {story_of(name) for story in group for name in story.pulse.members if not as_address(name)}
    names |= {story.key for story in group if story.pulse.name is not None}
    famous = any(story.known.grade >= Grade.POPULAR for story in group)
    page = famous and len(names) >= PAGE_NAMES_MIN
    nats = PAGE_NATS + PAGE_NATS_PER_BIT * log2(len(names) / PAGE_NAMES_MIN) if page else 0.0
    return replace(group[0], statistic=group[0].statistic + nats, others=tuple(group[1:]))


def _weighed(pulses: list[Pulse], context: DetectorContext) -> list[BeaconEvidence]:
    """Timing, fame and kind of each pulse, in nats."""
    goes_by = {pulse: pulse.members or (pulse.peer,) for pulse in pulses}
    every = [peer for peers in goes_by.values() for peer in peers]
    addresses = context.terms.addresses(peer for peer in every if as_address(peer))
    domains = context.terms.domains(story_of(peer) for peer in every if not as_address(peer))
    has_names = bool(context.window.rows("SELECT 1 FROM dns WHERE answered AND answers IS NOT NULL LIMIT 1"))
    weighed = []
    for pulse in pulses:
        known = _best_known(goes_by[pulse], addresses, domains, context)
        kind = _kind_nats(pulse, known, has_names=has_names)
        weighed.append(BeaconEvidence(pulse, known, pulse.nats + context.terms.nats(known) + kind))
    return weighed


def _kind_nats(pulse: Pulse, known: PeerProfile, *, has_names: bool) -> float:
    """What the service and the pace say. ``has_names``: names could be seen here."""
    nats = HASTE_NATS_PER_BIT * log2(HASTE_S / pulse.period_s) if 0 < pulse.period_s < HASTE_S else 0.0
    service = CLOCKWORK_NATS.get((pulse.proto, pulse.port), 0.0)
    named = pulse.name is not None or bool(known.names)
    if pulse.inside:
        return nats + service + INSIDE_NATS + CLOCKWORK_INSIDE_NATS.get((pulse.proto, pulse.port), 0.0)
    if service or named:
        return nats + service + (MAIL_NATS if named and pulse.port in MAIL_PORTS else 0.0)
    return nats + (UNNAMED_NATS if has_names else 0.0)


def _posted(pulses: list[Pulse], context: DetectorContext) -> set[tuple[str, str]]:
    """Of these pairs of own machines those whose web requests mostly carry data to the other."""
    pairs = [(pulse.host, pulse.peer) for pulse in pulses if as_address(pulse.peer)]
    if not pairs:
        return set()
    columns = {"src": [str(address_uuid(host)) for host, _ in pairs], "dst": [str(address_uuid(at)) for _, at in pairs]}
    rows = context.window.rows(_POSTED, tables={"asked": pa.table(columns)})
    return {(address_text(src), address_text(dst)) for src, dst in rows}


def _best_known(
    peers: Sequence[str],
    addresses: Mapping[str, PeerProfile],
    domains: Mapping[str, PeerProfile],
    context: DetectorContext,
) -> PeerProfile:
    """What is known of the first; as famous, as old and as much used as the one of them that is most so."""
    facts = []
    for peer in peers:
        if as_address(peer):
            facts.append(addresses[peer])
        else:
            known = domains[story_of(peer)]
            facts.append(replace(known, grade=max(known.grade, context.terms.lists.name_grade(peer))))
    first = context.terms.oldest(facts[0], facts[1:])
    return replace(first, grade=max(known.grade for known in facts), hosts=max(known.hosts for known in facts))


def _candidate(story: BeaconEvidence, context: DetectorContext, *, sends: bool) -> Candidate:
    pulse, known = story.pulse, story.known
    return Candidate(
        population=Beacon.name,
        host=pulse.host,
        peer=pulse.name or pulse.peer,
        story=f"{pulse.host} {story.key}",
        statistic=story.statistic,
        observables=() if pulse.inside else _observables(story, context),
        first_us=pulse.first_us,
        last_us=pulse.last_us,
        hosts=max(1, known.hosts),
        listed=known.grade >= Grade.POPULAR,
        what=_what(story, context, sends=sends),
        against=_against(story, context),
        advice=ADVICE.get("dns" if pulse.table == "dns" else "inside" if pulse.inside else ""),
        why=_why(pulse, known, context, len(story.others)),
        rows=_rows(pulse),
        apart=True,
        p_times=1.0 if story.statistic >= TOLD_NATS_MIN else WEAK_P_TIMES,
        period_s=pulse.period_s,
        regularity=min(1.0, pulse.regularity),
    )


def _observables(story: BeaconEvidence, context: DetectorContext) -> tuple[Observable, ...]:
    """The registered domain first, then addresses; the address of a shared edge only where nothing else names it."""
    pulse, homes = story.pulse, context.window.homes
    texts = [pulse.name] if pulse.name is not None else [story.key] if story.key != pulse.peer else []
    if story.known.grade is Grade.UNKNOWN:
        texts += [member for member in pulse.members if not as_address(member)]
    named = [observable_of(None, text, homes) for text in texts]
    listed = [each for each in story.others if each.pulse.name is None and each.known.grade is Grade.UNKNOWN]
    addresses = [*_addresses(story), *(address for each in listed for address in _addresses(each))][:OTHERS_NAMED_MAX]
    facts = context.terms.addresses(addresses)
    single = [observable_of(None, text, homes) for text in addresses if not (facts[text].edge and any(named))]
    made: dict[Observable, None] = dict.fromkeys(found for found in named + single if found is not None)
    return tuple(made)


def _addresses(story: BeaconEvidence) -> list[str]:
    """The addresses that a suspicion may name; none of what is inside."""
    pulse = story.pulse
    if pulse.inside:
        return []
    return list(dict.fromkeys([*([] if pulse.name else [pulse.peer]), *pulse.addresses]))


def _rows(pulse: Pulse) -> RowsRef:
    """By address where there is one; a domain's names differ from row to row, and so do the tables that name a peer
    whose address nobody knows, such as one behind a proxy."""
    column = {"tls": "sni", "http": "host"}.get(pulse.table, "dst")
    host: tuple[tuple[str, str | int], ...] = (("src", pulse.host),)
    if pulse.held:
        held, _, value = pulse.held.partition("=")
        return RowsRef(pulse.table, (*host, (held, value)), pulse.first_us, pulse.last_us)
    if pulse.table == "dns":
        return RowsRef("name_hour", (*host, ("kind", "dns"), ("domain", pulse.story)), pulse.first_us, pulse.last_us)
    if column == "dst" and pulse.name is not None:
        return RowsRef("name_hour", (*host, ("domain", pulse.story)), pulse.first_us, pulse.last_us)
    return RowsRef(pulse.table, (*host, (column, pulse.name or pulse.peer)), pulse.first_us, pulse.last_us)


def _what(story: BeaconEvidence, context: DetectorContext, *, sends: bool) -> Text:
    pulse = story.pulse
    called = alone(pulse.name or pulse.peer, story.known.hosts, context.terms)
    if pulse.table == "dns":
        called = Text("ever new names under {domain}", domain=story.key)
    elif pulse.inside:
        called = Text("{peer}, another machine here,", peer=pulse.name or pulse.peer)
    elif len(story.others) >= LIST_PEERS_MIN - 1:
        called = Text("{peer} and {others} others", peer=place(pulse.peer), others=number(len(story.others)))
    text = _paced(pulse, called, context.window.last_us)
    if pulse.daytime is not None:
        text = HOURS[pulse.daytime].filled(sentence=text)
    if pulse.spectral:
        text = Text("{sentence}, hidden among other calls to it", sentence=text)
    if sends:
        text = Text("{sentence}, and mostly sent it data", sentence=text)
    return joined([text])


def _pace(pulse: Pulse) -> Text:
    """As even as it is; what the spectrum shows is even."""
    period_us = pulse.period_s * SECOND_US
    if pulse.spectral or pulse.jitter <= EVEN_MAX:
        return every(period_us)
    about = about_every(period_us)
    return about if pulse.jitter <= ABOUT_MAX else Text("at no even pace, {about},", about=about)


def _paced(pulse: Pulse, called: Text, until_us: int) -> Text:
    """That it was called at this pace, for as long as the pace fills; else in bursts, or with pauses. Only by day says
    by itself that the nights are none."""
    first_us, last_us, pace = pulse.first_us, pulse.last_us, pulse.pace
    facts = {"called": called, "pace": _pace(pulse), "began": day(first_us), "over": when(first_us, last_us)}
    filled = pace.fills(last_us - first_us) or pulse.daytime in ("work", "day")
    facts["lasted"] = lasting(last_us - first_us if filled else pace.run_us)
    if not filled and pace.in_bursts:
        return _in_bursts(pulse, called, until_us)
    if not dated(first_us):
        text = Text("one machine called {called} {pace} for {lasted} {over}")
    elif ongoing(first_us, last_us, until_us):
        text = Text("one machine has called {called} {pace} since {began}")
    elif last_us - first_us >= DAY_US:
        text = Text("one machine called {called} {pace} {over}")
    else:
        text = Text("one machine called {called} {pace} for {lasted} on {began}")
    text = text.filled(**facts)
    return text if filled else Text("{sentence}, with long pauses", sentence=text)


def _in_bursts(pulse: Pulse, called: Text, until_us: int) -> Text:
    facts = {
        "called": called,
        "times": times(max(pulse.calls, pulse.each_call)),
        "bursts": number(pulse.pace.runs),
        "apart": lasting(pulse.pace.pause_us),
        "since": since(pulse.first_us, pulse.last_us, until_us),
    }
    text = Text("one machine called {called} {times} in {bursts} bursts {since}")
    if pulse.pace.runs == 2:
        text = Text("one machine called {called} {times} in two bursts, {apart} apart, {since}")
    if pulse.jitter > ABOUT_MAX:
        return text.filled(**facts)
    where = Text("{sentence}, {pace} within each")
    if pulse.pace.paced < pulse.pace.runs:
        some = Text("{sentence}, {pace} within {paced} of them")
        where = Text("{sentence}, {pace} within one of them") if pulse.pace.paced == 1 else some
    paced = number(pulse.pace.paced)
    return where.filled(sentence=text.filled(**facts), pace=_pace(pulse), paced=paced)


def _against(story: BeaconEvidence, context: DetectorContext) -> tuple[Text, ...]:
    parts, peer = [], story.pulse.name or story.pulse.peer
    if (story.pulse.proto, story.pulse.port) in CLOCKWORK_NATS:
        parts.append(Text("clocks and name servers are called like this by nature"))
    if story.pulse.inside:
        parts.append(Text("it is a machine of your own: printers, file shares and monitoring are called like this"))
    return (*parts, *known_against(peer, story.known, context.terms, story.pulse.first_us))


def _why(pulse: Pulse, known: PeerProfile, context: DetectorContext, others: int) -> Text:
    period, lasted, calls = seconds(pulse.period_s), span(pulse.last_us - pulse.first_us), number(pulse.calls)
    if pulse.spectral:
        head = Text(
            "A pulse every {period} among {calls} calls over {lasted}", period=period, calls=calls, lasted=lasted
        )
    else:
        text = Text("Every {period} (±{spread} %) for {lasted}, {calls} calls")
        if pulse.jitter > ABOUT_MAX:
            text = Text("{calls} calls over {lasted}, in the middle {period} apart (±{spread} %)")
        if pulse.pace.in_bursts and not pulse.pace.fills(pulse.last_us - pulse.first_us):
            text = Text("{calls} calls in {bursts} bursts over {lasted}, {period} apart within each (±{spread} %)")
            if pulse.pace.paced < pulse.pace.runs:
                text = Text("{calls} calls in {bursts} bursts over {lasted}, {period} apart in some (±{spread} %)")
        facts = {"period": period, "spread": number(100 * pulse.jitter), "lasted": lasted, "calls": calls}
        head = text.filled(**facts, bursts=number(pulse.pace.runs))
    parts = [head]
    if pulse.each_call > pulse.calls:
        every_call = number(pulse.each_call)
        parts.append(Text("calls close together counted as one, among {calls} in all", calls=every_call))
    if pulse.held:
        parts.append(HELD[pulse.held.partition("=")[0]].filled(many=number(len(pulse.members))))
    if pulse.inside:
        parts.append(Text("the peer is inside the actor"))
    elif pulse.name is None and not known.names:
        parts.append(Text("the peer has no name here"))
    if (pulse.proto, pulse.port) in CLOCKWORK_NATS:
        parts.append(Text("a service that is clockwork by nature"))
    if others:
        parts.append(Text("other peers at this rhythm: {others}", others=number(others)))
    return joined(parts + context.terms.said(known))
