"""The centre's answer of a day's commons round. Its opening and an actor's share are those of every round; nothing of
it is ever named, so there is nothing else to say."""

from typing import Annotated, Final

from pydantic import Field

from bavn.psi.commons_terms import R, T
from bavn.wire.messages import fields as f
from bavn.wire.privacy import Message, Privacy

CELLS_BYTES_MAX: Final = R * (T * f.M_MAX // 2 + 1)


class CommonsAnswered(Message):
    """For each of this actor's cells, real and random alike, a bucket of how many groups know what is in it: half a
    byte a cell, always as many bytes as the round fixes. ``groups``: how many took part with the same keys, and so hold
    the element that everybody holds; ``other_keys``: uploads made with others."""

    round_id: Annotated[f.Hex16, Privacy.C]
    groups: Annotated[int, Field(ge=0, lt=2**31), Privacy.C]
    other_keys: Annotated[int, Field(ge=0, lt=2**31), Privacy.C]
    cells: Annotated[bytes, Field(min_length=1, max_length=CELLS_BYTES_MAX), Privacy.C]
