"""What rooms refuse at the console is an answer of the right kind, and no sentence of theirs is of one language."""

import ast
import re
from pathlib import Path

import pytest

import bavn
from bavn.app.acts.act import ActRefused, refusing
from bavn.app.acts.centre.refusals import KINDS
from bavn.app.acts.centre.warnings import REFUSES
from bavn.app.web.problems import answer, said
from bavn.centre.cases.case.rows import ChangedMeanwhile
from bavn.centre.publish.life import EditionAct, EditionState
from bavn.model.catalogue import translated
from bavn.model.sector.case import CaseAct, CaseState, NotNow, after
from bavn.model.sector.indicator_life import LifeAct, LifeState
from bavn.model.sector.member import ActorState
from bavn.model.sector.refusal import CONTEXT, word
from bavn.model.sector.rollout import RolloutState
from bavn.model.sector.sector_warning import (
    WARNING_LIFE,
    AnswerAct,
    AnswerState,
    WarningAct,
    WarningState,
    warning_after,
)
from bavn.model.sector.work import TaskAct, TaskState
from bavn.model.text import Text

ROOT = Path(bavn.__file__).parent
ROOMS = (
    *("case/cases", "case/rows", "two_people", "case/work", "case/files", "case/involved"),
    *("nis2/clocks", "case/streams", "case/joining", "settings"),
)
NAMED = {kind.__name__ for kind, *_ in KINDS}


def raised(file: Path, names: set[str]) -> tuple[list[str], list[str]]:
    """What a room refuses with: the messages, and what is a sentence of one language only."""
    said, only = [], []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        call = node.exc if isinstance(node, ast.Raise) else None
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") in names and call.args:
            match call.args[0]:
                case ast.Call(func=ast.Name(id="Text"), args=[ast.Constant(value=message), *_]):
                    said.append(message)
                case ast.Constant() | ast.JoinedStr() | ast.BinOp():
                    only.append(f"{file.name}:{node.lineno}")
    return said, only


def test_every_refusal_is_a_message_and_its_facts() -> None:
    files = [ROOT / "centre" / "cases" / f"{room}.py" for room in ROOMS]
    files += [
        ROOT / "centre" / "desk" / "desk.py",
        *(ROOT / "model" / "sector" / f"{one}.py" for one in ("case", "work", "nis2")),
    ]
    found = [raised(file, NAMED) for file in files]
    assert [one for _, only in found for one in only] == []
    assert len({one for said_, _ in found for one in said_}) > 40


def test_words_of_the_house_in_a_hole_are_danish_too() -> None:
    with pytest.raises(ActRefused) as refused, refusing(*KINDS):
        after(CaseState.NEW, CaseAct.CLOSE)
    assert (refused.value.status, refused.value.kind) == (409, "not-now")
    assert (
        answer(refused.value).da == "Sagen er ny, så du kan ikke lukke nu; muligt: bekræfte, afvise, lægge sammen, tage"
    )
    asked = Text(
        "to {act} a task needs a reason of at most {text_chars_max} characters", act=word("x"), text_chars_max=7
    )
    assert said(ValueError(asked)).da.startswith("En opgave skal have en begrundelse på højst 7 tegn")


LIVES = (
    CaseState,
    CaseAct,
    TaskState,
    TaskAct,
    LifeState,
    LifeAct,
    ActorState,
    WarningState,
    WarningAct,
    AnswerState,
    AnswerAct,
    EditionState,
    EditionAct,
    RolloutState,
)


@pytest.mark.parametrize("life", LIVES, ids=lambda life: life.__name__)
def test_every_state_and_act_that_a_refusal_may_name_has_its_danish(life) -> None:
    assert [one.value for one in life if translated(one.value, CONTEXT, "da") is one.value] == []


@pytest.mark.parametrize("state", list(WarningState))
def test_no_state_of_a_warning_stays_english_in_a_danish_refusal(state) -> None:
    for act in WarningAct:
        if (state, act) not in WARNING_LIFE:
            with pytest.raises(ActRefused) as refused, refusing(*REFUSES):
                warning_after(state, act)
            words = set(re.findall(r"[a-z-]+", answer(refused.value).da.lower()))
            assert not words & {"draft", "sent", "ended", "withdrawn", "send", "end", "edit", "withdraw"}


def test_a_refusal_is_of_its_kind_and_a_failure_stays_one() -> None:
    for error, status in ((ChangedMeanwhile("x"), 409), (NotNow("x"), 409), (ValueError("x"), 422)):
        with pytest.raises(ActRefused) as refused, refusing(*KINDS):
            raise error
        assert refused.value.status == status
    with pytest.raises(ZeroDivisionError), refusing(*KINDS):
        raise ZeroDivisionError


def test_what_says_nothing_or_in_words_of_others_is_shown_too() -> None:
    assert (said(ValueError()).en, said(ValueError()).da) == ("This cannot be done", "Dette kan ikke gøres")
    assert said(ValueError("odd")).da == "Odd"
