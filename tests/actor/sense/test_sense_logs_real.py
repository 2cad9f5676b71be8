"""What the real programs write is what the formats read: unbound, BIND, dnsmasq, squid, logger, on loopback."""

import contextlib
import http.client
import http.server
import shutil
import subprocess
import tempfile
import threading
import time
from datetime import UTC
from pathlib import Path

import dns.message
import dns.query
import pytest

from bavn.actor.sense.logs.files import FollowedLog
from bavn.actor.sense.open_path import open_path
from bavn.actor.sense.recognise import recognise
from bavn.actor.sense.syslog.admission import SyslogSettings
from bavn.actor.sense.syslog.receiver import SyslogAddresses, SyslogReceiver, SyslogTiming
from bavn.actor.sense.syslog.sockets import TCP, UDP
from bavn.model.record import address_text
from tests.waiting import free_port

pytestmark = pytest.mark.slow
WAIT_S = 30


@contextlib.contextmanager
def running(*command):
    """A program in the foreground; stopped again whatever happens."""
    command = (shutil.which(command[0], path="/usr/sbin:/usr/bin"), *map(str, command[1:]))
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        process.terminate()
        said, _ = process.communicate(timeout=WAIT_S)
        print(said.decode(errors="replace")[-3000:])


def until(look):
    end = time.monotonic() + WAIT_S
    while True:
        with contextlib.suppress(OSError, dns.exception.Timeout):
            if found := look():
                return found
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.1)


def ask(port, name, kind="A", over=dns.query.udp):
    return over(dns.message.make_query(name, kind), "127.0.0.1", port=port, timeout=1)


def found_in(path, engine, wanted):
    """Rows of a log by table, once it has the wanted text; recognised without being told, and followed."""
    until(lambda: all(text in path.read_text() for text in wanted))
    assert recognise(path).kind == "log"
    source = FollowedLog(name="l", sensor="s", path=path, now_us=now_us, engine=engine, gather_s=0)
    tables = {}
    for batch in source.poll():
        assert batch.refused == 0, batch.refusals
        for record, table in batch.tables.items():
            tables.setdefault(record, []).extend(table.to_pylist())
    source.close()
    whole = open_path(path, sensor="s", work=path.parent, homes=("10.0.0.0/8",), engine=engine)
    read_whole = sum(batch.rows for batch in whole)
    assert read_whole == sum(map(len, tables.values()))
    return tables


def now_us():
    return time.time_ns() // 1000


def told(rows):
    return [(row["rrname"], row["rrtype"], row["answered"], row["rcode"]) for row in rows]


def lately(row):
    return abs(row["ts"].replace(tzinfo=UTC).timestamp() - time.time()) < 86400


@pytest.mark.unbound
def test_unbound_s_queries_replies_and_local_actions(tmp_path, engine) -> None:
    port, log = free_port(), tmp_path / "unbound.log"
    (tmp_path / "unbound.conf").write_text(f"""server:
 directory: "{tmp_path}"
 chroot: ""
 username: ""
 pidfile: "{tmp_path}/pid"
 interface: 127.0.0.1@{port}
 logfile: "{log}"
 use-syslog: no
 log-queries: yes
 log-replies: yes
 log-local-actions: yes
 log-destaddr: yes
 local-zone: "x.lan." static
 local-data: "www.x.lan. A 192.0.2.1"
 local-zone: "evil.lan." always_nxdomain
remote-control:
 control-enable: no
""")
    with running("unbound", "-d", "-c", tmp_path / "unbound.conf"):
        until(lambda: ask(port, "www.x.lan"))
        ask(port, "a.evil.lan", over=dns.query.tcp)
        tables = found_in(log, engine, ["a.evil.lan"])
    rows = tables["dns"]
    assert ("www.x.lan", "A", False, None) in told(rows)
    assert ("www.x.lan", "A", True, "NOERROR") in told(rows)
    assert ("a.evil.lan", "A", True, "NXDOMAIN") in told(rows)
    assert {address_text(row["src"]) for row in rows} == {"127.0.0.1"}
    assert {address_text(row["dst"]) for row in rows} <= {"127.0.0.1", "::"}
    assert all(map(lately, rows))


@pytest.mark.named
def test_bind_s_queries_responses_and_rewrites(tmp_path, engine) -> None:
    port, log = free_port(), tmp_path / "named.log"
    zone = "$TTL 60\n@ SOA ns.x.lan. h.x.lan. 1 60 60 60 60\n@ NS ns.x.lan.\n"
    (tmp_path / "x.zone").write_text(zone + "ns A 127.0.0.1\nwww A 192.0.2.1\nbad A 192.0.2.2\n")
    (tmp_path / "rpz.zone").write_text(zone + "bad.x.lan CNAME .\n")
    (tmp_path / "named.conf").write_text(f"""options {{
 directory "{tmp_path}"; pid-file "{tmp_path}/pid"; session-keyfile "{tmp_path}/session.key";
 listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; recursion no; dnssec-validation no;
 querylog yes; responselog yes; response-policy {{ zone "rpz.lan"; }} recursive-only no qname-wait-recurse no;
 dnstap {{ auth; client; }}; dnstap-output file "{tmp_path}/tap";
}};
controls {{ }};
logging {{ channel q {{ file "{log}"; print-time yes; print-category yes; print-severity yes; severity info; }};
 category default {{ q; }}; category queries {{ q; }}; category responses {{ q; }}; category rpz {{ q; }}; }};
zone "x.lan" {{ type primary; file "x.zone"; }};
zone "rpz.lan" {{ type primary; file "rpz.zone"; }};
""")
    with running("named", "-f", "-c", tmp_path / "named.conf"):
        until(lambda: ask(port, "www.x.lan"))
        ask(port, "nx.x.lan", over=dns.query.tcp)
        ask(port, "bad.x.lan", "AAAA")
        tables = found_in(log, engine, ["rewrite bad.x.lan", "response: bad.x.lan"])
    rows = tables["dns"]
    assert ("www.x.lan", "A", False, None) in told(rows)
    assert ("www.x.lan", "A", True, "NOERROR") in told(rows)
    assert ("nx.x.lan", "A", True, "NXDOMAIN") in told(rows)
    assert ("bad.x.lan", "AAAA", True, "NXDOMAIN") in told(rows)
    assert {row["proto"] for row in rows if row["rrname"] == "nx.x.lan" and not row["answered"]} == {"tcp"}
    assert all(row["src_port"] > 0 for row in rows)
    tapped = [
        row
        for batch in open_path(tmp_path / "tap", sensor="s", work=tmp_path, homes=("10.0.0.0/8",), engine=engine)
        for row in batch.tables["dns"].to_pylist()
    ]
    assert ("www.x.lan", "A", False, None) in told(tapped)
    assert ("nx.x.lan", "A", True, "NXDOMAIN") in told(tapped)
    assert ["192.0.2.1"] in [row["answers"] for row in tapped]
    assert {(address_text(row["src"]), address_text(row["dst"]), row["dst_port"]) for row in tapped} == {
        ("127.0.0.1", "127.0.0.1", port)
    }


@pytest.mark.dnsmasq
@pytest.mark.parametrize("extra", [False, True])
def test_dnsmasq_s_queries_and_folded_answers(tmp_path, engine, extra) -> None:
    port, log = free_port(), tmp_path / "dnsmasq.log"
    words = (
        "--keep-in-foreground",
        "--no-resolv",
        "--no-hosts",
        "--conf-file=/dev/null",
        f"--port={port}",
        "--listen-address=127.0.0.1",
        "--bind-interfaces",
        f"--log-facility={log}",
        "--user=",
        "--group=",
        "--address=/www.x.lan/192.0.2.1",
        "--address=/evil.lan/",
        f"--pid-file={tmp_path}/pid",
        "--log-queries=extra" if extra else "--log-queries",
    )
    with running("dnsmasq", *words):
        until(lambda: ask(port, "www.x.lan"))
        ask(port, "a.evil.lan")
        tables = found_in(log, engine, ["a.evil.lan is NXDOMAIN"])
    rows = tables["dns"]
    assert ("www.x.lan", "A", True, "NOERROR") in told(rows)
    assert ("a.evil.lan", "A", True, "NXDOMAIN") in told(rows)
    assert ["192.0.2.1"] in [row["answers"] for row in rows if row["rrname"] == "www.x.lan"]
    assert {row["src_port"] > 0 for row in rows} == {extra}


@pytest.mark.squid
def test_squid_s_requests_and_tunnels(engine) -> None:
    origin = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
    serving = threading.Thread(target=origin.serve_forever)
    serving.start()
    folder = Path(tempfile.mkdtemp(prefix="bavn-squid-"))
    folder.chmod(0o777)  # squid drops to a user of its own
    port, log, there = free_port(), folder / "access.log", origin.server_address[1]
    (folder / "squid.conf").write_text(f"""http_port 127.0.0.1:{port}
http_access allow all
cache deny all
pinger_enable off
pid_filename none
strip_query_terms off
visible_hostname proxy.x.lan
cache_log {folder}/cache.log
logformat up %ts.%03tu %6tr %>a %Ss/%03>Hs %<st %rm %ru %[un %Sh/%<a %mt %>st
access_log stdio:{log} up
shutdown_lifetime 1 seconds
""")
    try:
        with running("squid", "-N", "-f", folder / "squid.conf"):
            until(lambda: fetched(port, f"http://127.0.0.1:{there}/a?b=1"))
            tunnel = http.client.HTTPConnection("127.0.0.1", port, timeout=WAIT_S)
            tunnel.set_tunnel("localhost", there)
            tunnel.request("POST", "/", body=b"x" * 5000)
            tunnel.getresponse().read()
            tunnel.close()
            tables = found_in(log, engine, ["CONNECT"])
    finally:
        origin.shutdown()
        origin.server_close()
        serving.join()
        shutil.rmtree(folder, ignore_errors=True)
    asked = tables["http"][0]
    assert (asked["host"], asked["url"], asked["dst_port"], asked["status"]) == ("127.0.0.1", "/a?b=1", there, 501)
    assert tables["tls"][0]["sni"] == "localhost"
    sent = [row["bytes_toserver"] for row in tables["flow"] if row["app_proto"] == "tls"]
    assert sent[0] >= 5000
    assert {address_text(row["dst"]) for row in tables["flow"]} <= {"127.0.0.1", "::1"}


class Refusing(http.server.BaseHTTPRequestHandler):
    """Reads a whole request, then refuses it: squid counts only what it could pass on, so none may be left unread."""

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_error(501)

    do_POST = do_GET  # noqa: N815  (the name the library calls)


def fetched(port, url):
    proxy = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        proxy.request("GET", url)
        return proxy.getresponse().status
    finally:
        proxy.close()


@pytest.mark.parametrize(
    "words",
    [
        ("--rfc5424", "-d"),
        ("--rfc3164", "-d"),
        ("--rfc5424", "-T"),
        ("--rfc5424", "-T", "--octet-count"),
        ("--rfc3164", "-T"),
    ],
)
def test_logger_s_messages_arrive_over_udp_and_tcp(tmp_path, engine, words) -> None:
    source = SyslogReceiver(
        name="syslog",
        sensor="s",
        folder=tmp_path / "spool",
        at=SyslogAddresses(listen={UDP: "127.0.0.1:0", TCP: "127.0.0.1:0"}),
        settings=SyslogSettings(senders=()),
        timing=SyslogTiming(now_us=now_us, gather_s=0.0),
        engine=engine,
    )
    try:
        port = source.ports[TCP if "-T" in words else UDP]
        said = "query[A] www.x.lan from 10.0.0.5"
        command = ["logger", *words, "-n", "127.0.0.1", "-P", str(port), "-t", "dnsmasq", "--id=77", said]
        subprocess.run(command, check=True, timeout=WAIT_S)
        batch = until(lambda: next((b for b in source.poll() if b.rows), None))
        (row,) = batch.tables["dns"].to_pylist()
        assert (row["rrname"], address_text(row["src"])) == ("www.x.lan", "10.0.0.5")
        assert lately(row)
    finally:
        source.close()
