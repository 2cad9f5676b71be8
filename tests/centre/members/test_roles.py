"""What members do and who supplies them: set by the operator, versioned, and never more than what exists."""

import pytest

from bavn.centre.members.registry import Registry, UnknownActor
from bavn.centre.members.roles import BadRole, Roles
from bavn.model.sector.functions import FUNCTIONS, Role
from bavn.rehearsal.clock import SimClock


@pytest.fixture
def registry(databases):
    engine = databases.new()
    made = Registry(engine, SimClock(1_700_000_000_000_000))
    made.add("north", "region")
    yield made
    engine.dispose()


@pytest.fixture
def roles(registry):
    return Roles(registry, SimClock(1_700_000_000_000_000))


def test_what_is_given_is_replaced_and_the_rest_stays(registry, roles) -> None:
    before = registry.members()[0]
    roles.set("north", functions=["surgery", "laboratory", "surgery"], suppliers=["dxc"])
    assert roles.every() == {"north": Role(("laboratory", "surgery"), ("dxc",))}
    roles.set("north", suppliers=["kmd", "dxc"], group="vendor-x")
    assert roles.every() == {"north": Role(("laboratory", "surgery"), ("dxc", "kmd"))}
    assert registry.actor("north").group == "vendor-x"
    roles.set("north", functions=[], suppliers=[], group="")
    assert roles.every() == {}
    assert registry.actor("north").group == "north"
    assert registry.members()[0] == before + 3


def test_a_canary_is_a_flag_that_the_registry_counts(registry, roles) -> None:
    before = registry.members()[0]
    assert not registry.actor("north").canary
    roles.set("north", canary=True)
    assert registry.actor("north").canary
    assert registry.canaries() == frozenset()  # invited, not yet active
    roles.set("north", suppliers=["dxc"])
    assert registry.actor("north").canary
    roles.set("north", canary=False)
    assert not registry.actor("north").canary
    assert registry.members()[0] == before + 3


@pytest.mark.parametrize(
    "given", [{"functions": ["catering"]}, {"suppliers": ["A B"]}, {"suppliers": [""]}, {"group": "No Such"}]
)
def test_what_nobody_can_have_is_refused_and_changes_nothing(registry, roles, given) -> None:
    before = registry.members()[0]
    with pytest.raises(BadRole):
        roles.set("north", **given)
    assert registry.members()[0] == before
    assert roles.every() == {}


def test_an_unknown_actor_is_one_clear_error_and_every_function_has_points(registry, roles) -> None:
    before = registry.members()[0]
    with pytest.raises(UnknownActor):
        roles.set("south", functions=["surgery"])
    assert registry.members()[0] == before
    assert list(FUNCTIONS) == sorted(FUNCTIONS)
    for one in FUNCTIONS.values():
        assert 0 < one.points <= 2
        assert one.words.en
        assert one.words.da
