"""`bavn centre partner`: parties outside the sector, what goes out to each and what comes in from it, until when.

Refuses to show a secret twice: a token or password is printed when it is made and kept as a hash.
"""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from bavn.app.acts.act import refusing
from bavn.app.acts.centre import partners as acts
from bavn.app.cli.centre.desk import CENTRE_TOML, Config, Spoken, configured
from bavn.app.cli.help import Commands
from bavn.app.cli.language import tell
from bavn.app.cli.person import of_act
from bavn.app.cli.shown import AsJson, show
from bavn.app.cli.spread import Given, spread, typed
from bavn.app.process.exits import Exit, Stop
from bavn.model.moment import DAY_US, iso
from bavn.model.sector.partner import COLLECTIONS, PARTNER_KINDS, Inward, Outward, Partner
from bavn.model.text import Language, Text

if TYPE_CHECKING:
    from bavn.centre.members.partner_credentials import PartnerCredentials
    from bavn.centre.members.partners import Partners

app = Commands(help="Parties outside the sector that indicators are exchanged with.")
Name = Annotated[str, typer.Argument(help="a-z, 0-9 and -, such as cert-nord")]
Until = Annotated[
    dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day of the agreement (UTC); a year if not said.")
]
Title = Annotated[str, typer.Option(help="What people call it.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """What an agreement is called and how long it holds."""

    title: Title = ""
    until: Until = None


Out = Annotated[dict[str, Any], Given(acts.OutShape, without=("collections",), prefix="out_")]
Inwards = Annotated[dict[str, Any], Given(acts.InShape, prefix="in_")]
Collections = Annotated[
    str | None,
    typer.Option("--out-collections", help=f"With commas between, of: {', '.join(COLLECTIONS)}. Empty: nothing goes."),
]


def _agreed(
    out: dict[str, Any], collections: str | None, inward: dict[str, Any], was_out: Outward, was_in: Inward
) -> dict[str, Any]:
    """What may cross to and from a partner, as fields of an input: what was said, over what was there."""
    if collections is not None:
        out = out | {"collections": [name.strip() for name in collections.split(",") if name.strip()]}
    return {
        "out": typed(acts.OutShape, **dict(acts.OutShape.of(was_out)) | out) if out else None,
        "inward": typed(acts.InShape, **asdict(was_in) | inward) if inward else None,
    }


@app.command("add")
@spread
def add(
    name: Name,
    config: Config = CENTRE_TOML,
    *,
    kind: Annotated[str, typer.Option(help=f"One of: {', '.join(PARTNER_KINDS)}.")] = "other",
    agreement: Agreement,
    out: Out,
    out_collections: Collections = None,
    inward: Inwards,
    by: Annotated[str, of_act(acts.add)] = "",
    language: Spoken = "en",
    as_json: AsJson = False,
) -> None:
    """Add a partner. Nothing goes out before --out-collections says so, nothing comes in before --in-trust does."""
    terms = _agreed(out, out_collections, inward, Outward(), Inward())
    body = typed(acts.Adding, name=name, kind=kind, title=agreement.title, until_us=_until_us(agreement.until), **terms)
    with _books(config) as (partners, _):
        now_us = _now_us(config)
        rows = [_row(acts.add(partners, by, body, now_us), now_us, language)]
    show(rows, as_json=as_json)


@app.command("set")
@spread
def set_(
    name: Name,
    config: Config = CENTRE_TOML,
    *,
    agreement: Agreement,
    out: Out,
    out_collections: Collections = None,
    inward: Inwards,
    by: Annotated[str, of_act(acts.change)] = "",
    language: Spoken = "en",
    as_json: AsJson = False,
) -> None:
    """Change what is given and leave the rest; it counts from the partner's next request on."""
    with _books(config) as (partners, _):
        was = partners.known(name)
        terms = _agreed(out, out_collections, inward, was.out, was.inward)
        body = typed(acts.Changing, title=agreement.title or None, until_us=_until_us(agreement.until), **terms)
        rows = [_row(acts.change(partners, by, name, body), _now_us(config), language)]
    show(rows, as_json=as_json)


@app.command("show")
def show_(
    name: Annotated[str, typer.Argument(help="Only this one, and how it may prove who it is.")] = "",
    config: Config = CENTRE_TOML,
    *,
    language: Spoken = "en",
    as_json: AsJson = False,
) -> None:
    """All partners, what may cross to and from each, and whether anything may now; or one of them."""
    with _books(config) as (partners, credentials):
        now_us = _now_us(config)
        rows = [_row(one, now_us, language) for one in ([partners.known(name)] if name else partners.every())]
        keys = [
            {
                "credential": credential.id,
                "kind": credential.kind,
                "issued": iso(credential.issued_us)[:19],
                "until": iso(credential.until_us)[:10],
                "in_force": credential.ended_us is None and now_us < credential.until_us,
            }
            for credential in (credentials.of(name) if name else ())
        ]
    if as_json and name:
        rows[0]["credentials"] = keys
    show(rows, as_json=as_json)
    if keys and not as_json:
        show(keys, as_json=False)


@app.command("end")
def end(
    name: Name,
    config: Config = CENTRE_TOML,
    *,
    why: Annotated[str, typer.Option(help="The reason, for the audit log.")],
    by: Annotated[str, of_act(acts.end)] = "",
) -> None:
    """End the agreement for good: nothing crosses from the partner's next request on."""
    with _books(config) as (partners, _):
        acts.end(partners, by, name, why)
    tell(Text("the agreement with {partner} has ended", partner=name))


@app.command("key")
def key(
    name: Name,
    kind: Annotated[
        Literal["token", "basic", "certificate"], typer.Argument(help="How it will prove who it is.")
    ] = "token",
    config: Config = CENTRE_TOML,
    *,
    csr: Annotated[Path | None, typer.Option(help="Certificate request (PEM, P-256) of the partner.")] = None,
    by: Annotated[str, of_act(acts.make_key)] = "",
    as_json: AsJson = False,
) -> None:
    """Make a credential and print it once: hand it over outside Bavn. A certificate is made of a partner's request."""
    if (kind == "certificate") != (csr is not None):
        raise Stop(Exit.USAGE, Text("a certificate needs --csr FILE, and only a certificate does"))
    request = "" if csr is None else _read(csr)
    with _books(config) as (_, credentials):
        secret = acts.make_key(credentials, by, name, kind, request)
    if csr is not None:
        print(secret, end="")
        return
    if as_json:
        show([{"partner": name, "kind": kind, "secret": secret}], as_json=True)
    elif kind == "token":
        print(f"Authorization: Bearer {secret}")
    else:
        tell(Text("user: {who}\npassword: {secret}", who=name, secret=secret))


@app.command("end-key")
def end_key(
    name: Name,
    credential: Annotated[str, typer.Argument(help="As `bavn centre partner show` names it.")],
    config: Config = CENTRE_TOML,
    *,
    by: Annotated[str, of_act(acts.end_key)] = "",
) -> None:
    """Let one credential count no longer."""
    with _books(config) as (_, credentials):
        acts.end_key(credentials, by, name, credential)
    tell(Text("{credential} counts no longer", credential=credential))


@contextmanager
def _books(config: Path) -> Iterator[tuple["Partners", "PartnerCredentials"]]:
    from bavn.app.centre.parts import open_partner_books

    partners, credentials = open_partner_books(configured(config))
    try:
        with refusing(*acts.REFUSES):
            yield partners, credentials
    finally:
        partners.engine.dispose()


def _until_us(until: dt.datetime | None) -> int | None:
    return None if until is None else int(until.replace(tzinfo=dt.UTC).timestamp()) * 1_000_000 + DAY_US


def _now_us(config: Path) -> int:
    from bavn.app.net.party_clock import BesideClock

    return BesideClock(configured(config).folder).now_us()


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise Stop(
            Exit.INPUT,
            Text("{file} cannot be read as a certificate request: {error}", file=file, error=Text.of_error(error)),
        ) from error


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
