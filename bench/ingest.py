"""How many EVE events a second one core takes from a file into the store: parsed, kept for good, merged, rolled up; and
then looked at by the detectors.

    .venv/bin/python bench/ingest.py [--events 400000] [--json]

Bar: at least 60,000 a second, and at least 0.2 of what DuckDB's bare read_json with typed columns does with the same
file in the same run, written straight to Parquet as PLATFORM.md measured it (346,000 a second there); 30,000 with the
four detectors of the first release, and, beside it, with all there are. Reading without keeping anything is shown too.
CPU seconds of one thread; the popularity lists are loaded before. Half flows, 28 % dns, 14 % tls, 8 % http.
Peak memory (bar 500 MB) is of a process that takes the file in and looks at it with all detectors, and does nothing
else: what DuckDB needs for the bare reading is not Bavn's.
"""

import json
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import duckdb
from figures import run_and_tell

from bavn.actor.detect.base import Detector
from bavn.actor.detect.indicators import lists
from bavn.actor.detect.run import DETECTORS, survey
from bavn.actor.sense.prepare import prepared
from bavn.actor.sense.suricata.eve_file import EveFile
from bavn.actor.store.columns import ColumnStore
from bavn.actor.store.limits import StoreLimits
from bavn.model.moment import MINUTE_US, SECOND_US, as_datetime

START_US = 494_000 * 3600 * SECOND_US
BAR_EVENTS_S = 60_000
BAR_RATIO = 0.2
BAR_PEAK_MB = 500
BAR_WITH_DETECTORS_EVENTS_S = 30_000
FIRST_FOUR = ("ioc", "beacon", "dns_tunnel", "scan")
HOMES = ("10.0.0.0/8",)

COLUMNS = {
    "timestamp": "VARCHAR",
    "flow_id": "UBIGINT",
    "event_type": "VARCHAR",
    "src_ip": "VARCHAR",
    "dest_ip": "VARCHAR",
    "src_port": "USMALLINT",
    "dest_port": "USMALLINT",
    "proto": "VARCHAR",
    "community_id": "VARCHAR",
    "app_proto": "VARCHAR",
    "flow": "STRUCT(pkts_toserver UBIGINT, pkts_toclient UBIGINT, bytes_toserver UBIGINT, bytes_toclient UBIGINT, "
    'start VARCHAR, "end" VARCHAR, state VARCHAR, reason VARCHAR)',
    "tcp": "STRUCT(tcp_flags_ts VARCHAR, tcp_flags_tc VARCHAR)",
    "dns": "STRUCT(type VARCHAR, rrname VARCHAR, rrtype VARCHAR, rcode VARCHAR, "
    "answers STRUCT(rrname VARCHAR, rrtype VARCHAR, ttl UINTEGER, rdata VARCHAR)[])",
    "tls": "STRUCT(sni VARCHAR, version VARCHAR, subject VARCHAR, issuerdn VARCHAR, fingerprint VARCHAR, "
    "ja3 STRUCT(hash VARCHAR, string VARCHAR), ja4 VARCHAR)",
    "http": "STRUCT(hostname VARCHAR, url VARCHAR, http_method VARCHAR, http_user_agent VARCHAR, status USMALLINT, "
    "length UBIGINT)",
}


def stamp(us: int) -> str:
    return as_datetime(us).strftime("%Y-%m-%dT%H:%M:%S.%f+0000")


def line(n: int) -> str:
    """Event n: repeatable, and no two alike."""
    mixed = n * 2_654_435_761 % 2**32
    us = START_US + n * 5000
    server = mixed % 20_000
    event = {
        "timestamp": stamp(us),
        "flow_id": mixed * 2_097_152 + n,
        "in_iface": "eth0",
        "src_ip": f"10.0.{mixed % 20}.{mixed // 20 % 250}",
        "src_port": 32768 + mixed % 28_000,
        "dest_ip": f"{20 + server % 180}.{server // 7 % 256}.{server % 251}.7",
        "proto": "TCP",
        "community_id": f"1:{mixed:027x}=",
    }
    kind = mixed // 4 % 50
    if kind < 25:
        event |= {
            "event_type": "flow",
            "dest_port": 443,
            "app_proto": "tls",
            "flow": {
                "pkts_toserver": 9 + mixed % 40,
                "pkts_toclient": 8 + mixed % 90,
                "bytes_toserver": 900 + mixed % 9000,
                "bytes_toclient": 3000 + mixed % 90_000,
                "start": stamp(us - MINUTE_US),
                "end": stamp(us),
                "age": 60,
                "state": "closed",
                "reason": "timeout",
                "alerted": False,
            },
            "tcp": {
                "tcp_flags": "1b",
                "tcp_flags_ts": "1b",
                "tcp_flags_tc": "1b",
                "syn": True,
                "fin": True,
                "psh": True,
                "ack": True,
                "state": "closed",
            },
        }
    elif kind < 39:
        name = f"h{server % 9}.site{server % 6000}.com"
        event |= {
            "event_type": "dns",
            "dest_port": 53,
            "proto": "UDP",
            "dns": {
                "version": 2,
                "type": "answer",
                "id": mixed % 65536,
                "flags": "8180",
                "qr": True,
                "rd": True,
                "ra": True,
                "rrname": name,
                "rrtype": "A",
                "rcode": "NOERROR",
                "answers": [{"rrname": name, "rrtype": "A", "ttl": 300, "rdata": f"192.0.2.{server % 250}"}],
            },
        }
    elif kind < 46:
        event |= {
            "event_type": "tls",
            "dest_port": 443,
            "tls": {
                "subject": f"CN=site{server % 6000}.com",
                "issuerdn": "C=US, O=Let's Encrypt, CN=R3",
                "serial": f"{mixed:X}",
                "fingerprint": ":".join(f"{(mixed >> k % 24) % 256:02x}" for k in range(20)),
                "sni": f"h{server % 9}.site{server % 6000}.com",
                "version": "TLS 1.2",
                "notbefore": "2026-01-01T00:00:00",
                "notafter": "2026-12-01T00:00:00",
                "ja3": {"hash": f"{server % 50:032x}", "string": "771,4865-4866-4867,0-23-65281-10-11,29-23-24,0"},
                "ja4": f"t13d1516h2_8daaf6152771_{server % 50:012x}",
            },
        }
    else:
        event |= {
            "event_type": "http",
            "dest_port": 80,
            "http": {
                "hostname": f"site{server % 6000}.com",
                "url": f"/a/{mixed}/index.html?q={n}",
                "http_method": "GET",
                "http_user_agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Firefox/128.0",
                "status": 200,
                "http_content_type": "text/html",
                "protocol": "HTTP/1.1",
                "length": mixed % 90_000,
            },
        }
    return json.dumps(event, separators=(",", ":"))


def cpu(act: Callable[[], object]) -> float:
    start = time.process_time()
    act()
    return time.process_time() - start


def bare_read(file: Path, *, kept_in: Path | None) -> float:
    """CPU seconds in which DuckDB reads every column of every line, and writes them to Parquet (zstd) or keeps none."""
    columns = "{" + ", ".join(f"'{name}': '{kind}'" for name, kind in COLUMNS.items()) + "}"
    lines = f"read_json('{file}', format = 'newline_delimited', columns = {columns})"
    sql = f"SELECT count(COLUMNS(*)) FROM {lines}"
    if kept_in is not None:
        sql = f"COPY (FROM {lines}) TO '{kept_in}' (FORMAT parquet, COMPRESSION zstd)"
    with duckdb.connect(config={"threads": 1}) as base:
        return min(cpu(lambda: base.execute(sql).fetchall()) for _ in range(3))


def parsed(file: Path) -> tuple[float, int]:
    """CPU seconds of sense alone, and rows."""
    rows = 0
    source = EveFile(name="eve", sensor="s", path=file, engine=prepared(threads=1))

    def act() -> None:
        nonlocal rows
        rows = sum(batch.rows for batch in source.poll())

    took = cpu(act)
    source.close()
    return took, rows


def taken_in(file: Path, directory: Path) -> dict[str, float]:
    """CPU seconds of sense and store together: until all is acknowledged, and until all is merged; then of the
    detectors over all of it, each in a window of its own, as a node opens one."""
    limits = StoreLimits(threads=1, micro_segments_max=10**6)
    source = EveFile(name="eve", sensor="s", path=file, engine=prepared(threads=1))
    with ColumnStore.open(directory, limits, homes=HOMES) as store:

        def keep() -> None:
            for batch in source.poll():
                store.append(batch.source, batch.mark, batch.tables)
                source.acknowledge(batch.mark)

        kept = cpu(keep)
        merged = cpu(store.tidy)
        stats = store.stats()
        rows, size, span = stats.rows_total, stats.bytes_total, (stats.oldest_us or 0, (stats.newest_us or 0) + 1)
        looks = {}
        for name, some in (("four", [d for d in DETECTORS if d.name in FIRST_FOUR]), ("all", list(DETECTORS))):
            looks[f"{name}_detectors_s"] = cpu(lambda some=some: looked_at(store, span, some))
    source.close()
    return {"kept_s": kept, "merged_s": merged, "rows": rows, "bytes_a_row": size / rows} | looks


def looked_at(store: ColumnStore, span: tuple[int, int], detectors: list[Detector]) -> None:
    with store.window(*span) as window:
        survey(window, detectors)


def peak_mb(file: Path, directory: Path) -> float:
    """Resident at most, in MiB, of this process, which must be new. Not of getrusage, to whom a new process has been as
    large as the one that began it (exec keeps the mark)."""
    taken_in(file, directory)
    (mark,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:")]
    return int(mark.split()[1]) / 1024


def run(events: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="bavn-bench-") as directory:
        file = Path(directory) / "eve.json"
        with file.open("w") as out:
            out.writelines(line(n) + "\n" for n in range(events))
        small = Path(directory) / "small.json"
        small.write_text("".join(line(n) + "\n" for n in range(1000)))
        parsed(small)  # what is loaded and compiled once
        lists.shipped()
        bare, bare_kept = bare_read(file, kept_in=None), bare_read(file, kept_in=Path(directory) / "bare.parquet")
        alone, rows = parsed(file)
        whole = taken_in(file, Path(directory) / "store")
        if not events == rows == whole["rows"]:
            raise SystemExit(f"{events} events, {rows} rows parsed, {whole['rows']} kept")
        in_store = whole["kept_s"] + whole["merged_s"]
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone_in_memory:
            peak = alone_in_memory.submit(peak_mb, file, Path(directory) / "again").result()
        return {
            "events": events,
            "bytes_an_event": file.stat().st_size / events,
            "bare_read_events_s": events / bare,
            "bare_read_to_parquet_events_s": events / bare_kept,
            "sense_events_s": events / alone,
            "sense_and_append_events_s": events / whole["kept_s"],
            "sense_and_store_events_s": events / in_store,
            "ratio_to_bare_read_to_parquet": bare_kept / in_store,
            "ratio_to_bare_read": bare / in_store,
            "with_four_detectors_events_s": events / (in_store + whole["four_detectors_s"]),
            "with_all_detectors_events_s": events / (in_store + whole["all_detectors_s"]),
            "detectors": len(DETECTORS),
            "stored_bytes_an_event": whole["bytes_a_row"],
            "peak_memory_mb": peak,
            "bar_peak_memory_mb": BAR_PEAK_MB,
            "bar_events_s": BAR_EVENTS_S,
            "bar_ratio": BAR_RATIO,
            "bar_with_detectors_events_s": BAR_WITH_DETECTORS_EVENTS_S,
        }


if __name__ == "__main__":
    run_and_tell(__doc__, run, "events", 400_000)
