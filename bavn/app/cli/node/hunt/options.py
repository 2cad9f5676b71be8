"""Options that all hunts share, each with one meaning."""

from typing import Annotated

import typer

from bavn.app.cli.node.book import NODE_TOML, AsJson, Config, Spoken

Last = Annotated[str, typer.Option("--last", help="Only so long before the newest record: 7d, 12h, 30m.")]
From = Annotated[str, typer.Option("--from", help="Only from this time on: 2026-11-24 or 2026-11-24T16:30 (UTC).")]
To = Annotated[str, typer.Option("--to", help="Only before this time (UTC).")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Comma-separated values with a header.")]
Rows = Annotated[int, typer.Option("--rows", min=0, max=10_000_000, help="At most so many rows; 0: as configured.")]
__all__ = ["NODE_TOML", "AsCsv", "AsJson", "Config", "From", "Last", "Rows", "Spoken", "To"]
