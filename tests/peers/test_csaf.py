"""Advisories, against the validator of CSAF's own people (npm's @secvisogram/csaf-validator-lib): its schema and every
mandatory test."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.peers.environment import peer_node

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "packaging/advisory").glob("*.json"))
TOLD = sorted((ROOT / "docs/advisories").glob("*.json"))


MISTAKES = (
    ("BAVN-MENDED", "BAVN-NEVER"),
    ('"category": "vendor_fix"', '"category": "hope"'),
    ('"baseScore": 6.5', '"baseScore": 9.9'),
)


def judged(*files):
    """What the validator says of each file."""
    node, folder = peer_node("csaf")
    script = Path(__file__).parent / "csaf/validate.mjs"
    done = subprocess.run([node, script, folder, *files], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_what_was_told_is_as_the_format_has_it_named_by_its_number(tmp_path) -> None:
    assert [path.name for path in TEMPLATES] == ["advisory.json", "vex.json"]
    right, wrong = TEMPLATES[0].read_text("utf-8"), []
    for number, (said, instead) in enumerate(MISTAKES):
        assert said in right
        wrong.append(tmp_path / f"{number}.json")
        wrong[-1].write_text(right.replace(said, instead, 1))
    verdicts = judged(*TEMPLATES, *TOLD, *wrong)
    assert [one for one in verdicts[: -len(wrong)] if not one["valid"] or one["tests"] < 40] == []
    assert [(one["valid"], bool(one["errors"])) for one in verdicts[-len(wrong) :]] == [(False, True)] * len(wrong)
    for path in TOLD:
        document = json.loads(path.read_text("utf-8"))
        assert path.name == f"{document['document']['tracking']['id'].lower()}.json"
        assert document["document"]["tracking"]["status"] == "final"
        assert not re.search(r"\b[A-Z]{3,}( [A-Z]{2,})+\b|-0000|example\.org|99999", path.read_text("utf-8")), path
