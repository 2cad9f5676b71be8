"""What a room refused, as a person at the console reads it: which answer it is, and the sentence in Danish too.

Rooms say in English why something cannot be done; ``told`` makes of that a Trouble. A phrase that nobody translated is
shown in English (tests/app/web/sac/test_refusals.py looks for those). Refuses to hide a failure that is none of these.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Final

from bavn.app.web.frame import Act, Trouble
from bavn.app.web.sac.refusals import words as refusal_words
from bavn.app.web.sac.refusals import words_exercises as refusal_words_exercises
from bavn.app.web.sac.refusals import words_lists as refusal_words_lists
from bavn.app.web.sac.refusals import words_rollout as refusal_words_rollout
from bavn.centre.cases.case.rows import ChangedMeanwhile, UnknownCase
from bavn.centre.cases.case.work import UnknownTask
from bavn.centre.cases.who import NotAllowed
from bavn.centre.desk.desk import UnknownLead
from bavn.model.observable import NotCanonical
from bavn.model.sector.case import NotNow
from bavn.model.sector.nis2 import OutOfOrder
from bavn.model.sector.work import NoSuchStep
from bavn.model.text import Text

Kind = tuple[type[Exception], int, str, Act]
PHRASES: Final = (
    refusal_words_exercises.PHRASES
    | refusal_words_rollout.PHRASES
    | refusal_words.PHRASES
    | refusal_words_lists.PHRASES
)
WORDS: Final = (
    refusal_words_exercises.WORDS | refusal_words_rollout.WORDS | refusal_words_lists.WORDS | refusal_words.WORDS
)

KINDS: Final[tuple[Kind, ...]] = (
    (UnknownLead, 404, "unknown-lead", "you"),
    (UnknownCase, 404, "unknown-case", "you"),
    (UnknownTask, 404, "unknown-task", "you"),
    (ChangedMeanwhile, 409, "changed-meanwhile", "you"),
    (NotNow, 409, "not-now", "you"),
    (NoSuchStep, 409, "not-now", "you"),
    (OutOfOrder, 409, "out-of-order", "you"),
    (NotAllowed, 403, "not-this-person", "colleague"),
    (NotCanonical, 422, "no-observable", "you"),
    (ValueError, 422, "bad-value", "you"),
)
"""The first that fits: what it is, its status, its code, and who must act."""


@contextmanager
def told(*more: Kind) -> Iterator[None]:
    """A room's refusal becomes a Trouble; ``more`` kinds go before KINDS."""
    kinds = (*more, *KINDS)
    try:
        yield
    except Trouble:
        raise
    except tuple(kind[0] for kind in kinds) as error:
        _, status, code, act = next(kind for kind in kinds if isinstance(error, kind[0]))
        raise Trouble(status, code, said(str(error)), act) from error


def said(english: str) -> Text:
    """A room's sentence in both languages."""
    english = english or "this cannot be done"
    for pattern, danish in _patterns():
        met = pattern.fullmatch(english)
        if met:
            return Text.written(_plain(english), da=_plain(danish.format(*(_danish(part) for part in met.groups()))))
    return Text.plain(_plain(english))


def _danish(part: str) -> str:
    """What stands in a hole: words of the house's own in Danish, all else as it is."""
    return ", ".join(WORDS.get(one, one) for one in part.split(", "))


def _plain(sentence: str) -> str:
    """As a sentence on a page: a capital first."""
    return sentence[:1].upper() + sentence[1:]


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple(
        (re.compile("(.+)".join(re.escape(part) for part in english.split("{}")), re.DOTALL), danish)
        for english, danish in sorted(PHRASES.items(), key=lambda pair: (-len(pair[0]), pair[0]))
    )
