"""An attack told again at the centre, by the id of its lead, its case or an indicator of it. Right: read.

As `bavn centre replay` and `bavn centre story`.
"""

from typing import Annotated

from fastapi import APIRouter, Path

from bavn.app.access.rights import Right
from bavn.app.acts.act import refusing
from bavn.app.acts.centre.indicators import REFUSES
from bavn.app.web.frame import Person, allow
from bavn.app.web.sac.context import Context
from bavn.app.web.story import StoryShape
from bavn.centre.desk.story.facts import story_facts
from bavn.centre.desk.story.replay import replay_of
from bavn.centre.desk.story.sentences import story_of

Subject = Annotated[
    str,
    Path(pattern=r"^(lead|case|indicator-)-[0-9A-Za-z-]{1,60}$", description="lead-..., case-... or indicator--..."),
]

router = APIRouter(prefix="/stories", tags=["stories"])
"""Below /stories."""


@router.get("/{subject}", operation_id="story")
def story(context: Context, _: Annotated[Person, allow(Right.READ)], subject: Subject) -> StoryShape:
    """What happened, step by step, and in a paragraph with its sources; from the centre's own books alone."""
    with refusing(*REFUSES):
        facts = story_facts(context.desk, subject)
    return StoryShape.of(story_of(facts), replay_of(facts), facts.now_us)
