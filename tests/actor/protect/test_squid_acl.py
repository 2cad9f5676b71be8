"""A real squid refuses what its lists name, and all below it, after each change; and the lists hold nothing else."""

import http.client
import http.server
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bavn.actor.protect.enforcers.squid_acl import ADDRESSES_FILE, NAMES_FILE, SquidAcl, addresses_text, names_text
from bavn.actor.protect.never import parents
from bavn.model.intel.indicator import Block
from bavn.model.observable import Observable
from bavn.model.ports import EnforcerDown
from tests.waiting import free_port

WAIT_S = 60


def blocks(*values):
    made = [Observable.address(v) if v[0].isdigit() or ":" in v else Observable.of("domain", v) for v in values]
    return [Block(one, "indicator--x", 1) for one in made]


class Answers(http.server.BaseHTTPRequestHandler):
    """Says hello to whoever asks."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, *_):
        pass


class Squid:
    """A squid with the two lists, whose names are all in a file of hosts and lead to one server on loopback."""

    def __init__(self, folder, names):
        self.origin = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        threading.Thread(target=self.origin.serve_forever, daemon=True).start()
        self.folder, self.port = folder, free_port()
        (folder / "hosts").write_text("".join(f"127.0.0.1 {name}\n" for name in names))
        self.config = folder / "squid.conf"
        self.config.write_text(f"""http_port 127.0.0.1:{self.port}
acl bavn_names dstdomain -n "{folder}/acl/{NAMES_FILE}"
acl bavn_addresses dst "{folder}/acl/{ADDRESSES_FILE}"
http_access deny bavn_names
http_access deny bavn_addresses
http_access allow all
hosts_file {folder}/hosts
cache deny all
pinger_enable off
pid_filename {folder}/squid.pid
visible_hostname proxy.x.lan
cache_log {folder}/cache.log
access_log none
shutdown_lifetime 1 seconds
""")
        program = shutil.which("squid", path="/usr/sbin:/usr/bin")
        self.acl = SquidAcl(folder / "acl", (program, "-f", str(self.config), "-k", "reconfigure"))
        self.program, self.process = program, None

    def start(self):
        self.process = subprocess.Popen(
            [self.program, "-N", "-f", str(self.config)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
        )
        self.until("good.example.com", 200)

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            self.process.wait(WAIT_S)
            self.process = None

    def status(self, name):
        proxy = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        host = f"[{name}]" if ":" in name else name
        try:
            proxy.request("GET", f"http://{host}:{self.origin.server_address[1]}/")
            return proxy.getresponse().status
        except OSError:
            return None
        finally:
            proxy.close()

    def until(self, name, status):
        end = time.monotonic() + WAIT_S
        while (found := self.status(name)) != status:
            assert time.monotonic() < end, (found, (self.folder / "cache.log").read_text()[-3000:])
            time.sleep(0.1)

    def close(self):
        self.stop()
        self.origin.shutdown()
        self.origin.server_close()


NAMES = ("evil.example.com", "c2.evil.example.com", "good.example.com", "notevil.example.com", "_x.example.org")


@pytest.fixture
def squid():
    with tempfile.TemporaryDirectory(prefix="bavn-squid-") as made:
        folder = Path(made)
        folder.chmod(0o777)  # squid drops to a user of its own
        served = Squid(folder, NAMES)
        try:
            yield served
        finally:
            served.close()


@pytest.mark.squid
@pytest.mark.slow
def test_a_running_squid_refuses_what_is_listed_after_each_change_and_nothing_else(squid) -> None:
    with pytest.raises(EnforcerDown, match="not told"):  # it does not run yet; the lists are there when it starts
        squid.acl.enforce(blocks("evil.example.com", "c2.evil.example.com"))
    squid.start()
    squid.acl.enforce(blocks("evil.example.com", "c2.evil.example.com"))
    for name in ("evil.example.com", "c2.evil.example.com", "evil.example.com."):
        squid.until(name, 403)
    assert [squid.status(name) for name in ("good.example.com", "notevil.example.com")] == [200, 200]
    squid.acl.enforce(blocks("_x.example.org"))
    squid.until("evil.example.com", 200)
    squid.until("_x.example.org", 403)
    squid.acl.enforce(blocks("127.0.0.1"))  # a name that leads to a listed address is refused, too
    squid.until("good.example.com", 403)
    squid.acl.enforce([])
    squid.until("good.example.com", 200)
    said = (squid.folder / "cache.log").read_text()
    assert "FATAL" not in said
    assert "subdomain" not in said


@pytest.mark.squid
@pytest.mark.slow
def test_a_squid_that_was_killed_starts_with_the_last_lists(squid) -> None:
    with pytest.raises(EnforcerDown):
        squid.acl.enforce([])
    squid.start()
    squid.acl.enforce(blocks("evil.example.com"))
    squid.until("evil.example.com", 403)
    squid.process.kill()
    squid.process.wait(WAIT_S)
    squid.start()
    assert squid.status("evil.example.com") == 403


def test_squid_is_told_once_and_again_where_that_failed(tmp_path) -> None:
    log = tmp_path / "told"
    script = f"import sys; open({str(log)!r}, 'a').write('x'); sys.exit(len(open({str(log)!r}).read()) == 1)"
    acl = SquidAcl(tmp_path / "acl", (sys.executable, "-c", script))
    with pytest.raises(EnforcerDown, match="exit code 1"):
        acl.enforce(blocks("evil.example.com"))
    for _ in range(3):
        acl.enforce(blocks("evil.example.com"))
    assert log.read_text() == "xx"
    acl.enforce(blocks("evil.example.com", "203.0.114.9"))
    assert log.read_text() == "xxx"
    assert (tmp_path / "acl" / ADDRESSES_FILE).read_bytes() == b"203.0.114.9\n"


@pytest.mark.parametrize("command", [("/nowhere/squid",), (sys.executable, "-c", "import sys; sys.exit('denied')")])
def test_a_squid_that_cannot_be_told_is_an_enforcer_that_is_down(tmp_path, command) -> None:
    with pytest.raises(EnforcerDown, match=r"cannot be run|denied"):
        SquidAcl(tmp_path, command).enforce([])


label = st.from_regex(r"\A[a-z0-9_]{1,8}\Z")
names = st.lists(st.lists(label, min_size=1, max_size=4).map(lambda parts: ".".join([*parts, "example", "com"])))


@given(names=names)
def test_the_lists_cover_exactly_what_is_wanted_and_no_line_covers_another(names) -> None:
    lines = names_text(names).decode().splitlines()
    listed = {line.removeprefix(".") for line in lines}
    assert len(listed) == len(lines)
    assert all(line.startswith(".") for line in lines)
    assert listed <= set(names)
    for name in names:
        assert len(({name, *parents(name)}) & listed) == 1


@given(st.lists(st.ip_addresses()))
def test_addresses_are_one_a_line(found) -> None:
    values = {Observable.address(str(one)).value for one in found if not getattr(one, "scope_id", None)}
    assert addresses_text(values).decode().splitlines() == sorted(values)
