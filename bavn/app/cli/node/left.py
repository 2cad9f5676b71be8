"""`bavn node left`: what left this actor in some days, in words. Refuses to show a line's body: the ledger does."""

import datetime as dt
import json
from dataclasses import asdict
from typing import Annotated, Final

import typer

from bavn.app.cli.node.book import NODE_TOML, AsJson, Config, Spoken, book_of
from bavn.app.process.exits import Exit, Stop
from bavn.model.moment import DAY_US
from bavn.model.text import Number, Text

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
        told = left_in(reader.back_to(since_us), since_us, until_us)
    if as_json:
        print(json.dumps(asdict(told), default=lambda text: text.say(language), ensure_ascii=False))
        return
    lines = [told.says.say(language)]
    for group in told.classes:
        lines.append(f"  {group.says.say(language)}. {group.learned.say(language)}")
        lines += [f"    {word}" for word in group.named]
        if group.more:
            lines.append(f"    {Text('and {n} more', n=Number(group.more)).say(language)}")
    if told.refused_count:
        lines.append(refused_text(told.refused_count).say(language))
        lines += [f"  {Number(one.count).say(language)}: {one.why.say(language)} ({one.rule})" for one in told.refused]
    if not told.whole:
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
