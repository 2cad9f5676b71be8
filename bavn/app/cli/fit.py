"""`bavn fit`: which way in fits an actor, before anything is installed for it."""

import json
import sys
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bavn.app.cli.spread import spread
from bavn.app.cli.words import Spoken
from bavn.app.process.exits import Exit, Stop, cannot_read
from bavn.model.text import Text

if TYPE_CHECKING:
    from bavn.app.fit.analysis import Fit
    from bavn.app.fit.answers import Answers
    from bavn.model.text import Language

WORDS = {
    "way": Text("way in"),
    "sees": Text("sees"),
    "misses": Text("does not see"),
    "machine": Text("machine"),
    "people": Text("people"),
    "more": Text("to see more"),
    "next": Text("next"),
    "one": Text("1 core"),
    "many": Text("{} cores"),
    "size": Text("{}, {} MB memory, {} GB disk"),
    "kept": Text("{}, {} MB memory, {} GB disk for four weeks of history"),
    "nothing": Text("nothing: it watches nothing and is protected by what the others saw"),
    "guard": Text("guard: a protected resolver and a list for the firewall, no sensor"),
    "listen": Text("listen: logs and flows are read, no sensor"),
    "watch": Text("watch: a sensor reads the traffic"),
}
QUESTIONS: dict[str, Text] = {
    "hosts": Text("How many machines are on the network?"),
    "line_mbit": Text("How wide is the line out, in Mbit/s?"),
    "sources": Text("Which of these exist, or can be switched on? Names with commas between; empty for none"),
    "carer": Text("Who runs the IT: own, operator, supplier or nobody?"),
    "hours_week": Text("How many hours a week can somebody look at suspicions?"),
    "cores": Text("How many cores has a machine that can be given to it? 0 for none"),
    "memory_mb": Text("And how many MB of memory?"),
    "resolver": Text("Can name resolution be pointed at another machine?"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What an actor has; what is not said is asked for, or not known."""

    hosts: Annotated[int | None, typer.Option(help="Machines on the network.")] = None
    line: Annotated[int | None, typer.Option(help="The line out, Mbit/s.")] = None
    source: Annotated[list[str] | None, typer.Option(help="What exists or can be switched on; --sources lists.")] = None
    carer: Annotated[str | None, typer.Option(help="Who runs the IT: own, operator, supplier, nobody.")] = None
    hours: Annotated[float | None, typer.Option(help="Hours a week somebody has for suspicions.")] = None
    cores: Annotated[int | None, typer.Option(help="Cores of a machine that can be given; 0 for none.")] = None
    memory: Annotated[int | None, typer.Option(help="Its memory, MB.")] = None
    resolver: Annotated[bool | None, typer.Option(help="Whether name resolution can be pointed elsewhere.")] = None


@spread
def fit(
    file: Annotated[Path | None, typer.Argument(help="Answers as TOML; options go before it.")] = None,
    *,
    situation: Situation,
    sources: Annotated[bool, typer.Option("--sources", help="List the sources and what each feeds, and end.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for machines.")] = False,
    language: Spoken = "en",
) -> None:
    """Which way in fits an actor (guard, listen or watch), what it will and won't see there, and what it costs.

    Asks at a terminal where nothing is given. Nothing is installed, sent or kept.
    """
    from bavn.app.fit.analysis import fit as fitted

    if sources:
        _list(language)
        return
    given = {
        "hosts": situation.hosts,
        "line_mbit": situation.line,
        "sources": None if situation.source is None else tuple(situation.source),
        "carer": situation.carer,
        "hours_week": situation.hours,
        "cores": situation.cores,
        "memory_mb": situation.memory,
        "resolver": situation.resolver,
    }
    told = _answers(file, {name: value for name, value in given.items() if value is not None}, language)
    found = fitted(told)
    print(json.dumps(_plain(told, found, language), ensure_ascii=False) if as_json else _fit_text(found, language))


def _answers(file: Path | None, given: dict[str, Any], language: "Language") -> "Answers":
    from bavn.app.fit.answers import Answers, BadAnswers, read

    try:
        known = (read(file) if file is not None else {}) | given
        if not known and sys.stdin.isatty():
            known = _from_questions(language)
        if "hosts" not in known:
            raise Stop(
                Exit.USAGE, Text("give at least --hosts, or a file of answers; at a terminal `bavn fit` alone asks")
            )
        return Answers(**known)
    except BadAnswers as error:
        raise Stop(Exit.USAGE if file is None else Exit.INPUT, Text.of_error(error)) from error
    except OSError as error:
        raise cannot_read(file, error, Exit.INPUT) from error


def _from_questions(language: "Language") -> dict[str, Any]:
    from bavn.app.fit.answers import Answers

    defaults: dict[str, Any] = {field.name: field.default for field in fields(Answers)} | {"hosts": 50}
    known: dict[str, Any] = {}
    for name, question in QUESTIONS.items():
        if name == "sources":
            _list(language)
            text = typer.prompt(question.say(language), default="", show_default=False)
            known[name] = tuple(part.strip() for part in text.split(",") if part.strip())
        elif name == "resolver":
            known[name] = typer.confirm(question.say(language), default=True)
        else:
            known[name] = typer.prompt(question.say(language), default=defaults[name], type=type(defaults[name]))
    return known


def _list(language: "Language") -> None:
    from bavn.app.fit.sources import SOURCES

    for source in SOURCES:
        print(f"{source.name:10} {source.title.say(language):45} {', '.join(sorted(source.feeds)) or '-'}")


def _fit_text(fit: "Fit", language: "Language") -> str:
    cores = WORDS["one" if fit.cores == 1 else "many"].say(language).format(fit.cores)
    size = WORDS["size" if fit.way == "guard" else "kept"].say(language)
    sections: list[tuple[str, list[str]]] = [
        ("way", [WORDS[fit.way].say(language), *(text.say(language) for text in fit.why)]),
        ("sees", [text.say(language) for _, text in fit.sees] or [WORDS["nothing"].say(language)]),
        ("misses", [text.say(language) for _, text in fit.misses]),
        ("machine", [size.format(cores, fit.memory_mb, fit.disk_gb)]),
        ("people", [text.say(language) for text in fit.duties]),
        ("more", [text.say(language) for text in fit.more]),
        ("next", [f"bavn centre invite; bavn node {fit.way}: docs/ways-in.md"]),
    ]
    lines = []
    for name, said in sections:
        for at, line in enumerate(said):
            lines.append(f"{WORDS[name].say(language) if at == 0 else '':16} {line}")
    return "\n".join(lines)


def _plain(told: "Answers", fit: "Fit", language: "Language") -> dict[str, object]:
    return {
        "answers": {field.name: getattr(told, field.name) for field in fields(told)},
        "way": fit.way,
        "why": [text.say(language) for text in fit.why],
        "sources": list(fit.sources),
        "sees": [name for name, _ in fit.sees],
        "misses": [name for name, _ in fit.misses],
        "machine": {"cores": fit.cores, "memory_mb": fit.memory_mb, "disk_gb": fit.disk_gb},
        "duties": [text.say(language) for text in fit.duties],
        "more": [text.say(language) for text in fit.more],
    }
