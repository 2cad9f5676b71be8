"""`bavn centre warning`: draft, send, change, end and take back warnings to the sector; who has answered what.

Refuses to decide: a named person does. The running centre sends, by gate 3.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from bavn.app.cli.centre.desk import CENTRE_TOML, AsJson, By, Config, Spoken, show
from bavn.app.cli.spread import spread
from bavn.app.process.exits import Exit, Stop
from bavn.model.intel.indicator import Pap, Tlp
from bavn.model.moment import iso
from bavn.model.sector.sector_warning import ANSWERS, URGENCIES, WARNING_STATES, Address, Content, Urgency, WarningState
from bavn.model.text import Language, Text

if TYPE_CHECKING:
    from bavn.app.centre.warning_parts import Drafted
    from bavn.app.config.load import CentreFile
    from bavn.centre.cases.warnings.mail import WarningMails
    from bavn.centre.cases.warnings.rows import WarningView
    from bavn.centre.cases.warnings.warnings import Warnings
    from bavn.centre.members.registry import Registry

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Warnings to the sector, and their follow-up.")

Id = Annotated[str, typer.Argument(help="warning-..., as `list` shows it.")]
Why = Annotated[str, typer.Option(help="The reason, for the audit log.")]
PapName = Literal["red", "amber", "green", "clear"]
_ROW: Final = Text("warning|state|urgency|title|TLP|version|sent|told|acknowledged|affected|done|overdue")
_ACTOR: Final = Text("actor|told|answer|since|mail|words")
_LATE: Final = Text("OVERDUE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What a warning says; None: as it was."""

    title_en: Annotated[str | None, typer.Option("--title-en", help="One line in English.")] = None
    title_da: Annotated[str | None, typer.Option("--title-da", help="One line in Danish.")] = None
    text_en: Annotated[str | None, typer.Option("--text-en", help="What to know and do, in English.")] = None
    text_da: Annotated[str | None, typer.Option("--text-da", help="What to know and do, in Danish.")] = None
    urgency: Annotated[Urgency | None, typer.Option(help="How soon somebody must look.")] = None
    tlp: Annotated[Tlp | None, typer.Option(help="Whom it may be told.")] = None
    pap: Annotated[PapName | None, typer.Option(help="What may be done with what it names.")] = None
    observable: Annotated[
        list[str] | None, typer.Option("--observable", help="An address, name or fingerprint; repeatable.")
    ] = None

    def missing(self) -> str:
        """The options of what is not said in both languages."""
        said = {name: getattr(self, name) for name in ("title_en", "title_da", "text_en", "text_da")}
        return ", ".join(f"--{name.replace('_', '-')}" for name, one in said.items() if not one)


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressed:
    """Whom a warning is for; None: as it was."""

    kind: Annotated[list[str] | None, typer.Option("--kind", help="A kind of actor; repeatable.")] = None
    function: Annotated[list[str] | None, typer.Option("--function", help="A critical function; repeatable.")] = None
    supplier: Annotated[list[str] | None, typer.Option("--supplier", help="A supplier; repeatable.")] = None
    region: Annotated[
        list[str] | None, typer.Option("--region", help="A region of the roll-out's register; repeatable.")
    ] = None
    to: Annotated[list[str] | None, typer.Option("--to", help="An actor by name, whatever else; repeatable.")] = None

    def over(self, known: Address) -> Address:
        """What is said, over what stood there."""
        given = {
            "kinds": self.kind,
            "functions": self.function,
            "suppliers": self.supplier,
            "regions": self.region,
            "actors": self.to,
        }
        return Address(
            **{
                name: getattr(known, name) if names is None else tuple(sorted({one for one in names if one}))
                for name, names in given.items()
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """By when a warning is answered, and how long it is in force; None: as it was."""

    acknowledge_hours: Annotated[
        int | None, typer.Option("--acknowledge-hours", help="Hours until somebody must have acknowledged.")
    ] = None
    hours: Annotated[int | None, typer.Option("--hours", help="Hours for which it is in force.")] = None


@contextmanager
def opened(config: Path) -> Iterator[tuple["CentreFile", "Warnings", "WarningMails", "Registry"]]:
    """The warnings of this centre, with refusals as exit codes."""
    from bavn.app.centre.warning_parts import opened_warnings
    from bavn.app.config.load import read_centre
    from bavn.centre.cases.warnings.rows import UnknownWarning
    from bavn.centre.cases.who import NotAllowed
    from bavn.model.sector.sector_warning import NoSuchStep

    file = read_centre(config)
    with opened_warnings(file) as (warnings, mails, registry):
        try:
            yield file, warnings, mails, registry
        except UnknownWarning as error:
            raise Stop(Exit.NOT_FOUND, str(error)) from error
        except (NotAllowed, NoSuchStep) as error:
            raise Stop(Exit.NOT_NOW, str(error)) from error
        except ValueError as error:
            raise Stop(Exit.USAGE, str(error)) from error


@app.command("draft")
@spread
def draft(
    config: Config = CENTRE_TOML,
    *,
    words: Words,
    addressed: Addressed,
    times: Times,
    from_lead: Annotated[str, typer.Option(help="Begin with what a lead says: lead-...")] = "",
    from_partner: Annotated[str, typer.Option(help="Begin with what partners said of an observable.")] = "",
    by: By = "",
) -> None:
    """Write a draft by hand, from a lead or from a partner's word; prints its id. Without an address it is for all."""
    from bavn.app.centre.warning_parts import of_lead, of_partner
    from bavn.app.config.load import read_centre
    from bavn.centre.cases.warnings.rows import BY_HAND

    if from_lead and from_partner:
        raise Stop(Exit.USAGE, "say --from-lead or --from-partner, not both")
    begun: Drafted | None = None
    if from_lead:
        begun = of_lead(read_centre(config), from_lead)
    elif from_partner:
        begun = of_partner(read_centre(config), _observables([from_partner])[0])
    with opened(config) as (_, warnings, _, _):
        content = _content(_begun(begun), words, times)
        address = addressed.over(Address())
        made = warnings.draft(content, address, by, BY_HAND if begun is None else begun.origin)
        reached = _reached(config, address)
    print(f"{made.id}: {made.state.value}; it would go to {len(reached)}: {', '.join(reached) or '-'}")


@app.command("edit")
@spread
def edit(
    warning: Id,
    config: Config = CENTRE_TOML,
    *,
    words: Words,
    addressed: Addressed,
    times: Times,
    why: Why,
    by: By = "",
) -> None:
    """Change what is given; a list replaces the one that stands. One that was sent goes out, and is answered, anew."""
    with opened(config) as (_, warnings, _, _):
        known = warnings.get(warning).warning
        content = _content(known.content, words, times)
        address = addressed.over(known.address)
        made = warnings.edit(warning, by, why, content=content, address=address)
    print(f"{made.id}: {made.state.value}, version {made.version}")


def _acts() -> None:
    """`send`, `end` and `withdraw`."""
    helped = {
        "send": "Let it go out at once: console, mail, feed and every node that it is addressed to.",
        "end": "It is over; whoever was told hears so.",
        "withdraw": "It was wrong, or a draft that nobody needs; whoever was told hears so.",
    }

    def made(act: Literal["send", "end", "withdraw"]) -> Any:
        def done(warning: Id, config: Config = CENTRE_TOML, *, why: Why, by: By = "") -> None:
            with opened(config) as (_, warnings, _, _):
                acts = {"send": warnings.send, "end": warnings.end, "withdraw": warnings.withdraw}
                kept = acts[act](warning, by, why)
            print(f"{kept.id}: {kept.state.value}, version {kept.version}")

        done.__doc__ = helped[act]
        return done

    app.command("send")(made("send"))
    app.command("end")(made("end"))
    app.command("withdraw")(made("withdraw"))


_acts()


@app.command("list")
def listed(
    config: Config = CENTRE_TOML,
    *,
    state: Annotated[WarningState | None, typer.Option(help="Only those that stand so.")] = None,
    limit: int = 50,
    as_json: AsJson = False,
    language: Spoken = "en",
) -> None:
    """The warnings, the latest first, and how many actors have answered what."""
    with opened(config) as (_, warnings, _, _):
        rows = [_row(view, language, as_json=as_json) for view in warnings.every(limit, state=state)]
    show(rows, as_json=as_json)


@app.command("show")
def shown(
    warning: Id,
    config: Config = CENTRE_TOML,
    *,
    as_json: AsJson = False,
    language: Spoken = "en",
    check: Annotated[bool, typer.Option("--check", help="Exit with code 10 if an acknowledgement is overdue.")] = False,
) -> None:
    """One warning, and how each actor that it went to follows it up."""
    with opened(config) as (_, warnings, mails, _):
        view = warnings.get(warning)
        mailed = mails.stands(view.warning)
    if as_json:
        show([_row(view, language, as_json=True) | {"actors": _plain(view, mailed)}], as_json=True)
    else:
        _print(view, mailed, language)
    late = [one.actor for one in view.actors if one.overdue]
    if check and late:
        raise Stop(Exit.UNHEALTHY, f"no acknowledgement from {', '.join(late)}")


@app.command("mail")
def mail(config: Config = CENTRE_TOML) -> None:
    """Mail what is owed now; the running centre does so by itself."""
    from bavn.app.centre.reminding import ways_of
    from bavn.app.centre.warning_mail import once

    with opened(config) as (file, _, mails, registry):
        server = ways_of(file).mail
        if server is None:
            raise Stop(Exit.CONFIGURATION, "[remind] smtp_host names no mail server")
        went, failed = once(file, mails, registry, server)
    print(f"{went} mailed, {failed} wait")
    if failed:
        raise Stop(Exit.UNREACHABLE, "some mails could not be sent; they are tried again")


@app.command("feed")
def feed(
    out: Annotated[Path, typer.Argument(help="The file to write, such as warnings.da.xml.")],
    config: Config = CENTRE_TOML,
    *,
    language: Spoken = "en",
) -> None:
    """Write an Atom feed of what was sent under TLP:CLEAR or GREEN, for a web server of your own to lay out."""
    from bavn.app.centre.publish_parts import write
    from bavn.app.centre.warning_mail import ENTRIES_MAX
    from bavn.app.centre.warning_mail import feed as made_feed
    from bavn.app.process.real import SystemClock

    with opened(config) as (file, warnings, _, _):
        kept = [view.warning for view in warnings.every(10 * ENTRIES_MAX)]
        sector = file.centre.limits.sector
    write(out, made_feed(kept, language, sector=sector, now_us=SystemClock().now_us()).encode())
    print(out)


def _begun(begun: "Drafted | None") -> Content | None:
    if begun is None:
        return None
    return Content(
        title=begun.title,
        text=begun.text,
        urgency=Urgency.IMPORTANT,
        tlp=begun.tlp,
        pap=begun.pap,
        observables=begun.observables,
    )


def _content(known: Content | None, words: Words, times: Times) -> Content:
    """What is said, over what was there before. Raises BadWarning; Stop where a language is missing."""
    if known is None and words.missing():
        raise Stop(Exit.USAGE, f"a warning is said in both languages; missing: {words.missing()}")
    before = known or Content(
        title=Text.written(words.title_en or "-", da=words.title_da or "-"),
        text=Text.written(words.text_en or "-", da=words.text_da or "-"),
        urgency=Urgency.IMPORTANT,
        tlp=Tlp.AMBER,
        pap=Pap.AMBER,
    )
    return Content(
        title=Text.written(words.title_en or before.title.en, da=words.title_da or before.title.da),
        text=Text.written(words.text_en or before.text.en, da=words.text_da or before.text.da),
        urgency=words.urgency or before.urgency,
        tlp=words.tlp or before.tlp,
        pap=before.pap if words.pap is None else Pap[words.pap.upper()],
        observables=before.observables if words.observable is None else _observables(words.observable),
        acknowledge_hours=before.acknowledge_hours if times.acknowledge_hours is None else times.acknowledge_hours,
        hours=before.hours if times.hours is None else times.hours,
    )


def _observables(texts: list[str]) -> tuple[Any, ...]:
    from bavn.model.intel.spelled import observable_of

    return tuple(observable_of(text) for text in texts)


def _reached(config: Path, address: Address) -> list[str]:
    """The active actors that it would go to now."""
    from bavn.app.centre.parts import opened_registry
    from bavn.app.config.load import read_centre
    from bavn.app.process.real import SystemClock
    from bavn.centre.node.warning_post import addressees

    with opened_registry(read_centre(config)) as registry:
        return [one.actor for one in addressees(registry, SystemClock()) if address.reaches(one)]


def _row(view: "WarningView", language: Language, *, as_json: bool) -> dict[str, Any]:
    kept, actors = view.warning, view.actors
    answers = [one.answer.value for one in actors]
    counts = {
        "told": sum(one.told_us is not None for one in actors),
        "acknowledged": sum(one.acknowledged_us is not None for one in actors),
        "affected": answers.count("affected"),
        "done": answers.count("done"),
        "overdue": sum(one.overdue for one in actors),
    }
    content, sent = kept.content, None if kept.sent_us is None else f"{iso(kept.sent_us)[:16]}Z"
    if as_json:
        return {
            "warning": kept.id,
            "state": kept.state.value,
            "urgency": content.urgency.value,
            "title": content.title.say(language),
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
        content.title.say(language),
        content.tlp.value,
        kept.version,
        sent,
        *counts.values(),
    )
    return dict(zip(_ROW.say(language).split("|"), cells, strict=True))


def _plain(view: "WarningView", mailed: dict[str, str]) -> list[dict[str, Any]]:
    return [
        {
            "actor": one.actor,
            "status": one.status,
            "rule": one.rule,
            "answer": one.answer.value,
            "overdue": one.overdue,
            "told": None if one.told_us is None else iso(one.told_us),
            "acknowledged": None if one.acknowledged_us is None else iso(one.acknowledged_us),
            "mail": mailed.get(one.actor, ""),
            "answers": [
                {"at": iso(said.received_us), "version": said.version, "act": said.act.value, "words": said.words}
                for said in one.answers
            ],
        }
        for one in view.actors
    ]


def _print(view: "WarningView", mailed: dict[str, str], language: Language) -> None:
    show([_row(view, language, as_json=False)], as_json=False)
    print(f"\n{view.warning.content.text.say(language)}\n")
    for observable in view.warning.content.observables:
        print(f"  {observable}")
    rows = []
    for one in view.actors:
        answer = ANSWERS[one.answer].say(language) + (f" ({_LATE.say(language)})" if one.overdue else "")
        told = one.rule or ("-" if one.told_us is None else f"{iso(one.told_us)[:16]}Z")
        since = "" if one.answered_us is None else f"{iso(one.answered_us)[:16]}Z"
        words = "; ".join(said.words for said in one.answers if said.words)
        cells = (one.actor, told, answer, since, mailed.get(one.actor, ""), words)
        rows.append(dict(zip(_ACTOR.say(language).split("|"), cells, strict=True)))
    show(rows, as_json=False)
