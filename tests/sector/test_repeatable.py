"""The same lines give the same suspicions, byte for byte, whatever the load, the batches, merges and the threads."""

import json
import multiprocessing
import os
import random
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

RUNS = 2
BEGIN = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
RUN = """
import hashlib, random, sys
from pathlib import Path
from bavn.actor.detect.run import survey
from bavn.actor.sense.suricata.eve_file import EveFile
from bavn.actor.sense.prepare import prepared
from bavn.actor.store.columns import ColumnStore
from bavn.actor.store.limits import StoreLimits

lines, folder, number = Path(sys.argv[1]).read_bytes().splitlines(keepends=True), Path(sys.argv[2]), int(sys.argv[3])
dice = random.Random(number)
threads = 1 + number % 3
file = folder / "eve.json"
file.touch()
source = EveFile(name="eve", sensor="s", path=file, engine=prepared(threads=threads))
limits = StoreLimits(threads=threads, age_days_max=None)
with ColumnStore.open(folder / "store", limits, homes=("10.0.0.0/8",)) as store:
    at = 0
    while at < len(lines):
        some = dice.randrange(100, 6000)
        with file.open("ab") as out:
            out.writelines(lines[at : at + some])
        at += some
        for batch in source.poll():
            store.append(batch.source, batch.mark, batch.tables)
            source.acknowledge(batch.mark)
        if dice.random() < 0.4:
            store.tidy(merges_max=dice.randrange(1, 5))
    stats = store.stats()
    with store.window(stats.oldest_us, stats.newest_us + 1) as window:
        found = survey(window)
for one in found.suspicions:
    print(repr(one))
print(sorted(found.tallies.items()), found.hosts, stats.rows["flow"])
"""


def event(at: datetime, kind: str, src: str, dst: str, port: int, number: int, **more: object) -> str:
    text = at.strftime("%Y-%m-%dT%H:%M:%S.%f+0000")
    made = {
        "timestamp": text,
        "event_type": kind,
        "src_ip": src,
        "src_port": 30000 + number % 30000,
        "dest_ip": dst,
        "dest_port": port,
        "proto": "UDP" if port == 53 else "TCP",
        "flow_id": number,
        "community_id": f"1:{number}",
    }
    if kind == "flow":
        failed = bool(more.pop("failed", False))
        made["flow"] = {
            "start": text,
            "end": text,
            "state": "new" if failed else "closed",
            "reason": "timeout",
            "pkts_toserver": 1 if failed else 6,
            "pkts_toclient": 0 if failed else 5,
            "bytes_toserver": 60 if failed else 900 + number % 700,
            "bytes_toclient": 0 if failed else 4000 + number % 9000,
        }
        made["tcp"] = {"tcp_flags_ts": "02" if failed else "1b", "tcp_flags_tc": "00" if failed else "1b"}
    return json.dumps(made | more)


def lines() -> list[str]:
    """Ten hours of an office, with a beacon, a scan, a tunnel, made-up names and data on its way out."""
    dice = random.Random(1)
    made = []

    def add(seconds: float, *given: object, **more: object) -> None:
        made.append((seconds, event(BEGIN + timedelta(seconds=seconds), *given, len(made), **more)))

    def asks(seconds: float, src: str, name: str, rcode: str = "NOERROR") -> None:
        dns = {"version": 2, "type": "answer", "rrname": name, "rrtype": "TXT", "rcode": rcode}
        add(seconds, "dns", src, "10.0.0.53", 53, dns=dns)

    for _ in range(20_000):
        host, peer = dice.randrange(60), int(dice.paretovariate(0.6)) % 900
        at = dice.uniform(0, 36_000)
        src, dst = f"10.0.1.{host}", f"198.51.{peer // 250}.{peer % 250}"
        add(at, "flow", src, dst, 443, app_proto="tls")
        asks(at - 0.1, src, f"www.site{peer}.com")
        if dice.random() < 0.3:
            add(
                at,
                "tls",
                src,
                dst,
                443,
                tls={
                    "sni": f"www.site{peer}.com",
                    "version": "TLS 1.3",
                    "ja3": {"hash": f"{host % 7:032x}", "string": "771"},
                },
            )
    for turn in range(590):
        add(60 * turn + dice.uniform(0, 2), "flow", "10.0.1.7", "203.0.113.9", 443)
    for port in range(1, 400):
        add(9000 + port / 10, "flow", "10.0.1.9", "10.0.1.20", port, failed=True)
    for n in range(600):
        asks(12_000 + 2 * n, "10.0.1.11", f"{dice.getrandbits(160):040x}.{n % 9}.tunnel-example.net")
    for n in range(150):
        name = "".join(dice.choices("abcdefghijklmnopqrstuvwxyz", k=14)) + ".com"
        asks(20_000 + 5 * n, "10.0.1.13", name, "NXDOMAIN")
    return [text for _, text in sorted(made)]


def burn() -> None:
    while True:
        sum(range(1000))


@pytest.mark.slow
def test_runs_under_load_say_the_same_byte_for_byte(tmp_path) -> None:
    eve = tmp_path / "lines.json"
    eve.write_text("".join(line + "\n" for line in lines()))
    load = multiprocessing.get_context("spawn").Process(target=burn, daemon=True)
    said = []
    try:
        for number in range(RUNS):
            if number == 1:
                load.start()
            folder = tmp_path / str(number)
            folder.mkdir()
            done = subprocess.run(
                [sys.executable, "-c", RUN, str(eve), str(folder), str(number)],
                capture_output=True,
                check=True,
                env=os.environ | {"PYTHONHASHSEED": str(number * 77)},
            )
            said.append(done.stdout)
    finally:
        if load.pid is not None:
            load.kill()
    detectors = {line.split(b"detector='")[1].split(b"'")[0] for line in said[0].splitlines() if b"detector='" in line}
    assert len(detectors) >= 4, detectors
    assert said[1:] == said[:-1]
