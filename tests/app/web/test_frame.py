"""Who asks, what they may, and how a list is paged."""

from typing import Annotated

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st

from bavn.app.access.rights import RIGHTS, Right, Role
from bavn.app.web.frame import KEY_MAX, Person, Rows, TextShape, Trouble, allow, cursor, opened, page
from bavn.model.catalogue import languages
from bavn.model.text import Text
from tests.app.web.asking import ask, serve_as


def tried(person: Person) -> tuple[int, dict[str, object]]:
    app = serve_as(FastAPI(), person)

    @app.get("/")
    def route(person: Annotated[Person, allow(Right.TRIAGE)]) -> dict[str, str]:
        return {"name": person.name}

    answer = ask(app, "/")
    return answer.status_code, answer.json()


@pytest.mark.parametrize("role", list(Role))
def test_a_route_is_open_to_the_roles_that_have_its_right(role: Role) -> None:
    status, body = tried(Person(name="Anna Berg", roles=frozenset({role})))
    assert status == (200 if Right.TRIAGE in RIGHTS[role] else 403)
    if status == 403:
        assert body["act"] == "operator"
        assert set(body["title"]) == set(languages())  # type: ignore[call-overload]


def test_a_token_narrows_its_owner_and_never_widens() -> None:
    owner = frozenset({Role.ANALYST})
    assert Person(name="a", roles=owner, scopes=frozenset({Right.READ, Right.APPROVE})).rights == {Right.READ}


@given(st.text(max_size=40))
def test_any_word_is_a_cursor_or_is_refused(word: str) -> None:
    try:
        found = opened(word, int, str)
    except Trouble as trouble:
        assert trouble.status == 400
    else:
        assert found is not None
        assert isinstance(found[0], int)
        assert isinstance(found[1], str)


@pytest.mark.parametrize("count", [0, 2, 3, 4, 5, 6, 7])
def test_pages_meet_without_gap_or_repeat_and_the_last_says_so(count) -> None:
    everything = list(range(count))
    seen: list[int] = []
    after: str | None = None
    while True:
        at = opened(after, int)
        rest = [n for n in everything if at is None or n > at[0]]
        shown: Rows[int] = page(rest[:4], 3, lambda n: (n,))
        seen += shown.items
        after = shown.next
        assert (after is None) == (len(seen) == count)
        if after is None:
            break
    assert seen == everything
    assert opened(cursor(3), int) == (3,)
    assert opened(cursor(KEY_MAX), int) == (KEY_MAX,)
    for large in (KEY_MAX + 1, -KEY_MAX - 1):
        with pytest.raises(Trouble, match="begin at its start"):
            opened(cursor(large), int)


def test_a_sentence_is_said_in_each_language_that_has_it() -> None:
    made = TextShape.of(Text("Sign in first."))
    assert made.model_dump() == {"en": "Sign in first.", "da": "Log ind først."}
    assert [made.say(language) for language in ("da", "nb")] == ["Log ind først.", "Sign in first."]
    written = TextShape.of(Text.written("Look at it", da="Se på det"))
    assert written.model_dump() == {"en": "Look at it", "da": "Se på det"}
    assert TextShape.kept({"code": "x", "source": "eve", **written.model_dump()}) == written
