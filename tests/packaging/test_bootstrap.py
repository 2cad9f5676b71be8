"""What the README's first command installs is all that a user needs, also to publish."""

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def locked(name: str) -> set[str]:
    return set(
        re.findall(r"^([a-z0-9.-]+)(?:\[[a-z,-]+\])?==", (ROOT / "requirements" / name).read_text(), re.MULTILINE)
    )


def test_what_documents_are_drawn_with_is_installed_by_bootstrap() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    named = [one for name in ("node", "centre", "build") for one in extras[name] if not one.startswith("bavn[")]
    wanted = {re.split(r"[\[<>=]", one)[0] for one in named}
    assert "matplotlib" in wanted
    assert wanted <= locked("run.txt")
    assert "lock=requirements/run.txt" in (ROOT / "script/bootstrap").read_text()


APT = """#!/bin/sh
case "$*" in
  *indextargets*) printf '%s' "$KNOWN" ;;
  *madison*) printf '%s' "$MADISON" ;;
  *update*) cat "$(printf '%s\n' "$@" | sed -n 's/^Dir::Etc::sourceparts=//p')"/*.list > "$TRIED"; exit "$UPDATED" ;;
esac
"""
KNOWN = "https://mirror.example/debian/|/dev/null\nhttps://other.example/debian/|\n"


@pytest.mark.parametrize(
    ("known", "updated", "madison", "there"),
    [
        (KNOWN, 0, " suricata | 1:8.0.8-1~bpo13+2 | https://mirror.example/debian x/main", True),
        (KNOWN, 0, " suricata | 1:7.0.10-1+deb13u4 | https://mirror.example/debian x/main", False),
        (KNOWN, 0, "", False),
        (KNOWN, 100, " suricata | 1:8.0.8-1~bpo13+2 | https://mirror.example/debian x/main", False),
        ("", 0, " suricata | 1:8.0.8-1~bpo13+2 | https://mirror.example/debian x/main", False),
    ],
)
def test_backports_come_from_the_mirror_that_apt_has_or_are_done_without(
    tmp_path, known, updated, madison, there
) -> None:
    for name in ("apt-get", "apt-cache"):
        (tmp_path / name).write_text(APT)
        (tmp_path / name).chmod(0o755)
    tried = tmp_path / "tried"
    env = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "KNOWN": known,
        "UPDATED": str(updated),
        "MADISON": madison,
        "TRIED": str(tried),
    }
    done = subprocess.run([ROOT / "script/backports"], env=env, capture_output=True, text=True, check=True)
    suite = subprocess.run([ROOT / "script/backports", "--suite"], capture_output=True, text=True, check=True).stdout
    line = f"deb [signed-by=/dev/null] https://mirror.example/debian/ {suite.strip()} main\n"
    assert done.stdout == (line if there else "")
    assert bool(done.stderr) != there, "why there are none"
    assert not known or tried.read_text() == line
