"""SectorBench: what the join and the score find that no actor finds alone (SCORING.md, docs/simulator.md).

Days of a sector, of real captures seen by the real detectors or drawn, and the way from suspicions at many actors to
twenty leads, beside baselines and an oracle that sees everything.
"""
