"""Intelligence from outside the sector: where it comes from, what one source claims, what is proposed of it.

A claim is what one source says of one observable; a proposal is one observable with all that sources claim of it. A
proposal is never in force: a person or a standing policy makes a case of it. Refuses to know formats and transports.
"""

import json
from dataclasses import dataclass, field
from typing import Any, Final, Literal, get_args

from bavn.model.intel.indicator import Pap, Tlp
from bavn.model.intel.web_address import is_protected
from bavn.model.moment import DAY_US, MINUTE_US
from bavn.model.observable import Observable, ObservableType
from bavn.model.outcome import Refused
from bavn.model.sector.member import ACTOR_NAME
from bavn.model.sector.partner import TLP_ORDER
from bavn.model.settings import setting
from bavn.model.text import Text

SourceKind = Literal["taxii", "misp-feed", "misp", "stix", "list"]
SOURCE_KINDS: Final[tuple[str, ...]] = get_args(SourceKind)
KEY_CHARS_MAX: Final = 200
ABOUT_CHARS_MAX: Final = 120
PLACE_CHARS_MAX: Final = 1000
SOURCES_MAX: Final = 500
CONFIDENCE_ASSUMED: Final = 50
CONFIDENCE_MAX: Final = 95
"""No word from outside makes anybody surer than this."""


class BadSource(ValueError):
    """No source can be like that. Whoever wrote it must act."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How a source is asked: names of files that hold secrets, never the secrets. ``user`` with ``password_file`` is
    HTTP Basic, ``token_file`` a bearer token (a MISP's authorization key), ``cert_file`` and ``key_file`` a client
    certificate, ``ca_file`` whom to trust instead of the system's authorities."""

    user: str = ""
    password_file: str = ""
    token_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    ca_file: str = ""

    def __post_init__(self) -> None:
        if bool(self.user) != bool(self.password_file):
            raise BadSource(Text("a user needs a password file, and a password file a user"))
        if self.key_file and not self.cert_file:
            raise BadSource(Text("a key file goes with a certificate file"))
        if self.user and self.token_file:
            raise BadSource(Text("a source is asked by user and password or by token, not by both"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """``place``: a URL (https, http) or a path. ``partner``: whose word it is; empty for one that stands alone with a
    ``trust`` of its own (0..100). ``tlp``, ``pap``, ``confidence``: assumed where an item names none.
    ``may_block``: of one that stands alone, whether what rests on its word may ever block."""

    name: str
    kind: SourceKind
    place: str
    partner: str = ""
    trust: int = 0
    tlp: Tlp = Tlp.AMBER
    pap: Pap = Pap.AMBER
    confidence: int = CONFIDENCE_ASSUMED
    every_minutes: int = 60
    may_block: bool = False
    access: Access = field(default_factory=Access)

    def __post_init__(self) -> None:
        if not ACTOR_NAME.fullmatch(self.name):
            raise BadSource(
                Text(
                    "no source can be called {self_}: a-z, 0-9 and '-', 2 to 40, a letter first",
                    self_=repr(self.name[:60]),
                )
            )
        if self.kind not in SOURCE_KINDS:
            raise BadSource(
                Text(
                    "no kind of source is called {kind}; known: {source_kinds}",
                    kind=repr(self.kind[:40]),
                    source_kinds=", ".join(SOURCE_KINDS),
                )
            )
        if not self.place.isprintable() or not 1 <= len(self.place.strip()) <= PLACE_CHARS_MAX:
            raise BadSource(
                Text(
                    "a source's place is a URL or a path of at most {place_chars_max} characters",
                    place_chars_max=PLACE_CHARS_MAX,
                )
            )
        if self.kind in ("taxii", "misp") and not self.is_url:
            raise BadSource(Text("a source of kind {kind} is asked at a URL", kind=self.kind))
        if self.is_url and not is_protected(self.place):
            raise BadSource(Text("a source is asked over https; plain http goes to this machine itself only"))
        for name in ("trust", "confidence"):
            if not 0 <= getattr(self, name) <= 100:
                raise BadSource(Text("{name} lies in 0..{most}", name=name, most=100))
        if not 5 <= self.every_minutes <= 30 * 24 * 60:
            raise BadSource(Text("a source is asked every 5 minutes to 30 days"))
        if self.partner and (self.trust or self.may_block):
            raise BadSource(
                Text("a partner's source has what the partner's policy says; only one alone has its own trust")
            )

    @property
    def is_url(self) -> bool:
        return self.place.startswith(("https://", "http://"))

    @property
    def every_us(self) -> int:
        return self.every_minutes * MINUTE_US

    @property
    def group(self) -> str:
        """Who counts as one party: the partner, else the source itself."""
        return f"partner:{self.partner}" if self.partner else f"source:{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a source says of an observable. Moments are the source's own, None where it names none; ``modified_us``
    dates the claim itself. ``detect``: the source means it for detection (MISP's ids flag), not as
    context. ``derived``: the observable is only part of what was named, such as the host of a URL with a path:
    it may be shared with innocents, so it is watched at the most. ``withdrawn``: the source takes it back."""

    observable: Observable
    tlp: Tlp
    pap: Pap
    confidence: int
    first_us: int | None = None
    last_us: int | None = None
    modified_us: int | None = None
    until_us: int | None = None
    technique: str = ""
    about: str = ""
    detect: bool = True
    derived: bool = False
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Offer:
    """One item of a source: ``key`` names it there (bounded text). ``what`` is a claim, or why it cannot be used.
    ``author``: id or uuid of whoever is named as its creator, empty for none."""

    key: str
    what: Claim | Refused
    author: str = ""


@dataclass(frozen=True, slots=True)
class Piece:
    """Everything that a source says now of one ``scope`` ("" for all of it, else an object or event): what was claimed
    there before and is not among the offers is withdrawn. ``passed``: parts that name nothing (comments, context)."""

    scope: str
    offers: tuple[Offer, ...]
    passed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumed:
    """What holds where an item says nothing itself."""

    tlp: Tlp = Tlp.AMBER
    pap: Pap = Pap.AMBER
    confidence: int = CONFIDENCE_ASSUMED


@dataclass(frozen=True, slots=True, kw_only=True)
class IntelSettings:
    """``[intelligence]`` of centre.toml: how long claims live, what a sync may take, when a source is noise."""

    address_days: int = 30
    """A claim about an address lives this long after it was last heard."""
    domain_days: int = 90
    """The same for a domain name."""
    fingerprint_days: int = 180
    """The same for fingerprints of TLS and certificates."""
    hash_days: int = 365
    """The same for a file's hash."""
    items_max: int = 200_000
    """The most items of one source that are remembered."""
    items_per_sync_max: int = 100_000
    """The most new or changed items one sync takes; the next goes on."""
    kept_days: int = setting(400, unit="days", holds="How long a claim that is gone is remembered.", low=1, high=3650)
    case_confidence_min: int = setting(
        0, holds="A proposal this sure becomes a case by itself; 0: only people make cases of them.", low=0, high=100
    )
    judged_min: int = 5
    """A source is judged by its false claims when it has this many claims that were judged."""
    false_share_max: float = 0.5
    """Above this share of false claims a source is suspended."""
    refused_share_max: float = 0.9
    """Above this share of refused items (of 100 and more) a source is suspended."""

    def lifetime_us(self, kind: ObservableType) -> int:
        """How long a claim about this lives after it was last heard."""
        days = {
            ObservableType.IP4: self.address_days,
            ObservableType.IP6: self.address_days,
            ObservableType.DOMAIN: self.domain_days,
            ObservableType.SHA256: self.hash_days,
        }
        return days.get(kind, self.fingerprint_days) * DAY_US


def strictest(*levels: Tlp) -> Tlp:
    """The most restricting of some TLP levels; at least one."""
    return max(levels, key=TLP_ORDER.index)


def may_reach_actors(tlp: Tlp) -> bool:
    """TLP 2.0: AMBER and less may be handed on to the centre's own actors, who are its clients; AMBER+STRICT stays at
    the centre, RED with the person it was told to."""
    return TLP_ORDER.index(tlp) <= TLP_ORDER.index(Tlp.AMBER)


def claim_text(claim: Claim) -> str:
    """JSON of a claim, the same for the same claim."""
    body: dict[str, Any] = {name: getattr(claim, name) for name in Claim.__slots__}
    named = claim.observable
    body |= {"observable": [named.type.value, named.value], "tlp": claim.tlp.value, "pap": claim.pap.name}
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def claim_of(text: str) -> Claim:
    """The inverse of :func:`claim_text`."""
    body = json.loads(text)
    kind, value = body["observable"]
    return Claim(
        **body
        | {
            "observable": Observable.trusted(ObservableType(kind), value),
            "tlp": Tlp(body["tlp"]),
            "pap": Pap[body["pap"]],
        }
    )
