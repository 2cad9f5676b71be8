"""Where a release comes from: an in-toto statement with SLSA's provenance of all files in a folder, for script/release.

    python packaging/provenance.py FOLDER FILE

It says what was built, from which commit and which pinned libraries, with which Debian and Python. It is signed as all
else of a release is: its checksum stands in SHA256SUMS. Nothing of the machine or the moment stands in it, so that who
builds the same commit again compares it byte for byte. Formats: in-toto Statement v1, SLSA Provenance v1.
"""

import json
import platform
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
BUILD_TYPE = "urn:bavn:script-release:1"
"""What the parameters mean: script/release of the commit, on a Debian with what script/bootstrap installs."""
BUILDER = "urn:bavn:release-signer"
"""A person at a machine of his or her own (GOVERNANCE.md, release signer): SLSA's build level 1, and no more."""
PINS = (
    *(f"requirements/{role}.txt" for role in ("guard", "node", "centre", "run")),
    "console/package-lock.json",
)


def statement(folder: Path) -> dict[str, Any]:
    """Of all files of ``folder``, in order of their names."""
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": path.name, "digest": _digest(path)} for path in sorted(folder.iterdir())],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {"command": "script/release", "thin": _is_thin(folder)},
                "internalParameters": {"uncommitted_changes": bool(_git("status", "--porcelain"))},
                "resolvedDependencies": [
                    *_source(),
                    *({"name": name, "digest": _digest(ROOT / name)} for name in PINS),
                ],
            },
            "runDetails": {"builder": {"id": BUILDER, "version": {"debian": _debian(), "python": _python()}}},
        },
    }


def _source() -> list[dict[str, Any]]:
    """The commit; none where the tree is an unpacked archive, which says it in its name alone."""
    commit = _git("rev-parse", "HEAD")
    return [{"name": "source", "digest": {"gitCommit": commit}}] if commit else []


def _digest(path: Path) -> dict[str, str]:
    return {"sha256": sha256(path.read_bytes()).hexdigest()}


def _is_thin(folder: Path) -> bool:
    return any("+thin_" in path.name for path in folder.glob("*.deb"))


def _git(*words: str) -> str:
    """What git says; nothing where this tree is no checkout of its own, or git is not there or knows no commit."""
    if not (ROOT / ".git").exists():
        return ""
    try:
        done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _debian() -> str:
    return platform.freedesktop_os_release().get("VERSION_ID", "none")


def _python() -> str:
    """Of Debian, whose Python the package's libraries are laid out for."""
    return subprocess.run(
        ["/usr/bin/python3", "-c", "import platform; print(platform.python_version())"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(json.dumps(statement(Path(sys.argv[1])), indent=1, sort_keys=True) + "\n")
