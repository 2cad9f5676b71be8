"""Walks every way to a block for each entry of the set of accidents, and counts what was stopped, for
docs/benchmarks.md: with the set, and as it would be without it (warning lists and the never-block list alone).

.venv/bin/python bench/never_again.py
"""

from unittest.mock import patch

from bavn.actor.protect import never
from bavn.app.node.protect import warning_list
from bavn.model.intel import accidents as room
from tests.sector import accident_ways as ways

entries = room.accidents().entries
meant = [ways.observables_of(entry) for entry in entries]
every = sorted(set().union(*meant))
one_each = sorted({min(some) for some in meant if some})
never_blocked = sum(entry.never for entry in entries)
spelled = sum(len(set(ways.spellings(entry))) for entry in entries)
print(
    f"{len(entries)} entries ({never_blocked} never, {len(entries) - never_blocked} by two people who read)", end=", "
)
print(f"{spelled:,} spellings, which mean {len(every)} names and addresses that could be blocked")
none = room.Accidents(())
with patch.object(room, "accidents", lambda: none), patch.object(never, "accidents", lambda: none):
    without = ways.unasked(every, one_each, warning_list)
through = ways.unasked(every, one_each)
walked = {way: len(one_each if way == "drafted by hand" else every) for way in through}
print(f"{'way, nobody or one person having read':44} {'walked':>6} {'through':>8} {'without the set':>16}")
for way, some in through.items():
    print(f"{way:44} {walked[way]:6} {len(some):8} {len(without[way]):16}")
print(f"{'all':44} {sum(walked.values()):6} {sum(map(len, through.values())):8} {sum(map(len, without.values())):16}")
asked = ways.by_two_who_read(every)
print(f"two people who read: {len(asked)} of {len(every)} leave the centre, the others are never blocked")
