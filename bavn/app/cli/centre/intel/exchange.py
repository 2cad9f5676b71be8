"""`bavn centre export`, `import` and `offers`: what is shared with partners by file, and what they propose.

The same gates as over TAXII: a file for a partner holds what its policy lets out, a file from a partner becomes
proposals under its trust. Refuses to release anything.
"""

import sys
import uuid
from collections import Counter as Tally
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import batched
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from bavn.app.cli.centre.desk import CENTRE_TOML, AsJson, Config, configured, named, show
from bavn.app.cli.language import language_here, tell
from bavn.app.cli.node.book import show_table
from bavn.app.cli.words import Spoken, cell
from bavn.app.process.exits import Exit, Stop, cannot_read, cannot_write
from bavn.app.process.whole_file import write_whole
from bavn.model.counted import indicators
from bavn.model.moment import iso
from bavn.model.outcome import Refused
from bavn.model.sector.partner import COLLECTIONS, Partner
from bavn.model.sector.tally import technique_words
from bavn.model.text import Text

if TYPE_CHECKING:
    from bavn.app.centre.exchange.taxii_parts import Counter
    from bavn.model.sector.offer import Offered

FILE_BYTES_MAX: Final = 256_000_000
OBJECTS_MAX: Final = 200_000
BATCH: Final = 1000
_BUNDLE_SPACE: Final = uuid.UUID("4c2e9f0a-52e7-5d0f-8e0c-0e6a5a2b7d34")
NAMES: Final = ("partner", "observable", "tlp", "pap", "confidence", "may block", "technique", "until", "received")


def export(
    to: Annotated[str, typer.Option("--to", help="The partner that the file is for.")],
    config: Config = CENTRE_TOML,
    *,
    stix: Annotated[Path | None, typer.Option(help="Write a STIX 2.1 bundle here; - for the screen.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Write CSV here; - for the screen.")] = None,
    collection: Annotated[str, typer.Option(help=f"One of: {', '.join(COLLECTIONS)}.")] = "released",
) -> None:
    """Write what a partner may have of a collection into a file: each object passes gate 3 and has its ledger line."""
    from bavn.wire.partners.csv import text_of
    from bavn.wire.partners.stix_out import bundle_text

    if (stix is None) == (csv is None):
        raise Stop(Exit.USAGE, Text("say --stix FILE or --csv FILE"))
    with _counter(config) as counter:
        bodies = list(_given(counter, _partner(counter, to), collection))
    if csv is not None:
        _write(csv, text_of(bodies))
    elif stix is not None:
        name = uuid.uuid5(_BUNDLE_SPACE, f"{to}\0{collection}\0" + "\n".join(bodies))
        _write(stix, bundle_text(f"bundle--{name}", bodies))
    written = sum('"type":"indicator"' in body[:30] for body in bodies)
    print(
        Text("{indicators} for {partner}", indicators=indicators(written), partner=to).say(language_here()),
        file=sys.stderr,
    )


def import_(
    file: Annotated[Path, typer.Argument(help="A STIX 2.1 bundle or CSV.")],
    of: Annotated[str, typer.Option("--from", help="The partner whose word it is.")],
    config: Config = CENTRE_TOML,
    *,
    kind: Annotated[
        Literal["stix", "csv"] | None, typer.Option("--format", help="What it is; by its name if not said.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Take a partner's file in as proposals: each object passes gate 2 and has its ledger line. Nothing is released."""
    from bavn.app.process.real import SystemClock

    kind = kind or ("csv" if file.suffix.lower() == ".csv" else "stix")
    objects = _read(file, kind, SystemClock().now_us())
    taken, refused = 0, Tally[str]()
    with _counter(config) as counter:
        partner = _partner(counter, of)
        for batch in batched(objects, BATCH, strict=False):
            for done in counter.offers.post(partner, batch):
                taken += not done.why
                refused[done.why] += bool(done.why)
    reasons = {why: count for why, count in sorted(refused.items()) if why}
    if as_json:
        show([{"partner": of, "taken": taken, "refused": sum(reasons.values()), "reasons": reasons}], as_json=True)
        return
    tell(Text("{taken} taken, {refused} refused", taken=taken, refused=sum(reasons.values())))
    for why, count in reasons.items():
        print(f"  {count:6}  {why}")


def offers(
    config: Config = CENTRE_TOML,
    *,
    of: Annotated[str, typer.Option("--from", help="Of this partner only.")] = "",
    limit: Annotated[int, typer.Option(help="The first so many.", min=1, max=OBJECTS_MAX)] = 200,
    language: Spoken = "en",
    as_json: AsJson = False,
) -> None:
    """What partners propose now, and what their word is worth. An indicator is made of it by people, or not."""
    with _counter(config) as counter:
        chosen = [_partner(counter, of)] if of else list(counter.partners.in_force())
        found = [one for partner in chosen for one in _current(counter, partner, limit)][:limit]
    rows = [_row(one) for one in found]
    if as_json:
        show(rows, as_json=True)
        return
    show_table(
        NAMES,
        [
            (
                row["partner"],
                row["observable"],
                row["tlp"],
                row["pap"],
                row["confidence"],
                cell("yes" if row["may_block"] else "no", language),
                technique_words(row["technique"]).say(language),
                row["until"] or "",
                row["received"][:19],
            )
            for row in rows
        ],
        language,
    )


@contextmanager
def _counter(config: Path) -> Iterator["Counter"]:
    from bavn.app.centre.exchange.taxii_parts import open_counter
    from bavn.app.centre.parts import BOOK_FILE, open_registry

    file = configured(config)
    with open_counter(file, open_registry(file), file.folder / BOOK_FILE) as counter:
        yield counter


def _partner(counter: "Counter", name: str) -> Partner:
    partner = counter.partners.get(name)
    if partner is None:
        raise Stop(Exit.NOT_FOUND, Text("no partner is called {name}", name=repr(name[:60])))
    return partner


def _given(counter: "Counter", partner: Partner, collection: str) -> Iterator[str]:
    """The texts of all that the partner may have of a collection now."""
    from bavn.wire.partners.taxii import Wanted

    counter.exchange.step()
    after_us, more = -1, True
    while more:
        page = counter.exchange.page(partner, collection, Wanted(limit=BATCH, after_us=after_us))
        if isinstance(page, Refused):
            raise Stop(
                Exit.REFUSED,
                Text.shaped(
                    "{partner}, {collection}: {reason}",
                    partner=partner.name,
                    collection=repr(collection[:40]),
                    reason=page.reason,
                ),
            )
        yield from (entry.body for entry in page.entries)
        more = page.more
        after_us = page.entries[-1].added_us if page.entries else after_us


def _current(counter: "Counter", partner: Partner, limit: int) -> Iterator["Offered"]:
    from bavn.wire.partners.taxii import Wanted

    after_us: int | None = -1
    while after_us is not None and limit > 0:
        found, after_us = counter.offers.current(partner, Wanted(limit=BATCH, after_us=after_us))
        yield from found[:limit]
        limit -= len(found)


def _read(file: Path, kind: str, now_us: int) -> Iterable[Any]:
    """The objects of a file. Stop for one that cannot be read as what it is said to be."""
    from bavn.wire.partners.csv import objects_of
    from bavn.wire.partners.taxii import read_json

    try:
        with file.open("rb") as opened:
            raw = opened.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise cannot_read(file, error, Exit.INPUT) from error
    if len(raw) > FILE_BYTES_MAX:
        raise Stop(
            Exit.INPUT,
            Text(
                "{file} is longer than {file_bytes_max} bytes: give it in parts",
                file=file,
                file_bytes_max=FILE_BYTES_MAX,
            ),
        )
    if kind == "csv":
        try:
            rows = objects_of(raw.decode("utf-8-sig"), now_us)
        except UnicodeDecodeError as error:
            raise Stop(
                Exit.INPUT, Text("{file} is not UTF-8: {error}", file=file, error=Text.of_error(error))
            ) from error
        if isinstance(rows, Refused):
            raise Stop(Exit.INPUT, Text.shaped("{file}: {reason}", file=file, reason=rows.reason))
        return rows
    document = read_json(raw, FILE_BYTES_MAX)
    if isinstance(document, Refused):
        raise Stop(Exit.INPUT, Text.shaped("{file}: {reason}", file=file, reason=document.reason))
    objects = document.get("objects") if isinstance(document, dict) and document.get("type") == "bundle" else None
    if not isinstance(objects, list) or len(objects) > OBJECTS_MAX:
        raise Stop(
            Exit.INPUT,
            Text("{file} is no STIX bundle of at most {objects_max} objects", file=file, objects_max=OBJECTS_MAX),
        )
    return objects


def _write(file: Path, text: str) -> None:
    if str(file) == "-":
        sys.stdout.write(text)
        return
    try:
        write_whole(file, text.encode())
    except OSError as error:
        raise cannot_write(file, error, Exit.INPUT) from error


def _row(posted: "Offered") -> dict[str, Any]:
    offer = posted.offer
    return {
        "partner": posted.partner,
        "id": offer.id,
        "observable": str(offer.observable),
        "tlp": offer.tlp.value,
        "pap": offer.pap.name,
        "stated": offer.stated,
        **named(posted, "confidence", "may_block"),
        "technique": offer.technique,
        "until": None if offer.until_us is None else iso(offer.until_us)[:19],
        "received": iso(posted.received_us),
    }
