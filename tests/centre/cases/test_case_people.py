"""Who is on a case, and what they write for the next one: kept as lines of the audit log, on both databases."""

import pytest

from bavn.centre.cases import audit
from bavn.centre.cases.case import people
from bavn.centre.cases.case.people import HandOverNote, People, PersonOnCase
from bavn.centre.cases.case.rows import UnknownCase
from bavn.centre.cases.two_people import NotAllowed
from bavn.model.principal import account
from bavn.model.sector.case import CaseAct, NotNow
from tests.centre.cases.room import NOW_US

MINUTE_US = 60_000_000
ANNA, BO, CARL = account("anna"), account("bo"), account("carl")


@pytest.fixture
def on(room):
    return People(room.engine, room.clock)


def there(on, case_id):
    return [one.name for one in on.on_it(case_id)]


def test_people_join_and_leave_and_the_owner_stands_first(room, two, on) -> None:
    case_id = two[0]
    assert on.on_it(case_id) == ()
    on.join(case_id, BO)
    on.join(case_id, BO)
    room.clock.advance(MINUTE_US)
    room.cases.act(case_id, CaseAct.TAKE, ANNA, "")
    assert on.on_it(case_id) == (
        PersonOnCase("anna", NOW_US + MINUTE_US, owner=True),
        PersonOnCase("bo", NOW_US, owner=False),
    )
    with pytest.raises(NotNow, match="hand it over"):
        on.leave(case_id, ANNA)
    room.files.hand_over(case_id, ANNA, BO, "shift ends")
    assert there(on, case_id) == ["bo"]
    on.leave(case_id, CARL)
    assert [line.act for line in room.cases.audit_lines(case_id)].count("leave") == 0
    on.join(case_id, CARL)
    on.leave(case_id, CARL)
    assert there(on, case_id) == ["bo"]
    assert [line.act for line in room.cases.audit_lines(case_id)].count("join") == 2
    assert audit.verify(room.engine) is None


def test_nobody_is_on_a_case_that_is_over_and_whoever_was_says_so_again_when_it_is_opened_again(room, two, on) -> None:
    case_id = two[0]
    room.cases.act(case_id, CaseAct.TAKE, ANNA, "")
    on.join(case_id, BO)
    room.cases.act(case_id, CaseAct.DISMISS, ANNA, "a scanner")
    assert on.on_it(case_id) == ()
    with pytest.raises(NotNow, match="dismissed"):
        on.join(case_id, CARL)
    room.cases.act(case_id, CaseAct.REOPEN, ANNA, "it came back")
    assert there(on, case_id) == ["anna"]


def test_that_somebody_comes_or_goes_hinders_no_act_of_another_and_a_note_is_read_first(room, two, on) -> None:
    case_id = two[0]
    seen = room.standing(case_id)
    on.join(case_id, BO)
    on.leave(case_id, BO)
    assert room.standing(case_id) == seen
    on.note(case_id, BO, "region-nord has not answered: call them at eight")
    assert room.standing(case_id) > seen


def test_notes_come_newest_first_with_those_of_hand_overs_and_of_merged_cases(room, two, on) -> None:
    first, second = two
    on.note(first, ANNA, "begin with the proxy")
    room.cases.act(first, CaseAct.TAKE, ANNA, "")
    room.clock.advance(MINUTE_US)
    room.files.hand_over(first, ANNA, BO, "shift ends")
    room.files.merge(first, second, BO, "one campaign")
    on.note(second, CARL, "the same\nname")
    assert on.notes([second, first]) == (
        HandOverNote(NOW_US + MINUTE_US, "carl", "", "the same\nname"),
        HandOverNote(NOW_US + MINUTE_US, "anna", "bo", "shift ends"),
        HandOverNote(NOW_US, "anna", "", "begin with the proxy"),
    )
    assert [one.who for one in on.notes([second])] == ["carl"]


@pytest.mark.parametrize("text", ["", " \n", "x" * 2001, "right\u202eleft", "bell\x07"])
def test_a_note_that_nobody_could_read_is_refused(room, two, on, text) -> None:
    with pytest.raises(ValueError, match="hand-over note"):
        on.note(two[0], ANNA, text)
    assert on.notes(two) == ()


def test_only_a_person_is_on_a_case_that_there_is_and_there_is_a_bound(room, two, on, monkeypatch) -> None:
    for act in (on.join, on.leave, lambda case, who: on.note(case, who, "x")):
        with pytest.raises(NotAllowed):
            act(two[0], "centre")
        with pytest.raises(UnknownCase):
            act("case-nothing", ANNA)
    monkeypatch.setattr(people, "PEOPLE_MAX", 1)
    on.join(two[0], ANNA)
    with pytest.raises(NotNow, match="1 people"):
        on.join(two[0], BO)
    room.files.merge(two[0], two[1], ANNA, "one campaign")
    with pytest.raises(NotNow, match="goes on"):
        on.note(two[0], ANNA, "too late")
