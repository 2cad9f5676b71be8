"""Suricata over one capture, to its end: always ``--runmode single``, since more threads give another order each time.

A capture that cannot be read at all is SourceBroken with what to do; one that is damaged in its middle gives what was
read and the damage in words. Refuses to parse what Suricata wrote.
"""

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bavn.actor.sense.base import SourceBroken
from bavn.actor.sense.suricata_config import EVE_FILE, suricata_yaml

RUN_S_MAX = 3600.0
SAID_CHARS_MAX = 400


@dataclass(frozen=True, slots=True)
class Run:
    """``eve``: what Suricata wrote. ``damage``: why not all of the capture was read, or None."""

    eve: Path
    damage: str | None


def program() -> str:
    """Where Suricata is. SourceBroken if it is not installed."""
    found = shutil.which("suricata") or shutil.which("suricata", path="/usr/bin:/usr/sbin")
    if found is None:
        raise SourceBroken("Suricata is not installed: apt-get install suricata (script/bootstrap does)")
    return found


def run_offline(capture: Path, work: Path, homes: Sequence[str], rule_files: Sequence[Path] = ()) -> Run:
    """Reads ``capture`` (pcap or pcapng) in a fresh folder ``work``. Raises SourceBroken."""
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    config = work / "suricata.yaml"
    config.write_text(suricata_yaml(work, homes, rule_files))
    command = [program(), "-c", str(config), "-r", str(capture), "-l", str(work), "-k", "none", "--runmode", "single"]
    if not rule_files:
        command += ["-S", "/dev/null"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=RUN_S_MAX, check=False,
            stdin=subprocess.DEVNULL, cwd=work,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise SourceBroken(f"{capture}: Suricata did not come to an end in {RUN_S_MAX:.0f} s") from error
    faults = [line for line in (done.stderr + done.stdout).splitlines() if line.startswith(("Error:", "E:"))]
    eve = work / EVE_FILE
    read_some = eve.exists() and eve.stat().st_size > 0
    if done.returncode != 0 and not read_some:
        raise SourceBroken(f"{capture}: no capture that Suricata can read ({_said(faults, done.returncode)})")
    if not eve.exists():
        raise SourceBroken(f"{capture}: Suricata wrote nothing ({_said(faults, done.returncode)})")
    damaged = done.returncode != 0 or any("pcap" in line.lower() for line in faults)
    return Run(eve, _said(faults, done.returncode) if damaged else None)


def _said(faults: list[str], code: int) -> str:
    words = "; ".join(line.split(":", 1)[1].strip() for line in faults) or f"it ended with {code}"
    return words[:SAID_CHARS_MAX]
