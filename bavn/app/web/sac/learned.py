"""What the centre, an actor and the key holder learn of a round, in plain words. docs/privacy.md says which test holds
each claim. Refuses to promise what that page does not.
"""

from typing import Final

from bavn.app.web.frame import TextShape
from bavn.app.web.sac.bodies import Shape
from bavn.centre.desk.views import RoundSummary
from bavn.model.text import Text


class PartyLearned(Shape):
    """What one party learned, and what it did not."""

    party: str
    name: TextShape
    learned: list[TextShape]
    not_learned: list[TextShape]


class AreasLearned(Shape):
    """By party: the centre, an actor, the key holder."""

    parties: list[PartyLearned]


NAMES: Final = {
    "centre": Text("The centre", "Centret"),
    "actor": Text("An actor", "En aktør"),
    "keyholder": Text("The key holder", "Nøgleholderen"),
}
NOT: Final = {
    "centre": (
        Text(
            "Any element that fewer than t actors hold: their shares are random numbers to it.",
            "Noget element, som færre end t aktører har: deres andele er tilfældige tal for det.",
        ),
        Text(
            "Hosts, users, times and exact counts: no message has a field for them.",
            "Maskiner, brugere, tidspunkter og præcise antal: ingen meddelelse har et felt til dem.",
        ),
        Text(
            "Why an actor declined: a decline never has a reason.",
            "Hvorfor en aktør afslog: et afslag har aldrig en grund.",
        ),
    ),
    "actor": (
        Text(
            "Anything of another actor's upload: no message brings it one.",
            "Noget af en anden aktørs upload: ingen meddelelse bringer den et.",
        ),
        Text("Elements that it does not hold itself.", "Elementer, som den ikke selv har."),
    ),
    "keyholder": (
        Text(
            "Which elements anybody holds: it sees blinded points, padded to a fixed number.",
            "Hvilke elementer nogen har: den ser blændede punkter, fyldt op til et fast antal.",
        ),
        Text(
            "Uploads, hits, reports and leads: none of them passes it.",
            "Uploads, træffere, meldinger og spor: intet af det kommer forbi den.",
        ),
    ),
}
ALWAYS: Final = {
    "centre": (
        Text(
            "Which cells at least t actors share, and which actors.",
            "Hvilke celler mindst t aktører deler, og hvilke aktører.",
        ),
        Text(
            "The elements that t or more of their holders named, by their own policy.",
            "De elementer, som t eller flere af indehaverne nævnte efter deres egen politik.",
        ),
        Text("Who took part, and when.", "Hvem der deltog, og hvornår."),
    ),
    "actor": (
        Text(
            "For each element that it was asked to name: that at least t-1 others hold it, and whose receipts it saw.",
            "For hvert element, den blev bedt om at nævne: at mindst t-1 andre har det, og hvis kvitteringer den så.",
        ),
        Text("Who the members of the round are.", "Hvem der er med i runden."),
    ),
    "keyholder": (
        Text(
            "That an actor asked for keys of this round, and when.",
            "At en aktør bad om nøgler til denne runde, og hvornår.",
        ),
    ),
}


def learned(summary: RoundSummary | None) -> AreasLearned:
    """Of one round with its figures, or of any."""
    said = ALWAYS if summary is None else {**ALWAYS, "centre": (*_centre(summary), ALWAYS["centre"][2])}
    return AreasLearned(
        parties=[
            PartyLearned(
                party=party,
                name=TextShape.of(name),
                learned=[TextShape.of(one) for one in said[party]],
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
                f"That no cell of this round is held by {t} or more of the {parts} that took part: nothing else.",
                f"At ingen celle i denne runde er hos {t} eller flere af de {parts}, der deltog: intet andet.",
            ),
        )
    return (
        Text(
            f"That {hits} cells of this round are held by {t} or more of the {parts} that took part, and by whom.",
            f"At {hits} celler i denne runde er hos {t} eller flere af de {parts}, der deltog, og hos hvem.",
        ),
        Text(
            f"The elements below that {t} or more of their holders named, by their own policy.",
            f"De elementer nedenfor, som {t} eller flere af indehaverne nævnte efter deres egen politik.",
        ),
    )
