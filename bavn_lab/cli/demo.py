"""`bavn demo`: a whole sector on this machine, in some minutes."""

import json
import os
import shutil
import signal
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from bavn.app.process.exits import Exit, Stop


def demo(
    *,
    headless: Annotated[bool, typer.Option("--headless", help="Plain output, and end by itself.")] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures here.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Another seed plays another sector.")] = 1,
    scale: Annotated[float, typer.Option(min=0.05, max=5, help="Times the simulator's usual number of hosts.")] = 0.35,
    captures: Annotated[
        Path | None, typer.Option(help="Given captures instead: a folder for each actor, or files dealt out in turn.")
    ] = None,
    by_hand: Annotated[
        bool, typer.Option("--by-hand", help="Protect the sector yourself, in the two consoles, by a guided path.")
    ] = False,
    releases: Annotated[int, typer.Option(min=0, max=100, help="How often the release is measured.")] = 10,
) -> None:
    """Run a whole sector as real processes on loopback, from packets to blocks. Ctrl-C stops it and cleans up."""
    from bavn_lab.demo.captures import deal_out, play
    from bavn_lab.demo.ending import claim, end_leftovers, undisturbed
    from bavn_lab.demo.run import Demo, need, work_folder

    need(["suricata", "unbound"])
    if json_file is not None and (json_file.is_dir() or not os.access(json_file.parent, os.W_OK)):
        raise Stop(Exit.USAGE, f"--json {json_file}: no file can be written there")
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    console = Console(force_terminal=False if headless else None, width=160 if headless else None)
    for left in end_leftovers(Path(tempfile.gettempdir())):
        console.print(f"An earlier demonstration was killed: what it left in {left} is ended and deleted.")
    started, folder = time.monotonic(), work_folder()
    running = claim(folder)
    console.print("Bavn: a sector of a centre and six actors on this machine; about 4 GB of memory, some minutes.")
    console.print("Nothing outside this machine is contacted. Ctrl-C stops everything and cleans up.")
    try:
        played = deal_out(captures, folder, seed, console) if captures else play(folder, seed, scale)
        figures: dict[str, Any] = Demo(console, folder, played, releases, by_hand=by_hand, stay=not headless).run()
    finally:
        with undisturbed():
            shutil.rmtree(folder, ignore_errors=True)
        os.close(running)
    figures["wall_s"] = round(time.monotonic() - started, 1)
    console.print(f"\nDone in {figures['wall_s']:.0f} s; everything is stopped and cleaned up.")
    if json_file is not None:
        json_file.write_text(json.dumps(figures, indent=2, ensure_ascii=False, sort_keys=True) + "\n")
        console.print(f"figures: {json_file}")
