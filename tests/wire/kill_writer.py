"""A process to be killed: offers items to a gate whose passed items go into the outbox, and says each that is kept."""

import sys
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bavn.model.outcome import Refused
from bavn.rehearsal.clock import SimClock
from bavn.wire.book import Book
from bavn.wire.codec import encode
from bavn.wire.gate import Gate, Rule
from bavn.wire.ledger import Ledger, Note
from bavn.wire.messages.catalogue import Declined
from bavn.wire.outbox import Outbox

book = Book(Path(sys.argv[1]))
clock = SimClock(int(sys.argv[2]))
outbox = Outbox(book, "region-a", Ed25519PrivateKey.from_private_bytes(bytes(32)), clock)
ledger = Ledger(book)


def build(n, _):
    return Refused("third", "every third") if n % 3 == 0 else encode(Declined(round_id="e" * 32, table=0, bin=n))


def follow(n, encoded):
    outbox.put("centre", encoded, "S0")
    return Note(kind="Declined", item_id=str(n), peer="centre", privacy="S0", bytes=encoded.bytes)


gate = Gate(
    "door",
    (Rule("build", build),),
    ledger,
    clock,
    way="up",
    nothing=lambda: None,
    label=lambda n: Note(kind="Declined", item_id=str(n), peer="centre"),
    follow=follow,
)
known = {int(line.item_id) for line in ledger.every()}
n = max(known, default=0)
while True:
    n += 1
    if n % 7 == 0:
        gate.offer_all([n, n + 1, n + 2])
        n += 2
    else:
        gate.offer(n)
    if n % 5 == 0:
        outbox.acknowledge("centre", [one.seq for one in outbox.waiting("centre", messages_max=2)])
    if n % 4 == 0:
        ledger.close_parts(lines_max=5)
    print(n, flush=True)
