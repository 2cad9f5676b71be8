"""Which fields at the head of a log nothing here reads: they are counted and named, so that nobody takes them as used.

Looks at the head alone. Refuses to say whether a field would be of use.
"""

from typing import Final

from bavn.actor.sense.flows import argus
from bavn.actor.sense.recognise import HEAD_BYTES, Recognised, objects_of
from bavn.actor.sense.zeek.fields import FIELDS
from bavn.actor.sense.zeek.header import header_of

NAME_LENGTH_MAX: Final = 64
_SAID: Final = frozenset({"_path", "_write_ts", "_system_name", "_node", "@stream", "@system", "@proc"})
"""What a line says of itself and its sensor: no field of the log's."""


def left_fields(head: bytes, recognised: Recognised) -> tuple[str, ...]:
    """By name, in alphabetical order; none where a file's fields are not a list (EVE, documents, captures)."""
    match recognised.kind:
        case "zeek":
            read = {name.removesuffix("[]") for name in FIELDS[recognised.log]}
            read |= {name.replace(".", "_") for name in read} | {name.partition(".")[0] for name in read if "." in name}
            left = _names(head) - read - _SAID
        case "argus":
            left = set(argus.others(argus.head_of(head) or ()))
        case _:
            return ()
    return tuple(sorted(name[:NAME_LENGTH_MAX] for name in left))


def _names(head: bytes) -> set[str]:
    header = header_of(head[:HEAD_BYTES])
    if header is not None:
        return set(header.fields)
    return {str(name) for found in objects_of(head[:HEAD_BYTES]) for name in found}
