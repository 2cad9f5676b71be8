"""Several envelopes in one HTTP body: each behind its length as four bytes, big-endian. Refuses to look inside."""

from collections.abc import Sequence
from typing import Final

from bavn.model.outcome import Refused
from bavn.wire.reading import reads
from bavn.wire.seal import ENVELOPE_BYTES_MAX

CONTENT_TYPE: Final = "application/vnd.bavn.envelopes"
ENVELOPES_MAX: Final = 1000
_LENGTH_BYTES: Final = 4


def join(envelopes: Sequence[bytes]) -> bytes:
    """One body of up to 1,000 envelopes; ValueError for more."""
    if len(envelopes) > ENVELOPES_MAX:
        raise ValueError(f"{len(envelopes)} envelopes in one body; at most {ENVELOPES_MAX}")
    return b"".join(len(raw).to_bytes(_LENGTH_BYTES, "big") + raw for raw in envelopes)


@reads
def split(body: bytes) -> list[bytes] | Refused:
    """The envelopes of a body, unopened; Refused when lengths and bytes do not fit each other."""
    envelopes: list[bytes] = []
    at = 0
    while at < len(body):
        length = int.from_bytes(body[at : at + _LENGTH_BYTES], "big")
        at += _LENGTH_BYTES
        if not 0 < length <= ENVELOPE_BYTES_MAX or at + length > len(body):
            return Refused("malformed_frames", "a length does not fit the bytes that follow")
        if len(envelopes) == ENVELOPES_MAX:
            return Refused("malformed_frames", "more than {most} envelopes in one body", most=ENVELOPES_MAX)
        envelopes.append(body[at : at + length])
        at += length
    return envelopes
