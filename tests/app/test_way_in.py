"""From nothing to protected by one command: guard, listen and watch against a centre over real TLS."""

import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import dns.rcode
import pytest
from typer.testing import CliRunner

from bavn.app.cli.node import run
from bavn.app.cli.node.main import app
from bavn.app.config.load import read_node
from bavn.app.fit.way_in import WayIn, configured
from bavn.app.node.known_lists import file_name
from bavn.app.node.parts import build
from bavn.app.process.exits import Exit, Stop
from bavn.model.moment import DAY_US
from bavn.model.ports import LinkDown
from bavn.wire.messages.catalogue import IndicatorReleased, IndicatorWithdrawn
from bavn.wire.partners.stix_indicator import bundle_of
from bavn.wire.safe import Safe
from tests.actor.protect.conftest import indicator as made_indicator
from tests.app.key_holding import known_to_a_key_holder
from tests.app.waiting import free_port

from . import lean

WAIT_S = 120
RSS_MB_MAX = 120
"""Of a guard's own process."""
IDENTITY = "identity--5a4c9f6e-2a63-4b7c-9d7e-0f3a1c2b4d5e"


def indicator(value, n):
    now_us = time.time_ns() // 1000
    times = {"version": now_us, "valid_from_us": now_us, "valid_until_us": now_us + DAY_US}
    made = made_indicator(value, "ip4" if value[0].isdigit() else "domain", n, **times)
    return made, IndicatorReleased(bundle=bundle_of(made, created_by=IDENTITY, created_us=now_us))


def rcode(port, name):
    try:
        return dns.query.udp(dns.message.make_query(name, "A"), "127.0.0.1", port=port, timeout=2).rcode()
    except (OSError, dns.exception.Timeout):
        return None


def memory_mb(pid, field):
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) >> 10 for line in lines if line.startswith(field))


class Guarded:
    """A guard's process, ended with its resolver."""

    def __init__(self, folder, stand, lists, token, words, resolver=0, actor="region-a"):
        self.folder, self.resolver, self.lists = folder, resolver, lists
        way, *more = words
        words = [way, "--actor", actor, "--centre", stand.url, "--pin", stand.centre.authority.fingerprint]
        words += ["--lists", f"127.0.0.1:{lists}", *more]
        run = "import sys; from bavn.app.cli.main import main; sys.argv = ['bavn', 'node', *sys.argv[1:]]; main()"
        self.lacks = ("node", "centre") if way == "guard" else ("centre",)
        self.process = subprocess.Popen(
            [*lean.command(run, *self.lacks), *words],
            cwd=folder,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=os.environ | {"BAVN_TOKEN": token, "BAVN_LOG": "ERROR"},
        )
        said = [self.process.stdout.readline() for _ in range(1 + bool(token))]
        assert "is up, in the sector of" in said[-1], said

    def command(self, *words):
        """What another command says beside it, in the same installation."""
        run = "from bavn.app.cli.main import main; main()"
        done = subprocess.run(
            [*lean.command(run, *self.lacks), "node", *words],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def list(self, name):
        """None while nobody serves it yet."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.lists}/{name}", timeout=5) as got:
                return got.read().decode()
        except urllib.error.URLError:
            return None

    def until(self, look):
        end = time.monotonic() + WAIT_S
        while not (found := look()):
            assert time.monotonic() < end, "it did not come"
            assert self.process.poll() is None, self.process.stdout.read()
            time.sleep(0.1)
        return found

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        self.process.wait(WAIT_S)
        self.process.stdout.close()


@pytest.fixture
def guarding(tmp_path_factory, stand):
    started = []
    folder = tmp_path_factory.mktemp("g")
    resolver, lists = free_port(), free_port()

    def start(token=""):
        words = ["guard", "--listen", f"127.0.0.1@{resolver}", "--upstream", "127.0.0.1@9"]
        started.append(Guarded(folder, stand, lists, token, words, resolver))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.end(signal.SIGKILL)
    pid = folder / "data/unbound/unbound.pid"
    if pid.exists():
        os.kill(int(pid.read_text()), signal.SIGTERM)


@pytest.mark.unbound
@pytest.mark.slow
def test_one_command_protects_an_actor_without_anything_and_its_hits_come_back(guarding, stand, capsys) -> None:
    guard = guarding(stand.centre.enrolment.invite("region-a"))
    assert rcode(guard.resolver, "evil-c2.com.") != dns.rcode.NXDOMAIN
    name, released = indicator("evil-c2.com", 1)
    stand.centre.say("region-a", released)
    second, released = indicator("203.0.114.9", 2)
    stand.centre.say("region-a", released)
    guard.until(lambda: rcode(guard.resolver, "evil-c2.com.") == dns.rcode.NXDOMAIN)
    guard.until(lambda: rcode(guard.resolver, "x.evil-c2.com.") == dns.rcode.NXDOMAIN)
    guard.until(lambda: guard.list("ip.txt") == "203.0.114.9\n")
    assert guard.list("domain.txt") == "evil-c2.com\n"
    heard = []

    def told(kind):
        heard.extend(taken.heard for taken in stand.centre.inbox.take())
        return [one for one in heard if type(one).__name__ == kind]

    guard.until(lambda: {"enforced"} <= {one.state for one in told("BlockReceipt") if one.indicator_id == name.id})
    guard.until(lambda: told("NodeHealth"))
    assert "The node is well." in guard.command("health")[1]
    guard.until(lambda: [one for one in told("Observed") if (one.indicator_id, one.kind) == (name.id, "blocked")])
    used = {field: memory_mb(guard.process.pid, field) for field in ("VmRSS", "VmHWM")}
    resolver = memory_mb(int((guard.folder / "data/unbound/unbound.pid").read_text()), "VmRSS")
    with capsys.disabled():
        print(f"\nguard: {used['VmRSS']} MB resident ({used['VmHWM']} at most), resolver {resolver} MB")
    assert used["VmRSS"] <= RSS_MB_MAX
    loaded = Path(f"/proc/{guard.process.pid}/maps").read_text()
    for library in ("/_duckdb", "/pyarrow/", "/numpy/", "/llvmlite/"):
        assert library not in loaded, "it has no history to ask and nothing to join"
    guard.end(signal.SIGKILL)
    assert rcode(guard.resolver, "evil-c2.com.") == dns.rcode.NXDOMAIN  # a crash leaves the clinic its resolver
    again = guarding()  # the same command once more: no token, nothing to write, only to run
    again.until(lambda: again.list("domain.txt") == "evil-c2.com\n")
    assert guard.command("lift", second.id)[0] == Exit.OK
    again.until(lambda: again.list("ip.txt") == "")
    stand.centre.say("region-a", IndicatorWithdrawn(indicator_id=name.id, version=name.version))
    again.until(lambda: rcode(again.resolver, "evil-c2.com.") != dns.rcode.NXDOMAIN)
    again.end()
    assert rcode(again.resolver, "evil-c2.com.") is None, "who is told to end ends it"


@pytest.fixture
def watching(stand):
    started, lists = [], free_port()

    def start(folder, token, *words):
        started.append(Guarded(folder, stand, lists, token, words))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.end(signal.SIGKILL)


def observed(stand, heard, released):
    heard.extend(taken.heard for taken in stand.centre.inbox.take())
    return [one for one in heard if type(one).__name__ == "Observed" and one.indicator_id == released.id]


@pytest.mark.slow
def test_one_command_listens_to_logs_and_finds_what_was_there_before_the_indicator(
    watching, stand, tmp_path, capsys
) -> None:
    port, home = free_port(), tmp_path / "node"
    home.mkdir()
    known_to_a_key_holder(home / "data", "region-a")
    words = ["listen", "--syslog", f"127.0.0.1:{port}", "--home", "10.0.0.0/8", "--keyholder", "https://127.0.0.1:1"]
    node = watching(home, stand.centre.enrolment.invite("region-a"), *words)
    stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    line = f"<30>1 {stamp} ns unbound 812 - - [812:0] info: 10.0.0.7 evil-c2.com. A IN"
    with socket.socket(type=socket.SOCK_DGRAM) as sender:
        for _ in range(20):
            sender.sendto(line.encode(), ("127.0.0.1", port))
    spool = home / "data"
    node.until(lambda: any(spool.rglob("*.parquet")))
    name, released = indicator("evil-c2.com", 1)
    stand.centre.say("region-a", released)
    heard = []
    node.until(lambda: observed(stand, heard, name))
    assert {one.kind for one in observed(stand, heard, name)} <= {"seen", "retro"}
    node.until(lambda: node.list("domain.txt") == "evil-c2.com\n")
    node.until(lambda: [file.name for file in spool.glob("known-*")] == [file_name(whole=True)])  # detectors ask a file
    used = {field: memory_mb(node.process.pid, field) for field in ("VmRSS", "VmHWM", "RssAnon")}
    with capsys.disabled():
        print(f"\nlistener: {used}")
    node.end()
    again = watching(home, "", "listen")  # what was written holds
    again.until(lambda: again.list("domain.txt") == "evil-c2.com\n")


def words_of(way, **more):
    return WayIn(way=way, actor="klinik", centre_url="https://centre.example:8443", lists="127.0.0.1:8480", **more)


def test_what_listens_and_what_watches_is_written_as_it_was_asked_for(tmp_path) -> None:
    heard = configured(
        tmp_path / "listen.toml",
        words_of(
            "listen",
            keyholders=["https://holder.example:8444"],
            homes=["10.9.0.0/16"],
            sense={"syslog_udp_listen": "10.9.0.2:514", "log_files": ["squid:/var/log/squid/access.log"]},
        ),
    )
    assert (heard.node.keyholder_urls, heard.node.keyholders_k) == (("https://holder.example:8444",), 1)
    assert heard.node.homes == ("10.9.0.0/16",)
    assert heard.sense.syslog_udp_listen == "10.9.0.2:514"
    assert heard.sense.log_files == ("squid:/var/log/squid/access.log",)
    assert heard.enforce.resolver_listen == ()
    seen = configured(
        tmp_path / "watch.toml",
        words_of("watch", sense={"suricata_interface": "eth1"}, listen=["127.0.0.1@53"], upstreams=["192.0.2.53@53"]),
    )
    assert seen.sense.suricata_interface == "eth1"
    assert seen.enforce.resolver_upstreams == ("192.0.2.53@53",)
    with pytest.raises(Stop, match="watches; start it with"):
        configured(tmp_path / "watch.toml", words_of("guard"))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (words_of("listen"), "one of --syslog"),
        (words_of("watch", sense={"syslog_udp_listen": "10.9.0.2:514"}), "one of --interface, --eve, --zeek"),
        (words_of("listen", sense={"netflow_listen": "10.9.0.2:2055"}, listen=["127.0.0.1@53"]), "--upstream"),
        (words_of("listen", sense={"netflow_listen": "10.9.0.2:2055"}, homes=["10.9"]), "homes"),
    ],
)
def test_a_way_in_without_what_it_needs_is_one_clear_error(tmp_path, asked, said) -> None:
    with pytest.raises(Stop, match=said) as stopped:
        configured(tmp_path / "node.toml", asked)
    assert stopped.value.code is Exit.USAGE
    assert list(tmp_path.iterdir()) == []


def test_who_is_unknown_to_the_key_holder_is_told_what_to_give(tmp_path, stand) -> None:
    words = ["listen", "--config", str(tmp_path / "node.toml"), "--actor", "region-a", "--netflow", "127.0.0.1:0"]
    words += ["--keyholder", "https://127.0.0.1:1", "--centre", stand.url, "--pin", stand.centre.authority.fingerprint]
    done = CliRunner().invoke(app, [*words, "--token", stand.centre.enrolment.invite("region-a")])
    assert isinstance(done.exception, Stop), done.output
    assert "--keyholder-pin and --keyholder-token" in str(done.exception)


class Holders:
    """What enrols in place of the real: numbers in ``down`` do not answer."""

    def __init__(self, config):
        self.config, self.down, self.asked, self.ran = config, set(), [], 0

    def enrol(self, pin, token, config, keyholder, holder=0):
        self.asked.append((holder, pin, token, keyholder))
        if holder in self.down:
            raise LinkDown("it does not answer")
        folder = read_node(config).folder / f"keys-keyholder-{holder}"
        folder.mkdir(parents=True)
        for name in ("certificate.pem", "tls.key.pem", "authority.pem"):
            (folder / name).touch()

    def run(self, config):
        self.ran += 1


@pytest.fixture
def several(tmp_path, monkeypatch):
    """Runs `node listen` with three key holders, one pin and token for each of ``given``."""
    holders = Holders(tmp_path / "node.toml")
    monkeypatch.setattr(Safe, "enrolled", property(lambda safe: safe.certificate.exists()))
    monkeypatch.setattr(run, "enrol", holders.enrol)
    monkeypatch.setattr(run, "run", holders.run)

    def listen(given, way="listen"):
        words = [way, "--config", str(holders.config), "--actor", "region-a", "--netflow", "127.0.0.1:0"]
        words += ["--eve", "eve.json"] if way == "watch" else []
        for number in (1, 2, 3):
            words += ["--keyholder", f"https://keys-{number}.example:8444"]
        for number in given:
            words += ["--keyholder-pin", f"pin-{number}", "--keyholder-token", f"token-{number}"]
        return CliRunner().invoke(app, words)

    return holders, listen


@pytest.mark.parametrize("way", ["listen", "watch"])
def test_a_node_enrols_at_each_of_several_key_holders_and_once(several, way) -> None:
    holders, listen = several
    done = listen((1, 2, 3), way)
    assert done.exit_code == 0, done.output
    assert holders.asked == [(number, f"pin-{number}", f"token-{number}", True) for number in (1, 2, 3)]
    given = read_node(holders.config).node
    assert (given.keyholder_urls[2], given.keyholders_k) == ("https://keys-3.example:8444", 2)
    assert listen((), way).exit_code == 0
    assert (len(holders.asked), holders.ran) == (3, 2)


def test_one_key_holder_that_is_away_holds_nothing_up_and_two_do(several) -> None:
    holders, listen = several
    holders.down = {2, 3}
    assert isinstance(listen((1, 2, 3)).exception, LinkDown)
    assert holders.ran == 0
    holders.down = {2}
    done = listen((1, 2, 3))
    assert (done.exit_code, holders.ran) == (0, 1)
    assert "key holder 2 does not take this node in: it does not answer" in done.output
    holders.down = set()
    assert listen((1, 2, 3)).exit_code == 0
    assert [asked[0] for asked in holders.asked] == [1, 2, 3, 2, 3, 2]


def test_without_their_pins_it_is_said_how_many_key_holders_are_needed(several) -> None:
    holders, listen = several
    done = listen((1,))
    assert isinstance(done.exception, Stop), done.output
    assert "known to 1 of 3 key holders, and 2 are needed" in str(done.exception)
    assert holders.ran == 0


def asked(**more):
    return WayIn(actor="klinik", upstreams=["192.0.2.53@53"], listen=["127.0.0.1@5353"], **more)


def test_the_configuration_is_written_once_and_is_what_was_asked_for(tmp_path) -> None:
    file = tmp_path / "here" / "node.toml"
    made = configured(
        file, asked(centre_url="https://centre.example:8443", clients=["10.0.0.0/8"], lists="10.1.2.3:8480")
    )
    assert (made.node.actor, made.node.centre_url) == ("klinik", "https://centre.example:8443")
    assert made.enforce.resolver_listen == ("127.0.0.1@5353",)
    assert made.enforce.resolver_upstreams == ("192.0.2.53@53",)
    assert made.enforce.resolver_clients == ("10.0.0.0/8",)
    assert (made.enforce.list_folder, made.enforce.list_listen) == ("lists", "10.1.2.3:8480")
    assert file.stat().st_mode & 0o077 == 0
    before = file.read_bytes()
    assert configured(file, WayIn(actor="other", upstreams=["192.0.2.54@53"])) == made
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (WayIn(actor="", upstreams=["192.0.2.53@53"]), "--actor"),
        (WayIn(actor="klinik"), "--upstream"),
        (WayIn(actor="K L", upstreams=["192.0.2.53@53"]), "actor must be"),
        (WayIn(actor='x"\n[sense]\neve_file = "y', upstreams=["192.0.2.53@53"]), "actor must be"),
    ],
)
def test_what_is_missing_or_wrong_is_one_clear_error_and_nothing_is_written(tmp_path, given, said) -> None:
    with pytest.raises(Stop, match=said) as stopped:
        configured(tmp_path / "node.toml", given)
    assert stopped.value.code is Exit.USAGE
    assert list(tmp_path.iterdir()) == []


def test_a_node_that_watches_is_no_guard(tmp_path) -> None:
    file = tmp_path / "node.toml"
    file.write_text('[node]\nactor = "klinik"\n[sense]\neve_file = "eve.json"\n[enforce]\nlist_folder = "lists"\n')
    with pytest.raises(Stop, match="bavn node run"):
        configured(file, asked())
    file.write_text('[node]\nactor = "klinik"\n')
    with pytest.raises(Stop, match="nothing to guard with"):
        configured(file, asked())


def test_who_is_no_member_yet_is_told_what_to_give(tmp_path) -> None:
    words = ["guard", "--config", str(tmp_path / "node.toml"), "--actor", "klinik", "--upstream", "192.0.2.53@53"]
    done = CliRunner().invoke(app, [*words, "--centre", "https://127.0.0.1:1"])
    assert isinstance(done.exception, Stop), done.output
    assert "--pin and --token" in str(done.exception)


def test_a_guard_needs_no_key_holder_and_who_watches_does(tmp_path, stand) -> None:
    file = tmp_path / "node.toml"
    file.write_text(f'[node]\nactor = "region-a"\ncentre_url = "{stand.url}"\n[enforce]\nlist_folder = "lists"\n')
    safe = stand.enrol("region-a")
    safe.folder.rename(tmp_path / "keys")
    (tmp_path / "data").mkdir()
    (tmp_path / "keys").rename(tmp_path / "data" / "keys")
    build(read_node(file)).close()
    (tmp_path / "eve.json").write_text(json.dumps({}) + "\n")
    file.write_text(file.read_text() + '[sense]\neve_file = "eve.json"\n')
    with pytest.raises(Stop, match="keyholder_urls is empty"):
        build(read_node(file))
