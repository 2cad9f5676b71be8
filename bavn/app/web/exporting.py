"""Every list of a console as a file: for each GET route that answers with ``items``, ``PATH/export.csv`` and
``PATH/export.json`` with the same filters and the same right, made from the route itself; where the rows say how
(``in_stix``), ``PATH/export.stix``, too.

Rows are streamed page by page and bounded; a file that is not the whole list says so. In CSV a row is flattened, a
sentence stands in one language, a moment is ISO 8601, and no cell is one that a spreadsheet would run. The beginning
is written before the answer begins (sending.py), so a refusal is a refusal. Refuses to know what is listed.
"""

import csv
import inspect
import io
import json
import types
import typing
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Path, Query
from fastapi.responses import StreamingResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel

from bavn.app.process.spoken import Spoken
from bavn.app.web.frame import LIMIT_MAX, TextShape
from bavn.app.web.sending import sent
from bavn.model.moment import iso
from bavn.model.text import Language

EXPORT_ROWS_MAX: Final = 100_000
PAGES_MAX: Final = 20_000
"""A page may be empty and still have a next one (a ledger that is searched)."""
DEPTH_MAX: Final = 4
PAGED: Final = ("limit", "after")
DURATIONS: Final = frozenset({"span_us", "to_protected_us", "age_us"})
"""Fields in microseconds that are no moments."""
Form = Literal["csv", "json"]
StixForm = Literal["csv", "json", "stix"]
TYPES: Final[dict[StixForm, str]] = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "stix": "application/stix+json;version=2.1",
}
ENDS: Final[dict[StixForm, str]] = {"csv": "csv", "json": "json", "stix": "stix.json"}
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "'")
"""How a cell begins that a spreadsheet takes for a formula, or whose apostrophe it takes away."""
"""A bundle has a name of its own, so that it is not taken for the plain file that was saved before it."""
Objects = Callable[[Any, Iterable[Any]], Iterable[dict[str, Any]]]
"""Rows of a list to STIX 2.1 objects, their author first; an id is made of what it stands for."""
STIX_SPACE: Final = uuid.UUID("2f0be7a2-7a54-5a0e-8c1c-8f4a1f0f6c3e")
LEFT_OFF: Final = f"only the first {EXPORT_ROWS_MAX} rows are in this file: narrow the list"


@dataclass(frozen=True, slots=True)
class Column:
    """``path``: the attributes that lead to a cell."""

    name: str
    path: tuple[str, ...]


def in_stix[F: Callable[..., Any]](objects: Objects) -> Callable[[F], F]:
    """Marks a list route below ``router.get``: its rows are to be had as a STIX bundle, too."""

    def marked(endpoint: F) -> F:
        endpoint.__dict__["in_stix"] = objects
        return endpoint

    return marked


def add_exports(router: APIRouter) -> None:
    """Puts an export before each list of the router, so that no route with a parameter takes its address. Harmless
    when repeated: a router may be mounted in more than one application."""
    named = {route.operation_id for route in router.routes if isinstance(route, APIRoute)}
    for route in list(router.routes):
        shape = row_shape(route)
        if shape is None or not isinstance(route, APIRoute) or f"export_{route.operation_id}" in named:
            continue
        path = route.path.removeprefix(router.prefix) + "/export.{form}"
        router.add_api_route(
            path,
            _exporter(route, shape),
            methods=["GET"],
            operation_id=f"export_{route.operation_id}",
            response_class=StreamingResponse,
            response_model=None,
        )
        router.routes.insert(router.routes.index(route), router.routes.pop())


def row_shape(route: object) -> type[BaseModel] | None:
    """What the rows of a list route are; None for a route that is no list."""
    if not isinstance(route, APIRoute) or route.methods != {"GET"}:
        return None
    model = route.response_model
    if not (isinstance(model, type) and issubclass(model, BaseModel)) or "items" not in model.model_fields:
        return None
    (row, *_) = typing.get_args(model.model_fields["items"].annotation) or (None,)
    return row if isinstance(row, type) and issubclass(row, BaseModel) else None


def _exporter(route: APIRoute, shape: type[BaseModel]) -> Callable[..., StreamingResponse]:
    signature = inspect.signature(route.endpoint)
    columns = tuple(columns_of(shape))
    pages = "after" in signature.parameters
    more = {"limit": LIMIT_MAX} if "limit" in signature.parameters else {}
    name = "-".join(piece for piece in route.path.split("/") if piece and "{" not in piece)
    objects: Objects | None = getattr(route.endpoint, "in_stix", None)

    def export(**given: Any) -> StreamingResponse:
        form, language = given.pop("form"), given.pop("language")

        def page(after: str | None) -> Any:
            return route.endpoint(**given, **more, **({"after": after} if pages else {}))

        rows = _rows(page, page(None))
        if form == "stix" and objects is not None:
            lines = stix_of(partial(objects, given.get("context")), rows)
        else:
            lines = csv_of(columns, rows, language) if form == "csv" else json_of(rows)
        headers = {
            "content-disposition": f'attachment; filename="bavn-{name}.{ENDS[form]}"',
            "cache-control": "no-store",
        }
        return sent(lines, TYPES[form], headers)

    kept = [parameter for parameter in signature.parameters.values() if parameter.name not in PAGED]
    keyword = inspect.Parameter.KEYWORD_ONLY
    added = [
        inspect.Parameter("form", keyword, annotation=Annotated[StixForm if objects else Form, Path()]),
        inspect.Parameter(
            "language",
            keyword,
            default="en",
            annotation=Annotated[Spoken, Query(description="Of sentences in CSV; JSON has both.")],
        ),
    ]
    setattr(  # noqa: B010  what FastAPI reads instead of **given
        export,
        "__signature__",
        signature.replace(
            parameters=[*(parameter.replace(kind=keyword) for parameter in kept), *added],
            return_annotation=StreamingResponse,
        ),
    )
    about = inspect.getdoc(route.endpoint) or ""
    export.__doc__ = f"The whole list as a file, at most {EXPORT_ROWS_MAX} rows: {about}"
    return export


def _rows(page: Callable[[str | None], Any], first: Any) -> Iterator[BaseModel | None]:
    """Every row, and a None at the end where there were more than may be given."""
    given, shown = 0, first
    for _ in range(PAGES_MAX):
        for row in shown.items:
            if given == EXPORT_ROWS_MAX:
                yield None
                return
            given += 1
            yield row
        after = getattr(shown, "next", None)
        if after is None:
            return
        shown = page(after)
    yield None


def csv_of(columns: tuple[Column, ...], rows: Iterable[BaseModel | None], language: Language) -> Iterator[str]:
    """RFC 4180 with a head line and a byte order mark, so that a spreadsheet reads UTF-8."""
    yield "\ufeff" + line([one.name for one in columns])
    for row in rows:
        yield line([f"# {LEFT_OFF}"] if row is None else [_at(row, one.path, language) for one in columns])


def json_of(rows: Iterable[BaseModel | None]) -> Iterator[str]:
    """``{"items": [...], "truncated": false}``, a row a line."""
    yield '{"items":['
    comma, more = "\n", False
    for row in rows:
        if row is None:
            more = True
            break
        yield comma + row.model_dump_json()
        comma = ",\n"
    yield f'\n],"truncated":{json.dumps(more)}}}\n'


def stix_of(
    objects: Callable[[Iterable[Any]], Iterable[dict[str, Any]]], rows: Iterable[BaseModel | None]
) -> Iterator[str]:
    """One bundle, an object a line and each once; a note of the author's where rows were left off."""
    more = False

    def whole() -> Iterator[BaseModel]:
        nonlocal more
        for row in rows:
            if row is None:
                more = True
                return
            yield row

    seen: set[str] = set()
    author = ""
    for stix_object in objects(whole()):
        if not seen:
            author = stix_object["id"]
            yield f'{{"type":"bundle","id":"bundle--{uuid.uuid5(STIX_SPACE, author)}","objects":['
        if stix_object["id"] not in seen:
            yield ("\n" if not seen else ",\n") + json.dumps(stix_object, ensure_ascii=False)
            seen.add(stix_object["id"])
    if more:
        at = "1970-01-01T00:00:00.000Z"
        note = {
            "type": "note",
            "spec_version": "2.1",
            "id": f"note--{uuid.uuid5(STIX_SPACE, LEFT_OFF)}",
            "created": at,
            "modified": at,
            "content": LEFT_OFF,
            "object_refs": [author],
        }
        yield ",\n" + json.dumps(note)
    yield "\n]}\n"


def columns_of(shape: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[Column]:
    """Flat: a shape inside a shape is its fields, their names joined by a dot."""
    for name, field in shape.model_fields.items():
        kind, here = _plain(field.annotation), (*path, name)
        if isinstance(kind, type) and issubclass(kind, BaseModel) and kind is not TextShape and len(here) < DEPTH_MAX:
            yield from columns_of(kind, here)
        else:
            yield Column(".".join(here).removesuffix("" if name in DURATIONS else "_us"), here)


def _plain(annotation: Any) -> Any:
    """A type without its ``| None``."""
    if isinstance(annotation, types.UnionType) or typing.get_origin(annotation) is typing.Union:
        kinds = [one for one in typing.get_args(annotation) if one is not type(None)]
        return kinds[0] if len(kinds) == 1 else None
    return annotation


def _at(row: Any, path: tuple[str, ...], language: Language) -> str:
    for name in path:
        row = getattr(row, name, None)
    if isinstance(row, int) and not isinstance(row, bool) and path[-1].endswith("_us") and path[-1] not in DURATIONS:
        return iso(row)
    return cell(row, language)


def cell(value: Any, language: Language = "en") -> str:
    """One value as text; what begins like a formula gets an apostrophe before it, a number does not."""
    if value is None:
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool | Enum):
        return str(value)
    text = _text(value, language)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _text(value: Any, language: Language) -> str:
    match value:
        case TextShape():
            return value.say(language)
        case Enum():
            return str(value.value)
        case bool():
            return "true" if value else "false"
        case BaseModel():
            return str(value) if type(value).__str__ is not BaseModel.__str__ else value.model_dump_json()
        case dict():
            return json.dumps(value, ensure_ascii=False, default=str, separators=(",", ":"))
        case list() | tuple():
            return "; ".join(_text(one, language) for one in value)
        case _:
            return str(value)


def line(cells: Iterable[str]) -> str:
    """One line of CSV."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(cells)
    return out.getvalue()
