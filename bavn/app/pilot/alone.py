"""What each organisation would have read alone."""

from typing import Final

from bavn.actor.detect.rank import Ranked
from bavn.app.pilot.facts import PilotFacts
from bavn.app.pilot.parts import Block, Part, Table, moment
from bavn.app.pilot.reading import ReadActor
from bavn.model.counted import own_hosts, records
from bavn.model.moment import DAY_US
from bavn.model.text import Text

TOP: Final = 5
COLUMNS: Final = (
    Text("rank"),
    Text("own machine"),
    Text("what"),
    Text("above the alert line"),
    Text("told at (UTC)"),
)
YES: Final = Text("yes")
NO: Final = Text("no")


def alone(facts: PilotFacts) -> Part:
    """The first few of each, in its own order."""
    intro = Text(
        "Each folder was read as that organisation's own node would have: day by day, knowing nothing of later days."
        " The alert line is how many suspicions its own people are taken to read in a day: three, or one for each 1,000"
        " of its machines. What stands below it, nobody would have looked at."
    )
    blocks: list[Block] = [intro]
    for actor in facts.actors:
        blocks += _of(actor, facts.moved_days.get(actor.name, 0) * DAY_US)
    return Part("alone", Text("What each saw alone"), tuple(blocks))


def _of(actor: ReadActor, by_us: int) -> list[Block]:
    findings = actor.findings
    if findings is None:
        return [Text("{actor}: nothing of it could be read.", actor=actor.name)]
    heading = Text(
        "{actor}: {records}, {hosts}, from {first} to {last} UTC",
        actor=actor.name,
        records=records(findings.rows),
        hosts=own_hosts(findings.hosts),
        first=moment(findings.first_us),
        last=moment(findings.last_us),
    )
    if not findings.suspicions:
        return [Text("{said}: nothing suspicious.", said=heading)]
    shown = findings.suspicions[:TOP]
    rows = tuple(_row(place, findings.told_us.get(place.suspicion.id), by_us) for place in shown)
    table = Table(heading, COLUMNS, rows, frozenset({0, 4}))
    more = len(findings.suspicions) - len(shown)
    if more <= 0:
        return [table]
    return [table, Text.counted("{count:,} weaker one is left out.", "{count:,} weaker ones are left out.", more)]


def _row(place: Ranked, told_us: int | None, by_us: int) -> tuple[Text, ...]:
    suspicion = place.suspicion
    return (
        Text.number(place.rank),
        Text.plain(suspicion.host),
        suspicion.headline,
        YES if place.above else NO,
        moment(None if told_us is None else told_us + by_us),
    )
