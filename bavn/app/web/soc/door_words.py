"""What a rule of the gates means to whoever reads the ledger, in both languages. Refuses to know the case at hand."""

from typing import Final

from bavn.actor.protect.words import WORDS
from bavn.app.node.case_parts import RULES
from bavn.app.node.reveal_words import ANSWERS
from bavn.model.text import Text

_MORE: Final[dict[str, Text]] = {
    "tier_joined": Text("The policy takes no part in such rounds.", "Politikken deltager ikke i sådanne runder."),
    "strong_enough": Text("The evidence is too weak for this round.", "Beviset er for svagt til denne runde."),
    "same_names": Text(
        "The round cuts names by another public suffix list than this node's.",
        "Runden skærer navne efter en anden liste over offentlige endelser end nodens.",
    ),
    "not_echo": Text(
        "It rests on an indicator that the sector shared, and leaves as a sighting.",
        "Det hviler på en indikator, som sektoren delte, og går ud som en observation.",
    ),
    "not_common": Text("Everybody knows it: a list has it.", "Alle kender det: en liste har det."),
    "nothing_live": Text(
        "Nothing that is suspected now stands for it strongly enough.",
        "Intet, der mistænkes nu, står stærkt nok bag det.",
    ),
    "room": Text("There is no room for more just now.", "Der er ikke plads til mere lige nu."),
    "keys_late": Text("The key holder gave no keys in time.", "Nøgleholderen gav ingen nøgler i tide."),
    "questions_budget": Text("The day's questions are used up.", "Dagens spørgsmål er brugt."),
    "counts_budget": Text("The 30 days' budget of counts is spent.", "De 30 dages budget for antal er brugt."),
    "counted": Text(
        "No noise could be drawn, and no count leaves without it: it is tried again.",
        "Der kunne ikke trækkes støj, og intet antal går ud uden: det prøves igen.",
    ),
    "hear_verdicts": Text(
        "The policy takes no verdicts of the sector's.", "Politikken tager ikke sektorens domme ind."
    ),
    "verdict_new": Text("A newer verdict was heard before.", "En nyere dom er hørt før."),
    "part_new": Text("This was heard before.", "Dette er hørt før."),
    "bad_signature": Text("The signature is not the centre's.", "Underskriften er ikke centralens."),
    "heard_before": Text("It was heard before.", "Det er hørt før."),
}


def rule_says(rule: str) -> Text | None:
    """None for a rule whose own reason must do, and for no rule."""
    if not rule:
        return None
    return _MORE.get(rule) or ANSWERS.get(rule) or WORDS.get(rule) or RULES.get(rule)
