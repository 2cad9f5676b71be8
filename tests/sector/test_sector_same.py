"""Same seed, same bytes: ledgers and leads, in other processes, under other hash seeds, with the second core loaded."""

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from bavn.rehearsal.world import World
from tests.sector.drawn_script import drawn_script

ROOT = Path(__file__).resolve().parents[2]


def digest(story) -> str:
    text = json.dumps(
        [story.ledgers, [asdict(lead) for lead in story.leads], story.blocks], sort_keys=True, default=str
    )
    return hashlib.sha256(text.encode()).hexdigest()


def run(seed, folder):
    """Odd seeds by three key holders, which fail and are asked at once in threads."""
    holders, holders_k = (3, 2) if seed % 2 else (1, 1)
    world = World(drawn_script(seed, holders=holders, holders_k=holders_k), folder)
    try:
        return world.run()
    finally:
        world.close()


@pytest.mark.slow
def test_without_faults_the_campaign_is_lead_one_and_blocked_everywhere(disk) -> None:
    world = World(drawn_script(2, faults=False), disk / "w")
    story = world.run()
    world.close()
    (lead,) = story.leads
    assert lead.rank == 1
    assert len(lead.actors) == 3
    assert lead.score == pytest.approx(sum(term.nats for term in lead.terms))
    assert {tuple(sorted(blocks)) for blocks in story.blocks.values()} == {tuple(sorted(map(str, lead.observables)))}


PROGRAM = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from test_sector_same import digest, run
print(digest(run(int(sys.argv[2]), Path(sys.argv[3]))))
"""


@pytest.mark.slow
def test_runs_are_the_same_whatever_the_hash_seed_and_the_load(disk) -> None:
    burner = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        digests = {
            subprocess.run(
                [sys.executable, "-c", PROGRAM, str(Path(__file__).parent), "11", str(disk / str(turn))],
                env={**os.environ, "PYTHONHASHSEED": str(turn * 77), "PYTHONPATH": str(ROOT)},
                capture_output=True,
                text=True,
                check=True,
                timeout=300,
            ).stdout
            for turn in range(2)
        }
    finally:
        burner.kill()
        burner.wait()
    assert digests == {digest(run(11, disk / "here")) + "\n"}
    assert digests != {digest(run(13, disk / "other")) + "\n"}
