"""Gate 3, the rules for what an actor hears of a case: its own part, and what the case came to. A second look.

What a part or verdict may hold was worked out in cases; here it is checked again against what the gate was told by
others: who is a member, what this actor reported, how the case is marked. Refuses to know how any of it was found.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from bavn.model.intel import rsit
from bavn.model.intel.indicator import Tlp
from bavn.model.observable import NotCanonical, Observable, is_external
from bavn.model.outcome import Refused
from bavn.model.statement import Judging, Telling

GROUPS_MIN: Final = 2
CASE_ID: Final = re.compile(r"case-[0-9a-f]{16}")
_NO_NAME = re.compile(r"[^a-z0-9]+")
_LETTERS: Final = str.maketrans({"æ": "ae", "ø": "oe", "å": "aa"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseGrounds:
    """Why something of a case may go to one actor: what stays at the centre. ``others``: names of all other actors;
    ``reported``: what this actor reported in the case; ``by_hand``: a person added it; ``by``: who judged the case;
    ``groups``: the fewest independent groups behind what is said of an observable."""

    tlp: Tlp
    others: tuple[str, ...]
    reported: frozenset[Observable] = frozenset()
    by_hand: bool = False
    by: str = ""
    groups: int = 0


def own_only(statement: Telling, grounds: CaseGrounds) -> Refused | None:
    """A part names nothing that this actor did not report, and goes to nobody who is not in the case."""
    if not grounds.reported and not grounds.by_hand:
        return Refused("own_only", "the actor is not in the case")
    if not set(statement.part.own) <= grounds.reported:
        return Refused("own_only", "it names what this actor did not report")
    return None


def marking(statement: Telling | Judging, grounds: CaseGrounds) -> Refused | None:
    """TLP:RED goes to actors that a person named, and to nobody else."""
    if grounds.tlp is not Tlp.RED:
        return None
    if isinstance(statement, Judging):
        if statement.verdict.judged == "withdrawn":
            return None  # it says nothing but that an earlier word no longer stands
        return Refused("marking", "the case is TLP:RED: it goes to named actors, not to all")
    return None if grounds.by_hand else Refused("marking", "the case is TLP:RED and nobody named this actor")


def nobody_named(statement: Telling | Judging, grounds: CaseGrounds) -> Refused | None:
    """The case's id is a bare hash, and no text in a part has another actor's name, however it is written."""
    if isinstance(statement, Judging):
        fits = CASE_ID.fullmatch(statement.verdict.case_id)
        return None if fits else Refused("nobody_named", "the case's id could tell who saw it")
    part = statement.part
    if not CASE_ID.fullmatch(part.case_id) or (part.merged_into and not CASE_ID.fullmatch(part.merged_into)):
        return Refused("nobody_named", "the case's id could tell who saw it")
    if part.rsit and not rsit.known(part.rsit):
        return Refused("nobody_named", "the class is no word of the taxonomy")
    texts = [task.text for task in part.tasks] + [words.text for words in part.words if words.by == "centre"]
    for text in texts:
        plain = f"-{plainly(text)}-"
        if any(f"-{plainly(name)}-" in plain for name in grounds.others):
            return Refused("nobody_named", "a task or words name another actor")
    return None


def verdict_stands(said: Judging, grounds: CaseGrounds) -> Refused | None:
    """A person or an approved policy judged it, two groups stand behind each, and it is about things outside."""
    verdict = said.verdict
    if verdict.judged == "withdrawn":
        return Refused("verdict", "a withdrawn verdict names nothing") if verdict.observables else None
    if not grounds.by or not verdict.observables:
        return Refused("verdict", "nobody judged it, or it names nothing")
    if grounds.groups < GROUPS_MIN:
        return Refused("verdict", "fewer than two independent groups report it")
    for observable in verdict.observables:
        try:
            Observable(observable.type, observable.value)
        except NotCanonical:
            return Refused("verdict", "an observable is not in its canonical form")
        if not is_external(observable):
            return Refused("verdict", "an observable names something inside")
    return None


def plainly(text: str) -> str:
    """A text as a name is written: small letters of a-z, digits and single dashes; Danish letters as two."""
    small = unicodedata.normalize("NFKC", text).casefold().translate(_LETTERS)
    bare = "".join(one for one in unicodedata.normalize("NFD", small) if not unicodedata.combining(one))
    return _NO_NAME.sub("-", bare).strip("-")
