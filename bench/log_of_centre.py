"""How large the centre's log grows in a month, by counted entries: `python bench/log_of_centre.py [ACTORS]`.

Files as a web server hands them out, at their full width, of a month of the default rounds with every actor in each,
and of other acts many more than a centre has. Bar: 50 MB at 100 actors.
"""

import sys
import time

from bavn.centre.correlate.tier import TIERS
from bavn.tlog.entries import KINDS, Entry
from bavn.tlog.tiles import Edge

DAYS = 30
OTHERS_A_DAY = {"act": 500, "leads": 24, "release": 100, "withdrawal": 100, "partner": 500, "registry": 5, "policy": 2}
OF_FORM = {"id": "ab" * 16, "hash": "cd" * 32, "word": "0.1.0", "number": 1_800_000_000}
MB = 1_000_000
BAR_MB = 50


def entry(kind: str) -> bytes:
    fields = {name: OF_FORM[form] for name, form in KINDS[kind].fields.items()}
    return Entry(kind=kind, at_s=1_800_000_000, fields=fields, seal="ef" * 32 if KINDS[kind].sealed else "").bytes()


def main() -> None:
    actors = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    busy = actors / 100
    rounds = round(sum(DAYS * 86_400 / tier.every_s for tier in TIERS))
    counts = {"round": rounds, "hits": rounds, "uploads": rounds}
    counts |= {kind: round(busy * DAYS * each) for kind, each in OTHERS_A_DAY.items()}
    edge, size, began = Edge(), 0, time.process_time()
    for kind, count in counts.items():
        text = entry(kind)
        for since in range(0, count, 2048):
            files = edge.grow([text] * min(2048, count - since))
            size += sum(len(file) for path, file in files.items() if ".p/" not in path)
        print(f"{kind:12} {count:9} entries of {len(text)} bytes")
    print(f"{DAYS} days: {edge.size} entries, {size / MB:.1f} MB of files (bar {BAR_MB} MB at 100 actors)")
    print(f"{time.process_time() - began:.1f} CPU s to make them")
    drawn = sum(86_400 / tier.every_s * actors * 8 * tier.m * tier.t for tier in TIERS)
    whole = max(actors * 8 * tier.m * tier.t * tier.r for tier in TIERS)
    print(f"kept for audits: {drawn / MB:.0f} MB a day of drawn tables")
    print(f"                 {whole / MB:.0f} MB of the largest round until its draw")


if __name__ == "__main__":
    main()
