"""`bavn centre warning`: draft, send, change, end and take back warnings to the sector; who has answered what.

Refuses to decide: a named person does. The running centre sends, by gate 3.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from bavn.app.acts.act import refusing
from bavn.app.acts.centre import warnings as acts
from bavn.app.acts.centre.refusals import observable_of
from bavn.app.cli.centre.desk import CENTRE_TOML, Config, Spoken, Why, configured, named
from bavn.app.cli.help import Commands
from bavn.app.cli.language import tell
from bavn.app.cli.person import of_act
from bavn.app.cli.shown import AsJson, show
from bavn.app.cli.spread import Given, spread, typed
from bavn.app.process.exits import Exit, Stop
from bavn.app.process.real import SystemClock
from bavn.centre.cases.warnings.rows import BY_HAND
from bavn.model.moment import iso
from bavn.model.sector.sector_warning import ANSWERS, URGENCIES, WARNING_STATES, Address, WarningState
from bavn.model.text import Language, Text

if TYPE_CHECKING:
    from bavn.app.centre.warning_parts import Drafted
    from bavn.app.config.load import CentreFile
    from bavn.centre.cases.warnings.mail import WarningMails
    from bavn.centre.cases.warnings.rows import WarningView
    from bavn.centre.cases.warnings.warnings import Warnings
    from bavn.centre.members.registry import Registry

app = Commands(help="Warnings to the sector, and their follow-up.")

Id = Annotated[str, typer.Argument(help="warning-..., as `show` names it.")]
SAID: Final = ("title_en", "title_da", "text_en", "text_da")
_ROW: Final = Text("warning|state|urgency|title|TLP|version|sent|told|acknowledged|affected|done|overdue")
_ACTOR: Final = Text("actor|told|answer|since|mail|words")
_LATE: Final = Text("OVERDUE")


Words = Annotated[dict[str, Any], Given(acts.WarningBody, without=("address",))]
Addressed = Annotated[dict[str, Any], Given(acts.AddressShape)]


@contextmanager
def opened(config: Path) -> Iterator[tuple["CentreFile", "Warnings", "WarningMails", "Registry"]]:
    """The warnings of this centre, with refusals as exit codes."""
    from bavn.app.centre.warning_parts import opened_warnings

    file = configured(config)
    with opened_warnings(file) as (warnings, mails, registry), refusing(*acts.REFUSES):
        yield file, warnings, mails, registry


@app.command("draft")
@spread
def draft(
    config: Config = CENTRE_TOML,
    *,
    words: Words,
    addressed: Addressed,
    from_lead: Annotated[str, typer.Option(help="Begin with what a lead says: lead-...")] = "",
    from_partner: Annotated[str, typer.Option(help="Begin with what partners said of an observable.")] = "",
    by: Annotated[str, of_act(acts.draft)] = "",
) -> None:
    """Write a draft by hand, from a lead or from a partner's word; prints its id. Without an address it is for all."""
    from bavn.app.centre.warning_parts import of_lead, of_partner

    if from_lead and from_partner:
        raise Stop(Exit.USAGE, Text("say --from-lead or --from-partner, not both"))
    begun: Drafted | None = None
    if from_lead:
        begun = of_lead(configured(config), from_lead)
    elif from_partner:
        begun = of_partner(configured(config), observable_of(from_partner))
    known = {} if begun is None else acts.fields_of(begun.content)
    missing = [f"--{name.replace('_', '-')}" for name in SAID if not known.get(name) and not words.get(name)]
    if missing:
        raise Stop(Exit.USAGE, Text("a warning is said in both languages; missing: {named}", named=", ".join(missing)))
    body = typed(acts.WarningBody, **known | words, address=typed(acts.AddressShape, **addressed))
    with opened(config) as (_, warnings, _, registry):
        draft = acts.draft(warnings, by, body, BY_HAND if begun is None else begun.origin)
        reached = acts.reached(registry, SystemClock(), draft.address)
    would = Text("{warning}: {state}; it would go to {count}: {actors}")
    actors = ", ".join(reached) or "-"
    tell(would.filled(warning=draft.id, state=WARNING_STATES[draft.state], count=len(reached), actors=actors))


@app.command("edit")
@spread
def edit(
    warning: Id,
    config: Config = CENTRE_TOML,
    *,
    words: Words,
    addressed: Addressed,
    why: Why,
    by: Annotated[str, of_act(acts.edit)] = "",
) -> None:
    """Change what is given; a list replaces the one that stands. One that was sent goes out, and is answered, anew."""
    with opened(config) as (_, warnings, _, _):
        known = warnings.get(warning).warning
        address = typed(acts.AddressShape, **asdict(known.address) | addressed)
        body = typed(acts.Change, **acts.fields_of(known.content) | words, address=address, why=why)
        made = acts.edit(warnings, by, warning, body)
    tell(_AT_VERSION.filled(warning=made.id, state=WARNING_STATES[made.state], version=made.version))


_AT_VERSION = Text("{warning}: {state}, version {version}")


def _step(way: Literal["send", "end", "withdraw"], what: str) -> None:
    @app.command(way, help=what)
    def done(
        warning: Id, config: Config = CENTRE_TOML, *, why: Why, by: Annotated[str, of_act(acts.step)] = ""
    ) -> None:
        with opened(config) as (_, warnings, _, _):
            kept = acts.step(warnings, by, warning, way, why)
        tell(_AT_VERSION.filled(warning=kept.id, state=WARNING_STATES[kept.state], version=kept.version))


_step("send", "Let it go out at once: console, mail and every node that it is addressed to.")
_step("end", "It is over; whoever was told hears so.")
_step("withdraw", "It was wrong, or a draft that nobody needs; whoever was told hears so.")


@app.command("show")
def shown(
    warning: Annotated[str, typer.Argument(help="Only this one, and how each actor follows it up.")] = "",
    config: Config = CENTRE_TOML,
    *,
    state: Annotated[WarningState | None, typer.Option(help="Only those that stand so.")] = None,
    limit: int = 50,
    as_json: AsJson = False,
    language: Spoken = "en",
    check: Annotated[bool, typer.Option("--check", help="Exit with code 10 if an acknowledgement is overdue.")] = False,
) -> None:
    """The warnings, the latest first, and how many actors have answered what; or one of them."""
    with opened(config) as (_, warnings, mails, _):
        views = [warnings.get(warning)] if warning else list(warnings.every(limit, state=state))
        mailed = mails.stands(views[0].warning) if warning else {}
    if warning and not as_json:
        _print(views[0], mailed, language)
    else:
        more = {"actors": _plain(views[0], mailed)} if warning else {}
        show([_row(view, language, as_json=as_json) | more for view in views], as_json=as_json)
    late = sorted({one.actor for view in views for one in view.actors if one.overdue})
    if check and late:
        raise Stop(Exit.UNHEALTHY, Text("no acknowledgement from {named}", named=", ".join(late)))


def _row(view: "WarningView", language: Language, *, as_json: bool) -> dict[str, Any]:
    kept, counts = view.warning, acts.counts(view)
    content, sent = kept.content, None if kept.sent_us is None else f"{iso(kept.sent_us)[:16]}Z"
    if as_json:
        return {
            "warning": kept.id,
            "state": kept.state.value,
            "urgency": content.urgency.value,
            "title": content.headline.say(language),
            "drill": content.drill,
            "text": content.text.say(language),
            "tlp": content.tlp.value,
            "pap": f"PAP:{content.pap.name}",
            "version": kept.version,
            "sent": sent,
            "source": kept.origin.kind,
            "ref": kept.origin.ref,
            "observables": [str(one) for one in content.observables],
            "address": {name: list(getattr(kept.address, name)) for name in Address.__dataclass_fields__},
            **counts,
        }
    cells = (
        kept.id,
        WARNING_STATES[kept.state].say(language),
        URGENCIES[content.urgency].say(language),
        content.headline.say(language),
        content.tlp.value,
        kept.version,
        sent,
        *counts.values(),
    )
    return dict(zip(_ROW.say(language).split("|"), cells, strict=True))


def _plain(view: "WarningView", mailed: dict[str, str]) -> list[dict[str, Any]]:
    return [
        {
            **named(actor, "actor", "status", "rule"),
            "answer": actor.answer.value,
            "overdue": actor.overdue,
            "told": None if actor.told_us is None else iso(actor.told_us),
            "acknowledged": None if actor.acknowledged_us is None else iso(actor.acknowledged_us),
            "mail": mailed.get(actor.actor, ""),
            "answers": [
                {"at": iso(said.received_us), "version": said.version, "act": said.act.value, "words": said.words}
                for said in actor.answers
            ],
        }
        for actor in view.actors
    ]


def _print(view: "WarningView", mailed: dict[str, str], language: Language) -> None:
    show([_row(view, language, as_json=False)], as_json=False)
    print(f"\n{view.warning.content.text.say(language)}\n")
    for observable in view.warning.content.observables:
        print(f"  {observable}")
    rows = []
    for actor in view.actors:
        answer = ANSWERS[actor.answer].say(language) + (f" ({_LATE.say(language)})" if actor.overdue else "")
        notice = actor.rule or ("-" if actor.told_us is None else f"{iso(actor.told_us)[:16]}Z")
        since = "" if actor.answered_us is None else f"{iso(actor.answered_us)[:16]}Z"
        words = "; ".join(said.words for said in actor.answers if said.words)
        cells = (actor.actor, notice, answer, since, mailed.get(actor.actor, ""), words)
        rows.append(dict(zip(_ACTOR.say(language).split("|"), cells, strict=True)))
    show(rows, as_json=False)
