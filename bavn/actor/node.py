"""One step of the node: put together from the rooms, no thinking of its own.

``look`` takes in what the sources have and concludes; ``talk`` hears the centre, protects, and sends. They share the
store and the suspicions only, so that a service may run them side by side and a long look never delays a block.
Simulation and hospital run this same code. Refuses to know what travels: the door does.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bavn.actor.detect.run import Survey
from bavn.actor.door.door import Door
from bavn.actor.door.tell_rules import Condition
from bavn.actor.protect.protect import Protect
from bavn.actor.sense.base import Source
from bavn.model.indicator import BlockOutcome, Sighting
from bavn.model.moment import DAY_US, MINUTE_US, SECOND_US
from bavn.model.outcome import Refused
from bavn.model.ports import Clock, Link, LinkDown, Store, Window

MESSAGES_MAX = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSettings:
    """``detect_s``: seconds between two runs of the detectors; ``window_days``: what they look back on."""

    version: str
    detect_s: int = 60
    window_days: int = 28
    health_s: int = 60
    batches_per_look_max: int = 64


@dataclass(slots=True)
class Lookout:
    """The half of the node that takes in and concludes. ``detect``: a window to suspicions; ``keep``: where they are
    kept; ``horizon_us``: the newest moment seen in the data, where detection looks back from."""

    clock: Clock
    store: Store
    sources: Sequence[Source]
    detect: Callable[[Window], Survey]
    keep: Callable[[Survey, int], object]
    horizon_us: Callable[[], int]
    settings: NodeSettings
    rows: int = 0
    refused: int = 0
    _due_us: int = 0
    _fresh: bool = False

    def look(self) -> bool:
        """Takes in what the sources have, up to a bound, and runs the detectors when they are due and there is
        something new. True if anything was taken in: ask again at once."""
        batches = 0
        for source in self.sources:
            for batch in source.poll():
                self.rows += self.store.append(batch.source, batch.mark, batch.tables)
                self.refused += batch.refused
                source.acknowledge(batch.mark)
                batches += 1
                if batches >= self.settings.batches_per_look_max:
                    break
        self._fresh |= batches > 0
        now_us = self.clock.now_us()
        if self._fresh and now_us >= self._due_us:
            self.conclude()
        return batches > 0

    def conclude(self) -> None:
        """Runs the detectors over the window that ends at the newest record."""
        end_us = self.horizon_us()
        window = self.store.window(end_us - self.settings.window_days * DAY_US, end_us + 1)
        self.keep(self.detect(window), end_us)
        self._due_us = self.clock.now_us() + self.settings.detect_s * SECOND_US
        self._fresh = False


@dataclass(slots=True)
class Talker:
    """The half of the node that hears, protects and sends. ``condition``: how the node is, for its health.
    ``in_sector``: False at a node that no centre waits to hear from."""

    clock: Clock
    link: Link
    door: Door
    protect: Protect
    condition: Callable[[], Condition]
    settings: NodeSettings
    in_sector: bool = True
    _health_us: int = 0
    _tidy_us: int = 0

    def start(self) -> None:
        """Once: the enforcers are brought to the wanted set."""
        self.protect.start()

    def talk(self, wait_s: float = 0.0) -> None:
        """Pulls (waiting up to ``wait_s`` for the first message), hears, protects, tells, sends. Raises LinkRefused;
        a link that is down is waited out: everything is kept."""
        self.send()
        self.hear(wait_s)
        self.serve()
        self.send()

    def hear(self, wait_s: float = 0.0) -> int:
        """Pulls and hears; returns how many envelopes came. A link that is down gives none."""
        try:
            raws = self.link.pull(self.door.heard, wait_s)
        except LinkDown:
            return 0
        return self.take(raws)

    def take(self, raws: Sequence[bytes]) -> int:
        """Hears envelopes that were pulled."""
        for raw in raws:
            self.door.hear(raw, self.protect.hear)
        return len(raws)

    def serve(self) -> None:
        """What is due by time. Blocks first, and what became of them is sent before own history is hunted, which may
        take seconds; then sightings, health, tidying."""
        self.protect.enforce_due()
        if self._tell_all():
            self.send()
        self.protect.look_back()
        self._tell_all()
        now_us = self.clock.now_us()
        if self.in_sector and now_us >= self._health_us:
            self.door.tell_health(self.condition())
            self._health_us = now_us + self.settings.health_s * SECOND_US
        if now_us >= self._tidy_us:
            self.door.tidy()
            self._tidy_us = now_us + MINUTE_US

    def _tell_all(self) -> bool:
        """Outcomes and sightings through the door, until there is none or no room; True if there was any."""
        waiting = self.protect.take()
        for told in waiting:
            if not self._tell(told.number, told.said):
                break
        return bool(waiting)

    def _tell(self, number: int, said: BlockOutcome | Sighting) -> bool:
        """Through the door and out of protect's hands in one transaction. False when there is no room: this and
        all that follow are told later, in their order."""
        with self.door.ledger.book.transaction():
            outcome = self.door.tell_sighting(said) if isinstance(said, Sighting) else self.door.tell_outcome(said)
            if isinstance(outcome, Refused) and outcome.rule == "outbox_full":
                return False
            self.protect.done(number)
            return True

    def send(self) -> int:
        """Posts what waits; returns how many the centre has taken. A link that is down takes none."""
        sent = 0
        while queued := self.door.queued(MESSAGES_MAX):
            try:
                taken = self.link.post(queued)
            except LinkDown:
                break
            self.door.acknowledged(taken)
            sent += len(taken)
            if not taken:
                break
        return sent
