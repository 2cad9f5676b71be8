"""Bytes that come after an answer that ends the connection, or in the middle of one: the connection ends, and that is
all. uvicorn's own protocol raised (LocalProtocolError), which asyncio writes to the log as a traceback."""

import asyncio

import h11
import pytest
import uvicorn
from uvicorn.server import ServerState

from bavn.app.net.connections import Connections
from bavn.app.net.tls_server import _Protocol

FIRST = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: %s\r\n\r\n"


class Transport(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.out, self.closing = b"", False

    def write(self, data) -> None:
        self.out += data

    def close(self) -> None:
        self.closing = True

    abort = close

    def is_closing(self) -> bool:
        return self.closing

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


async def spoken(*pieces: bytes, started: bool = True) -> tuple[bytes, bool, object]:
    """What one connection got for these pieces, whether it was ended, and its state."""

    async def app(_scope, _receive, send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        if started:
            await send({"type": "http.response.body", "body": b"ok"})
        else:
            await asyncio.sleep(60)

    config = uvicorn.Config(app, http="h11", ws="none", lifespan="off", log_config=None, server_header=False)
    config.load()
    protocol = _Protocol(config, ServerState(), {}, counted=Connections(9, 9))
    transport = Transport()
    protocol.connection_made(transport)
    for piece in pieces:
        protocol.data_received(piece)
        await asyncio.sleep(0.02)
    state = protocol.conn.our_state
    protocol.connection_lost(None)
    for task in list(protocol.tasks):
        task.cancel()
    return transport.out, transport.closing, state


@pytest.mark.parametrize(
    ("pieces", "started"),
    [
        ((FIRST % b"close", b"\x00POST /v1/renew HTTP/1.1\r\n\r\n"), True),
        ((FIRST % b"close" + b"\x00\x00 bad\r\n\r\n",), True),
        ((b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", b"zz\r\n"), False),
        ((b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", b"zz\r\n", b"more"), True),
    ],
)
def test_what_comes_after_an_answer_ends_the_connection(pieces, started) -> None:
    out, closing, _ = asyncio.run(spoken(*pieces, started=started))
    assert out.count(b"HTTP/1.1 ") == 1
    assert out.startswith(b"HTTP/1.1 200 ")
    assert closing


def test_bad_bytes_instead_of_a_request_are_answered() -> None:
    out, closing, state = asyncio.run(spoken(b"\x00POST /v1/renew HTTP/1.1\r\nHost: a\r\n\r\n"))
    assert out.startswith(b"HTTP/1.1 400 ")
    assert closing
    assert state is h11.MUST_CLOSE
