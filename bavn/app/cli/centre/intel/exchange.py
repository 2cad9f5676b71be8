"""`bavn centre export` and `offers`: what is shared with a partner as a STIX file, and what partners propose.

The same gate as over TAXII: a file for a partner holds what its policy lets out.
"""

import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from bavn.app.cli.centre.desk import CENTRE_TOML, Config, configured, named
from bavn.app.cli.language import language_here
from bavn.app.cli.node.book import show_table
from bavn.app.cli.shown import AsJson, show
from bavn.app.cli.words import Spoken, cell
from bavn.app.process.exits import Exit, Stop, cannot_write
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

OBJECTS_MAX: Final = 200_000
BATCH: Final = 1000
_BUNDLE_SPACE: Final = uuid.UUID("4c2e9f0a-52e7-5d0f-8e0c-0e6a5a2b7d34")
NAMES: Final = ("partner", "observable", "tlp", "pap", "confidence", "may block", "technique", "until", "received")


def export(
    to: Annotated[str, typer.Option("--to", help="The partner that the file is for.")],
    stix: Annotated[Path, typer.Option(help="Write a STIX 2.1 bundle here; - for the screen.")],
    config: Config = CENTRE_TOML,
    *,
    collection: Annotated[str, typer.Option(help=f"One of: {', '.join(COLLECTIONS)}.")] = "released",
) -> None:
    """Write what a partner may have of a collection into a file: each object passes gate 3 and has its ledger line."""
    from bavn.wire.partners.stix_out import bundle_text

    with _counter(config) as counter:
        bodies = list(_given(counter, _partner(counter, to), collection))
    name = uuid.uuid5(_BUNDLE_SPACE, f"{to}\0{collection}\0" + "\n".join(bodies))
    _write(stix, bundle_text(f"bundle--{name}", bodies))
    written = sum('"type":"indicator"' in body[:30] for body in bodies)
    print(
        Text("{indicators} for {partner}", indicators=indicators(written), partner=to).say(language_here()),
        file=sys.stderr,
    )


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
