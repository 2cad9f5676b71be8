"""`bavn operator`: many actors' nodes from one place, each with its own folder, keys, door, store, ledger and book.

Refuses to show what one actor's node knows beside another's: `bavn node ... --config ACTOR/node.toml` asks one alone.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer

from bavn.app.cli.centre.store import passphrase_in
from bavn.app.cli.help import Commands
from bavn.app.cli.node.book import AsJson, Spoken, show_table
from bavn.app.cli.node.way_in import LISTEN, LISTS
from bavn.app.cli.spread import spread
from bavn.app.cli.words import cell, number
from bavn.app.config.operator import read_operator
from bavn.app.process.exits import Exit, Stop
from bavn.model.text import Language, Text

OPERATOR_TOML = Path("operator.toml")
Config = Annotated[Path, typer.Option("--operator", "-o", help="The operator's configuration file.")]
Actor = Annotated[str, typer.Argument(help="The actor's name, as the centre invited it.")]
User = Annotated[
    str, typer.Option("--user", help="Run its node as this user (name or number), nobody else's; as root.")
]
Memory = Annotated[
    int, typer.Option("--memory", help="MB its node may take; 0: the operator's memory_mb_max.", min=0, max=1_048_576)
]
Passphrase = Annotated[
    Path, typer.Option("--passphrase-file", help="A file with the passphrase (16 characters or more) and nothing else.")
]

app = Commands(help="Many actors' nodes from one place, kept apart.")

WORDS = {
    "added": Text("{} is here, in {}; its node runs as soon as `bavn operator run` does"),
    "group": Text("At the centre: bavn centre member set {} --group {}   (one operator's actors count as one voice)"),
    "up": Text("operator {} is up: {} actors in {}, kept apart by {}"),
    "nobody": Text("no actor is here yet: bavn operator add"),
    "exported": Text("{}: {} files, {} bytes sealed in {}"),
    "sha256": Text("SHA-256: {}"),
    "ledger": Text("its ledger stands at line {}: {}"),
    "unable": Text(
        "{} files of keys here are destroyed: this side cannot go on. When the other side runs: bavn operator remove {}"
    ),
    "left out": Text("not in it, since it is no plain file: {}"),
    "outside": Text("its settings name what lies elsewhere and does not travel: {}"),
    "taken": Text("{} is here, sealed by {} at {}; its ledger's chain holds"),
    "removed": Text("{} is no longer here. What stays: {}"),
    "revoke": Text("If it is to have no node anywhere: bavn centre revoke {}"),
    "stays": Text("{} stays, and runs again"),
}
SEPARATION = {
    "user": Text("own user"),
    "kernel": Text("the kernel"),
    "user+kernel": Text("own user and the kernel"),
    "folder": Text("folders alone"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Joining:
    """As what an actor comes, and by which token."""

    node: Annotated[
        Path | None, typer.Option("--config", "-c", help="A node.toml to copy, with the policy beside it.")
    ] = None
    token: Annotated[str, typer.Option(help="The one-time token from `bavn centre invite`.", envvar="BAVN_TOKEN")] = ""
    centre_url: Annotated[str, typer.Option("--centre", help="https address of the centre; else operator.toml's.")] = ""
    pin: Annotated[str, typer.Option(help="SHA-256 of the centre's authority; else operator.toml's.")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """A guard's resolver and lists."""

    listen: Annotated[list[str] | None, typer.Option(help=f"A guard: address@port of its resolver, {LISTEN} say.")] = (
        None
    )
    upstream: Annotated[list[str] | None, typer.Option(help="address@port of a name server that it asks.")] = None
    client: Annotated[list[str] | None, typer.Option(help="Who may ask it (CIDR); loopback if none.")] = None
    lists: Annotated[str, typer.Option(help=f"A guard: address:port of its firewall's lists, {LISTS} say.")] = ""


@app.command("add")
@spread
def add(
    actor: Actor,
    config: Config = OPERATOR_TOML,
    *,
    joining: Joining,
    guarding: Guard,
    user: User = "",
    memory: Memory = 0,
    language: Spoken = "en",
) -> None:
    """Take an actor in: its own folder, and membership with a one-time token. A running operator starts it at once."""
    from bavn.app.cli.node.run import PIN, TOKEN
    from bavn.app.fit.way_in import WayIn
    from bavn.app.operator.adding import Wanted
    from bavn.app.operator.adding import add as take

    operator = read_operator(config)
    fingerprint = (joining.pin or operator.operator.pin).lower().replace(":", "")
    if joining.token and not TOKEN.fullmatch(joining.token):
        raise Stop(Exit.USAGE, Text("--token must be the 43 characters that `bavn centre invite` printed"))
    if fingerprint and not PIN.fullmatch(fingerprint):
        raise Stop(Exit.USAGE, Text("--pin must be the 64 hexadecimal digits that the centre printed"))
    if joining.node is None and not joining.token:
        raise Stop(Exit.USAGE, Text("give --config with the actor's node.toml, or --token to write one, or both"))
    if joining.node is not None and (guarding.listen or guarding.upstream or guarding.client or guarding.lists):
        raise Stop(
            Exit.USAGE, Text("--listen, --upstream, --client and --lists are of a node.toml that is written here")
        )
    guard = WayIn(
        actor=actor,
        centre_url=joining.centre_url or operator.operator.centre_url,
        listen=guarding.listen or [],
        upstreams=guarding.upstream or [],
        clients=guarding.client or [],
        lists=guarding.lists,
    )
    take(
        operator,
        Wanted(
            actor=actor,
            config=joining.node,
            guard=guard,
            token=joining.token,
            pin=fingerprint,
            user=user,
            memory_mb_max=memory,
        ),
    )
    print(WORDS["added"].say(language).format(actor, operator.folder / actor))
    print(WORDS["group"].say(language).format(actor, operator.operator.name))


@app.command("run")
def run(config: Config = OPERATOR_TOML, *, language: Spoken = "en") -> None:
    """Run every actor's node until SIGTERM or Ctrl-C; what each says stands after its name."""
    from bavn.app.operator.register import Place, Register
    from bavn.app.operator.supervise import Operator

    operator = read_operator(config)
    operator.folder.mkdir(mode=0o711, parents=True, exist_ok=True)
    entries = Register(operator.folder).entries()
    running = Operator(operator, lambda line: print(line, flush=True))
    here = sum(entry.place is Place.HERE for entry in entries.values())
    apart = SEPARATION[running.separation].say(language)
    line = WORDS["up"].say(language).format(operator.operator.name, here, operator.folder, apart)
    running.run(ready=lambda: print(line, flush=True))


@app.command("list")
def list_(config: Config = OPERATOR_TOML, *, as_json: AsJson = False, language: Spoken = "en") -> None:
    """The actors that are here, or moved away, and what keeps each from the others."""
    from bavn.app.operator.register import Register
    from bavn.app.operator.supervise import running_state
    from bavn.app.operator.survey import separation_of
    from bavn.model.moment import iso

    operator = read_operator(config)
    kernel = running_state(operator.folder).get("separation", "")
    rows = [
        {
            "actor": name,
            "state": entry.place.value,
            "apart": separation_of(entry, kernel),
            "uid": entry.uid,
            "memory_mb_max": entry.memory_mb_max or operator.operator.memory_mb_max,
            "since": iso(entry.since_us),
            "folder": str(operator.folder / name),
        }
        for name, entry in sorted(Register(operator.folder).entries().items())
    ]
    if as_json:
        for row in rows:
            print(json.dumps(row, ensure_ascii=False))
        return
    if not rows:
        print(WORDS["nobody"].say(language))
        return
    show_table(
        ("actor", "state", "kept apart", "memory", "since", "folder"),
        [
            (
                row["actor"],
                cell(str(row["state"]), language),
                SEPARATION[str(row["apart"])].say(language),
                f"{row['memory_mb_max']} MB",
                str(row["since"])[:16],
                row["folder"],
            )
            for row in rows
        ],
        language,
    )


@app.command("status")
def status(config: Config = OPERATOR_TOML, *, as_json: AsJson = False, language: Spoken = "en") -> None:
    """One line for each actor: running, health, problems, blocks, what it owes. Exit code 10 if one is not well."""
    from bavn.app.operator.survey import lines

    operated = lines(read_operator(config))
    if as_json:
        for line in operated:
            print(json.dumps(asdict(line), ensure_ascii=False))
    elif not operated:
        print(WORDS["nobody"].say(language))
    else:
        show_table(
            ("actor", "state", "running", "health", "blocks", "owes", "memory", "what"),
            [
                (
                    line.actor,
                    cell(line.place, language),
                    cell("yes" if line.running else "no", language),
                    cell({True: "well", False: "not well", None: "?"}[line.well], language),
                    _count(line.blocks, language),
                    _owes(line.due, line.overdue, language),
                    f"{number(line.memory_mb, language)} MB",
                    "; ".join(problem.get(language, problem["en"]) for problem in line.problems) or line.why,
                )
                for line in operated
            ],
            language,
        )
    if any(line.place == "here" and not (line.running and line.well) for line in operated):
        raise typer.Exit(Exit.UNHEALTHY)


@app.command("export")
def export(
    actor: Actor,
    to: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write the bundle; must not be there yet.")],
    passphrase: Passphrase,
    config: Config = OPERATOR_TOML,
    *,
    language: Spoken = "en",
) -> None:
    """Seal an actor for another operator: its node ends, everything of it goes into one file, its keys here go."""
    from bavn.app.operator.home import home_of, outside
    from bavn.app.operator.moving import export as seal

    operator = read_operator(config)
    secret = passphrase_in(passphrase, "--passphrase-file")
    moved = seal(operator, actor, to, secret)
    say = {name: words.say(language) for name, words in WORDS.items()}
    print(say["exported"].format(actor, moved.packed.files, moved.packed.bytes, to))
    print(say["sha256"].format(moved.sha256))
    print(say["ledger"].format(*moved.ledger))
    if moved.packed.left_out:
        print(say["left out"].format(", ".join(moved.packed.left_out)))
    elsewhere = outside(home_of(operator, actor))
    if elsewhere:
        print(say["outside"].format(", ".join(f"{name}: {path}" for name, path in elsewhere)))
    print(say["unable"].format(moved.keys, actor))


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="The bundle that `bavn operator export` wrote.")],
    passphrase: Passphrase,
    config: Config = OPERATOR_TOML,
    *,
    user: User = "",
    memory: Memory = 0,
    language: Spoken = "en",
) -> None:
    """Take an actor over from another operator; its node goes on where it was, under the same keys and ledger."""
    from bavn.app.operator.moving import take_in

    operator = read_operator(config)
    made = take_in(operator, file, passphrase_in(passphrase, "--passphrase-file"), user=user, memory_mb_max=memory)
    print(WORDS["taken"].say(language).format(made.actor, made.operator, made.made[:19]))
    print(WORDS["group"].say(language).format(made.actor, operator.operator.name))


@app.command("remove")
def remove(
    actor: Actor,
    config: Config = OPERATOR_TOML,
    *,
    delete: Annotated[bool, typer.Option("--delete", help="Delete all but the ledger.")] = False,
    with_blocks: Annotated[
        bool, typer.Option("--with-blocks", help="Also while blocks are in force: enforcers keep them to their end.")
    ] = False,
    language: Spoken = "en",
) -> None:
    """End an actor here: its keys are destroyed; its folder, or its ledger alone, is put aside."""
    from bavn.app.operator.moving import remove as end
    from bavn.app.operator.register import Place, Register

    operator = read_operator(config)
    moved = Register(operator.folder).entry(actor).place is Place.MOVED
    stays = end(operator, actor, delete=delete, with_blocks=with_blocks)
    print(WORDS["removed"].say(language).format(actor, stays))
    if not moved:
        print(WORDS["revoke"].say(language).format(actor))


@app.command("stay")
def stay(actor: Actor, config: Config = OPERATOR_TOML, *, language: Spoken = "en") -> None:
    """Take back an export or a removal that was broken off: the actor's node runs again."""
    from dataclasses import replace

    from bavn.app.operator.register import Place, Register

    register = Register(read_operator(config).folder)
    entry = register.entry(actor)
    with register.node_lock(actor):
        register.put(replace(entry, place=Place.HERE))
    print(WORDS["stays"].say(language).format(actor))


def _count(value: int | None, language: Language) -> str:
    return "?" if value is None else number(value, language)


def _owes(due: int | None, overdue: int | None, language: Language) -> str:
    if not due:
        return _count(due, language)
    late = Text("overdue").say(language)
    return f"{number(due, language)}" + (f" ({number(overdue, language)} {late})" if overdue else "")
