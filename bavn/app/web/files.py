"""The pages as they were built: every file is read once, and only what was read then is ever served.

What carries its hash in its name is kept for a year; the entry page is asked for anew each time, and stands for every
address of the page's own. Refuses to read the disk for a request: there is no path to wander off on.
"""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fastapi import Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

FOLDER: Final = Path(__file__).parent / "static"
"""Where the build of console/ puts the pages, a folder for each side; carried in the wheel."""
ENTRY: Final = "index.html"
FILES_MAX: Final = 2000
BYTES_MAX: Final = 64 << 20
PACKED_FROM_BYTES: Final = 1024
HASHED: Final = "assets/"
FOREVER: Final = "public, max-age=31536000, immutable"
ANEW: Final = "no-cache"
_TYPES: Final = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".css": "text/css",
    ".html": "text/html; charset=utf-8",
    ".svg": "image/svg+xml",
    ".json": "application/json",
    ".woff2": "font/woff2",
    ".ico": "image/x-icon",
    ".webmanifest": "application/manifest+json",
}


@dataclass(frozen=True, slots=True)
class _File:
    body: bytes
    packed: bytes | None
    kind: str
    tag: str
    keep: str


class Files:
    """The files of one side's build, whose entry page every address of the page's own shows; none where nothing was
    built."""

    def __init__(self, folder: Path) -> None:
        self._files = _read(folder) if folder.is_dir() else {}

    @property
    def built(self) -> bool:
        return ENTRY in self._files

    def answer(self, request: Request) -> Response:
        """The file at this path, or the entry page. Raises HTTPException(404)."""
        path = request.url.path.lstrip("/")
        file = self._files.get(path)
        # below the top a dot is an address's or a domain's: the page of a host, say
        if file is None and (("." in path and "/" not in path) or path.startswith(HASHED)):
            raise HTTPException(404)
        file = file or self._files.get(ENTRY)
        if file is None:
            raise HTTPException(404)
        headers = {"ETag": file.tag, "Cache-Control": file.keep, "Vary": "Accept-Encoding"}
        if file.tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        if file.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
            return Response(file.packed, headers=headers | {"Content-Encoding": "gzip"}, media_type=file.kind)
        return Response(file.body, headers=headers, media_type=file.kind)


def _read(folder: Path) -> dict[str, _File]:
    files_read: dict[str, _File] = {}
    left = BYTES_MAX
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.is_symlink() or path.name.startswith("."):
            continue
        body = path.read_bytes()
        left -= len(body)
        if left < 0 or len(files_read) >= FILES_MAX:
            raise ValueError(f"{folder} holds more than a build of the console does")
        files_read[path.relative_to(folder).as_posix()] = _file_of(path, body, folder)
    return files_read


def _file_of(path: Path, body: bytes, folder: Path) -> _File:
    kind = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    packs = len(body) >= PACKED_FROM_BYTES and not kind.startswith(("font/", "image/png", "image/jpeg"))
    hashed = path.relative_to(folder).as_posix().startswith(HASHED)
    return _File(
        body,
        gzip.compress(body, 9, mtime=0) if packs else None,
        kind,
        f'"{hashlib.sha256(body).hexdigest()[:32]}"',
        FOREVER if hashed else ANEW,
    )
