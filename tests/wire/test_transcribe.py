"""Between messages and values: what is declared is taken by its name, and nothing else; what is missing is said."""

from dataclasses import dataclass
from typing import Annotated

import pytest

from bavn.model.intel.indicator import Pap, Tlp
from bavn.model.text import Text
from bavn.wire.privacy import Message, Privacy
from bavn.wire.transcribe import fields_for, value_of


class Place(Message):
    """A place."""

    table: Annotated[int, Privacy.C]
    tag: Annotated[str, Privacy.C]


class NoteMessage(Message):
    """Something said."""

    name: Annotated[str, Privacy.C]
    tlp: Annotated[str, Privacy.C]
    pap: Annotated[int, Privacy.C]
    title_en: Annotated[str, Privacy.C]
    title_da: Annotated[str, Privacy.C]
    places: Annotated[tuple[Place, ...], Privacy.C] = ()
    left: Annotated[int, Privacy.C] = 0


TITLE = Text.written("Autumn", da="Efterår")


@dataclass(frozen=True)
class NoteValue:
    name: str = "a"
    tlp: Tlp = Tlp.AMBER
    pap: Pap = Pap.GREEN
    title: Text = TITLE
    host: str = "srv-01"
    places: tuple[tuple[int, bytes], ...] = ((1, b"\x01"), (2, b"\xff"))


def test_a_message_takes_what_it_declares_and_a_value_what_it_has() -> None:
    fields = fields_for(NoteMessage, NoteValue(), name="b")
    assert "host" not in fields
    assert NoteMessage(**fields) == NoteMessage(
        name="b",
        tlp="TLP:AMBER",
        pap=2,
        title_en="Autumn",
        title_da="Efterår",
        places=(Place(table=1, tag="01"), Place(table=2, tag="ff")),
    )

    @dataclass(frozen=True)
    class Value:
        actor: str
        table: int
        tag: bytes

    place = Place(table=7, tag="01")
    assert value_of(Value, place, {"actor": "north", "tag": b"\x01", "of_else": 1}) == Value("north", 7, b"\x01")

    @dataclass(frozen=True)
    class First:
        name: str = "first"

    assert fields_for(NoteMessage, First(), NoteValue())["name"] == "first"
    with pytest.raises(LookupError, match=r"NoteMessage\.tlp"):
        fields_for(NoteMessage, First())
