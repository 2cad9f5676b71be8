"""What became of each cell of a round, and of the round itself, in words: as far as the centre can know.

Why a holder declined the centre never learns (a reason would be an equality test below the threshold, PSI.md), and the
words say so. Refuses to guess.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

from bavn.centre.correlate.round_state import Phase, Round
from bavn.model.text import Text

if TYPE_CHECKING:
    from bavn.centre.desk.views import CellStory

Outcome = Literal["revealed", "quarantined", "too_few", "declined", "no_answer", "no_receipts", "explained", "waiting"]
REFUSED: Final[Mapping[str, Text]] = MappingProxyType(
    {
        "upload_in_time": Text("its upload came after the deadline", "upload kom efter fristen"),
        "registry_version": Text(
            "its upload was made for another version of the member list", "upload var lavet til en anden medlemsliste"
        ),
        "planes_length": Text("its upload has a wrong length", "upload har en forkert længde"),
        "planes_value": Text("its upload holds values outside the field", "upload har værdier uden for talområdet"),
        "one_upload": Text("a second upload; the first counts", "endnu et upload; det første tæller"),
        "round_member": Text("it is not a member of this round", "den er ikke med i denne runde"),
        "round_phase": Text(
            "nothing is asked at this time of the round", "der spørges ikke på dette tidspunkt i runden"
        ),
        "asked_for": Text("it answered what was not asked", "den svarede på noget, der ikke var spurgt om"),
        "one_answer": Text("it had named the element already", "den havde allerede nævnt elementet"),
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
    t, named, asked = round_.params.t, len(story.named), len(story.asked)
    silent = [one for one in story.asked if one not in story.declined and one not in dict(story.named)]
    rest_en = _rest("declined", story.declined) + _rest("did not answer", silent)
    rest_da = _rest("afslog", story.declined) + _rest("svarede ikke", silent)
    return {
        "revealed": Text(f"Revealed: {named} named it, {t} are needed.", f"Afsløret: {named} nævnte det, {t} kræves."),
        "quarantined": Text(
            "Quarantined: its holders name different values, so none counts.",
            "I karantæne: aktørerne nævner forskellige værdier, så ingen tæller.",
        ),
        "too_few": Text(
            f"Not revealed: {named} named it, {t} are needed{rest_en}.",
            f"Ikke afsløret: {named} nævnte det, {t} kræves{rest_da}.",
        ),
        "declined": Text(
            f"Not revealed: all who answered declined, and never say why (policy, veto or a receipt){rest_en}.",
            f"Ikke afsløret: alle, der svarede, afslog og siger aldrig hvorfor (politik, veto, kvittering){rest_da}.",
        ),
        "no_answer": Text(
            f"Not revealed: none of the {asked} who were asked answered in time.",
            f"Ikke afsløret: ingen af de {asked} spurgte svarede i tide.",
        ),
        "no_receipts": Text(
            f"Not revealed: fewer than {t} gave a receipt, so nobody was asked to name it.",
            f"Ikke afsløret: færre end {t} gav en kvittering, så ingen blev bedt om at nævne det.",
        ),
        "explained": Text(
            "Not asked about: elements that the same holders named from other cells explain it.",
            "Ikke spurgt om: elementer, som de samme aktører nævnte fra andre celler, forklarer det.",
        ),
        "waiting": Text("The reveal is under way.", "Afsløringen er i gang."),
    }[outcome_of(story, round_)]


def _rest(what: str, who: list[str] | tuple[str, ...]) -> str:
    return f"; {what}: {', '.join(who)}" if who else ""


def state_of(round_: Round) -> Text:
    """What phase the round is in, in one sentence."""
    t, uploads = round_.params.t, round_.uploads
    return {
        Phase.UPLOADS: Text("It takes uploads.", "Den tager imod uploads."),
        Phase.REVEAL: Text(
            f"{uploads} uploads are reconstructed and deleted; {round_.hits} cells are held by {t} or more.",
            f"{uploads} uploads er regnet igennem og slettet; {round_.hits} celler har {t} eller flere.",
        ),
        Phase.CLOSED: Text(
            f"It is over: {uploads} uploads, {round_.hits} cells held by {t} or more.",
            f"Den er slut: {uploads} uploads, {round_.hits} celler hos {t} eller flere.",
        ),
        Phase.VOID: Text(
            f"It is void: {uploads} uploads, {t} are needed. Nothing was learned.",
            f"Den er ugyldig: {uploads} uploads, {t} kræves. Intet blev lært.",
        ),
    }[round_.phase]
