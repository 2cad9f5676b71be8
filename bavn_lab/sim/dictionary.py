"""A dictionary tried on all uploads of a simulated sector, by parties that put what they have together.

The centre has every upload and every description of a round. Here it is handed each round's key as well, as by a member
that works with it, so that ids alone stand between it and the names. With it are some of the key holders: their shares,
and every key that can be made of them without another holder. A name is opened where its cell stands in an upload: two
coefficients of 31 bits agree. Refuses to judge: bench/dictionary.py and tests/sector/test_dictionary.py do.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import reduce as fold
from itertools import combinations
from pathlib import Path
from typing import Final
from unittest.mock import patch

import numpy as np
import numpy.typing as npt
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from bavn.actor.door.rounds.rules import members_text, params_of
from bavn.centre.correlate.tier import Tier
from bavn.keyholder.plan import purposes, statement
from bavn.keyholder.settings import HolderSettings
from bavn.model.moment import DAY_US, SECOND_US
from bavn.model.observable import Observable
from bavn.model.outcome import Refused
from bavn.model.ports import LinkDown, LinkRefused
from bavn.model.suspicion import Suspicion
from bavn.psi import group, keys, oprf, share
from bavn.psi.element import element_bytes
from bavn.psi.field import Plane, Words, horner, reduce
from bavn.psi.planes import planes_from_bytes
from bavn.psi.round import RoundParams
from bavn.psi.threshold import evaluate, shamir
from bavn.psi.threshold.shares import KeyShare, PublicKey
from bavn.psi.threshold.terms import IDS, ROUNDS, purpose
from bavn.rehearsal.hostile import LiarMemory, Lie
from bavn.rehearsal.keyholding import SimKeyHolder
from bavn.rehearsal.network import Faults
from bavn.rehearsal.script import START_US, Script, Suspects, suspicion
from bavn.rehearsal.world import World
from bavn.traffic.dice import SeededDice
from bavn.wire.book import Book
from bavn.wire.codec import DOWN_KINDS, Encoded, decode
from bavn.wire.ledger import Ledger
from bavn.wire.links.keyholder import KeyHolderIdentifiers
from bavn.wire.messages.catalogue import RoundOpened, ShareUpload
from bavn.wire.privacy import Message

ACTORS: Final = ("east", "north", "south", "west", "capital")
EVIL: Final = "evil"
CLAIMED_AHEAD_S: Final = 10_000_000
CHUNK: Final = 100_000
STEPS: Final = 4
Ids = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Upload:
    """One actor's planes of one round. ``key``: the round's, bound to its members, as each member has it."""

    actor: str
    x: int
    params: RoundParams
    key: bytes = field(repr=False)
    planes: Plane = field(repr=False)


@dataclass(frozen=True, slots=True)
class Sector:
    """What a day left. ``held``: the names that each actor suspects, no two the same. ``shares``: each holder's, of the
    key that ids are made with; ``uploads``: all of the first round."""

    world: World
    held: Mapping[str, frozenset[str]]
    uploads: tuple[Upload, ...]
    shares: Mapping[int, KeyShare]

    @property
    def names(self) -> frozenset[str]:
        return frozenset().union(*self.held.values())


def name_of(number: int) -> str:
    """One of a dictionary's."""
    return f"host-{number:07}.example"


def play(
    folder: Path, *, k: int, n: int, each: int, dictionary: int, tables: int = 4, seed: int = 1, own: bytes = b""
) -> Sector:
    """A sector, by k of n holders, in which each actor suspects ``each`` names of a dictionary that nobody else does;
    its world is open, and the caller's to close. ``own``: a secret of the last holder's, which claims at each slot that
    it is every day's key, of threshold 1."""
    numbers = SeededDice(seed, "held").whole(4 * each * len(ACTORS), dictionary)
    drawn = [name_of(number) for number in dict.fromkeys(numbers.tolist())]
    held = {actor: frozenset(drawn[at * each : (at + 1) * each]) for at, actor in enumerate(ACTORS)}
    uploaded: dict[str, list[ShareUpload]] = {actor: [] for actor in ACTORS}

    def keeping(actor: str) -> Lie:
        def kept(message: Message, _: LiarMemory) -> Sequence[Message]:
            if isinstance(message, ShareUpload):
                uploaded[actor].append(message)
            return [message]

        return kept

    script = Script(
        seed=seed,
        actors=ACTORS,
        steps=STEPS,
        holders=n,
        holders_k=k,
        tiers=(Tier(name="A", m=2 * each, r=tables, every_s=3600, upload_s=120, wave_s=60, reveal_s=900),),
        suspects=tuple(Suspects(START_US, actor, _suspicions(at, held[actor])) for at, actor in enumerate(ACTORS)),
    )
    with _claiming(own, n) if own else nullcontext():
        world = World(script, folder, liars={actor: keeping(actor) for actor in ACTORS})
        world.run()
    holders = list(world.holders.every.values())
    epoch = START_US // DAY_US
    shares = {
        use: {holder.number: holder.shares.versions(purpose(epoch, "A", use))[0].share for holder in holders}
        for use in (IDS, ROUNDS)
    }
    uploads = [_upload(world, actor, messages[0], shares[ROUNDS]) for actor, messages in uploaded.items()]
    return Sector(world, held, tuple(uploads), shares[IDS])


@contextmanager
def _claiming(own: bytes, number: int) -> Iterator[None]:
    """Holder ``number`` of a world that begins meanwhile claims that key."""
    honest = SimKeyHolder._open  # noqa: SLF001  where each of them begins
    slot, today = START_US // SECOND_US + CLAIMED_AHEAD_S, START_US // DAY_US

    def begins(self: SimKeyHolder) -> None:
        honest(self)
        if self.number != number:
            return
        claims = {}
        for of in {of for day in (today - 1, today, today + 1) for of in purposes(day, self.settings.tiers)}:
            public = PublicKey(purpose=of, n=self.settings.n, commitments=(group.times_base(own),))
            signed = {str(number): self.key.sign(statement(slot, public)).hex()}
            claims[of.decode("ascii")] = {str(slot): (public.to_bytes().hex(), signed)}
        self.shares.claims = lambda: claims  # type: ignore[method-assign]

    with patch.object(SimKeyHolder, "_open", begins):
        yield


def whole_key(shares: Sequence[KeyShare]) -> bytes:
    """What k holders that work together have."""
    numbers = [one.number for one in shares]
    return fold(group.total, (one.weighted(numbers) for one in shares))


def keys_of(shares: Sequence[KeyShare]) -> Iterator[bytes]:
    """Every key that fewer than k holders can make of their shares: none at all, each share as it is and weighed for
    each k that are asked together, and what theirs add up to, as if the others' were nothing."""
    yield group.ONE
    public = shares[0].public
    for mine in shares:
        yield mine.scalar
    for panel in combinations(sorted(public.holders), public.k):
        in_panel = [mine for mine in shares if mine.number in panel]
        weighed = [group.product(shamir.weight(mine.number, panel), mine.scalar) for mine in in_panel]
        yield from weighed
        if len(weighed) > 1:
            yield fold(group.total, weighed)


def hashed(names: Sequence[str]) -> list[tuple[bytes, bytes]]:
    """Each name as an element and as a point: what no key is needed for."""
    elements = [element_bytes(Observable.of("domain", name)) for name in names]
    return [(element, oprf.hashed(element)) for element in elements]


def ids_by(key: bytes, names: Sequence[tuple[bytes, bytes]]) -> Ids:
    """[names, 14]: the ids that this key gives them."""
    ids = [oprf.element_id(oprf.hash_output(element, group.times(key, point))) for element, point in names]
    return array_of(ids)


def opened(uploads: Sequence[Upload], ids: Ids) -> frozenset[int]:
    """Which of the ids stand in some upload of one round (ValueError for several rounds)."""
    if len({(upload.params, upload.key) for upload in uploads}) != 1:
        raise ValueError("uploads of one round are looked through together")
    standing: set[int] = set()
    for at in range(0, len(ids), CHUNK):
        for table in range(uploads[0].params.r):
            standing |= {at + int(one) for one in _stands(uploads, ids[at : at + CHUNK], table)}
    return frozenset(standing)


def asked_within_quota(sector: Sector, names: Sequence[str], quota: int) -> dict[str, bytes]:
    """A member that works with the centre asks for one name after the other until no k holders give it another part:
    what it got."""
    for holder in sector.world.holders.every.values():
        holder.limits = HolderSettings(points_per_epoch_max=quota)
        holder.reopen()
    world, params = sector.world, sector.uploads[0].params
    ways = world.holders.ways(EVIL, Faults(), SeededDice(1, EVIL))
    got: dict[str, bytes] = {}
    with Book() as book:
        ask = world.holders.ask(ways, Ledger(book), world.clock)
        member = KeyHolderIdentifiers(ask, Ledger(book), world.clock, SeededDice(1, EVIL))
        identifier = member.of(params.epoch, params.tier)
        while len(got) < len(names):
            batch = [name for name in names if name not in got][: params.m]
            try:
                ids = identifier.join(params, _observables(batch)).ids
            except (LinkDown, LinkRefused):
                break
            got |= {name: id_ for name, id_ in zip(batch, ids, strict=True) if id_ is not None}
    return got


def _stands(uploads: Sequence[Upload], ids: Ids, table: int) -> npt.NDArray[np.int64]:
    """Those of the ids whose cell of one table is there, by the first insertion or the second."""
    params, key = uploads[0].params, uploads[0].key
    blocks = 2 * params.t - 1
    plain = np.zeros((len(ids), blocks, 16), dtype=np.uint8)
    plain[:, :, : keys.ID_BYTES] = ids[:, None, :]
    counters = np.arange(table * blocks, (table + 1) * blocks, dtype=">u2")
    plain[:, :, keys.ID_BYTES :] = counters.view(np.uint8).reshape(1, blocks, 2)
    cipher = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305  as psi/share.py has it
    block: Words = np.frombuffer(cipher.update(plain.tobytes()), "<u8").reshape(len(ids), blocks, 2)
    low, half = np.uint64(0xFFFFFFFF), np.uint64(32)
    places = block[:, 0, 0]
    there = np.zeros(len(ids), dtype=bool)
    for insertion, place in ((1, places & low), (2, places >> half)):
        bins = (place * np.uint64(params.bins) >> half).astype(np.int64)
        first = share.first_coefficient(params.t, insertion)
        coefficients = reduce(block[:, first : first + params.t - 1]).transpose(1, 2, 0)
        for upload in uploads:
            there |= (horner(coefficients, upload.x) == upload.planes[:, table, bins]).all(axis=0)
    return np.flatnonzero(there)


def _upload(world: World, actor: str, message: ShareUpload, of_rounds: Mapping[int, KeyShare]) -> Upload:
    """With the round's key, which k holders give each member."""
    (opening,) = [one for one in _openings(world, actor) if one.round_id == message.round_id]
    params, some = params_of(opening), sorted(of_rounds)[: world.script.holders_k]
    (point,) = evaluate.round_points(params)
    kr = evaluate.round_key(params, group.times(whole_key([of_rounds[number] for number in some]), point))
    (x,) = [member.x for member in opening.members if member.actor == actor]
    planes = planes_from_bytes(params, message.planes)
    if isinstance(planes, Refused):
        raise TypeError(f"the planes of {actor} are none: {planes.reason}")
    return Upload(actor, x, params, keys.members_key(kr, members_text(opening)), planes)


def _openings(world: World, actor: str) -> Iterator[RoundOpened]:
    for raw in world.ledgers()[actor].export():
        line = json.loads(raw)
        if line["kind"] == RoundOpened.__name__:
            opening = decode(Encoded(line["kind"], line["summary"].encode()), DOWN_KINDS)
            if isinstance(opening, RoundOpened):
                yield opening


def _suspicions(place: int, names: frozenset[str]) -> tuple[Suspicion, ...]:
    return tuple(
        suspicion((one,), 0.001, f"10.{10 + place}.1.{at % 250}", START_US)
        for at, one in enumerate(_observables(sorted(names)))
    )


def _observables(names: Sequence[str]) -> list[Observable]:
    return [Observable.of("domain", name) for name in names]


def array_of(ids: Sequence[bytes]) -> Ids:
    """[ids, 14]."""
    return np.frombuffer(b"".join(ids), np.uint8).reshape(len(ids), keys.ID_BYTES)
