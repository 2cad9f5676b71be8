"""What only the sector saw, and why; and what a sector would add where there was nobody to compare with."""

from typing import Final

from bavn.app.pilot.facts import Alone, PilotFacts, SectorLead, below_line
from bavn.app.pilot.parts import Block, Part, Table, moment
from bavn.app.pilot.play import PILOT_TIERS
from bavn.model.text import Text

LEADS_MAX: Final = 10
EVIDENCE_MAX: Final = 4
STRONG_T, WEAK_T = (tier.t for tier in PILOT_TIERS)
COLUMNS: Final = (
    Text("organisation"),
    Text("rank there, alone"),
    Text("above the alert line"),
    Text("could have known at (UTC)"),
)
NO_RANK: Final = Text("in no list")


def joined(facts: PilotFacts) -> Part:
    """Each lead with where its actors had it alone."""
    blocks: list[Block] = [*_too_few(facts), *_apart(facts)]
    leads = facts.leads
    for lead in leads[:LEADS_MAX]:
        blocks += _lead(lead)
    if len(leads) > LEADS_MAX:
        blocks.append(
            Text.counted("{count} more stands in --json.", "{count} more stand in --json.", len(leads) - LEADS_MAX)
        )
    if not leads and len(facts.read) > 1:
        blocks.append(Text("Nothing that enough of them held came to a case."))
    if facts.weaker:
        blocks.append(
            Text.counted(
                "One more thing was held by several, and was too weak for a case.",
                "{count} more things were held by several, and were too weak for a case.",
                facts.weaker,
            )
        )
    return Part("sector", Text("What only the sector saw, and why"), tuple(blocks))


def _too_few(facts: PilotFacts) -> list[Block]:
    read = len(facts.read)
    if read >= WEAK_T or not read:
        return []
    if read > 1:
        return [
            Text(
                "With two organisations only strong suspicions can be joined: a weak one is opened when {weak} hold the"
                " same, which two never are.",
                weak=WEAK_T,
            )
        ]
    (actor,) = facts.read
    findings = actor.findings
    below = below_line(findings.suspicions, findings.told_us) if findings else 0
    return [
        Text(
            "There is one organisation here, so there was nothing to join: a strong suspicion is opened when {strong}"
            " organisations hold the same, a weak one when {weak} do.",
            strong=STRONG_T,
            weak=WEAK_T,
        ),
        *_would_add(actor.name, below),
        Text("To see it, ask a second organisation for a folder of the same weeks and give both."),
    ]


def _would_add(actor: str, below: int) -> list[Block]:
    """Of what nobody there reads; where there is nothing of it, that is said."""
    if not below:
        return [
            Text(
                "What a sector would add cannot be told from this folder: no suspicion of {actor} stands below its"
                " alert line.",
                actor=actor,
            )
        ]
    return [
        Text.counted(
            "What a sector would add: {count:,} suspicion of {actor} stands below its alert line, where nobody reads"
            " it. In a sector it would be compared with what the others hold, and nobody learns of it unless enough"
            " of them hold the same.",
            "What a sector would add: {count:,} suspicions of {actor} stand below its alert line, where nobody reads"
            " them. In a sector each would be compared with what the others hold, and nobody learns of one unless"
            " enough of them hold the same.",
            below,
            actor=actor,
        ),
    ]


def _apart(facts: PilotFacts) -> list[Block]:
    moved = {name: days for name, days in facts.moved_days.items() if days}
    blocks: list[Block] = []
    if moved:
        moves = Text.joined(
            ", ",
            [
                Text.counted("{name} by {count:,} day", "{name} by {count:,} days", days, name=name)
                for name, days in moved.items()
            ],
        )
        blocks.append(
            Text(
                "These histories are not of the same days. They were moved so that all begin on one day ({said}): what"
                " follows could have happened so, and did not.",
                said=moves,
            )
        )
    for actor, other in facts.apart():
        blocks.append(
            Text(
                "The records of {one} and {other} lie more than a week apart: a suspicion had died before the other"
                " could have it.",
                one=actor,
                other=other,
            )
        )
    return blocks


def _lead(lead: SectorLead) -> list[Block]:
    words, view = lead.seen.words, lead.seen.view
    known = Text("The sector knew at {moment} UTC.", moment=moment(view.first_us))
    table = Table(
        Text.joined(", ", [Text.plain(str(one)) for one in view.lead.observables[:3]]),
        COLUMNS,
        tuple(_row(where) for where in lead.alone),
        frozenset({1, 3}),
    )
    only = (
        Text("None of them would have read it alone.")
        if lead.only_sector
        else Text("One of them at least would have read it alone; the sector told the others.")
    )
    return [table, only, known, words.opening, *words.evidence[:EVIDENCE_MAX], *words.against[:1]]


def _row(where: Alone) -> tuple[Text, ...]:
    return (
        Text.plain(where.actor),
        Text.number(where.rank) if where.rank else NO_RANK,
        Text("yes") if where.above else Text("no"),
        moment(where.told_us),
    )
