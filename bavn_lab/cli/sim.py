"""``bavn sim``: a sector that does not exist, as captures. Refuses to contact anybody, and to run a node."""

import json
import time
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bavn.app.cli.help import Commands
from bavn.app.process.exits import Exit
from bavn.model.moment import DAY_US, as_us, iso
from bavn.traffic.sector import demo_sector
from bavn_lab.sim.generate import STRETCH_HOURS_DEFAULT, SpanRefused, generate

app = Commands(help="A sector that does not exist: its packets, by seed.")


@app.callback()
def main() -> None:
    """A sector that does not exist: its packets, by seed."""


@app.command("generate")
def generate_command(
    out: Annotated[Path, typer.Option(help="Folder for the captures, manifest.json and truth.json.")],
    seed: Annotated[int, typer.Option(min=0, help="Same seed, span and scale: same bytes.")] = 1,
    days: Annotated[float, typer.Option(min=0.01, max=60, help="How many days up to the end.")] = 8.0,
    end: Annotated[str, typer.Option(help="Last moment, ISO 8601 with time zone; now if left out.")] = "",
    scale: Annotated[float, typer.Option(min=0.05, max=20, help="Times the demo's number of hosts.")] = 1.0,
    stretch_hours: Annotated[int, typer.Option(min=1, max=240, help="Hours of traffic in one file.")] = (
        STRETCH_HOURS_DEFAULT
    ),
    as_json: Annotated[bool, typer.Option("--json", help="Print the manifest as JSON and nothing else.")] = False,
) -> None:
    """Write the captures of two regions, two municipalities, a supplier and a clinic, with what was planted."""
    console = Console(stderr=True)
    try:
        end_us = as_us(datetime.fromisoformat(end)) if end else time.time_ns() // 1000
        with console.status("playing the sector ...", spinner="dots"):
            generated = generate(
                demo_sector(seed, scale), seed, end_us - int(days * DAY_US), end_us, out, stretch_hours=stretch_hours
            )
    except (SpanRefused, ValueError) as error:
        console.print(f"[red]{error}[/red]")
        raise typer.Exit(Exit.USAGE) from error
    if as_json:
        print(json.dumps(generated, sort_keys=True))
        return
    print(f"{iso(generated['start_us'])} .. {iso(generated['end_us'])}, seed {seed}, in {out}")
    for actor in generated["actors"]:
        packets = sum(written["packets"] for written in actor["files"])
        flows = actor["planted"].get("flows", 0)
        seen = f"{len(actor['files'])} files, {flows} flows, {packets} packets" if actor["sensor"] else "no sensor"
        print(f"  {actor['name']:<14} {actor['kind']:<13} {actor['hosts']:>4} hosts  {seen}")
    print("What was planted where: truth.json")
