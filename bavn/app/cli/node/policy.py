"""`bavn node policy explain`: what a policy means line by line, what leaves under it and what never could, what differs
from the one in force, and what it would have let out of what this node really suspects.

Refuses to change a policy: a person does, in the file or in the console.
"""

import json
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from bavn.app.cli.node.book import NODE_TOML, AsJson, Config, Spoken
from bavn.model.text import Language, Text

if TYPE_CHECKING:
    from bavn.app.config.load import NodeConfig
    from bavn.app.policy.explain import Consequence, Differs, Line, Policy

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="What may leave, and be blocked, in words.")
W: Final = {
    "lines": Text("What each line means"),
    "no lines": Text("The file sets nothing: every field has its default."),
    "line": Text("line"),
    "leaves": Text("What would leave"),
    "never": Text("What never could, whatever the policy says (what people attach to a case by hand they see first)"),
    "changes": Text("What differs from the policy in force"),
    "same": Text("Nothing differs from the policy in force."),
    "before": Text("before"),
    "now": Text("with this"),
    "own": Text("Tried on this node's last {} days: {} elements"),
    "own none": Text("Tried on nothing: this node has not run yet."),
    "in force": Text("in force"),
    "alike": Text("Each of them would fare as it does now."),
    "asked": Text("What the centre asked in those days and would have been answered otherwise"),
    "asked none": Text("Nothing that the centre asked in those days would have been answered otherwise."),
    "more": Text("... and {} more (--json has all)"),
    "restart": Text("The node reads its policy when it starts."),
}
OUTCOMES: Final = {
    "leaves": Text("leaves"),
    "asks": Text("waits for a person"),
    "stays": Text("stays"),
}
SHOWN_MAX: Final = 40


@app.command("explain")
def explain(
    file: Annotated[
        Path | None, typer.Argument(help="A policy, or a folder with policy.toml; without it the one in force.")
    ] = None,
    config: Config = NODE_TOML,
    *,
    days: Annotated[int, typer.Option(help="Try it on so many last days.", min=1, max=90)] = 7,
    every: Annotated[bool, typer.Option("--all", help="Also the fields that the file does not set.")] = False,
    as_json: AsJson = False,
    language: Spoken = "en",
) -> None:
    """What a policy means in words, what differs from the one in force, and what it would have let out here.

    It asks and changes nothing. A policy that the node would not start with is one error, with its line.
    """
    from bavn.app.config.load import read_node
    from bavn.app.policy.explain import consequences, policy_in
    from bavn.app.policy.file import policy_of as in_force_file

    given = read_node(config)
    now = _in_force(given, in_force_file(given))
    asked = now if file is None else policy_in(file, given)
    changed = consequences(now, asked)
    own = _own(given, now, asked, days)
    lines = _lines(asked, every=every)
    if as_json:
        _as_json(lines, asked, changed, own, language)
        return
    for said in [*_said(lines, asked, changed, language, compared=file is not None), *_own_said(own, days, language)]:
        print(said)
    if changed:
        print(W["restart"].say(language))


def _in_force(given: "NodeConfig", file: Path) -> "Policy":
    from bavn.app.policy.explain import Policy, policy_in

    return policy_in(file, given) if file.exists() else Policy("", {"door": given.door, "protect": given.protect})


def _lines(asked: "Policy", *, every: bool) -> "list[Line]":
    from bavn.app.policy.explain import Line, lines_of
    from bavn.app.policy.means import means

    made = lines_of(asked)
    if every:
        rest = [one for one in asked.fields() if not one.written]
        made += [Line(0, one, means(one.name, one.value, one.about)) for one in rest]
    return made


def _own(given: "NodeConfig", now: "Policy", asked: "Policy", days: int) -> dict[str, Any] | None:
    """What both policies make of this node's last days; None where it has not run."""
    from bavn.actor.door.rounds.reveals import REVEALS_SQL, reveals_of
    from bavn.actor.door.sector_verdicts import SECTOR_VERDICTS_SQL, sector_verdicts_of
    from bavn.actor.door.state import State
    from bavn.actor.door.suspicions import RANKED_SQL, ranked_of
    from bavn.actor.door.verdicts import VERDICTS_SQL, verdicts_of
    from bavn.app.policy.explain import differences, recent, requested_before, tried
    from bavn.app.process.real import SystemClock
    from bavn.model.moment import DAY_US
    from bavn.model.sector.verdict import NO_VERDICTS, Verdicts
    from bavn.wire.book import Book

    file, clock = given.folder / "node.db", SystemClock()
    if not file.exists():
        return None
    with Book(file) as book:

        def rows(sql: str) -> list[tuple[Any, ...]]:
            try:
                return book.rows(sql)
            except sqlite3.OperationalError as error:
                if "no such table" in str(error):
                    return []
                raise

        verdicts = Verdicts(
            verdicts_of(rows(VERDICTS_SQL)) + sector_verdicts_of(rows(SECTOR_VERDICTS_SQL)), clock.now_us()
        )
        kept = [one.suspicion for one in ranked_of(rows(RANKED_SQL), NO_VERDICTS)]
        found = recent(kept, clock.now_us(), days)
        state = State(book, bytes(32))
        before = tried(now.door, given, state, clock, found, verdicts)
        after = tried(asked.door, given, state, clock, found, verdicts)
        questions = requested_before(
            reveals_of(rows(f"{REVEALS_SQL} LIMIT 100000")), asked.door, clock.now_us() - days * DAY_US
        )
    return {
        "before": _counted(before),
        "after": _counted(after),
        "elements": len({*before, *after}),
        "differ": differences(before, after),
        "asked": questions,
    }


def _counted(tried: Any) -> dict[str, int]:
    outcomes = [one.outcome for _, one in tried.values()]
    return {name: outcomes.count(name) for name in OUTCOMES}


def _said(
    lines: "list[Line]", asked: "Policy", changed: "list[Consequence]", language: Language, *, compared: bool
) -> list[str]:
    from bavn.app.policy.leaves import NEVER, leaves
    from bavn.app.policy.means import WAYS, shown

    made = [f"{W['lines'].say(language)}:"]
    made += [
        f"  {f'{W["line"].say(language)} {one.line}: ' if one.line else ''}[{one.field.table}] {one.field.name}"
        f" = {shown(one.field.value, one.field.about)}\n      {one.says.say(language)}"
        for one in lines
    ] or [f"  {W['no lines'].say(language)}"]
    made += [f"{W['leaves'].say(language)}:"]
    made += [f"  {name}  {said.say(language)}" for name, said in leaves(asked.door)]
    made += [f"{W['never'].say(language)}:", *(f"  - {one.say(language)}" for one in NEVER)]
    if compared and not changed:
        made.append(W["same"].say(language))
    if changed:
        made.append(f"{W['changes'].say(language)}:")
    for one in changed:
        field, about = one.change.field, one.change.field.about
        follows = "; ".join(WAYS[way].say(language) for way in one.ways)
        made += [
            f"  {field.table}.{field.name}: {shown(field.value, about)} -> {shown(one.change.after, about)}: {follows}",
            f"      {one.says.say(language)}",
        ]
    return made


def _own_said(own: dict[str, Any] | None, days: int, language: Language) -> list[str]:
    if own is None:
        return [W["own none"].say(language)]
    made = [f"{W['own'].say(language).format(days, own['elements'])}."]
    for which, said in (("before", W["in force"]), ("after", W["now"])):
        counted = ", ".join(f"{OUTCOMES[name].say(language)} {n}" for name, n in own[which].items())
        made.append(f"  {said.say(language)}: {counted}")
    made += _differ_said(own["differ"], language) or [f"  {W['alike'].say(language)}"]
    if own["asked"]:
        made += [f"{W['asked'].say(language)}:", *_differ_said(own["asked"], language)]
    else:
        made.append(W["asked none"].say(language))
    return made


def _differ_said(differ: "list[Differs]", language: Language) -> list[str]:
    made = [
        f"  {one.observable}: {W['before'].say(language)} {_fate(one.before, language)};"
        f" {W['now'].say(language)} {_fate(one.after, language)}"
        for one in differ[:SHOWN_MAX]
    ]
    left = len(differ) - SHOWN_MAX
    return [*made, f"  {W['more'].say(language).format(left)}"] if left > 0 else made


def _fate(tried: Any, language: Language) -> str:
    said = OUTCOMES[tried.outcome].say(language)
    return f"{said} ({tried.rule})" if tried.outcome == "stays" and tried.rule else said


def _as_json(
    lines: "list[Line]", asked: "Policy", changed: "list[Consequence]", own: dict[str, Any] | None, language: Language
) -> None:
    from bavn.app.policy.leaves import NEVER, leaves

    for one in lines:
        _out(
            {
                "what": "line",
                "line": one.line or None,
                "table": one.field.table,
                "name": one.field.name,
                "value": one.field.value,
                "says": one.says.say(language),
            }
        )
    for name, said in leaves(asked.door):
        _out({"what": "leaves", "class": name, "says": said.say(language)})
    for said in NEVER:
        _out({"what": "never", "says": said.say(language)})
    for made in changed:
        _out(
            {
                "what": "change",
                "table": made.change.field.table,
                "name": made.change.field.name,
                "before": made.change.field.value,
                "after": made.change.after,
                "ways": list(made.ways),
                "says": made.says.say(language),
            }
        )
    if own is None:
        return
    _out({"what": "tried", "elements": own["elements"], "before": own["before"], "after": own["after"]})
    for what in ("differ", "asked"):
        for entry in own[what]:
            _out(
                {
                    "what": what,
                    "element": str(entry.observable),
                    "suspicion": entry.suspicion,
                    "before": entry.before.outcome,
                    "before_rule": entry.before.rule,
                    "after": entry.after.outcome,
                    "after_rule": entry.after.rule,
                }
            )


def _out(row: dict[str, Any]) -> None:
    print(json.dumps(row, ensure_ascii=False))
