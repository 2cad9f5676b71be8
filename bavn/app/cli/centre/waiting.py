"""`bavn centre waiting`: what waits for a person, and asking a colleague to look at it."""

from pathlib import Path
from typing import Annotated

from bavn.app.acts.centre import waiting as centre
from bavn.app.acts.waiting import Waiting
from bavn.app.cli.centre.desk import CENTRE_TOML, configured, opened
from bavn.app.cli.centre.desk import Config as CentreConfig
from bavn.app.cli.language import tell
from bavn.app.cli.person import of_act
from bavn.app.cli.shown import AsJson
from bavn.app.cli.waiting import Thing, To, named_both, people_here, show_waiting, viewer_of

ByCentre = Annotated[str, of_act(centre.hand_over)]


def centre_waiting(
    thing: Thing = "", config: CentreConfig = CENTRE_TOML, *, to: To = "", by: ByCentre = "", as_json: AsJson = False
) -> None:
    """What waits for a person at the centre: who asked, since when, what doing it does, and who can. With --to a
    colleague is asked to look at one of it."""
    lines = _at_centre(config)
    with people_here(configured(config).folder) as (handed, people):
        if named_both(thing, to):
            tell(centre.hand_over(handed, viewer_of(by, "sac"), lines, people, thing, to))
        else:
            show_waiting(lines, by, handed, people, as_json=as_json)


def _at_centre(config: Path) -> list[Waiting]:
    from bavn.app.process.real import SystemClock

    with opened(config) as desk:
        return centre.waiting_at_centre(desk, SystemClock())
