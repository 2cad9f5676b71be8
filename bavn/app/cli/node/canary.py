"""`bavn node canary`: how far this node's daily canary came, and one sent now.

The running node sends it.
"""

from typing import Annotated

import typer

from bavn.app.acts.node import canary as acts
from bavn.app.acts.node.here import Here
from bavn.app.cli.node.book import NODE_TOML, AsJson, Config, Spoken, asks
from bavn.app.cli.person import of_act
from bavn.app.cli.shown import show
from bavn.model.moment import iso


def canary(
    config: Config = NODE_TOML,
    *,
    now: Annotated[
        bool, typer.Option("--now", help="Send one now: the running node does it within seconds; one waits at most.")
    ] = False,
    by: Annotated[str, of_act(acts.send)] = "",
    as_json: AsJson = False,
    language: Spoken = "en",
    runs: Annotated[int, typer.Option(help="The latest so many.", min=1, max=100)] = 1,
) -> None:
    """How far this node's daily canary came, link by link (docs/canaries.md)."""
    from bavn.actor.door.conversations.canary_book import LINKS_SQL, RUNS_SQL, links_of, run_of
    from bavn.model.sector.canary import LINKS, STATES, TOOK, WHYS

    if now:
        print(acts.send(Here(config), by).say(language))
        return
    rows = []
    with asks(config) as ask:
        for run in [run_of(row) for row in ask(RUNS_SQL, (runs,))]:
            for link in links_of(ask(LINKS_SQL, (run.day, run.run))):
                why = WHYS.get(link.why)
                rows.append(
                    {
                        "began": iso(run.began_us)[:19],
                        "by": run.by or None,
                        "link": LINKS[link.link].say(language),
                        "state": STATES[link.state].say(language),
                        "why": why and why.say(language),
                        "took": None if link.took is None else TOOK[link.took].say(language),
                    }
                )
    show(rows, as_json=as_json)
