"""What a rule of the gates means to whoever reads the ledger, in both languages. Refuses to know the case at hand."""

from typing import Final

from bavn.actor.protect.words import WORDS
from bavn.app.node.case_parts import RULES
from bavn.app.node.reveal_words import ANSWERS
from bavn.model.text import Text

_MORE: Final[dict[str, Text]] = {
    "tier_joined": Text("The policy takes no part in such rounds."),
    "strong_enough": Text("The evidence is too weak for this round."),
    "same_names": Text("The round cuts names by another public suffix list than this node's."),
    "not_echo": Text("It rests on an indicator that the sector shared, and leaves as a sighting."),
    "not_common": Text("Everybody knows it: a list has it."),
    "nothing_live": Text("Nothing that is suspected now stands for it strongly enough."),
    "room": Text("There is no room for more just now."),
    "keys_late": Text("The key holder gave no keys in time."),
    "questions_budget": Text("The day's questions are used up."),
    "counts_budget": Text("The 30 days' budget of counts is spent."),
    "counted": Text("No noise could be drawn, and no count leaves without it: it is tried again."),
    "hear_verdicts": Text("The policy takes no verdicts of the sector's."),
    "verdict_new": Text("A newer verdict was heard before."),
    "part_new": Text("This was heard before."),
    "bad_signature": Text("The signature is not the centre's."),
    "heard_before": Text("It was heard before."),
}


def rule_says(rule: str) -> Text | None:
    """None for a rule whose own reason must do, and for no rule."""
    if not rule:
        return None
    return _MORE.get(rule) or ANSWERS.get(rule) or WORDS.get(rule) or RULES.get(rule)
