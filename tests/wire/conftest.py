"""Any message at all, drawn from the bounds that stand on its fields; a clock and dice that do as they are told."""

import types
import typing

import annotated_types
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import strategies as st
from pydantic.fields import FieldInfo

from bavn.rehearsal.clock import SimClock
from bavn.traffic.dice import SeededDice
from bavn.wire.messages.catalogue import DOWN, UP
from bavn.wire.privacy import Message

START_US = 1_795_000_000_000_000


def of_type(annotation, metadata):
    """Values of a field's type within its bounds, edges included."""
    if typing.get_origin(annotation) is typing.Annotated:
        base, *more = typing.get_args(annotation)
        inner = [part for mark in more for part in (mark.metadata if isinstance(mark, FieldInfo) else [mark])]
        return of_type(base, [*metadata, *inner])
    if isinstance(annotation, types.UnionType) or typing.get_origin(annotation) is typing.Union:
        kinds = [kind for kind in typing.get_args(annotation) if kind is not type(None)]
        return st.none() | st.one_of([of_type(kind, metadata) for kind in kinds])
    if typing.get_origin(annotation) is tuple:
        least = bounds_of(metadata).get("min_length", 0)
        return st.lists(of_type(typing.get_args(annotation)[0], []), min_size=least, max_size=least + 4).map(tuple)
    if isinstance(annotation, type) and issubclass(annotation, Message):
        return any_of(annotation)
    bounds = bounds_of(metadata)
    if annotation is bool:
        return st.booleans()
    if annotation is int:
        return st.integers(bounds.get("ge", 0), bounds["lt"] - 1 if "lt" in bounds else bounds.get("le", 2**40))
    if annotation is bytes:
        return st.binary(min_size=bounds.get("min_length", 0), max_size=64)
    if "pattern" in bounds:
        return st.from_regex(bounds["pattern"].removesuffix("$") + r"\Z", alphabet=st.characters(max_codepoint=127))
    text = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")  # no text of a message holds either
    return st.text(text, min_size=bounds.get("min_length", 0), max_size=min(40, bounds.get("max_length", 40)))


def bounds_of(metadata):
    found = {}
    for mark in metadata:
        for name in ("ge", "le", "lt", "min_length", "max_length", "pattern"):
            value = getattr(mark, name, None)
            if value is not None:
                found[name] = value
        if isinstance(mark, annotated_types.Gt):
            found["ge"] = mark.gt + 1
    return found


def any_of(kind):
    return st.builds(kind, **{name: of_type(f.annotation, f.metadata) for name, f in kind.model_fields.items()})


@pytest.fixture(scope="session")
def any_message():
    """A strategy: any message of either direction."""
    return st.one_of([any_of(kind) for kind in (*UP, *DOWN)])


@pytest.fixture(scope="session")
def of_kind():
    """Makes the strategy of one kind of message."""
    return any_of


@pytest.fixture
def clock():
    return SimClock(START_US)


@pytest.fixture
def dice():
    return SeededDice(7, "wire")


@pytest.fixture(scope="session")
def key():
    """A message key for the sender ``region-a``."""
    return Ed25519PrivateKey.from_private_bytes(SeededDice(7, "key").bytes(32))
