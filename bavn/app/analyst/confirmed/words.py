"""The words for a confirmed attack that was met here: one sentence, and what to do now. Refuses to look anything up."""

from datetime import tzinfo
from typing import Final

from bavn.actor.protect.confirmed import Stand
from bavn.app.analyst.confirmed.here import HitHere
from bavn.model.spans import local_day
from bavn.model.text import Text

STANDS: Final[dict[Stand, Text]] = {
    "blocked": Text("Confirmed attack, blocked since {since}"),
    "watched": Text("Confirmed attack, watched since {since}"),
    "waits": Text("Confirmed attack, not blocked yet"),
    "open": Text("Confirmed attack, not blocked here"),
}
_APPROVE: Final = Text("Let the block go into force: it waits here. Its dry run says what else it would hit.")
_ISOLATE: Final = Text(
    "Take the machines off the network and leave them switched on: what is in their memory is evidence. Ask those who"
    " use it first where it is clinical equipment."
)
_FIND: Final = Text("Find the machines: hunt for {value} in all records that are kept here.")
_FIND_UNNAMED: Final = Text("Find the machines: hunt for it in all records that are kept here.")
_SECURE: Final = Text(
    "Secure records and packets now, from the suspicion of each machine: they are forgotten when their time is over."
)
_LOOK: Final = Text(
    "See what came before it was first met here and what followed: who used the machines, what they fetched, whom they"
    " spoke with since."
)
_TELL: Final = Text(
    "Tell the centre in the case what you find. If it is a significant incident under NIS2, an early warning is due 24"
    " hours after you knew of it."
)


def sentence(hit: HitHere, zone: tzinfo | None) -> Text:
    """``Confirmed attack, blocked since 29 November 2026, met here 116 times from 1 machine, first on 22 November``
    and its year. ``zone``: whose days; None: this machine's."""
    known = hit.confirmed
    stand = STANDS[known.stands].filled(since=local_day(known.forced_us or known.received_us, zone))
    times = Text.counted("{count:,} time", "{count:,} times", known.count)
    machines = max(known.hosts or 0, len(hit.hosts))
    met = (
        Text.counted(
            "met here {times} from {count:,} machine", "met here {times} from {count:,} machines", machines, times=times
        )
        if machines
        else Text("met here {times}", times=times)
    )
    parts = [stand, met]
    if known.history:
        parts.append(Text("{count} of them in own history, before anybody knew", count=Text.number(known.history)))
    if hit.first_us is not None:
        parts.append(Text("first on {day}", day=local_day(hit.first_us, zone)))
    return Text.joined(", ", parts)


def what_to_do(hit: HitHere, *, named: bool = True) -> list[Text]:
    """The next steps, the most urgent first. Not ``named``: without a word of what was met."""
    known = hit.confirmed
    steps = [_APPROVE] if known.standing == "waiting" else []
    find = _FIND.filled(value=known.observable.value) if named else _FIND_UNNAMED
    steps.append(_ISOLATE if hit.hosts else find)
    if hit.suspicions:
        steps.append(_SECURE)
    return [*steps, _LOOK, _TELL]
