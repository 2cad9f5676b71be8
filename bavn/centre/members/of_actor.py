"""Of an actor that leaves, this room deletes its quotas, functions, suppliers and invitations."""

from typing import Final

from bavn.centre.members import tables as member_tables
from bavn.centre.store.of_actor import OfActor

DELETED: Final = (
    OfActor("its quotas", member_tables.QUOTA),
    OfActor("its functions and suppliers", member_tables.ROLE),
    OfActor("its invitations", member_tables.INVITATION),
)
