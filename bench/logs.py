"""How fast lines of logs become rows in the store, a second and core, for each format.

    .venv/bin/python bench/logs.py [--lines 100000] [--json]

Beside each, in the same run, what a plain reader does: a loop of Python's re over the same lines, the main fields as an
Arrow table of texts, nothing checked, typed or kept.

Every figure is the best of two in CPU seconds of one thread. ``one_line_ms``: what a poll of a single line costs.
``udp_lines_s``: lines a second that the receiver's thread takes to disk, all processes busy.
"""

import re
import socket
import tempfile
import time
import tomllib
from pathlib import Path

import pyarrow as pa
from figures import run_and_tell

from bavn.actor.sense.engine import Engine
from bavn.actor.sense.logs.files import FollowedLog
from bavn.actor.sense.prepare import prepared
from bavn.actor.sense.syslog.admission import SyslogSettings
from bavn.actor.sense.syslog.receiver import SyslogAddresses, SyslogReceiver, SyslogTiming
from bavn.actor.sense.syslog.sockets import UDP
from bavn.actor.store.columns import ColumnStore
from bavn.actor.store.limits import StoreLimits

SAMPLES = Path(__file__).resolve().parent.parent / "tests" / "actor" / "sense" / "log_lines.toml"
NOW_US = 1_795_566_900_000_000
PLAIN = {
    "unbound": r"^\[(\d+)\] \S+ info: (\S+) (\S+) (\S+) (\S+)",
    "bind": r"client \S+ (\S+)#(\d+) .*query: (\S+) (\S+) (\S+)",
    "dnsmasq": r"^(.{15}) \S+ query\[(\w+)\] (\S+) from (\S+)",
    "squid": r"^(\S+) +(\d+) (\S+) (\S+) (\d+) (\S+) (\S+)",
    "combined": r'^(\S+) \S+ \S+ \[([^]]+)\] "(\S+) (\S+) [^"]*" (\d+) (\d+)',
    "netfilter": r"^(.{15}).*SRC=(\S+) DST=(\S+) LEN=(\d+).*PROTO=(\S+) SPT=(\d+) DPT=(\d+)",
    "filterlog": r"^(.{15}) \S+ \S+ .*,(\d+),([0-9.]+),([0-9.]+),(\d+),(\d+),",
    "asa": r"^(.{20}).*for \S+:(\S+)/(\d+) to \S+:(\S+)/(\d+) duration (\S+) bytes (\d+)",
    "fortigate": r"srcip=(\S+).*srcport=(\d+).*dstip=(\S+) dstport=(\d+).*sentbyte=(\d+) rcvdbyte=(\d+)",
    "paloalto": r"TRAFFIC,(\w+),[^,]*,([^,]*),([^,]*),([^,]*),(.*)$",
    "cef": r"src=(\S+) dst=(\S+) spt=(\d+) dpt=(\d+)",
    "windns": r"^(\S+ \S+) .*(?:Snd|Rcv) (\S+) .*\] (\S+) +(\S+)",
    "dhcp": r"^(.{15}) .*DHCPACK on (\S+) to (\S+)",
}


def lines_of(form: str, count: int) -> list[str]:
    """The format's first good line, with another client each time."""
    sample = tomllib.loads(SAMPLES.read_text())[form]["good"][0]
    return [sample.replace("10.0.0.5", f"10.0.{n % 250}.{n // 250 % 250}") for n in range(count)]


def to_store(path: Path, form: str, engine: Engine, root: Path) -> tuple[int, float]:
    source = FollowedLog(name="l", sensor="s", path=path, now_us=lambda: NOW_US, form=form, engine=engine, gather_s=0)
    with ColumnStore.open(root, StoreLimits(threads=1, age_days_max=None)) as store:
        start = time.process_time()
        rows = 0
        for batch in source.poll():
            rows += batch.lines - batch.refused
            store.append(batch.source, batch.mark, batch.tables)
        spent = time.process_time() - start
    source.close()
    return rows, spent


def plain(lines: list[str], pattern: str) -> float:
    compiled = re.compile(pattern)
    start = time.process_time()
    fields = [match.groups() for match in map(compiled.search, lines) if match]
    table = pa.table({str(n): pa.array(column) for n, column in enumerate(zip(*fields, strict=True))})
    spent = time.process_time() - start
    if table.num_rows != len(lines):
        raise SystemExit(f"the plain reader found {table.num_rows} of {len(lines)}")
    return spent


def received(folder: Path, engine: Engine, count: int) -> tuple[float, int]:
    """Lines a second that reached the disk, and how many were lost on the way."""
    source = SyslogReceiver(
        name="syslog",
        sensor="s",
        folder=folder,
        at=SyslogAddresses(listen={UDP: "127.0.0.1:0"}),
        engine=engine,
        timing=SyslogTiming(gather_s=0, now_us=lambda: NOW_US),
        settings=SyslogSettings(senders=(), lines_per_s_max=1_000_000),
    )
    message = lines_of("dnsmasq", 1)[0].encode()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        start = time.perf_counter()
        for _ in range(count):
            sender.sendto(message, ("127.0.0.1", source.ports[UDP]))
        while source.counts()["received_messages"] + source.losses()[0].count < count:
            time.sleep(0.01)
        spent = time.perf_counter() - start
    lost = source.losses()[0].count
    source.close()
    return (count - lost) / spent, lost


def run(lines: int) -> dict[str, float]:
    engine = prepared(threads=1)
    figures: dict[str, float] = {"lines": lines}
    with tempfile.TemporaryDirectory(prefix="bavn-bench-") as directory:
        path = Path(directory) / "log"
        for form, pattern in PLAIN.items():
            made = lines_of(form, lines)
            path.write_text("".join(line + "\n" for line in made))
            best = min(to_store(path, form, engine, Path(directory) / f"{form}{n}")[1] for n in range(2))
            auto, spent = to_store(path, "auto", engine, Path(directory) / f"{form}-auto")
            if auto != lines:
                raise SystemExit(f"{form}: {auto} of {lines} lines")
            base = min(plain(made, pattern) for _ in range(2))
            figures[f"{form}_lines_s"], figures[f"{form}_auto_lines_s"] = lines / best, lines / spent
            figures[f"{form}_re_lines_s"], figures[f"{form}_ratio"] = lines / base, base / best
        path.write_text(lines_of("unbound", 1)[0] + "\n")
        figures["one_line_ms"] = 1000 * min(
            to_store(path, "auto", engine, Path(directory) / f"o{n}")[1] for n in range(3)
        )
        figures["udp_lines_s"], figures["udp_lost"] = received(Path(directory) / "spool", engine, lines)
    return figures


if __name__ == "__main__":
    run_and_tell(__doc__, run, "lines", 100_000)
