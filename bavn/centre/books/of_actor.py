"""Of an actor that leaves, this room deletes what it told: reports, refusals, counts, health, canaries, alarms."""

from typing import Final

from bavn.centre.books import tables as node_tables
from bavn.centre.store.of_actor import OfActor

DELETED: Final = (
    OfActor("reports of revealed elements (S1)", node_tables.SIGNS),
    OfActor("what it held of what was named where two suffice", node_tables.HELD),
    OfActor("refusals in rounds", node_tables.REFUSALS),
    OfActor("counts with noise (S3)", node_tables.COUNTS),
    OfActor("the node's health (S4)", node_tables.HEALTH),
    OfActor("its canaries (S4)", node_tables.CANARY_RUN),
    OfActor("how far its canaries came", node_tables.CANARY_LINK),
    OfActor("alarms about it", node_tables.ALARM),
)
