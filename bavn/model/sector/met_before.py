"""That an actor met a confirmed attack before anybody knew of it: its own people and the centre's must hear."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class MetBefore:
    """The actor's own history held the indicator. ``first_us``: the beginning of the first hour; ``told_us``: when the
    actor said so."""

    indicator_id: str
    case_id: str
    actor: str
    first_us: int
    told_us: int
