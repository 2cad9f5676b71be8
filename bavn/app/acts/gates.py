"""A gate that a failed rule has shut, opened by a person: at a node, at the centre and at the key holder alike.

Expect no right here: node and centre put theirs beside it, and a key holder has no accounts.
"""

from pathlib import Path

from bavn.app.acts.act import ActRefused
from bavn.app.net.party_clock import BesideClock
from bavn.app.process.exits import Exit, Stop
from bavn.model.text import Text
from bavn.wire import shut
from bavn.wire.book import Book
from bavn.wire.ledger import Ledger


def opened(book: Path, by: str, gate: str, kind: str, peer: str | None = None) -> list[shut.ShutGate]:
    """Open a gate that is shut for a kind of message; a ledger line says who did. What waits passes by itself.
    ``peer``: only of this sender or recipient. Raises ActRefused where it is not shut."""
    with Book(there(book)) as asked:
        gates = shut.open_gate(Ledger(asked), BesideClock(book.parent).now_us(), gate, kind, by, peer)
    if not gates:
        what = f" of {peer}" if peer else ""
        said = Text("the gate {gate} is not shut for {kind}{what}", gate=gate, kind=kind, what=what)
        raise ActRefused(404, "not-shut", said, whole=False)
    return gates


def there(book: Path) -> Path:
    """The book of a service that has run. Stop where there is none."""
    if not book.exists():
        raise Stop(Exit.NOT_FOUND, Text("{book} is not there: the service has not run yet; start it first", book=book))
    return book
