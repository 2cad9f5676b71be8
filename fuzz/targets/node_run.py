"""A node that runs, with every source that needs no other program, each fed bent bytes: files that grow, sockets that are
spoken to. An input is a row of pieces, each for one source; after it an honest line of each must become a row."""

import json
import shutil
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from random import Random

from fuzz.mutate import BYTES, Mutator, mutated
from fuzz.mutate_binary import CAPTURE, FLOWS, FRAMES, as_pcap
from fuzz.mutate_text import LINES, MANY_JSON, MANY_LINES
from fuzz.process import Program, folder, free_port, until
from fuzz.target import Broken, Run, Target
from fuzz.targets.flows import ipfix, sflow5, tap, v5, v9
from fuzz.targets.lines import eve_seeds, log_seeds, zeek_json, zeek_tsv
from fuzz.targets.packets import capture_seeds, certificates, conversation, flights, with_certificate

PIECES = 24
ROWS_S = 100.0
CONFIG = """
[node]
actor = "north"
health_s = 5
detect_s = 600
[sense]
eve_file = "eve.json"
zeek_folder = "zeek"
log_files = ["auto:any.log", "squid:squid.log"]
key_exchange_folder = "kex"
syslog_udp_listen = "127.0.0.1:{udp}"
syslog_tcp_listen = "127.0.0.1:{tcp}"
netflow_listen = "127.0.0.1:{netflow}"
netflow_tcp = true
sflow_listen = "127.0.0.1:{sflow}"
dnstap_listen = "127.0.0.1:{dnstap}"
memory_mb = 128
[store]
threads = 1
memory_mb_max = 256
[health]
metrics_file = "node.prom"
"""


def _kex_pieces() -> list[bytes]:
    parts = [with_certificate(der) for der in certificates()]
    made = []
    for data in parts:
        length = int.from_bytes(data[:2], "big")
        made.append(as_pcap(conversation(data[2 : 2 + length], data[2 + length :])))
    return [*made, as_pcap(conversation(*flights()[1])), *capture_seeds()[:2]]


CHANNELS: dict[str, tuple[Callable[[], list[bytes]], tuple[Mutator, ...]]] = {
    "eve": (eve_seeds, (*MANY_JSON, *LINES)),
    "zeek": (
        lambda: [zeek_tsv("conn"), zeek_json("conn"), zeek_tsv("dns"), zeek_tsv("x509")],
        (*MANY_LINES, *MANY_JSON),
    ),
    "log": (
        lambda: [log_seeds(form)[0] for form in ("unbound", "bind", "asa", "cef", "fortigate", "paloalto", "dhcp")],
        MANY_LINES,
    ),
    "squid": (lambda: log_seeds("squid"), MANY_LINES),
    "udp": (lambda: [log_seeds("unbound")[0].split(b"\n")[2], b"<30>x"], LINES),
    "tcp": (lambda: [b"<30>Nov 25 00:34:19 h a: b\n", b"11 <30>abcdefg7 <1>abc\n", log_seeds("asa")[0]], LINES),
    "netflow": (lambda: [v5(), v9(), ipfix()], FLOWS),
    "ipfix": (lambda: [ipfix() * 2], FLOWS),
    "sflow": (lambda: [sflow5()], BYTES),
    "dnstap": (lambda: [tap()], FRAMES),
    "kex": (_kex_pieces, CAPTURE),
}
NAMES = list(CHANNELS)


def piece(name: str, data: bytes) -> bytes:
    return bytes([NAMES.index(name)]) + len(data).to_bytes(4, "big") + data


def pieces(data: bytes) -> list[tuple[str, bytes]]:
    """What :func:`piece` wrote, as far as it can be read."""
    found, at = [], 0
    while at + 5 <= len(data):
        length = int.from_bytes(data[at + 1 : at + 5], "big")
        found.append((NAMES[data[at] % len(NAMES)], data[at + 5 : at + 5 + length]))
        at += 5 + length
    return found


def row_of_pieces(dice: Random, _: bytes) -> bytes:
    """Bent pieces for all sources."""
    made = b""
    for number in range(PIECES):
        name = NAMES[number % len(NAMES)]
        seeds, forms = CHANNELS[name]
        made += piece(name, mutated(dice, dice.choice(seeds()), forms)[:40_000])
    return made


class Node:
    """One that runs, and the ways to its sources."""

    def __init__(self) -> None:
        self.where, self.number = folder("node"), 0
        kinds = {"tcp": socket.SOCK_STREAM, "dnstap": socket.SOCK_STREAM}
        self.ports = {
            name: free_port(kinds.get(name, socket.SOCK_DGRAM)) for name in ("udp", "tcp", "netflow", "sflow", "dnstap")
        }
        for name in ("zeek", "kex"):
            (self.where / name).mkdir()
        for name in ("eve.json", "any.log", "squid.log"):
            (self.where / name).write_bytes(b"")
        (self.where / "node.toml").write_text(CONFIG.format(**self.ports))
        self.program = Program(["node", "run"], self.where)

    def give(self, name: str, data: bytes) -> None:
        files = {"eve": "eve.json", "log": "any.log", "squid": "squid.log"}
        if name in files:
            self._append(files[name], data)
        elif name == "zeek":
            head = data[:400].split(b"#path\t")[-1][:6] if b"#path" in data[:400] else b"conn"
            self._append(
                f"zeek/{'dns' if head.startswith(b'dns') else 'x509' if head.startswith(b'x509') else 'conn'}.log", data
            )
        elif name == "kex":
            self.number += 1
            (self.where / "kex" / f"{self.number:08}.pcap").write_bytes(data)
        elif name in ("udp", "netflow", "sflow"):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line, suppress(OSError):
                line.sendto(data[:60_000], ("127.0.0.1", self.ports[name]))
        else:
            with (
                suppress(OSError),
                socket.create_connection(
                    ("127.0.0.1", self.ports["netflow" if name == "ipfix" else name]), timeout=3
                ) as line,
            ):
                line.settimeout(1)
                line.sendall(data)
                line.shutdown(socket.SHUT_WR)
                with suppress(OSError):
                    line.recv(1000)

    def _append(self, name: str, data: bytes) -> None:
        with (self.where / name).open("ab") as file:
            file.write(data if data.endswith(b"\n") else data + b"\n")

    def figures(self) -> dict[str, tuple[float, float]]:
        """Rows and refused of each source, as Prometheus reads them."""
        rows: dict[str, float] = {}
        refused: dict[str, float] = {}
        with suppress(OSError, ValueError, IndexError):
            for line in (self.where / "node.prom").read_text().splitlines():
                for known, into in (("bavn_node_source_rows{", rows), ("bavn_node_source_refused{", refused)):
                    if line.startswith(known):
                        into[line.split('"')[1]] = float(line.rpartition(" ")[2])
        return {name: (rows[name], refused.get(name, 0.0)) for name in rows}

    def honest(self) -> None:
        """A line of each source that is followed becomes a row."""
        self.program.check()
        before = self.figures()
        now = time.time()
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now))
        event = {
            "timestamp": f"{stamp}.000001+0000",
            "event_type": "dns",
            "src_ip": "10.0.0.5",
            "src_port": 5000,
            "dest_ip": "10.0.0.53",
            "dest_port": 53,
            "proto": "UDP",
            "flow_id": 7,
            "dns": {"type": "query", "rrname": "honest.example.dk", "rrtype": "A", "id": 1},
        }
        self._append("eve.json", json.dumps(event).encode())
        self._append(
            "squid.log",
            f"{now:.3f}    100 10.0.0.5 TCP_MISS/200 1000 GET http://honest.example.dk/ - HIER_DIRECT/192.0.2.1 text/html".encode(),
        )
        self.give(
            "tcp",
            b"<30>Nov 25 00:34:19 dns1 unbound[55]: [55:0] info: 10.0.0.5 example.com. AAAA IN NOERROR 0.012345 0 56\n",
        )
        self.give(
            "udp",
            b"<30>Nov 25 00:34:19 dns1 unbound[55]: [55:0] info: 10.0.0.5 example.com. AAAA IN NOERROR 0.012345 0 56",
        )
        self.give("kex", as_pcap(conversation(*flights()[0])))
        wanted = ("eve", "log squid.log", "syslog", "kex")

        def all_came() -> bool:
            self.program.check()
            now_ = self.figures()
            return all(now_.get(name, (0, 0))[0] > before.get(name, (0, 0))[0] for name in wanted)

        try:
            until(all_came, "", ROWS_S)
        except Broken as error:
            if str(error):
                raise
            after = self.figures()
            deaf = [name for name in wanted if after.get(name, (0, 0))[0] <= before.get(name, (0, 0))[0]]
            raise Broken(f"no row of an honest line in {ROWS_S:.0f} s: {', '.join(deaf)}") from None

    def again(self) -> None:
        """From nothing: what broke it would break it again at each start."""
        self.close()
        self.__init__()  # type: ignore[misc]

    def close(self) -> None:
        self.program.close()
        shutil.rmtree(self.where, ignore_errors=True)


def _make() -> Run:
    node = Node()

    class Fed:
        """Callable, with an end. ``pieces``: how many of an input."""

        pieces = PIECES

        def __call__(self, data: bytes) -> None:
            try:
                for name, given in pieces(data):
                    node.give(name, given)
                node.honest()
            except BaseException:
                node.again()
                raise

        def close(self) -> None:
            node.close()

    return Fed()


def _seeds() -> list[bytes]:
    return [b"".join(piece(name, seeds()[0]) for name, (seeds, _) in CHANNELS.items())]


TARGETS = (
    Target(
        name="process-node",
        covers=(
            "source:SyslogReceiver",
            "source:FlowCollector",
            "source:DnstapReceiver",
            "source:KexFolder",
            "source:EveFile",
            "source:ZeekFolder",
            "source:FollowedLog",
        ),
        forms=(row_of_pieces,),
        seeds=_seeds,
        make=_make,
        slow=True,
        input_s_max=20.0,
    ),
)
