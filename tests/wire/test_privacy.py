from typing import Annotated

import pytest

from bavn.wire.messages.catalogue import DOWN, UP
from bavn.wire.privacy import ClassMissing, Message, Privacy


def test_a_field_without_a_class_does_not_build() -> None:
    with pytest.raises(ClassMissing, match=r"Bad.amount carries 0"):

        class Bad(Message):
            amount: int

    with pytest.raises(ClassMissing, match=r"Bad.amount carries 2"):

        class Bad(Message):
            amount: Annotated[int, Privacy.S1, Privacy.S4]

    assert all(mark is not Privacy.C for made in UP for mark in made.privacy().values())
    assert {mark for made in DOWN for mark in made.privacy().values()} == {Privacy.C}
