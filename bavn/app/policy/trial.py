"""What another policy would have kept at home of the last days, in sentences: for the console's editor and the command.

Also the strict policy, which one click fills in to be looked at. Refuses to write anything, and to choose for anybody.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bavn.actor.door.conversations.questions import QUESTIONS_SQL
from bavn.actor.door.policy import DoorPolicy
from bavn.actor.door.queries import wishes
from bavn.actor.door.sector_verdicts import SECTOR_VERDICTS_SQL, sector_verdicts_of
from bavn.app.config.load import NodeConfig
from bavn.app.policy.left import counted_of, strongest
from bavn.app.policy.past import DAYS, PastTried, Questions, lines_of, tried_on_past
from bavn.model.counted import days as counted_days
from bavn.model.observable import Observable
from bavn.model.text import Number, Text
from bavn.wire.ledger import LedgerReader

Rows = Callable[..., list[tuple[Any, ...]]]
STRICT: Final[dict[str, dict[str, Any]]] = {
    "door": {
        "strong_t_min": 3,
        "reveal_domain": "ask",
        "reveal_address": "ask",
        "reveal_fingerprint": "ask",
        "reveal_pair": "ask",
        "reveal_chain": "ask",
        "reveal_file": "ask",
        "answer_questions": "ask",
        "answer_radius": "ask",
        "tell_counts": False,
    }
}
"""Nothing is named and no question answered without a person here, three must hold the same, and no counts leave."""
NAMED_MAX: Final = 5


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of it. ``says``: in sentences, the most telling first; ``confirmed``: of what would not have been
    reported, what the sector has confirmed as an attack."""

    past: PastTried
    confirmed: tuple[Observable, ...]
    says: tuple[Text, ...]


def try_policy(
    rows: Rows, reader: LedgerReader, config: NodeConfig, after: DoorPolicy, now_us: int, days: int = DAYS
) -> Trial:
    """``rows``: questions to the node's book; ``config``: with the policy that is written now."""
    decided = wishes(rows)
    past = tried_on_past(
        lines_of(reader, now_us, days),
        (config.door, after),
        (config.node.actor, tuple(config.node.homes)),
        lambda observable: decided.get(str(observable)),
        _questions(rows),
    )
    attacks = {one.peer for one in sector_verdicts_of(rows(SECTOR_VERDICTS_SQL)) if one.judgement == "true"}
    named = {one.observable for one in past.stays if one.observable is not None}
    confirmed = tuple(sorted(one for one in named if one.value in attacks))
    return Trial(past, confirmed, tuple(_says(past, confirmed, days)))


def _questions(rows: Rows) -> Questions:
    asked_about = {}
    for question_id, number, observable, *_ in rows(QUESTIONS_SQL):
        kind, _, value = str(observable).partition(":")
        asked_about[str(question_id), int(number)] = Observable.of(kind, value)
    return asked_about


def _says(past: PastTried, confirmed: Sequence[Observable], days: int) -> list[Text]:
    span = counted_days(days)
    if not past.left:
        return [Text("Nothing has left this actor in the last {days}: there is nothing to try it on.", days=span)]
    if not past.stays:
        all_left = Text(
            "With this policy no more of the {left} things that left in the last {days} would have stayed at home.",
            left=Number(past.left),
            days=span,
        )
        return [all_left, *_already(past)]
    head = Text(
        "With this policy {n} of the {left} things that left in the last {days} would have stayed at home.",
        n=Number(len(past.stays)),
        left=Number(past.left),
        days=span,
    )
    kinds = Counter(strongest(stayed.line.privacy) for stayed in past.stays)
    lost = [counted_of(privacy, count) for privacy, count in sorted(kinds.items())]
    sentences = [head, Text("The sector would have lost {lost}.", lost=Text.joined(", ", lost)), *_already(past)]
    named = list(
        dict.fromkeys(stayed.observable for stayed in past.stays if stayed.observable and stayed.line.kind == "Report")
    )
    if named:
        listed = ", ".join(str(stayed) for stayed in named[:NAMED_MAX])
        more = len(named) - NAMED_MAX
        names = Text("{named} and {n} more", named=listed, n=Number(more)) if more > 0 else Text.plain(listed)
        sentences.append(Text("It would not have heard from here of: {named}.", named=names))
    if confirmed:
        attacks = ", ".join(str(stayed) for stayed in confirmed[:NAMED_MAX])
        sentences.append(Text("Of these the sector has confirmed as an attack: {named}.", named=attacks))
    if not past.whole:
        sentences.append(Text("There are more lines than are looked through at once: this is of the newest alone."))
    return sentences


def _already(past: PastTried) -> list[Text]:
    if not past.already:
        return []
    return [
        Text.counted(
            "{count:,} other would stay already with the policy as it is written now.",
            "{count:,} others would stay already with the policy as it is written now.",
            past.already,
        )
    ]
