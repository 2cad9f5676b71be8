"""Of an actor that leaves, this room deletes its quotas, functions, suppliers, invitations and row in the roll-out."""

from typing import Final

from bavn.centre.members import tables as member_tables
from bavn.centre.store.of_actor import OfActor

DELETED: Final = (
    OfActor("its quotas", member_tables.QUOTA),
    OfActor("its functions and suppliers", member_tables.ROLE),
    OfActor("its invitations", member_tables.INVITATION),
    OfActor("its row in the roll-out", member_tables.ROLLOUT),
)
