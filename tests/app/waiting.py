"""Ports that nobody has, and waiting for what must come. For tests with servers and processes."""

import socket
import time
from contextlib import suppress


def free_port():
    """A port free for TCP and UDP on loopback."""
    with socket.socket() as taken, socket.socket(type=socket.SOCK_DGRAM) as other:
        taken.bind(("127.0.0.1", 0))
        other.bind(taken.getsockname())
        return taken.getsockname()[1]


def listens(port):
    """Whether a server accepts connections on the port."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def until(look, seconds=60.0, shown=lambda: "it did not come", every_s=0.02):
    """What ``look`` gives once it is true; a failure that says ``shown()`` after so many seconds."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, shown()
        time.sleep(every_s)
    return found
