"""An attack told again: its steps, who saw what when, when it could have been stopped, and the sentences for others."""

import re
from dataclasses import replace

import pytest

import build_words
from bavn.centre.desk.story.facts import Place, Report, StoryFacts
from bavn.centre.desk.story.replay import late, replay_of
from bavn.centre.desk.story.sentences import story_of
from bavn.model.moment import HOUR_US, MINUTE_US, SECOND_US
from bavn.model.observable import Observable
from bavn.model.received import Observed
from bavn.model.sector.case import CaseState
from bavn.model.text import Text

BEGIN = 500_000 * HOUR_US
ENGLISH_CHARS_MIN = 9
C2 = Observable.of("domain", "c2.example.org")


def met(actor: str, kind: str, hours: int, count_bucket: int = 2) -> Observed:
    hour = 500_000 + hours
    return Observed(
        item_id="i",
        actor=actor,
        indicator_id="x",
        kind=kind,
        count_bucket=count_bucket,
        first_hour=hour,
        last_hour=hour,
        received_us=BEGIN + (hours + 1) * HOUR_US,
    )


def place(actor: str, blocked_us: int | None, *, lifted_us: int | None = None, cannot: bool = False) -> Place:
    return Place(actor=actor, blocked_us=blocked_us, lifted_us=lifted_us, cannot=cannot)


BARE = StoryFacts(observables=(C2,), opening=Text("Something was seen."), now_us=BEGIN + 99 * HOUR_US, lead_id="lead-1")
"""Nothing is known but that there is a lead."""
LEAD = replace(
    BARE,
    rank=3,
    first_us=BEGIN,
    by_actor={"north": BEGIN, "south": BEGIN + 2 * HOUR_US},
    first=frozenset({"north"}),
    first_report_us=BEGIN + 3 * HOUR_US,
    lead_us=BEGIN + 4 * HOUR_US,
    reports=(
        Report(actor="north", first_us=BEGIN, received_us=BEGIN + 3 * HOUR_US, p_bucket=5),
        Report(actor="south", first_us=BEGIN + 2 * HOUR_US, received_us=BEGIN + 4 * HOUR_US - MINUTE_US, p_bucket=9),
    ),
)
RELEASED_US = BEGIN + 12 * HOUR_US
RELEASED = replace(
    LEAD,
    case_id="case-1",
    indicator_id="indicator--1",
    state=CaseState.RELEASED,
    opened_us=BEGIN + 5 * HOUR_US,
    confirmed_us=BEGIN + 11 * HOUR_US,
    released_us=RELEASED_US,
    by_actor={**LEAD.by_actor, "west": BEGIN + 8 * HOUR_US, "east": BEGIN + 30 * HOUR_US},
    places=(
        place("north", RELEASED_US + 5 * SECOND_US),
        place("south", RELEASED_US + 22 * SECOND_US),
        place("west", RELEASED_US + 9 * SECOND_US),
        place("east", RELEASED_US + 9 * SECOND_US),
        place("old", None, cannot=True),
    ),
    met=(met("west", "retro", 8), met("east", "blocked", 30)),
)


def names(facts: StoryFacts) -> list[str]:
    return [step.name for step in replay_of(facts).steps]


def stands(facts: StoryFacts, actor: str) -> list[str]:
    (path,) = (path for path in replay_of(facts).actors if path.actor == actor)
    return [stand.kind for stand in path.stands]


def said(facts: StoryFacts, language: str = "en") -> str:
    return " ".join(sentence.text.say(language) for sentence in story_of(facts).sentences)


def test_steps_go_from_the_first_sighting_through_the_line_to_what_the_block_stopped() -> None:
    assert names(RELEASED) == [
        *("first", "met", "report", "report", "lead", "opened", "met", "confirmed", "released", "block", "met"),
        *("stopped", "now"),
    ]
    steps = replay_of(RELEASED).steps
    assert [step.at_us for step in steps] == sorted(step.at_us for step in steps)
    assert {step.name for step in steps if step.by_hour} == {"first", "met", "stopped"}, "nothing finer leaves an actor"
    assert steps[0].sector.en == "The sector knew nothing: no report had reached the centre."
    assert steps[2].sector.en == "1 actor had reported it; that is no lead."
    assert "below the line" in steps[4].sector.en
    assert steps[9].sector.en == "4 of the 4 members that can block it did so."


def test_each_actor_is_told_by_what_left_it_alone() -> None:
    assert stands(RELEASED, "north") == ["alone", "reported", "blocked"]
    assert stands(RELEASED, "west") == ["alone", "blocked"]
    assert stands(RELEASED, "east") == ["blocked", "alone", "stopped"]
    assert stands(RELEASED, "old") == ["cannot"]
    paths = {path.actor: path.stands for path in replay_of(RELEASED).actors}
    assert paths["south"][0].says.en.endswith("by chance at most once in 512")
    assert paths["west"][0].says.en == "had met it, and did not report it"
    assert any("own order of reading" in text.en for text in replay_of(RELEASED).unknown)


def test_only_who_met_it_between_the_line_and_its_own_block_would_have_been_spared() -> None:
    assert late(RELEASED) == {"west"}
    replay = replay_of(RELEASED)
    assert "Its evidence passed the line on " in replay.could.en
    assert replay.could.en.endswith("stopped before west met it for the first time.")
    assert replay.prevented.en == "It came again at east, and the block stopped it."


def test_without_a_sighting_nothing_is_guessed() -> None:
    replay = replay_of(BARE)
    assert [step.name for step in replay.steps] == ["now"]
    assert replay.actors == ()
    assert replay.unknown[0].en.startswith("When it was first met is not known")
    assert replay.could.en == "Its evidence has not passed the line at which the centre opens a case."
    assert "When it was first met is not known." in said(BARE)
    assert story_of(BARE).strip is None


def test_of_whom_the_first_sighting_was_is_not_said_where_it_is_not_kept() -> None:
    gone = replace(LEAD, first_us=BEGIN - 9 * HOUR_US, first=frozenset())
    replay = replay_of(gone)
    assert (replay.steps[0].name, replay.steps[0].at_us) == ("first", BEGIN - 9 * HOUR_US)
    assert replay.steps[0].says.en == "It was first met; by whom is not kept any more."
    assert replay.unknown[0].en == "Who met it first is not kept any more, only the hour."


def test_one_actor_and_nobody_to_confirm_it() -> None:
    alone = replace(LEAD, by_actor={"north": BEGIN}, reports=LEAD.reports[:1])
    assert "1 organisation reports it; such a thing happens by chance at most once in 32." in said(alone)
    assert "Nobody has confirmed it as an attack, and its evidence is below the line of a case." in said(alone)
    assert replay_of(alone).prevented.en == "Nobody blocks it, so nothing was stopped."


def test_what_was_found_harmless_could_not_have_been_stopped() -> None:
    harmless = replace(
        LEAD,
        case_id="case-1",
        state=CaseState.DISMISSED,
        opened_us=BEGIN + 5 * HOUR_US,
        dismissed_us=BEGIN + 6 * HOUR_US,
    )
    assert names(harmless)[-2:] == ["dismissed", "now"]
    assert replay_of(harmless).steps[-1].sector.en == "People had found it harmless."
    assert "there was nothing to stop" in replay_of(harmless).could.en
    assert "found it harmless" in said(harmless)


def test_a_lifted_block_is_over_for_everybody_and_for_one_alone() -> None:
    over = replace(RELEASED, state=CaseState.CONFIRMED, lifted_us=BEGIN + 40 * HOUR_US)
    assert stands(over, "north")[-1] == "lifted"
    assert replay_of(over).steps[-1].sector.en == "The block is over."
    assert said(over).endswith("UTC.")
    assert "The block ended on " in said(over)
    north = place("north", RELEASED_US, lifted_us=RELEASED_US + HOUR_US)
    one = replace(RELEASED, places=(north, *RELEASED.places[1:]))
    assert stands(one, "north")[-1] == "lifted"
    assert "lifted" not in stands(one, "south")


def test_the_story_names_no_member_and_each_sentence_its_fact() -> None:
    for language in ("en", "da"):
        text = said(RELEASED, language)
        assert not any(name in text for name in RELEASED.by_actor)
        assert "{" not in text
    assert {sentence.kind for sentence in story_of(RELEASED).sentences} == {"lead", "case", "indicator"}
    assert all(sentence.ref for sentence in story_of(RELEASED).sentences)
    assert "4 of the 4 members that can carry it; the last said so after 22 seconds" in said(RELEASED)
    assert "it took 7 hours; 1 organisation met it for the first time meanwhile" in said(RELEASED)


@pytest.mark.parametrize("language", ["da", "sv"])
def test_no_english_of_the_catalogue_is_left_in_a_story_of_another_language(language) -> None:
    """Also not a part of a sentence between two of its facts."""
    known = build_words.catalogue(build_words.LOCALE / language / "LC_MESSAGES" / "bavn.po")
    ids = [form for one in known if one.id for form in ([one.id] if isinstance(one.id, str) else one.id)]
    parts = {part.strip() for id_ in ids for part in re.split(r"\{[^}]*\}", id_)}
    english = {part for part in parts if len(part) >= ENGLISH_CHARS_MIN and " " in part}
    harmless = replace(LEAD, state=CaseState.DISMISSED, opened_us=BEGIN + 5 * HOUR_US, dismissed_us=RELEASED_US)
    lifted = replace(RELEASED, lifted_us=RELEASED_US + 9 * HOUR_US)
    unmet, unblocked = replace(RELEASED, met=()), replace(RELEASED, places=())
    opened = replace(LEAD, case_id="case-1", state=CaseState.TRIAGE, opened_us=BEGIN + 5 * HOUR_US)
    alone = replace(LEAD, reports=LEAD.reports[:1])
    stranger = replace(LEAD, first=frozenset({"east"}))
    for known_facts in (RELEASED, LEAD, BARE, harmless, lifted, unmet, unblocked, opened, alone, stranger):
        facts = replace(known_facts, opening=Text.plain("-"))  # the rooms that say it are whole: test_words.py
        replay, story = replay_of(facts), story_of(facts)
        texts = [sentence.text for sentence in story.sentences]
        texts += [mark for _, mark in (story.strip.marks if story.strip else ())]
        texts += [text for step in replay.steps for text in (step.says, step.sector)]
        texts += [stand.says for path in replay.actors for stand in path.stands]
        texts += [replay.could, replay.prevented, *replay.unknown]
        for text in texts:
            said_so = text.say(language)
            assert not [part for part in english if part in said_so], said_so


def test_the_strip_shows_when_it_was_met_and_what_happened_meanwhile() -> None:
    strip = story_of(RELEASED).strip
    assert strip is not None
    assert strip.from_us == BEGIN
    assert strip.counts[0] == 1
    assert len(strip.counts) == 48
    assert [text.en for _, text in strip.marks] == ["a lead", "over the line", "confirmed", "released"]
