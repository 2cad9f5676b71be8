"""``bavn node health``: what a running node says of itself. Refuses to look any deeper than that."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bavn.app.cli.node.book import NODE_TOML, By, Config, Spoken, asks
from bavn.app.cli.promises import UNCHECKED, promise_lines
from bavn.app.cli.words import number
from bavn.app.node.health.words import UNITS, counts, loss
from bavn.app.process.exits import Exit, Stop
from bavn.model.counted import rules as counted_rules
from bavn.model.health import unchecked_only
from bavn.model.malformed import UNREADABLE
from bavn.model.moment import SECOND_US
from bavn.model.spans import lasting
from bavn.model.text import Language, Text

if TYPE_CHECKING:
    from bavn.app.config.load import NodeConfig

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object, for machines.")]
Acknowledge = Annotated[bool, typer.Option("--acknowledge", help="Say that you know of what was lost until now.")]
SERVICES = {
    "node": Text.in_context("this one has not run yet", "node"),
    "centre": Text.in_context("this one has not run yet", "centre"),
    "keyholder": Text.in_context("this one has not run yet", "key holder"),
}
ACKNOWLEDGED = Text("Acknowledged: what was lost until now is said no more.")
LONG_S_MIN = 120
WORDS = {
    "well": Text("The node is well."),
    "ill": Text("The node is not well:"),
    "stopped": Text("The node was stopped at"),
    "silent": Text("The node does not run, or hangs: it was last heard"),
    "source": Text("Source"),
    "rows": Text("rows"),
    "passed": Text.in_context("cli node health", "passed over"),
    "refused": Text.in_context("cli node health", "refused"),
    "behind": Text.in_context("cli node health", "behind"),
    "lost": Text.in_context("cli node health", "lost"),
    "of": Text("of"),
    "recent": Text("of late"),
    "broken": Text("broken"),
    "sensor": Text("Sensor"),
    "loss": Text("capture loss"),
    "store": Text("Store"),
    "detect": Text("Detectors"),
    "last": Text("last run"),
    "took": Text("took"),
    "never": Text("have not run yet"),
    "running": Text("running for"),
    "memory": Text("Memory"),
    "disk": Text("Disk"),
    "free": Text("MB free"),
    "for": Text("Up"),
    "up": Text("up"),
    "down": Text("down"),
    "no sensor": Text.in_context("cli node health", "none (logs or flow records only)"),
    "no source": Text("none (this node watches nothing)"),
    "no own": Text("none of its own (captures are read from a folder)"),
    "unknown": Text("not known"),
    "latest": Text("the latest"),
    "clock": Text("newest record against this node's clock"),
    "centre clock": Text("This node's clock against the centre's"),
    "messages": Text("messages wait for the centre"),
    "rules": Text("Rules"),
    "loaded": Text("loaded"),
    "failed": Text.in_context("cli node health", "failed"),
    "sigma": Text("Sigma rules"),
    "watched": Text("watched"),
    "unanswered": Text("not answered"),
    "later": Text("wait for a later run with older rows"),
    "policy": Text("The policy was changed since the node began: what is written holds after a restart."),
    "cut": Text("match so much that only the newest is looked at"),
}


def health(
    config: Config = NODE_TOML,
    *,
    as_json: AsJson = False,
    acknowledge: Acknowledge = False,
    by: By = "",
    language: Spoken = "en",
) -> None:
    """How the running node is: its promises, sources, loss, lag, rules, store, detectors. Exit code 10 if not well."""
    from bavn.app.config.load import read_node
    from bavn.app.node.health.files import ACKNOWLEDGED_FILE, HEALTH_FILE

    given = read_node(config)
    folder = given.folder
    state = told_of(folder / HEALTH_FILE)
    switches = _switches(config)
    state |= {"policy_waits": policy_waits(given, state), "kill_switches": [said.spoken() for said in switches]}
    if acknowledge:
        _acknowledge(folder / ACKNOWLEDGED_FILE, by)
        print(ACKNOWLEDGED.say(language))
        return
    if as_json:
        print(json.dumps(state, ensure_ascii=False, sort_keys=True))
    else:
        print("\n".join(_lines(state, language, switches)))
    if not state["healthy"]:
        raise typer.Exit(Exit.UNHEALTHY)


def told_of(file: Path) -> dict[str, Any]:
    """What a service last said of itself, judged by its age too: ``age_s``, ``running``. Stop where there is none."""
    from bavn.app.process.real import SystemClock
    from bavn.model.health import file_old
    from bavn.model.moment import SECOND_US

    try:
        state = json.loads(file.read_text(encoding="utf-8"))
        at_us, now_us = int(state["at_us"]), SystemClock().now_us()
        gone = not Path(f"/proc/{int(state['pid'])}").exists()
    except FileNotFoundError as error:
        service = _service(file)
        raise Stop(
            Exit.UNHEALTHY,
            Text(
                "{file} is not there yet: this {service} never ran, or began just now; wait some seconds, or start it"
                " (`bavn {command} run`)",
                file=str(file),
                service=SERVICES[service],
                command=service,
            ),
        ) from error
    except UNREADABLE as error:
        raise Stop(Exit.INPUT, Text("{file} cannot be read: {error}", file=str(file), error=str(error))) from error
    silent = not state["stopped"] and (gone or file_old(at_us, now_us))
    state = {**state, "age_s": max(0, (now_us - at_us) // SECOND_US), "running": not silent and not state["stopped"]}
    state["healthy"] = state["healthy"] and state["running"]
    return state


def policy_waits(given: "NodeConfig", state: dict[str, Any] | None = None) -> bool:
    """Whether the running node began with another policy than the one that is written now. ``state``: what it said of
    itself, where that was read already."""
    from bavn.app.config.policy_mark import mark_of_policy
    from bavn.app.node.health.files import HEALTH_FILE

    try:
        state = state or told_of(given.folder / HEALTH_FILE)
    except (Stop, KeyError):
        return False
    return bool(state["running"] and state.get("policy", "") not in ("", mark_of_policy(given)))


def _service(file: Path) -> str:
    return "node" if file.name == "health.json" else file.stem.removesuffix("-health")


def _acknowledge(file: Path, by: str) -> None:
    from bavn.app.process.real import SystemClock

    said = {"at_us": SystemClock().now_us(), "by": by}
    fresh = file.with_name(file.name + ".new")
    fresh.write_text(json.dumps(said), encoding="utf-8")
    fresh.replace(file)


def _switches(config: Path) -> "list[Text]":
    """A kill switch that is on: no failure, since people turned it."""
    from bavn.actor.protect.queries import kill_switches

    try:
        with asks(config) as rows:
            return kill_switches(rows)
    except Stop:
        return []  # it has no book yet


def _lines(state: dict[str, Any], language: Language, switches: Sequence[Text] = ()) -> list[str]:
    w = {name: text.say(language) for name, text in WORDS.items()}
    if state["stopped"]:
        lines = [f"{w['stopped']} {state['at'][:19]}Z."]
    elif not state["running"]:
        lines = [f"{w['silent']} {state['at'][:19]}Z ({_long(state['age_s'], language)})."]
    else:
        lines = [w["well"] if state["healthy"] else UNCHECKED.say(language) if unchecked_only(state) else w["ill"]]
    lines += [f"  ! {problem.get(language, problem['en'])}" for problem in state["problems"]]
    lines += [f"  {said.say(language)}" for said in switches]
    lines += [f"  {_said(past, language)}" for source in state["sources"] if (past := source.get("past_support"))]
    if state.get("policy_waits"):
        lines.append(f"  {w['policy']}")
    lines += promise_lines(state, language)
    lines.append(
        f"{w['for']}: {_long(state['up_s'], language)}.  {w['memory']}: {number(state['memory_mb'], language)} MB.  "
        f"{w['disk']}: {number(state['disk_free_mb'], language)} {w['free']}.  {_sensor(state, w, language)}"
        f"  {number(state['queue_messages'], language)} {w['messages']}."
    )
    if state.get("centre_skew_s") is not None:
        lines.append(f"{w['centre clock']}: {_off(state['centre_skew_s'], language)}")
    for source in state["sources"]:
        lines += _source(source, w, language)
    lines += _rules(state, w, language)
    if state["store"]:
        store = state["store"]
        span = "" if store["oldest"] is None else f", {store['oldest'][:19]}Z .. {store['newest'][:19]}Z"
        size = number(store["bytes"] / 1e6, language, 1)
        lines.append(f"{w['store']}: {number(store['rows'], language)} {w['rows']}, {size} MB{span}")
        lines += [
            f"    {number(count, language)} {w['refused']}: {Text.of_row(why).say(language)}"
            for why, count in store["refused"].items()
        ]
    if state["detect"]:
        detect = state["detect"]
        took = "" if detect["last"] is None else _long(detect["took_s"], language, 3)
        last = w["never"] if detect["last"] is None else f"{w['last']} {detect['last'][:19]}Z, {w['took']} {took}"
        now = "" if detect["running_s"] is None else f"; {w['running']} {_long(detect['running_s'], language)}"
        lines.append(f"{w['detect']}: {last}{now}")
    return lines


def _long(seconds: float, language: Language, decimals: int = 0) -> str:
    """Up to two minutes in seconds, then in what a person takes in: ``90 s``, ``12 days``."""
    if seconds < LONG_S_MIN:
        return f"{number(seconds, language, decimals)} s"
    return lasting(seconds * SECOND_US).say(language)


def _off(seconds: int, language: Language) -> str:
    """How far a clock is ahead (+) or behind."""
    return f"{'-' if seconds < 0 else '+'}{_long(abs(seconds), language)}"


def _said(says: dict[str, str], language: Language) -> str:
    """What ``Text.spoken`` gave."""
    return says.get(language, says["en"])


def _sensor(state: dict[str, Any], w: dict[str, str], language: Language) -> str:
    """Whether anything sees packets, and what share of them it lost, where it counts them."""
    if state["sensor"] == "none":
        from bavn.model.health import PATIENT

        captures = any(source["name"] in PATIENT for source in state["sources"])
        return f"{w['sensor']}: {w['no own' if captures else 'no sensor' if state['sources'] else 'no source']}."
    loss = w["unknown"]
    if state.get("capture_loss_known", True):
        loss = f"{number(state['capture_loss_permille'] / 10, language, 1)} %"
    return f"{w['sensor']}: {w[state['sensor']]}, {w['loss']}: {loss}."


def _source(source: dict[str, Any], w: dict[str, str], language: Language) -> list[str]:
    lines = [
        f"{w['source']} {source['name']}: {number(source['rows'], language)} {w['rows']}, "
        f"{number(source['passed'], language)} {w['passed']}, {number(source['refused'], language)} {w['refused']}; "
        f"{number(source['lag_bytes'], language)} B, {_long(source['lag_s'], language)} {w['behind']}"
        + (f"; {w['broken']}: {_said(source['broken_says'], language)}" if source["broken"] else "")
    ]
    for _, count, place, says in source["reasons"]:
        at = f" ({w['latest']} {place})" if place else ""
        lines.append(f"    {number(count, language)} {w['refused']}: {_said(says, language)}{at}")
    recent = {entry["what"]: entry for entry in source["recent"]}
    for lost in source["losses"]:
        of = "" if lost["of"] is None else f" {w['of']} {number(lost['of'], language)}"
        late = number(recent.get(lost["what"], {}).get("count", 0), language)
        unit = UNITS[lost["unit"]].say(language) if lost["unit"] in UNITS else lost["unit"]
        count = number(lost["count"], language)
        lines.append(f"    {w['lost']}: {count}{of} {unit}: {loss(lost['what']).say(language)} ({late} {w['recent']})")
    if source.get("clock_offset_s") is not None:
        lines.append(f"    {w['clock']}: {_off(source['clock_offset_s'], language)}")
    if source["counts"]:
        lines.append("    " + counts(source["counts"], language))
    return lines


def _fetched(figures: dict[str, Any] | None, language: Language) -> list[str]:
    """What the last fetch came to."""
    if not figures:
        return []
    kept = Text(
        "of the fetched set {kept:,} of {wanted} kept, {off:,} switched off in it",
        kept=figures["loaded"],
        wanted=counted_rules(figures["wanted"]),
        off=figures["off"],
    )
    lost = [
        f"{counted_rules(why['rules']).say(language)}: {_said(why['says'], language)}" for why in figures["reasons"]
    ]
    return [f"    {line}" for line in (kept.say(language), *lost)]


def _rules(state: dict[str, Any], w: dict[str, str], language: Language) -> list[str]:
    lines = []
    rules = state["rules"]
    if rules and rules["loaded"] is not None:
        lines.append(
            f"{w['rules']}: {number(rules['loaded'], language)} {w['loaded']}, {number(rules['failed'], language)} "
            f"{w['failed']}"
        )
        lines += [f"    {w['failed']}: {line}" for line in rules["failed_named"]]
        lines += _fetched(rules.get("fetched"), language)
    if state.get("sigma"):
        sigma = state["sigma"]
        lines.append(
            f"{w['sigma']}: {number(sigma['rules'], language)} {w['watched']}, {len(sigma['refused'])} "
            f"{w['unanswered']}"
        )
        lines += [f"    {w['unanswered']}: {one['title']}: {one['reason']}" for one in sigma["refused"]]
        for count, names, word in (("waiting", "waiting_named", "later"), ("cut", "cut_named", "cut")):
            if sigma[count]:
                shown = ", ".join(sigma[names]) + ("" if sigma[count] == len(sigma[names]) else ", …")
                lines.append(f"    {sigma[count]} {w[word]}: {shown}")
    return lines
