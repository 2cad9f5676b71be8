"""`bavn centre clock` and `bavn centre kill-switch`: how long each step to protection took; everything off at once.

Refuses to compute: the desk does.
"""

import json
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from bavn.app.acts.centre import switch as acts
from bavn.app.acts.centre.indicators import REFUSES
from bavn.app.cli.centre.desk import CENTRE_TOML, Config, Spoken, named, opened
from bavn.app.cli.person import AsLocalRoot, instead, needs, of_act
from bavn.app.cli.shown import AsJson, show
from bavn.app.cli.spread import typed
from bavn.app.cli.words import number
from bavn.centre.books.clock import STEPS, IndicatorClock
from bavn.model.moment import SECOND_US, iso
from bavn.model.text import Language, Text

if TYPE_CHECKING:
    from bavn.centre.cases.sector_switch import SwitchOffRequest, Turn


def clock(
    indicator: Annotated[str, typer.Argument(help="indicator--...; all of them without it.")] = "",
    config: Config = CENTRE_TOML,
    *,
    as_json: AsJson = False,
    language: Spoken = "en",
) -> None:
    """When each indicator was first seen, reported, a lead, confirmed, released and enforced at each actor; which step
    was the slowest."""
    with opened(config, *REFUSES) as desk:
        clocks = [desk.times.clock(indicator)] if indicator else list(desk.times.clocks())
    if as_json:
        for clock in clocks:
            print(json.dumps(_whole(clock), ensure_ascii=False))
        return
    if not indicator:
        show([_brief(clock, language) for clock in clocks], as_json=False)
        return
    for name, at_us in clocks[0].steps:
        print(f"{STEPS[name].say(language):<20} {'-' if at_us is None else iso(at_us)[:23]}")
    for actor, at_us in clocks[0].enforced:
        print(f"  {actor:<18} {iso(at_us)[:23]}")
    for actor in clocks[0].missing:
        print(f"  {actor:<18} {Text('not yet').say(language)}")
    not_yet = Text("hunted for: nothing there carries it yet")
    carries = not_yet.say(language)
    for actor in clocks[0].hunted:
        print(f"  {actor:<18} {carries}")
    print(f"{Text('slowest step').say(language)}: {_slowest(clocks[0], language)}")


def kill_switch(
    position: Annotated[
        Literal["on", "off", "show"], typer.Argument(help="on: every actor lifts all that came from the centre")
    ] = "show",
    config: Config = CENTRE_TOML,
    *,
    by: Annotated[str, of_act(acts.turn_on)] = "",
    why: Annotated[str, typer.Option(help="The reason; every actor reads it.")] = "",
    as_local_root: AsLocalRoot = "",
    as_json: AsJson = False,
    language: Spoken = "en",
) -> None:
    """Take everything that the centre released out of force in the whole sector, or put it back, which takes two
    people; how it stands."""
    with opened(config) as desk:
        if position != "show":
            who, body = instead(by, as_local_root), typed(acts.Turning, why=why)
            if position == "on":
                acts.turn_on(desk.switch, who, body)
            else:
                needs(by, acts.turn_off.right)
                acts.turn_off(desk.switch, who, body)
        rows = [_turned(turn, len(desk.switch.queued_at(turn.number))) for turn in desk.switch.turns()]
        request = desk.switch.off_request()
    if request is not None:
        rows.append(_asked_off(request))
        if not as_json:
            print(_waits(request).say(language))
    show(rows, as_json=as_json)


def _turned(turn: "Turn", actors: int) -> dict[str, Any]:
    """``actors``: how many were told."""
    return {
        "turn": turn.number,
        "state": "on" if turn.on else "off",
        **named(turn, "by", "asked_by", "why"),
        "at": iso(turn.at_us)[:23],
        "told": actors,
    }


def _asked_off(request: "SwitchOffRequest") -> dict[str, Any]:
    """What one person asked for, and nobody has been told."""
    return {
        "turn": request.number,
        "state": "off asked",
        "by": "",
        "asked_by": request.by,
        "why": request.why,
        "at": iso(request.at_us)[:23],
        "told": 0,
    }


def _waits(request: "SwitchOffRequest") -> Text:
    return Text(
        "Still on: {by} wants it off ({why}); a second person must say the same before {until}.",
        by=request.by,
        why=request.why,
        until=f"{iso(request.until_us)[:16]}Z",
    )


def _whole(clock: IndicatorClock) -> dict[str, Any]:
    return {
        "indicator": clock.indicator_id,
        "case": clock.case_id,
        "steps": {name: None if at_us is None else iso(at_us) for name, at_us in clock.steps},
        "enforced": {actor: iso(at_us) for actor, at_us in clock.enforced},
        "missing": list(clock.missing),
        "hunted": list(clock.hunted),
        "slowest": None if clock.slowest is None else {"step": clock.slowest[0], "seconds": round(clock.slowest[1], 6)},
    }


def _brief(clock: IndicatorClock, language: Language) -> dict[str, Any]:
    steps = dict(clock.steps)
    released, last = steps["released"], steps["last_block"]
    lag = None if released is None or last is None else round((last - released) / SECOND_US, 3)
    return {
        "indicator": clock.indicator_id,
        "released": None if released is None else iso(released)[:19],
        "enforced_at": len(clock.enforced),
        "missing": len(clock.missing),
        "released_to_last_s": lag,
        "slowest": _slowest(clock, language),
    }


def _slowest(clock: IndicatorClock, language: Language) -> str:
    if clock.slowest is None:
        return "-"
    step, seconds = clock.slowest
    return f"{STEPS[step].say(language)} ({number(seconds, language, 1)} s)"
