"""What was dropped (docs/decisions/0045-less.md) is named nowhere any more."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DROPPED = {
    "hubs and NATS": r"nats-server|nats\.py|\bfan_?out\b|hub_urls?\b|bavn[ -]hub",
    "exercises and training cases": r"\bexercises?\b|sandbox lane",
    "the roll-out register": r"rollout_(move|plan|wait)\b|icalendar",
    "the webhook of enforcers": r"openc2|cacao",
    "passwords and codes": r"\btotp_|recovery[ _]code|argon2",
    "key modes": r"\bkey_mode|\bM[123]\b",
    "policy on the past": r"privacy[-_]check",
    "score versions and usefulness": r"learned_version|score_version|quartile benchmark|usefulness of",
    "Ansible": r"\bansible\b",
    "Ray": r"\bray\.(init|remote|get)\b|\bray_|bavn\[ray|\[scale\]",
    "Swedish": r"\bswedish\b|\bsvensk",
    "SIEM transports": r"\bhec_|SplunkHec|azure_monitor",
    "the old dialect": r"CanaryTold|\bheard_us\b",
}
"""Feature -> what names it."""
HISTORY = ("docs/decisions/", "docs/benchmarks", "CHANGELOG.md", "LICENSE", "console/package-lock.json")
"""Files that tell what was, and files of others."""
NAMED_FOR_OTHER_REASONS = {
    "bavn/actor/sense/handshakes/dicom.py",
    "tests/manners/test_dropped.py",
    "tests/sim/test_sectorbench_captures.py",
}
TEXT = {".py", ".md", ".toml", ".ts", ".svelte", ".po", ".yaml", ".yml", ".conf", ".service", ".json", ".sh", ""}


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    """Every tracked text file but those of history."""
    names = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    return {
        name: (ROOT / name).read_text(encoding="utf-8", errors="replace")
        for name in names
        if name and not name.startswith(HISTORY) and name not in NAMED_FOR_OTHER_REASONS
        if (ROOT / name).is_file() and (ROOT / name).suffix in TEXT
    }


@pytest.mark.parametrize("feature", DROPPED)
def test_nothing_names_what_was_dropped(texts, feature) -> None:
    word = re.compile(DROPPED[feature], re.IGNORECASE if feature != "key modes" else 0)
    assert [f"{name}: {found[0]}" for name, text in texts.items() if (found := word.search(text))] == []


def test_a_word_that_comes_back_is_seen(texts) -> None:
    assert len(texts) > 1000
    for feature, planted in (("hubs and NATS", "hub_url = 1"), ("key modes", "in M2"), ("the old dialect", "heard_us")):
        assert re.search(DROPPED[feature], planted)
