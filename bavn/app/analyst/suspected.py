"""What a node suspects now, in its reading order, from its own book; the command line and the console ask it alike.

Refuses to judge.
"""

from collections.abc import Sequence
from typing import Any

from bavn.actor.door.sector_verdicts import SECTOR_VERDICTS_SQL, sector_verdicts_of
from bavn.actor.door.suspicions import RANKED_SQL, Ranked, ranked_of
from bavn.actor.door.verdicts import VERDICTS_SQL, verdicts_of
from bavn.actor.protect.confirmed import Confirmed, met_values
from bavn.app.analyst.confirmed.here import first_seen_us
from bavn.app.analyst.detector_guide import look_first
from bavn.app.analyst.next_door import KnownInSector, as_json
from bavn.app.node.book_queries import Asks
from bavn.app.process.exits import Exit, Stop
from bavn.app.process.real import SystemClock
from bavn.model.moment import iso
from bavn.model.sector.verdict import Verdicts
from bavn.model.suspicion import Suspicion
from bavn.model.text import Language, Text


def ranked(rows: Asks) -> list[Ranked]:
    """All suspicions in reading order, as the verdicts that hold now leave them; what the sector confirmed first."""
    given = verdicts_of(rows(VERDICTS_SQL)) + sector_verdicts_of(rows(SECTOR_VERDICTS_SQL))
    verdicts = Verdicts(given, SystemClock().now_us())
    return ranked_of(rows(RANKED_SQL), verdicts, met_values(rows))


def one_named(rows: Asks, given: str) -> Ranked:
    """The suspicion whose id begins so. Stop where there is none, or more than one."""
    beginning = given.strip().lower()
    matching = [item for item in ranked(rows) if beginning and item.suspicion.id.startswith(beginning)]
    if not matching:
        raise Stop(
            Exit.NOT_FOUND,
            Text("no suspicion's id begins with {given} (bavn node suspicions --all names them)", given=repr(given)),
        )
    if len(matching) > 1:
        some = ", ".join(item.suspicion.id for item in matching[:3])
        raise Stop(
            Exit.USAGE,
            Text(
                "{count} suspicions' ids begin with {given} ({some}, ...): write more of it",
                count=len(matching),
                given=repr(given),
                some=some,
            ),
        )
    return matching[0]


def found_of(suspicion: Suspicion) -> dict[str, Any]:
    """What was found, how strongly, where and when, as JSON begins to say it of a suspicion."""
    return {
        "detector": suspicion.detector,
        "technique": suspicion.technique,
        "p": suspicion.p,
        "p_source": suspicion.p_source,
        "evidence_nats": suspicion.evidence_nats,
        "host": suspicion.host,
        "peer": suspicion.peer,
        "first": iso(suspicion.first_us),
        "last": iso(suspicion.last_us),
    }


def sentences(s: Suspicion, language: Language) -> dict[str, str | None]:
    """What a suspicion says, by the names that JSON has for it; ``why`` are the figures."""
    text = look_first(s)
    return {
        "what": s.headline.say(language),
        "against": None if s.against is None else s.against.say(language),
        "look_first": None if text is None else text.say(language),
        "why": s.why.say(language),
    }


def said_of(
    entry: Ranked, language: Language, known: Sequence[KnownInSector] = (), word: Confirmed | None = None
) -> dict[str, Any]:
    """A suspicion as JSON. ``rank`` null: ignored here. ``p`` as a verdict leaves it. ``known``: in the sector;
    ``word``: what the sector confirmed of it, which may have been met here before its own records."""
    s, verdict = entry.suspicion, entry.verdict
    return {
        "rank": entry.rank or None,
        "id": s.id,
        **sentences(s, language),
        **found_of(s),
        "first": iso(first_seen_us(word, [s]) or s.first_us),
        "known": iso(entry.known_us),
        "hosts": s.hosts,
        "listed": s.listed,
        "observables": [str(o) for o in s.observables],
        "knock": s.knock or None,
        **as_json(known, language),
        "verdict": verdict
        and {
            "number": verdict.number,
            "verdict": verdict.judgement,
            "scope": verdict.scope,
            "by": verdict.by,
            "origin": verdict.origin,
            "until": None if verdict.until_us is None else iso(verdict.until_us),
            "comment": verdict.comment,
        },
    }
