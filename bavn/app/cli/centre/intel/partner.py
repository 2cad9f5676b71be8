"""`bavn centre partner`: parties outside the sector, what goes out to each and what comes in from it, until when.

Refuses to show a secret twice: a token or password is printed when it is made and kept as a hash.
"""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from bavn.app.cli.centre.desk import CENTRE_TOML, AsJson, ByPublisher, Config, Spoken, show
from bavn.app.cli.spread import spread
from bavn.app.process.exits import Exit, Stop
from bavn.model.intel.indicator import Pap, Tlp
from bavn.model.moment import DAY_US, iso
from bavn.model.observable import ObservableType
from bavn.model.sector.partner import COLLECTIONS, PARTNER_KINDS, Partner
from bavn.model.text import Language

if TYPE_CHECKING:
    from bavn.centre.members.partner_credentials import PartnerCredentials
    from bavn.centre.members.partners import Partners

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Parties outside the sector that indicators are exchanged with."
)
PaperName = Literal["CLEAR", "GREEN", "AMBER", "RED"]
Name = Annotated[str, typer.Argument(help="a-z, 0-9 and -, such as cert-nord")]
Until = Annotated[
    dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day of the agreement (UTC); a year if not said.")
]
Title = Annotated[str, typer.Option(help="What people call it.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """What may cross to and from a partner; None: as it was."""

    out_tlp: Annotated[Tlp | None, typer.Option("--out-tlp", help="The most restricting TLP that goes out.")] = None
    out_pap: Annotated[PaperName | None, typer.Option("--out-pap", help="The most restricting PAP that goes out.")] = (
        None
    )
    out_type: Annotated[
        list[ObservableType] | None, typer.Option("--out-type", help="What goes out is about; may be repeated.")
    ] = None
    out_confidence: Annotated[
        int | None, typer.Option("--out-confidence", help="Least confidence that goes out, 0-100.")
    ] = None
    out_collections: Annotated[
        str | None,
        typer.Option(
            "--out-collections", help=f"With commas between, of: {', '.join(COLLECTIONS)}. Empty: nothing goes."
        ),
    ] = None
    in_trust: Annotated[int | None, typer.Option("--in-trust", help="0-100; 0 takes nothing in.")] = None
    in_tlp: Annotated[Tlp | None, typer.Option("--in-tlp", help="What is marked more restricting is refused.")] = None
    in_may_block: Annotated[
        bool | None,
        typer.Option("--in-may-block/--in-never-blocks", help="Whether what rests on its word may ever block."),
    ] = None
    in_per_day: Annotated[int | None, typer.Option("--in-per-day", help="Objects that are taken in a day.")] = None

    def over(self, partner: Partner) -> Partner:
        """The partner with what was given on the command line in place of what it had."""
        out = {
            "tlp_max": self.out_tlp,
            "pap_max": None if self.out_pap is None else Pap[self.out_pap],
            "types": frozenset(self.out_type) if self.out_type else None,
            "confidence_min": self.out_confidence,
            "collections": None if self.out_collections is None else _names(self.out_collections),
        }
        inward = {
            "trust": self.in_trust,
            "tlp_max": self.in_tlp,
            "may_block": self.in_may_block,
            "objects_per_day_max": self.in_per_day,
        }
        return replace(partner, out=replace(partner.out, **_said(out)), inward=replace(partner.inward, **_said(inward)))


@app.command("add")
@spread
def add(
    name: Name,
    config: Config = CENTRE_TOML,
    *,
    kind: Annotated[str, typer.Option(help=f"One of: {', '.join(PARTNER_KINDS)}.")] = "other",
    title: Title = "",
    until: Until = None,
    agreed: Agreed,
    by: ByPublisher = "",
    language: Spoken = "en",
    as_json: AsJson = False,
) -> None:
    """Add a partner. Nothing goes out before --out-collections says so, nothing comes in before --in-trust does."""
    with _books(config) as (partners, _):
        now_us = _now_us()
        made = Partner(
            name=name,
            kind=kind,
            title=title or name,
            added_us=now_us,
            until_us=_until_us(until) or now_us + 365 * DAY_US,
        )
        rows = [_row(partners.add(agreed.over(made), by), now_us, language)]
    show(rows, as_json=as_json)


@app.command("set")
@spread
def set_(
    name: Name,
    config: Config = CENTRE_TOML,
    *,
    title: Title = "",
    until: Until = None,
    agreed: Agreed,
    by: ByPublisher = "",
    language: Spoken = "en",
    as_json: AsJson = False,
) -> None:
    """Change what is given and leave the rest; it counts from the partner's next request on."""
    with _books(config) as (partners, _):
        before = partners.known(name)
        after = agreed.over(before)
        changed = partners.set(
            name,
            by,
            title=title or None,
            until_us=_until_us(until),
            out=after.out if after.out != before.out else None,
            inward=after.inward if after.inward != before.inward else None,
        )
        rows = [_row(changed, _now_us(), language)]
    show(rows, as_json=as_json)


@app.command("list")
def listed(config: Config = CENTRE_TOML, *, language: Spoken = "en", as_json: AsJson = False) -> None:
    """All partners, what may cross to and from each, and whether anything may now."""
    with _books(config) as (partners, _):
        rows = [_row(one, _now_us(), language) for one in partners.every()]
    show(rows, as_json=as_json)


@app.command("show")
def show_(name: Name, config: Config = CENTRE_TOML, *, language: Spoken = "en", as_json: AsJson = False) -> None:
    """One partner, and how it may prove who it is."""
    with _books(config) as (partners, credentials):
        now_us = _now_us()
        keys = [
            {
                "credential": one.id,
                "kind": one.kind,
                "issued": iso(one.issued_us)[:19],
                "until": iso(one.until_us)[:10],
                "in_force": one.ended_us is None and now_us < one.until_us,
            }
            for one in credentials.of(name)
        ]
        row = _row(partners.known(name), now_us, language)
    if as_json:
        show([row | {"credentials": keys}], as_json=True)
        return
    show([row], as_json=False)
    if keys:
        show(keys, as_json=False)


@app.command("end")
def end(
    name: Name,
    config: Config = CENTRE_TOML,
    *,
    why: Annotated[str, typer.Option(help="The reason, for the audit log.")],
    by: ByPublisher = "",
) -> None:
    """End the agreement for good: nothing crosses from the partner's next request on."""
    with _books(config) as (partners, _):
        partners.end(name, by, why)
    print(f"the agreement with {name} has ended")


@app.command("key")
def key(
    name: Name,
    kind: Annotated[
        Literal["token", "basic", "certificate"], typer.Argument(help="How it will prove who it is.")
    ] = "token",
    config: Config = CENTRE_TOML,
    *,
    csr: Annotated[Path | None, typer.Option(help="Certificate request (PEM, P-256) of the partner.")] = None,
    by: ByPublisher = "",
    as_json: AsJson = False,
) -> None:
    """Make a credential and print it once: hand it over outside Bavn. A certificate is made of a partner's request."""
    if (kind == "certificate") != (csr is not None):
        raise Stop(Exit.USAGE, "a certificate needs --csr FILE, and only a certificate does")
    with _books(config) as (_, credentials):
        if csr is not None:
            print(credentials.certificate(name, by, _read(csr)), end="")
            return
        secret = credentials.token(name, by) if kind == "token" else credentials.password(name, by)
    if as_json:
        show([{"partner": name, "kind": kind, "secret": secret}], as_json=True)
    elif kind == "token":
        print(f"Authorization: Bearer {secret}")
    else:
        print(f"user: {name}\npassword: {secret}")


@app.command("end-key")
def end_key(
    name: Name,
    credential: Annotated[str, typer.Argument(help="As `bavn centre partner show` names it.")],
    config: Config = CENTRE_TOML,
    *,
    by: ByPublisher = "",
) -> None:
    """Let one credential count no longer."""
    with _books(config) as (_, credentials):
        credentials.end(name, by, credential)
    print(f"{credential} counts no longer")


@contextmanager
def _books(config: Path) -> Iterator[tuple["Partners", "PartnerCredentials"]]:
    from bavn.app.centre.parts import open_partner_books
    from bavn.app.config.load import read_centre
    from bavn.centre.cases.who import NotAllowed
    from bavn.centre.members.partners import UnknownPartner
    from bavn.model.sector.partner import BadPartner

    partners, credentials = open_partner_books(read_centre(config))
    try:
        yield partners, credentials
    except UnknownPartner as error:
        raise Stop(Exit.NOT_FOUND, str(error)) from error
    except NotAllowed as error:
        raise Stop(Exit.NOT_NOW, str(error)) from error
    except BadPartner as error:
        raise Stop(Exit.USAGE, str(error)) from error
    finally:
        partners.engine.dispose()


def _said(given: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value is not None}


def _names(text: str) -> tuple[str, ...]:
    return tuple(sorted({name.strip() for name in text.split(",") if name.strip()}))


def _until_us(until: dt.datetime | None) -> int | None:
    return None if until is None else int(until.replace(tzinfo=dt.UTC).timestamp()) * 1_000_000 + DAY_US


def _now_us() -> int:
    from bavn.app.process.real import SystemClock

    return SystemClock().now_us()


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise Stop(Exit.INPUT, f"{file} cannot be read as a certificate request: {error}") from error


def _row(partner: Partner, now_us: int, language: Language) -> dict[str, Any]:
    from bavn.centre.members.partner_words import inward_plain, outward_plain

    return {
        "partner": partner.name,
        "kind": PARTNER_KINDS[partner.kind].say(language),
        "title": partner.title,
        "in_force": partner.in_force(now_us),
        "until": iso(partner.until_us)[:10],
        "out": outward_plain(partner.out),
        "in": inward_plain(partner.inward),
    }
