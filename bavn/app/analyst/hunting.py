"""An analyst's way to the node's history: opened to read while the node runs, its bounds from the configuration.

Refuses to write to the store, and to know what is asked.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from bavn.actor.hunt.span import RequestedSpan, SpanUnclear, requested_span
from bavn.actor.store.history import History
from bavn.actor.store.limits import StoreLimits
from bavn.actor.store.manifest import FILE
from bavn.actor.store.query.window import StoreWindow
from bavn.app.analyst.faults import understood
from bavn.app.config.load import NodeConfig, read_node
from bavn.app.process.bounds import ended_after, memory_bounded
from bavn.app.process.exits import Exit, Stop
from bavn.app.process.one_line import one_line
from bavn.model.ports import QueryExceeded, QueryRefused
from bavn.model.text import Text

ROWS_MAX: Final = 10_000
"""Rows of an answer that are shown; the rest is said to be left out."""
_TIME_AS_NUMBER: Final = re.compile(r"string '\d{4}-\d\d-\d\d.*' to INT64")


@dataclass(frozen=True, slots=True)
class Hunting:
    """A node's configuration, and the span that was asked for."""

    config: NodeConfig
    span: RequestedSpan

    @property
    def folder(self) -> Path:
        """Where the analyst's own hunts lie."""
        return self.config.path(self.config.hunt.folder)

    @contextmanager
    def window(self, default: RequestedSpan | None = None, seconds_max: float | None = None) -> Iterator[StoreWindow]:
        """The history over the span; ``default`` where none was asked for. Stop for what cannot be asked."""
        given, root = self.config.hunt, self.config.folder / "store"
        if not (root / FILE).is_file():
            raise Stop(
                Exit.NOT_FOUND,
                Text(
                    "there is no store in {folder}: this node has not run yet; start it with `bavn node run`",
                    folder=root,
                ),
            )
        threads = self.config.store.threads
        limits = replace(
            StoreLimits(),
            memory_mb_max=given.memory_mb_max,
            query_s_max=seconds_max or given.seconds_max,
            threads=threads,
        )
        span = default if default is not None and self.span == RequestedSpan() else self.span
        bounds = memory_bounded(given.memory_mb_max, threads)
        with bounds, understood(), refusals(), History.read(root, limits, homes=self.config.node.homes) as history:
            stats = history.stats()
            if stats.oldest_us is None or stats.newest_us is None:
                raise Stop(Exit.NOT_FOUND, Text("the store in {root} holds no record yet", root=root))
            with history.window(*span.of(stats.oldest_us, stats.newest_us)) as window:
                yield window

    def first(
        self, sql: str, given: Mapping[str, Any] | None = None, *, rows: int, default: RequestedSpan | None = None
    ) -> tuple[pa.Table, bool]:
        """The first rows of what a person asks (0: ROWS_MAX), and whether there are more."""
        with self.window(default) as window, ended_after(self.config.hunt.seconds_max):
            return window.first(sql, given, rows_max=rows or ROWS_MAX)


def hunting(config: Path, last: str = "", first: str = "", end: str = "") -> Hunting:
    """Raises SettingsError; Stop for a span that is none."""
    try:
        span = requested_span(last, first, end)
    except SpanUnclear as error:
        raise Stop(Exit.USAGE, Text.of_error(error)) from error
    return Hunting(read_node(config), span)


@contextmanager
def refusals() -> Iterator[None]:
    """A refused query is one line and an exit code."""
    try:
        yield
    except QueryExceeded as error:
        raise Stop(Exit.EXCEEDED, one_line(str(error))) from error
    except QueryRefused as error:
        raise Stop(Exit.USAGE, one_line(str(error), 300) + hint(str(error))) from error


def hint(rule: str) -> str:
    """What to write instead, where the engine's words do not say it."""
    if "to UUID" in rule:
        return " (an address is written addr('10.0.0.5'), a network asked for by in_net(src, '10.0.0.0/8'))"
    if "(UUID, " in rule or ", UUID)" in rule:
        return " (an address is no text: addr_text(src) gives its text, in_net(src, '10.0.0.0/8') asks for a network)"
    if _TIME_AS_NUMBER.search(rule):
        return " (hours are counted from 1970: hour_time(hour) gives the time)"
    return ""
