"""A small file that is written anew again and again, and can be while the disk is full.

Two files have the room that the text needs, taken beforehand: the one that nobody reads is overwritten in place, then
they change places in one step. Refuses to be long: what does not fit on a full disk is cut by its owner.
"""

import ctypes
import errno
import os
from pathlib import Path
from typing import Final

RESERVED_BYTES: Final = 64 << 10
_AT_FDCWD: Final = -100
_EXCHANGE: Final = 2


class ReservedFile:
    """``pad``: a character that means nothing to who reads it. Whoever reads meets the old text or the new one."""

    def __init__(self, file: Path, *, mode: int, pad: str = "\n") -> None:
        self.file, self._spare = file, file.with_name(file.name + ".new")
        self._mode, self._pad = mode, pad.encode()

    def write(self, text: str, short: str | None = None) -> None:
        """``short``: what stands there where there is no room for all of it. Raises OSError."""
        try:
            self._put(text.encode("utf-8", "backslashreplace"))
        except OSError as error:
            if short is None or error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            self._put(short.encode("utf-8", "backslashreplace"))

    def _put(self, body: bytes) -> None:
        handle = os.open(self._spare, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            size = os.fstat(handle).st_size
            wanted = max(size, RESERVED_BYTES * -(-len(body) // RESERVED_BYTES))
            if wanted > size:
                try:
                    os.posix_fallocate(handle, 0, wanted)
                except OSError:
                    if size < len(body):
                        raise
                    wanted = size
            os.fchmod(handle, self._mode)
            at = 0
            body += self._pad * (wanted - len(body))
            while at < len(body):
                at += os.pwrite(handle, body[at:], at)
        finally:
            os.close(handle)
        if not (self.file.exists() and _exchanged(self._spare, self.file)):
            self._spare.replace(self.file)


def _exchanged(path: Path, other: Path) -> bool:
    """Both names change places in one step; False where this system cannot."""
    try:
        call = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError):
        return False
    return bool(call(_AT_FDCWD, os.fsencode(path), _AT_FDCWD, os.fsencode(other), _EXCHANGE) == 0)
