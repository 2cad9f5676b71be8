"""One actor's benchmark as page and PDF: accessible, sourced, its picture and its table saying the same."""

import pytest

from bavn.app.centre.publish_parts import rendered
from bavn.app.reports.charts import drawn
from bavn.app.reports.page import DocumentStatus, page
from bavn.app.reports.text import lines
from bavn.centre.publish.document import Drawn, Figure
from tests.app.reports.pdf_ua import wrong
from tests.centre.publish.made import make_benchmark


def strips(document):
    return next(one for section in document.sections for one in section.blocks if isinstance(one, Figure))


def test_everything_has_its_source_and_own_values_are_the_actors() -> None:
    made = make_benchmark()
    assert all(sources for _, sources in made.sourced())
    rows = {row.label.en: [cell.en for cell in row.cells] for row in strips(made).rows}
    assert rows["From given an indicator to in force, median"][0] == "41.5 min"
    assert rows["Techniques that could be seen there"][0] == "not known"
    assert rows["Techniques that could be seen there"][-2:] == ["not known", "not known"]
    assert rows["Deadlines kept: questions, tasks, warnings"] == ["not known", *["too few"] * 3, *["not known"] * 2]
    said = "\n".join(lines(make_benchmark(deadlines=80.0), "da", sources=True))
    assert "for få" in said
    assert "epsilon 6,0" in said
    assert "bavn centre benchmark --month 2026-09" in said


@pytest.mark.slow
def test_the_sectors_side_names_nobody() -> None:
    made = page(make_benchmark(actor=""), "en", DocumentStatus())
    assert "klinik-delta" in page(make_benchmark(), "en", DocumentStatus())
    assert "klinik-delta" not in made
    assert "Your own" not in made


@pytest.mark.slow
@pytest.mark.parametrize("language", ["da", "en"])
def test_the_picture_shows_own_values_where_there_are_any(language) -> None:
    with_own, without = strips(make_benchmark()), strips(make_benchmark(actor=""))
    assert with_own.drawn is Drawn.STRIPS
    one, other = drawn(with_own, language), drawn(without, language)
    assert one == drawn(strips(make_benchmark()), language)
    assert one != drawn(strips(make_benchmark(block=3.0)), language)
    assert b"#a4243b" in one
    assert b"#a4243b" not in other


@pytest.mark.slow
@pytest.mark.parametrize(("actor", "language"), [("klinik-delta", "da"), ("", "en")])
def test_pdf_ua(tmp_path, actor, language) -> None:
    file = tmp_path / "made.pdf"
    file.write_bytes(rendered(make_benchmark(actor), "pdf", language, DocumentStatus()))
    assert wrong(file) == []


@pytest.mark.slow
@pytest.mark.chromium
@pytest.mark.parametrize("width", [320, 1280])
def test_wcag(tmp_path, chromium, width) -> None:
    from axe_playwright_python.sync_playwright import Axe

    from tests.app.web.pages.looking import AA

    file = tmp_path / "made.html"
    file.write_text(page(make_benchmark(), "da", DocumentStatus()), encoding="utf-8")
    context = chromium.new_context(viewport={"width": width, "height": 800}, bypass_csp=True)
    try:
        shown = context.new_page()
        shown.goto(file.as_uri())
        found = Axe().run(shown, options=AA).response["violations"]
        assert [(one["id"], one["nodes"][0]["html"][:120]) for one in found] == []
        assert shown.evaluate("document.documentElement.scrollWidth") <= width
    finally:
        context.close()
