"""A warning from the centre to every door that it is for, and the answers back, in one process."""

from dataclasses import replace

import pytest

from bavn.actor.door.conversations.warnings import WARNINGS_MAX, AnswerStatement
from bavn.actor.door.policy import DoorPolicy
from bavn.centre.cases.two_people import NotAllowed
from bavn.centre.cases.warnings.rows import Origin, UnknownWarning
from bavn.centre.share.outgoing import Outgoing
from bavn.centre.share.warning_rules import WarningGrounds
from bavn.model.intel.indicator import Pap, Tlp
from bavn.model.moment import DAY_US, HOUR_US
from bavn.model.observable import Observable
from bavn.model.outcome import Refused
from bavn.model.principal import account
from bavn.model.sector.sector_warning import (
    Address,
    AnswerAct,
    AnswerState,
    BadWarning,
    Content,
    NoSuchStep,
    Urgency,
    WarningState,
)
from bavn.model.statement import Cautioning
from bavn.model.text import Text
from bavn.wire.codec import encode
from bavn.wire.messages.catalogue import WarningAnswered
from tests import people_say

FOUR = {"clinic": "clinic", "east": "east", "north": "north", "south": "south"}
ANNA = account("Anna Berg")
BAD = Observable.of("domain", "evil.example.com")
CONTENT = Content(
    title=Text.written("Patch the gateway", da="Opdater gatewayen"),
    text=Text.written("It is attacked now.", da="Den angribes nu."),
    urgency=Urgency.CRITICAL,
    tlp=Tlp.AMBER,
    pap=Pap.AMBER,
    observables=(BAD,),
)


@pytest.fixture
def sector(make_sector):
    made = make_sector(FOUR)
    roles = made.centre.desk._roles
    roles.set("north", functions=["surgery"], suppliers=["acme"])
    roles.set("south", functions=["laboratory"], suppliers=["acme", "other"])
    made.run()
    return made


def warnings(sector):
    return sector.centre._warning_post.warnings


def sent(sector, address=None, content=CONTENT, origin=None):
    made = warnings(sector).draft(content, address or Address(), ANNA, *([origin] if origin else []))
    warnings(sector).send(made.id, ANNA, "it is urgent")
    sector.run()
    return made.id


def heard(sector, name, warning_id):
    return sector.nodes[name].door.cases.warnings.get(warning_id)


def answer(sector, name, warning_id, act, words="", version=1):
    node = sector.nodes[name].door.cases
    people_say.to_warning(node.warnings, warning_id, version, AnswerAct(act), words, account("bo"))
    node.tell()
    sector.run()
    return node.warnings.own_book.rows("SELECT rule FROM door_warning_answer ORDER BY number DESC LIMIT 1")[0][0]


def stands(sector, warning_id):
    return {one.actor: one for one in warnings(sector).get(warning_id).actors}


def test_a_warning_reaches_exactly_whom_it_is_addressed_to(sector) -> None:
    by_supplier = sent(sector, Address(suppliers=("acme",)))
    by_both = sent(sector, Address(suppliers=("acme",), functions=("surgery",), actors=("clinic",)))
    to_all = sent(sector)
    got = {one: {name for name in FOUR if heard(sector, name, one)} for one in (by_supplier, by_both, to_all)}
    assert got == {by_supplier: {"north", "south"}, by_both: {"north", "clinic"}, to_all: set(FOUR)}
    said = heard(sector, "north", by_supplier).said
    assert (said["title_da"], said["tlp"], said["observables"]) == (
        "Opdater gatewayen",
        "TLP:AMBER",
        [{"type": "domain", "value": BAD.value}],
    )
    assert {one.status for one in stands(sector, to_all).values()} == {"queued"}


def test_a_draft_goes_to_nobody_and_a_newcomer_hears_what_is_in_force(sector) -> None:
    draft = warnings(sector).draft(CONTENT, Address(), ANNA)
    one = sent(sector)
    sector.join("west", "west", 9)
    sector.run()
    assert heard(sector, "west", one) is not None
    assert not any(heard(sector, name, draft.id) for name in sector.nodes)
    sector.clock.advance(15 * DAY_US)
    sector.join("late", "late", 10)
    sector.run()
    assert heard(sector, "late", one) is None
    assert warnings(sector).get(one).warning.state is WarningState.ENDED


def test_each_actors_follow_up_is_its_own_and_silence_is_shown(sector) -> None:
    one = sent(sector, Address(suppliers=("acme",)))
    assert answer(sector, "north", one, "acknowledge") == ""
    assert answer(sector, "north", one, "affected", "two gateways") == ""
    sector.clock.advance(HOUR_US)
    assert answer(sector, "north", one, "done") == ""
    there = stands(sector, one)
    assert there["north"].answer is AnswerState.DONE
    assert [said.words for said in there["north"].answers] == ["", "two gateways", ""]
    assert there["north"].acknowledged_us < there["north"].answered_us
    assert not there["south"].overdue
    sector.clock.advance(24 * HOUR_US)
    assert stands(sector, one)["south"].overdue
    assert not stands(sector, one)["north"].overdue


def test_what_is_edited_after_it_was_sent_goes_out_anew_and_is_answered_anew(sector) -> None:
    one = sent(sector, Address(suppliers=("acme",)))
    answer(sector, "north", one, "acknowledge")
    sector.clock.advance(HOUR_US)
    changed = replace(CONTENT, title=Text.written("Patch and reboot", da="Opdater og genstart"))
    warnings(sector).edit(one, ANNA, "more is known", content=changed, address=Address(actors=("north",)))
    sector.run()
    assert heard(sector, "north", one).version == 2
    assert heard(sector, "south", one).said["title_en"] == "Patch and reboot"  # it had the first: it hears what is new
    assert stands(sector, one)["north"].answer is AnswerState.TOLD
    assert answer(sector, "north", one, "acknowledge", version=1) == "warning_known"
    assert answer(sector, "north", one, "acknowledge", version=2) == ""
    warnings(sector).withdraw(one, ANNA, "it was wrong")
    sector.run()
    assert heard(sector, "south", one).state == "withdrawn"
    with pytest.raises(NoSuchStep):
        warnings(sector).send(one, ANNA, "again")


def test_only_named_people_act_and_a_source_s_terms_bind(sector) -> None:
    with pytest.raises(NotAllowed):
        warnings(sector).draft(CONTENT, Address(), "centre")
    strict = Origin(kind="partner", ref="domain:evil.example.com", tlp_min=Tlp.AMBER_STRICT, pap_max=Pap.AMBER)
    with pytest.raises(BadWarning, match=r"TLP:AMBER\+STRICT"):
        warnings(sector).draft(CONTENT, Address(), ANNA, strict)
    made = warnings(sector).draft(replace(CONTENT, tlp=Tlp.AMBER_STRICT), Address(), ANNA, strict)
    with pytest.raises(BadWarning):
        warnings(sector).edit(made.id, ANNA, "laxer", content=CONTENT)
    with pytest.raises(BadWarning, match="say why"):
        warnings(sector).send(made.id, ANNA, " ")
    with pytest.raises(UnknownWarning):
        warnings(sector).send("warning-0000000000000000", ANNA, "x")
    assert warnings(sector).get(made.id).warning.state is WarningState.DRAFT


def test_gate_three_looks_again(sector) -> None:
    red = sent(sector, Address(actors=("north",), kinds=("region",)), replace(CONTENT, tlp=Tlp.RED))
    assert {name for name in FOUR if heard(sector, name, red)} == {"north"}
    assert {name: one.rule for name, one in stands(sector, red).items() if one.rule} == dict.fromkeys(
        ("clinic", "east", "south"), "warning_marking"
    )
    naming = replace(CONTENT, text=Text.written("South was hit.", da="Syd er ramt."))
    refused = sent(sector, Address(actors=("north",)), naming)
    assert stands(sector, refused)["north"].rule == "warning_names"
    allowed = sent(sector, Address(actors=("north", "south")), naming)
    assert {one.status for one in stands(sector, allowed).values()} == {"queued"}
    told = warnings(sector).get(allowed).warning.as_sent()
    plain = {"by": ANNA, "addressed": True, "named": True, "others": ()}
    say = lambda said, **more: sector.centre._share.post.try_on(  # noqa: E731
        Outgoing(said, WarningGrounds(**plain | more))
    )
    good = Cautioning(to="east", warning=told)
    assert say(good) is None
    assert say(good, addressed=False).rule == "addressed"
    assert say(good, by="").rule == "addressed"
    assert say(Cautioning(to="nobody-x", warning=told)).rule == "to_member"
    assert say(Cautioning(to="east", warning=replace(told, state=WarningState.DRAFT))).rule == "addressed"
    assert say(good, tlp_min=Tlp.RED).rule == "warning_marking"
    assert sector.centre._share.post.try_on(Outgoing(good)).rule == "addressed"


def test_a_forged_answer_is_refused_at_gate_two(sector) -> None:
    one = sent(sector, Address(actors=("north",)))
    for name, said, rule in (
        ("south", {}, "unknown_warning"),
        ("north", {"version": 9}, "warning_version"),
        ("north", {"act": "done"}, "warning_step"),
        ("north", {"act": "words", "words": " "}, "no_words"),
        ("north", {"words": "a\u202eb"}, "not_plain"),
    ):
        node = sector.nodes[name]
        fields = {"warning_id": one, "version": 1, "serial": 77, "act": "acknowledge", "words": ""} | said
        with node.book.transaction():
            node.door.outbox.put("centre", encode(WarningAnswered(**fields)), "S5")
        sector.run()
        lines = sector.centre._inbox.ledger.lines(gate="inbox", verdict="refused", peer=name)
        assert lines[-1].rule == rule
    assert stands(sector, one)["north"].answer is AnswerState.TOLD


def test_a_node_says_no_more_than_its_policy_and_its_people_may(sector) -> None:
    one = sent(sector, Address(actors=("north",)))
    node = sector.nodes["north"].door.cases.warnings
    said = AnswerStatement(
        number=1, at_us=0, warning_id=one, version=1, act="words", words="our 10.1.2.3 is hit", by=account("bo")
    )
    assert node.try_on(said).rule == "words_clean"
    assert node.try_on(replace(said, words="one gateway, patched", act="affected")).fields["words"]
    assert node.try_on(replace(said, act="words", words="")).rule == "warning_step"
    assert node.try_on(replace(said, act="done", words="")).rule == "warning_step"
    node.at = replace(node.at, policy=DoorPolicy(answer_warnings=False))
    assert node.try_on(replace(said, words="")).rule == "answer_warnings"
    node.at = replace(node.at, policy=DoorPolicy(case_answers_per_day_max=0))
    assert node.try_on(replace(said, words="", act="affected")).rule == "answers_budget"


def test_a_hostile_centre_fills_no_node_with_warnings_and_no_screen_with_tricks(sector) -> None:
    one = sent(sector, Address(actors=("north",)))
    node = sector.nodes["north"].door.cases.warnings
    message = sector_message(warnings(sector).get(one).warning)
    note = None
    outcomes = set()
    for change in (
        {"version": 1},
        {"version": 2, "title_en": "a\u202eb"},
        {"version": 2, "until_us": 1},
        {"version": 2, "observables": ({"type": "ip4", "value": "10.1.1.1"},)},
        {"version": 2, "observables": ({"type": "domain", "value": "NOT canonical"},)},
    ):
        from bavn.actor.door.conversation import Received

        made = type(message)(**message.model_dump() | change)
        outcome = node.received.try_on(Received(made, note))
        assert isinstance(outcome, Refused)
        outcomes.add(outcome.rule)
    assert outcomes == {"warning_new", "warning_form"}
    with node.own_book.transaction() as tx:
        for number in range(WARNINGS_MAX):
            tx.execute("INSERT INTO door_warning VALUES (?, 1, 'sent', '{}', 0)", (f"warning-{number:016x}",))
    assert sent(sector, Address(actors=("north",))) is not None
    lines = sector.nodes["north"].door.ledger.lines(gate="asked", verdict="refused")
    assert lines[-1].rule == "warning_room"


def sector_message(kept):
    from bavn.centre.share.outgoing import KINDS, fields_of

    said = Cautioning(to="north", warning=kept.as_sent())
    return KINDS[Cautioning](**fields_of(said, "x"))


@pytest.mark.slow
def test_what_an_actor_is_told_is_the_same_whoever_else_is_told(make_sector) -> None:
    """Two sectors in which others are addressed, and answered, send this actor the same bytes."""
    bodies = []
    for others in ((), ("south", "east")):
        world = make_sector(FOUR)
        kept = warnings(world).draft(CONTENT, Address(actors=("north",)), ANNA)
        warnings(world).edit(kept.id, ANNA, "more", address=Address(actors=("north", *others)))
        warnings(world).send(kept.id, ANNA, "now")
        world.run()
        for name in others:
            answer(world, name, kept.id, "affected", "badly")
        warnings(world).end(kept.id, ANNA, "over")
        world.run()
        rows = world.nodes["north"].book.rows("SELECT said FROM door_warning")
        bodies.append(rows)
    assert bodies[0] == bodies[1]


def test_a_killed_centre_says_it_once(sector) -> None:
    one = warnings(sector).draft(CONTENT, Address(), ANNA)
    warnings(sector).send(one.id, ANNA, "now")
    sector.run(restart_each=True)
    assert {name for name in FOUR if heard(sector, name, one.id)} == set(FOUR)
    passed = sector.nodes["north"].door.ledger.lines(gate="asked", verdict="passed")
    assert [line.kind for line in passed].count("WarningGiven") == 1
