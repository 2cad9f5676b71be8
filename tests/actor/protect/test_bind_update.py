"""A real BIND as the actor's own primary takes each change without a reload; what is not ours is never touched."""

import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.tsig
import dns.update
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bavn.actor.protect.carriers import carries
from bavn.actor.protect.enforcers.bind_update import UPDATE_BYTES_MAX, BindUpdate
from bavn.actor.protect.enforcers.zone_answers import key_of
from bavn.model.intel.indicator import Block
from bavn.model.observable import Observable
from bavn.model.ports import EnforcerDown
from tests.waiting import free_port

WAIT_S = 60
SECRET = "MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI="
KEY = key_of(f"bavn:hmac-sha256:{SECRET}")
ZONE = "rpz.bavn.example."
HEAD = "$TTL 60\n@ SOA localhost. nobody.invalid. 1 60 60 60 60\n@ NS localhost.\n"


def blocks(*names):
    return [Block(Observable.of("domain", name), "indicator--x", 1) for name in names]


def rcode(port, name):
    try:
        return dns.query.udp(dns.message.make_query(name, "A"), "127.0.0.1", port=port, timeout=2).rcode()
    except (OSError, dns.exception.Timeout):
        return None


class Bind:
    """A BIND with our policy zone, a zone of somebody's own, and a name to ask for."""

    def __init__(self, folder):
        self.folder, self.port, self.process = folder, free_port(), None
        for name, text in (
            ("rpz.zone", ""),
            ("theirs.zone", "www A 192.0.2.9\n@ MX 5 mail\n"),
            ("lan.zone", "* A 192.0.2.1\n"),
        ):
            (folder / name).write_text(HEAD + text)
        (folder / "named.conf").write_text(f"""
options {{ directory "{folder}"; pid-file none; session-keyfile none; listen-on port {self.port} {{ 127.0.0.1; }};
  listen-on-v6 {{ none; }}; recursion yes; dnssec-validation no; forwarders {{ }}; allow-query {{ any; }};
  response-policy {{ zone "{ZONE}"; }} qname-wait-recurse no min-update-interval 0; }};
controls {{ }};
key "bavn" {{ algorithm hmac-sha256; secret "{SECRET}"; }};
zone "{ZONE}" {{ type primary; file "rpz.zone"; allow-query {{ key bavn; }}; allow-transfer {{ key bavn; }};
  update-policy {{ grant bavn zonesub CNAME; }}; }};
zone "theirs.example" {{ type primary; file "theirs.zone"; allow-transfer {{ key bavn; }};
  update-policy {{ grant bavn zonesub ANY; }}; }};
zone "lan.example" {{ type primary; file "lan.zone"; }};
""")

    def start(self):
        program = shutil.which("named", path="/usr/sbin:/usr/bin")
        with (self.folder / "named.log").open("ab") as log:
            self.process = subprocess.Popen(
                [program, "-g", "-c", str(self.folder / "named.conf")], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        end = time.monotonic() + WAIT_S
        while rcode(self.port, "good.lan.example.") != dns.rcode.NOERROR:
            assert time.monotonic() < end, (self.folder / "named.log").read_text()[-3000:]
            time.sleep(0.1)

    def stop(self, how="terminate"):
        if self.process is not None:
            getattr(self.process, how)()
            self.process.wait(WAIT_S)
            self.process = None

    def refused(self, *names, last=None):
        """Of these; what it answers once that is ``last``, else what it answers now. named takes a change in a moment
        after it has said yes to it."""
        end = time.monotonic() + WAIT_S
        while (found := self._refused(names)) != last and last is not None and time.monotonic() < end:
            time.sleep(0.05)
        return found

    def _refused(self, names):
        return {name for name in names if rcode(self.port, f"{name}.lan.example.") == dns.rcode.NXDOMAIN}


@pytest.fixture
def bind():
    with tempfile.TemporaryDirectory(prefix="bavn-bind-") as made:
        folder = Path(made)
        folder.chmod(0o777)  # named may drop to a user of its own
        server = Bind(folder)
        server.start()
        try:
            yield server
        finally:
            server.stop()


def enforcer(bind, zone=ZONE, key=KEY):
    return BindUpdate(("127.0.0.1", bind.port), zone, key)


@pytest.mark.named
@pytest.mark.slow
def test_each_change_is_in_force_at_once_and_a_restart_keeps_it(bind) -> None:
    made = enforcer(bind)
    made.enforce(blocks("a.lan.example", "b.lan.example"))
    assert bind.refused("a", "x.a", "b", "good", last={"a", "x.a", "b"}) == {"a", "x.a", "b"}
    made.enforce(blocks("b.lan.example", "_c.lan.example"))
    assert bind.refused("a", "b", "_c", "y._c", "good", last={"b", "_c", "y._c"}) == {"b", "_c", "y._c"}
    assert made.still_true()
    for how in ("terminate", "kill"):
        bind.stop(how)
        with pytest.raises(EnforcerDown, match=r"127\.0\.0\.1"):
            made.still_true()
        bind.start()
        assert bind.refused("b", "_c", "good", last={"b", "_c"}) == {"b", "_c"}
        enforcer(bind).enforce(blocks("b.lan.example", "_c.lan.example"))
    enforcer(bind).enforce([])
    assert bind.refused("b", "_c", last=set()) == set()


@pytest.mark.named
@pytest.mark.slow
def test_what_somebody_changed_meanwhile_is_noticed_and_made_right(bind) -> None:
    made = enforcer(bind)
    made.enforce(blocks("a.lan.example"))
    theirs = dns.update.UpdateMessage(ZONE, keyring={KEY.name: KEY}, keyname=KEY.name, keyalgorithm=KEY.algorithm)
    theirs.delete("a.lan.example", "CNAME")
    theirs.add("good.lan.example", 60, "CNAME", ".")
    assert dns.query.tcp(theirs, "127.0.0.1", port=bind.port, timeout=5).rcode() == dns.rcode.NOERROR
    assert bind.refused("a", "good", last={"good"}) == {"good"}
    assert not made.still_true()
    made.enforce(blocks("a.lan.example"))
    assert bind.refused("a", "x.a", "good", last={"a", "x.a"}) == {"a", "x.a"}


@pytest.mark.named
@pytest.mark.slow
def test_a_zone_that_is_not_ours_alone_is_left_untouched(bind) -> None:
    with pytest.raises(EnforcerDown, match="zone of its own"):
        enforcer(bind, "theirs.example").enforce(blocks("a.lan.example"))
    asked = dns.message.make_query("www.theirs.example", "A")
    assert dns.query.udp(asked, "127.0.0.1", port=bind.port, timeout=5).answer


@pytest.mark.named
@pytest.mark.slow
@pytest.mark.parametrize(
    ("zone", "key", "said"),
    [
        (ZONE, key_of("bavn:hmac-sha256:" + "b3RoZXIh" * 4), "127"),
        (ZONE, key_of(f"other:hmac-sha256:{SECRET}"), "127"),
        ("nowhere.example.", KEY, "no primary"),
    ],
)
def test_a_wrong_key_or_zone_is_an_enforcer_that_is_down(bind, zone, key, said) -> None:
    with pytest.raises(EnforcerDown, match=said):
        enforcer(bind, zone, key).enforce(blocks("a.lan.example"))


@pytest.mark.named
@pytest.mark.slow
def test_many_names_are_many_messages_and_all_are_in_force(bind) -> None:
    many = [f"n{n}.{'y' * 50}.lan.example" for n in range(3000)]
    assert sum(map(len, many)) > UPDATE_BYTES_MAX
    made = enforcer(bind)
    made.enforce(blocks(*many))
    assert bind.refused(*(name.removesuffix(".lan.example") for name in many[::500])) == {
        name.removesuffix(".lan.example") for name in many[::500]
    }
    assert enforcer(bind)._fetched() == {owner for name in many for owner in (name, f"*.{name}")}
    made.enforce(blocks(many[0]))
    assert enforcer(bind)._fetched() == {many[0], f"*.{many[0]}"}


@pytest.mark.slow
def test_nobody_there_is_an_enforcer_that_is_down() -> None:
    started = time.monotonic()
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        for port in (deaf.getsockname()[1], free_port()):
            with pytest.raises(EnforcerDown, match=str(port)):
                BindUpdate(("127.0.0.1", port), ZONE, KEY).enforce(blocks("a.lan.example"))
    assert time.monotonic() - started < 10


names = st.lists(st.from_regex(r"\A[a-z0-9_]{1,20}(\.[a-z0-9]{1,10}){1,3}\Z"), max_size=8).map(
    lambda found: [name for name in found if not name.rpartition(".")[2].isdigit()]
)


@given(before=names, after=names)
def test_the_difference_makes_exactly_the_wanted_owners(before, after) -> None:
    made = BindUpdate(("127.0.0.1", 1), ZONE, KEY)
    there = {owner for name in before for owner in (name, f"*.{name}")}
    wanted = {owner for name in after for owner in (name, f"*.{name}")}
    origin = dns.name.from_text(ZONE)
    for update in made._updates(sorted(there - wanted), sorted(wanted - there)):
        read = dns.message.from_wire(update.to_wire(), keyring={KEY.name: KEY})
        for change in read.sections[2]:
            owner = change.name.relativize(origin).to_text()
            if change.deleting is not None:
                there.remove(owner)
            else:
                assert [str(one) for one in change] == ["CNAME ."] or [one.to_text() for one in change] == ["."]
                there.add(owner)
    assert there == wanted


@pytest.mark.parametrize(
    "name", ["0.0.0.0.0.rpz-ip", "32.1.0.0.127.rpz-client-ip", "com.rpz-nsdname", "x.rpz-passthru"]
)
def test_a_name_that_a_policy_zone_reads_as_a_trigger_is_not_carried(name) -> None:
    made = BindUpdate(("127.0.0.1", 1), ZONE, KEY)
    assert not carries(made, Observable.of("domain", name))
    assert carries(made, Observable.of("domain", "rpz-ip.example.com"))


def test_a_name_without_room_is_not_carried() -> None:
    made = BindUpdate(("127.0.0.1", 1), ZONE, KEY)
    label = "x" * 60
    long = ".".join([label] * 3 + ["y" * 40])
    assert len(long) + 2 + len(ZONE) <= 253
    assert carries(made, Observable.of("domain", long))
    assert not carries(made, Observable.of("domain", long + 10 * "y" + ".y"))
