"""`bavn node dry-run`: what a block would have hit on the actor's own history, before anybody puts it into force."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from bavn.actor.protect.dry_run_shown import DryRun, Lists
from bavn.actor.protect.rollback import networks_of
from bavn.app.analyst.next_door import KnownInSector, next_door_of
from bavn.app.analyst.next_door import as_json as as_json_of
from bavn.app.cli.node.book import NODE_TOML, AsJson, Config, Spoken, asks, show_table
from bavn.app.cli.node.hunt.show import visible
from bavn.app.cli.words import number
from bavn.app.config.load import NodeConfig, read_node
from bavn.model.moment import hour_of, iso_hour
from bavn.model.observable import Observable
from bavn.model.text import Language, Text

W = {
    "history": Text("days of own history, of {} that are asked for"),
    "none": Text("No history: this node has no sensor, so nobody knows whom it would hit."),
    "hit": Text("A block would have hit"),
    "hosts": Text("own hosts"),
    "times": Text("times"),
    "of": Text("of"),
    "covers": Text("It would cover"),
    "destinations": Text("destinations in use"),
    "clinical": Text("of them clinical"),
    "nobody": Text("Nobody here met it."),
    "first": Text("First and last"),
    "at once": Text("History and lists have nothing against it: it would go into force at once."),
    "wait": Text("It would not go into force at once:"),
}


def dry_run(
    what: Annotated[str, typer.Argument(help="indicator--..., or a value: domain, address, or type:value")],
    config: Config = NODE_TOML,
    *,
    days: Annotated[int, typer.Option(help="Days back; 0 for dry_run_days of the policy.", min=0, max=3650)] = 0,
    as_json: AsJson = False,
    language: Spoken = "en",
) -> None:
    """Which own hosts and which services a block would have hit on this actor's own history, and what gate 4 would say.

    It asks and changes nothing. Hosts are named here and never leave the actor.
    """
    from bavn.app.analyst.trying import tried, wanted_of
    from bavn.app.node.protect import never_list, warning_list

    given = read_node(config)
    observable = wanted_of(what, config)
    lists = Lists(never_list(given), warning_list)
    days_asked = days or given.protect.dry_run_days
    run = tried(given, config, observable, lists, days_asked)
    known = _known(config, given, observable)
    if as_json:
        print(json.dumps({"asked_days": days_asked, **_json(run), **as_json_of(known, language)}, ensure_ascii=False))
        return
    for line in [*lines_of(run, days_asked, language), *(each.says.say(language) for each in known)]:
        print(line)
    if run.hosts:
        clinical = networks_of(given.protect.clinical_networks)
        show_table(("host", "comment"), [(host, _clinical(host, clinical, language)) for host in run.hosts], language)
    if run.services:
        show_table(
            ("type", "value", "hosts", "rows", "comment"),
            [(one.kind, visible(one.what), one.hosts, one.count, one.known) for one in run.services],
            language,
        )


def _known(config: Path, given: NodeConfig, observable: Observable) -> list[KnownInSector]:
    """How many of the sector know it, where this node has been told."""
    if not (given.folder / "node.db").exists():
        return []
    with asks(config) as rows:
        known = next_door_of(config, rows).of(observable)
    return [] if known is None else [known]


def lines_of(run: DryRun, days: int, language: Language) -> list[str]:
    """What a block would have hit in so many days, and whether it would go into force, a line each."""
    w = {name: text.say(language) for name, text in W.items()}
    met = run.found
    lines = [f"{run.observable}: {number(met.days, language)} {w['history'].format(days)}"]
    if not met.days:
        lines.append(w["none"])
    elif not met.hits:
        lines.append(w["nobody"])
    else:
        clinical = f" ({number(met.clinical, language)} {w['clinical']})" if met.clinical else ""
        hosts = f"{number(met.hosts, language)} {w['of']} {number(met.background_hosts, language)} {w['hosts']}"
        lines.append(f"{w['hit']} {hosts}{clinical}, {number(met.hits, language)} {w['times']}.")
        covered = f"{number(met.destinations, language)} {w['of']} {number(met.background_destinations, language)}"
        lines.append(f"{w['covers']} {covered} {w['destinations']}.")
        if met.first_us is not None and met.last_us is not None:
            lines.append(f"{w['first']}: {iso_hour(hour_of(met.first_us))}, {iso_hour(hour_of(met.last_us))}.")
    return [*lines, _verdict(run, w, language)]


def _verdict(run: DryRun, w: dict[str, str], language: Language) -> str:
    why = run.would_wait
    if why is None:
        return w["at once"]
    return f"{w['wait']} {why.reason.say(language)}"


def _clinical(host: str, networks: Any, language: Language) -> str:
    from bavn.actor.protect.own_history import in_networks

    return Text("clinical").say(language) if in_networks(host, networks) else ""


def _json(run: DryRun) -> dict[str, Any]:
    why = run.would_wait
    return {
        "type": run.observable.type.value,
        "value": run.observable.value,
        **asdict(run.found),
        "named_hosts": list(run.hosts),
        "services": [asdict(one) for one in run.services],
        "would_wait": None if why is None else {"rule": why.rule, "reason": why.reason.en},
    }
