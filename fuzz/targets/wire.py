"""What members, centres and strangers send: envelopes, each kind of message, requests to join and enrol."""

import contextlib
import hashlib
from collections.abc import Callable
from functools import cache
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bavn.centre.members.authority import Authority
from bavn.keyholder.posts import has_form, unpacked
from bavn.keyholder.settings import ThresholdSettings
from bavn.model.outcome import Refused
from bavn.model.sector.known_days import EDGES
from bavn.psi.commons import answer_bytes, read_answer
from bavn.psi.commons_terms import TIER, T
from bavn.psi.keys import ID_BYTES, KEY_BYTES
from bavn.psi.round import PROTOCOL_VERSION, RoundParams
from bavn.psi.share import generate
from bavn.traffic.dice import SeededDice
from bavn.wire import enrol, frames, seal, strict_json
from bavn.wire.codec import DOWN_KINDS, UP_KINDS, Encoded, decode
from bavn.wire.enrol import NodeKeys
from bavn.wire.keyholder import KEYHOLDER_KINDS, ROUNDS, PartAnswered, PartAsked
from fuzz.mutate import BYTES, Mutator
from fuzz.mutate_binary import DER, FRAMES
from fuzz.mutate_json import JSON
from fuzz.seed import HERE
from fuzz.stands import MEMBER, NOW_US, CentreInbox, Node
from fuzz.target import Broken, Run, Target

ALL = UP_KINDS | DOWN_KINDS | KEYHOLDER_KINDS
HOLDER = ThresholdSettings(number=1, k=2, holders=tuple(f"https://holder-{number}" for number in (1, 2, 3)))


def message(kind: str) -> bytes:
    """``kind LF body [LF attachment]``, honest."""
    body = (HERE / "messages" / f"{kind}.json").read_bytes()
    attachment = HERE / "messages" / f"{kind}.attachment"
    return kind.encode() + b"\n" + body + (b"\n" + attachment.read_bytes() if attachment.exists() else b"")


def _body(inner: Mutator) -> Mutator:
    """The kind stays, the body is bent; canonical spelling is kept by those who know it."""

    def change(dice, data):
        kind, gap, rest = data.partition(b"\n")
        body, mark, attachment = rest.partition(b"\n")
        return kind + gap + inner(dice, body).replace(b"\n", b"") + mark + attachment

    return change


BODIES = tuple(_body(one) for one in JSON)


class _Rebuilt:
    """Something that stands until it breaks, and is built anew then."""

    def __init__(self, build: Callable[[], object]) -> None:
        self._build, self.it = build, build()

    def again(self) -> None:
        with contextlib.suppress(Exception):
            self.it.close()  # type: ignore[attr-defined]
        self.it = self._build()

    def close(self) -> None:
        self.it.close()  # type: ignore[attr-defined]


_COMMONS: Final = RoundParams(
    version=PROTOCOL_VERSION, epoch=1, round_id=bytes(16), registry_version=1, tier=TIER, t=T, m=60, r=4
)
_COMMONS_BYTES: Final = answer_bytes(_COMMONS)
_COMMONS_ELEMENTS: Final = 40


def _commons() -> Run:
    """What a centre that may lie answers a round of the commons."""
    ids = [(hashlib.blake2b(b"%d" % n, digest_size=ID_BYTES).digest(), 1.0) for n in range(_COMMONS_ELEMENTS)]
    slots = generate(_COMMONS, bytes(KEY_BYTES), ids, 7, SeededDice(1, "commons")).slots

    def run(data: bytes) -> None:
        buckets = read_answer(_COMMONS, data, slots, _COMMONS_ELEMENTS)
        if not isinstance(buckets, Refused) and not (
            buckets.shape == (_COMMONS_ELEMENTS,) and buckets.max() <= len(EDGES)
        ):
            raise Broken("an answer that is no bucket for each element")

    return run


def _inbox() -> Run:
    stand, count, honest = _Rebuilt(CentreInbox), 0, message("Health")

    def run(data: bytes) -> None:
        nonlocal count
        count += 1
        if count % 3000 == 0:
            stand.again()
        centre: CentreInbox = stand.it  # type: ignore[assignment]
        before = centre.lines()
        given = [centre.sealed(data), data[: seal.ENVELOPE_BYTES_MAX]]
        try:
            centre.receive([one for one in given if one])
            if centre.lines() - before != sum(bool(one) for one in given):
                raise Broken("an envelope without exactly one line in the ledger")
            if count % 50 == 0:
                before = len(centre.inbox.take())
                centre.clock.now_us()
                centre.receive([centre.sealed(honest)])
                if len(centre.inbox.take()) < min(before + 1, 100) and not _refused_for_quota(centre):
                    raise Broken("the next honest message was not taken")
                for taken in centre.inbox.take():
                    centre.inbox.done(taken.number)
        except BaseException:
            stand.again()
            raise

    return run


def _refused_for_quota(centre: CentreInbox) -> bool:
    return any(
        line.rule in ("within_quota", "is_new") or "quota" in str(line.rule) for line in centre.inbox.ledger.newest(1)
    )


def _node() -> Run:
    stand, count = _Rebuilt(Node), 0

    def run(data: bytes) -> None:
        nonlocal count
        count += 1
        if count % 400 == 0:
            stand.again()
        node: Node = stand.it  # type: ignore[assignment]
        try:
            node.says(data)
            if node.wire.down:
                raise Broken("the node does not pull any more")
        except BaseException:
            stand.again()
            raise

    run.close = stand.close  # type: ignore[attr-defined]
    return run


def _codec() -> Run:
    keys = {MEMBER: Ed25519PrivateKey.from_private_bytes(b"n" * 32).public_key()}

    def run(data: bytes) -> None:
        kind, _, rest = data.partition(b"\n")
        body, _, attachment = rest.partition(b"\n")
        named = kind.decode("latin-1")
        found = decode(Encoded(named, body, attachment), ALL)
        if not isinstance(found, Refused) and isinstance(found, PartAsked):
            with contextlib.suppress(ValueError):
                found.params()
            found.split()
        if not isinstance(found, Refused) and isinstance(found, PartAnswered):
            with contextlib.suppress(ValueError):
                found.parts((1, 2))
        unpacked(body)
        for round_ in range(ROUNDS):
            has_form(HOLDER, 0, round_, body)
        strict_json.parse(body, 1 << 20)
        strict_json.parse(data, 1 << 20)
        seal.address(data)
        seal.item_id(data)
        seal.open(keys, "centre", data, ALL)
        split = frames.split(data)
        if not isinstance(split, Refused) and frames.join(split) != data:
            raise Broken("frames that are not what came")

    return run


@cache
def _parties() -> tuple[NodeKeys, Ed25519PrivateKey, bytes, str, str]:
    keys = NodeKeys.make(MEMBER, SeededDice(1, "north"))
    authority = Authority.make("test", NOW_US - 200 * 86_400_000_000, SeededDice(1, "ca"))
    csr = x509.load_pem_x509_csr(keys.csr().encode())
    made = authority.certify_server(["127.0.0.1"], csr.public_key(), NOW_US - 86_400_000_000, SeededDice(1, "s"))
    return (
        keys,
        Ed25519PrivateKey.from_private_bytes(b"c" * 32),
        made.public_bytes(serialization.Encoding.DER),
        keys.csr(),
        authority.pem,
    )


def _enrolment() -> Run:
    stand = _Rebuilt(CentreInbox)

    def run(data: bytes) -> None:
        """As the body of a request; as the CSR of one that is otherwise right; as a renewal's."""
        from bavn.centre.members.enrolment import Application

        centre: CentreInbox = stand.it  # type: ignore[assignment]
        try:
            found = decode(Encoded("EnrolAsked", data), {"EnrolAsked": enrol.EnrolAsked})
            texts = [data.decode("utf-8", "replace")]
            if b"BEGIN" not in data:
                import base64

                texts.append(
                    "-----BEGIN CERTIFICATE REQUEST-----\n"
                    + base64.encodebytes(data).decode()
                    + "-----END CERTIFICATE REQUEST-----\n"
                )
            for text in texts:
                centre.enrolment.renew(MEMBER, text)
                base = _parties()[0].ask("t" * 43)
                asked = {name: getattr(base, name) for name in Application.__dataclass_fields__ if hasattr(base, name)}
                centre.enrolment.enrol(Application(**(asked | {"csr": text})))
            if not isinstance(found, Refused):
                centre.enrolment.enrol(
                    Application(
                        **{
                            name: getattr(found, name)
                            for name in Application.__dataclass_fields__
                            if hasattr(found, name)
                        }
                    )
                )
            centre.registry.who(data)
        except BaseException:
            stand.again()
            raise

    return run


def _certified() -> Run:
    keys, _, _, _, pem = _parties()

    def run(data: bytes) -> None:
        """What a centre answers to a request to join: the node keeps no certificate that is not its own."""
        import base64

        text = "-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(data).decode() + "-----END CERTIFICATE-----\n"
        for one in (text, data.decode("utf-8", "replace")):
            enrol.answers(keys, one, pem)
            enrol.answers(keys, pem, one)
            with contextlib.suppress(ValueError):
                enrol.ends_us(one)

    return run


def _csr_seeds() -> list[bytes]:
    keys, _, own, csr, _ = _parties()
    der = x509.load_pem_x509_csr(csr.encode()).public_bytes(serialization.Encoding.DER)
    from bavn.wire.codec import encode

    return [der, csr.encode(), encode(keys.ask("t" * 43)).body, own]


TARGETS = (
    Target(
        name="codec",
        covers=(
            "module:bavn.wire.codec",
            "module:bavn.wire.strict_json",
            "module:bavn.wire.seal",
            "module:bavn.wire.frames",
            "module:bavn.wire.keyholder",
            "module:bavn.model.sector.member",
        ),
        forms=(*BODIES, *JSON),
        seeds=lambda: [message(kind) for kind in ALL],
        make=_codec,
    ),
    Target(
        name="frames",
        covers=("module:bavn.wire.frames",),
        forms=FRAMES,
        seeds=lambda: [frames.join([message("Health"), b"x" * 900]), b""],
        make=_codec,
    ),
    Target(
        name="inbox",
        covers=tuple(f"message:{kind}" for kind in UP_KINDS),
        forms=BODIES,
        seeds=lambda: [message(kind) for kind in UP_KINDS],
        make=_inbox,
    ),
    Target(
        name="node-hears",
        covers=(*(f"message:{kind}" for kind in DOWN_KINDS), "module:bavn.actor.protect.intake"),
        forms=BODIES,
        seeds=lambda: [message(kind) for kind in DOWN_KINDS],
        make=_node,
    ),
    Target(
        name="enrolment",
        covers=(
            "module:bavn.centre.members.enrolment",
            "module:bavn.centre.members.authority",
            "module:bavn.centre.members.registry",
        ),
        forms=(*DER, *DER, *JSON),
        seeds=_csr_seeds,
        make=_enrolment,
    ),
    Target(
        name="commons",
        covers=("module:bavn.psi.commons",),
        forms=BYTES,
        seeds=lambda: [bytes(_COMMONS_BYTES), bytes([0x12, 0x34, 0x55] * _COMMONS_BYTES)[:_COMMONS_BYTES]],
        make=_commons,
    ),
    Target(
        name="certified",
        covers=("module:bavn.wire.enrol",),
        forms=DER,
        seeds=lambda: [_parties()[2], _parties()[4].encode()],
        make=_certified,
    ),
)
