"""Documents as people get them: WCAG 2.2 AA by axe in a real browser, PDF/UA, the same bytes for the same data, also
drawn one at a time in a process of its own."""

import re
import subprocess
import sys
import threading
from dataclasses import replace
from html.parser import HTMLParser
from typing import get_args

import pytest

from bavn.app.centre.publish_parts import Form, rendered
from bavn.app.process.exits import Exit, Stop
from bavn.app.reports import apart
from bavn.app.reports import drawing as module
from bavn.app.reports.charts import drawn
from bavn.app.reports.drawing import drawing
from bavn.app.reports.missing import reports_needed
from bavn.app.reports.page import DocumentStatus, page
from bavn.app.reports.text import lines
from bavn.centre.publish.build import build
from bavn.centre.publish.document import Drawn, Figure, Kind
from bavn.centre.publish.facts import LevelSet
from bavn.centre.publish.life import EditionState
from bavn.centre.publish.threat import Level, Threat
from tests.app.reports.pdf_ua import wrong
from tests.centre.publish.made import make_facts, make_whole

STANDING = DocumentStatus(EditionState.APPROVED, 3, "Bo Lund")
HOSTILE = "<script>alert(1)</script><img src=http://x.example/a onerror=x>{{ 7*7 }}&\"'$x_1$ æøå"


@pytest.fixture(scope="module")
def forecast():
    return build(Kind.FORECAST, make_whole(Kind.FORECAST))


class Page(HTMLParser):
    """Ids, links, and what a page must not have."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.tags, self.images = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.tags.append(tag)
        self.ids += [given["id"]] if "id" in given else []
        self.links += [given["href"]] if tag == "a" else []
        self.images += [given] if tag == "img" else []
        assert not [name for name in given if name.startswith("on") or name == "style"], attrs


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "da"])
def test_every_sentence_links_to_its_sources_and_nothing_asks_for_anything(forecast, language) -> None:
    text = page(forecast, language, STANDING)
    seen = Page(text)
    assert text.startswith("<!doctype html>")
    assert f'<html lang="{language}">' in text
    assert len(seen.ids) == len(set(seen.ids))
    assert {link[1:] for link in seen.links} <= set(seen.ids)
    assert {f"s{at}" for at in range(1, len(forecast.all_sources()) + 1)} <= {link[1:] for link in seen.links} | set(
        seen.ids
    )
    assert not {"script", "iframe", "object", "link", "form"} & set(seen.tags)
    assert all(image["alt"] and image["src"].startswith("data:image/svg+xml;base64,") for image in seen.images)
    assert len(seen.images) == 5
    assert "http" not in re.sub(r'http-equiv|src="data:[^"]*"', "", text)
    paragraphs = re.findall(r"<p(?: class=\"said\")?>(.*?)</p>", text[text.index("<main") : text.index('id="sources"')])
    assert len(paragraphs) > 30
    assert all('class="refs"' in one for one in paragraphs)


@pytest.mark.slow
def test_what_people_wrote_is_shown_as_they_wrote_it() -> None:
    said = LevelSet(Threat.CRIME, Level.LOW, "Anna Berg", HOSTILE, 1)
    made = build(Kind.PICTURE, replace(make_facts(Kind.PICTURE), levels=(said,)))
    text = page(made, "da", STANDING)
    assert "<script" not in text
    assert "{{ 7*7 }}" in text
    assert "<img src=http" not in text
    assert any(HOSTILE in line for line in lines(made, "da"))
    assert rendered(made, "pdf", "da", STANDING).startswith(b"%PDF-1.7")


@pytest.mark.slow
@pytest.mark.parametrize("form", get_args(Form))
def test_the_same_data_is_the_same_bytes(form) -> None:
    first, again = (rendered(build(Kind.BRIEF, make_whole(Kind.BRIEF)), form, "da", STANDING) for _ in range(2))
    assert first == again
    other = rendered(build(Kind.BRIEF, make_whole(Kind.BRIEF, seed=2)), form, "da", STANDING)
    assert other != first


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "language"), [(Kind.FORECAST, "da"), (Kind.BRIEF, "en"), (Kind.PICTURE, "da")])
def test_pdf_ua(tmp_path, kind, language) -> None:
    file = tmp_path / "made.pdf"
    made = build(kind, make_whole(kind))
    file.write_bytes(rendered(made, "pdf", language, STANDING))
    assert wrong(file) == []


@pytest.mark.slow
@pytest.mark.chromium
@pytest.mark.parametrize(("kind", "language"), [(Kind.FORECAST, "da"), (Kind.BRIEF, "en"), (Kind.PICTURE, "da")])
@pytest.mark.parametrize("width", [320, 1280])
def test_wcag(tmp_path, chromium, kind, language, width) -> None:
    from axe_playwright_python.sync_playwright import Axe

    from tests.app.web.pages.looking import AA

    file = tmp_path / "made.html"
    file.write_text(page(build(kind, make_whole(kind)), language, STANDING), encoding="utf-8")
    context = chromium.new_context(viewport={"width": width, "height": 800}, bypass_csp=True)
    try:
        shown = context.new_page()
        asked = []
        shown.on("request", lambda request: asked.append(request.url))
        shown.goto(file.as_uri())
        assert [one for one in asked if not one.startswith(("data:", file.as_uri()))] == []
        found = Axe().run(shown, options=AA).response["violations"]
        assert [(one["id"], one["nodes"][0]["html"][:120]) for one in found] == []
        assert shown.evaluate("document.documentElement.scrollWidth") <= width
    finally:
        context.close()


@pytest.mark.slow
def test_pictures_show_what_tables_do_and_what_is_not_approved_says_so(forecast) -> None:
    figures = [one for section in forecast.sections for one in section.blocks if isinstance(one, Figure)]
    for figure in figures:
        made = drawn(figure, "en")
        assert (made is None) == (figure.drawn is Drawn.TABLE)
        assert made is None or (made.startswith(b"<?xml") and b"<text" not in made and b"<script" not in made)
    nothing = replace(figures[1], rows=tuple(replace(row, values=(None,)) for row in figures[1].rows))
    assert drawn(nothing, "en") is None
    for state, word in ((EditionState.DRAFT, "draft, made from data"), (EditionState.WITHDRAWN, "withdrawn")):
        text = page(forecast, "en", DocumentStatus(state, 1))
        assert re.search(rf'class="unfinished">{word}', text)
    assert 'class="unfinished"' not in page(forecast, "en", STANDING)


def test_one_message_where_a_library_is_missing(forecast, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(Stop, match=r"bavn\[reports\]") as stopped:
        page(forecast, "en", STANDING)
    assert stopped.value.code is Exit.MISSING
    with pytest.raises(Stop, match="libpango"), reports_needed():
        raise OSError("cannot load library 'libpango-1.0-0'")
    with pytest.raises(OSError, match="disk"), reports_needed():
        raise OSError("the disk is full")


def test_a_second_thread_has_its_turn_afterwards_and_who_waits_too_long_is_told_so(monkeypatch) -> None:
    order, inside = [], threading.Event()

    def second() -> None:
        inside.wait(5)
        with drawing():
            order.append("second")

    thread = threading.Thread(target=second)
    thread.start()
    with drawing():
        inside.set()
        thread.join(0.2)
        order.append("first")
    thread.join(5)
    assert order == ["first", "second"]
    monkeypatch.setattr(module, "WAIT_S_MAX", 0.05)
    with drawing(), pytest.raises(Stop) as stop, drawing():
        raise AssertionError("there is one turn")
    assert stop.value.code is Exit.NOT_NOW
    with pytest.raises(ZeroDivisionError), drawing():
        raise ZeroDivisionError
    with drawing():
        pass


@pytest.mark.slow
@pytest.mark.parametrize("form", ["html", "pdf", "json"])
def test_a_document_drawn_apart_is_the_same_bytes_and_leaves_nothing(form) -> None:
    document = build(Kind.FORECAST, make_whole(Kind.FORECAST))
    code = (
        "import sys, pickle; from bavn.app.centre.publish_parts import rendered_apart;"
        "given = pickle.load(sys.stdin.buffer); sys.stdout.buffer.write(rendered_apart(*given));"
        "assert not {'matplotlib', 'weasyprint'} & set(sys.modules)"
    )
    import pickle

    given = pickle.dumps((document, form, "da", STANDING))
    done = subprocess.run([sys.executable, "-c", code], input=given, capture_output=True, check=True, timeout=120)
    assert done.stdout == rendered(document, form, "da", STANDING)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("does", "expected"),
    [
        ("import sys; sys.stderr.write('needs Pango\\n'); sys.exit(3)", Stop),
        ("raise MemoryError('too much')", RuntimeError),
        ("import os; os.kill(os.getpid(), 11)", RuntimeError),
        ("import time; time.sleep(60)", Stop),
    ],
)
def test_a_drawing_that_fails_dies_or_hangs_costs_one_document(monkeypatch, does, expected) -> None:
    real = subprocess.run
    monkeypatch.setattr(apart, "SECONDS_MAX", 1)
    monkeypatch.setattr(apart.subprocess, "run", lambda _, **more: real([sys.executable, "-c", does], **more))
    with pytest.raises(expected) as error:
        apart.document_apart(build(Kind.FORECAST, make_whole(Kind.FORECAST)), "html", "en", STANDING)
    assert str(error.value)
    with drawing():
        pass
