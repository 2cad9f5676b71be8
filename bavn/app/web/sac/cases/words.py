"""What each act on a case is called on a button, and what it will do, said before anybody presses it.

Made for the whole life-cycle table: an act without its words does not import.
"""

from collections.abc import Mapping
from typing import Final

from bavn.model.sector.case import CaseAct
from bavn.model.text import Text

BUTTONS: Final[Mapping[CaseAct, Text]] = {
    CaseAct.TAKE: Text("Take"),
    CaseAct.CONFIRM: Text("Confirm"),
    CaseAct.RELEASE: Text("Release"),
    CaseAct.WITHDRAW: Text("Withdraw"),
    CaseAct.CLOSE: Text("Close"),
    CaseAct.DISMISS: Text("Dismiss"),
    CaseAct.REOPEN: Text("Reopen"),
    CaseAct.MERGE: Text("Merge into another"),
}

WILL: Final[Mapping[CaseAct, Text]] = {
    CaseAct.TAKE: Text("You own the case. From now on its actors see their own part of it."),
    CaseAct.CONFIRM: Text(
        "The activity counts as malicious. What two independent groups reported goes to all actors as"
        " advice; nothing is blocked yet. You are one of the two people behind a block."
    ),
    CaseAct.RELEASE: Text(
        "Indicators go to every active actor within seconds. What may block needs two people: if you"
        " confirmed the case yourself, it waits for a second person."
    ),
    CaseAct.WITHDRAW: Text(
        "Every actor that got an indicator of this case is told to lift it. The case is confirmed again."
    ),
    CaseAct.CLOSE: Text("The work is over. Its indicators stay in force until their end."),
    CaseAct.DISMISS: Text(
        "The activity counts as harmless. What is in it weighs less at every actor (8 nats) until"
        " somebody reopens the case, and every actor is advised of it."
    ),
    CaseAct.REOPEN: Text("The case is in triage again, and what was said of it to actors as advice is taken back."),
    CaseAct.MERGE: Text(
        "Tasks, messages, evidence, actors and clocks move to the other case. This one stays with its"
        " history and says which goes on."
    ),
}

DANGEROUS: Final = frozenset({CaseAct.RELEASE, CaseAct.WITHDRAW, CaseAct.DISMISS, CaseAct.MERGE})
"""What is asked about first: it changes what others do."""

HOW: Final = {
    "block": Text("may be blocked by nodes themselves"),
    "watch": Text("is watched for, not blocked"),
    "refused": Text("would be refused"),
}

assert set(BUTTONS) == set(WILL) == set(CaseAct)  # noqa: S101  at import: an act without words is a fault here
