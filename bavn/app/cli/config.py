"""`bavn config`: looks a configuration over before anything is started."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from bavn.app.cli.help import Commands
from bavn.app.cli.words import Spoken
from bavn.app.config.check import Checked, Finding, Role
from bavn.app.process.exits import Exit
from bavn.model.text import Text

app = Commands(help="Configuration files of every role.")
WORDS = {
    "error": Text("error"),
    "missing": Text("missing"),
    "note": Text("note"),
    "well": Text("{}: this {} can start with it"),
}


@app.command("check")
def check(
    file: Annotated[Path, typer.Argument(help="node.toml, policy.toml, centre.toml, keyholder.toml.")],
    *,
    role: Annotated[Role | None, typer.Option(help="Whose file it is; else by its name and tables.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object for each line.")] = False,
    language: Spoken = "en",
) -> None:
    """Check a configuration file and what it needs of this machine; starts nothing. Run it as the service's user. One
    line for each thing that is wrong, with its place and what to do. Exit code 4 for an error, 3 where only a program,
    a right, a certificate or a key is missing, 0 else."""
    from bavn.app.config.check import check as looked_over
    from bavn.app.config.places import lacks

    checked = looked_over(file, role)
    lacking = lacks(file, checked, datetime.now(UTC))
    findings = [*checked.found, *_refused(file, checked, lacking), *lacking]
    for one in findings:
        print(_json(one) if as_json else f"{one.place}: {WORDS[one.level].say(language)}: {one.text.say(language)}")
    levels = {one.level for one in findings}
    if "error" in levels:
        raise typer.Exit(Exit.CONFIGURATION)
    if "missing" in levels:
        raise typer.Exit(Exit.MISSING)
    if not as_json:
        print(WORDS["well"].say(language).format(file, checked.role))


def _refused(file: Path, checked: Checked, lacking: Sequence[Finding]) -> list[Finding]:
    """What the service's start refuses of settings that can each be read, but for addresses that are told already."""
    if checked.role != "node":
        return []
    from bavn.app.policy.refused import refused

    told = {one.place for one in lacking if one.code == "endpoint"}
    return [one for one in refused(file, checked) if one.place not in told]


def _json(one: Finding) -> str:
    told = {"level": one.level, "code": one.code, "place": one.place, "en": one.text.en, "da": one.text.da}
    return json.dumps(told, ensure_ascii=False)
