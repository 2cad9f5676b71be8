"""The egress test's own eyes: whatever strays from the node's network is seen twice, and what may be there is not."""

import contextlib
import socket
import subprocess
import sys

import pytest

pytestmark = [pytest.mark.netns, pytest.mark.slow]

LOOKUP = "import socket\ntry: socket.getaddrinfo('{name}', 443)\nexcept OSError: pass"


def call(where, kind=socket.SOCK_STREAM):
    family = socket.AF_INET6 if ":" in where[0] else socket.AF_INET
    with socket.socket(family, kind) as line, contextlib.suppress(BlockingIOError):
        line.setblocking(False)
        line.connect(where)
        if kind is socket.SOCK_DGRAM:
            line.send(b"?")


def look_up(cable, name):
    command = ["ip", "netns", "exec", cable.node, sys.executable, "-c", LOOKUP.format(name=name)]
    subprocess.run(command, check=True)


def test_every_way_out_is_seen(cable) -> None:
    strays = {
        "tcp 198.51.100.7:443": lambda: call(("198.51.100.7", 443)),
        "udp 198.51.100.53:53": lambda: look_up(cable, "updates.bavn-sektor.dk"),
        "udp 203.0.113.9:123": lambda: call(("203.0.113.9", 123), socket.SOCK_DGRAM),
        "tcp 198.18.7.1:443": lambda: call(("198.18.7.1", 443)),  # the centre's address, another port
        "udp 198.18.7.1:8443": lambda: call(("198.18.7.1", 8443), socket.SOCK_DGRAM),
        "tcp 2001:db8::7:443": lambda: call(("2001:db8::7", 443)),
    }
    assert cable.seen() == {}
    assert cable.counted("stray") == 0
    for done, (what, stray) in enumerate(strays.items(), 1):
        with cable.inside(cable.node):
            stray()
        assert what in cable.seen()
        assert cable.counted("stray") >= done
    assert set(cable.seen()) == set(strays)


def test_loopback_the_hosts_file_and_the_centre_are_no_strays(cable) -> None:
    look_up(cable, "centre.sektor.dk")
    with cable.inside(cable.node), socket.create_server(("127.0.0.1", 0)) as own:
        call(own.getsockname())
        call(("198.18.7.1", 8443))
        assert cable.listening() == []
    assert cable.seen() == {}
    assert cable.counted("stray") == 0
    assert cable.counted("centre") > 0


def test_an_open_door_is_seen(cable) -> None:
    with cable.inside(cable.node), contextlib.ExitStack() as open_:
        open_.enter_context(socket.create_server(("0.0.0.0", 8080)))
        open_.enter_context(socket.create_server(("::", 8081), family=socket.AF_INET6))
        open_.enter_context(socket.socket(type=socket.SOCK_DGRAM)).bind(("198.18.7.2", 5353))
        # Sockets are gone with the block; each is looked at while it stands.
        assert cable.listening() == ["tcp 0.0.0.0:8080", "tcp :::8081", "udp 198.18.7.2:5353"]
    assert cable.listening() == []
