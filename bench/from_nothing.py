"""How long the README's first command takes on a machine that has nothing: installed, played, over.

    PYTHONPATH=. .venv/bin/python bench/from_nothing.py [--folder DIR] [--show] [--json]

As root, with debootstrap. A fresh Debian minbase (bench/clean_machine.py), in it what is committed here and nothing
else, and `script/demo --headless`: until it ends by itself. Bars: 300 s in all, and 2 s from the order to the last
block at all six actors, p95 of ten. Baseline, in the same run: what the installing alone took.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import ended
from clean_machine import base_root, fresh_root
from figures import tell

ROOT = Path(__file__).resolve().parents[1]
BAR_S, BAR_P95_S = 300, 2.0
BEGINS = "Bavn: a sector of"
SETTINGS = ("/etc/pip.conf", "~/.config/pip/pip.conf", "~/.npmrc", "/etc/npmrc")
"""Where this machine has it from which registries packages come."""
TRUSTED = Path("/etc/ssl/certs/ca-certificates.crt")


def measured(base: Path, *, show: bool) -> dict[str, object]:
    """Seconds, and what the demonstration found."""
    facts: dict[str, object] = {"load": round(os.getloadavg()[0], 1)}
    with fresh_root(base) as root:
        for name in SETTINGS:
            file = Path(name).expanduser()
            if file.exists():
                there = root / str(file).lstrip("/")
                there.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, there)
        environment = {name: value for name, value in os.environ.items() if name != "PIP_FIND_LINKS"}
        if TRUSTED.exists():  # whom this machine trusts for them; what apt brings would take its place
            shutil.copy(TRUSTED, root / "srv/trusted.crt")
            environment |= {name: "/srv/trusted.crt" for name, value in environment.items() if value == str(TRUSTED)}
        packed = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, check=True, capture_output=True).stdout
        (root / "srv/bavn").mkdir()
        subprocess.run(["tar", "-x", "-C", str(root / "srv/bavn")], input=packed, check=True)
        began, begins_s, last = time.monotonic(), 0.0, ""
        words = ["chroot", str(root), "/srv/bavn/script/demo", "--headless", "--json", "/srv/figures.json"]
        running = subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for line in running.stdout or ():
            begins_s = begins_s or (time.monotonic() - began if line.startswith(BEGINS) else 0.0)
            last = line
            if show:
                print(f"[{time.monotonic() - began:6.1f}] {line}", end="", flush=True)
        total = time.monotonic() - began
        if running.wait() or not begins_s:
            raise SystemExit(f"script/demo ended with {running.returncode}: {last}")
        told = json.loads((root / "srv/figures.json").read_text())
    facts |= {"installed s": round(begins_s, 1), "played s": round(total - begins_s, 1), "in all s": round(total, 1)}
    facts |= {"bar s": BAR_S, "ratio to installing alone": round(total / begins_s, 2)}
    facts |= {"order to last block p95 s": told["release_to_block_p95_s"], "bar p95 s": BAR_P95_S}
    facts["each s"] = told["release_to_block_s"]
    facts["rank of the lead"], facts["memory MB"] = told["lead"]["rank"], told["memory_mb"]
    facts["within"] = total <= BAR_S and told["release_to_block_p95_s"] <= BAR_P95_S
    return facts


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "bavn-clean")
    parser.add_argument("--show", action="store_true", help="print what it says, with the seconds")
    parser.add_argument("--json", action="store_true")
    said = parser.parse_args(words)
    ended.in_order()
    if os.geteuid() or shutil.which("debootstrap") is None:
        raise SystemExit("a root of its own needs root, and debootstrap (apt-get install debootstrap)")
    said.folder.mkdir(parents=True, exist_ok=True)
    facts = measured(base_root(said.folder), show=said.show)
    tell({"script/demo from nothing": facts}, as_json=said.json)
    sys.exit(not facts["within"])


if __name__ == "__main__":
    main()
