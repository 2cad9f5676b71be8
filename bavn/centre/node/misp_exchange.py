"""A partner's MISP, both ways: what gate 3 lets out is pushed, what was sighted of it comes in by gate 2.

Refuses to open connections: it is handed an instance's port.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Protocol

from bavn.centre.cases.indicators.upkeep import Upkeep
from bavn.centre.inbox.intel_pull import Unreadable
from bavn.centre.inbox.misp_sightings import MispSightings
from bavn.centre.members.partners import Partners
from bavn.centre.share.misp_event import attribute_of, events_of, feed_files, not_carried, sighting_of
from bavn.centre.share.misp_out import MispOut
from bavn.centre.share.misp_runs import MispRuns, What
from bavn.model.failure import Failures, NoContainment
from bavn.model.intel.indicator import indicator_id
from bavn.model.moment import DAY_US
from bavn.model.observable import Observable, ObservableType
from bavn.model.ports import LinkDown, LinkRefused
from bavn.model.sector.partner import Partner

REFUSED_MAX: Final = 10
"""So many refused events end a push: it is not about them."""
CENTRE = "centre"
"""Who it was where it was simply its turn."""


class MispPort(Protocol):
    """One MISP. LinkDown: wait; LinkRefused: the operator must act."""

    def push(self, event: dict[str, Any], *, publish: bool) -> str: ...

    def sightings(self, event_uuids: Sequence[str]) -> Iterable[Mapping[str, Any]]: ...


@dataclass(frozen=True, slots=True)
class Pushed:
    """What became of a push: events ``added``, ``updated`` and, of which nothing is shared any more, ``emptied``.
    ``not_carried``: indicators that MISP has no attribute for."""

    added: int
    updated: int
    emptied: int
    not_carried: tuple[str, ...]


class MispExchange:
    """Over one centre's book and database. ``upkeep``: who hears what partners met."""

    def __init__(
        self,
        out: MispOut,
        sightings: MispSightings,
        partners: Partners,
        upkeep: Upkeep,
        runs: MispRuns,
        failures: Failures | None = None,
    ) -> None:
        self.runs, self._failures = runs, failures or NoContainment()
        self._out, self.sightings, self._partners, self._upkeep = out, sightings, partners, upkeep

    def feed(self, partner: str) -> tuple[dict[str, bytes], tuple[str, ...]]:
        """The files of a feed for this partner, in the order in which they are to be written, and what MISP cannot
        carry. Raises UnknownPartner."""
        shared = self._out.shared_with(self._partner(partner))
        lost = tuple(str(one.observable) for one in not_carried(shared) if not one.revoked)
        return feed_files(events_of(shared, self._out.org, gone=False)), lost

    def push(
        self, instance: str, partner: str, port: MispPort, *, publish: bool, distribution: str, by: str = CENTRE
    ) -> Pushed:
        """Make the instance hold what its partner is to have; what was done is remembered event by event. Raises
        UnknownPartner, LinkDown, LinkRefused."""
        whose = self._partner(partner)
        counts = {"added": 0, "updated": 0, "emptied": 0}
        with self._noted(instance, "push", by):
            refused: list[str] = []
            for push in self._out.pushes(instance, whose, distribution):
                try:
                    done = port.push(push.event, publish=publish)
                except (
                    LinkRefused,
                    Unreadable,
                ) as error:  # of this event, or of all: the others are tried, some at least
                    refused.append(str(error))
                    if len(refused) >= REFUSED_MAX:
                        break
                    continue
                except LinkDown:
                    raise
                except Exception as error:  # noqa: BLE001  it costs this event; it is pushed again the next time
                    self._failures.note(f"misp push to {instance}", error, item=repr(push.event).encode())
                    refused.append(f"it failed in a way that nobody foresaw ({type(error).__name__})")
                    continue
                self._out.pushed(instance, push)
                counts["emptied" if push.empty else done] += 1
            if refused:
                raise LinkRefused(f"{len(refused)} events were not taken, the first since: {refused[0]}")
            self._failures.works(f"misp push to {instance}")
        lost = tuple(str(one.observable) for one in not_carried(self._out.shared_with(whose)) if not one.revoked)
        self.runs.note(instance, "push", by, counts, lost)
        return Pushed(**counts, not_carried=lost)

    def pull_sightings(self, instance: str, partner: str, port: MispPort, *, by: str = CENTRE) -> tuple[int, int]:
        """(taken, refused) of new sightings of what this instance was given. What a partner that is trusted met counts
        as met: it keeps the indicator fresh. Raises UnknownPartner, LinkDown, LinkRefused."""
        whose, given = self._partner(partner), self._out.attributes(instance)
        events = sorted({event for event, _ in given.values()})
        with self._noted(instance, "pull", by):
            counts = self.sightings.take_in(instance, port.sightings(events), given, _is_ours) if events else (0, 0)
        self.runs.note(instance, "pull", by, {"taken": counts[0], "refused": counts[1]})
        if whose.inward.trust > 0:
            self._refresh(instance, whose.name)
        return counts

    def held(self, instance: str) -> int:
        """How many events of ours the instance holds, as far as was pushed."""
        return self._out.held(instance)

    @contextmanager
    def _noted(self, instance: str, what: What, by: str) -> Iterator[None]:
        """A run that fails is the last run, too, with its reason."""
        try:
            yield
        except (LinkDown, LinkRefused, Unreadable) as error:
            self.runs.note(instance, what, by, failure=str(error))
            raise

    def _refresh(self, instance: str, partner: str) -> None:
        """Looks at all that is kept of it: a kill after it was taken in loses nothing, and twice is once."""
        for seen in self.sightings.last_met(instance):
            wanted = _indicator_of(seen.attribute, seen.value)
            if wanted is not None:
                self._upkeep.met_by_partner(wanted, partner, seen.at_us)

    def _partner(self, name: str) -> Partner:
        return self._partners.known(name)


def _indicator_of(attribute: str, value: str) -> str | None:
    """The id of our indicator whose attribute this is."""
    named = (indicator_id(Observable.trusted(kind, value)) for kind in ObservableType)
    return next((one for one in named if attribute_of(one) == attribute), None)


def _is_ours(name: str, attribute: str, value: str, at_us: int) -> bool:
    ours = _indicator_of(attribute, value)
    return ours is not None and name == sighting_of(ours, at_us // DAY_US * DAY_US)
