"""What rooms refuse at the console is an answer of the right kind, and no sentence of theirs is left in English."""

import ast
import re
from pathlib import Path

import pytest

import bavn
from bavn.app.web.frame import Trouble
from bavn.app.web.sac.refusals.answers import KINDS, PHRASES, WORDS, said, told
from bavn.app.web.sac.warnings import REFUSALS
from bavn.centre.cases.case.rows import ChangedMeanwhile
from bavn.centre.publish.life import EditionAct, EditionState
from bavn.model.sector.case import CaseAct, CaseState, NotNow, after
from bavn.model.sector.indicator_life import LifeAct, LifeState
from bavn.model.sector.member import ActorState
from bavn.model.sector.rollout import RolloutAct, Stage
from bavn.model.sector.sector_warning import (
    WARNING_LIFE,
    AnswerAct,
    AnswerState,
    WarningAct,
    WarningState,
    warning_after,
)
from bavn.model.sector.work import TaskAct, TaskState

ROOT = Path(bavn.__file__).parent
ROOMS = (
    *("case/cases", "case/rows", "who", "case/work", "case/files", "case/involved"),
    *("nis2/clocks", "case/streams", "case/joining", "settings"),
)
NAMED = {kind.__name__ for kind, *_ in KINDS}


def texts(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=values):
            return "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in values)
    return ""


def raised() -> list[str]:
    files = [ROOT / "centre" / "cases" / f"{room}.py" for room in ROOMS]
    files += [
        ROOT / "centre" / "desk" / "desk.py",
        *(ROOT / "model" / "sector" / f"{one}.py" for one in ("case", "work", "nis2")),
    ]
    found = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node.exc.args:
                name = getattr(node.exc.func, "id", "")
                if name in NAMED:
                    found.add(texts(node.exc.args[0]))
    return sorted(found - {""})


def test_the_rooms_do_refuse_things() -> None:
    assert len(raised()) > 40


@pytest.mark.parametrize("english", raised())
def test_every_refusal_is_known_in_danish(english) -> None:
    told_ = english.replace("{}", "x1")
    assert said(told_).da != said(told_).en, f"refusal_words.py has no Danish for {english!r}"


@pytest.mark.parametrize("english", PHRASES)
def test_a_phrase_has_the_same_holes_in_both_languages(english) -> None:
    assert english.count("{}") == len(re.findall(r"\{\d?\}", PHRASES[english]))


def test_words_of_the_house_in_a_hole_are_danish_too() -> None:
    with pytest.raises(Trouble) as refused, told():
        after(CaseState.NEW, CaseAct.CLOSE)
    assert (refused.value.status, refused.value.code) == (409, "not-now")
    assert refused.value.text.da == "Sagen er ny, så du kan ikke lukke nu; muligt: bekræfte, afvise, lægge sammen, tage"
    assert said("to close a task needs a reason of at most 7 characters").da.startswith("En opgave skal have en")


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
    Stage,
    RolloutAct,
)


@pytest.mark.parametrize("life", LIVES, ids=lambda life: life.__name__)
def test_every_state_and_act_that_a_refusal_may_name_has_its_danish(life) -> None:
    assert [one.value for one in life if one.value not in WORDS] == []


@pytest.mark.parametrize("state", list(WarningState))
def test_no_state_of_a_warning_stays_english_in_a_danish_refusal(state) -> None:
    for act in WarningAct:
        if (state, act) not in WARNING_LIFE:
            with pytest.raises(Trouble) as refused, told(*REFUSALS):
                warning_after(state, act)
            words = set(re.findall(r"[a-z-]+", refused.value.text.da.lower()))
            assert not words & {"draft", "sent", "ended", "withdrawn", "send", "end", "edit", "withdraw"}


def test_a_refusal_is_of_its_kind_and_a_failure_stays_one() -> None:
    for error, status in ((ChangedMeanwhile("x"), 409), (NotNow("x"), 409), (ValueError("x"), 422)):
        with pytest.raises(Trouble) as refused, told():
            raise error
        assert refused.value.status == status
    with pytest.raises(ZeroDivisionError), told():
        raise ZeroDivisionError
