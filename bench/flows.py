"""How many flow records a second one core takes from datagrams into the store: decoded, joined, kept for good.

    .venv/bin/python bench/flows.py [--flows 240000] [--json]

Datagrams of NetFlow v5, v9, IPFIX and sFlow as an exporter sends them at 12,000 records a second are put into a spool,
then read, joined and appended, as the node does. Bar: 12,000 a second on a core, and at 500 a second no more than 1 GB.
Beside it, in the same run: scapy's decoder, and PyPI's `netflow` where it is installed, which only decode (no joining,
nothing kept), over some of the same datagrams. CPU seconds of one thread.
"""

import argparse
import resource
import sys
import tempfile
import time
from pathlib import Path

from figures import tell

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "actor" / "sense"))

from collecting import BOOT_MS, NOW_MS, Collecting
from exporters import (
    IPFIX_FIELDS,
    V9_FIELDS,
    answered,
    chunk,
    flow_sample,
    frame,
    ipfix,
    ipfix_record,
    sflow,
    template,
    v5,
    v9,
    v9_record,
)

from bavn.actor.sense.prepare import prepared
from bavn.actor.store.columns import ColumnStore

RATE = 12_000
BAR_RECORDS_S = 12_000
BASELINE_DATAGRAMS = 400


def flows(n, at_ms):
    """Both directions of conversation n."""
    mixed = n * 2_654_435_761 % 2**32
    client, server = f"10.0.{mixed % 40}.{mixed // 40 % 250}", f"{20 + mixed % 150}.{mixed // 7 % 250}.{mixed % 251}.7"
    return answered(
        client,
        server,
        20_000 + mixed % 40_000,
        (443, 80, 53, 22)[mixed % 4],
        at_ms=at_ms,
        up=900 + mixed % 9000,
        down=3000 + mixed % 90_000,
    )


def datagrams(kind, records, second, begin):
    """What an exporter sends in one second."""
    now_ms = NOW_MS + second * 1000
    if kind == "sflow":
        some = [frame(f) for n in range(records // 2) for f in flows(begin + n, now_ms - 900)]
        samples = [flow_sample(one, rate=512, size=900) for one in some]
        return [sflow(samples[at : at + 6], sequence=(begin * 2 + at) // 6) for at in range(0, len(some), 6)]
    some = [f for n in range(records // 2) for f in flows(begin + n, now_ms - 900)]
    made, parts = [], [some[at : at + 28] for at in range(0, len(some), 28)]
    for at, part in enumerate(parts):
        sequence = second * len(parts) + at
        if kind == "v5":
            made.append(v5(part, boot_ms=BOOT_MS, now_ms=now_ms, sequence=begin * 2 + at * 28))
        elif kind == "v9":
            sets = [chunk(0, template(260, V9_FIELDS))] if at % 100 == 0 else []
            sets.append(chunk(260, b"".join(v9_record(f, BOOT_MS) for f in part)))
            made.append(v9(sets, boot_ms=BOOT_MS, now_ms=now_ms, sequence=sequence))
        else:
            sets = [chunk(2, template(260, IPFIX_FIELDS))] if at % 100 == 0 else []
            sets.append(chunk(260, b"".join(map(ipfix_record, part))))
            made.append(ipfix(sets, now_ms=now_ms, sequence=begin * 2 + at * 28))
    return made


def measured(kind, records):
    """Records a CPU second, from the spool into the store; and the same without the store."""
    with tempfile.TemporaryDirectory() as folder, ColumnStore.open(Path(folder) / "store") as store:
        collecting = Collecting(Path(folder) / "spool", prepared(), "sflow" if kind == "sflow" else "netflow")
        sent, sample = 0, []
        for second in range(records // RATE):
            some = datagrams(kind, RATE, second, second * RATE // 2)
            sample = sample or some[:BASELINE_DATAGRAMS]
            for at in range(0, len(some), 50):
                collecting.send(*some[at : at + 50])
            collecting.send(after_s=1)
            sent += RATE
        collecting.turn(8)
        rows, kept = 0, 0.0
        begin, wall = time.process_time(), time.perf_counter()
        for batch in collecting.source.poll():
            at = time.process_time()
            rows += store.append(batch.source, batch.mark, batch.tables)
            kept += time.process_time() - at
            collecting.source.acknowledge(batch.mark)
        took = time.process_time() - begin
        lost = sum(loss.count for loss in collecting.source.losses())
        return {
            "records": sent,
            "rows": rows,
            "lost": lost,
            "records_cpu_s": round(sent / took),
            "without_store_cpu_s": round(sent / (took - kept)),
            "wall_s": round(time.perf_counter() - wall, 2),
        }, sample


def by_scapy(sample, kind):
    from scapy.layers.netflow import NetflowHeader, netflowv9_defragment

    begin = time.process_time()
    packets = [NetflowHeader(one) for one in sample]
    if kind != "v5":
        from scapy.layers.inet import IP, UDP

        packets = netflowv9_defragment([IP(src="10.0.0.1", dst="10.0.0.2") / UDP(dport=2055) / p for p in packets])
    assert packets
    return round(28 * len(sample) / (time.process_time() - begin))


def by_netflow(sample):
    try:
        import netflow
    except ImportError:
        return None
    templates = {"netflow": {}, "ipfix": {}}
    begin = time.process_time()
    count = sum(len(netflow.parse_packet(one, templates).flows) for one in sample)
    return round(count / (time.process_time() - begin))


def run(records: int) -> dict[str, object]:
    """All four, in groups of figures."""
    found: dict[str, object] = {}
    measured("v5", RATE)  # what is loaded and compiled once
    for kind in ("v5", "v9", "ipfix", "sflow"):
        figures, sample = measured(kind, records)
        if kind != "sflow":
            figures["scapy_decoding_records_cpu_s"] = by_scapy(sample[:100], kind)
            figures["pypi_netflow_decoding_records_cpu_s"] = by_netflow(sample)
        figures["bar_held"] = figures["records_cpu_s"] >= BAR_RECORDS_S
        found[kind] = figures
    found["peak_rss_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flows", type=int, default=240_000)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    tell(run(chosen.flows), as_json=chosen.json)
