"""Hunting: SQL, saved hunts, pivots, Sigma rules and lists of indicators over a node's own history. Right: soc:hunt.

Each question runs in a process of its own (asking.py) and can be stopped; its answer is read page by page and exported.
It asks and changes nothing; what it shows names hosts and stays here.
"""

import json
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from bavn.actor.hunt.saved import SavedHunt
from bavn.actor.store.query.address_macros import HELPERS
from bavn.actor.store.segments.segment import ROLLUPS
from bavn.app.acts.node import hunts as acts
from bavn.app.analyst import saved_hunts
from bavn.app.analyst.values.pivots import PIVOTS, VALUE_CHARS_MAX
from bavn.app.process.one_line import pathless
from bavn.app.web.exporting import cell, line
from bavn.app.web.frame import After, Limit, Person, TextShape, Trouble, allow, filled, opened, page
from bavn.app.web.sending import sent
from bavn.app.web.soc.asking import Asking
from bavn.app.web.soc.context import Context, Node
from bavn.app.web.soc.errors import trouble_of
from bavn.app.web.soc.hunt_shapes import (
    AnswerRows,
    Helper,
    Hunts,
    HuntShown,
    HuntStatus,
    HuntTables,
    ListRefusal,
    RuleMatch,
    RuleOutcome,
    TableColumn,
    TableShown,
    ValueKnown,
)
from bavn.app.web.soc.shapes import REFUSALS, Done, Hunter, NodeName, file_name
from bavn.model.moment import iso
from bavn.model.record import TABLES
from bavn.model.text import Text

ROWS_MAX = 10_000
WAIT_S_MAX = 2.0
TRIED_S_MAX = 20.0
_WHOLE = {"last": "", "first": "", "end": ""}
SQL_CHARS_MAX = 100_000
LIST_CHARS_MAX = 4_000_000
RULES_CHARS_MAX = 4_000_000
Saves = Annotated[Person, allow(acts.save)]
Deletes = Annotated[Person, allow(acts.delete)]
HuntName = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
AskingId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{10,40}$")]


class Question(BaseModel):
    """What is asked, over which span: ``last`` back from the newest record (7d, 12h), or ``from_us`` and ``to_us``.

    ``sql``: one SELECT. ``hunt``: a saved one, with ``given`` for what it needs. ``pivot``: all records that share
    ``value``. ``sigma``: rules as YAML texts; ``check``: only what each would run as. ``list``: indicators as text.
    """

    kind: Literal["sql", "hunt", "pivot", "sigma", "list"]
    sql: str = Field(default="", max_length=SQL_CHARS_MAX)
    hunt: str = Field(default="", max_length=63)
    given: dict[str, Annotated[str, Field(max_length=1000)]] = Field(default_factory=dict, max_length=20)
    pivot: Literal["", "community_id", "host", "domain", "ja3", "ja4", "cert", "sha256"] = ""
    value: str = Field(default="", max_length=VALUE_CHARS_MAX)
    rules: str = Field(default="", max_length=RULES_CHARS_MAX)
    check: bool = False
    text: str = Field(default="", max_length=LIST_CHARS_MAX)
    last: str = Field(default="", pattern=r"^([1-9][0-9]{0,5}[smhdw])?$")
    from_us: int | None = Field(default=None, ge=0, le=2**53)
    to_us: int | None = Field(default=None, ge=0, le=2**53)
    rows: int = Field(default=1000, ge=1, le=ROWS_MAX)


router = APIRouter(prefix="/nodes/{node}/hunt", tags=["hunt"], responses=REFUSALS)
"""Hunts of a node."""


@router.get("/tables", operation_id="huntTables")
def tables(context: Context, node: NodeName, person: Hunter) -> HuntTables:
    """The tables that may be asked with their columns, and the functions for addresses and hours in a query."""
    context.node(node, person)
    context.askings.ready()
    return HuntTables(
        tables=[
            TableShown(
                name=name,
                columns=[
                    TableColumn(name=c.name, type="address" if c.type == "UUID" else c.type, holds=c.holds)
                    for c in columns
                ],
            )
            for name, columns in (TABLES | ROLLUPS).items()
        ],
        functions=[Helper(name=name, gives=gives) for name, gives in HELPERS.items()],
    )


@router.get("/saved", operation_id="savedHunts")
def saved(context: Context, node: NodeName, person: Hunter) -> Hunts:
    """Hunts that come with Bavn, and this node's own, by name."""
    mine, faults = saved_hunts.own(_folder(context.node(node, person)))
    every = saved_hunts.shipped() | mine
    return Hunts(
        items=[_hunt(hunt, own=name in mine) for name, hunt in sorted(every.items())],
        faults=[pathless(fault) for fault in faults],
    )


@router.put("/saved/{name}", operation_id="saveHunt", description=acts.save.__doc__)
def save(context: Context, node: NodeName, name: HuntName, request: acts.HuntSave, person: Saves) -> HuntShown:
    here = context.node(node, person)

    def ask(sql: str) -> None:
        asking = context.askings.start(here.file, node, person.name, "sql", {"sql": sql, "rows": 1, **_WHOLE})
        context.askings.answer(asking, TRIED_S_MAX)

    return _hunt(acts.save(here, name, request, ask)[0], own=True)


@router.delete("/saved/{name}", operation_id="deleteHunt", description=acts.delete.__doc__)
def delete(context: Context, node: NodeName, name: HuntName, person: Deletes) -> Done:
    acts.delete(context.node(node, person), name)
    return Done.of(Text("{name} is gone.", name=name))


@router.post("/asks", operation_id="ask", status_code=202)
def ask(context: Context, node: NodeName, question: Question, person: Hunter) -> HuntStatus:
    """Begins to answer a question. Ask for its answer until it is no longer running."""
    here = context.node(node, person)
    kind, request = _request(here, question)
    return _shown(context.askings.now(context.askings.start(here.file, node, person.name, kind, request)))


@router.get("/asks/{asking}", operation_id="asked")
def asked(
    context: Context,
    node: NodeName,
    asking: AskingId,
    person: Hunter,
    wait_s: Annotated[float, Query(ge=0, le=WAIT_S_MAX)] = 0.0,
) -> HuntStatus:
    """Where a question stands; waits a little for it to be answered."""
    context.node(node, person)
    return _shown(context.askings.now(context.askings.of(asking, node, person.name), wait_s))


@router.delete("/asks/{asking}", operation_id="stopAsking")
def stop(context: Context, node: NodeName, asking: AskingId, person: Hunter) -> HuntStatus:
    """Stops it now."""
    context.node(node, person)
    found = context.askings.of(asking, node, person.name)
    context.askings.cancel(found)
    return _shown(context.askings.now(found))


@router.get("/asks/{asking}/rows", operation_id="askedRows")
def rows(
    context: Context, node: NodeName, asking: AskingId, person: Hunter, limit: Limit = 500, after: After = None
) -> AnswerRows:
    """The rows of an answer, page by page; and how many of the sector know the names and addresses on that page."""
    here = context.node(node, person)
    answer = _done(context.askings.of(asking, node, person.name)).answer
    every = answer.get("rows", [])
    at = opened(after, int)
    begin = at[0] if at else 0
    shown = page(list(enumerate(every[begin : begin + limit + 1], begin + 1)), limit, lambda entry: (entry[0],))
    items = [row for _, row in shown.items]
    columns = [column["name"] for column in answer.get("columns", [])]
    with here.asks() as asks:
        known, why = here.next_door(asks).of_answer(columns, items)
    return AnswerRows(
        items=items,
        next=shown.next,
        total=len(every),
        known=[
            ValueKnown(value=value, short=TextShape.of(found.short), says=TextShape.of(found.says))
            for value, found in known.items()
        ],
        why_nothing=None if why is None else TextShape.of(why),
    )


@router.get("/asks/{asking}/export", operation_id="exportAsked", response_class=StreamingResponse)
def export(
    context: Context,
    node: NodeName,
    asking: AskingId,
    person: Hunter,
    format_: Annotated[Literal["csv", "json"], Query(alias="format")],
) -> StreamingResponse:
    """All rows of an answer as CSV (cells that a spreadsheet would take for a formula begin with ') or JSON lines.
    An answer that was cut off at its number of rows has ``first`` in its file's name."""
    context.node(node, person)
    found = _done(context.askings.of(asking, node, person.name))
    name = file_name(node, "hunt", iso(found.began_us)[:16], *(["first"] if found.answer.get("more") else []))
    kind, made = ("text/csv", _csv(found)) if format_ == "csv" else ("application/x-ndjson", _json(found))
    return sent(made, kind, {"Content-Disposition": f'attachment; filename="{name}.{format_}"'})


def _folder(here: Node) -> Any:
    config = here.config()
    return config.path(config.hunt.folder)


def _request(here: Node, question: Question) -> tuple[str, dict[str, Any]]:
    """What the process is asked. Trouble for a question that lacks its half."""
    if question.last and question.from_us is not None:
        raise _incomplete(Text("Give how long back, or from when: not both"))
    span = {
        "last": question.last,
        "first": "" if question.from_us is None else iso(question.from_us),
        "end": "" if question.to_us is None else iso(question.to_us),
        "rows": question.rows,
    }
    if question.kind == "hunt":
        hunt = saved_hunts.named(_folder(here), question.hunt)
        missing = sorted(set(hunt.parameters) ^ set(question.given))
        if missing:
            raise _incomplete(Text("This hunt needs {missing}", missing=missing[0]))
        more = {"sql": hunt.sql, "given": question.given, "span": hunt.span, "columns": list(hunt.columns)}
        return "sql", {**span, **more}
    needed = {"sql": question.sql, "sigma": question.rules, "list": question.text, "pivot": question.value}
    if not needed[question.kind].strip() or (question.kind == "pivot" and question.pivot not in PIVOTS):
        raise _incomplete(Text("There is nothing to ask"))
    if question.kind == "sql":
        return "sql", {**span, "sql": question.sql.strip().rstrip(";").strip()}
    if question.kind == "sigma":
        return "sigma", {**span, "files": [{"name": "rules.yml", "text": question.rules}], "check": question.check}
    if question.kind == "pivot":
        return "pivot", {**span, "pivot": question.pivot, "value": question.value}
    return "ioc", {**span, "text": question.text}


def _incomplete(text: Text) -> Trouble:
    return Trouble(422, "incomplete", Text.shaped("{text}.", text=text))


def _hunt(hunt: SavedHunt, *, own: bool) -> HuntShown:
    return filled(HuntShown, hunt, own=own, says=TextShape.of(hunt.says))


def _done(asking: Asking) -> Asking:
    if asking.state != "done":
        raise Trouble(409, "no-answer-yet", Text("There is no answer yet."), "wait")
    return asking


def _shown(asking: Asking) -> HuntStatus:
    answer, refused = asking.answer, None
    if asking.state == "failed":
        refused = TextShape.of(trouble_of(asking.code, asking.reason).text)
    return filled(
        HuntStatus,
        asking,
        refused=refused,
        columns=answer.get("columns", []),
        rows=len(answer.get("rows", [])),
        more=answer.get("more", False),
        looked=answer.get("looked"),
        refused_lines=answer.get("refused", 0),
        refusals=[ListRefusal(**one) for one in answer.get("refusals", [])],
        outcomes=[RuleOutcome(**one) for one in answer.get("outcomes", [])],
        matches=[RuleMatch(**one) for one in answer.get("matches", [])],
    )


def _csv(asking: Asking) -> Iterator[str]:
    yield line([cell(column["name"]) for column in asking.answer.get("columns", [])])
    for row in asking.answer.get("rows", []):
        yield line([cell(json.dumps(one, ensure_ascii=False) if isinstance(one, list) else one) for one in row])


def _json(asking: Asking) -> Iterator[str]:
    names = [column["name"] for column in asking.answer.get("columns", [])]
    for row in asking.answer.get("rows", []):
        yield json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False) + "\n"
