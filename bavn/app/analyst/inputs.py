"""What each file of what somebody gave was, what became of it, and what of it could not be used.

Counts what reading says; refuses to read anything but a file's head itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bavn.actor.formats.gzipped import head_of
from bavn.actor.formats.refused import RefusedLine
from bavn.actor.sense.base import Batch
from bavn.actor.sense.left_fields import left_fields
from bavn.actor.sense.recognise import HEAD_BYTES, Recognised, recognise
from bavn.model.counted import records
from bavn.model.text import Text

REFUSED_PERCENT_MIN: Final = 5
REFUSED_LINES_MIN: Final = 2
"""From here on a file was read in part only; a last line that is torn is ordinary."""
NAMES_SHOWN_MAX: Final = 4
KINDS: Final[Mapping[str, Text]] = {
    "pcap": Text("a capture of packets"),
    "pcapng": Text("a capture of packets"),
    "eve": Text("Suricata's EVE"),
    "log": Text("a log of programs that Bavn knows"),
    "argus": Text("flows of Argus"),
    "documents": Text("documents (JSON) of a shipper or a search engine"),
    "dnstap": Text("dnstap"),
    "archive": Text("an archive of files"),
}


@dataclass(slots=True, kw_only=True)
class InputFile:
    """``rows``: records kept; ``passed``: lines that hold none; ``first``: the first refusal; ``left``: names of fields
    that nothing reads."""

    file: str
    found: Recognised
    left: tuple[str, ...] = ()
    rows: int = 0
    passed: int = 0
    refused: int = 0
    first: RefusedLine | None = field(default=None)

    @classmethod
    def at(cls, path: Path) -> "InputFile":
        """Before it is read. SourceBroken as recognise.recognise."""
        return cls.of(path, recognise(path))

    @classmethod
    def of(cls, path: Path, found: Recognised, *, named: str = "") -> "InputFile":
        """The same of one that is recognised. ``named``: what it is called, where that is not its path."""
        return cls(file=named or str(path), found=found, left=left_fields(head_of(path, HEAD_BYTES), found))

    def take(self, batch: Batch) -> None:
        """One batch more of it."""
        self.rows += batch.rows
        self.passed += batch.passed
        self.refused += batch.refused
        self.first = self.first or next(iter(batch.refusals), None)

    @property
    def partly_read(self) -> bool:
        """Whether the share of lines that could not be read is worth speaking of."""
        lines = self.rows + self.passed + self.refused
        return self.refused >= REFUSED_LINES_MIN and self.refused * 100 >= REFUSED_PERCENT_MIN * lines

    @property
    def kind(self) -> Text:
        if self.found.kind in ("zeek", "other zeek"):
            return Text("Zeek's {log} log", log=self.found.log)
        return KINDS.get(self.found.kind, Text("no log that Bavn knows"))

    def summary(self) -> Text:
        """For a person: what it was, what it gave, and what of it nothing reads."""
        if self.found.kind == "other zeek":
            return Text("{kind}: no detector uses it", kind=self.kind)
        if self.found.kind == "archive" and not (self.rows or self.passed or self.refused):
            return self.kind  # its files say it
        gave = [records(self.rows)]
        if self.passed:
            gave.append(
                Text.counted("{count:,} line without a record", "{count:,} lines without a record", self.passed)
            )
        if self.refused:
            gave.append(Text("{count:,} could not be read", count=self.refused))
        what = Text.shaped("{kind}: {gave}", kind=self.kind, gave=Text.joined(", ", gave))
        if not self.left:
            return what
        names = ", ".join(self.left[:NAMES_SHOWN_MAX])
        more = len(self.left) - NAMES_SHOWN_MAX
        unused = (
            Text("fields not used: {names} and {count} more", names=names, count=more)
            if more > 0
            else Text("fields not used: {names}", names=names)
        )
        return Text.shaped("{what}; {unused}", what=what, unused=unused)
