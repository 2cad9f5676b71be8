"""A file that is written while it is sent. Nothing is sent before its beginning is written, so that what fails there is
a refusal or a fault and no file; what fails later breaks the file off, and it says so.

Refuses to know what is in it.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from fastapi.responses import StreamingResponse

BEGINNING_CHARS: Final = 1_000_000
"""A file that is shorter is written whole before any of it is sent."""
BROKEN_OFF: Final = "\n# this file is not whole: writing it failed\n"
"""The last line of one that broke off: no JSON, no line of JSON, and no row of CSV."""


def sent(pieces: Iterable[str], media_type: str, headers: Mapping[str, str]) -> StreamingResponse:
    """The file as an answer. Raises what writing its beginning raises."""
    every = iter(pieces)
    beginning: list[str] = []
    chars = 0
    for piece in every:
        beginning.append(piece)
        chars += len(piece)
        if chars >= BEGINNING_CHARS:
            break
    return StreamingResponse(_whole("".join(beginning), every), media_type=media_type, headers=headers)


def _whole(beginning: str, rest: Iterator[str]) -> Iterator[str]:
    """What it raises ends the connection before the answer's own end: no browser takes it for whole."""
    yield beginning
    try:
        yield from rest
    except Exception:
        yield BROKEN_OFF
        raise
