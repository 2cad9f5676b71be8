"""docs/compatibility.md: whatever of other people's the pages name has a row, tested with a version and a day,
or not and why."""

import datetime as dt
import re
from pathlib import Path

from bavn.model.sector.intel import SOURCE_KINDS
from tests.conftest import PROGRAMS
from tests.peers.versions import PAGE, rows

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
TEXT = PAGE.read_text(encoding="utf-8")
NOT_TESTED = [
    [cell.strip() for cell in line.split("|")[1:-1]]
    for line in TEXT.partition("## Not tested")[2].splitlines()
    if line.startswith("| ") and not line.startswith("| what |")
]
WHAT = {name for row in rows(TEXT) for name in re.findall(r"`([^`]+)`", row["what"])} | {
    name for row in NOT_TESTED for name in re.findall(r"`([^`]+)`", row[0])
}
PACKAGES = {
    "chromium": "chromium-headless-shell",
    "named": "bind9",
    "dnsmasq": "dnsmasq-base",
    "kresd": "knot-resolver",
    "knotd": "knot",
    "pmacctd": "pmacct",
    "rsyslogd": "rsyslog",
    "lognormalizer": "liblognorm",
    "pdns_recursor": "pdns-recursor",
    "syslog_ng": "syslog-ng",
    "suricata_beside": "suricata-beside",
    "node_exporter": "prometheus-node-exporter",
    "podman_compose": "podman-compose",
}
NO_PEERS = {"faketime", "gpg", "mmdebstrap", "buildah", "runc"}
"""Markers of programs that help a test and that Bavn never meets."""


def first_cells(page, head):
    """The names in the first column of the table whose first line begins so."""
    table = (DOCS / page).read_text(encoding="utf-8").partition(head)[2].partition("\n\n")[0]
    return [line.split("|")[1].strip() for line in table.splitlines()[2:] if line.startswith("|")]


def test_every_enforcer_source_format_and_kind_that_the_pages_name_has_a_row() -> None:
    enforcers = [cell.strip("`") for cell in first_cells("enforcers.md", "| enforcer |")]
    formats = [cell.strip("`") for cell in first_cells("logs.md", "| format |")]
    sources = (DOCS / "sources.md").read_text(encoding="utf-8").partition("| source |")[2].partition("\n\n")[0]
    settings = [name for line in sources.splitlines()[2:] for name in re.findall(r"`([a-z_]+)`", line.split("|")[2])]
    assert len(enforcers) >= 7
    assert len(formats) >= 12
    assert len(settings) >= 9
    missing = {*enforcers, *formats, *settings, *SOURCE_KINDS} - WHAT
    assert missing == set()


def test_every_firewall_whose_lists_are_spoken_of_has_a_row() -> None:
    firewalls = first_cells("enforcers.md", "| firewall |")
    assert len(firewalls) >= 4
    peers = " ".join(row[1] for row in NOT_TESTED)
    assert [name for name in firewalls if name not in peers] == []


def test_every_program_that_a_test_starts_has_a_row() -> None:
    peers = {row["peer"].partition(" (")[0] for row in rows(TEXT)}
    assert {PACKAGES.get(name, name) for name in PROGRAMS.keys() - NO_PEERS} - peers == set()
    named = set(re.findall(r"tests/[\w/]+\.py", TEXT))
    assert {f"tests/peers/{path.name}" for path in (ROOT / "tests/peers").glob("test_*.py")} - named == set()
    assert [name for name in named if not (ROOT / name).is_file()] == []


def test_what_was_tested_says_when_and_in_what_version_and_what_was_not_says_why() -> None:
    for row in rows(TEXT):
        assert re.search(r"\d", row["version"]), row["peer"]
        assert dt.date.fromisoformat(row["day"]) >= dt.date(2026, 1, 1)
        assert "tests/" in row["test"]
    assert len(NOT_TESTED) >= 15
    for cells in NOT_TESTED:
        assert len(cells) == 3, cells
        assert len(cells[2]) >= 8, cells
