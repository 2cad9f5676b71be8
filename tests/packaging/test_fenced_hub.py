"""A hub under the system calls that its unit allows, and no other: it comes up, listens, and ends when told to."""

import ctypes.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from bavn.app.process.real import SystemClock, SystemDice
from bavn.centre.members.authority import Authority, key_pem, new_key
from bavn.model.sector.member import Peer, PeerRole
from bavn.wire.safe import Safe

ROOT = Path(__file__).resolve().parents[2]
UNIT = ROOT / "packaging/systemd/bavn-hub.service"
FENCE = textwrap.dedent("""\
    import ctypes, os, sys
    library = ctypes.CDLL("libseccomp.so.2")
    library.seccomp_init.restype = ctypes.c_void_p
    fence = ctypes.c_void_p(library.seccomp_init(0x00050001))  # any other call is answered with EPERM
    for name in sys.argv[1].split(","):
        number = library.seccomp_syscall_resolve_name(name.encode())
        if number >= 0:
            assert library.seccomp_rule_add(fence, 0x7FFF0000, number, 0) == 0, name
    assert library.seccomp_load(fence) == 0
    os.execvp(sys.argv[2], sys.argv[2:])
""")
pytestmark = pytest.mark.skipif(
    not (shutil.which("systemd-analyze") and ctypes.util.find_library("seccomp")),
    reason="systemd-analyze (package systemd) or libseccomp is not installed",
)


def calls_of(group):
    """The calls of one of systemd's groups, with those of the groups inside it."""
    done = subprocess.run(["systemd-analyze", "syscall-filter", group], capture_output=True, text=True, check=True)
    names = [line.strip() for line in done.stdout.splitlines()[1:] if not line.strip().startswith("#")]
    found = set()
    for name in filter(None, names):
        found |= calls_of(name) if name.startswith("@") else {name}
    return found


def allowed():
    """What the unit's lines leave, read in their order as systemd does."""
    found = calls_of("@default")
    for line in UNIT.read_text().splitlines():
        if line.startswith("SystemCallFilter="):
            words = line.removeprefix("SystemCallFilter=")
            calls = set().union(*(calls_of(word) for word in words.lstrip("~").split()))
            found = found - calls if words.startswith("~") else found | calls
    return found


def fenced(*command):
    return [sys.executable, "-c", FENCE, ",".join(sorted(allowed())), *command]


def test_the_fence_of_the_test_is_the_units() -> None:
    """What sets capabilities is refused, as under the unit: setpriv does, whatever it is asked for."""
    assert "capset" not in allowed()
    assert subprocess.run(fenced("true"), check=False).returncode == 0
    done = subprocess.run(fenced("setpriv", "--pdeathsig", "TERM", "true"), capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "not permitted" in done.stderr


@pytest.mark.slow
def test_a_hub_comes_up_inside_its_units_fence_and_ends_with_its_server(tmp_path) -> None:
    dice, now_us = SystemDice(), SystemClock().now_us()
    authority, key, safe = Authority.make("sundhed", now_us, dice), new_key(dice), Safe(tmp_path / "north")
    client = authority.certify(Peer(PeerRole.HUB, "north"), key.public_key(), now_us, dice)
    server = authority.certify_server(["127.0.0.1"], key.public_key(), now_us, dice)
    safe.write("authority.pem", authority.pem)
    safe.write("hub.key.pem", key_pem(key).decode())
    safe.write("client.pem", client.public_bytes(Encoding.PEM).decode())
    safe.write("server.pem", server.public_bytes(Encoding.PEM).decode())
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    (tmp_path / "hub.toml").write_text(
        f'[hub]\nname = "north"\nfolder = "north"\nlisten = "127.0.0.1:{port}"\ncentre = "127.0.0.1:9"\n'
        'actors = ["region-a"]\n'
    )
    hub = subprocess.Popen(
        fenced(sys.executable, "-m", "bavn.app.cli", "hub", "run", "--config", str(tmp_path / "hub.toml")),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        line = hub.stdout.readline()
        assert line, hub.stderr.read()
        pid = json.loads(line)["pid"]
        assert Path(f"/proc/{pid}/comm").read_text().strip() == "nats-server"
        assert "Seccomp:\t2" in Path(f"/proc/{pid}/status").read_text(), "the fence holds for the server, too"
        socket.create_connection(("127.0.0.1", port), 5).close()
        hub.send_signal(signal.SIGTERM)
        assert hub.wait(30) == 0
        assert not Path(f"/proc/{pid}").exists()
    finally:
        if hub.poll() is None:
            hub.kill()
        hub.communicate()
