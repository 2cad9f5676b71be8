"""Every list of both consoles comes as a file too: whole, with its filters and its right, bounded, and never run."""

import csv
import io
import json
from enum import StrEnum
from typing import Annotated

import pytest
from fastapi import APIRouter, FastAPI
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from bavn.app.access.rights import Right, Role
from bavn.app.web import exporting
from bavn.app.web.console import routes_of
from bavn.app.web.exporting import add_exports, cell, columns_of, in_stix, row_shape
from bavn.app.web.frame import After, Limit, Person, Rows, TextShape, Trouble, allow, opened, page
from bavn.app.web.sides import bare_app
from bavn.model.text import Text
from tests.app.web.asking import ask, serve_as

ANNA = Person(name="Anna Berg", roles=frozenset({Role.ANALYST}))
FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Colour(StrEnum):
    RED = "red"


class Inner(BaseModel):
    at_us: int | None
    note: str


class Line(BaseModel):
    number: int
    says: TextShape
    colour: Colour
    tags: list[str]
    inner: Inner | None
    span_us: int


def made(number, note="=1+1", tags=()):
    return Line(
        number=-number,
        says=TextShape(en="yes", da="ja"),
        colour=Colour.RED,
        tags=list(tags),
        inner=None if number % 2 else Inner(at_us=1_800_000_000_000_000, note=note),
        span_us=5,
    )


def served(lines, refuses=False, stix=None):
    router = APIRouter(prefix="/lines")

    @router.get("", operation_id="lines")
    def every(
        _: Annotated[Person, allow(Right.READ)], limit: Limit = 2, after: After = None, least: int = 0
    ) -> Rows[Line]:
        """Lines."""
        if refuses:
            raise Trouble(404, "none", Text.written("None.", da="Ingen."))
        at = opened(after, int)
        rest = [one for one in lines if -one.number >= least and (at is None or -one.number > at[0])]
        return page(rest[: limit + 1], limit, lambda one: (-one.number,))

    if stix:
        in_stix(lambda _, rows: stix(rows))(every)

    @router.get("/{name}", operation_id="line")
    def one(_: Annotated[Person, allow(Right.READ)], name: str) -> str:
        return name

    add_exports(router)
    app = FastAPI()
    app.include_router(router)
    return serve_as(app, ANNA)


def rows_of(answer):
    assert answer.status_code == 200, answer.text
    assert answer.text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))


def test_a_file_has_every_row_of_all_pages_flat_and_in_the_readers_language() -> None:
    app = served([made(number, tags=["a", "b"]) for number in range(1, 1300)])
    rows = rows_of(ask(app, "/lines/export.csv?language=da"))
    assert len(rows) == 1299
    assert rows[1] == {
        "number": "-2",
        "says": "ja",
        "colour": "red",
        "tags": "a; b",
        "inner.at": "2027-01-15T08:00:00.000000Z",
        "inner.note": "'=1+1",
        "span_us": "5",
    }
    assert rows[0]["inner.at"] == ""
    assert ask(app, "/lines/export.csv?language=xx").status_code == 422
    found = ask(app, "/lines/export.json").json()
    assert (len(found["items"]), found["truncated"]) == (1299, False)
    assert found["items"][1]["inner"]["at_us"] == 1_800_000_000_000_000
    assert ask(app, "/lines/export").json() == "export"  # a thing of that name is still to be seen


def test_rows_that_say_how_come_as_stix_and_what_was_left_off_is_noted(monkeypatch) -> None:
    def objects(rows):
        yield {"type": "identity", "id": "identity--1"}
        for row in rows:
            yield {"type": "x-line", "id": f"x-line--{-row.number % 100}"}

    app = served([made(number) for number in range(1, 1300)], stix=objects)
    bundle = ask(app, "/lines/export.stix?least=1100").json()
    assert [one["id"] for one in bundle["objects"]][:2] == ["identity--1", "x-line--0"]
    assert len(bundle["objects"]) == 101  # each once
    monkeypatch.setattr(exporting, "EXPORT_ROWS_MAX", 10)
    bundle = ask(app, "/lines/export.stix").json()
    assert (len(bundle["objects"]), bundle["objects"][-1]["type"]) == (12, "note")
    assert bundle["objects"][-1]["object_refs"] == ["identity--1"]
    assert ask(served([]), "/lines/export.stix").status_code == 422
    assert len(ask(served([], stix=objects), "/lines/export.stix").json()["objects"]) == 1


def test_the_filters_of_the_list_are_the_files_and_a_refusal_is_one() -> None:
    assert len(rows_of(ask(served([made(n) for n in range(1, 11)]), "/lines/export.csv?least=8"))) == 3
    assert rows_of(ask(served([]), "/lines/export.csv")) == []
    refused = ask(served([], refuses=True), "/lines/export.json")
    assert (refused.status_code, refused.json()["type"]) == (404, "none")
    nobody = serve_as(served([]), Person(name="Anna Berg", roles=frozenset()))
    assert ask(nobody, "/lines/export.csv").json()["type"] == "not-allowed"


def test_a_list_that_is_longer_than_a_file_may_be_says_so(monkeypatch) -> None:
    app = served([made(number) for number in range(1, 1300)])
    monkeypatch.setattr(exporting, "EXPORT_ROWS_MAX", 1200)
    rows = rows_of(ask(app, "/lines/export.csv"))
    assert len(rows) == 1201
    assert rows[-1]["number"].startswith("# only the first")
    found = ask(app, "/lines/export.json").json()
    assert (len(found["items"]), found["truncated"]) == (1200, True)
    monkeypatch.setattr(exporting, "PAGES_MAX", 1)
    assert len(rows_of(ask(app, "/lines/export.csv"))) == 501


CELLS = st.builds(str.__add__, st.sampled_from(("", *FORMULA)), st.text(max_size=20))


@given(CELLS, st.lists(CELLS, max_size=3))
def test_no_text_becomes_a_formula_and_every_text_comes_back(note, tags) -> None:
    text = "".join(exporting.csv_of(tuple(columns_of(Line)), [made(2, note, tags)], "en")).removeprefix("\ufeff")
    head, row = list(csv.reader(io.StringIO(text, newline="")))
    assert len(head) == len(row)
    assert not any(one.startswith(FORMULA) for one in row if one != "-2")
    shown = dict(zip(head, row, strict=True))["inner.note"]
    assert shown in (note, f"'{note}")
    (item,) = json.loads("".join(exporting.json_of([made(2, note, tags)])))["items"]
    assert item["inner"]["note"] == note


def test_numbers_stay_numbers_and_words_do_not_run() -> None:
    assert [cell(one) for one in (-3, -0.5, None, True, "-3", Colour.RED, {"a": [1]})] == [
        "-3",
        "-0.5",
        "",
        "true",
        "'-3",
        "red",
        '{"a":[1]}',
    ]


@pytest.mark.parametrize("side", ["sac", "soc"])
def test_every_list_of_a_console_is_to_be_had_as_a_file_with_the_right_of_the_list(side) -> None:
    app = bare_app(side)
    right = {one.path: one.right for one in routes_of(app) if one.method == "GET"}
    lists = [route.path for router in app.state.routers for route in router.routes if row_shape(route) is not None]
    assert len(lists) > 8
    for path in lists:
        here = f"/api/v1{path}"
        assert right[f"{here}/export.{{form}}"] == right[here], path
