"""Hands events over, in order and at least once: what the receiver took is noted in one transaction after it took it.

A kill between the two repeats events under the ids that they had. A receiver that is gone is left alone twice as long
each time; meanwhile nothing is copied, the books hold it. Refuses to know where events come from and where they go.
"""

import logging
from collections.abc import Sequence
from itertools import accumulate
from typing import Final, Protocol

from bavn.app.process.problem import Problem
from bavn.app.siem.bookmark import Bookmark
from bavn.app.siem.event import Kind, SiemEvent, Teller
from bavn.app.siem.forms import Form
from bavn.app.siem.transports.base import Handed, Message, NotTaken, TooMuch, Transport
from bavn.model.moment import DAY_US, SECOND_US
from bavn.model.ports import Clock
from bavn.model.text import Text

_LOG = logging.getLogger(__name__)
BATCH_MAX: Final = 200
EVERY_S: Final = 5
"""How often it is looked for something to tell."""
BACK_OFF_S: Final = 2
BACK_OFF_S_MAX: Final = 300
FAILS_BEFORE_PROBLEM: Final = 2
"""One failure may be a restart of the receiver; after the second one somebody is told."""


REFUSED: Final = "refused"
"""Where the bookmark remembers what was refused and stands behind something that waits."""


class Stream(Protocol):
    """One kind of events, as the books hold them."""

    @property
    def kind(self) -> Kind: ...

    def look(self) -> None:
        """At every turn, also while the receiver is away: notes what no book would keep."""
        ...

    def events(self, limit: int) -> Sequence[SiemEvent]:
        """The oldest that were not told, in order."""
        ...

    def settle(self, events: Sequence[SiemEvent]) -> None:
        """They are with the receiver, or refused for good: joins the open transaction."""
        ...


class InBook:
    """A stream that lies in a book whatever happens."""

    def look(self) -> None:
        """Nothing is to be noted."""


class Handover:
    """``turn`` is called by one thread; ``problems`` from any."""

    def __init__(
        self,
        streams: Sequence[Stream],
        form: Form,
        transport: Transport,
        teller: Teller,
        bookmark: Bookmark,
        clock: Clock,
        batch_max: int = BATCH_MAX,
    ) -> None:
        self._streams, self._form, self._transport, self._teller = streams, form, transport, teller
        self._bookmark, self._clock = bookmark, clock
        self._batch_max = self._batch = batch_max
        self._failures, self._quiet_until_us = 0, 0
        self._why: Text | None = None

    def turn(self) -> bool:
        """Hands over one batch; True where more waits already."""
        for stream in self._streams:
            stream.look()
        if self._clock.now_us() < self._quiet_until_us:
            return False
        waiting = self._gathered()
        batch = waiting[: self._batch]
        if not batch:
            return False
        try:
            handed = self._handed(batch)
        except TooMuch as error:
            if len(batch) > 1:
                self._batch = max(1, len(batch) // 2)
                return True
            handed = Handed(refused={batch[0][1].id: error.text.en})  # too much by itself
        except NotTaken as error:
            self._back_off(error)
            return False
        self._note(batch, handed)
        if handed.waits and not handed.refused:
            self._back_off(NotTaken(Text("the receiver takes only some of it now")))
            return False
        self._failures, self._why = 0, None
        self._batch = min(self._batch_max, 2 * self._batch)
        return len(waiting) > len(batch)

    def problems(self) -> list[Problem]:
        """What is wrong with the receiver, and what it refused within a day."""
        problems = []
        why, receiver = self._why, self._transport.receiver
        if why is not None and self._failures >= FAILS_BEFORE_PROBLEM:
            text = Text("the SIEM at {receiver} takes nothing: {why}", receiver=receiver, why=why)
            problems.append(Problem(code="siem_takes_nothing", source="siem", text=text))
        refused = self._bookmark.refused(self._clock.now_us() - DAY_US)
        if refused:
            id_, kind, cause = refused[0]
            text = Text.counted(
                "the SIEM refused {count:,} event within a day, a {kind} ({id}): {said}",
                "the SIEM refused {count:,} events within a day, the latest a {kind} ({id}): {said}",
                len(refused),
                kind=kind,
                id=id_,
                said=cause,
            )
            problems.append(Problem(code="siem_refuses", source="siem", text=text))
        return problems

    def close(self) -> None:
        self._transport.close()

    def _gathered(self) -> list[tuple[Stream, SiemEvent]]:
        """The oldest of all streams; each stream's own order stays, whatever a clock did meanwhile."""
        keyed = []
        for number, stream in enumerate(self._streams):
            events = stream.events(self._batch + 1)
            moments = accumulate((event.at_us for event in events), max)
            keyed += [
                ((at_us, number, place), stream, event)
                for place, (at_us, event) in enumerate(zip(moments, events, strict=True))
            ]
        keyed.sort(key=lambda one: one[0])
        return [(stream, event) for _, stream, event in keyed]

    def _message(self, event: SiemEvent) -> Message:
        return Message(
            id=event.id,
            at_us=event.at_us,
            kind=event.kind,
            action=event.action,
            severity=event.severity,
            content=self._form(event, self._teller),
        )

    def _handed(self, batch: Sequence[tuple[Stream, SiemEvent]]) -> Handed:
        """Sends what the receiver has not refused before. Raises NotTaken."""
        before = self._bookmark.settled(REFUSED)
        sent = [self._message(event) for _, event in batch if event.id not in before]
        handed = self._transport.hand(sent) if sent else Handed()
        again = {event.id: "" for _, event in batch if event.id in before}
        return Handed(refused={**again, **handed.refused}, waits=handed.waits)

    def _note(self, batch: Sequence[tuple[Stream, SiemEvent]], handed: Handed) -> None:
        """A stream is told up to the first event that waits: a mark has no gaps. What was refused behind that one is
        remembered until then, and not sent again."""
        now_us = self._clock.now_us()
        with self._bookmark.book.transaction():
            for stream in self._streams:
                mine = [event for whose, event in batch if whose is stream]
                done = next((at for at, event in enumerate(mine) if event.id in handed.waits), len(mine))
                for event in mine:
                    why = handed.refused.get(event.id, "")
                    if why:
                        _LOG.error("the SIEM refused %s %s: %s", event.kind, event.id, why)
                        self._bookmark.refuse(event.id, event.kind, why, now_us)
                behind = {event.id: now_us for event in mine[done:] if event.id in handed.refused}
                self._bookmark.tell(REFUSED, behind)
                if done:
                    stream.settle(mine[:done])
                    self._bookmark.forget(REFUSED, [one.id for one in mine[:done] if one.id in handed.refused])

    def _back_off(self, error: NotTaken) -> None:
        wait_s = max(error.retry_after_s, min(BACK_OFF_S_MAX, BACK_OFF_S << min(self._failures, 16)))
        self._failures += 1
        self._why = error.text
        self._quiet_until_us = self._clock.now_us() + wait_s * SECOND_US
        _LOG.warning("the SIEM takes nothing (%s); it is tried again in %d s", error.text.en, wait_s)
