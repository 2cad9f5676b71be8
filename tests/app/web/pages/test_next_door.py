"""How many of the sector know it, in a browser: beside a suspicion, a host's peers, a hunt's answer, a dry run; and the
daily round that told it, at the node and at the centre."""

from urllib.parse import quote

import pytest
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from bavn.app.config.load import read_node
from bavn.app.node.packets import evidence_folder
from bavn.app.process.real import SystemClock
from tests.actor.evidence.conftest import frame, pcap
from tests.app.web.drawn_next_door import draw_next_door
from tests.app.web.drawn_node import BEACON, C2, C2_ADDRESS, own
from tests.app.web.pages.looking import axe_clean, csp_reports, settled, shot, untranslated

pytestmark = [pytest.mark.slow, pytest.mark.chromium]
SAID = {"en": "9 to 16 of 41 organisations", "da": "9 til 16 af 41 organisationer"}
SINCE = {"en": "of the sector know example.com; 3 or more have", "da": "i sektoren kender example.com; mindst 3 har"}
SQL = "SELECT sni, dst, count(*) AS n FROM tls GROUP BY ALL"


@pytest.fixture(scope="module")
def told(new_soc, tmp_path_factory):
    """A SOC's console of its own, to whose first node the commons told of a name."""
    with new_soc(tmp_path_factory.mktemp("told")) as served:
        north = served.drawn["north"]
        draw_next_door(north, C2)
        kept = evidence_folder(read_node(north)) / f"{BEACON}.pcap"
        kept.parent.mkdir(parents=True)
        said = b"GET /<b>gate</b> HTTP/1.1\r\nHost: c2.example.com\r\n\r\n"
        kept.write_bytes(pcap((SystemClock().now_us(), frame(own(21), C2_ADDRESS, 40001, 80, said))))
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
        try:
            page.get_by_text(SAID[lang]).first.wait_for()
        except PlaywrightTimeout as error:
            raise AssertionError(page.locator("main").inner_text()) from error
        assert (SINCE[lang] in page.locator("main").inner_text()) is whole
        shot(page, f"soc-next-door-{name}-{lang}-{size}")
        assert [*csp_reports(page), *axe_clean(page), *untranslated(page)] == []

    see("suspicion", f"/nodes/north/suspicions/{BEACON}")
    see("dry-run", f"/nodes/north/protection?tab=try&what={C2}", asks=True)
    if size == "desk":  # a narrow table shows its first columns alone
        see("host", f"/nodes/north/hosts/{own(21)}", whole=False)
        see("hunt", f"/nodes/north/hunt?kind=sql&sql={quote(SQL)}", asks=True)
        see("pivot", f"/nodes/north/hunt?kind=pivot&pivot=domain&value={C2}", asks=True)
    page.goto(f"/nodes/south/suspicions/{BEACON}")
    settled(page)
    assert "organisation" not in page.locator("main").inner_text()


ROUND = {
    "en": (
        "of 8,412 elements 3,310 are known to 3 organisations or more",
        "answered as it must be",
        "9 to 16",
        "41 organisations",
        "is known to 3",
    ),
    "da": ("af 8.412 elementer", "besvaret, som det skal være", "9 til 16", "41 organisationer", "kendes af mindst 3"),
}


@pytest.mark.parametrize(("lang", "size"), [("en", "desk"), ("da", "desk"), ("en", "phone"), ("da", "phone")])
def test_the_days_round_is_told_at_the_node(opened, told, lang, size) -> None:
    page = opened(told, "soc.operator", lang=lang, size=size)
    page.goto("/nodes/north/door?tab=daily")
    settled(page)
    said = page.locator("main").inner_text()
    assert [one for one in ROUND[lang] if one not in said] == []
    assert [*csp_reports(page), *axe_clean(page), *untranslated(page)] == []
    shot(page, f"soc-commons-{lang}-{size}")
    page.goto("/nodes/south/door?tab=daily")
    settled(page)
    assert {"en": "No commons round", "da": "endnu ikke åbnet"}[lang] in page.locator("main").inner_text()


@pytest.mark.parametrize(("lang", "size"), [("en", "desk"), ("da", "phone")])
def test_the_rounds_of_all_days_are_told_at_the_centre_with_their_size_time_and_cost(sac_page, lang, size) -> None:
    page = sac_page(lang=lang, size=size)
    page.goto("/rounds?tab=commons")
    settled(page)
    rows = page.get_by_role("row")
    rows.nth(1).wait_for()
    assert [*csp_reports(page), *axe_clean(page), *untranslated(page)] == []
    shot(page, f"sac-commons-{lang}-{size}")
    assert "7/7" in rows.nth(1).inner_text()
    rows.nth(1).click()
    size_said = {"en": "10,000 elements, 2.4 MB", "da": "10.000 elementer, 2,4 MB"}[lang]
    page.get_by_text(size_said).wait_for()
    assert [*csp_reports(page), *axe_clean(page), *untranslated(page)] == []
    shot(page, f"sac-commons-round-{lang}-{size}")


@pytest.mark.parametrize(("lang", "size"), [("en", "desk"), ("da", "phone")])
def test_packets_are_read_in_one_click_and_whoever_may_not_is_told_who_may(opened, told, lang, size) -> None:
    page = opened(told, "soc.operator", lang=lang, size=size)
    page.goto(f"/nodes/north/suspicions/{BEACON}")
    settled(page)
    page.get_by_role("link", name={"en": "Packets", "da": "Pakker"}[lang], exact=True).click()
    page.get_by_text("GET /<b>gate</b> HTTP/1.1").wait_for()
    shot(page, f"soc-packets-{lang}-{size}")
    assert [*csp_reports(page), *axe_clean(page), *untranslated(page)] == []
    with page.expect_download() as taken:
        page.keyboard.press("x")
    assert taken.value.suggested_filename.endswith(".pcap")
    auditor = opened(told, "auditor", lang=lang, size=size)
    auditor.goto(f"/nodes/north/packets?suspicion={BEACON}")
    settled(auditor)
    said = auditor.locator("main").inner_text()
    assert {"en": "SOC analyst, operator", "da": "SOC-analytiker, operatør"}[lang] in said
    assert "gate" not in said
    shot(auditor, f"soc-packets-not-{lang}-{size}")
    assert [*csp_reports(auditor), *axe_clean(auditor), *untranslated(auditor)] == []
