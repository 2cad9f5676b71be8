"""`bavn node policy explain`: what a policy means line by line, what leaves under it and what never could, and what
differs from the one in force.

`bavn node policy set` changes fields of it, as the console's editor does: the file is written whole, or not at all.
"""

import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from bavn.app.acts.node import policy as acts
from bavn.app.acts.node.here import Here
from bavn.app.cli.help import Commands
from bavn.app.cli.node.book import NODE_TOML, AsJson, Config, Spoken
from bavn.app.cli.node.health import policy_waits
from bavn.app.cli.person import of_act
from bavn.app.cli.spread import typed
from bavn.app.process.exits import Exit, Stop
from bavn.model.text import Language, Text

if TYPE_CHECKING:
    from bavn.app.config.load import NodeConfig
    from bavn.app.policy.explain import Consequence, Line, Policy

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
    "restart": Text("The node reads its policy when it starts."),
}


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
    every: Annotated[bool, typer.Option("--all", help="Also the fields that the file does not set.")] = False,
    as_json: AsJson = False,
    language: Spoken = "en",
) -> None:
    """What a policy means in words, and what differs from the one in force.

    It asks and changes nothing. A policy that the node would not start with is one error, with its line.
    """
    from bavn.app.config.load import read_node
    from bavn.app.policy.explain import consequences, policy_in, policy_of
    from bavn.app.policy.file import STRICT, draft, text_of
    from bavn.app.policy.file import policy_of as in_force_file

    given = read_node(config)
    now = _in_force(given, in_force_file(given))
    if strict and file is not None:
        raise Stop(Exit.USAGE, Text("say a file or --strict, not both"))
    policy = now if file is None else policy_in(file, given)
    if strict:
        policy = policy_of(draft(given, text_of(given), STRICT).text, given, "policy.toml")
    changed = consequences(now, policy)
    waits = policy_waits(given)
    lines = _lines(policy, every=every)
    if as_json:
        if waits:
            _out({"what": "waits", "says": W["waits"].say(language)})
        _as_json(lines, policy, changed, language)
        return
    for text in [
        *([W["waits"].say(language)] if waits else []),
        *_policy_lines(lines, policy, changed, language, compared=strict or file is not None, waits=waits),
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


def _as_json(lines: "list[Line]", policy: "Policy", changed: "list[Consequence]", language: Language) -> None:
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


def _out(row: dict[str, Any]) -> None:
    print(json.dumps(row, ensure_ascii=False))
