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
class Asked:
    """What a share is made of. ``members``: as the registry lists them, for the round's key; ``elements``: the most
    suspicious first."""

    opened: OpenRound
    members: str
    elements: tuple[RoundElement, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class RoundShare:
    """A round's share, and what is kept to answer its questions. ``key_check``: 16 bytes in hex."""

    prepared: Prepared = field(repr=False)
    share: "Share | Cover" = field(repr=False)
    key_check: str


class RoundShares:
    """One node's. ``aside``: ``prepare`` asks the key holders, in a thread of its own; else ``of`` does so itself."""

    def __init__(self, identifiers: Identifiers, dice: Dice) -> None:
        self._identifiers, self._dice = identifiers, dice
        self.aside = False
        self._guard, self._new = threading.Lock(), threading.Event()
        self._asked: dict[str, Asked] = {}
        self._made: dict[str, RoundShare | LinkDown | LinkRefused] = {}

    def of(self, opened: OpenRound, members: str, elements: Callable[[], Sequence[RoundElement]]) -> RoundShare | None:
        """The share of a round, once; None while it is being made. ``elements`` is asked when it is begun. No
        transaction is open. Raises LinkDown, LinkRefused, after which it is begun anew."""
        name = opened.params.round_id.hex()
        if not self.aside:
            return self._make(Asked(opened, members, tuple(elements())))
        with self._guard:
            made, begun = self._made.pop(name, None), name in self._asked
        if isinstance(made, Exception):
            raise made
        if made is None and not begun:
            asked = Asked(opened, members, tuple(elements()))
            with self._guard:
                self._asked[name] = asked
            self._new.set()
        return made

    def awaited(self, wait_s: float) -> None:
        """Returns when a share is asked for, or after ``wait_s``."""
        self._new.wait(wait_s)

    def prepare(self) -> None:
        """Makes what was asked for. From one thread, any. A key holder that does not answer costs one wait, not one for
        each round; a share over which making fails in a way that nobody foresaw is tried again at the next turn, and
        the others are made."""
        self._new.clear()
        with self._guard:
            waiting = list(self._asked.items())
        failed: Exception | None = None
        away: LinkDown | LinkRefused | None = None
        for name, asked in waiting:
            made: RoundShare | LinkDown | LinkRefused
            try:
                made = away or self._make(asked)
            except (LinkDown, LinkRefused) as error:
                made = away = error
            except Exception as error:  # noqa: BLE001  told below, when the others are made
                failed = error
                continue
            with self._guard:
                if self._asked.pop(name, None) is asked:
                    self._made[name] = made
        if failed is not None:
            raise failed

    def keep(self, names: Collection[str]) -> None:
        """Lets go of all rounds but these: nobody waits for the others any more."""
        with self._guard:
            self._asked = {name: asked for name, asked in self._asked.items() if name in names}
            self._made = {name: made for name, made in self._made.items() if name in names}

    def _make(self, asked: Asked) -> RoundShare:
        params, elements = asked.opened.params, asked.elements
        joined = self._identifiers.of(params.epoch, params.tier).join(params, [entry.observable for entry in elements])
        kr = members_key(joined.kr, asked.members)
        known = [(entry, id_) for entry, id_ in zip(elements, joined.ids, strict=True) if id_ is not None]
        weighed = [(id_, 1.0 - entry.p) for entry, id_ in known]
        share = share_of(params, kr, weighed, asked.opened.own_x, self._dice)
        prepared = Prepared(tuple(entry for entry, _ in known), tuple(id_ for _, id_ in known), kr, share.slot_bytes())
        return RoundShare(prepared, share, key_check(kr, joined.canary_id))
