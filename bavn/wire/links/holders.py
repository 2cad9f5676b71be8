"""Key holders at the node: any k of n answer a batch together.

A day's public keys count where k holders say the same, each under the message key that was pinned when the node
enrolled at it, and where their points are those that the day began with here (key_points.py). A batch goes to k of
them at once; a part that is not proven is refused and its holder named, one that is silent is named too, and another
is asked in its place. Each request to each holder is a ledger line before it leaves, and so is each holder that failed.
Refuses to know what stands under the blinds, and to believe fewer than k.
"""

import threading
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from typing import Any, Final, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from bavn.model.outcome import Refused
from bavn.model.ports import Clock, Dice, LinkDown, LinkNonsense, LinkRefused
from bavn.model.text import Text
from bavn.psi.threshold import evaluate
from bavn.psi.threshold.asking import Asking, Question
from bavn.psi.threshold.evaluate import Part
from bavn.psi.threshold.shares import PublicKey
from bavn.psi.threshold.terms import IDS, ROUNDS, purpose
from bavn.wire.codec import Encoded, decode, encode, privacy_of
from bavn.wire.keyholder import (
    JOIN_BYTES_MAX,
    KEYHOLDER_KINDS,
    Batch,
    Evaluated,
    KeysAnswered,
    KeysAsked,
    PartAnswered,
    PartAsked,
)
from bavn.wire.ledger import Ledger, Note
from bavn.wire.links.at_once import at_once
from bavn.wire.links.https import Caller, LinkLimits, link_context
from bavn.wire.links.key_points import KeyPoints
from bavn.wire.privacy import Message
from bavn.wire.safe import Safe

JSON: Final = "application/json"
LIED: Final = Refused("holder_lied", "its answer is not of the share that it has by the day's public key")
KEYS_KEPT_MAX: Final = 16
ROUNDS_KEPT_MAX: Final = 10
Keys = tuple[PublicKey, PublicKey]


class Holder(Protocol):
    """The way to one holder. All raise LinkDown, LinkRefused."""

    @property
    def key(self) -> Ed25519PublicKey | None:
        """Its message key, as it was pinned; None before."""
        ...

    def keys(self, request: KeysAsked) -> KeysAnswered: ...

    def part(self, request: PartAsked) -> PartAnswered: ...

    def probe(self) -> None: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Named:
    """Holder ``number`` failed the last time that it was asked: it lied, it ``refuses`` this node, or it did not
    answer, and why. ``proven``: the number that it has by the share that it proved, where that is another; 0 where it
    proved none."""

    number: int
    lied: bool
    since_us: int
    why: Text
    proven: int = 0
    refuses: bool = False

    @property
    def stays(self) -> bool:
        """That it lets us in takes nothing back: a right part does."""
        return self.lied or bool(self.proven)


@dataclass(frozen=True, slots=True)
class RoundAsked:
    """One round's batch: holders by number whose parts made the answer (none where it came to nothing), and those that
    were asked for it and failed."""

    at_us: int
    round_id: str
    tier: str
    answered: tuple[int, ...]
    failed: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class HoldersSeen:
    """How the holders did since this node began. ``answered_us``: by number, when each last gave a right part;
    ``rounds``: the newest, the latest first."""

    k: int
    numbers: tuple[int, ...]
    named: tuple[Named, ...]
    answered_us: Mapping[int, int]
    rounds: tuple[RoundAsked, ...]


class KeyHolders:
    """Implements Ask (links/keyholder.py). ``holders``: all n, by their number."""

    def __init__(self, k: int, holders: Mapping[int, Holder], ledger: Ledger, clock: Clock, dice: Dice) -> None:
        self._k, self._holders = k, holders
        self._ledger, self._clock, self._dice = ledger, clock, dice
        self._points = KeyPoints(ledger.book)
        self._known: dict[tuple[int, str], Keys] = {}
        self._named: dict[int, Named] = {}
        self._answered_us: dict[int, int] = {}
        self._rounds: deque[RoundAsked] = deque(maxlen=ROUNDS_KEPT_MAX)

    def seen(self) -> HoldersSeen:
        """For people who look, from any thread."""
        rounds = tuple(reversed(self._rounds.copy()))
        return HoldersSeen(self._k, tuple(sorted(self._holders)), tuple(self.named()), self._answered_us.copy(), rounds)

    def named(self) -> Sequence[Named]:
        """Who failed when it was asked last."""
        return [self._named[number] for number in sorted(self._named.copy())]

    def __call__(self, batch: Batch) -> Evaluated:
        """Raises LinkDown where fewer than k are left; LinkRefused where k have another key than the epoch's first."""
        try:
            return self._combined(batch)
        except (LinkDown, LinkRefused):
            self._remember(batch, (), tuple(sorted(self._named)))
            raise

    def _combined(self, batch: Batch) -> Evaluated:
        about = batch.params.epoch, batch.tier
        was_known = about in self._known
        answer = self._answer(batch, was_known=was_known)
        if answer is None and was_known:  # the key may have been shared anew since
            answer = self._answer(batch, was_known=False)
        if answer is None:
            raise LinkDown(f"fewer than {self._k} of {len(self._holders)} key holders gave a part")
        return answer

    def probe(self) -> None:
        """Asks each whether it lets us in. Where fewer than k do: raises LinkRefused if one refuses, else LinkDown."""
        answers = at_once({number: holder.probe for number, holder in self._holders.items()})
        for number, answer in answers.items():
            if isinstance(answer, Exception):
                self._out(number, answer)
            elif number in self._named and not self._named[number].stays:
                del self._named[number]
        failures = [answer for answer in answers.values() if isinstance(answer, Exception)]
        if len(self._holders) - len(failures) < self._k:
            for failure in failures:
                if isinstance(failure, LinkRefused):
                    raise failure
            raise LinkDown(f"fewer than {self._k} of {len(self._holders)} key holders answer")

    def close(self) -> None:
        for holder in self._holders.values():
            holder.close()

    def _answer(self, batch: Batch, *, was_known: bool) -> Evaluated | None:
        """None where too few gave a right part; who failed is named, and the keys are looked up anew the next time.
        None too where one refuses by a key that ``was_known``: it may hold a share of the next version alone."""
        params, about = batch.params, (batch.params.epoch, batch.tier)
        ids, rounds = self._keys(*about)
        questions = Question(ids, batch.points), Question(rounds, evaluate.round_points(params))
        asking = Asking(questions, self._order())
        while not asking.is_over:
            asking, refusing = self._ask_missing(asking, batch, ids, rounds)
            if refusing and was_known:
                break
            for number, (part, answer) in refusing.items():
                asking = self._without(asking, number, part, answer)
            combined = asking.combined()
            if isinstance(combined, list):
                self._points.keep(*about, _points(ids, rounds))
                for number in asking.panel:
                    self._named.pop(number, None)
                self._remember(batch, tuple(sorted(asking.panel)), tuple(sorted(asking.out)))
                points, (round_point,) = combined
                return Evaluated(tuple(points), evaluate.round_key(params, round_point))
            for number in combined.out.keys() - asking.out.keys():
                self._lied(number, batch)
            asking = combined
        self._known.pop(about, None)
        return None

    def _ask_missing(
        self, asking: Asking, batch: Batch, ids: PublicKey, rounds: PublicKey
    ) -> tuple[Asking, Mapping[int, tuple[PartAsked, LinkRefused]]]:
        """All that are missing, asked at once; and who refused."""
        panel = asking.panel
        part = PartAsked.to(batch, panel, ids, rounds)
        for number in asking.missing:
            self._line(number, part, "out")
        answers = at_once({number: partial(self._holders[number].part, part) for number in asking.missing})
        refusing = {number: (part, answer) for number, answer in answers.items() if isinstance(answer, LinkRefused)}
        for number, answer in answers.items():
            if isinstance(answer, PartAnswered):
                parts = parts_of(answer, part)
                if (proven := _other_number(asking, number, parts)) and number not in asking.out:
                    asking = asking.without(number, "silent")
                    self._misnumbered(number, proven, part)
                    continue
                asking = asking.answered(number, parts)
                if number in asking.out:
                    self._lied(number, part)
                continue
            if isinstance(answer, LinkDown):
                asking = self._without(asking, number, part, answer)
            elif number not in refusing:
                raise answer
        return asking, refusing

    def _without(self, asking: Asking, number: int, part: PartAsked, why: LinkDown | LinkRefused) -> Asking:
        """Names a holder that gave no part."""
        self._known.pop((part.epoch, part.tier), None)
        self._out(number, why)
        self._line(number, part, "in", Refused("holder_silent", "it gave no part: {why}", why=why))
        return asking.without(number, "silent")

    def _keys(self, epoch: int, tier: str) -> Keys:
        """The day's public keys. Raises LinkDown where fewer than k say the same, LinkRefused where k say others than
        the first that were used here."""
        if (epoch, tier) in self._known:
            return self._known[epoch, tier]
        request = KeysAsked(epoch=epoch, tier=tier)
        for number in self._holders:
            self._ledger.append(self._clock.now_us(), "door", "out", keys_note(number, request))
        answers = at_once({number: partial(holder.keys, request) for number, holder in self._holders.items()})
        claims: dict[tuple[str, str], list[int]] = {}
        for number, answer in answers.items():
            if isinstance(answer, KeysAnswered) and is_signed(answer, self._holders[number].key):
                claims.setdefault((answer.ids, answer.rounds), []).append(number)
            elif isinstance(answer, Exception):
                self._out(number, answer)
        other = ""
        for (ids, rounds), numbers in claims.items():
            keys = keys_read(request, ids, rounds, self._k, self._holders)
            if len(numbers) < self._k or keys is None:
                continue
            signed = " ".join(map(str, sorted(numbers)))
            if not self._points.differs(epoch, tier, _points(*keys), signed):
                self._known[epoch, tier] = keys
                for old in list(self._known)[:-KEYS_KEPT_MAX]:
                    del self._known[old]
                return keys
            other = signed
        if other:
            raise self._refuse(request, other)
        n, silent = len(self._holders), sum(isinstance(answer, LinkDown) for answer in answers.values())
        if n - silent < self._k:
            raise LinkDown(f"fewer than {self._k} of {n} key holders answer")
        raise LinkDown(f"fewer than {self._k} of {n} key holders say the same of the day's key")

    def _refuse(self, request: KeysAsked, signed: str) -> LinkRefused:
        refused = Refused(
            "key_changed",
            "key holders {signed} signed another key for epoch {epoch}, tier {tier} than the one it began with here",
            signed=signed,
            epoch=request.epoch,
            tier=request.tier,
        )
        note = replace(keys_note(0, request), kind=KeysAnswered.__name__, peer="keyholders", privacy="", bytes=0)
        self._ledger.append(self._clock.now_us(), "door", "in", note, refused)
        return LinkRefused(refused.reason)

    def _order(self) -> tuple[int, ...]:
        """By chance, so that all holders are asked alike; who failed last comes last, and liars after the silent."""
        drawn = sorted(self._holders, key=lambda _: self._dice.bytes(8))
        standing = {number: 1 + named.stays for number, named in self._named.items()}
        return tuple(sorted(drawn, key=lambda number: standing.get(number, 0)))

    def _remember(self, batch: Batch, answered: tuple[int, ...], failed: tuple[int, ...]) -> None:
        now_us = self._clock.now_us()
        self._answered_us |= dict.fromkeys(answered, now_us)
        self._rounds.append(RoundAsked(now_us, batch.round_id, batch.tier, answered, failed))

    def _out(self, number: int, error: Exception) -> None:
        before = self._named.get(number)
        if before is None or not before.stays:
            since_us = before.since_us if before else self._clock.now_us()
            refuses = isinstance(error, LinkRefused)
            self._named[number] = Named(number, False, since_us, Text.of_error(error), refuses=refuses)

    def _lied(self, number: int, request: Batch | PartAsked) -> None:
        self._named[number] = Named(number, lied=True, since_us=self._clock.now_us(), why=LIED.reason)
        self._line(number, request, "in", LIED)

    def _misnumbered(self, number: int, proven: int, request: PartAsked) -> None:
        why = Refused(
            "holder_number", "this is holder {proven}, node.toml has it as {number}", proven=proven, number=number
        )
        now_us = self._clock.now_us()
        self._named[number] = Named(number, lied=False, since_us=now_us, why=why.reason, proven=proven)
        self._line(number, request, "in", why)

    def _line(self, number: int, request: Batch | PartAsked, way: Any, refused: Refused | None = None) -> None:
        note = part_note(number, request, asks=way == "out")
        self._ledger.append(self._clock.now_us(), "door", way, note, refused)


class HolderLink:
    """Implements Holder: HTTPS with mutual TLS, under an authority of that holder's own, as the member that ``safe`` is
    of. The connection is made at the first call, and anew where the certificate is another; before there is one it is
    down. May be used from several threads."""

    def __init__(self, number: int, url: str, safe: Safe, clock: Clock, limits: LinkLimits | None = None) -> None:
        self._who, self._url, self._safe = f"key holder {number}", url, safe
        self._clock, self._limits, self._lock = clock, limits, threading.Lock()
        self._made: tuple[str, Caller] | None = None

    @property
    def key(self) -> Ed25519PublicKey | None:
        return self._safe.centre_key() if self._safe.enrolled else None

    def keys(self, request: KeysAsked) -> KeysAnswered:
        return self.call("/v1/keys", request, KeysAnswered)

    def part(self, request: PartAsked) -> PartAnswered:
        return self.call("/v1/part", request, PartAnswered, JOIN_BYTES_MAX + 1024)

    def call[Said: Message](self, path: str, request: Message, kind: type[Said], bytes_max: int = 65_536) -> Said:
        """One question, one answer of that kind. Raises LinkDown, LinkRefused."""
        body = encode(request).body
        answer = self._caller().call("POST", path, body=body, content_type=JSON, answer_bytes_max=bytes_max)
        answered = decode(Encoded(kind.__name__, answer.body), KEYHOLDER_KINDS)
        if not isinstance(answered, kind):
            reason = answered.rule if isinstance(answered, Refused) else "wrong kind"
            raise LinkNonsense(f"the answer of {self._who} makes no sense ({reason})")
        return answered

    def probe(self) -> None:
        self._caller().call("GET", "/healthz")

    @property
    def skew_s(self) -> int | None:
        """Our clock minus its, as it said last."""
        return self._made[1].skew_s if self._made is not None else None

    def close(self) -> None:
        if self._made is not None:
            self._made[1].close()

    def _caller(self) -> Caller:
        """Raises LinkDown where we are not enrolled there yet; LinkRefused for a certificate that has ended."""
        with self._lock:
            if not self._safe.enrolled:
                raise LinkDown(f"not enrolled at {self._who} yet")
            certificate = self._safe.certificate.read_text()
            if self._made is None or self._made[0] != certificate:
                self.close()
                tls = link_context(self._safe, self._clock)
                self._made = certificate, Caller(self._url, tls, self._limits, who=self._who, clock=self._clock)
            return self._made[1]


def keys_read(request: KeysAsked, ids: str, rounds: str, k: int, numbers: Iterable[int]) -> Keys | None:
    """The public keys that a holder said; None for what is no key of k of these holders for that day and tier."""
    try:
        keys = PublicKey.of_bytes(bytes.fromhex(ids)), PublicKey.of_bytes(bytes.fromhex(rounds))
    except ValueError:
        return None
    purposes = tuple(purpose(request.epoch, request.tier, use) for use in (IDS, ROUNDS))
    fits = all(key.k == k and sorted(key.holders) == sorted(numbers) for key in keys)
    return keys if fits and tuple(key.purpose for key in keys) == purposes else None


def _points(ids: PublicKey, rounds: PublicKey) -> dict[str, bytes]:
    return {IDS: ids.point, ROUNDS: rounds.point}


def keys_note(number: int, request: KeysAsked) -> Note:
    """What the node's ledger says of a question for a day's public keys: which day and tier, and nothing else."""
    encoded = encode(request)
    return Note(
        kind=encoded.kind,
        item_id=sha256(f"{encoded.kind} {number} {encoded.id}".encode()).hexdigest(),
        peer=f"keyholder-{number}",
        privacy=privacy_of(request),
        bytes=encoded.bytes,
        summary=f"the public keys of epoch {request.epoch}, tier {request.tier}",
    )


def part_note(number: int, request: Batch | PartAsked, *, asks: bool) -> Note:
    """What the node's ledger says of a question to a holder, or of its answer, of which nothing is kept."""
    panel = f", asked with {' '.join(request.panel)}" if isinstance(request, PartAsked) else ""
    words = f"round {request.round_id} tier {request.tier}: {request.count} blinded elements, padding included{panel}"
    kind = PartAsked.__name__ if asks else PartAnswered.__name__
    return Note(
        kind=kind,
        item_id=sha256(f"{kind} {number} {words}".encode()).hexdigest(),
        peer=f"keyholder-{number}",
        privacy=privacy_of(request) if asks and isinstance(request, PartAsked) else "",
        bytes=encode(request).bytes if asks and isinstance(request, PartAsked) else 0,
        summary=words,
    )


def parts_of(answer: PartAnswered, request: PartAsked) -> tuple[Part, ...]:
    """Nothing for an answer to another question, or with proofs that are none."""
    try:
        return answer.parts(request.holders) if answer.round_id == request.round_id else ()
    except ValueError:
        return ()


def _other_number(asking: Asking, number: int, parts: tuple[Part, ...]) -> int:
    """The number of another holder whose share these parts are proven to be of; 0 where there is none such."""
    others = {part.number for part in parts} - {number}
    if len(others) != 1 or len(parts) != len(asking.questions):
        return 0
    answered = zip(asking.questions, parts, strict=True)
    is_so = all(
        part.number in others and evaluate.proven(question.public, question.points, part) for question, part in answered
    )
    return others.pop() if is_so else 0


def is_signed(answer: KeysAnswered, key: Ed25519PublicKey | None) -> bool:
    """Whether the holder said so whose message key was pinned."""
    if key is None:
        return False
    try:
        key.verify(bytes.fromhex(answer.signature), answer.statement())
    except InvalidSignature:
        return False
    return True
