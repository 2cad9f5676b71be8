"""uvicorn's protocol of HTTP/1.1 over h11, for every server here: what comes after an answer that ends the connection,
or in the middle of one, has no answer of its own; uvicorn's tries, and that ends in a traceback in the log.
"""

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol


class HttpProtocol(H11Protocol):
    """Ends the connection where it can no longer say what was wrong."""

    def send_400_response(self, msg: str) -> None:
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            super().send_400_response(msg)
        else:
            self.transport.close()
