"""An environment of a peer's own: what cannot live beside Bavn's pins, installed once under .venv-peers/ and kept.

    python = peer_python("medallion")                     # requirements/peers/medallion.txt, with hashes
    subprocess.Popen([python, "-m", "medallion.scripts.run", ...])

The pins are written by `python tests/peers/environment.py NAME REQUIREMENT...`, by pip alone, for the Python and the
machine at hand (a package with code of its own has a hash a platform). Where a peer cannot be
installed, a test is skipped; with BAVN_SKIP_NONE it fails.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hatch_build import find_node

ROOT = Path(__file__).resolve().parents[2]
PINS = ROOT / "requirements" / "peers"
ENVIRONMENTS = ROOT / ".venv-peers"
INSTALL_S_MAX = 600


class PeerMissing(Exception):
    """A peer could not be installed; the text says what pip said."""


def peer_python(name: str) -> Path:
    """The Python of a peer's environment, made where it is not there or its pins have changed. Skips the test that asks
    where it cannot be made."""
    try:
        return environment(name) / "bin" / "python"
    except PeerMissing as error:
        if os.environ.get("BAVN_SKIP_NONE"):
            raise
        pytest.skip(f"the peer {name} cannot be installed: {error}")


def environment(name: str) -> Path:
    """The folder of a peer's environment; two processes that ask at once wait for each other. Raises PeerMissing."""
    pins = PINS / f"{name}.txt"
    stamp = hashlib.sha256(pins.read_bytes() + sys.version.encode()).hexdigest()
    folder = ENVIRONMENTS / name
    ENVIRONMENTS.mkdir(exist_ok=True)
    with (ENVIRONMENTS / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        written = folder / ".pins"
        if not written.exists() or written.read_text() != stamp:
            shutil.rmtree(folder, ignore_errors=True)
            _run(sys.executable, "-m", "venv", str(folder))
            _pip(folder, "install", "-q", "--require-hashes", "-r", str(pins))
            written.write_text(stamp)
    return folder


def peer_node(name: str) -> tuple[Path, Path]:
    """Node.js, and the folder whose node_modules holds a peer from npm (requirements/peers/NAME/package-lock.json, with
    digests and no addresses; .npmrc where npm must not bring what the peer is a plug-in of). Skips the test that asks
    where it cannot be made."""
    try:
        return node_environment(name)
    except PeerMissing as error:
        if os.environ.get("BAVN_SKIP_NONE"):
            raise
        pytest.skip(f"the peer {name} cannot be installed: {error}")


def node_environment(name: str) -> tuple[Path, Path]:
    """As peer_node. Raises PeerMissing."""
    node, npm = find_node()
    files = [PINS / name / file for file in ("package.json", "package-lock.json", ".npmrc")]
    wanted = [file for file in files if file.exists()]
    stamp = hashlib.sha256(b"".join(file.read_bytes() for file in wanted)).hexdigest()
    folder = ENVIRONMENTS / name
    ENVIRONMENTS.mkdir(exist_ok=True)
    with (ENVIRONMENTS / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        written = folder / ".pins"
        if not written.exists() or written.read_text() != stamp:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            for file in wanted:
                shutil.copy(file, folder)
            quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
            _run(str(node), str(npm), "ci", "--prefix", str(folder), *quiet)
            written.write_text(stamp)
    return node, folder


def write_pins(name: str, requirements: list[str]) -> Path:
    """Resolves the requirements with pip and writes exact versions with the hashes of what pip would install here."""
    folder = ENVIRONMENTS / f"{name}.resolving"
    shutil.rmtree(folder, ignore_errors=True)
    _run(sys.executable, "-m", "venv", str(folder))
    report = json.loads(_pip(folder, "install", "-q", "--dry-run", "--report", "-", *requirements))
    shutil.rmtree(folder)
    lines = []
    for item in sorted(report["install"], key=lambda item: str(item["metadata"]["name"]).lower()):
        facts, digest = item["metadata"], item["download_info"]["archive_info"]["hashes"]["sha256"]
        lines.append(f"{facts['name'].lower()}=={facts['version']} --hash=sha256:{digest}\n")
    PINS.mkdir(parents=True, exist_ok=True)
    pins = PINS / f"{name}.txt"
    pins.write_text("".join(lines))
    return pins


def _pip(folder: Path, *arguments: str) -> str:
    return _run(str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--no-input", *arguments)


def _run(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=INSTALL_S_MAX)
    except subprocess.TimeoutExpired as error:
        raise PeerMissing(f"{' '.join(command[:4])}: nothing for {INSTALL_S_MAX} s") from error
    if done.returncode != 0:
        raise PeerMissing(done.stderr.strip()[-500:] or f"{' '.join(command[:4])}: exit code {done.returncode}")
    return done.stdout


if __name__ == "__main__":
    print(write_pins(sys.argv[1], sys.argv[2:]))
