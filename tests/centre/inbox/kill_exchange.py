"""A process to be killed: a node's outbox and the centre's inbox on two books, with retries and a lossy way between."""

import random
import sys
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bavn.centre.inbox.asks import OpenRound
from bavn.centre.inbox.inbox import Inbox
from bavn.model.sector.member import Actor, ActorState, Quota
from bavn.psi.round import RoundParams
from bavn.rehearsal.clock import SimClock
from bavn.wire.book import Book
from bavn.wire.codec import encode
from bavn.wire.gate import Gate, Rule
from bavn.wire.ledger import Ledger, Note
from bavn.wire.messages.catalogue import Declined
from bavn.wire.outbox import Outbox

KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
ROUND = "0a" * 16
PARAMS = RoundParams(
    version=1, epoch=1, round_id=bytes.fromhex(ROUND), registry_version=1, tier="A", t=2, m=50_000, r=2
)


class World:
    def actor(self, name):
        return Actor(name=name, kind="region", group=name, x=1, state=ActorState.ACTIVE)

    def key(self, name):
        return KEY.public_key()

    def quota(self, name, kind):
        return Quota(messages_per_hour_max=10**9, bytes_per_hour_max=10**12)

    def open_round(self, round_id):
        return OpenRound(params=PARAMS, uploads_until_us=2, actors=frozenset({"region-a"}))


folder, dice = Path(sys.argv[1]), random.Random(int(sys.argv[2]))
clock = SimClock(1_000_000)
node, centre = Book(folder / "node.db"), Book(folder / "centre.db")
outbox, ledger = Outbox(node, "region-a", KEY, clock), Ledger(node)
inbox = Inbox(centre, World(), World(), clock)


def follow(_, encoded):
    outbox.put("centre", encoded, "S0")
    return Note(kind="Declined", item_id=encoded.id, peer="centre", privacy="S0", bytes=encoded.bytes)


gate = Gate(
    "door",
    (Rule("build", lambda n, _: encode(Declined(round_id=ROUND, table=0, bin=n))),),
    ledger,
    clock,
    way="up",
    nothing=lambda: None,
    label=lambda n: Note(kind="Declined", item_id=str(n), peer="centre"),
    follow=follow,
)
n = len(ledger.lines(limit=10_000))
ends = len(sys.argv) > 3
while not ends or outbox.waiting("centre"):
    if not ends:
        for _ in range(dice.randint(1, 3)):
            gate.offer(n)
            n += 1
    sent = [one.raw for one in outbox.waiting("centre", messages_max=20)]
    dice.shuffle(sent)
    taken = inbox.receive("region-a", sent + sent[:2])
    if dice.random() < 0.7 or ends:
        outbox.acknowledge("centre", taken)
    for item in inbox.take(items_max=dice.randint(0, 5)):
        inbox.done(item.number)
    print(n, flush=True)
