"""A warning to the sector: what people should know or do now, to whom it goes, and how each actor follows it up.

Both lives are tables: the warning's at the centre, and the answer's at each actor. Refuses to block anything: what a
warning names is for people to read; an indicator blocks.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, get_args

from bavn.model.intel.indicator import Pap, Tlp
from bavn.model.observable import NotCanonical, Observable, ObservableType, is_external
from bavn.model.sector.functions import FUNCTIONS
from bavn.model.sector.member import ACTOR_NAME, ActorKind
from bavn.model.sector.refusal import word, words
from bavn.model.sector.work import is_plain
from bavn.model.text import Text

TITLE_CHARS_MAX: Final = 120
TEXT_CHARS_MAX: Final = 4000
OBSERVABLES_MAX: Final = 50
NAMES_MAX: Final = 200
HOURS_MAX: Final = 24 * 90
WARNING_ID: Final = re.compile(r"warning-[0-9a-f]{16}")
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9.-]{0,39}")


class WarningState(StrEnum):
    """Where a warning stands."""

    DRAFT = "draft"
    SENT = "sent"
    ENDED = "ended"
    WITHDRAWN = "withdrawn"


class WarningAct(StrEnum):
    """What a person does to it. Editing one that was sent sends it anew."""

    EDIT = "edit"
    SEND = "send"
    END = "end"
    WITHDRAW = "withdraw"


WARNING_LIFE: Final[dict[tuple[WarningState, WarningAct], WarningState]] = {
    (WarningState.DRAFT, WarningAct.EDIT): WarningState.DRAFT,
    (WarningState.DRAFT, WarningAct.SEND): WarningState.SENT,
    (WarningState.DRAFT, WarningAct.WITHDRAW): WarningState.WITHDRAWN,
    (WarningState.SENT, WarningAct.EDIT): WarningState.SENT,
    (WarningState.SENT, WarningAct.END): WarningState.ENDED,
    (WarningState.SENT, WarningAct.WITHDRAW): WarningState.WITHDRAWN,
}
WARNING_STATES: Final[dict[WarningState, Text]] = {
    WarningState.DRAFT: Text.in_context("sector warning", "draft"),
    WarningState.SENT: Text.in_context("sector warning", "in force"),
    WarningState.ENDED: Text.in_context("sector warning", "over"),
    WarningState.WITHDRAWN: Text("withdrawn"),
}


class AnswerState(StrEnum):
    """How far an actor has followed a warning up."""

    TOLD = "told"
    ACKNOWLEDGED = "acknowledged"
    AFFECTED = "affected"
    NOT_AFFECTED = "not-affected"
    DONE = "done"


class AnswerAct(StrEnum):
    """What people at an actor answer."""

    ACKNOWLEDGE = "acknowledge"
    AFFECTED = "affected"
    NOT_AFFECTED = "not-affected"
    DONE = "done"
    WORDS = "words"


_S, _A = AnswerState, AnswerAct
ANSWER_LIFE: Final[dict[tuple[AnswerState, AnswerAct], AnswerState]] = {
    (_S.TOLD, _A.ACKNOWLEDGE): _S.ACKNOWLEDGED,
    (_S.TOLD, _A.AFFECTED): _S.AFFECTED,
    (_S.TOLD, _A.NOT_AFFECTED): _S.NOT_AFFECTED,
    (_S.ACKNOWLEDGED, _A.AFFECTED): _S.AFFECTED,
    (_S.ACKNOWLEDGED, _A.NOT_AFFECTED): _S.NOT_AFFECTED,
    (_S.AFFECTED, _A.NOT_AFFECTED): _S.NOT_AFFECTED,
    (_S.AFFECTED, _A.DONE): _S.DONE,
    (_S.NOT_AFFECTED, _A.AFFECTED): _S.AFFECTED,
    (_S.DONE, _A.AFFECTED): _S.AFFECTED,
    **{(state, _A.WORDS): state for state in _S},
}
ANSWERS: Final[dict[AnswerState, Text]] = {
    _S.TOLD: Text("told, no answer"),
    _S.ACKNOWLEDGED: Text("acknowledged"),
    _S.AFFECTED: Text("affected"),
    _S.NOT_AFFECTED: Text("not affected"),
    _S.DONE: Text("done"),
}


class Urgency(StrEnum):
    """How soon somebody must look."""

    INFORM = "inform"
    IMPORTANT = "important"
    CRITICAL = "critical"


URGENCIES: Final[dict[Urgency, Text]] = {
    Urgency.INFORM: Text("for information"),
    Urgency.IMPORTANT: Text("important"),
    Urgency.CRITICAL: Text("critical"),
}


class BadWarning(ValueError):
    """No warning can be so. Whoever wrote it must act."""


class NoSuchStep(Exception):
    """The life-cycle has no such step from here. The person who asked must choose another."""


def warning_after(state: WarningState, act: WarningAct) -> WarningState:
    """The state after an act; raises NoSuchStep."""
    try:
        return WARNING_LIFE[state, act]
    except KeyError:
        raise NoSuchStep(
            Text(
                "the warning is {state}: you cannot {act} it now; possible: {possible}",
                state=word(state),
                act=word(act),
                possible=words(sorted(a.value for s, a in WARNING_LIFE if s is state)),
            )
        ) from None


def answer_after(state: AnswerState, act: AnswerAct) -> AnswerState:
    """The state after an answer; raises NoSuchStep."""
    try:
        return ANSWER_LIFE[state, act]
    except KeyError:
        raise NoSuchStep(
            Text(
                "an actor that is {state} cannot answer {act}; possible: {possible}",
                state=word(state),
                act=word(act),
                possible=words(sorted(a.value for s, a in ANSWER_LIFE if s is state)),
            )
        ) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """To whom it goes: whoever fits every list that is not empty (one of its kinds, one of its functions, ...), and the
    named actors whatever they fit. All lists empty, it goes to everybody; with names alone, to these alone."""

    kinds: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()
    suppliers: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    actors: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, known in (("kinds", set(get_args(ActorKind))), ("functions", set(FUNCTIONS))):
            unknown = sorted(set(getattr(self, name)) - known)
            if unknown:
                raise BadWarning(
                    Text(
                        "{name}: {unknown} is unknown; known: {known}",
                        name=word(name),
                        unknown=repr(unknown[0][:40]),
                        known=", ".join(sorted(known)),
                    )
                )
        for name, form in (("suppliers", _NAME), ("regions", _NAME), ("actors", ACTOR_NAME)):
            bad = [one for one in getattr(self, name) if not form.fullmatch(one)]
            if bad or len(getattr(self, name)) > NAMES_MAX:
                few = Text("{name}: at most {most} names", name=name, most=NAMES_MAX)
                raise BadWarning(Text("{few}, and {bad} is none", few=few, bad=repr(bad[0][:40])) if bad else few)

    def reaches(self, addressee: "Addressee") -> bool:
        """Whether it goes to this actor."""
        if addressee.actor in self.actors:
            return True
        lists = (
            (self.kinds, (addressee.kind,)),
            (self.functions, addressee.functions),
            (self.suppliers, addressee.suppliers),
            (self.regions, (addressee.region,)),
        )
        if self.actors and not any(wanted for wanted, _ in lists):
            return False
        return all(not wanted or set(wanted) & set(has) for wanted, has in lists)


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressee:
    """An active actor as far as an address can ask."""

    actor: str
    kind: str
    region: str = ""
    functions: tuple[str, ...] = ()
    suppliers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a warning says. ``acknowledge_hours``: from sending on; ``hours``: how long it is in force. ``observables``
    are canonical and outside. ``drill``: people practise,
    and nothing of it has happened."""

    title: Text
    text: Text
    urgency: Urgency
    tlp: Tlp
    pap: Pap
    observables: tuple[Observable, ...] = ()
    acknowledge_hours: int = 24
    hours: int = 24 * 14
    drill: bool = False

    def __post_init__(self) -> None:
        for what, said, chars_max in (("title", self.title, TITLE_CHARS_MAX), ("text", self.text, TEXT_CHARS_MAX)):
            for sentence in (said.en, said.da):
                if not sentence.strip() or len(sentence) > chars_max or not is_plain(sentence):
                    raise BadWarning(
                        Text(
                            "a {what} has 1 to {chars_max} characters that any screen may show",
                            what=word(what),
                            chars_max=chars_max,
                        )
                    )
        if "\n" in self.title.en + self.title.da:
            raise BadWarning(Text("a title is one line"))
        if not 1 <= self.acknowledge_hours <= self.hours <= HOURS_MAX:
            raise BadWarning(
                Text("hours to acknowledge and in force lie in 1..{hours_max}, in this order", hours_max=HOURS_MAX)
            )
        if len(self.observables) > OBSERVABLES_MAX or len(set(self.observables)) != len(self.observables):
            raise BadWarning(
                Text(
                    "a warning names at most {observables_max} observables, each once", observables_max=OBSERVABLES_MAX
                )
            )
        for one in self.observables:
            if not may_name(one):
                raise BadWarning(Text("{one} is nothing outside in its canonical form", one=repr(one.value[:60])))

    @property
    def headline(self) -> Text:
        """The title as people read it."""
        return headline(self.title, drill=self.drill)


def headline(title: Text, *, drill: bool) -> Text:
    """A warning's title; a drill says first that it is one."""
    return Text("DRILL: {title}", title=title) if drill else title


def may_name(observable: Observable) -> bool:
    """Whether a warning may name it: canonical, outside, and something that a person can look for."""
    try:
        Observable(observable.type, observable.value)
    except NotCanonical:
        return False
    return observable.type is not ObservableType.CHAIN and is_external(observable)


@dataclass(frozen=True, slots=True, kw_only=True)
class SectorWarning:
    """A warning as an actor is told of it. ``version`` counts what was sent; ``acknowledge_us`` and ``until_us`` from
    its first sending."""

    id: str
    version: int
    state: WarningState
    content: Content
    sent_us: int
    acknowledge_us: int
    until_us: int
