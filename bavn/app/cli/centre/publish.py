"""`bavn centre publication` and `publication-send`: what the centre publishes, its steps, and its way out by e-mail.
The console drafts and edits it. Refuses to decide: a named person does.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bavn.app.acts.act import refusing
from bavn.app.acts.centre import publications as acts
from bavn.app.cli.centre.desk import CENTRE_TOML, Config, Spoken, configured
from bavn.app.cli.person import AsLocalRoot, instead, of_act
from bavn.app.cli.shown import AsJson, show
from bavn.app.process.exits import Exit, Stop
from bavn.centre.publish.life import STATES
from bavn.model.moment import iso
from bavn.model.text import Language, Text

if TYPE_CHECKING:
    from bavn.app.config.load import CentreFile
    from bavn.centre.desk.publishing import Publishing
    from bavn.centre.publish.editions import Edition

ID_HELP = "Such as brief-2026-10 or forecast-2026-Q3."


@contextmanager
def _publishing(config: Path) -> Iterator[tuple["CentreFile", "Publishing"]]:
    """What publishes; what it refuses ends the command."""
    from bavn.app.centre.publish_parts import open_publishing

    file = configured(config)
    with open_publishing(file) as opened, refusing(*acts.REFUSES):
        yield file, opened


def publication(
    edition: Annotated[str, typer.Argument(help=f"{ID_HELP} All of them without it.")] = "",
    act: Annotated[
        acts.PersonsAct | None, typer.Argument(help="What to do; without it the document is shown as text.")
    ] = None,
    config: Config = CENTRE_TOML,
    *,
    sources: Annotated[bool, typer.Option("--sources", help="Also what each sentence rests on.")] = False,
    by: Annotated[str, of_act(acts.step)] = "",
    why: Annotated[str, typer.Option(help="The reason; needed to withdraw.")] = "",
    seen: Annotated[int | None, typer.Option("--seen", help="The version that you read; another one stops it.")] = None,
    as_local_root: AsLocalRoot = "",
    as_json: AsJson = False,
    language: Spoken = "en",
) -> None:
    """Briefs and forecasts, the latest first; one as text; or approve, publish, archive or withdraw one."""
    with _publishing(config) as (_, opened):
        if act is not None:
            acts.step(opened.editions, instead(by, as_local_root), edition, act, why, seen)
        rows = [_row(one, language) for one in ([opened.editions.get(edition)] if edition else opened.editions.every())]
        document = opened.editions.document(edition, None) if edition and act is None else None
    if document is None:
        show(rows, as_json=as_json)
    elif as_json:
        from bavn.centre.publish.codec import document_text

        print(document_text(document))
    else:
        from bavn.app.reports.text import lines

        show(rows, as_json=False)
        for line in lines(document, language, sources=sources):
            print(line)


def publication_send(
    edition: Annotated[str, typer.Argument(help=ID_HELP)],
    config: Config = CENTRE_TOML,
    *,
    to: Annotated[list[str] | None, typer.Option(help="An address; [publish] mail_to without it.")] = None,
    by: Annotated[str, of_act(acts.send)] = "",
    language: Spoken = "en",
) -> None:
    """Send what was published as PDF by e-mail, once to each address and version."""
    with _publishing(config) as (file, opened):
        done = acts.send(opened, by, file, edition, tuple(to or file.publish.mail_to), language)
    went = Text("{sent} sent, {before} had it before, {failed} failed")
    print(went.filled(sent=len(done.sent), before=len(done.before), failed=len(done.failed)).say(language))
    if done.failed:
        failures = "; ".join(f"{address}: {why}" for address, why in done.failed[:10])
        raise Stop(Exit.UNREACHABLE, Text.plain(failures))


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
