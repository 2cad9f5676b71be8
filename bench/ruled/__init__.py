"""The labelled captures once more, with rules loaded: one run of Suricata over all of them, its alerts by capture.

Rules are what lies in BAVN_DATA/intel/suricata, except lists of certificates. Suricata names the capture of each line
(``pcap_filename``), truly so only where one thread does all. Captures follow each other in one run: a flow that two of
them share by address, port and time would be one, so nothing but alerts and the names beside them is taken from here.
"""

import gzip
import hashlib
import json
import os
import pickle
import shutil
import subprocess
import tempfile
from pathlib import Path

import pyarrow as pa
from labelled import BENIGN, Labelled, labelled

from bavn.actor.sense.open_path import open_path
from bavn.actor.sense.prepare import prepared
from bavn.actor.sense.suricata.config import HOMES_DEFAULT, SuricataConfig, offline_yaml

PACKETS_BYTES_MAX = 40_000_000
"""Larger captures are left out: the run is about rules, not volume."""
KEPT_TYPES = ("alert", "dns", "tls", "http", "flow")


def rule_files(folder: Path, work: Path) -> list[Path]:
    """The rules, unpacked."""
    made = []
    for packed in sorted((folder.parent / "intel" / "suricata").glob("*.rules*")):
        if "blacklist" not in packed.name:
            plain = work / packed.name.removesuffix(".gz")
            plain.write_bytes(gzip.decompress(packed.read_bytes()) if packed.suffix == ".gz" else packed.read_bytes())
            made.append(plain)
    return made


def ruled(folder: Path) -> dict[str, dict[str, pa.Table]]:
    """The records of each pcap by its name in the manifest; kept outside the repository."""
    chosen = [
        one
        for one in labelled(folder)
        if one.name.startswith("pcap")
        and one.kind in (*BENIGN, "malicious", "technique")
        and one.path.stat().st_size <= PACKETS_BYTES_MAX
    ]
    digest = hashlib.sha256("".join(one.digest for one in chosen).encode()).hexdigest()
    named = os.environ.get("BAVN_BENCH_CACHE")
    kept = (Path(named) if named else Path(tempfile.gettempdir()) / "bavn-bench-cache") / f"ruled-{digest}"
    if kept.is_file():
        found: dict[str, dict[str, pa.Table]] = pickle.loads(kept.read_bytes())
        return found
    with tempfile.TemporaryDirectory(prefix="bavn-ruled-") as scratch:
        made = _run(folder, chosen, Path(scratch))
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(pickle.dumps(made))
    return made


def _run(folder: Path, chosen: list[Labelled], work: Path) -> dict[str, dict[str, pa.Table]]:
    captures, out = work / "captures", work / "out"
    captures.mkdir()
    out.mkdir()
    names = {f"{place:04d}.pcap": one.name for place, one in enumerate(chosen)}
    for place, one in enumerate(chosen):
        shutil.copyfile(one.path, captures / f"{place:04d}.pcap")
    config = out / "suricata.yaml"
    head, _, tree = offline_yaml(SuricataConfig(rule_files=tuple(rule_files(folder, work)))).partition("---\n")
    settings = json.loads(tree)
    settings["outputs"][0]["eve-log"]["pcap-file"] = "yes"
    config.write_text(f"{head}---\n{json.dumps(settings)}\n", encoding="utf-8")
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin"
    command = ["suricata", "-c", str(config), "-l", str(out), "-r", str(captures), "--runmode", "single"]
    subprocess.run(command, check=True, env=os.environ | {"PATH": path}, stdout=subprocess.DEVNULL)
    lines: dict[str, list[str]] = {name: [] for name in names.values()}
    with (out / "eve.json").open(encoding="utf-8") as told:
        for line in told:
            event = json.loads(line)
            name = names.get(Path(event.get("pcap_filename", "")).name)
            if name is not None and event.get("event_type") in KEPT_TYPES:
                lines[name].append(line)
    return {name: _tables(some, work) for name, some in lines.items() if some}


def _tables(lines: list[str], work: Path) -> dict[str, pa.Table]:
    eve = work / "one.json"
    parts: dict[str, list[pa.Table]] = {}
    eve.write_text("".join(lines), encoding="utf-8")
    for batch in open_path(eve, sensor="bench", work=work / "unused", homes=HOMES_DEFAULT, engine=prepared()):
        for table, rows in batch.tables.items():
            parts.setdefault(table, []).append(rows)
    return {table: pa.concat_tables(rows) for table, rows in parts.items()}
