"""A configuration file's text, or why it is none: the same words for `bavn config check` and a service's start.

A pipe is not waited for, and nothing without an end is read. Refuses to know what the text says.
"""

import errno
from codecs import BOM_UTF8
from pathlib import Path
from stat import S_ISREG
from typing import Final

from bavn.model.text import Text

BYTES_MAX: Final = 1 << 20
_NOT_THERE: Final = Text("is not there: name the file that the service reads")
_WHYS: Final[dict[int, Text]] = {
    errno.EACCES: Text("cannot be read by this user: give its group the right"),
    errno.ELOOP: Text("is a link that leads to itself: name the file that the service reads"),
    errno.ENOENT: _NOT_THERE,
    errno.ENOTDIR: _NOT_THERE,
}
"""Why a file cannot be opened, and what to do."""


class NoText(Exception):
    """The operator must act. ``line``: where in the file, 0 for the whole of it; ``missing``: it is not there."""

    def __init__(self, why: Text, line: int = 0, *, missing: bool = False) -> None:
        super().__init__(why)
        self.why, self.line, self.missing = why, line, missing


def named_there(file: Path) -> bool:
    """Whether something has this name, or may have: a link that leads nowhere does, and whoever reads it says so."""
    try:
        file.lstat()
    except FileNotFoundError:
        return False
    except (OSError, ValueError):
        return True
    return True


def text_of(file: Path, bytes_max: int = BYTES_MAX) -> str:
    """All of it. Raises NoText."""
    try:
        if not S_ISREG(file.stat().st_mode):  # a pipe would keep whoever opens it waiting
            raise NoText(Text("is no file: name the file that the service reads"))
        with file.open("rb") as opened:
            raw = opened.read(bytes_max + 1)
    except OSError as error:
        why = _WHYS.get(error.errno or 0) or Text.plain(error.strerror or str(error))
        raise NoText(why, missing=isinstance(error, FileNotFoundError)) from error
    except ValueError as error:  # a NUL in the name
        raise NoText(_NOT_THERE, missing=True) from error
    if len(raw) > bytes_max:
        raise NoText(Text("more than {bytes_max} bytes: no configuration", bytes_max=bytes_max))
    if raw.startswith(BOM_UTF8):
        raise NoText(Text("begins with a byte order mark: save it as UTF-8 without one"), 1)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise NoText(Text("is no text in UTF-8: save it as that"), line) from error
