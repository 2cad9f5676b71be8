"""`bavn centre rollout terms`, `sign`, `delete`, `record` and `verify`: what the centre signs: data-sharing terms,
agreements on them, and proofs of what was deleted of an actor that left."""

import json
from pathlib import Path
from typing import Annotated

import typer

from bavn.app.acts.centre import rollout as acts
from bavn.app.cli.centre.desk import CENTRE_TOML, Config, Why, configured
from bavn.app.cli.centre.rollout.rollout import Actor, agreements
from bavn.app.cli.language import tell
from bavn.app.cli.person import of_act
from bavn.app.cli.shown import AsJson, show
from bavn.app.process.exits import Exit, Stop
from bavn.model.moment import DAY_US, iso
from bavn.model.text import Text


def terms(
    file: Annotated[
        Path | None,
        typer.Argument(help="TOML: purpose_en, purpose_da, legal_basis, classes, retention_days, valid_days."),
    ] = None,
    config: Config = CENTRE_TOML,
    *,
    why: Annotated[str, typer.Option("--why", help="The reason, for the audit log.")] = "",
    by: Annotated[str, of_act(acts.publish_terms)] = "",
    as_json: AsJson = False,
) -> None:
    """The data-sharing terms, every version; or make a file the next one, signed by the centre. Agreements name the
    version they are on."""
    from bavn.app.centre.signed_parts import read_terms

    with agreements(config) as opened:
        if file is not None:
            made = acts.publish_terms(opened, read_terms(file), by, why)
            tell(Text("version {number}, sha256 {sha256}", number=made.number, sha256=made.digest))
            return
        rows = [
            {
                "version": record.number,
                "at": iso(record.at_us)[:19],
                "classes": record.fields["classes"],
                "retention_days": record.fields["retention_days"],
                "valid_days": record.fields["valid_days"],
                "sha256": record.digest,
            }
            for record in opened.records("terms")
        ]
    show(rows, as_json=as_json)


def sign(
    actor: Actor,
    config: Config = CENTRE_TOML,
    *,
    signed_by: Annotated[str, typer.Option(help="Who signed for the actor.")],
    as_what: Annotated[str, typer.Option("--as", help="As what: the person's office.")],
    day: Annotated[str, typer.Option(help="The day of the signature, 2026-11-26.")],
    document: Annotated[Path, typer.Option(help="The document that was signed; its SHA-256 is kept, not the file.")],
    by: Annotated[str, of_act(acts.sign)] = "",
) -> None:
    """Note that an actor signed the terms as they stand now. Signed again before it ends, it goes on."""
    from bavn.app.centre.signed_parts import digest_of
    from bavn.centre.members.terms import Signing

    hashed = digest_of(document)
    with agreements(config) as opened:
        sign = acts.sign(opened, actor, Signing(signed_by=signed_by, as_what=as_what, day=day, document=hashed), by)
    tell(
        Text(
            "{actor}: agreement {number} on terms {terms}, until {until}",
            actor=actor,
            number=sign.number,
            terms=sign.fields["terms"],
            until=iso(sign.fields["until_day"] * DAY_US)[:10],
        )
    )


def delete(
    actor: Actor,
    config: Config = CENTRE_TOML,
    *,
    out: Annotated[Path | None, typer.Option(help="Write the proof here, to hand over.")] = None,
    why: Why,
    by: Annotated[str, of_act(acts.delete)] = "",
) -> None:
    """Delete what the centre holds of an actor that is shut out (`bavn centre revoke`), and sign what was deleted."""
    from bavn.app.centre.publish_parts import write
    from bavn.app.centre.signed_parts import opened_leaving

    with opened_leaving(configured(config)) as leaving:
        deleted = acts.delete(leaving, actor, by, why)
    rows = sum(one["rows"] for one in deleted.fields["deleted"])
    tell(
        Text(
            "{actor} has left: {rows} rows deleted, proof {number}, sha256 {sha256}",
            actor=actor,
            rows=rows,
            number=deleted.number,
            sha256=deleted.digest,
        )
    )
    if out is not None:
        write(out, deleted.text().encode())
        print(out)


def record(
    kind: Annotated[str, typer.Argument(help="terms, agreement, test or deletion.")],
    subject: Annotated[str, typer.Argument(help="The actor; sector for terms.")],
    config: Config = CENTRE_TOML,
    *,
    number: Annotated[int, typer.Option(help="The latest without it.", min=0)] = 0,
    out: Annotated[Path | None, typer.Option(help="Write it here with its signature.")] = None,
) -> None:
    """Show a signed record, or write it to a file that anybody can check with `verify`."""
    from bavn.app.centre.publish_parts import write
    from bavn.app.centre.signed_parts import shown_record
    from bavn.centre.members.signed import KINDS

    wanted = next((known_kind for known_kind in KINDS if known_kind == kind), None)
    if wanted is None:
        raise Stop(Exit.USAGE, Text("a record is one of {named}", named=", ".join(KINDS)))
    with agreements(config) as opened:
        records = [record for record in opened.records(wanted, subject) if number in (0, record.number)]
    if not records:
        raise Stop(Exit.NOT_FOUND, Text("there is no such {kind} of {subject}", kind=kind, subject=repr(subject[:60])))
    if out is None:
        print(json.dumps(shown_record(records[-1]), indent=1, ensure_ascii=False))
        return
    write(out, records[-1].text().encode())
    print(out)


def verify(
    file: Annotated[Path, typer.Argument(help="A record as `record --out` or `delete --out` wrote it.")],
    config: Config = CENTRE_TOML,
    *,
    key: Annotated[
        str, typer.Option(help="The centre's public key in hex, for whoever has no centre; else this centre's own.")
    ] = "",
) -> None:
    """Check that a record is as a centre signed it."""
    from bavn.app.centre.signed_parts import read_record
    from bavn.app.process.party_keys import PartyKeys

    record = read_record(file)
    if not key:
        key = PartyKeys(configured(config).folder, "centre").message_key().public_key().public_bytes_raw().hex()
    if not record.holds(key.strip().lower()):
        raise Stop(
            Exit.REFUSED,
            Text(
                "{file}: the signature is not that of key {key}..., or the record was changed", file=file, key=key[:16]
            ),
        )
    tell(
        Text(
            "{kind} {number} of {subject}, {at}Z: the signature holds",
            kind=record.kind,
            number=record.number,
            subject=record.subject,
            at=iso(record.at_us)[:19],
        )
    )
