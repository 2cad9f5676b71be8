"""The sector that the tests of the consoles look at, drawn once."""

import pytest

from tests.app.web.drawn_sector import draw


@pytest.fixture(scope="session")
def drawn_once(tmp_path_factory):
    """The drawn sector that every module's house is a copy of: to draw one takes eight seconds of a processor."""
    with draw(tmp_path_factory.mktemp("drawn")) as sector:
        yield sector
