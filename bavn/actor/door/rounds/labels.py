"""How each item at the door is named in the actor's own ledger. Refuses to let any of these words travel."""

from collections.abc import Mapping

from bavn.actor.door.draft import labelled
from bavn.actor.door.report_rules import ElementRequest, Offered
from bavn.actor.door.tell_rules import TakenBack
from bavn.model.outcome import Refused
from bavn.wire import seal
from bavn.wire.codec import Encoded, summary_of
from bavn.wire.ledger import Note

CENTRE = "centre"


def late_note(round_id: str) -> Note:
    """A round whose keys came too late."""
    return labelled("ShareUpload", CENTRE, {"round_id": round_id})


def received_note(encoded: Encoded) -> Note:
    """Something that the centre said, in its own words."""
    return Note(
        kind=encoded.kind,
        item_id=encoded.id,
        peer=CENTRE,
        privacy="C",
        bytes=encoded.bytes,
        summary=summary_of(encoded),
    )


def offered_note(item: Offered) -> Note:
    """An element that may join."""
    words = {"element": str(item.element.observable), "tier": item.tier, "suspicion": item.element.suspicion.id}
    return labelled("Element", CENTRE, words)


def request_words(item: ElementRequest) -> Mapping[str, object]:
    """An element that the centre asks about."""
    element = "" if item.told is None else str(item.told.observable)
    return {"round_id": item.round_id, "table": item.cell.table, "bin": item.cell.bin, "element": element}


def withdrawn_words(item: TakenBack) -> Mapping[str, object]:
    """What a person takes back."""
    return {"number": item.number, "element": str(item.observable)}


def number_of(raw: bytes) -> int:
    """The number on one of this node's own envelopes."""
    stands = seal.address(raw)
    if isinstance(stands, Refused):
        raise TypeError("an envelope of the outbox has an address")
    return stands.seq
