"""`bavn centre upgrade`, `backup`, `restore`: the store behind the centre."""

import json
from pathlib import Path
from typing import Annotated

import typer

from bavn.app.cli.centre.desk import CENTRE_TOML, ByHere, Config, Spoken, configured
from bavn.app.cli.shown import AsJson
from bavn.app.process.exits import Exit, Stop
from bavn.model.text import Text

PASSPHRASE_BYTES_MAX = 4096
PassphraseFile = Annotated[
    Path | None,
    typer.Option("--keys", help="A file with a passphrase (16 characters or more): the keys are in it, sealed."),
]
CURRENT = Text("The tables have revision {} already.")
UPGRADED = Text("The tables went from {} to revision {}.")
NOTHING = Text.in_context("cli centre store", "nothing")
REVISION = Text("revision {}")
WRITTEN = Text("{}: {} rows in {} tables, {} ledger lines, {} audit lines, {:.1f} MB")
DIGEST = Text("SHA-256 (keep it elsewhere): {}")
LEFT_OUT = Text("Not in it: {}")
RESTORED = Text(
    "Put back: what the centre of {} was at {} ({} rows). Both chains hold. What came in after"
    " that is not here: nodes let go of it when it was acknowledged."
)
KEYS_NEXT = Text("Bring the folder of keys ({}) back by hand before you run it.")
UPGRADE_NEXT = Text("Then run `bavn centre upgrade`.")
MEMBERS_NEXT = Text(
    "The centre's log goes on under another name. Each member's node says so, and witnesses nothing, until a person"
    " there has spoken with you and runs `bavn node watch-centre --begin-anew WHY`: call each of them, and say why."
    " (Not `centre-replaced`: that lifts blocks, and is for a centre that was in other hands.)"
)


def upgrade(config: Config = CENTRE_TOML, *, language: Spoken = "en") -> None:
    """Bring the database's tables to this Bavn's revision, all or nothing; a running centre must be stopped first."""
    from sqlalchemy.exc import DBAPIError

    from bavn.app.centre.database import away, open_bare, take_lease, why_not
    from bavn.centre.store.schema import CannotUpgrade, SchemaStatus, found_in, head
    from bavn.centre.store.schema import upgrade as raise_to

    engine = open_bare(configured(config))
    try:
        with take_lease(engine):
            raised = raise_to(engine)
    except CannotUpgrade as error:
        raised = found_in(engine)
        line = why_not(engine.url, raised.standing.value, raised.revision, raised.why)
        raise Stop(Exit.CONFIGURATION, line) from error
    except DBAPIError as error:
        raise away(engine, error) from error
    finally:
        engine.dispose()
    if raised.standing is SchemaStatus.CURRENT:
        print(CURRENT.say(language).format(head()))
        return
    before = NOTHING if raised.standing is SchemaStatus.EMPTY else REVISION
    print(UPGRADED.say(language).format(before.say(language).format(raised.revision), head()))


def backup(
    to: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write it; must not be there yet.")],
    config: Config = CENTRE_TOML,
    *,
    keys: PassphraseFile = None,
    as_json: AsJson = False,
    language: Spoken = "en",
) -> None:
    """Write database, ledger, queues and audit log as they are at one moment into one file, also while the centre runs.
    Without --keys the centre's secrets are not in it. Exit code 1: it was written, and a chain in it does not hold."""
    from bavn.app.centre.backup import backup as write
    from bavn.app.process.backup_file import sha256_of

    manifest, bad = write(configured(config), to, _passphrase(keys))
    tables = [part for name, part in manifest.parts.items() if name.startswith("tables/")]
    rows, digest = sum(part.rows for part in tables), sha256_of(to)
    if as_json:
        summary = {
            "file": str(to),
            "rows": rows,
            "tables": len(tables),
            "ledger": manifest.ledger[0],
            "audit": manifest.audit[0],
            "revision": manifest.revision,
            "keys": manifest.keys,
            "sha256": digest,
            "left_out": list(manifest.left_out),
            "broken": bad,
        }
        print(json.dumps(summary, ensure_ascii=False))
    else:
        size = to.stat().st_size / 1e6
        print(WRITTEN.say(language).format(to, rows, len(tables), manifest.ledger[0], manifest.audit[0], size))
        print(DIGEST.say(language).format(digest))
        print(LEFT_OUT.say(language).format("; ".join(manifest.left_out)))
    if bad:
        raise Stop(
            Exit.BROKEN, Text("the backup was written, but a chain in it does not hold: {named}", named="; ".join(bad))
        )


def restore(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="What `bavn centre backup` wrote.")],
    config: Config = CENTRE_TOML,
    *,
    by: ByHere = "",
    keys: PassphraseFile = None,
    language: Spoken = "en",
) -> None:
    """Put a backup into the empty folder and the empty database that the configuration names, SQLite or PostgreSQL,
    whichever it came from. Everything is checked; nothing is overwritten; the audit log keeps who did it."""
    from bavn.app.centre.restore import restore as put_back
    from bavn.centre.store.schema import head

    file = configured(config)
    manifest = put_back(file, source, by, _passphrase(keys)).manifest
    rows = sum(part.rows for part in manifest.parts.values())
    print(RESTORED.say(language).format(manifest.sector, manifest.made, rows))
    if not manifest.keys:
        print(KEYS_NEXT.say(language).format(file.folder / "keys"))
    if manifest.revision != head():
        print(UPGRADE_NEXT.say(language))
    print(MEMBERS_NEXT.say(language))


def _passphrase(file: Path | None) -> str | None:
    return None if file is None else passphrase_in(file, "--keys")


def passphrase_in(file: Path, option: str) -> str:
    """The first line of a file that only its owner may read. Stop, with the option's name, for any other."""
    try:
        if file.stat().st_mode & 0o077:
            raise Stop(
                Exit.USAGE, Text("{option}: {file} may be read by others: chmod 600 {file}", option=option, file=file)
            )
        with file.open("rb") as opened:
            passphrase = opened.read(PASSPHRASE_BYTES_MAX).decode().split("\n", 1)[0].rstrip("\r")
    except (OSError, UnicodeDecodeError) as error:
        raise Stop(
            Exit.USAGE,
            Text("{option}: {file} cannot be read: {error}", option=option, file=file, error=Text.of_error(error)),
        ) from error
    return passphrase
