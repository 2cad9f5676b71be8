"""`bavn centre rollout show` and `set`: how far each actor has come, and what it waits for."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from bavn.app.acts.act import refusing
from bavn.app.acts.centre import rollout as acts
from bavn.app.cli.centre.desk import CENTRE_TOML, Config, Spoken, configured
from bavn.app.cli.person import of_act
from bavn.app.cli.shown import AsJson, show
from bavn.app.cli.spread import spread
from bavn.centre.desk.rollout import Rollout, RolloutLine
from bavn.model.sector.rollout import NEEDS, STATES
from bavn.model.text import Language, Text

if TYPE_CHECKING:
    from bavn.centre.desk.agreements import Agreements

Actor = Annotated[str, typer.Argument(help="As the roll-out names it: a-z, 0-9 and -.")]
_NAMES: Final = Text("actor|state|day|group|region|member|agreement until|waits for")


@contextmanager
def agreements(config: Path) -> Iterator["Agreements"]:
    """What this centre signs; what it refuses ends the command."""
    from bavn.app.centre.signed_parts import opened_agreements

    with opened_agreements(configured(config)) as opened, refusing(*acts.REFUSES):
        yield opened


@contextmanager
def _rollout(config: Path) -> Iterator[Rollout]:
    from bavn.app.centre.parts import opened_registry
    from bavn.app.net.party_clock import BesideClock

    file = configured(config)
    with opened_registry(file) as registry:
        yield Rollout(registry, BesideClock(file.folder))


def show_(config: Config = CENTRE_TOML, *, as_json: AsJson = False, language: Spoken = "en") -> None:
    """How far each actor has come, the day of its next state, its agreement, and what it waits for."""
    with _rollout(config) as opened:
        lines = opened.lines()
    show([asdict(line) if as_json else _row(line, language) for line in lines], as_json=as_json)


@spread
def set_(
    actor: Actor,
    config: Config = CENTRE_TOML,
    *,
    body: acts.RolloutSetting,
    by: Annotated[str, of_act(acts.change)] = "",
) -> None:
    """Set an actor's state, day, group, region or what it waits for; an actor that is new to the list is planned."""
    with _rollout(config) as opened:
        line = acts.change(opened, by, actor, body)
    print(f"{actor}: {line.state}")


def _row(line: RolloutLine, language: Language) -> dict[str, Any]:
    waits = [*filter(None, [line.waits_for]), *(NEEDS[need].say(language) for need in line.missing)]
    cells = (
        *(
            line.actor,
            "" if line.state is None else STATES[line.state].say(language),
            line.day,
            line.group,
            line.region,
        ),
        *("" if line.member is None else line.member.value, line.agreement_until, waits),
    )
    return dict(zip(_NAMES.say(language).split("|"), cells, strict=True))
