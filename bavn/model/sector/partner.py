"""A partner: a party outside the sector that indicators are exchanged with, and what may cross to it and from it.

A partner is no actor: it has no node, no place in the join and no vote. Its policy says what goes out (gate 3 reads it)
and what comes in under which trust (gate 2 reads it); a partner that nothing was said of gets nothing and gives
nothing. Refuses to know how a partner proves who it is: members does.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from bavn.model.intel.indicator import Pap, Tlp
from bavn.model.observable import ObservableType
from bavn.model.sector.member import ACTOR_NAME, is_reserved
from bavn.model.text import Text

PARTNER_NAME: Final = ACTOR_NAME
PEER_PREFIX: Final = "partner:"
"""Before a partner's name in a ledger, so that no partner can pass for an actor of the same name."""
TITLE_CHARACTERS_MAX: Final = 100
PARTNERS_MAX: Final = 1000
LIFE_DAYS_MAX: Final = 1100
"""A partner's agreement ends, and is made again at the latest after three years."""

PARTNER_KINDS: Final[Mapping[str, Text]] = {
    "national": Text("national centre"),
    "sector": Text("centre of another sector"),
    "abroad": Text("centre abroad"),
    "vendor": Text("supplier of intelligence"),
    "community": Text("community that shares"),
    "list": Text("published list"),
    "other": Text.in_context("partner", "other"),
}
TLP_ORDER: Final = (Tlp.CLEAR, Tlp.GREEN, Tlp.AMBER, Tlp.AMBER_STRICT, Tlp.RED)
"""From what everybody may read to what only the named may."""

RELEASED, NETWORK, FILES, FINGERPRINTS = "released", "network", "files", "fingerprints"
PROPOSALS: Final = "proposals"
WRITABLE_TYPES: Final = frozenset(ObservableType) - {ObservableType.CHAIN}
"""What an indicator can be about: a chain of techniques matches no single record."""


@dataclass(frozen=True, slots=True)
class Collection:
    """A named part of what is shared. ``types``: what its indicators are about."""

    name: str
    title: Text
    types: frozenset[ObservableType]


COLLECTIONS: Final[Mapping[str, Collection]] = {
    one.name: one
    for one in (
        Collection(RELEASED, Text("All released indicators"), WRITABLE_TYPES),
        Collection(
            NETWORK,
            Text("Released addresses and domain names"),
            frozenset({ObservableType.IP4, ObservableType.IP6, ObservableType.DOMAIN}),
        ),
        Collection(FILES, Text("Released hashes of files"), frozenset({ObservableType.SHA256})),
        Collection(
            FINGERPRINTS,
            Text("Released fingerprints of TLS"),
            frozenset({ObservableType.JA3, ObservableType.JA4, ObservableType.FP_PAIR, ObservableType.CERT}),
        ),
    )
}
"""What a partner may be let into. Beside these each partner that may give has ``proposals``, its own alone."""


class BadPartner(ValueError):
    """No partner can be called that or have such a policy. Whoever wrote it must act."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outward:
    """What goes out to a partner. ``tlp_max`` and ``pap_max``: the most restricting marking that still goes;
    ``confidence_min`` 0..100; ``collections``: names in COLLECTIONS, none for nothing at all."""

    tlp_max: Tlp = Tlp.GREEN
    pap_max: Pap = Pap.GREEN
    types: frozenset[ObservableType] = WRITABLE_TYPES
    confidence_min: int = 50
    collections: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _percent("confidence_min", self.confidence_min)
        unknown = sorted(set(self.collections) - set(COLLECTIONS))
        if unknown:
            raise BadPartner(
                Text(
                    "no collection is called {unknown}; known: {collections}",
                    unknown=repr(unknown[0][:40]),
                    collections=", ".join(COLLECTIONS),
                )
            )
        if not self.types <= WRITABLE_TYPES:
            raise BadPartner(Text("a chain of techniques is never an indicator, so it cannot be shared as one"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Inward:
    """What comes in from a partner. ``trust`` 0..100: 0 takes nothing in, and no indicator of its counts for more than
    its trust. ``tlp_max``: what is marked more restricting is refused. ``may_block``: whether what rests on its word
    may ever block; without it such an indicator may be watched only. ``objects_per_day_max``: of a day in UTC."""

    trust: int = 0
    tlp_max: Tlp = Tlp.AMBER
    may_block: bool = False
    objects_per_day_max: int = 100_000

    def __post_init__(self) -> None:
        _percent("trust", self.trust)
        if not 0 <= self.objects_per_day_max <= 10_000_000:
            raise BadPartner(Text("objects_per_day_max lies in 0..10000000"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner:
    """``title``: what people call it. In force in [added_us, until_us) unless it was ended before."""

    name: str
    kind: str
    title: str
    added_us: int
    until_us: int
    ended_us: int | None = None
    out: Outward = field(default_factory=Outward)
    inward: Inward = field(default_factory=Inward)

    def __post_init__(self) -> None:
        if not PARTNER_NAME.fullmatch(self.name) or is_reserved(self.name):
            raise BadPartner(
                Text(
                    "no partner can be called {self_}: a-z, 0-9 and '-', 2 to 40, a letter first",
                    self_=repr(self.name[:60]),
                )
            )
        if self.kind not in PARTNER_KINDS:
            raise BadPartner(
                Text(
                    "no kind of partner is called {kind}; known: {partner_kinds}",
                    kind=repr(self.kind[:40]),
                    partner_kinds=", ".join(PARTNER_KINDS),
                )
            )
        if not self.title.isprintable() or not 1 <= len(self.title.strip()) <= TITLE_CHARACTERS_MAX:
            raise BadPartner(
                Text(
                    "a partner's title has 1 to {title_characters_max} printable characters",
                    title_characters_max=TITLE_CHARACTERS_MAX,
                )
            )
        if not self.added_us < self.until_us:
            raise BadPartner(Text("a partner's end lies after its beginning"))

    def in_force(self, now_us: int) -> bool:
        """Whether anything may cross now."""
        return self.ended_us is None and self.added_us <= now_us < self.until_us


CredentialKind = Literal["token", "basic", "certificate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """One way in which a partner may prove who it is; the secret itself is nowhere. ``id``: 12 hex digits to name it
    by. In force in [issued_us, until_us) unless it was ended."""

    id: str
    partner: str
    kind: CredentialKind
    issued_us: int
    until_us: int
    ended_us: int | None


def tlp_within(tlp: Tlp, tlp_max: Tlp) -> bool:
    """Whether a marking restricts no more than another."""
    return TLP_ORDER.index(tlp) <= TLP_ORDER.index(tlp_max)


def _percent(name: str, value: int) -> None:
    if type(value) is not int or not 0 <= value <= 100:
        raise BadPartner(Text("{name} lies in 0..100", name=name))
