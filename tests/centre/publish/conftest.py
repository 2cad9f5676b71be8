"""Facts of a sector that does not exist, for the tests of this room."""

import pytest

from tests.centre.publish.made import make_case, make_facts, make_member, make_whole


@pytest.fixture(scope="session")
def a_case():
    return make_case


@pytest.fixture(scope="session")
def a_member():
    return make_member


@pytest.fixture(scope="session")
def facts():
    return make_facts


@pytest.fixture(scope="session")
def whole():
    return make_whole
