"""The labelled captures once more, with rules loaded: one Suricata that reads them one after the other.

The rules are all of BAVN_DATA/intel/suricata. Each capture becomes a store as without rules (``bench/sets``), with its
alerts in it, as ``bavn analyse --rules`` would see it. Logs cannot be read again: they keep what they say themselves.
"""

import gzip
import hashlib
from pathlib import Path
from typing import Self

from bavn.actor.sense.suricata.config import HOMES_DEFAULT, SuricataConfig
from bavn.actor.sense.suricata.served import ServedSuricata


class Rules:
    """``data``: BAVN_DATA. ``work``: a folder that may go afterwards. Close it."""

    def __init__(self, data: Path, work: Path) -> None:
        packed = sorted((data / "intel" / "suricata").glob("*.rules*"))
        self.digest = hashlib.sha256(b"".join(file.read_bytes() for file in packed)).hexdigest()
        work.mkdir(parents=True, exist_ok=True)
        files = tuple(_plain(file, work).absolute() for file in packed)
        self.suricata = ServedSuricata(work / "served", SuricataConfig(homes=HOMES_DEFAULT, rule_files=files))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.suricata.close()


def _plain(packed: Path, work: Path) -> Path:
    plain = work / packed.name.removesuffix(".gz")
    plain.write_bytes(gzip.decompress(packed.read_bytes()) if packed.suffix == ".gz" else packed.read_bytes())
    return plain
