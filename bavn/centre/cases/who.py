"""Who acts: the name of a person, never of a program that poses as one. Refuses to check that they are who they say:
``app`` does (accounts, roles)."""

import re
from typing import Final

CENTRE: Final = "centre"
POLICY_PREFIX: Final = "policy:"
_PERSON = re.compile(r"[^\W_][\w.@+' -]{0,62}[\w.]")


class NotAllowed(Exception):
    """This person may not do this. Somebody else must act."""


def person(user: str) -> str:
    """The name, if it can be a person's: 2 to 64 letters, digits and . @ + ' - or space; NotAllowed otherwise."""
    if not _PERSON.fullmatch(user) or user.casefold() == CENTRE or user.casefold().startswith(POLICY_PREFIX):
        raise NotAllowed(f"{user[:64]!r} is no person's name: 2 to 64 letters, digits and . @ + ' - or space")
    return user
