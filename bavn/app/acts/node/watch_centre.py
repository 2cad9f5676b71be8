"""What people here do about the centre's log, which this node watches as a witness."""

import json

from bavn.actor.door.conversations.witness_book import WitnessBook
from bavn.actor.protect.intake import act_id
from bavn.app.access.rights import Right
from bavn.app.acts.act import act
from bavn.app.acts.node.here import Here
from bavn.wire.ledger import Ledger, Note

WHY_CHARACTERS_MAX = 500


@act(Right.SOC_PROTECT, only="command")
def begin_anew(here: Here, by: str, why: str) -> int:
    """Take the next log that the centre shows for its log; how many cases of evidence that settled. They stay, with a
    line in the ledger of who did it and why."""
    now_us = here.clock.now_us()
    with here.book() as book, book.transaction():
        settled = WitnessBook(book).begin_anew(by, now_us)
        words = json.dumps({"evidence": settled, "why": why[:WHY_CHARACTERS_MAX]}, sort_keys=True, ensure_ascii=False)
        note = Note(kind="LogBegunAnew", item_id=act_id("log_begun_anew", "", by, now_us), peer=by, summary=words)
        Ledger(book).append(now_us, "asked", "in", note)
    return settled
