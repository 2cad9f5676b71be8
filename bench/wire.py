"""Messages a second through gate, ledger and outbox at the node, and through gate 2 at the centre; CPU time, one core.

The baseline, in the same run: the same number of rows of the same size into a bare SQLite table with the same
durability and the same batches. ``--json`` prints one object.
"""

import argparse
import json
import sqlite3
import tempfile
import time
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bavn.centre.inbox.asks import OpenRound
from bavn.centre.inbox.inbox import Inbox
from bavn.model.sector.member import Actor, ActorState, Quota
from bavn.psi.round import RoundParams
from bavn.rehearsal.clock import SimClock
from bavn.wire import seal
from bavn.wire.book import Book
from bavn.wire.codec import UP_KINDS, encode
from bavn.wire.gate import Gate, Rule
from bavn.wire.ledger import Ledger, Note
from bavn.wire.messages.catalogue import Declined, ShareUpload
from bavn.wire.outbox import Outbox

MESSAGES = 4000
BATCH = 100
ROUND = "0a" * 16
PARAMS = RoundParams(version=1, epoch=1, round_id=bytes(16), registry_version=1, tier="A", t=2, m=50_000, r=10)
KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
CLOCK = SimClock(1_795_000_000_000_000)


class World:
    """One actor, one round, no quota in the way."""

    def actor(self, name):
        return Actor(name=name, kind="region", group=name, x=1, state=ActorState.ACTIVE)

    def key(self, _):
        return KEY.public_key()

    def quota(self, *_):
        return Quota(messages_per_hour_max=10**9, bytes_per_hour_max=10**12)

    def open_round(self, _):
        return OpenRound(params=PARAMS, uploads_until_us=2**60, actors=frozenset({"region-a"}))


def cpu(work):
    start = time.process_time()
    work()
    return time.process_time() - start


def bare(path, raws):
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE t (seq INTEGER PRIMARY KEY, raw BLOB)")
    for at in range(0, len(raws), BATCH):
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO t (raw) VALUES (?)", [(raw,) for raw in raws[at : at + BATCH]])
        connection.execute("COMMIT")
    connection.close()


def door(book):
    outbox = Outbox(book, "region-a", KEY, CLOCK)

    def follow(_, encoded):
        outbox.put("centre", encoded, "S0")
        return Note(kind="Declined", item_id=encoded.id, peer="centre", privacy="S0", bytes=encoded.bytes)

    build = Rule("build", lambda n, _: encode(Declined(round_id=ROUND, table=n % 10, bin=n // 10)))
    gate = Gate(
        "door",
        (build,),
        Ledger(book),
        CLOCK,
        way="up",
        nothing=lambda: None,
        label=lambda n: Note(kind="Declined", item_id=str(n), peer="centre"),
        follow=follow,
    )
    return gate, outbox


def measure(folder):
    with Book(folder / "node.db") as node, Book(folder / "centre.db") as centre:
        gate, outbox = door(node)
        out_s = cpu(lambda: [gate.offer_all(range(at, at + BATCH)) for at in range(0, MESSAGES, BATCH)])
        raws = [one.raw for one in outbox.waiting("centre", messages_max=MESSAGES)]
        bare_s = cpu(lambda: bare(folder / "bare.db", raws))
        inbox = Inbox(centre, World(), World(), CLOCK)
        in_s = cpu(lambda: [inbox.receive("region-a", raws[at : at + BATCH]) for at in range(0, MESSAGES, BATCH)])
        again_s = cpu(lambda: [inbox.receive("region-a", raws[at : at + BATCH]) for at in range(0, MESSAGES, BATCH)])
        verify_s = cpu(inbox.ledger.verify)
        planes = bytes(PARAMS.upload_bytes)
        share = ShareUpload(round_id=ROUND, registry_version=1, key_check="0" * 32, planes=planes)
        sealed = []
        seal_s = cpu(lambda: sealed.append(seal.seal(KEY, "region-a", "centre", 10**6, share)))
        open_s = cpu(lambda: seal.open({"region-a": KEY.public_key()}, "centre", sealed[0], UP_KINDS))
        keep_s = cpu(lambda: inbox.receive("region-a", sealed))
    return {
        "messages": MESSAGES,
        "batch": BATCH,
        "message_bytes": len(raws[0]),
        "bare_sqlite_per_cpu_s": round(MESSAGES / bare_s),
        "gate_ledger_outbox_per_cpu_s": round(MESSAGES / out_s),
        "gate_ledger_outbox_ratio": round(bare_s / out_s, 4),
        "inbox_per_cpu_s": round(MESSAGES / in_s),
        "inbox_ratio": round(bare_s / in_s, 4),
        "inbox_repeats_per_cpu_s": round(MESSAGES / again_s),
        "ledger_verify_lines_per_cpu_s": round(2 * MESSAGES / verify_s),
        "share_bytes": len(planes),
        "share_seal_cpu_s": round(seal_s, 4),
        "share_open_cpu_s": round(open_s, 4),
        "share_inbox_cpu_s": round(keep_s, 4),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder))
    if arguments.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name:32} {value:>14,}")


if __name__ == "__main__":
    main()
