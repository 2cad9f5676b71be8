"""The protocol of a test of a node, read from a file."""

from pathlib import Path

from bavn.app.process.exits import Exit, Stop, cannot_read
from bavn.model.sector.acceptance_protocol import BadProtocol
from bavn.model.sector.protocol_file import FILE_BYTES_MAX, SignedProtocol, read
from bavn.model.text import Text


def read_protocol(path: Path) -> SignedProtocol:
    """A protocol from a file. Stop for what is none."""
    try:
        with path.open("rb") as opened:
            return read(opened.read(FILE_BYTES_MAX + 1))
    except OSError as error:
        raise cannot_read(path, error, Exit.INPUT) from error
    except BadProtocol as error:
        raise Stop(Exit.INPUT, Text.shaped("{path}: {error}", path=path, error=Text.of_error(error))) from error
