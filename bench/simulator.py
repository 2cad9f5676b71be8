"""How fast a sector is made: packets a CPU second in byte matrices, against scapy building the same kind of packet.

.venv/bin/python bench/simulator.py [--json] [--days 8] [--scale 1.0]
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether
from scapy.packet import Raw

from bavn.model.moment import DAY_US
from bavn.traffic.sector import demo_sector
from bavn_lab.sim.generate import generate

END_US = 1_795_532_400_000_000
SCAPY_PACKETS = 2000


def scapy_rate() -> float:
    """Packets a CPU second, one by one, of about the mean size."""
    began = time.process_time()
    for number in range(SCAPY_PACKETS):
        link = Ether(src="02:00:0a:0a:01:05", dst="02:00:5e:00:00:01")
        bytes(link / IP(src="10.10.1.5", dst="25.1.2.3") / TCP(sport=50000, dport=443, seq=number) / Raw(bytes(250)))
    return SCAPY_PACKETS / (time.process_time() - began)


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--json", action="store_true")
    given.add_argument("--days", type=float, default=8.0)
    given.add_argument("--scale", type=float, default=1.0)
    asked = given.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        began = time.process_time()
        made = generate(demo_sector(1, asked.scale), 1, END_US - int(asked.days * DAY_US), END_US, Path(folder))
        cpu_s = time.process_time() - began
    packets = sum(f["packets"] for actor in made["actors"] for f in actor["files"])
    size = sum(f["bytes"] for actor in made["actors"] for f in actor["files"])
    flows = sum(actor["planted"].get("flows", 0) for actor in made["actors"])
    baseline = scapy_rate()
    figures = {
        "cpu_s": round(cpu_s, 1),
        "flows": flows,
        "packets": packets,
        "megabytes": size >> 20,
        "packets_per_cpu_s": round(packets / cpu_s),
        "scapy_packets_per_cpu_s": round(baseline),
        "ratio": round(packets / cpu_s / baseline, 1),
    }
    print(json.dumps(figures) if asked.json else "\n".join(f"{name}: {value}" for name, value in figures.items()))


if __name__ == "__main__":
    main()
