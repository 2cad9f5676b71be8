"""How many of the sector know it, in a browser: beside a suspicion, a host's peers, a hunt's answer, a dry run."""

from urllib.parse import quote

import pytest

from tests.app.web.drawn_next_door import draw_next_door
from tests.app.web.drawn_node import BEACON, C2, own
from tests.app.web.pages.looking import axe_clean, csp_reports, settled, shot, untranslated
from tests.app.web.pages.served import soc

pytestmark = [pytest.mark.slow, pytest.mark.chromium]
SAID = {"en": "9 to 16 of 41 organisations", "da": "9 til 16 af 41 organisationer"}
SINCE = {"en": "of the sector know example.com; 3 or more have", "da": "i sektoren kender example.com; mindst 3 har"}
SQL = "SELECT sni, dst, count(*) AS n FROM tls GROUP BY ALL"
RECORDS = {"closed"}
"""A flow's state in a record, which stands there as it is."""


@pytest.fixture(scope="module")
def told(pages_built, tmp_path_factory):
    """A SOC's console of its own, to whose first node the commons told of a name."""
    with soc(tmp_path_factory.mktemp("told")) as served:
        draw_next_door(served.drawn["north"], C2)
        yield served


@pytest.mark.parametrize(("lang", "size"), [("en", "desk"), ("da", "phone")])
def test_it_stands_where_an_analyst_asks_it_and_nowhere_at_a_node_that_was_told_nothing(
    opened, told, lang, size
) -> None:
    page = opened(told, "soc.operator", lang=lang, size=size)

    def see(name: str, path: str, *, asks: bool = False, whole: bool = True) -> None:
        page.goto(path)
        settled(page)
        if asks:
            page.locator("main button[type=submit]").first.click()
        page.get_by_text(SAID[lang]).first.wait_for()
        assert (SINCE[lang] in page.locator("main").inner_text()) is whole
        shot(page, f"soc-next-door-{name}-{lang}-{size}")
        assert [*csp_reports(page), *axe_clean(page), *({*untranslated(page)} - RECORDS)] == []

    see("suspicion", f"/nodes/north/suspicions/{BEACON}")
    see("dry-run", f"/nodes/north/protection?tab=try&what={C2}", asks=True)
    if size == "desk":  # a narrow table shows its first columns alone
        see("host", f"/nodes/north/hosts/{own(21)}", whole=False)
        see("hunt", f"/nodes/north/hunt?kind=sql&sql={quote(SQL)}", asks=True, whole=False)
    page.goto(f"/nodes/south/suspicions/{BEACON}")
    settled(page)
    assert "organisation" not in page.locator("main").inner_text()
