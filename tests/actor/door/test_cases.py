"""Cases at the door: heard once and within bounds, answered by people alone, with nothing of a person's in words."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.actor.door.conversations.case_book import ATTACH, CaseReply
from bavn.actor.door.live import live_elements
from bavn.actor.door.policy import DoorPolicy
from bavn.actor.door.sector_verdicts import NoSuchAdvice
from bavn.actor.evidence import redact
from bavn.model.moment import DAY_US, HOUR_US
from bavn.model.observable import Observable
from bavn.model.outcome import Refused
from bavn.model.sector.verdict import Verdicts, judged_in_order
from bavn.wire.messages.catalogue import AskedObservable, CasePart, PartTask, PartWords, VerdictGiven
from tests import people_say
from tests.builders import BAD, BAD_ADDRESS, suspicion

from .conftest import NOW_US, Actor

CASE = "case-00000000000000aa"
TASK = "ab" * 16
ZIP = b"PK\x03\x04" + b"\0" * 40


def a_part(version=1, **other) -> CasePart:
    task = PartTask(
        task_id=TASK,
        kind="task",
        text="Isolate the machine",
        state="open",
        acknowledge_us=NOW_US + HOUR_US,
        applies_us=NOW_US + 2 * HOUR_US,
        done_us=NOW_US + 3 * HOUR_US,
    )
    plain = {
        "case_id": CASE,
        "version": version,
        "state": "triage",
        "techniques": ("T1071.001",),
        "tlp": "TLP:AMBER",
        "pap": 2,
        "own": (AskedObservable(type="domain", value=BAD.value),),
        "tasks": (task,),
        "clocks": (),
        "words": (PartWords(at_us=NOW_US, by="centre", text="We look at it"),),
    }
    return CasePart(**plain | other)


def a_verdict(version=1, judged="malicious", observables=(BAD,), days=30, case_id=CASE) -> VerdictGiven:
    return VerdictGiven(
        case_id=case_id,
        version=version,
        judged=judged,
        until_us=NOW_US + days * DAY_US,
        observables=tuple(AskedObservable(type=o.type.value, value=o.value) for o in observables),
    )


@pytest.fixture
def north(centre) -> Actor:
    return Actor("north", centre.key, suspicions=[suspicion()])


def lines(actor, gate):
    return [(line.kind, line.verdict, line.rule) for line in actor.ledger.lines(gate=gate, limit=10_000)]


def leave(actor, task_id, act, words="", content=None):
    return people_say.in_case(
        actor.door.cases, CASE, task_id, act, words, "anna", actor.clock.now_us(), content=content
    )


def test_a_part_is_kept_whole_and_an_older_one_changes_nothing(centre, north) -> None:
    centre.to(north, a_part(2))
    centre.to(north, a_part(1, state="new"))
    centre.to(north, a_part(2, state="new"))
    kept = north.door.cases.book.get(CASE)
    assert (kept.version, kept.state, kept.part["tasks"][0]["text"]) == (2, "triage", "Isolate the machine")
    assert lines(north, "asked") == [
        ("CasePart", "passed", ""),
        ("CasePart", "refused", "part_new"),
        ("CasePart", "refused", "part_new"),
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"own": (AskedObservable(type="ip4", value="10.1.2.3"),)},
        {"own": (AskedObservable(type="domain", value="srv.corp"),)},
        {"own": (AskedObservable(type="domain", value="Evil.Example.com"),)},
        {"own": (AskedObservable(type="domain", value=BAD.value),) * 2},
        {"words": (PartWords(at_us=0, by="centre", text="\x1b]0;owned\x07"),)},
        {"words": (PartWords(at_us=0, by="centre", text="evil\u202egnp.exe"),)},
    ],
)
def test_what_no_honest_centre_tells_is_refused_and_not_kept(centre, north, wrong) -> None:
    centre.to(north, a_part(**wrong))
    assert north.door.cases.book.get(CASE) is None
    assert lines(north, "asked") == [("CasePart", "refused", "case_form")]


def test_people_answer_and_exactly_that_leaves_once(centre, north) -> None:
    centre.to(north, a_part())
    leave(north, TASK, "acknowledge", "On it")
    leave(north, TASK, "done")
    leave(north, None, "words", "Thanks")
    assert north.door.cases.tell() == 3
    assert north.door.cases.tell() == 0
    said = north.said()
    assert [(m.serial, m.task_id, m.act, m.words) for m in said] == [
        (1, TASK, "acknowledge", "On it"),
        (2, TASK, "done", ""),
        (3, None, "words", "Thanks"),
    ]
    assert {value for m in said for value in m.privacy().values()} == {"S5"}
    assert lines(north, "door") == [("CaseAnswered", "passed", "")] * 3
    (first, *_) = north.ledger.lines(kind="CaseAnswered")
    assert json.loads(first.summary)["words"] == "On it"


@pytest.mark.parametrize(
    ("task_id", "act", "rule"),
    [
        ("ff" * 16, "done", "task_step"),
        (TASK, "words", "task_step"),
        (None, "done", "task_step"),
        (None, "words", "task_step"),
        (TASK, "cancel", "task_step"),
    ],
)
def test_what_is_no_step_of_this_actors_own_tasks_does_not_leave(centre, north, task_id, act, rule) -> None:
    centre.to(north, a_part())
    leave(north, task_id, act, " ")
    north.door.cases.tell()
    assert north.said() == []
    assert [(entry.rule) for entry in _said(north)] == [rule]


def _said(actor) -> list[CaseReply]:
    from bavn.actor.door.conversations.case_book import SAID_SQL, replies_of

    return replies_of(actor.book.rows(SAID_SQL))


def test_a_step_is_judged_by_what_was_said_since_the_centre_was_last_heard(centre, north) -> None:
    centre.to(north, a_part())
    north.clock.advance(1)
    for act in ("done", "acknowledge", "not-applicable"):
        leave(north, TASK, act)
    north.door.cases.tell()
    assert [one.rule for one in _said(north)] == ["", "task_step", "task_step"]
    north.clock.advance(1)
    centre.to(north, a_part(2))  # opened again
    leave(north, TASK, "acknowledge")
    north.door.cases.tell()
    assert [message.act for message in north.said()] == ["done", "acknowledge"]


@pytest.mark.parametrize(
    "words",
    [
        "Patient 010170-1234 was seen",
        "Write to bo.lund@example.dk",
        "It is C:\\Users\\bolund\\x",
        "Host 10.1.2.3 calls",
        "10.1.2.3:445",
        "srv01.corp.local",
        "It is fe80::1 again",
        "It is [192.168.4.4]",
        "\x1b[2J",
        "a\u200bb",
        "::ffff:10.1.2.3",
        "src:10.1.2.3,x",
    ],
)
def test_words_with_something_of_a_persons_or_of_the_inside_do_not_leave(centre, words) -> None:
    north = Actor("north", centre.key)
    north.door.cases._cleaned = redact.text
    centre.to(north, a_part())
    leave(north, None, "words", words)
    north.door.cases.tell()
    assert north.said() == []
    assert [one.rule for one in _said(north)] == ["words_clean"]
    leave(north, None, "words", "The peer is cdn-sync-hub.net, 185.32.20.6:443, since Monday")
    north.door.cases.tell()
    assert len(north.said()) == 1


@pytest.mark.parametrize(
    ("policy", "act", "rule"),
    [
        (DoorPolicy(answer_cases=False), "words", "answer_cases"),
        (DoorPolicy(attach_evidence=False), ATTACH, "attach_evidence"),
        (DoorPolicy(case_answers_per_day_max=1), "words", "answers_budget"),
        (DoorPolicy(evidence_per_day_max=1), ATTACH, "evidence_budget"),
    ],
)
def test_the_policy_bounds_what_people_say(centre, policy, act, rule) -> None:
    north = Actor("north", centre.key, policy=policy)
    centre.to(north, a_part())
    for _ in range(2):
        leave(north, None, act, "once", ZIP if act == ATTACH else None)
    north.door.cases.tell()
    assert len(north.said()) == (1 if "budget" in rule else 0)
    assert [one.rule for one in _said(north)][-1] == rule
    north.clock.advance(DAY_US + HOUR_US)
    leave(north, None, act, "a day later", ZIP if act == ATTACH else None)
    north.door.cases.tell()
    assert len(north.said()) == (1 if "budget" in rule else 0)


def test_evidence_leaves_as_exactly_what_was_left_and_is_kept_no_longer(centre, north) -> None:
    centre.to(north, a_part())
    leave(north, None, ATTACH, "the rows", ZIP)
    north.door.cases.tell()
    (message,) = north.said()
    assert (message.content, message.words, message.case_id) == (ZIP, "the rows", CASE)
    assert north.book.rows("SELECT content FROM door_case_said") == [(None,)]
    leave(north, None, ATTACH, "nothing", None)
    north.door.cases.tell()
    assert _said(north)[-1].rule == "attached"


def test_to_a_case_that_is_not_here_or_was_merged_nothing_leaves(centre, north) -> None:
    leave(north, None, "words", "Hello")
    north.door.cases.tell()
    centre.to(north, a_part(state="merged", merged_into="case-00000000000000bb"))
    leave(north, None, "words", "Hello again")
    north.door.cases.tell()
    assert [one.rule for one in _said(north)] == ["case_known", "case_known"]
    assert north.said() == []


def test_an_answer_is_the_same_bytes_whatever_else_is_here(centre) -> None:
    """Twins: two nodes that differ in all but what a person says."""
    said = []
    for seen in ([], [suspicion(), suspicion(id="9" * 32, host="10.9.9.9", peer="other.net", p=0.001)]):
        actor = Actor("north", centre.key, suspicions=seen)
        centre._seq.clear()
        centre.to(actor, a_part())
        if seen:
            actor.judge("benign")
            centre.to(actor, a_verdict())
        leave(actor, TASK, "applies", "Yes")
        actor.door.cases.tell()
        said.append(list(actor.sealed()))
    assert said[0] == said[1]
    assert len(said[0]) == 1


# --- the sector's verdicts -----------------------------------------------------------------------------------------


def listed(actor):
    return judged_in_order(actor.suspicions, Verdicts(actor.verdicts.every() + actor.verdicts.sector.every(), NOW_US))


def test_the_sectors_verdict_weighs_in_the_list_and_one_given_here_goes_first(centre, north) -> None:
    plain = listed(north)[0]
    centre.to(north, a_verdict(judged="benign"))
    (advised,) = listed(north)
    assert advised.verdict.origin == "sector"
    assert advised.suspicion.p == min(1.0, plain.suspicion.p * 100)
    north.judge("true")
    assert listed(north)[0].verdict.origin == "here"
    assert listed(north)[0].suspicion.p == plain.suspicion.p


def test_it_reaches_names_below_the_domain_and_no_match_of_an_indicator(centre, north) -> None:
    centre.to(north, a_verdict(judged="malicious", observables=(BAD, BAD_ADDRESS)))
    verdicts = north.verdicts.holding(NOW_US)
    assert verdicts.on("s", "beacon", "10.1.2.3", f"www.{BAD.value}").judgement == "true"
    assert verdicts.on("s", "rarity", "10.1.2.3", BAD_ADDRESS.value).judgement == "true"
    assert verdicts.on("s", "ioc", "10.1.2.3", BAD.value) is None
    assert verdicts.on("s", "beacon", "10.1.2.3", f"not{BAD.value}") is None


def test_benign_advice_keeps_nothing_at_home(centre, north) -> None:
    """A wrong verdict of the sector's must be able to show: what it clears here is offered on."""
    offered = live_elements(north.suspicions, "B", NOW_US, DoorPolicy())
    centre.to(north, a_verdict(judged="benign", observables=(BAD, BAD_ADDRESS)))
    advised = live_elements(north.suspicions, "B", NOW_US, DoorPolicy(), north.verdicts.holding(NOW_US))
    assert advised == offered
    assert len(offered) == 2


def test_it_is_ended_here_and_stays_ended_until_the_sector_says_otherwise(centre, north) -> None:
    centre.to(north, a_verdict(1, "benign"))
    (one,) = north.verdicts.sector.every()
    north.verdicts.sector.end(one.number, now_us=NOW_US, by="anna", comment="we know better")
    with pytest.raises(NoSuchAdvice):
        north.verdicts.sector.end(one.number, now_us=NOW_US, by="anna")
    assert not north.verdicts.holding(NOW_US)
    centre.to(north, a_verdict(2, "benign", observables=(BAD, BAD_ADDRESS)))
    assert north.verdicts.holding(NOW_US).on("s", "beacon", "h", BAD.value) is None
    assert north.verdicts.holding(NOW_US).on("s", "beacon", "h", BAD_ADDRESS.value) is not None
    centre.to(north, a_verdict(3, "malicious"))
    assert north.verdicts.holding(NOW_US).on("s", "beacon", "h", BAD.value).judgement == "true"
    centre.to(north, a_verdict(4, "withdrawn", observables=()))
    assert north.verdicts.sector.every() == []
    assert north.verdicts.holding(NOW_US + 40 * DAY_US).on("s", "beacon", "h", BAD.value) is None


def test_it_ends_by_itself(centre, north) -> None:
    centre.to(north, a_verdict(days=2))
    assert north.verdicts.holding(NOW_US + DAY_US)
    assert not north.verdicts.holding(NOW_US + 2 * DAY_US)


@pytest.mark.parametrize(
    ("policy", "message", "rule"),
    [
        (DoorPolicy(hear_verdicts=False), a_verdict(), "hear_verdicts"),
        (DoorPolicy(verdicts_per_day_max=1), a_verdict(observables=(BAD, BAD_ADDRESS)), "verdict_budget"),
        (DoorPolicy(), a_verdict(days=500), "verdict_time"),
        (DoorPolicy(), a_verdict(days=-1), "verdict_time"),
        (DoorPolicy(), a_verdict(observables=(Observable.of("ip4", "10.1.2.3"),)), "case_form"),
    ],
)
def test_a_centre_that_lies_moves_no_list_beyond_the_policy(centre, policy, message, rule) -> None:
    north = Actor("north", centre.key, policy=policy)
    centre.to(north, message)
    assert north.verdicts.sector.every() == []
    assert lines(north, "asked") == [("VerdictGiven", "refused", rule)]


def test_two_cases_that_disagree_leave_it_suspicious(centre, north) -> None:
    centre.to(north, a_verdict(1, "malicious"))
    centre.to(north, a_verdict(1, "benign", case_id="case-00000000000000bb"))
    assert north.verdicts.holding(NOW_US).on("s", "beacon", "h", BAD.value).judgement == "true"


OBSERVABLES = st.sampled_from(
    [
        ("domain", "evil.example.com"),
        ("domain", "srv.corp"),
        ("domain", "X.com"),
        ("ip4", "10.0.0.1"),
        ("ip4", "8.8.8.8"),
        ("ip4", "not"),
        ("ja3", "0" * 32),
        ("chain", "x"),
        ("domain", ""),
    ]
)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_whatever_a_centre_says_of_cases_each_is_one_line_and_the_gate_stays_open(data) -> None:
    from .conftest import TestCentre

    centre = TestCentre()
    north = Actor("north", centre.key)
    for _ in range(data.draw(st.integers(1, 6))):
        named = tuple(
            AskedObservable(type=kind, value=value or "x")
            for kind, value in data.draw(st.lists(OBSERVABLES, max_size=3))
        )
        if data.draw(st.booleans()):
            text = data.draw(st.text(min_size=1, max_size=20).filter(lambda t: t.isascii() or t.isprintable()))
            message = a_part(
                data.draw(st.integers(1, 4)),
                own=named,
                state=data.draw(st.sampled_from(["new", "merged", "closed"])),
                words=(PartWords(at_us=0, by="centre", text=text),),
            )
        else:
            message = VerdictGiven(
                case_id=CASE,
                version=data.draw(st.integers(1, 4)),
                observables=named,
                judged=data.draw(st.sampled_from(["malicious", "benign", "withdrawn"])),
                until_us=data.draw(st.integers(0, 2**53 - 1)),
            )
        centre.to(north, message)
    heard = centre._seq.get("north", 0)
    assert len(lines(north, "asked")) == heard
    for one in north.verdicts.sector.every():
        assert one.until_us > NOW_US
    preview = north.door.cases.try_on(
        CaseReply(
            number=1,
            at_us=0,
            case_id=CASE,
            task_id=None,
            act="words",
            words="x",
            sha256="",
            by="a",
            told_us=None,
            rule="",
        )
    )
    known = north.door.cases.book.get(CASE)
    assert isinstance(preview, Refused) == (known is None or known.state == "merged")
