"""A line of the ledger in a browser: a table in words first, the raw text on request."""

import pytest

from tests.app.web.pages.conftest import SIZES
from tests.app.web.pages.looking import axe_clean, csp_reports, settled, shot, untranslated

pytestmark = [pytest.mark.slow, pytest.mark.chromium]


def test_what_left_is_read_as_a_table_and_raw_on_request(soc_page) -> None:
    page = soc_page(lang="da")
    page.goto("/nodes/north/door?left=yes")
    settled(page)
    page.get_by_role("row").filter(has=page.get_by_text("melding", exact=True)).first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("rowheader", name="værdi").wait_for()
    assert "et navn udefra" in dialog.get_by_role("table").inner_text()
    assert not dialog.locator("pre").is_visible()
    for size in ("desk", "phone"):
        page.set_viewport_size(SIZES[size])
        assert [*csp_reports(page), *axe_clean(page), *untranslated(page)] == []
        shot(page, f"soc-door-line-da-{size}")
    dialog.get_by_text("Som det går ud (JSON)").click()
    assert '"value": "evil-' in dialog.locator("pre").inner_text()
