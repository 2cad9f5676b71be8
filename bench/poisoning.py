"""Plays a hostile actor's attempts (bavn_lab/sim/poison.py), prints what came of each, for docs/benchmarks.md.

.venv/bin/python bench/poisoning.py
"""

import tempfile
from pathlib import Path

from bavn_lab.sim.poison import attempts, play


def shown(score: float | None) -> str:
    return "-" if score is None else f"{score:.2f}"


for attempt in attempts():
    with tempfile.TemporaryDirectory() as folder:
        came = play(attempt, Path(folder) / "world")
    campaign = f"campaign {shown(came.campaign_score)} (without {shown(came.campaign_without)})"
    supplier = f"supplier {shown(came.supplier_score)} (honest {shown(came.supplier_honest)})"
    print(f"{attempt.name:36} {campaign} blocked {came.campaign_blocked}; {supplier} case {came.supplier_case}")
    print(f"{'':36} blocked {came.supplier_blocked}; quarantined {came.quarantined}, withdrawn {came.withdrawn}")
    print(f"{'':36} turned away {dict(came.turned_away)}")
