"""Peers of other people's making, on loopback; and a centre that reads them."""

import pytest

from bavn.centre.store.engine import open_engine
from tests.centre.node.intel_world import World


@pytest.fixture
def world():
    engine = open_engine("sqlite://")
    made = World(engine)
    yield made
    made.close()
    engine.dispose()
