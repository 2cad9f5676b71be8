"""What evidence costs: CPU seconds to read captures and cut suspicions out of them, and to redact text.

    .venv/bin/python bench/evidence.py [--json]

Captures are the twelve largest pcaps of the real ones (BAVN_DATA, else ../shared/data beside the project); they are cut
for one host and for sixteen: those that few packets are about (in the middle of all by their packets), and the busiest.
Baseline for reading: scapy's RawPcapReader over the same files.
"""

import argparse
import json
import time
import warnings
from collections import Counter
from ipaddress import IPv6Address

from labelled import data_needed

from bavn.actor.evidence.cut import Wanted, cut
from bavn.actor.evidence.ends import Ends
from bavn.actor.evidence.redact import text
from bavn.actor.formats.headers import heads_of
from bavn.actor.formats.pcap import packets

FILES = 12
TEXTS = 20_000


def spent(work) -> float:
    """CPU seconds of the quicker of two."""
    took = []
    for _ in range(2):
        before = time.process_time()
        work()
        took.append(time.process_time() - before)
    return min(took)


def scapy(files) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from scapy.utils import RawPcapReader
    for file in files:
        for _ in RawPcapReader(str(file)):
            pass


def hosts_of(files) -> list[str]:
    """Hosts of these captures, the busiest first."""
    seen: Counter[bytes] = Counter()
    for file in files:
        for packet in packets(file):
            heads = heads_of(packet.linktype, packet.data)
            seen.update(end for end in (heads.src, heads.dst) if end is not None)
    addresses = (IPv6Address(host) for host, _ in seen.most_common())
    return [str(address.ipv4_mapped or address) for address in addresses]


def wanted(hosts) -> list[Wanted]:
    return [Wanted(Ends(host=host, peers=("185.32.20.6",)), 0, 1 << 60, 10_000_000) for host in hosts]


def redact(kind: str) -> None:
    for number in range(TEXTS):
        text(f"/index{number}.html" if kind == "plain" else f"/søg%20{number}?navn=anna%2B{number}", url=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    folder = data_needed()
    files = sorted(folder.rglob("*.pcap"), key=lambda p: (-p.stat().st_size, p.name))[:FILES]
    count = sum(1 for file in files for _ in packets(file))
    size = sum(file.stat().st_size for file in files)
    hosts = hosts_of(files)
    quiet = hosts[len(hosts) // 2 :][:16]
    said = {
        "files": len(files),
        "packets": count,
        "bytes": size,
        "read_packets_per_s": round(count / spent(lambda: [sum(1 for _ in packets(file)) for file in files])),
        "scapy_packets_per_s": round(count / spent(lambda: scapy(files))),
        "hosts": len(hosts),
        "cut_1_packets_per_s": round(count / spent(lambda: cut(files, wanted(quiet[:1])))),
        "cut_16_packets_per_s": round(count / spent(lambda: cut(files, wanted(quiet)))),
        "cut_busiest_packets_per_s": round(count / spent(lambda: cut(files, wanted(hosts[:1])))),
        "cut_16_busiest_packets_per_s": round(count / spent(lambda: cut(files, wanted(hosts[:16])))),
        "redact_plain_texts_per_s": round(TEXTS / spent(lambda: redact("plain"))),
        "redact_encoded_texts_per_s": round(TEXTS / spent(lambda: redact("encoded"))),
    }
    if given.json:
        print(json.dumps(said))
    else:
        for name, value in said.items():
            print(f"{name:<28} {value:,}")


if __name__ == "__main__":
    main()
