"""A release as a picture: the sector in a ring, and which member's block took hold when.

Says only what members said: a member that was given it and has not answered stays dark. Refuses to draw.
"""

import math
from collections.abc import Collection, Iterable, Sequence
from typing import Final, Literal

from bavn.app.web.frame import TextShape
from bavn.app.web.sac.bodies import Shape
from bavn.app.web.sac.shapes import hour_us
from bavn.centre.books.clock import only_hunted
from bavn.centre.share.deliveries import AtActor
from bavn.model.moment import HOUR_US, SECOND_US
from bavn.model.received import Observed
from bavn.model.text import Number, Text

Came = Literal["", "reported", "before", "since"]
ALONE: Final = Text("It was released, and nobody has said yet that it is blocked there.")
CANNOT: Final = "cannot"
DARK: Final = "dark"
LIT: Final = "lit"


class LitActor(Shape):
    """One member in the ring. ``stand``: lit (it is blocked there), dark (not yet) or cannot (nothing there carries it,
    or the member's own rules refuse it). ``lit_us``: when the centre heard that it took hold. ``came``: whether it
    reported what became the case, met it before the release, or since; empty where it did neither. ``first``: whether
    the first sighting was its (bavn.centre.books.first_sighting)."""

    actor: str
    stand: Literal["lit", "dark", "cannot"]
    lit_us: int | None
    came: Came
    first: bool


class LitShape(Shape):
    """The ring of one release. Members lie in the order in which they lit, those that are dark last, by name."""

    ordered_us: int
    says: TextShape
    actors: list[LitActor]


def lit_of(
    released_us: int,
    actors: Sequence[AtActor],
    sightings: Iterable[Observed],
    reporters: Collection[str],
    first: Collection[str],
) -> LitShape:
    """``released_us``: when people let it go, in us since 1970; ``reporters``: who reported something of its case;
    ``first``: whose the first sighting was."""
    met = _met(sightings)
    ring = [
        LitActor(
            actor=member.actor,
            stand=_stand(member),
            lit_us=member.enforced_us if _stand(member) == LIT else None,
            came=_came(member.actor, met.get(member.actor), reporters, released_us),
            first=member.actor in first,
        )
        for member in actors
    ]
    ring.sort(key=lambda member: (member.lit_us is None, member.lit_us or 0, member.actor))
    return LitShape(ordered_us=released_us, says=TextShape.of(_says(released_us, ring)), actors=ring)


def _met(sightings: Iterable[Observed]) -> dict[str, int]:
    """Who met it, from which moment on."""
    met: dict[str, int] = {}
    for sighting in sightings:
        if sighting.first_hour is not None and sighting.count_bucket:
            at_us = hour_us(sighting.first_hour)
            met[sighting.actor] = min(met.get(sighting.actor, at_us), at_us)
    return met


def _stand(member: AtActor) -> Literal["lit", "dark", "cannot"]:
    if member.state in ("enforced", "partly") and member.enforced_us is not None:
        return LIT
    return CANNOT if member.state == "refused" or only_hunted(member) else DARK


def _came(actor: str, met_us: int | None, reporters: Collection[str], released_us: int) -> Came:
    if actor in reporters:
        return "reported"
    if met_us is None:
        return ""
    return "before" if met_us + HOUR_US <= released_us else "since"


def _says(released_us: int, actors: Sequence[LitActor]) -> Text:
    lit = [member.lit_us for member in actors if member.lit_us is not None]
    if not lit:
        return ALONE
    able = sum(member.stand != CANNOT for member in actors)
    slowest_s = math.ceil(max(0.0, (max(lit) - released_us) / SECOND_US))
    words = Text.counted(
        "{count:,} of {able} members that can block it does so, within {seconds} s of the order.",
        "{count:,} of {able} members that can block it do so, all of them within {seconds} s of the order.",
        len(lit),
        able=Number(able),
        seconds=Number(max(1, slowest_s)),
    )
    unable = len(actors) - able
    if not unable:
        return words
    cannot = Text.counted("{count:,} other cannot or will not.", "{count:,} others cannot or will not.", unable)
    return Text("{said} {cannot}", said=words, cannot=cannot)
