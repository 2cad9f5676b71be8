"""`bavn centre replay` and `bavn centre story`: an attack told again from the centre's own books. They ask no actor and
change nothing."""

from typing import TYPE_CHECKING, Annotated

import typer

from bavn.app.acts.centre.indicators import REFUSES
from bavn.app.cli.centre.desk import CENTRE_TOML, AsJson, Config, Spoken, opened
from bavn.app.cli.centre.told_again import show_replay, show_story

if TYPE_CHECKING:
    from pathlib import Path

    from bavn.centre.desk.story.facts import StoryFacts

Subject = Annotated[str, typer.Argument(help="lead-..., case-... or indicator--...: all three tell the same.")]


def replay(subject: Subject, config: Config = CENTRE_TOML, *, as_json: AsJson = False, language: Spoken = "en") -> None:
    """An attack step by step, from its first sighting until now: what each actor saw alone, what the sector knew, when
    it could have been stopped, what the block stopped since, and what of it is not known."""
    from bavn.centre.desk.story.replay import replay_of

    show_replay(replay_of(_facts(config, subject)), language, as_json=as_json)


def story(subject: Subject, config: Config = CENTRE_TOML, *, as_json: AsJson = False, language: Spoken = "en") -> None:
    """An attack in a paragraph, each sentence with the command that shows its fact. It names no member."""
    from bavn.centre.desk.story.sentences import story_of

    show_story(story_of(_facts(config, subject)), language, as_json=as_json)


def _facts(config: "Path", subject: str) -> "StoryFacts":
    from bavn.centre.desk.story.facts import story_facts

    with opened(config, *REFUSES) as desk:
        return story_facts(desk, subject)
