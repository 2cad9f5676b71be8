"""`bavn node counts`: what counts this node has told the sector, with which noise, and what is left of its budget.

Refuses to say what the counts were before the noise: nothing keeps them.
"""

import json
from typing import Final

from bavn.app.cli.node.book import NODE_TOML, AsJson, Config, Spoken, asks, book_of, show_table
from bavn.app.cli.words import number
from bavn.app.process.exits import Exit, Stop
from bavn.model.moment import DAY_US, iso
from bavn.model.text import Text

LEFT: Final = Text(
    "epsilon {spent:.2f} of {most:.2f} was spent in the last 30 days; see what was sent with `bavn node ledger --out`"
)
BROKEN: Final = Text(
    "the budget's book is not what this node wrote: no counts leave any more. Restore node.db from a backup"
)


def counts(config: Config = NODE_TOML, *, as_json: AsJson = False, language: Spoken = "en") -> None:
    """Days whose counts were told to the sector, what each cost, and what is left of the 30 days' budget."""
    from bavn.actor.door.budget import Budget
    from bavn.actor.door.queries import days_told
    from bavn.app.config.load import read_node
    from bavn.app.process.real import SystemClock
    from bavn.wire.book import Book
    from bavn.wire.ledger import Ledger

    policy = read_node(config).door
    with Book(book_of(config)) as book:
        budget = Budget(Ledger(book))
        spent, holds = budget.spent_milli(SystemClock().now_us() // DAY_US - 1) / 1000, budget.holds()
    with asks(config) as rows:
        spent_rows = days_told(rows)
    if as_json:
        each = [{"day": iso(day * DAY_US)[:10], "epsilon": milli / 1000} for day, milli, _ in spent_rows]
        made = {"told": each, "spent": spent, "budget": policy.counts_epsilon_30_days, "holds": holds}
        print(json.dumps(made, ensure_ascii=False))
    else:
        days = [(iso(day * DAY_US)[:10], number(milli / 1000, language, 2)) for day, milli, _ in spent_rows]
        show_table(("day", "epsilon"), days, language)
        print(LEFT.filled(spent=spent, most=policy.counts_epsilon_30_days).say(language))
    if not holds:
        raise Stop(Exit.BROKEN, BROKEN.say(language))
