"""Reads the files of somebody's log, from a folder or over HTTP(S). Bounded: whose log it is may lie.

Refuses to believe what it reads: bavn/tlog/audit.py checks it.
"""

from pathlib import Path
from typing import Final

import httpx

from bavn.model.ports import LinkDown
from bavn.model.text import Text
from bavn.tlog.note import NOTE_BYTES_MAX
from bavn.tlog.tiles import ENTRY_BYTES_MAX, TILE, Read

FILE_BYTES_MAX: Final = max(NOTE_BYTES_MAX, TILE * (ENTRY_BYTES_MAX + 2))
REQUEST_S: Final = 20.0
NOT_THERE: Final = frozenset({404, 410})


def log_reader(source: str) -> Read:
    """``source``: a folder, or the address (https://) below which the log's files are handed out."""
    return _url_reader(source) if "://" in source else _folder_reader(Path(source))


def _folder_reader(folder: Path) -> Read:
    def read(path: str) -> bytes:
        with (folder / path).open("rb") as file:
            text = file.read(FILE_BYTES_MAX + 1)
        if len(text) > FILE_BYTES_MAX:
            raise FileNotFoundError(f"{path}: too large for a file of a log")
        return text

    return read


def _url_reader(url: str) -> Read:
    base = url.rstrip("/")
    client = httpx.Client(timeout=REQUEST_S, follow_redirects=False)

    def read(path: str) -> bytes:
        """LinkDown where nobody answers; FileNotFoundError where there is no such file."""
        text = bytearray()
        try:
            with client.stream("GET", f"{base}/{path}") as answer:
                if answer.status_code in NOT_THERE:
                    raise FileNotFoundError(f"{base}/{path}")
                if answer.status_code != httpx.codes.OK:
                    raise LinkDown(Text("{url} answers {status}", url=f"{base}/{path}", status=answer.status_code))
                for piece in answer.iter_bytes():
                    text += piece
                    if len(text) > FILE_BYTES_MAX:
                        raise FileNotFoundError(f"{base}/{path}: too large for a file of a log")
        except httpx.HTTPError as error:
            raise LinkDown(Text("{url} does not answer ({why})", url=f"{base}/{path}", why=str(error)[:200])) from error
        return bytes(text)

    return read
