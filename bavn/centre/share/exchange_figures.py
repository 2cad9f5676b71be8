"""How much a partner was given, and what gate 3 kept from it, for people. Refuses to hand anything over."""

from collections import Counter
from dataclasses import dataclass
from typing import Final

from bavn.centre.share.handing import KIND
from bavn.model.sector.partner import PEER_PREFIX
from bavn.wire.ledger import Asks, refusals_about

LINES_LOOKED_AT_MAX: Final = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """``given``: objects that passed gate 3 for a partner, ``refused``: those that did not; ``last_us``: when the last
    was shelved that it was given."""

    given: int
    refused: int
    last_us: int | None


def given_to(book: Asks, partner: str) -> Given:
    """Zeros where nothing was ever exchanged on this book."""
    if not book.rows("SELECT 1 FROM sqlite_master WHERE name = 'given'"):
        return Given(given=0, refused=0, last_us=None)
    sql = """SELECT COALESCE(SUM(passed), 0), COUNT(*) - COALESCE(SUM(passed), 0),
          MAX(CASE passed WHEN 1 THEN added_us END)
        FROM given WHERE partner = ?"""
    passed, refused, last_us = book.rows(sql, (partner,))[0]
    return Given(given=int(passed), refused=int(refused), last_us=last_us)


def refused_of(book: Asks, partner: str, kind: str = KIND) -> list[tuple[str, str, int]]:
    """(rule, reason, times) of what a gate refused of late about a partner, the most frequent first. ``kind``: of the
    ledger's lines."""
    rows = refusals_about(book, PEER_PREFIX + partner, kind, LINES_LOOKED_AT_MAX)
    counted = Counter(rows)
    return sorted(((r, why, n) for (r, why), n in counted.items()), key=lambda one: (-one[2], one[0], one[1]))
