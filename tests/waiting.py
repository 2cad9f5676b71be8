"""What tests wait for, within a bound, and a port on loopback that nobody has now."""

import socket
import time


def until(look, what="it did not come", *, within_s=120.0, every_s=0.02):
    """What `look` gives once it gives something true."""
    ends = time.monotonic() + within_s
    while not (found := look()):
        assert time.monotonic() < ends, what
        time.sleep(every_s)
    return found


def free_port() -> int:
    """A loopback port that is free for TCP and UDP now."""
    while True:
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            tcp.bind(("127.0.0.1", 0))
            try:
                udp.bind(tcp.getsockname())
            except OSError:
                continue
            return tcp.getsockname()[1]
