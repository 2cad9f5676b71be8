"""What some lines became, before anybody says whose they were: tables, and one outcome for each line."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import pyarrow as pa

from bavn.actor.formats.refused import REFUSALS_KEPT_MAX, RefusedLine
from bavn.actor.sense.base import Batch
from bavn.model.record import TABLES
from bavn.model.text import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What some lines became: as Batch, but without source and mark."""

    tables: Mapping[str, pa.Table]
    lines: int
    passed: int
    refused: int
    refusals: tuple[RefusedLine, ...]
    extra: int = 0

    def without(self, file: str, reason: Text | None) -> "Parsed":
        """The same, and one refusal more for what of ``file`` could not be read at all, if there is a reason."""
        if reason is None:
            return self
        named = (RefusedLine(file, 0, reason), *self.refusals)[:REFUSALS_KEPT_MAX]
        return replace(self, lines=self.lines + 1, refused=self.refused + 1, refusals=named)

    def batch(self, source: str, mark: str) -> Batch:
        """The same as a batch of ``source`` that ends at ``mark``."""
        return Batch(
            source=source,
            mark=mark,
            tables=self.tables,
            lines=self.lines,
            passed=self.passed,
            refused=self.refused,
            extra=self.extra,
            refusals=self.refusals,
        )


NOTHING: Final = Parsed(tables={}, lines=0, passed=0, refused=0, refusals=())
"""No lines at all."""


def joined(parts: list[Parsed]) -> Parsed:
    """Several as one, refusals in the order of their lines."""
    records = [record for record in TABLES if any(record in part.tables for part in parts)]
    refusals = sorted((refusal for part in parts for refusal in part.refusals), key=lambda refusal: refusal.line)
    return Parsed(
        tables={r: pa.concat_tables([part.tables[r] for part in parts if r in part.tables]) for r in records},
        lines=sum(part.lines for part in parts),
        passed=sum(part.passed for part in parts),
        refused=sum(part.refused for part in parts),
        refusals=tuple(refusals[:REFUSALS_KEPT_MAX]),
        extra=sum(part.extra for part in parts),
    )
