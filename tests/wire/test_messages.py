"""Manners of messages: each field one privacy class, nothing private can be said, and docs/messages.md is the code.

``BAVN_WRITE_DOCS=1`` writes the tables of the page anew from the code instead of comparing them.
"""

import os
import re
import types
import typing
from pathlib import Path

import annotated_types
import pytest
from pydantic import Field, ValidationError
from pydantic.fields import FieldInfo

from bavn.wire.enrol import Certified, EnrolAsked, RenewAsked
from bavn.wire.messages import catalogue as messages
from bavn.wire.messages.canary import ChainLink
from bavn.wire.messages.catalogue import DOWN, UP, CellTag, Member, OtherTag, Report, Reveal
from bavn.wire.messages.exercise import Objective
from bavn.wire.privacy import ClassMissing, Message, Privacy

PAGE = Path(__file__).resolve().parents[2] / "docs" / "messages.md"
INSIDE = (
    CellTag,
    Member,
    messages.AskedCell,
    OtherTag,
    Reveal,
    messages.AskedObservable,
    messages.PartTask,
    messages.PartWords,
    messages.PartClock,
    Objective,
    ChainLink,
)
ENROLLING = (EnrolAsked, RenewAsked, Certified)
SECTIONS = {"up": UP, "down": DOWN, "inside": INSIDE, "enrolling": ENROLLING}
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


def bounds_text(annotation, metadata) -> str:
    """Type and bound as the page shows them; empty if a bound is missing."""
    if typing.get_origin(annotation) is typing.Annotated:
        base, *more = typing.get_args(annotation)
        inner = [part for mark in more for part in (mark.metadata if isinstance(mark, FieldInfo) else [mark])]
        return bounds_text(base, [*metadata, *inner])
    if isinstance(annotation, types.UnionType) or typing.get_origin(annotation) is typing.Union:
        (kind,) = [one for one in typing.get_args(annotation) if one is not type(None)]
        inner = bounds_text(kind, metadata)
        return inner and f"{inner}, or null"
    found = {}
    for mark in metadata:
        for name in ("ge", "le", "lt", "min_length", "max_length", "pattern"):
            if getattr(mark, name, None) is not None:
                found[name] = getattr(mark, name)
        assert not isinstance(mark, annotated_types.Gt), "write ge, so that the page reads as a range"
    if typing.get_origin(annotation) is tuple:
        inner = bounds_text(typing.get_args(annotation)[0], [])
        return f"list of at most {found['max_length']:,}: {inner}" if inner and "max_length" in found else ""
    if annotation is int:
        high = found["lt"] - 1 if "lt" in found else found.get("le")
        return f"integer {found['ge']:,} to {high:,}" if "ge" in found and high is not None else ""
    if annotation is bytes:
        return f"bytes beside the body, {found['min_length']} to {found['max_length']:,}"
    if annotation is str:
        if "pattern" in found and "max_length" not in found:
            return f"text `{found['pattern']}`".replace("|", "\\|")
        if "max_length" in found:
            return f"text of {found.get('min_length', 0)} to {found['max_length']:,} characters"
        return ""
    return f"[{annotation.__name__}](#{annotation.__name__.lower()})"


def rendered(kinds) -> str:
    parts = []
    for kind in kinds:
        rows = []
        for name, field_class in kind.privacy().items():
            field = kind.model_fields[name]
            rows.append(f"| `{name}` | {field_class.value} | {bounds_text(field.annotation, field.metadata)} |")
        table = "\n".join(["| field | class | type and bound |", "|---|---|---|", *rows])
        parts.append(f"#### {kind.__name__}\n\n{' '.join(kind.__doc__.split())}\n\n{table}")
    return "\n\n".join(parts)


@pytest.mark.parametrize("section", SECTIONS)
def test_the_page_of_messages_is_the_code(section) -> None:
    begin, end = f"<!-- {section}: from the code -->\n", f"\n<!-- {section}: end -->"
    page = PAGE.read_text()
    before, _, rest = page.partition(begin)
    inside, mark, after = rest.partition(end)
    assert mark, f"docs/messages.md has no section {section!r}"
    wanted = "\n" + rendered(SECTIONS[section]) + "\n"
    if os.environ.get("BAVN_WRITE_DOCS") == "1":
        PAGE.write_text(before + begin + wanted + end + after)
        return
    assert inside == wanted, "run BAVN_WRITE_DOCS=1 pytest tests/wire/test_messages.py and read what changed"


def test_each_bound_on_the_page_is_one_that_holds() -> None:
    class Bounded(Message):
        value: typing.Annotated[int, Field(ge=1, lt=5), Privacy.S4]

    assert (
        bounds_text(Bounded.model_fields["value"].annotation, Bounded.model_fields["value"].metadata)
        == "integer 1 to 4"
    )
    with pytest.raises(ValidationError):
        Bounded(value=5)
