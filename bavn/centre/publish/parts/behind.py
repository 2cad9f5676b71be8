"""The coverage behind a claim: how many actors could have seen what is claimed, said beside it.

Refuses to say that what nobody could see was not there.
"""

from collections.abc import Iterable

from bavn.centre.publish.document import Sentence, Source, SourceKind
from bavn.centre.publish.facts import DocumentFacts, MemberFact
from bavn.centre.publish.wording import whole
from bavn.model.counted import actors as actors_counted
from bavn.model.sector.coverage import detectors_of
from bavn.model.text import Text

COVERAGE = (Source(SourceKind.QUERY, "bavn centre coverage"),)


def could(actors: Iterable[MemberFact], techniques: Iterable[str] = ()) -> int:
    """Of these actors those where a detector for one of these techniques could find something now; for none: any."""
    wanted = {name for technique in techniques for name in detectors_of(technique)}
    return sum(bool(one.sees) if not wanted else bool(wanted & set(one.sees)) for one in actors)


def behind(facts: DocumentFacts, techniques: Iterable[str] = ()) -> Sentence:
    """The sentence that stands beside a claim about what the sector met."""
    actors, seen = actors_counted(len(facts.active)), could(facts.took_part, techniques)
    return Sentence(
        Text(
            "Coverage behind this: of {said} {seen} could have seen it when this was made; what happened"
            " where nobody could see is not in it.",
            said=actors,
            seen=whole(seen),
        ),
        COVERAGE,
    )
