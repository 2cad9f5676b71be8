"""`bavn centre source`: intelligence from outside the sector, read, judged and shown.

Refuses to take a secret on the command line: files hold them.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bavn.app.acts.act import Act, refusing
from bavn.app.acts.centre import sources as acts
from bavn.app.cli.centre.desk import CENTRE_TOML, Config, Spoken, Why, configured, named
from bavn.app.cli.centre.intel.words import STATES, show_spoken
from bavn.app.cli.help import Commands
from bavn.app.cli.person import of_act
from bavn.app.cli.shown import AsJson
from bavn.app.cli.spread import spread
from bavn.app.process.exits import Exit, Stop
from bavn.model.moment import iso
from bavn.model.sector.intel import Access, Source, SourceKind
from bavn.model.text import Language, Text

if TYPE_CHECKING:
    from bavn.app.config.load import CentreFile
    from bavn.centre.cases.intelligence.sources import SourceState
    from bavn.centre.node.intelligence import Intelligence, Synced

app = Commands(help="Sources of intelligence outside the sector.")
Name = Annotated[str, typer.Argument(help="a-z, 0-9 and -, such as cert-nord-feed")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """How a source is asked: files at the centre, and never what they hold."""

    user: Annotated[str, typer.Option(help="User of HTTP Basic.")] = ""
    password_file: Annotated[str, typer.Option(help="File with that user's password.")] = ""
    token_file: Annotated[str, typer.Option(help="File with a bearer token, or a MISP's authorization key.")] = ""
    cert_file: Annotated[str, typer.Option(help="Client certificate (PEM).")] = ""
    key_file: Annotated[str, typer.Option(help="Its key (PEM).")] = ""
    ca_file: Annotated[str, typer.Option(help="Authority to trust instead of the system's (PEM).")] = ""


@app.command("add", help=acts.add.__doc__)
@spread
def _add(
    name: Name,
    kind: Annotated[SourceKind, typer.Argument(help="What is there.")],
    place: Annotated[str, typer.Argument(help="URL or path; of a TAXII collection or a feed, its folder.")],
    config: Config = CENTRE_TOML,
    *,
    partner: Annotated[str, typer.Option(help="Whose word it is (bavn centre partner show).")] = "",
    assumed: acts.Assumed,
    secrets: Secrets,
    by: Annotated[str, of_act(acts.add)] = "",
    language: Spoken = "en",
    as_json: AsJson = False,
) -> None:
    with opened_intelligence(config) as (intelligence, file):
        access = Access(**asdict(secrets))
        new = acts.NewSource(**dict(assumed), name=name, kind=kind, place=place, partner=partner, access=access)
        rows = [_row(intelligence, acts.add(intelligence, by, new, lambda source: _usable(source, file)), language)]
    show_spoken(rows, as_json=as_json, language=language)


@app.command("set", help=acts.change.__doc__)
@spread
def _set(
    name: Name,
    config: Config = CENTRE_TOML,
    *,
    place: Annotated[str, typer.Option(help="URL or path.")] = "",
    assumed: acts.Assumed,
    by: Annotated[str, of_act(acts.change)] = "",
    language: Spoken = "en",
    as_json: AsJson = False,
) -> None:
    more = {"place": place} if place else {}
    with opened_intelligence(config) as (intelligence, _):
        rows = [_row(intelligence, acts.change(intelligence, by, name, assumed, **more), language)]
    show_spoken(rows, as_json=as_json, language=language)


@app.command("show")
def show_(
    name: Annotated[str, typer.Argument(help="Only this one, and what of it gate 2 refused last.")] = "",
    config: Config = CENTRE_TOML,
    *,
    language: Spoken = "en",
    as_json: AsJson = False,
) -> None:
    """All sources: whose, what they may, how they stand, when they were last read; or one of them."""
    with opened_intelligence(config) as (intelligence, _):
        states = [intelligence.sources.get(name)] if name else intelligence.sources.every()
        rows = [_row(intelligence, state, language) for state in states]
        refused = [
            {
                "when": f"{iso(line.at_us)[:19]}Z",
                "item": line.summary[:60],
                "rule": line.rule,
                "reason": Text.of_row(line.reason).say("en" if as_json else language),
            }
            for line in (intelligence.refused(name) if name else ())
        ]
    if as_json and name:
        rows[0]["refused"] = refused
    show_spoken(rows, as_json=as_json, language=language)
    if refused and not as_json:
        show_spoken(refused, as_json=False, language=language)


@app.command("sync")
def sync(
    names: Annotated[list[str] | None, typer.Argument(help="Sources; all active ones without any.")] = None,
    config: Config = CENTRE_TOML,
    *,
    language: Spoken = "en",
    as_json: AsJson = False,
) -> None:
    """Read what is new now. With nothing new it takes seconds and changes nothing."""
    from bavn.app.centre.exchange.keeper import sync_one
    from bavn.centre.cases.intelligence.sources import ACTIVE

    with opened_intelligence(config) as (intelligence, file):
        wanted = names or [s.source.name for s in intelligence.sources.every() if s.state == ACTIVE]
        done = [sync_one(intelligence, name, file.base) for name in wanted]
        suspended = intelligence.suspend_noise()
        rows = [
            _synced(synced, suspended, language) | {"none_taken": _none_taken(intelligence, synced.source, language)}
            for synced in done
        ]
    show_spoken(rows, as_json=as_json, language=language)
    failed = next((f"{one.source}: {Text.of_row(one.failure).say(language)}" for one in done if one.failure), None)
    if failed:
        raise Stop(Exit.UNREACHABLE, failed)


def _turn(word: str, act: Act[["Intelligence", str, str, str], "SourceState"], done: Callable[[str], Text]) -> None:
    @app.command(word, help=act.__doc__)
    def turned(
        name: Name,
        config: Config = CENTRE_TOML,
        *,
        why: Why,
        by: Annotated[str, of_act(act)] = "",
        language: Spoken = "en",
    ) -> None:
        with opened_intelligence(config) as (intelligence, _):
            act(intelligence, by, name, why)
        print(done(name).say(language))


_turn("suspend", acts.suspend, lambda name: Text("{name} is suspended", name=name))
_turn("resume", acts.resume, lambda name: Text("{name} is read again", name=name))
_turn("end", acts.end, lambda name: Text("{name} has ended", name=name))


@contextmanager
def opened_intelligence(config: Path) -> Iterator[tuple["Intelligence", "CentreFile"]]:
    """Intelligence of the centre that this file configures; its failures as one line and an exit code."""
    from bavn.app.centre.exchange.parts import open_intelligence
    from bavn.app.centre.parts import open_registry

    file = configured(config)
    registry = open_registry(file)
    try:
        intelligence, book = open_intelligence(file, registry)
        with book, refusing(*acts.REFUSES):
            yield intelligence, file
    finally:
        registry.engine.dispose()


def _usable(source: Source, file: "CentreFile") -> None:
    """Files that are named must be there now, not at the first reading. Raises SettingsError."""
    from bavn.app.centre.exchange.secrets import context_of, secret_of

    for name in (source.access.password_file, source.access.token_file):
        if name:
            secret_of(file.base / name)
    if source.is_url:
        context_of(source.access, file.base)
    if source.kind == "misp":
        from bavn.app.centre.exchange.misp_api import Misp

        Misp(source.place, source.access, file.base)


def _row(intelligence: "Intelligence", state: "SourceState", language: Language) -> dict[str, Any]:
    source = state.source
    return {
        "source": source.name,
        **named(source, "kind", "place", "partner"),
        "trust": None if source.partner else source.trust,
        "state": STATES[state.state].say(language),
        "why": state.why,
        "every_minutes": source.every_minutes,
        "synced": f"{iso(state.synced_us)[:19]}Z" if state.synced_us else "",
        "failure": state.failure and Text.of_row(state.failure).say(language),
        **named(state, "taken", "refused"),
        "none_taken": _none_taken(intelligence, source.name, language),
    }


def _none_taken(intelligence: "Intelligence", name: str, language: Language) -> str:
    why = intelligence.none_taken(name)
    return why.say(language) if why else ""


def _synced(source: "Synced", suspended: list[str], language: Language) -> dict[str, Any]:
    counts = source.counts
    return {
        "source": source.source,
        **named(counts, "new", "changed", "unchanged", "refused", "withdrawn"),
        "passed_over": counts.passed,
        "put_off": counts.put_off,
        "new_proposals": source.proposals,
        "failure": source.failure and Text.of_row(source.failure).say(language),
        "suspended": source.source in suspended,
    }
