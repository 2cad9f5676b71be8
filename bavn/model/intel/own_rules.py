"""Numbers of the Suricata rules that are Bavn's own, and what rests on one: an indicator that the sector shared.

An alert of such a rule says that the indicator was met, which leaves as a sighting; it is no evidence for the
indicator.
"""

from typing import Final

from bavn.model.suspicion import RowsRef, Suspicion

OWN_RULES: Final = range(1_817_000, 1_818_000)
"""In the range that Suricata's community leaves to local rules."""
RULES_OF_ONE: Final = 4
INDICATOR_RULES: Final = range(1_817_000_000, 1_817_000_000 + 2**28)
"""Rules that people load for one indicator (app/siem/rules), so many numbers for each; no other source of rules numbers
so high below 2^31."""


def is_own_number(sid: int) -> bool:
    """Whether a rule of this number is Bavn's own."""
    return sid in OWN_RULES or sid in INDICATOR_RULES


def is_of_own_rule(suspicion: Suspicion) -> bool:
    """Whether it rests on alerts of a rule of Bavn's own, and on nothing else."""
    return rest_on_own_rule(suspicion.rows)


def rest_on_own_rule(rows: RowsRef) -> bool:
    """Whether these rows are alerts of a rule of Bavn's own."""
    if rows.table != "alert":
        return False
    return any(name == "signature_id" and is_own_number(int(value)) for name, value in rows.equals)
