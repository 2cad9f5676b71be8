from typing import Annotated

import pytest

from bavn.wire.messages.catalogue import DOWN, UP
from bavn.wire.privacy import ClassMissing, Message, Privacy


def test_a_field_without_a_class_does_not_build() -> None:
    with pytest.raises(ClassMissing, match=r"Bad.amount carries 0"):

        class Bad(Message):
            amount: int


def test_a_field_with_two_classes_does_not_build() -> None:
    with pytest.raises(ClassMissing, match=r"Bad.amount carries 2"):

        class Bad(Message):
            amount: Annotated[int, Privacy.S1, Privacy.S4]


def test_what_goes_up_carries_no_centre_class_and_what_comes_down_nothing_else() -> None:
    assert all(mark is not Privacy.C for made in UP for mark in made.privacy().values())
    assert {mark for made in DOWN for mark in made.privacy().values()} == {Privacy.C}
