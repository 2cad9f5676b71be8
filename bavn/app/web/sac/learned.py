"""What the centre, an actor and a key holder learn of a round, in plain words. docs/privacy.md says which test holds
each claim. Refuses to promise what that page does not.
"""

from typing import Final

from bavn.app.web.frame import TextShape
from bavn.app.web.sac.bodies import Shape
from bavn.centre.desk.views import RoundSummary
from bavn.model.text import Text
from bavn.psi.commons_terms import TIER as COMMONS


class PartyLearned(Shape):
    """What one party learned, and what it did not."""

    party: str
    name: TextShape
    learned: list[TextShape]
    not_learned: list[TextShape]


class AreasLearned(Shape):
    """By party: the centre, an actor, a key holder."""

    parties: list[PartyLearned]


NAMES: Final = {
    "centre": Text("The centre"),
    "actor": Text("An actor"),
    "keyholder": Text("A key holder"),
}
NOT: Final = {
    "centre": (
        Text("Any element that fewer than t actors hold: their shares are random numbers to it."),
        Text("Hosts, users, times and exact counts: no message has a field for them."),
        Text("Why an actor declined: a decline never has a reason."),
        Text("Which key holders answered an actor, or how many the sector has: each node asks them past the centre."),
    ),
    "actor": (
        Text("Anything of another actor's upload: no message brings it one."),
        Text("Elements that it does not hold itself."),
    ),
    "keyholder": (
        Text("Which elements anybody holds: it sees blinded points, padded to a fixed number."),
        Text("Uploads, hits, reports and leads: none of them passes it."),
        Text("Where a sector has several: any key. Each has a share, and fewer than k shares tell nothing of it."),
    ),
}
ALWAYS: Final = {
    "centre": (
        Text("Which cells at least t actors share, and which actors."),
        Text("The elements that t or more of their holders named, by their own policy."),
        Text("Who took part, and when."),
    ),
    "actor": (
        Text("For each element that it was asked to name: that at least t-1 others hold it, and not which."),
        Text("Who the members of the round are."),
    ),
    "keyholder": (Text("That an actor asked for keys of this round, and when."),),
}
OF_COMMONS: Final = {
    "centre": (
        Text("For ids that it cannot read, which cells three or more groups share, until everybody is answered."),
        ALWAYS["centre"][2],
    ),
    "actor": (
        Text("Of each element that it listed itself, about how many groups know it where three or more do; never who."),
        ALWAYS["actor"][1],
    ),
    "keyholder": ALWAYS["keyholder"],
}
"""Of the commons round, in which nothing is ever named."""


def learned(summary: RoundSummary) -> AreasLearned:
    """Of one round, with its figures."""
    pieces = {**ALWAYS, "centre": (*_centre(summary), ALWAYS["centre"][2])}
    if summary.round.params.tier == COMMONS:
        pieces = OF_COMMONS
    return AreasLearned(
        parties=[
            PartyLearned(
                party=party,
                name=TextShape.of(name),
                learned=[TextShape.of(one) for one in pieces[party]],
                not_learned=[TextShape.of(one) for one in NOT[party]],
            )
            for party, name in NAMES.items()
        ]
    )


def _centre(summary: RoundSummary) -> tuple[Text, ...]:
    found = summary.round
    t, parts, hits = found.params.t, len(summary.uploaded), found.hits
    if not hits:
        return (
            Text(
                "That no cell of this round is held by {t} or more of the {parts} that took part: nothing else.",
                t=t,
                parts=parts,
            ),
        )
    return (
        Text.counted(
            "That {count:,} cell of this round is held by {t} or more of the {parts} that took part, and by whom.",
            "That {count:,} cells of this round are held by {t} or more of the {parts} that took part, and by whom.",
            hits,
            t=t,
            parts=parts,
        ),
        Text("The elements below that {t} or more of their holders named, by their own policy.", t=t),
    )
