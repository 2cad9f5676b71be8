"""`bavn centre console` and `bavn node console`: the console in a browser, a process of its own beside the service.

Refuses to know what a page shows.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bavn.app.cli.centre.desk import CENTRE_TOML, Config
from bavn.app.cli.node.book import NODE_TOML

if TYPE_CHECKING:
    from bavn.app.config.console import ConsoleTable
    from bavn.app.web.server import ConsoleServer

Configs = Annotated[
    list[Path] | None,
    typer.Option("--config", "-c", help="A node's configuration file (node.toml); again for each further node."),
]


def centre_console(config: Config = CENTRE_TOML) -> None:
    """Serve the SAC's console until SIGTERM or Ctrl-C; prints its address. The centre need not run."""
    from bavn.app.config.load import read_centre
    from bavn.app.process.failure_folder import failures_in
    from bavn.app.web.console import console_app
    from bavn.app.web.sac import AREAS
    from bavn.app.web.sac.context import open_context
    from bavn.app.web.sides import keeping, watch_centre

    file = read_centre(config)
    with (
        open_context(file) as house,
        _listening(file.console, file.base) as server,
        keeping("sac", file.console, file.oidc, file.base, file.folder, server) as (keeper, beside),
    ):
        watch = watch_centre(house.registry.engine, file.folder)
        failures = failures_in(file.folder)
        server.run(
            console_app("sac", house, AREAS, keeper, server.settings(), watch=watch, beside=beside, failures=failures)
        )


def node_console(config: Configs = None) -> None:
    """Serve the SOC's console of one node or several until SIGTERM or Ctrl-C; prints its address. The nodes need not
    run. [console], [oidc] and the accounts are the first node's."""
    from bavn.app.config.load import read_node
    from bavn.app.process.failure_folder import failures_in
    from bavn.app.web.console import console_app
    from bavn.app.web.sides import areas_of, keeping, open_nodes, watch_nodes

    files = config or [NODE_TOML]
    nodes = [read_node(file) for file in files]
    first = nodes[0]
    with (
        open_nodes(files) as house,
        _listening(first.console, first.base) as server,
        keeping("soc", first.console, first.oidc, first.base, first.folder, server) as (keeper, beside),
    ):
        watch = watch_nodes(nodes, first.folder)
        failures = failures_in(first.folder)
        server.run(
            console_app(
                "soc", house, areas_of("soc"), keeper, server.settings(), watch=watch, beside=beside, failures=failures
            )
        )


@contextmanager
def _listening(table: "ConsoleTable", base: Path) -> Iterator["ConsoleServer"]:
    from bavn.app.process.manager.heart import Heart
    from bavn.app.web.server import ConsoleServer

    server = ConsoleServer(table, base)
    server.heart = Heart.of(os.environ)
    try:
        print(json.dumps({"console": server.settings().origins[0]}), flush=True)
        yield server
    finally:
        server.close()
