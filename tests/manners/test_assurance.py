"""docs/assurance: each row of the baseline has evidence that is there, or says why not; and the evidence itself."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/assurance/osps.md"
ROW = re.compile(
    r"^\| (OSPS-[A-Z]{2}-\d\d\.\d\d) \| (.+?) \| (met|not met|when it is hosted) \| (.+) \|$", re.MULTILINE
)
ROWS = ROW.findall(PAGE.read_text(encoding="utf-8"))
ASKED = {
    "Level 1": "AC-01.01 AC-02.01 AC-03.01 AC-03.02 BR-01.01 BR-01.03 BR-03.01 BR-03.02 BR-07.01 DO-01.01 DO-02.01 "
    "GV-02.01 GV-03.01 LE-02.01 LE-02.02 LE-03.01 LE-03.02 QA-01.01 QA-01.02 QA-02.01 QA-04.01 QA-05.01 "
    "QA-05.02 VM-02.01",
    "Level 2": "AC-04.01 BR-02.01 BR-04.01 BR-05.01 BR-06.01 DO-06.01 DO-07.01 GV-01.01 GV-01.02 GV-03.02 LE-01.01 "
    "QA-03.01 QA-06.01 SA-01.01 SA-02.01 SA-03.01 VM-01.01 VM-03.01 VM-04.01",
    "Level 3": "AC-04.02 BR-01.04 BR-02.02 BR-07.02 DO-03.01 DO-03.02 DO-04.01 DO-05.01 GV-04.01 QA-02.02 QA-04.02 "
    "QA-06.02 QA-06.03 QA-07.01 SA-03.02 VM-04.02 VM-05.01 VM-05.02 VM-05.03 VM-06.01 VM-06.02",
}
"""The baseline's own list, version 2026-08-28."""
WITHOUT_PROOF = {"OSPS-QA-04.01", "OSPS-QA-04.02"}
"""Met since there is nothing: one repository."""
SECRET = re.compile(
    rb"-----BEGIN [A-Z ]*PRIVATE KEY-----\r?\n[A-Za-z0-9+/=]{40}|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36}\b"
)
BINARY_BYTES_MAX = 64 << 10


def tracked():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("no checkout of git")
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


def anchors(page):
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_each_requirement_of_each_level_is_judged_once() -> None:
    text = PAGE.read_text(encoding="utf-8")
    parts = re.split(r"^## (Level \d)$", text, flags=re.MULTILINE)[1:]
    judged = {level: [row[0] for row in ROW.findall(part)] for level, part in zip(parts[::2], parts[1::2], strict=True)}
    assert judged == {level: [f"OSPS-{name}" for name in names.split()] for level, names in ASKED.items()}


@pytest.mark.parametrize(("name", "status", "cell"), [(row[0], row[2], row[3]) for row in ROWS])
def test_what_is_met_has_evidence_that_is_there_and_all_else_a_reason(name, status, cell) -> None:
    links = re.findall(r"\]\(([^)#]+)(?:#([^)]+))?\)", cell)
    for file, anchor in links:
        there = (PAGE.parent / file).resolve()
        assert there.exists(), file
        assert not anchor or anchor in anchors(there), (file, anchor)
    tests = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", cell)
    for file, test in tests:
        assert re.search(rf"^def {test}\(", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE), f"{file}::{test}"
    if status == "met":
        assert links or tests or name in WITHOUT_PROOF
    else:
        assert len(cell.split()) >= 5, cell


def test_ci_takes_nothing_and_holds_nothing() -> None:
    """It runs script/test, and hands it neither a parameter nor a secret."""
    lines = [line for line in (ROOT / ".ci/run").read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]
    assert lines == ["set -euo pipefail", 'cd "$(dirname "$0")/.."', "export BAVN_SKIP_NONE=1", "exec script/test"]


def test_no_private_key_is_kept_here() -> None:
    assert [path for path in tracked() if SECRET.search(path.read_bytes())] == []
    assert SECRET.search(b"-----BEGIN OPENSSH PRIVATE KEY-----\n" + b"A" * 64)


def test_nothing_binary_is_kept_but_what_a_test_reads() -> None:
    for path in tracked():
        content = path.read_bytes()
        if b"\0" in content[:8192] or content.startswith(b"\x7fELF"):
            assert path.is_relative_to(ROOT / "fuzz"), path
            assert len(content) <= BINARY_BYTES_MAX, path
