"""`bavn centre brief` and `forecast`: draft, show, edit, approve, publish, archive, withdraw, list, export, send; and
`bavn centre picture`, which is built of what there is now and kept nowhere; `feed` writes what was published as Atom.

Refuses to decide: a named person does.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from bavn.app.acts.act import refusing
from bavn.app.acts.centre import publications as acts
from bavn.app.cli.centre.desk import CENTRE_TOML, AsJson, Config, Spoken, configured, named, show
from bavn.app.cli.centre.person import AsLocalRoot, instead, of_act
from bavn.app.cli.help import Commands
from bavn.app.cli.spread import spread, typed
from bavn.app.process.exits import Exit, Stop
from bavn.centre.publish.document import Kind
from bavn.centre.publish.life import STATES, EditionAct
from bavn.model.moment import iso
from bavn.model.text import Language, Text

if TYPE_CHECKING:
    from bavn.app.config.load import CentreFile
    from bavn.centre.desk.publishing import Publishing
    from bavn.centre.publish.document import Document
    from bavn.centre.publish.editions import Edition

Id = Annotated[str, typer.Argument(help="Such as brief-2026-10 or forecast-2026-Q3.")]
Seen = Annotated[int | None, typer.Option("--seen", help="The version that you read; it fails if another stands.")]
Kev = Annotated[Path | None, typer.Option("--kev", help="A catalogue of exploited weaknesses (CISA's JSON).")]
Html = Annotated[Path | None, typer.Option("--html", help="Write an accessible page here.")]
Pdf = Annotated[Path | None, typer.Option("--pdf", help="Write PDF/UA here.")]
JsonFile = Annotated[Path | None, typer.Option("--json-file", help="Write it for machines here.")]
Why = Annotated[str, typer.Option(help="The reason.")]
WithSources = Annotated[bool, typer.Option("--sources", help="Also what each sentence rests on.")]
_STOOD = Text("{id} is {state}, version {version}")


@contextmanager
def publishing(config: Path) -> Iterator[tuple["CentreFile", "Publishing"]]:
    """What publishes; what it refuses ends the command."""
    from bavn.app.centre.publish_parts import open_publishing

    file = configured(config)
    with open_publishing(file) as opened, refusing(*acts.REFUSES):
        yield file, opened


def picture(
    config: Config = CENTRE_TOML,
    *,
    days: Annotated[int, typer.Option(help="The last so many days, today included.", min=1, max=400)] = 30,
    kev: Kev = None,
    html: Html = None,
    pdf: Pdf = None,
    json_file: JsonFile = None,
    sources: WithSources = False,
    language: Spoken = "en",
) -> None:
    """The sector's picture of the last days: on the screen, or as files. It is kept nowhere."""
    from bavn.app.centre.publish_parts import catalogue
    from bavn.app.reports.page import DocumentStatus

    with publishing(config) as (file, opened):
        made = opened.built(Kind.PICTURE, catalogue=catalogue(file, kev), days=days)
        if not _files(made, DocumentStatus(), language, html, pdf, json_file):
            _print(made, language, sources)


def make(kind: Kind, period_help: str, *, help: str) -> typer.Typer:  # noqa: A002  Typer's word
    """The commands of one kind of document."""
    app = Commands(help=help)

    @app.command("draft", help=acts.draft.__doc__)
    def draft(
        config: Config = CENTRE_TOML,
        *,
        period: Annotated[str, typer.Option(help=period_help)] = "",
        kev: Kev = None,
        by: Annotated[str, of_act(acts.draft)] = "",  # noqa: ARG001  its account is asked for
        language: Spoken = "en",
    ) -> None:
        from bavn.app.centre.publish_parts import catalogue

        body = typed(acts.Drafting, kind=kind, period=period)
        with publishing(config) as (file, opened):
            print(_stood(acts.draft(opened, body, catalogue(file, kev)), language))

    @app.command("show")
    def shown(
        edition: Id,
        config: Config = CENTRE_TOML,
        *,
        version: Annotated[int | None, typer.Option(help="An earlier version.")] = None,
        sources: WithSources = False,
        versions: Annotated[bool, typer.Option("--versions", help="Only its versions: by whom, when, why.")] = False,
        as_json: AsJson = False,
        language: Spoken = "en",
    ) -> None:
        """The document as text, each block with the place by which `edit` names it."""
        with publishing(config) as (_, opened):
            if versions:
                rows = [
                    {
                        "version": edition_version.number,
                        "at": iso(edition_version.at_us)[:19],
                        **named(edition_version, "by", "why"),
                        "digest": edition_version.digest[:16],
                    }
                    for edition_version in opened.editions.versions(_own(edition, kind))
                ]
                show(rows, as_json=as_json)
                return
            document = opened.editions.document(_own(edition, kind), version)
            if as_json:
                from bavn.centre.publish.codec import document_text

                print(document_text(document))
                return
            print(_stood(opened.editions.get(edition), language))
            _print(document, language, sources)

    @app.command("list")
    def listed(config: Config = CENTRE_TOML, *, as_json: AsJson = False, language: Spoken = "en") -> None:
        """All of them, the latest first."""
        with publishing(config) as (_, opened):
            rows = [_row(one, language) for one in opened.editions.every(kind)]
        show(rows, as_json=as_json)

    app.command("edit", help=acts.edit.__doc__)(_edit(kind))
    for act in get_args(acts.PersonsAct):
        app.command(act.value)(_act(kind, act))
    app.command("export")(_export(kind))
    app.command("send", help=acts.send.__doc__)(_send(kind))
    return app


@dataclass(frozen=True, slots=True)
class _Wording:
    """What becomes of a sentence, and what it rests on."""

    english: Annotated[str, typer.Option("--en", help="The sentence in English.")] = ""
    danish: Annotated[str, typer.Option("--da", help="The sentence in Danish.")] = ""
    after: Annotated[bool, typer.Option("--after", help="A new sentence behind that place.")] = False
    remove: Annotated[bool, typer.Option("--remove", help="Take the block out.")] = False
    source: Annotated[
        list[str] | None, typer.Option(help='What it rests on beside you: "kind:ref", case:case-... for example.')
    ] = None


def _edit(kind: Kind) -> Any:
    @spread
    def edit(
        edition: Id,
        place: Annotated[str, typer.Argument(help="section/number, as `show` names it.")],
        config: Config = CENTRE_TOML,
        *,
        wording: _Wording,
        by: Annotated[str, of_act(acts.edit)] = "",
        why: Why = "",
        seen: Seen = None,
        language: Spoken = "en",
    ) -> None:
        if wording.remove and wording.after:
            raise Stop(Exit.USAGE, Text("say --after or --remove"))
        sources = [dict(zip(("kind", "ref"), one.partition(":")[::2], strict=True)) for one in wording.source or ()]
        way = "remove" if wording.remove else "add" if wording.after else "reword"
        body = typed(acts.Wording, place=place, act=way, en=wording.english, da=wording.danish, sources=sources)
        with publishing(config) as (_, opened):
            print(_stood(acts.edit(opened.editions, by, _own(edition, kind), body, why, seen), language))

    return edit


def _act(kind: Kind, act: acts.PersonsAct) -> Any:
    def done(
        edition: Id,
        config: Config = CENTRE_TOML,
        *,
        by: Annotated[str, of_act(acts.step)] = "",
        why: Why = "",
        seen: Seen = None,
        as_local_root: AsLocalRoot = "",
        language: Spoken = "en",
    ) -> None:
        who = instead(by, as_local_root)
        with publishing(config) as (_, opened):
            print(_stood(acts.step(opened.editions, who, _own(edition, kind), act, why, seen), language))

    done.__doc__ = {
        EditionAct.APPROVE: "Say that it is right as it stands: a publisher, and not the one who edited it last.",
        EditionAct.PUBLISH: "Let what was approved go out: it may be sent, and stands in the feed.",
        EditionAct.ARCHIVE: "Take what was published out of the feed; it stays to be read.",
        EditionAct.WITHDRAW: "Take it back, with a reason; it may be drafted anew.",
    }[act]
    return done


def _export(kind: Kind) -> Any:
    def export(
        edition: Id,
        config: Config = CENTRE_TOML,
        *,
        html: Html = None,
        pdf: Pdf = None,
        json_file: JsonFile = None,
        language: Spoken = "en",
    ) -> None:
        """Write the version that stands to files; what is not approved says so on its first page."""
        from bavn.app.centre.publish_parts import standing

        with publishing(config) as (_, opened):
            found = opened.editions.get(_own(edition, kind))
            made = opened.editions.document(edition)
            if not _files(made, standing(found), language, html, pdf, json_file):
                raise Stop(Exit.USAGE, Text("say --html FILE, --pdf FILE or --json-file FILE"))

    return export


def _send(kind: Kind) -> Any:
    def send(
        edition: Id,
        config: Config = CENTRE_TOML,
        *,
        to: Annotated[list[str] | None, typer.Option(help="An address; [publish] mail_to without it.")] = None,
        by: Annotated[str, of_act(acts.send)] = "",
        language: Spoken = "en",
    ) -> None:
        with publishing(config) as (file, opened):
            addresses = tuple(to or file.publish.mail_to)
            done = acts.send(opened, by, file, _own(edition, kind), addresses, language)
        went = Text("{sent} sent, {before} had it before, {failed} failed")
        print(went.filled(sent=len(done.sent), before=len(done.before), failed=len(done.failed)).say(language))
        if done.failed:
            failures = "; ".join(f"{address}: {why}" for address, why in done.failed[:10])
            raise Stop(Exit.UNREACHABLE, Text.plain(failures))

    return send


def feed(
    out: Annotated[Path, typer.Argument(help="The file to write, such as feed.da.xml.")],
    config: Config = CENTRE_TOML,
    *,
    language: Spoken = "en",
) -> None:
    """Write an Atom feed of what is published, for a web server of your own to lay out."""
    from bavn.app.centre.publish_parts import entries, write
    from bavn.app.net.party_clock import BesideClock
    from bavn.app.reports.feed import feed as made_feed

    with publishing(config) as (file, opened):
        feed_text = made_feed(
            entries(opened),
            language,
            sector=file.centre.limits.sector,
            url=file.publish.url,
            now_us=BesideClock(file.folder).now_us(),
        )
        write(out, feed_text.encode())
    print(out)


def _own(edition: str, kind: Kind) -> str:
    if not edition.startswith(f"{kind.value}-"):
        raise Stop(Exit.NOT_FOUND, Text("no {kind} is called {edition}", kind=kind.value, edition=repr(edition[:60])))
    return edition


def _files(
    document: "Document", how: Any, language: Language, html: Path | None, pdf: Path | None, json_file: Path | None
) -> bool:
    from bavn.app.centre.publish_parts import Form, rendered, write

    wanted: list[tuple[Form, Path | None]] = [("html", html), ("pdf", pdf), ("json", json_file)]
    for form, path in wanted:
        if path is not None:
            write(path, rendered(document, form, language, how))
            print(path)
    return any(path is not None for _, path in wanted)


def _print(document: "Document", language: Language, sources: bool) -> None:
    from bavn.app.reports.text import lines

    for line in lines(document, language, sources=sources):
        print(line)


def _stood(edition: "Edition", language: Language) -> str:
    state = STATES[edition.state].say(language)
    return _STOOD.filled(id=edition.id, state=state, version=edition.version).say(language)


def _row(edition: "Edition", language: Language) -> dict[str, Any]:
    published = None if edition.published_us is None else iso(edition.published_us)[:19]
    names = Text("document|state|version|edited|approved|published")
    cells = (
        edition.id,
        STATES[edition.state].say(language),
        edition.version,
        edition.edited_by,
        edition.approved_by,
        published,
    )
    return dict(zip(names.say(language).split("|"), cells, strict=True))


brief = make(
    Kind.BRIEF, "The month, 2026-10; the last whole one without it.", help="The monthly brief: from draft to archive."
)
forecast = make(
    Kind.FORECAST,
    "The quarter it looks back on, 2026-Q3; the last whole one without it.",
    help="The quarterly forecast: from draft to archive.",
)
