"""Of an actor that leaves, this room deletes what it was sent, and what it said of it."""

from typing import Final

from bavn.centre.share import tables as share_tables
from bavn.centre.store.of_actor import OfActor

DELETED: Final = (
    OfActor("indicators that it was sent", share_tables.DELIVERY),
    OfActor("receipts of blocks (S2)", share_tables.RECEIPT),
    OfActor("what its enforcers could not carry", share_tables.NOT_CARRIED),
    OfActor("sightings (S2)", share_tables.OBSERVED),
)
