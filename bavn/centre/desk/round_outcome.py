"""What became of each cell of a round, and of the round itself, in words: as far as the centre can know.

Why a holder declined the centre never learns (a reason would be an equality test below the threshold, PSI.md), and the
words say so. Refuses to guess.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

from bavn.centre.correlate.round_state import Phase, Round
from bavn.model.text import Text
from bavn.psi.commons_terms import TIER as COMMONS

if TYPE_CHECKING:
    from bavn.centre.desk.views import CellStory

Outcome = Literal["revealed", "quarantined", "too_few", "declined", "no_answer", "no_receipts", "explained", "waiting"]
REFUSED: Final[Mapping[str, Text]] = MappingProxyType(
    {
        "upload_in_time": Text("its upload came after the deadline"),
        "registry_version": Text("its upload was made for another version of the member list"),
        "planes_length": Text("its upload has a wrong length"),
        "planes_value": Text("its upload holds values outside the field"),
        "one_upload": Text("a second upload; the first counts"),
        "round_member": Text("it is not a member of this round"),
        "round_phase": Text("nothing is asked at this time of the round"),
        "asked_for": Text("it answered what was not asked"),
        "one_answer": Text("it had named the element already"),
    }
)


def outcome_of(story: "CellStory", round_: Round) -> Outcome:
    """What became of a cell that at least t actors hold."""
    if len({observable for _, observable in story.named}) > 1:
        return "quarantined"
    if len(story.named) >= round_.params.t:
        return "revealed"
    over = round_.phase in (Phase.CLOSED, Phase.VOID) or round_.listening
    if not story.receipts:
        return "explained" if over else "waiting"
    if not over and len(story.named) + len(story.declined) < len(story.holders):
        return "waiting"
    if not story.asked:
        return "no_receipts"
    if story.named:
        return "too_few"
    return "declined" if story.declined else "no_answer"


def why(story: "CellStory", round_: Round) -> Text:
    """One sentence: why the element of this cell is known to the centre, or why not."""
    t, named, requests = round_.params.t, len(story.named), len(story.asked)
    silent = [one for one in story.asked if one not in story.declined and one not in dict(story.named)]
    declined = Text("; declined: {who}", who=", ".join(story.declined)) if story.declined else ""
    unheard = Text("; did not answer: {who}", who=", ".join(silent)) if silent else ""
    rest = Text.shaped("{declined}{unheard}", declined=declined, unheard=unheard)
    return {
        "revealed": Text("Revealed: {named} named it, {t} are needed.", named=named, t=t),
        "quarantined": Text("Quarantined: its holders name different values, so none counts."),
        "too_few": Text("Not revealed: {named} named it, {t} are needed{rest}.", named=named, t=t, rest=rest),
        "declined": Text(
            "Not revealed: all who answered declined, and never say why (policy, veto or a receipt){rest}.", rest=rest
        ),
        "no_answer": Text("Not revealed: none of the {asked} who were asked answered in time.", asked=requests),
        "no_receipts": Text("Not revealed: fewer than {t} gave a receipt, so nobody was asked to name it.", t=t),
        "explained": Text("Not asked about: elements that the same holders named from other cells explain it."),
        "waiting": Text("The reveal is under way."),
    }[outcome_of(story, round_)]


def state_of(round_: Round) -> Text:
    """What phase the round is in, in one sentence."""
    t, uploads = round_.params.t, round_.uploads
    return {
        Phase.UPLOADS: Text("It takes uploads."),
        Phase.REVEAL: Text(
            "{uploads} uploads are reconstructed and deleted; {hits} cells are held by {t} or more.",
            uploads=uploads,
            hits=round_.hits,
            t=t,
        ),
        Phase.ANSWER: Text("{uploads} uploads are reconstructed: each actor gets its answer.", uploads=uploads),
        Phase.CLOSED: Text(
            "It is over: all who uploaded ({uploads}) were answered, and nothing was named.", uploads=uploads
        )
        if round_.params.tier == COMMONS
        else Text(
            "It is over: {uploads} uploads, {hits} cells held by {t} or more.", uploads=uploads, hits=round_.hits, t=t
        ),
        Phase.VOID: Text("It is void: {uploads} uploads, {t} are needed. Nothing was learned.", uploads=uploads, t=t),
    }[round_.phase]
