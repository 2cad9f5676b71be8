"""A lift, the kill switch or a longer never-block list while the node does not run: done at once by whoever
asked, with the node's own enforcers.

A resolver and a kernel go on refusing when the node has died; a person must be able to end that with one command.
Nothing is put into force here, and nothing that waits is looked at: that needs the node. Refuses where the node runs.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from bavn.app.config.load import NodeConfig
from bavn.app.node.health.files import HEALTH_FILE
from bavn.model.malformed import UNREADABLE
from bavn.model.outcome import Refused
from bavn.model.text import Text

if TYPE_CHECKING:
    from bavn.wire.links.key_points import ChangedKey


def runs(config: NodeConfig) -> bool:
    """Whether this node's process is there, by what it last said of itself."""
    try:
        told = json.loads((config.folder / HEALTH_FILE).read_text(encoding="utf-8"))
        return not told["stopped"] and Path(f"/proc/{int(told['pid'])}").exists()
    except UNREADABLE:
        return False


@contextmanager
def _resolver_as_it_was(config: NodeConfig) -> Iterator[None]:
    """A resolver that did not run before does not run afterwards: nobody would end it."""
    from bavn.app.node.protect import resolver_of

    ran = not config.enforce.resolver_listen or resolver_of(config).alive()
    try:
        yield
    finally:
        if not ran:
            resolver_of(config).end()


def done_here(
    config: NodeConfig, book: Path, act: Literal["lift", "kill", "never"], indicator_id: str, by: str
) -> tuple[Refused | None, tuple[tuple[str, Text | None], ...]]:
    """Lifts one block, all, or those that the never-block list forbids by now; why not, and which enforcers could not
    be told, each with its reason. Raises Stop for a configuration that is wrong."""
    from bavn.actor.door.books import books_of
    from bavn.actor.protect.requests import end_switch_requests
    from bavn.app.node.protect import protection
    from bavn.app.process.real import SystemClock
    from bavn.wire.book import Book

    with ExitStack() as closing:
        closing.enter_context(_resolver_as_it_was(config))
        opened = closing.enter_context(Book(book))
        protect = protection(config, books_of(opened), SystemClock(), None, closing)
        refused = None
        if act == "lift":
            refused = protect.lift(indicator_id, by)
        elif act == "never":
            protect.heed_list()
            protect.enforce()
        else:
            end_switch_requests(opened)
            protect.kill_switch(on=True, by=by)
        return refused, protect.force.down


@dataclass(frozen=True, slots=True, kw_only=True)
class Replaced:
    """What went with the old centre: its blocks, the gates that were shut for it, its envelopes that nobody here could
    hear. ``down``: which enforcers could not be told, each with its reason."""

    blocks: int
    gates: int
    envelopes: int
    down: tuple[tuple[str, Text | None], ...]


def centre_replaced(config: NodeConfig, book: Path, by: str, *, keep_blocks: bool) -> Replaced:
    """Starts anew with a centre that was cleaned or replaced: no number that the old one counted holds any more, no
    gate is shut for it, and nothing of it waits to be heard. The ledger stays, with a line of who did it."""
    from bavn.actor.door import versions
    from bavn.actor.door.books import books_of
    from bavn.actor.door.conversations.witness_book import WitnessBook
    from bavn.actor.door.kept_back import KeptBack
    from bavn.actor.door.rounds.labels import CENTRE
    from bavn.actor.door.state import State as DoorState
    from bavn.actor.protect.intake import GATE, act_id
    from bavn.actor.protect.state import State as ProtectState
    from bavn.app.node.protect import protection
    from bavn.app.process.real import SystemClock
    from bavn.wire.book import Book
    from bavn.wire.ledger import Note
    from bavn.wire.shut import open_gates_of

    with ExitStack() as closing:
        closing.enter_context(_resolver_as_it_was(config))
        opened = closing.enter_context(Book(book))
        books, now_us = books_of(opened), SystemClock().now_us()
        ledger = books.ledger
        with opened.transaction():
            DoorState(opened, bytes(32)).centre_replaced(CENTRE)
            versions.forget(opened)
            lifted = ProtectState(opened).centre_replaced(now_us, keep_blocks=keep_blocks)
            gates = len(open_gates_of(ledger, now_us, CENTRE, by))
            WitnessBook(opened).begin_anew(by, now_us)
            envelopes = KeptBack(ledger, SystemClock()).forget()
            said = {"blocks": "kept" if keep_blocks else "lifted", "count": lifted, "gates_opened": gates}
            words = json.dumps(said | {"envelopes_dropped": envelopes}, sort_keys=True)
            note = Note(
                kind="CentreReplaced", item_id=act_id("centre_replaced", "", by, now_us), peer=by, summary=words
            )
            ledger.append(now_us, GATE, "in", note)
        protect = protection(config, books, SystemClock(), None, closing)
        protect.enforce()
        return Replaced(blocks=lifted, gates=gates, envelopes=envelopes, down=protect.force.down)


def keys_accepted(book: Path, by: str) -> "Sequence[ChangedKey]":
    """The keys that were refused are the day's from now on: a line of the ledger for each, with who signed it."""
    from bavn.actor.door.books import books_of
    from bavn.actor.protect.intake import act_id
    from bavn.app.process.real import SystemClock
    from bavn.wire.book import Book
    from bavn.wire.ledger import Note
    from bavn.wire.links.keyholder import accept_changed

    with Book(book) as opened, opened.transaction():
        ledger, now_us = books_of(opened).ledger, SystemClock().now_us()
        accepted = accept_changed(opened)
        for key in accepted:
            item_id = act_id("key_accepted", f"{key.epoch} {key.tier}", by, now_us)
            words = json.dumps({"epoch": key.epoch, "tier": key.tier, "signed": key.signed}, sort_keys=True)
            ledger.append(now_us, "door", "in", Note(kind="KeyAccepted", item_id=item_id, peer=by, summary=words))
    return accepted
