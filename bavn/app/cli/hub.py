"""`bavn hub`: a regional hub, which passes sealed parcels on between nodes and the centre (docs/scaling.md)."""

import json
import os
import signal
import threading
from pathlib import Path
from typing import Annotated

import typer

from bavn.app.cli.help import Commands
from bavn.app.fit.service_user import as_its_user, service_config

app = Commands(help="A regional hub between nodes and the centre.")
Config = Annotated[Path, typer.Option("--config", "-c", callback=as_its_user, help="The hub's configuration file.")]
HUB_TOML = service_config("hub.toml")


@app.callback()
def hub() -> None:
    """A regional hub between nodes and the centre."""


@app.command("run")
def run(config: Config = HUB_TOML) -> None:
    """Run the hub until SIGTERM or Ctrl-C. Prints the process of its server."""
    from bavn.app.centre.fanout import hub_plan
    from bavn.app.config.load import read_hub
    from bavn.app.hub.server import HubServer
    from bavn.app.process.manager.heart import Heart

    heart = Heart.of(os.environ)
    file = read_hub(config)
    server = HubServer(hub_plan(file), file.folder / "run")
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    server.start()
    try:
        print(json.dumps({"listen": file.hub.listen, "pid": server.pid}), flush=True)
        heart.ready()
        with heart.beating():
            while not ended.wait(0.2):
                heart.beat("hub")
    finally:
        server.stop()
