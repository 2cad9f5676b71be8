"""`bavn node left`: what left this actor in some days, in words.

`bavn node counts`: what counts this node has told the sector, with which noise, and what is left of its budget.

Refuses to say what the counts were before the noise: nothing keeps them.
"""

import datetime as dt
import json
from dataclasses import asdict
from typing import Annotated, Final

import typer

from bavn.app.cli.node.book import NODE_TOML, AsJson, Config, Spoken, asks, book_of, show_table
from bavn.app.cli.words import number
from bavn.app.process.exits import Exit, Stop
from bavn.model.moment import DAY_US, iso
from bavn.model.text import Number, Text

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


NEWEST: Final = Text("There are more lines than are looked through at once: this is of the newest alone.")


def left(
    config: Config = NODE_TOML,
    *,
    day: Annotated[str, typer.Option(help="The last day, as 2026-11-28 (UTC); without it today.")] = "",
    days: Annotated[int, typer.Option(help="So many days, with that one.", min=1, max=28)] = 1,
    as_json: AsJson = False,
    language: Spoken = "en",
) -> None:
    """What left this actor: how many things of which kinds, what they named, who learned what, what was refused."""
    from bavn.app.policy.left import left_in
    from bavn.app.process.real import SystemClock
    from bavn.wire.ledger import look_on

    until_us = (_day(day) + 1 if day else SystemClock().now_us() // DAY_US + 1) * DAY_US
    since_us = max(0, until_us - days * DAY_US)
    with look_on(book_of(config)) as reader:
        days_left = left_in(reader.back_to(since_us), since_us, until_us)
    if as_json:
        print(json.dumps(asdict(days_left), default=lambda text: text.say(language), ensure_ascii=False))
        return
    lines = [days_left.says.say(language)]
    for group in days_left.classes:
        lines.append(f"  {group.says.say(language)}. {group.learned.say(language)}")
        lines += [f"    {word}" for word in group.named]
        if group.more:
            lines.append(f"    {Text('and {n} more', n=Number(group.more)).say(language)}")
    if days_left.refused_count:
        refused = days_left.refused
        lines.append(refused_text(days_left.refused_count).say(language))
        lines += [f"  {Number(one.count).say(language)}: {one.why.say(language)} ({one.rule})" for one in refused]
    if not days_left.whole:
        lines.append(NEWEST.say(language))
    print("\n".join(lines))


def refused_text(count: int) -> Text:
    """How many were refused."""
    return Text.counted("{count:,} thing was refused and stayed:", "{count:,} things were refused and stayed:", count)


def _day(given: str) -> int:
    try:
        return (dt.date.fromisoformat(given) - dt.date(1970, 1, 1)).days
    except ValueError as error:
        raise Stop(Exit.USAGE, Text("say a day as 2026-11-28, not {given}", given=repr(given[:40]))) from error
