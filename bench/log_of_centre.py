"""What the centre's log and the audits of rounds cost: `PYTHONPATH=. python bench/log_of_centre.py [ACTORS]`.

The log's month by counted entries, as files that a web server hands out at their full width: the default rounds with
every actor in each, and of other acts many more than a centre has. Bar: 50 MB at 100 actors.

A member's day: its real door on a book on the disk commits to each round's upload, cosigns a checkpoint each ten
minutes, takes 96 proofs of releases under everybody's cosignatures, and opens its value for each round. Bar: 1 CPU s.
Beside it in the same run the bare work: the signatures made and checked, and SHA-256 of the uploads. TLS and the round
itself are not in it.

The planes that are kept: bytes in a centre's real database of one round of tier A, and by its ratio all others.
"""

import sys
import tempfile
import time
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bavn.actor.door.rounds.labels import CENTRE
from bavn.actor.door.rounds.rules import params_of
from bavn.centre.books.tables import METADATA, PLANES
from bavn.centre.correlate.tier import TIERS
from bavn.centre.store.engine import make_missing, writing
from bavn.psi.planes import tables_of
from bavn.tlog.checkpoint import Checkpoint, line_by, signed, witness_of
from bavn.tlog.draw import upload_path, uploads_root
from bavn.tlog.entries import KINDS, Entry, sealed
from bavn.tlog.merkle import consistency, inclusion
from bavn.tlog.note import key_from, note_of
from bavn.tlog.tiles import Edge, Tree
from bavn.wire import seal
from bavn.wire.book import Book
from bavn.wire.messages.log import FixedRound, LogProof, LogProven, LogShown, RoundsFixed
from tests.actor.door.conftest import Actor, TestCentre
from tests.centre.conftest import SqliteDatabases

DAYS = 30
OTHERS_A_DAY = {"act": 500, "leads": 24, "release": 100, "withdrawal": 100, "partner": 500, "registry": 5, "policy": 2}
OF_FORM = {"id": "ab" * 16, "hash": "cd" * 32, "word": "0.1.0", "number": 1_800_000_000}
MB = 1_000_000
BAR_MB = 50


def entry(kind: str) -> bytes:
    fields = {name: OF_FORM[form] for name, form in KINDS[kind].fields.items()}
    return Entry(kind=kind, at_s=1_800_000_000, fields=fields, seal="ef" * 32 if KINDS[kind].sealed else "").bytes()


SHOWN_A_DAY = 144
BAR_CPU_S = 1.0
LOG = Ed25519PrivateKey.from_private_bytes(b"l" * 32)
CONTENT, SALT = "cd" * 32, b"s" * 32
RELEASE = Entry(kind="release", at_s=1, fields={}, seal=sealed(CONTENT, SALT)).bytes()


def month(actors: int) -> None:
    busy = actors / 100
    rounds = round(sum(DAYS * 86_400 / tier.every_s for tier in TIERS))
    counts = {"round": rounds, "hits": rounds, "uploads": rounds}
    counts |= {kind: round(busy * DAYS * each) for kind, each in OTHERS_A_DAY.items()}
    edge, size, began = Edge(), 0, time.process_time()
    for kind, count in counts.items():
        text = entry(kind)
        for since in range(0, count, 2048):
            files = edge.grow([text] * min(2048, count - since))
            size += sum(len(file) for path, file in files.items() if ".p/" not in path)
        print(f"{kind:12} {count:9} entries of {len(text)} bytes")
    print(f"{DAYS} days: {edge.size} entries, {size / MB:.1f} MB of files (bar {BAR_MB} MB at 100 actors)")
    print(f"{time.process_time() - began:.1f} CPU s to make them")


class Day:
    """A member and the log that it watches, which is a month old. ``cpu_s``: what the member spent."""

    def __init__(self, folder: Path, actors: int) -> None:
        self.edge, self.files, self.cpu_s, self.letters = Edge(), {}, 0.0, 0
        self.files |= self.edge.grow([entry("leads")] * 26_000)
        self.centre, self.path = TestCentre(), folder / "node.db"
        with patch("tests.actor.door.conftest.Book", lambda: Book(self.path)):
            self.node = Actor("north", self.centre.key)
        cosigners = [witness_of(sha256(b"%d" % at).digest()) for at in range(actors)]
        self.lines = [line_by(each, 1, bytes(64)) for each in cosigners]
        self.others = [sha256(b"%d" % at).hexdigest() for at in range(actors - 1)]
        self.seen = 0

    def spends(self, act, *words):
        began = time.process_time()
        given = act(*words)
        self.cpu_s += time.process_time() - began
        return given

    def says(self, message) -> None:
        self.letters += 1
        self.spends(self.node.take_in, seal.seal(self.centre.key, CENTRE, "north", self.letters, message))

    def uploads(self, tier, number: int, shares) -> dict:
        """One round's upload; what the centre knows of the round."""
        told = {"tier": tier.name, "t": tier.t, "m": tier.m, "r": tier.r, "round_id": f"{number:032x}"}
        params, check = params_of(self.centre.opening([self.node], **told)), "ab" * 16
        drawing = self.node.door.drawing
        self.spends(drawing.commitment, params)
        with self.node.book.transaction():  # the round's own, which is there without a draw too
            self.spends(drawing.sent, params, check, shares)
        ((own,),) = self.node.book.rows("SELECT upload FROM draw_upload WHERE round = ?", (told["round_id"],))
        return {"round_id": told["round_id"], "tree": [own, *self.others]}

    def grows(self, rounds: list[dict], others: int, *, proves: bool) -> None:
        """The log goes on, with these rounds' uploads and hits, and is shown; then a release is proven, and the values
        are asked for."""
        start, texts = self.edge.size, [RELEASE] * others
        for known in rounds:
            fields = {"round": known["round_id"], "uploads": uploads_root(known["tree"]), "count": len(known["tree"])}
            known["at"] = self.edge.size + len(texts)
            known["uploads"] = Entry(kind="uploads", at_s=1, fields=fields).bytes()
            known["hits"] = Entry(kind="hits", at_s=1, fields={"round": known["round_id"]}, seal="ab" * 32).bytes()
            texts += [known["uploads"], known["hits"]]
        self.files |= self.edge.grow(texts)
        tree = Tree(self.edge.size, self.files.__getitem__)
        proof = tuple(each.hex() for each in consistency(self.seen, tree.size, tree.subtree)) if self.seen else ()
        key, at = key_from("bavn/bench", LOG).text(), Checkpoint("bavn/bench", tree.size, tree.root())
        self.says(LogShown(key=key, checkpoint=signed(at, LOG).text(), since=self.seen, proof=proof))
        self.seen = tree.size
        if proves:
            path = tuple(each.hex() for each in inclusion(start, tree.size, tree.subtree))
            proof = LogProof(entry=RELEASE.decode(), index=start, path=path, content=CONTENT, salt=SALT.hex())
            note = note_of(signed(at, LOG).text().encode()).with_lines(self.lines)
            self.says(LogProven(checkpoint=note.text(), proofs=(proof,)))
        if rounds:
            fixed = tuple(self._fixed(known, tree) for known in rounds)
            self.says(RoundsFixed(size=tree.size, root=at.root.hex(), rounds=fixed))
        self.node.door.acknowledged([one.seq for one in self.node.door.outbox.waiting(CENTRE)])

    def _fixed(self, known: dict, tree: Tree) -> FixedRound:
        def path(at: int) -> tuple[str, ...]:
            return tuple(each.hex() for each in inclusion(at, tree.size, tree.subtree))

        at = known["at"]
        return FixedRound(
            round_id=known["round_id"],
            uploads=known["uploads"].decode(),
            uploads_index=at,
            uploads_path=path(at),
            hits=known["hits"].decode(),
            hits_index=at + 1,
            hits_path=path(at + 1),
            place=0,
            path=upload_path(known["tree"], 0),
        )


def shares_of(tier):
    bins = tier.m * tier.t
    return SimpleNamespace(planes=np.random.default_rng(1).integers(2**31 - 1, size=(2, tier.r, bins), dtype=np.uint32))


def bare(signatures: int, checks: int, uploads: list) -> float:
    """CPU seconds of the work that nothing can be left out of."""
    public, signature = LOG.public_key(), LOG.sign(b"m" * 200)
    began = time.process_time()
    for _ in range(signatures):
        LOG.sign(b"m" * 200)
    for _ in range(checks):
        public.verify(signature, b"m" * 200)
    for shares in uploads:
        for planes in tables_of(shares.planes):
            sha256(planes).digest()
    return time.process_time() - began


def member_day(actors: int) -> None:
    with tempfile.TemporaryDirectory() as place:
        day = Day(Path(place), actors)
        day.grows([], 1, proves=False)
        before, day.cpu_s, day.letters = day.path.stat().st_size, 0.0, day.letters
        shares = {tier.name: shares_of(tier) for tier in TIERS}
        plan = [tier for tier in TIERS for _ in range(round(86_400 / tier.every_s))]
        plan.sort(key=lambda tier: tier.name)
        letters = day.letters
        for step in range(SHOWN_A_DAY):
            rounds = [
                day.uploads(plan[at], at + 1, shares[plan[at].name]) for at in range(step, len(plan), SHOWN_A_DAY)
            ]
            day.grows(rounds, sum(OTHERS_A_DAY.values()) // SHOWN_A_DAY, proves=step % 3 < 2)
        opened = day.node.book.rows("SELECT count(*) FROM draw_upload WHERE entries <> ''")[0][0]
        refused = [line.rule for line in day.node.ledger.lines() if line.verdict == "refused"]
        if opened != len(plan) or refused:
            raise SystemExit(f"only {opened} of {len(plan)} values were opened; refused: {refused[:5]}")
        letters = day.letters - letters
        floor = bare(opened + 3 * SHOWN_A_DAY, 2 * letters, [shares[tier.name] for tier in plan])
        day.node.book.rows("PRAGMA wal_checkpoint(TRUNCATE)")
        grown = day.path.stat().st_size - before
        kept = day.node.book.rows("SELECT sum(length(upload) + length(value) + length(entries)) FROM draw_upload")[0][0]
        print(f"a member's day: {SHOWN_A_DAY} checkpoints, {opened} values opened in {letters} letters of the centre")
        print(
            f"  {day.cpu_s:.2f} CPU s (bar {BAR_CPU_S:.0f}); the bare work {floor:.2f}: {day.cpu_s / floor:.1f} times"
        )
        print(
            f"  no plane kept; {kept / MB:.2f} MB of hashes and values (three days stay), book {grown / MB:.1f} MB more"
        )


def planes_kept(actors: int) -> None:
    tier, databases = TIERS[0], SqliteDatabases()
    engine = databases.new()
    make_missing(engine, METADATA)

    def pages() -> int:
        with engine.connect() as tx:
            return tx.exec_driver_sql("PRAGMA page_count").scalar() * tx.exec_driver_sql("PRAGMA page_size").scalar()

    empty, planes = pages(), bytes(8 * tier.m * tier.t)
    with writing(engine) as tx:
        for x in range(1, actors + 1):
            rows = [{"round_id": "a" * 32, "cell_table": at, "x": x, "planes": planes} for at in range(tier.r)]
            tx.execute(PLANES.insert(), rows)
    ratio = (pages() - empty) / (actors * tier.r * len(planes))
    drawn = sum(86_400 / tier.every_s * actors * 8 * tier.m * tier.t for tier in TIERS)
    whole = max(actors * 8 * tier.m * tier.t * tier.r for tier in TIERS)
    print(f"the centre's database holds planes in {ratio:.3f} times their bytes (SQLite)")
    print(f"kept for audits: {ratio * drawn / MB:.0f} MB a day of drawn tables, at most audits_mb_max")
    print(f"                 {ratio * whole / MB:.0f} MB of the largest round until its draw")


def main() -> None:
    actors = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    month(actors)
    member_day(actors)
    planes_kept(actors)


if __name__ == "__main__":
    main()
