"""An attack told again, as both consoles show it: its replay, and its story of a minute. Refuses to make sentences."""

from typing import Final, Self

from pydantic import BaseModel, ConfigDict

from bavn.app.web.frame import TextShape, filled
from bavn.model.sector.story import AttackStory, Replay, StandKind, Strip
from bavn.model.text import Text

DRAFTED: Final = Text("Drafted by Bavn")
EDITED: Final = Text("Drafted by Bavn, edited by hand")
MET: Final = Text("When it was met")


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class ReplayStandShape(_Frozen):
    """How an actor stands from a step on, by its number from 0."""

    step: int
    kind: StandKind
    says: TextShape


class ReplayActorShape(_Frozen):
    """What one actor saw and did, in order; before its first stand nothing is known of it."""

    actor: str
    stands: list[ReplayStandShape]


class ReplayStepShape(_Frozen):
    """Something that happened. ``by_hour``: only its hour is known; ``sector``: what the sector knew from then on."""

    name: str
    at_us: int
    by_hour: bool
    says: TextShape
    sector: TextShape


class ReplayShape(_Frozen):
    """From the first sighting until now. ``could``: when it could have been stopped; ``prevented``: what the block
    stopped; ``unknown``: what of all this is not known here."""

    steps: list[ReplayStepShape]
    actors: list[ReplayActorShape]
    could: TextShape
    prevented: TextShape
    unknown: list[TextShape]


class StorySentenceShape(_Frozen):
    """A sentence of a story; ``kind`` and ``ref`` name the fact that it rests on."""

    text: TextShape
    kind: str
    ref: str


class StripMarkShape(_Frozen):
    """What happened at a moment of a strip."""

    at_us: int
    says: TextShape


class StripShape(_Frozen):
    """At how many it was met, in each of as many equal parts of a time as there are ``counts``; ``title`` and ``most``,
    the most at one time, in each language that a story is told in."""

    from_us: int
    until_us: int
    counts: list[int]
    marks: list[StripMarkShape]
    title: TextShape
    most: TextShape

    @classmethod
    def of(cls, strip: Strip) -> Self:
        marks = [StripMarkShape(at_us=at_us, says=TextShape.of(text)) for at_us, text in strip.marks]
        most = TextShape.of(Text("most at one time: {n:,}", n=max(strip.counts, default=0)))
        return filled(cls, strip, counts=list(strip.counts), marks=marks, title=TextShape.of(MET), most=most)


class StoryShape(_Frozen):
    """Sentences drafted from facts, and when it was met. ``drafted_us``: when this was drafted; ``drafted`` and
    ``edited`` say by whom, at its foot."""

    about: str
    drafted_us: int
    drafted: TextShape
    edited: TextShape
    sentences: list[StorySentenceShape]
    strip: StripShape | None
    replay: ReplayShape

    @classmethod
    def of(cls, story: AttackStory, replay: Replay, now_us: int) -> Self:
        sentences = [filled(StorySentenceShape, one, text=TextShape.of(one.text)) for one in story.sentences]
        strip = None if story.strip is None else StripShape.of(story.strip)
        return cls(
            about=story.about,
            drafted_us=now_us,
            drafted=TextShape.of(DRAFTED),
            edited=TextShape.of(EDITED),
            sentences=sentences,
            strip=strip,
            replay=_replay(replay),
        )


def _replay(replay: Replay) -> ReplayShape:
    return ReplayShape(
        steps=[
            filled(ReplayStepShape, step, says=TextShape.of(step.says), sector=TextShape.of(step.sector))
            for step in replay.steps
        ],
        actors=[
            ReplayActorShape(
                actor=path.actor,
                stands=[filled(ReplayStandShape, stand, says=TextShape.of(stand.says)) for stand in path.stands],
            )
            for path in replay.actors
        ],
        could=TextShape.of(replay.could),
        prevented=TextShape.of(replay.prevented),
        unknown=[TextShape.of(text) for text in replay.unknown],
    )
