"""`bavn node questions`: what the centre's analysts asked this actor, who and why, and what was answered.

Refuses to answer for the node: `bavn node allow` and `veto` decide, and the running node acts on it.
"""

import json
from typing import Annotated, Any, Final

import typer

from bavn.app.cli.node.book import NODE_TOML, AsJson, Config, asks, show_table
from bavn.app.cli.words import Spoken
from bavn.model.moment import HOUR_US, iso
from bavn.model.text import Text

STATES: Final = {
    "open": Text("not answered yet: the node is looking, or it waits for `bavn node allow` or `veto`"),
    "met": Text("met"),
    "not_met": Text("not met"),
    "counted": Text("how many machines a block would hit: told with noise (`bavn node ledger`)"),
    "unanswered": Text("not answered: nobody decided before its end"),
}
DECLINED: Final = {
    "question_form": Text("declined: it asks about something inside, or is malformed"),
    "question_time": Text("declined: its times cannot be right"),
    "question_budget": Text("declined: the day's budget of questions is spent"),
    "external": Text("declined: it is something inside"),
    "not_left_out": Text("declined: the policy leaves it out"),
    "not_vetoed": Text("declined: vetoed here"),
    "answer_mode": Text("declined: the policy says never"),
    "not_again": Text("declined: the same was answered within a day"),
    "history": Text("declined: there is no history here to ask"),
}
"""What a rule means for whoever reads what was asked; the centre never learns which it was."""
OTHER: Final = Text("declined by the rule {rule}")
COUNTS: Final = ("0", "1", "2-3", "4-10", "11-100", "> 100")
_KEYS: Final = (
    "question",
    "number",
    "indicator",
    "since",
    "until",
    "asked",
    "heard",
    "asked_by",
    "approved_by",
    "why",
    "state",
    "rule",
    "count_bucket",
    "first",
    "last",
    "days",
    "answered",
    "hit",
)


def questions(
    config: Config = NODE_TOML,
    *,
    as_json: AsJson = False,
    language: Spoken = "en",
    limit: Annotated[int, typer.Option(help="The latest so many indicators.", min=1, max=100_000)] = 100,
) -> None:
    """What the centre asked this node about: who, when, why, and what was answered."""
    from bavn.actor.door.conversations.questions import QUESTIONS_SQL

    with asks(config) as rows:
        questions_shown = [_row(row, language) for row in rows(f"{QUESTIONS_SQL} LIMIT {limit}")]
    if as_json:
        for one in questions_shown:
            print(json.dumps(one, ensure_ascii=False))
        return
    if not questions_shown:
        nothing = Text("the centre has asked this node about nothing yet")
        print(nothing.say(language))
        return
    show_table(
        ("when", "indicator", "since", "asked by", "approved by", "why", "says"),
        [
            (m["heard"][:16], m["indicator"], m["since"][:10], m["asked_by"], m["approved_by"], m["why"], m["says"])
            for m in questions_shown
        ],
        language,
    )


def _row(row: tuple[Any, ...], language: Any) -> dict[str, Any]:
    question = dict(zip(_KEYS, row, strict=True))
    for name in ("since", "until", "asked", "heard", "answered"):
        question[name] = None if question[name] is None else iso(question[name])
    for name in ("first", "last"):
        question[name] = None if question[name] is None else iso(question[name] * HOUR_US)
    question["hit"] = bool(question["hit"])
    return question | {"says": _says(question).say(language)}


def _says(question: dict[str, Any]) -> Text:
    state, rule = str(question["state"]), str(question["rule"])
    if state == "declined":
        return DECLINED.get(rule) or OTHER.filled(rule=rule)
    if state != "met":
        return STATES[state]
    span = f"{COUNTS[question['count_bucket']]} x, {question['first'][:13]}h - {question['last'][:13]}h"
    return Text.shaped("{states}: {span}", states=STATES["met"], span=span)
