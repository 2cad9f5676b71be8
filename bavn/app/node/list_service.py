"""Serves the text lists of blocks to firewalls over HTTP(S): these files, nothing else, read anew for each request.

On loopback unless told otherwise; with a token a firewall must give it as bearer or as the password of basic
authentication. A firewall that has the list already gets 304 and no body. Refuses to know what stands in the lists, and
to serve any other file.
"""

import base64
import gzip
import hashlib
import hmac
from pathlib import Path
from typing import Final

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bavn.actor.protect.enforcers.textlist import LISTS, is_whole
from bavn.app.net.http_protocol import HttpProtocol
from bavn.app.net.tls_server import GRACE_S, TlsServer
from bavn.model.failure import Failures, NoContainment
from bavn.model.text import Text

HEADER_CHARS_MAX: Final = 1024
PART: Final = "list service in work"


def list_app(folder: Path, token: str | None = None, failures: Failures | None = None) -> Starlette:
    """``GET`` and ``HEAD`` of the lists in a folder that TextList writes, packed for whoever takes gzip. A list that
    was never written is empty, not absent: a firewall must not keep an old one for want of an answer. One that was cut
    off on the disk is not served at all: the firewall keeps the whole one that it has, and so it does where serving
    fails in a way that nobody foresaw, which ``failures`` hears of."""
    containment: Failures = failures or NoContainment()

    def text_list(request: Request) -> Response:
        try:
            answer = listed(request.path_params["name"], request)
        except Exception as error:  # noqa: BLE001  the next request is answered
            containment.note(PART, error)
            return Response(status_code=503, headers={"Retry-After": "60"})
        containment.works(PART)
        return answer

    def listed(name: str, request: Request) -> Response:
        if token is not None and not _allowed(request.headers.get("authorization", ""), token):
            return Response(status_code=401, headers={"WWW-Authenticate": 'Basic realm="bavn", charset="UTF-8"'})
        if name not in LISTS:
            return Response(status_code=404)
        try:
            text = (folder / name).read_bytes()
        except FileNotFoundError:
            text = b""
        if not is_whole(text):
            return Response(status_code=503, headers={"Retry-After": "60"})
        packed = _takes_gzip(request.headers.get("accept-encoding", ""))
        digest = hashlib.sha256(text)
        tag = f'"{digest.hexdigest()}{"-gzip" * packed}"'
        headers = {
            "ETag": tag,
            "Cache-Control": "no-cache",
            "X-Content-Type-Options": "nosniff",
            "Vary": "Accept-Encoding",
        }
        if _has(request.headers.get("if-none-match", ""), tag):
            return Response(status_code=304, headers=headers)
        if packed:
            headers["Content-Encoding"] = "gzip"
            text = gzip.compress(text, compresslevel=6, mtime=0)
        else:
            headers["Repr-Digest"] = f"sha-256=:{base64.b64encode(digest.digest()).decode('ascii')}:"
        return Response(text, media_type="text/plain; charset=us-ascii", headers=headers)

    return Starlette(routes=[Route("/{name}", text_list, methods=["GET", "HEAD"])])


def list_server(
    app: Starlette, *, host: str = "127.0.0.1", port: int = 0, certificate: Path | None = None, key: Path | None = None
) -> TlsServer:
    """A server to run (``server.run()``), with TLS where a certificate and its key are given. ValueError for one
    without the other."""
    if (certificate is None) != (key is None):
        raise ValueError(Text("TLS needs both a certificate and its key"))
    return TlsServer(
        uvicorn.Config(
            app,
            http=HttpProtocol,
            host=host,
            port=port,
            ssl_certfile=certificate,
            ssl_keyfile=key,
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_keep_alive=5,
            timeout_graceful_shutdown=GRACE_S,
            limit_concurrency=64,
        ),
        None if certificate is None or key is None else (certificate, key),
    )


def _allowed(said: str, token: str) -> bool:
    scheme, _, given = said[:HEADER_CHARS_MAX].partition(" ")
    if scheme.lower() == "basic":
        try:
            given = base64.b64decode(given, validate=True).decode("utf-8").partition(":")[2]
        except ValueError:  # no base64, letters beyond ASCII in it, no UTF-8 behind it
            return False
    elif scheme.lower() != "bearer":
        return False
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), token.encode())


def _takes_gzip(said: str) -> bool:
    """Whether ``Accept-Encoding`` names gzip and does not forbid it."""
    for part in said[:HEADER_CHARS_MAX].lower().split(","):
        name, _, weight = part.partition(";")
        if name.strip() == "gzip":
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def _has(said: str, tag: str) -> bool:
    tags = {part.strip().removeprefix("W/") for part in said[:HEADER_CHARS_MAX].split(",")}
    return "*" in tags or tag in tags
