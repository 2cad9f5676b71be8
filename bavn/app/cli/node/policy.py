"""`bavn node policy explain`: what a policy means line by line, what leaves under it and what never could, what differs
from the one in force, and what it would have let out of what this node really suspects.

`bavn node policy set` changes fields of it, as the console's editor does: the file is written whole, or not at all.
"""

import json
import sqlite3
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from bavn.app.acts.node import policy as acts
from bavn.app.acts.node.here import Here
from bavn.app.cli.centre.person import of_act
from bavn.app.cli.help import Commands
from bavn.app.cli.node.book import NODE_TOML, AsJson, Config, Spoken, asks
from bavn.app.cli.node.health import policy_waits
from bavn.app.cli.spread import typed
from bavn.app.process.exits import Exit, Stop
from bavn.model.text import Language, Text

if TYPE_CHECKING:
    from bavn.app.config.load import NodeConfig
    from bavn.app.policy.explain import Consequence, Differs, Line, Policy

app = Commands(help="What may leave, and be blocked, in words.")
W: Final = {
    "lines": Text("What each line means"),
    "no lines": Text("The file sets nothing: every field has its default."),
    "line": Text("line"),
    "leaves": Text("What would leave"),
    "never": Text("What never could, whatever the policy says (what people attach to a case by hand they see first)"),
    "changes": Text("What differs from the policy in force"),
    "changes waits": Text("What differs from the policy that is written"),
    "same": Text("Nothing differs from the policy in force."),
    "same waits": Text("Nothing differs from the policy that is written."),
    "waits": Text(
        "What is written is in force after a restart: the running node began with another policy, and still uses it."
    ),
    "before": Text("before"),
    "now": Text("with this"),
    "own": Text("Tried on this node's last {} days: {} elements"),
    "own none": Text("Tried on nothing: this node has not run yet."),
    "in force": Text("in force"),
    "in force waits": Text("written, in force after a restart"),
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
    strict: Annotated[
        bool, typer.Option("--strict", help="The written policy made strict: a person allows each name.")
    ] = False,
    days: Annotated[int, typer.Option(help="Try it on so many last days.", min=1, max=90)] = 28,
    every: Annotated[bool, typer.Option("--all", help="Also the fields that the file does not set.")] = False,
    as_json: AsJson = False,
    language: Spoken = "en",
) -> None:
    """What a policy means in words, what differs from the one in force, and what it would have let out here.

    It asks and changes nothing. A policy that the node would not start with is one error, with its line.
    """
    from bavn.app.config.load import read_node
    from bavn.app.policy.explain import consequences, policy_in, policy_of
    from bavn.app.policy.file import draft, text_of
    from bavn.app.policy.file import policy_of as in_force_file
    from bavn.app.policy.trial import STRICT

    given = read_node(config)
    now = _in_force(given, in_force_file(given))
    if strict and file is not None:
        raise Stop(Exit.USAGE, Text("say a file or --strict, not both"))
    policy = now if file is None else policy_in(file, given)
    if strict:
        policy = policy_of(draft(given, text_of(given), STRICT).text, given, "policy.toml")
    changed = consequences(now, policy)
    waits = policy_waits(given)
    own = _own(given, now, policy, days)
    past = _past(config, given, policy, days) if changed else ()
    lines = _lines(policy, every=every)
    if as_json:
        for sentence in past:
            _out({"what": "past", "says": sentence.say(language)})
        if waits:
            _out({"what": "waits", "says": W["waits"].say(language)})
        _as_json(lines, policy, changed, own, language)
        return
    for text in [
        *([W["waits"].say(language)] if waits else []),
        *_policy_lines(lines, policy, changed, language, compared=strict or file is not None, waits=waits),
        *_own_said(own, days, language, waits=waits),
        *(one.say(language) for one in past),
    ]:
        print(text)
    if changed:
        print(W["restart"].say(language))


@app.command("set", help=acts.change.__doc__)
def _set(
    fields: Annotated[
        list[str],
        typer.Argument(metavar="TABLE.FIELD=VALUE...", help="As in policy.toml; no value: the default."),
    ],
    config: Config = NODE_TOML,
    *,
    by: Annotated[str, of_act(acts.change)] = "",
    language: Spoken = "en",
) -> None:
    from bavn.app.policy.file import mark_of, text_of
    from bavn.app.policy.means import shown

    changes: dict[str, dict[str, acts.Value | None]] = {}
    for given in fields:
        table, name, value = _setting(given)
        changes.setdefault(table, {})[name] = value
    here = Here(config)
    body = typed(acts.ChangeRequest, changes=changes, seen=mark_of(text_of(here.config())))
    for change in acts.change(here, by, body).changes:
        field = change.field
        print(f"{field.table}.{field.name}: {shown(field.value, field.about)} -> {shown(change.after, field.about)}")
    print(W["restart"].say(language))


def _setting(given: str) -> tuple[str, str, acts.Value | None]:
    """Table, field and value. Stop for what is none."""
    place, equals, value = given.partition("=")
    table, dot, name = place.strip().partition(".")
    if not (equals and dot and table and name):
        raise Stop(Exit.USAGE, Text("say TABLE.FIELD=VALUE, not {given}", given=repr(given[:60])))
    if not value.strip():
        return table, name, None
    try:
        return table, name, tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return table, name, value.strip()  # a word without its quotation marks


def _in_force(given: "NodeConfig", file: Path) -> "Policy":
    from bavn.app.policy.explain import Policy, policy_in

    return policy_in(file, given) if file.exists() else Policy("", {"door": given.door, "protect": given.protect})


def _lines(policy: "Policy", *, every: bool) -> "list[Line]":
    from bavn.app.policy.explain import Line, lines_of
    from bavn.app.policy.means import means

    lines = lines_of(policy)
    if every:
        rest = [one for one in policy.fields() if not one.written]
        lines += [Line(0, one, means(one.name, one.value, one.about)) for one in rest]
    return lines


def _own(given: "NodeConfig", now: "Policy", policy: "Policy", days: int) -> dict[str, Any] | None:
    """What both policies make of this node's last days; None where it has not run."""
    from bavn.actor.door.rounds.commons_table import CommonsRead
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

        def rows(sql: str, parameters: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
            try:
                return book.rows(sql, parameters)
            except sqlite3.OperationalError as error:
                if "no such table" in str(error):
                    return []
                raise

        verdicts = Verdicts(
            verdicts_of(rows(VERDICTS_SQL)) + sector_verdicts_of(rows(SECTOR_VERDICTS_SQL)), clock.now_us()
        )
        kept = [one.suspicion for one in ranked_of(rows(RANKED_SQL), NO_VERDICTS)]
        recent_elements = recent(kept, clock.now_us(), days)
        state = State(book, bytes(32))
        commons = CommonsRead(rows)
        before = tried(now.door, given, state, clock, recent_elements, verdicts, commons)
        after = tried(policy.door, given, state, clock, recent_elements, verdicts, commons)
        questions = requested_before(
            reveals_of(rows(f"{REVEALS_SQL} LIMIT 100000")), policy.door, clock.now_us() - days * DAY_US
        )
    return {
        "before": _counted(before),
        "after": _counted(after),
        "elements": len({*before, *after}),
        "differ": differences(before, after),
        "asked": questions,
    }


def _past(config: Path, given: "NodeConfig", policy: "Policy", days: int) -> tuple[Text, ...]:
    """What the policy would have kept here of what left; nothing where the node has not run."""
    from bavn.app.policy.trial import try_policy
    from bavn.app.process.real import SystemClock
    from bavn.wire.ledger import look_on

    file = given.folder / "node.db"
    if not file.exists():
        return ()
    with asks(config) as rows, look_on(file) as reader:
        if not rows("SELECT 1 FROM sqlite_master WHERE name = 'ledger'"):
            return ()
        return try_policy(rows, reader, given, policy.door, SystemClock().now_us(), days).says


def _counted(tried: Any) -> dict[str, int]:
    outcomes = [one.outcome for _, one in tried.values()]
    return {name: outcomes.count(name) for name in OUTCOMES}


def _policy_lines(
    lines: "list[Line]",
    policy: "Policy",
    changed: "list[Consequence]",
    language: Language,
    *,
    compared: bool,
    waits: bool,
) -> list[str]:
    from bavn.app.policy.leaves import NEVER, leaves
    from bavn.app.policy.means import WAYS, shown

    lines_text = [f"{W['lines'].say(language)}:"]
    lines_text += [
        f"  {f'{W["line"].say(language)} {line.line}: ' if line.line else ''}[{line.field.table}] {line.field.name}"
        f" = {shown(line.field.value, line.field.about)}\n      {line.says.say(language)}"
        for line in lines
    ] or [f"  {W['no lines'].say(language)}"]
    lines_text += [f"{W['leaves'].say(language)}:"]
    lines_text += [f"  {name}  {said.say(language)}" for name, said in leaves(policy.door)]
    lines_text += [f"{W['never'].say(language)}:", *(f"  - {promise.say(language)}" for promise in NEVER)]
    if compared and not changed:
        lines_text.append(W["same waits" if waits else "same"].say(language))
    if changed:
        lines_text.append(f"{W['changes waits' if waits else 'changes'].say(language)}:")
    for consequence in changed:
        field, about = consequence.change.field, consequence.change.field.about
        after = shown(consequence.change.after, about)
        follows = "; ".join(WAYS[way].say(language) for way in consequence.ways)
        lines_text += [
            f"  {field.table}.{field.name}: {shown(field.value, about)} -> {after}: {follows}",
            f"      {consequence.says.say(language)}",
        ]
    return lines_text


def _own_said(own: dict[str, Any] | None, days: int, language: Language, *, waits: bool) -> list[str]:
    if own is None:
        return [W["own none"].say(language)]
    text = [f"{W['own'].say(language).format(days, own['elements'])}."]
    for which, said in (("before", W["in force waits" if waits else "in force"]), ("after", W["now"])):
        counted = ", ".join(f"{OUTCOMES[name].say(language)} {n}" for name, n in own[which].items())
        text.append(f"  {said.say(language)}: {counted}")
    text += _differ_said(own["differ"], language) or [f"  {W['alike'].say(language)}"]
    if own["asked"]:
        text += [f"{W['asked'].say(language)}:", *_differ_said(own["asked"], language)]
    else:
        text.append(W["asked none"].say(language))
    return text


def _differ_said(differ: "list[Differs]", language: Language) -> list[str]:
    text = [
        f"  {one.observable}: {W['before'].say(language)} {_fate(one.before, language)};"
        f" {W['now'].say(language)} {_fate(one.after, language)}"
        for one in differ[:SHOWN_MAX]
    ]
    left = len(differ) - SHOWN_MAX
    return [*text, f"  {W['more'].say(language).format(left)}"] if left > 0 else text


def _fate(tried: Any, language: Language) -> str:
    said = OUTCOMES[tried.outcome].say(language)
    return f"{said} ({tried.rule})" if tried.outcome == "stays" and tried.rule else said


def _as_json(
    lines: "list[Line]", policy: "Policy", changed: "list[Consequence]", own: dict[str, Any] | None, language: Language
) -> None:
    from bavn.app.policy.leaves import NEVER, leaves

    for line in lines:
        _out(
            {
                "what": "line",
                "line": line.line or None,
                "table": line.field.table,
                "name": line.field.name,
                "value": line.field.value,
                "says": line.says.say(language),
            }
        )
    for name, sentence in leaves(policy.door):
        _out({"what": "leaves", "class": name, "says": sentence.say(language)})
    for never in NEVER:
        _out({"what": "never", "says": never.say(language)})
    for consequence in changed:
        _out(
            {
                "what": "change",
                "table": consequence.change.field.table,
                "name": consequence.change.field.name,
                "before": consequence.change.field.value,
                "after": consequence.change.after,
                "ways": list(consequence.ways),
                "says": consequence.says.say(language),
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
