"""Manners of messages: each field one privacy class, nothing private can be said, each bound stands on the page.

That docs/reference/messages.md is the code, tests/manners/test_pages.py holds.
"""

import re
import typing

import annotated_types
import pytest
from pydantic import Field, ValidationError

from bavn.app.docs.messages import SECTIONS, bounds_text
from bavn.wire.messages.catalogue import DOWN, UP, Report
from bavn.wire.privacy import ClassMissing, Message, Privacy

ALL = [kind for kinds in SECTIONS.values() for kind in kinds]


def test_a_field_without_a_class_or_with_two_does_not_build() -> None:
    with pytest.raises(ClassMissing, match="0 privacy classes"):
        type("Slip", (Message,), {"__annotations__": {"value": int}, "__module__": __name__})
    twice = typing.Annotated[int, Privacy.S1, Privacy.S4]
    with pytest.raises(ClassMissing, match="2 privacy classes"):
        type("Slip", (Message,), {"__annotations__": {"value": twice}, "__module__": __name__})


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_each_text_list_and_number_has_a_bound(kind) -> None:
    for name, field in kind.model_fields.items():
        assert bounds_text(field.annotation, field.metadata), name


@pytest.mark.parametrize("kind", UP, ids=lambda kind: kind.__name__)
def test_nothing_of_the_centres_class_goes_up(kind) -> None:
    assert Privacy.C not in kind.privacy().values()


@pytest.mark.parametrize("kind", DOWN, ids=lambda kind: kind.__name__)
def test_only_the_centres_class_comes_down(kind) -> None:
    assert set(kind.privacy().values()) == {Privacy.C}


def test_no_message_has_a_field_for_what_never_leaves() -> None:
    never = re.compile(r"host(?!s_bucket)|user|path|url|query|payload|bytes|mac|cpr|title|note")
    names = {f"{kind.__name__}.{name}" for kind in UP for name in kind.model_fields}
    assert {name for name in names if never.search(name.split(".")[1])} == set()


def test_a_second_does_not_fit_where_an_hour_goes() -> None:
    with pytest.raises(ValidationError, match="first_hour"):
        Report(
            round_id="0" * 32,
            table=0,
            bin=0,
            type="ip4",
            value="8.8.8.8",
            detector="beacon",
            technique="T1071",
            p_bucket=1,
            hosts_bucket=1,
            first_hour=1_795_000_000,
            last_hour=498_000,
        )


def test_each_bound_is_a_range_that_holds_on_the_page() -> None:
    with pytest.raises(TypeError, match="write ge"):
        bounds_text(int, [annotated_types.Gt(0), annotated_types.Le(5)])

    class Bounded(Message):
        value: typing.Annotated[int, Field(ge=1, lt=5), Privacy.S4]

    assert (
        bounds_text(Bounded.model_fields["value"].annotation, Bounded.model_fields["value"].metadata)
        == "integer 1 to 4"
    )
    with pytest.raises(ValidationError):
        Bounded(value=5)
