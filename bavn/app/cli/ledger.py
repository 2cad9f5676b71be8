"""A party's ledger on the screen: node, centre and key holder have one each. Refuses to change a line."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from textwrap import shorten
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Final

import typer

from bavn.app.cli.node.book import show_table
from bavn.app.cli.words import cell
from bavn.app.process.exits import Exit, Stop
from bavn.app.process.one_line import one_line
from bavn.model.moment import iso
from bavn.model.text import Language, Text

if TYPE_CHECKING:
    from bavn.wire.ledger import LedgerReader, Line

Out = Annotated[bool, typer.Option("--out", help="Only what left.")]
RefusedOnly = Annotated[bool, typer.Option("--refused", help="Only what was refused.")]
Verify = Annotated[bool, typer.Option("--verify", help="Walk the hash chain and say whether it holds.")]
Limit = Annotated[int, typer.Option(help="The last so many lines.", min=1, max=100_000)]
EMPTY = Text("The ledger is empty: nothing has met a gate yet, neither out nor in.")
NONE_SUCH = Text("The ledger has no such line: leave --out and --refused away to see all of it.")
NAMES = ("line", "when", "gate", "way", "what", "with", "outcome", "class", "bytes", "says")

REST_CHARACTERS_MAX: Final = 200
SAYS_CHARACTERS_MAX: Final = 1000
_REASONS: Final = ("why", "reason")
"""What a line's summary calls the reason that a person or a rule gave."""
NO_SHARES: Final[Mapping[str, Text]] = MappingProxyType({})


def show_ledger(
    book: Path,
    *,
    as_json: bool,
    out: bool,
    refused: bool,
    verify: bool,
    limit: int,
    language: Language = "en",
    shares: Mapping[str, Text] = NO_SHARES,
) -> None:
    """Lines of the ledger in ``book``, also while its owner runs. Stop where the chain or a closed part is broken.
    ``shares``: what to say of the share of a round, by its id."""
    from bavn.app.process.kept_book import lost_words
    from bavn.wire.archive import folder_of
    from bavn.wire.ledger import LedgerReader, looked_on
    from bavn.wire.shut import shut_gates

    if not book.exists():
        raise Stop(Exit.NOT_FOUND, Text("{book} is not there: has this run yet?", book=book))
    with looked_on(book) as asks:
        reader = LedgerReader(asks, folder_of(book))
        bad = reader.verify() if verify else None
        lost = lost_words(shut_gates(asks))
        lines = _newest(reader, limit, out=out, refused=refused)
    if as_json:
        for line in lines:
            print(json.dumps(asdict(line), ensure_ascii=False, sort_keys=True))
    else:
        rows = [_row(line, language, shares) for line in lines]
        show_table(NAMES, rows, language, nothing=NONE_SUCH if out or refused else EMPTY)
    if bad is not None:
        raise Stop(
            Exit.BROKEN, Text("the ledger's chain breaks at line {seq}: it {reason}", seq=bad.seq, reason=bad.reason)
        )
    if verify and lost is not None:
        raise Stop(Exit.BROKEN, lost)
    if verify:
        print(Text("the chain holds").say(language))


def _newest(reader: "LedgerReader", limit: int, *, out: bool, refused: bool) -> Sequence["Line"]:
    """Stop where a closed part that they are in is broken."""
    from bavn.wire.archive import ArchiveBroken

    def wanted(line: "Line") -> bool:
        left = line.way == "out" and line.verdict == "passed" and bool(line.privacy)
        return (not out or left) and (not refused or line.verdict == "refused")

    try:
        return reader.newest(limit, wanted)
    except ArchiveBroken as error:
        raise Stop(
            Exit.BROKEN,
            Text("{error}: bring it back from a backup, or ask for fewer lines (--limit)", error=Text.of_error(error)),
        ) from error


def _row(line: "Line", language: Language, shares: Mapping[str, Text]) -> tuple[object, ...]:
    """The cells of a line, in the order of NAMES."""
    return (
        line.seq,
        iso(line.at_us)[:19],
        line.gate,
        cell(line.way, language),
        line.kind,
        line.peer,
        cell(line.verdict, language) + ("" if line.verdict == "passed" else f": {line.rule}"),
        line.privacy,
        line.bytes,
        _says(line.summary, line.why, language, shares),
    )


def _says(summary: str, why: Text | None, language: Language, shares: Mapping[str, Text] = NO_SHARES) -> str:
    """The reason first and whole, then what else the line says, cut between two words."""
    try:
        content = json.loads(summary)
    except ValueError:
        content = None
    reasons = [why.say(language)] if why else []
    if isinstance(content, dict) and "planes" in content and content.get("round_id") in shares:
        reasons.append(shares[content["round_id"]].say(language))
    if not isinstance(content, dict):
        rest = summary
    else:
        reasons += [str(content[name]) for name in _REASONS if isinstance(content.get(name), str) and content[name]]
        rest = "; ".join(f"{name}: {_plain(value)}" for name, value in content.items() if name not in _REASONS)
    parts = (*reasons, shorten(rest, REST_CHARACTERS_MAX, placeholder=" …"))
    return one_line(". ".join(part.rstrip(".") for part in parts if part), SAYS_CHARACTERS_MAX)


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
