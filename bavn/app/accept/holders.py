"""Are enough of the key holders well? Each is reached under the authority that was pinned when the node
enrolled there, names the same public keys of today as k of them, has those of tomorrow too, and gives a part of an
answer that is proven against them.

What up to n-k of them lack is a warning that names them: rounds go on. Each is asked for two points of nobody, for a
round that nobody opened, and each question is a line of the node's ledger before it leaves.
"""

import re
import stat
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from bavn.app.accept.certificates import fitting
from bavn.app.accept.check import (
    BOTH,
    NO,
    NOTHING,
    YES,
    AcceptanceTerms,
    Reading,
    Site,
    must,
    none_of,
    not_applicable,
    not_tested,
    sentence_of,
    shown,
    value,
    with_act,
    yes,
)
from bavn.app.accept.clock import QUICK
from bavn.app.accept.days import NO_BOOK
from bavn.app.node.parts import BOOK_FILE
from bavn.model.health import ACCEPTED_CLOCK_OFF_S_MAX, CERTIFICATE_DAYS_MIN
from bavn.model.moment import DAY_US
from bavn.model.ports import LinkDown, LinkRefused
from bavn.model.sector.acceptance_protocol import Measure, Value
from bavn.model.text import Text
from bavn.psi import oprf
from bavn.psi.round import PROTOCOL_VERSION, ROUND_ID_BYTES, RoundParams
from bavn.psi.threshold import evaluate
from bavn.wire.book import Book
from bavn.wire.keyholder import Batch, KeysAnswered, KeysAsked, PartAnswered, PartAsked, batch_points
from bavn.wire.ledger import Ledger
from bavn.wire.links.at_once import at_once
from bavn.wire.links.holders import HolderLink, Keys, is_signed, keys_note, keys_read, part_note, parts_of
from bavn.wire.safe import Safe

TIER: Final = "A"
"""Of the rounds of strong evidence: it is asked about before this node took part in any round."""
_TIER: Final = re.compile(r" tier ([A-Z][a-z0-9-]{0,15}):")
_NONE: Final = Text("this node names no key holder")
_GOES_ON: Final = Text("Rounds go on without it; its operator looks: bavn keyholder health")
_ACTS: Final[Mapping[str, Text]] = {
    "": Text("The operators of the key holders that are named: bavn keyholder health"),
    "private": Text("The node's operator takes others' rights away: chmod 700 on the folder, 600 on the keys"),
}
Failures = (LinkDown, LinkRefused, OSError, ValueError, TypeError)


@dataclass(slots=True)
class Seen:
    """What was seen of one holder, in the order in which it was looked at; ``why``: what it lacks first."""

    number: int
    link: HolderLink
    rows: dict[str, tuple[Value, str]] = field(default_factory=dict)
    why: Text | None = None

    def put(self, what: str, found: Value, unit: str = "", *, why: Text | None = None) -> None:
        """One row; with ``why`` it is the end: nothing more is asked of it."""
        self.rows[what] = found, unit
        self.why = why


class KeyHolderCheck:
    """See the module's text."""

    name = "keyholders"
    title = Text("Key holders")
    kinds = BOTH
    acts = _ACTS

    def measures(self, _: AcceptanceTerms, /) -> Mapping[str, Measure]:
        return {
            "lacking": none_of(Text("key holders that are lacking of those that are needed")),
            "private": must(Text("keys for the key holders readable by their owner alone")),
            "needed": shown(Text("key holders that are needed")),
            "holders": shown(Text("key holders in all")),
        }

    def run(self, site: Site) -> Iterable[Reading]:
        node = site.config.node
        if not node.keyholder_urls:
            return [not_applicable(key, _NONE) for key in self.measures(site.terms)]
        book_file = site.config.folder / BOOK_FILE
        if not book_file.exists():
            return [not_tested(key, NO_BOOK) for key in self.measures(site.terms)]
        safes = {number: Safe(site.config.folder / folder) for number, (_, folder) in node.key_holders.items()}
        links = {
            number: HolderLink(number, url, safes[number], site.clock, QUICK)
            for number, (url, _) in node.key_holders.items()
        }
        holders = {number: Seen(number, link) for number, link in links.items()}
        try:
            for number, safe in safes.items():
                _certificate(site, holders[number], safe)
            _reached(holders)
            with Book(book_file) as book:
                _evaluated(site, holders, Ledger(book))
        finally:
            for link in links.values():
                link.close()
        return [*readings(list(holders.values()), node.keyholders_k), _private(safes.values())]


def readings(holders: list[Seen], k: int) -> Iterator[Reading]:
    """What follows from what was seen of all."""
    unwell = [holder for holder in holders if holder.why is not None]
    lacking = max(0, k - (len(holders) - len(unwell)))
    numbers = ", ".join(str(holder.number) for holder in unwell)
    yield value("lacking", lacking, Text("not well: {numbers}", numbers=numbers) if lacking else None)
    yield value("needed", k)
    yield value("holders", len(holders))
    for holder in holders:
        for what, (measured, unit) in holder.rows.items():
            last = what == list(holder.rows)[-1]
            why = holder.why if last else None
            yield Reading(
                key=f"holder_{holder.number}_{what}",
                value=measured,
                reason=with_act(why, _GOES_ON) if why is not None and not lacking else why,
                measure=shown(_named(what, holder.number), unit),
            )


def _named(what: str, number: int) -> Text:
    match what:
        case "certificate":
            return Text("key holder {number}: left of its certificate for this node", number=number)
        case "answer":
            return Text("key holder {number}: answer", number=number)
        case "today":
            return Text("key holder {number}: the same public keys of today as the others", number=number)
        case "tomorrow":
            return Text("key holder {number}: the same public keys of tomorrow as the others", number=number)
        case _:
            return Text("key holder {number}: its part of an answer is proven", number=number)


def _certificate(site: Site, holder: Seen, safe: Safe) -> None:
    enrol = f"bavn node enrol --keyholder --holder {holder.number}"
    if not safe.enrolled:
        holder.put("certificate", NOTHING, why=Text("not enrolled: {enrol}", enrol=enrol))
        return
    fits, days = fitting(safe, site.config.node.actor, site.clock.now_us())
    why = None
    if not fits:
        why = Text("its certificate is not for this actor and these keys: {enrol}", enrol=enrol)
    elif days < CERTIFICATE_DAYS_MIN:
        why = Text("its certificate ends and was not renewed: {enrol}", enrol=enrol)
    holder.put("certificate", days, "days", why=why)


def _reached(holders: Mapping[int, Seen]) -> None:
    def timed(link: HolderLink) -> int:
        began = time.monotonic()
        link.probe()
        return round((time.monotonic() - began) * 1000)

    probes = {number: partial(timed, holder.link) for number, holder in holders.items() if holder.why is None}
    for number, answer in at_once(probes).items():
        holder, skew_s = holders[number], holders[number].link.skew_s or 0
        if isinstance(answer, Exception):
            holder.put("answer", NOTHING, why=_failure(answer))
        elif abs(skew_s) > ACCEPTED_CLOCK_OFF_S_MAX:
            holder.put("answer", answer, "ms", why=Text("its clock and this node's are {s} s apart", s=abs(skew_s)))
        else:
            holder.put("answer", answer, "ms")


def _evaluated(site: Site, holders: Mapping[int, Seen], ledger: Ledger) -> None:
    """The keys of today and tomorrow, and a part of an answer under today's."""
    today, tier = site.clock.now_us() // DAY_US, _tier(ledger)
    keys = _same(site, holders, ledger, KeysAsked(epoch=today, tier=tier), "today")
    _same(site, holders, ledger, KeysAsked(epoch=today + 1, tier=tier), "tomorrow")
    if keys is None:
        return
    oprf.ready()
    request = _question(site, today, tier)
    questions: dict[int, PartAsked] = {}
    for number, holder in holders.items():
        if holder.why is None:
            questions[number] = PartAsked.to(
                request, _panel(number, list(holders), site.config.node.keyholders_k), *keys
            )
            ledger.append(site.clock.now_us(), "door", "out", part_note(number, questions[number], asks=True))
    answers = at_once({number: partial(holders[number].link.part, part) for number, part in questions.items()})
    points = request.points, evaluate.round_points(request.params)
    for number, answer in answers.items():
        if not isinstance(answer, PartAnswered):
            holders[number].put("part", NO, why=_failure(answer))
            continue
        parts = parts_of(answer, questions[number])
        proven = len(parts) == len(keys) and all(
            part.number == number and evaluate.proven(key, some, part)
            for key, some, part in zip(keys, points, parts, strict=True)
        )
        why = Text("its part is not of the share that it has by the day's public key")
        holders[number].put("part", YES if proven else NO, why=None if proven else why)


def _same(site: Site, holders: Mapping[int, Seen], ledger: Ledger, request: KeysAsked, what: str) -> Keys | None:
    """The keys of a day as k of them say; None where fewer do."""
    questions = {number: partial(holder.link.keys, request) for number, holder in holders.items() if holder.why is None}
    for number in questions:
        ledger.append(site.clock.now_us(), "door", "out", keys_note(number, request))
    claims: dict[int, tuple[str, str]] = {}
    k = site.config.node.keyholders_k
    for number, answer in at_once(questions).items():
        holder = holders[number]
        if not isinstance(answer, KeysAnswered):
            holder.put(what, NO, why=_failure(answer))
        elif not is_signed(answer, holder.link.key):
            holder.put(what, NO, why=Text("not signed with the key that was pinned when this node enrolled there"))
        else:
            claims[number] = answer.ids, answer.rounds
    commonest = Counter(claims.values()).most_common(1)
    keys = keys_read(request, *commonest[0][0], k, holders) if commonest and commonest[0][1] >= k else None
    for number, claim in claims.items():
        if len(claims) < k:  # too few to hold one against another
            holders[number].put(what, NOTHING)
        elif keys is not None and claim == commonest[0][0]:
            holders[number].put(what, YES)
        else:
            holders[number].put(what, NO, why=Text("fewer than {k} key holders say the same as it does", k=k))
    return keys


def _tier(ledger: Ledger) -> str:
    """Of the last round that this node asked its key holders about."""
    for line in ledger.newest(1, lambda line: line.kind == PartAsked.__name__):
        if (match := _TIER.search(line.summary)) is not None:
            return match[1]
    return TIER


def _question(site: Site, epoch: int, tier: str) -> Batch:
    """The smallest set that there is, of points that stand for nothing."""
    params = RoundParams(
        version=PROTOCOL_VERSION,
        epoch=epoch,
        round_id=site.dice.bytes(ROUND_ID_BYTES),
        registry_version=1,
        tier=tier,
        t=2,
        m=1,
        r=2,
    )
    count = batch_points(params.m, first=False)
    return Batch(params, tuple(oprf.hashed(site.dice.bytes(32)) for _ in range(count)))


def _panel(number: int, numbers: list[int], k: int) -> tuple[int, ...]:
    """That holder and those after it."""
    at = numbers.index(number)
    return tuple(sorted((numbers + numbers)[at : at + k]))


def _private(safes: Iterable[Safe]) -> Reading:
    folders = [safe.folder for safe in safes if safe.enrolled]
    files = [file for folder in folders for file in (folder, *folder.glob("*.key.pem"))]
    return yes("private", is_so=not any(stat.S_IMODE(file.stat().st_mode) & 0o077 for file in files))


def _failure(answer: object) -> Text:
    """What one that did not answer lacks; raises what is no failure of its own."""
    if isinstance(answer, Failures):
        return sentence_of(answer)
    if isinstance(answer, Exception):
        raise answer
    return Text("it answers something else")
