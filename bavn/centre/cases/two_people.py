"""Who acts: a person, never a program that poses as one, and who may stand beside whom. Refuses to check that they are
who they say: ``app/access/proving.py`` does, and hands a Principal in."""

import re
from typing import Final

from bavn.model.principal import Principal, no_second
from bavn.model.text import Text

CENTRE: Final = "centre"
POLICY_PREFIX: Final = "policy:"
_PERSON = re.compile(r"[^\W_][\w.@+' -]{0,62}[\w.]")


class NotAllowed(Exception):
    """This person may not do this. Somebody else must act."""


def person(user: str) -> str:
    """The name, if it can be a person's: 2 to 64 letters, digits and . @ + ' - or space; NotAllowed otherwise."""
    if isinstance(user, Principal) and user.id:
        return user
    if not _PERSON.fullmatch(user) or user.casefold() == CENTRE or user.casefold().startswith(POLICY_PREFIX):
        raise NotAllowed(
            Text("{user} is no person's name: 2 to 64 letters, digits and . @ + ' - or space", user=repr(user[:64]))
        )
    return user


def second(first: str, user: str, same: Text) -> str:
    """The one who stands beside ``first``, as a record names that one. NotAllowed where they are not two people;
    ``same``: the sentence for one and the same."""
    person(user)
    why = no_second(first, user, same)
    if why:
        raise NotAllowed(why)
    return user
