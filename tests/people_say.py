"""What people at an actor say, left in its book as an act leaves it."""

from bavn.actor.door.conversations.case_book import CaseReply
from bavn.actor.door.conversations.nis2_steps import Nis2Statement
from bavn.actor.door.conversations.warnings import AnswerStatement


def in_case(cases, case_id, task_id, act, words, by, at_us, **more) -> int:
    said = CaseReply(number=0, at_us=at_us, case_id=case_id, task_id=task_id, act=act, words=words, by=by, **more)
    return cases.say(said)


def to_warning(warnings, warning_id, version, act, words, by) -> int:
    at_us = warnings.at.clock.now_us()
    said = AnswerStatement(
        number=0, at_us=at_us, warning_id=warning_id, version=version, act=act.value, words=words, by=by
    )
    return warnings.say(said)


def of_nis2(steps, case_id, act, at_us, by, *, why="", correct=False, crosses=None) -> int:
    noted_us = steps.at.clock.now_us()
    said = Nis2Statement(
        number=0,
        noted_us=noted_us,
        case_id=case_id,
        act=act.value,
        at_us=at_us,
        correct=correct,
        why=why,
        by=by,
        crosses=crosses,
    )
    return steps.say(said)
