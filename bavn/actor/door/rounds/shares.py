"""The share of each round that was opened, made from what the key holders answer.

A key holder that is slow, or stands still, costs as long as the link waits. A block waits for no round, so a thread of
the node's asks them (``aside``). Refuses to know the book: what the share is made of is handed in, and what comes of
it is the door's to keep.
"""

import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bavn.actor.door.round_elements import Prepared, RoundElement, share_of
from bavn.actor.door.state import OpenRound
from bavn.model.ports import Dice, LinkDown, LinkRefused
from bavn.psi.identifier import Identifiers
from bavn.psi.keys import key_check, members_key

if TYPE_CHECKING:
    from bavn.psi.cover import Cover
    from bavn.psi.share import Share


@dataclass(frozen=True, slots=True)
class WantedShare:
    """What a share is made of. ``members``: as the registry lists them, for the round's key; ``elements``: the most
    suspicious first."""

    opened: OpenRound
    members: str
    elements: tuple[RoundElement, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class RoundShare:
    """A round's share, and what is kept to answer its questions. ``key_check``: 16 bytes in hex."""

    prepared: Prepared = field(repr=False)
    planes: "Share | Cover" = field(repr=False)
    key_check: str


class RoundShares:
    """One node's. ``aside``: ``prepare`` asks the key holders, in a thread of its own; else ``of`` does so itself."""

    def __init__(self, identifiers: Identifiers, dice: Dice) -> None:
        self._identifiers, self._dice = identifiers, dice
        self.aside = False
        self._guard, self._new = threading.Lock(), threading.Event()
        self._wanted: dict[str, WantedShare] = {}
        self._answers: dict[str, RoundShare | LinkDown | LinkRefused] = {}

    def of(self, opened: OpenRound, members: str, elements: Callable[[], Sequence[RoundElement]]) -> RoundShare | None:
        """The share of a round, once; None while it is being made. ``elements`` is asked when it is begun. No
        transaction is open. Raises LinkDown, LinkRefused, after which it is begun anew."""
        name = opened.params.round_id.hex()
        if not self.aside:
            return self._make(WantedShare(opened, members, tuple(elements())))
        with self._guard:
            share, begun = self._answers.pop(name, None), name in self._wanted
        if isinstance(share, Exception):
            raise share
        if share is None and not begun:
            wanted = WantedShare(opened, members, tuple(elements()))
            with self._guard:
                self._wanted[name] = wanted
            self._new.set()
        return share

    def awaited(self, wait_s: float) -> None:
        """Returns when a share is asked for, or after ``wait_s``."""
        self._new.wait(wait_s)

    def prepare(self) -> None:
        """Makes what was asked for. From one thread, any. A key holder that does not answer costs one wait, not one for
        each round; one that refuses a round, the others not. A share over which making fails in a way that nobody
        foresaw is tried again at the next turn, and the others are made."""
        self._new.clear()
        with self._guard:
            waiting = list(self._wanted.items())
        failed: Exception | None = None
        away: LinkDown | None = None
        for name, wanted in waiting:
            share: RoundShare | LinkDown | LinkRefused
            try:
                share = away or self._make(wanted)
            except LinkDown as error:
                share = away = error
            except LinkRefused as error:
                share = error
            except Exception as error:  # noqa: BLE001  told below, when the others are made
                failed = error
                continue
            with self._guard:
                if self._wanted.pop(name, None) is wanted:
                    self._answers[name] = share
        if failed is not None:
            raise failed

    def keep(self, names: Collection[str]) -> None:
        """Lets go of all rounds but these: nobody waits for the others any more."""
        with self._guard:
            self._wanted = {name: wanted for name, wanted in self._wanted.items() if name in names}
            self._answers = {name: share for name, share in self._answers.items() if name in names}

    def _make(self, wanted: WantedShare) -> RoundShare:
        params, elements = wanted.opened.params, wanted.elements
        joined = self._identifiers.of(params.epoch, params.tier).join(params, [entry.observable for entry in elements])
        kr = members_key(joined.kr, wanted.members)
        known = [(entry, id_) for entry, id_ in zip(elements, joined.ids, strict=True) if id_ is not None]
        weighed = [(id_, 1.0 - entry.p) for entry, id_ in known]
        planes = share_of(params, kr, weighed, wanted.opened.own_x, self._dice)
        prepared = Prepared(tuple(entry for entry, _ in known), tuple(id_ for _, id_ in known), kr, planes.slot_bytes())
        return RoundShare(prepared, planes, key_check(kr, joined.canary_id))
