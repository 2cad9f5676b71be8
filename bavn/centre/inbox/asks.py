"""What the inbox must be told by others: who is who, which rounds and questions are open. Members and node answer."""

from dataclasses import dataclass
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from bavn.model.outcome import Refused
from bavn.model.sector.member import Actor, Quota
from bavn.model.sector.question import Question
from bavn.psi.round import RoundParams


class Roster(Protocol):
    """The registry of actors."""

    def actor(self, name: str) -> Actor | None: ...

    def key(self, name: str) -> Ed25519PublicKey | None:
        """The message key of an active actor."""
        ...

    def quota(self, name: str, kind: str) -> Quota:
        """What the actor may have taken of this kind in an hour."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRound:
    """A round that is not closed yet: answers count until it closes, uploads until ``uploads_until_us``, from
    ``actors`` only."""

    params: RoundParams
    uploads_until_us: int
    actors: frozenset[str]


class Rounds(Protocol):
    """The centre's rounds."""

    def open_round(self, round_id: str) -> OpenRound | None:
        """The round of this id (32 hex digits) unless it is unknown or closed."""
        ...


class OpenQuestions(Protocol):
    """The centre's questions to actors."""

    def asked(self, question_id: str, actor: str, now_us: int) -> Question | None:
        """The question if it was sent to this actor and is open."""
        ...


class CaseMembership(Protocol):
    """The cases that actors are in."""

    def may_answer(self, case_id: str, actor: str, task_id: str | None, act: str) -> Refused | None:
        """Why the actor may not say this in this case; None if it may."""
        ...

    def may_attach(self, case_id: str, actor: str, size: int) -> Refused | None:
        """Why the actor may not attach so many bytes; None if it may."""
        ...

    def may_note(self, case_id: str, actor: str, act: str, at_us: int, why: str, *, correct: bool) -> Refused | None:
        """Why the actor may not note this step of NIS2 of its own; None if it may."""
        ...


class WarningsGiven(Protocol):
    """The warnings that actors were told of."""

    def may_answer(self, warning_id: str, actor: str, version: int, act: str) -> Refused | None:
        """Why the actor may not answer so; None if it may."""
        ...


class ShownCheckpoints(Protocol):
    """The checkpoints of the centre's log that actors were shown."""

    def may_cosign(self, actor: str, size: int, root: str, stamp_s: int, cosignature: str) -> Refused | None:
        """Why this is no cosignature of the actor's on such a checkpoint; None if it is."""
        ...


class OpenDraws(Protocol):
    """The rounds in which members' values for the draw of an audit are waited for."""

    def may_open(self, actor: str, round_id: str, value: str, signature: str) -> Refused | None:
        """Why this is not what the actor committed to; None if it is."""
        ...


class NoDraws:
    """A centre whose rounds nobody can audit (implements OpenDraws)."""

    def may_open(self, actor: str, round_id: str, value: str, signature: str) -> Refused | None:  # noqa: ARG002
        return Refused("draw_open", "no value is waited for in this round")


class NoLog:
    """A centre that publishes no log (implements ShownCheckpoints)."""

    def may_cosign(self, actor: str, size: int, root: str, stamp_s: int, cosignature: str) -> Refused | None:  # noqa: ARG002
        return Refused("unknown_checkpoint", "the actor was shown no such checkpoint")


class NoWarnings:
    """A centre that warns nobody (implements WarningsGiven)."""

    def may_answer(self, warning_id: str, actor: str, version: int, act: str) -> Refused | None:  # noqa: ARG002
        return Refused("unknown_warning", "the actor was told of no such warning")


class NoCases:
    """A centre without cases (implements CasesAsked)."""

    def may_answer(self, case_id: str, actor: str, task_id: str | None, act: str) -> Refused | None:  # noqa: ARG002
        return Refused("unknown_case", "the actor is not in such a case")

    def may_attach(self, case_id: str, actor: str, size: int) -> Refused | None:  # noqa: ARG002
        return Refused("unknown_case", "the actor is not in such a case")

    def may_note(self, case_id: str, actor: str, act: str, at_us: int, why: str, *, correct: bool) -> Refused | None:  # noqa: ARG002
        return Refused("unknown_case", "the actor is not in such a case")


class NoQuestions:
    """A centre that asks no questions (implements Asked)."""

    def asked(self, question_id: str, actor: str, now_us: int) -> Question | None:  # noqa: ARG002 - the port's names
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxLimits:
    """What is plausible in time, and how long single numbers are remembered against replays."""

    ahead_hours_max: int = 1
    report_age_hours_max: int = 35 * 24
    observation_age_hours_max: int = 400 * 24
    remembered_days: int = 35
