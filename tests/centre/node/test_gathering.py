"""What a document is built from, out of a centre's own tables: the right figures, and nobody's name."""

import json
from dataclasses import asdict
from datetime import UTC

import pytest
from sqlalchemy import insert

from bavn.centre.books import tables as t
from bavn.centre.books.first_sighting import hours_of_leads
from bavn.centre.cases.case.case import ElementFacts
from bavn.centre.cases.case.cases import Cases
from bavn.centre.cases.case.files import Marking
from bavn.centre.cases.intelligence.tables import CLAIM, HIT, make_intel_tables
from bavn.centre.desk.counts import keep_counts
from bavn.centre.desk.desk import Desk
from bavn.centre.desk.publishing import Publishing, PublishTerms
from bavn.centre.members.registry import Registry
from bavn.centre.publish.codec import document_text
from bavn.centre.publish.document import Kind, Sentence
from bavn.centre.publish.levels import proposals
from bavn.centre.publish.parts.protection import protection
from bavn.centre.publish.threat import Threat
from bavn.centre.share.outgoing import Grounds
from bavn.centre.share.tables import DELIVERY, INDICATOR, OBSERVED, RECEIPT, reading
from bavn.model.intel.indicator import Tlp, indicator_id
from bavn.model.moment import DAY_US, HOUR_US, MINUTE_US
from bavn.model.observable import Observable
from bavn.model.principal import account
from bavn.model.received import Counted
from bavn.model.sector.case import CaseAct
from bavn.model.sector.intel import Source
from bavn.model.sector.tally import BLOCKED, TECHNIQUES
from bavn.rehearsal.clock import SimClock
from tests.builders import lead_facts

NOW_US = 1_790_000_000_000_000
ACTORS = ("region-alfa", "region-beta", "kommune-gamma", "klinik-delta")
GROUNDS = json.dumps(asdict(Grounds(score=9.0, groups=3, listed=(), approved_by=account("Bo Lund"))))
EVIL = Observable.of("domain", "evil.example.com")


@pytest.fixture
def house(databases):
    engine, clock = databases.new(), SimClock(NOW_US)
    registry = Registry(engine, clock)
    for name in ACTORS:
        registry.add(name, name.partition("-")[0].replace("kommune", "municipality").replace("klinik", "clinic"), "")
    desk = Desk(engine, clock, registry)
    make_intel_tables(engine)
    publishing = Publishing(desk, clock, PublishTerms(sector="sector"))
    yield desk, publishing, clock
    databases.free(engine)


def a_lead(name="lead-1"):
    reported = {"first_report_us": NOW_US - 4 * HOUR_US, "lead_us": NOW_US - 3 * HOUR_US}
    return lead_facts(
        ElementFacts(EVIL, 9.0, 3, listed=False), lead_id=name, first_hour=NOW_US // HOUR_US - 5, **reported
    )


def an_indicator(engine, case_id, name, released_us, clocks, value=""):
    """``clocks``: actor -> when it said that it enforces it, None for never."""
    with engine.begin() as tx:
        tx.execute(
            insert(INDICATOR).values(
                id=name,
                version=released_us,
                case_id=case_id,
                type="domain",
                value=value or f"{name}.example.com",
                tlp="TLP:AMBER",
                pap=2,
                confidence=70,
                valid_from_us=released_us,
                valid_until_us=released_us + DAY_US,
                technique="T1071.001",
                created_us=released_us,
                released_us=released_us,
                withdrawn_us=None,
                live=True,
                order_no=1,
                grounds=GROUNDS,
            )
        )
        for actor, at_us in clocks.items():
            tx.execute(
                insert(DELIVERY).values(
                    indicator_id=name,
                    version=released_us,
                    actor=actor,
                    kind="release",
                    status="queued",
                    rule="",
                    try_us=0,
                    queued_us=released_us,
                )
            )
            if at_us is not None:
                receipt(tx, name, actor, released_us, at_us)


def receipt(tx, name, actor, released_us, at_us, state="enforced", rule=""):
    tx.execute(
        insert(RECEIPT).values(
            indicator_id=name,
            actor=actor,
            version=released_us,
            state=state,
            enforcers="[]",
            rule=rule,
            first_us=at_us,
            last_us=at_us,
        )
    )


def test_in_force_is_counted_among_those_who_can_carry_it_and_the_rest_says_why(house) -> None:
    desk, publishing, clock = house
    case = Cases(desk.engine, clock).open(a_lead())
    at_us = NOW_US - HOUR_US
    name, given = "indicator-1", dict.fromkeys(ACTORS)
    an_indicator(desk.engine, case.id, name, at_us, given)
    first, second, third, *_ = ACTORS

    def says():
        blocks = protection(publishing.facts(Kind.PICTURE)).blocks
        return " ".join(block.text.say("en") for block in blocks if isinstance(block, Sentence))

    with desk.engine.begin() as tx:
        receipt(tx, name, first, at_us, at_us + MINUTE_US)
        receipt(tx, name, second, at_us, at_us + MINUTE_US, "waiting", "carried")
    assert f"In force at 1 of the {len(ACTORS) - 1} where it can be carried" in says()
    assert "1 cannot, because nothing there carries such a thing" in says()
    with desk.engine.begin() as tx:
        for actor in (third, *ACTORS[3:]):
            receipt(tx, name, actor, at_us, at_us + MINUTE_US, "refused", "pap_watch_only")
    said = says()
    assert "In force at all who can carry it." in said
    assert "%" not in said
    assert f"{len(ACTORS) - 2} cannot, because it may only be watched and nothing there watches." in said


def test_levels_marks_and_drafts_rest_on_no_lead(house) -> None:
    desk, publishing, clock = house
    case = Cases(desk.engine, clock).open(a_lead())
    desk.files.mark(case.id, account("Anna Berg"), Marking(tlp=Tlp.GREEN, rsit="fraud/phishing", techniques=("T1566",)))
    desk.cases.comment(case.id, account("Anna Berg"), "they came in by CVE-2026-1234")
    desk.cases.act(case.id, CaseAct.CONFIRM, account("Anna Berg"), "three actors")
    publishing.set_sort(case.id, Threat.ESPIONAGE, account("Bo Lund"), "the partner says so")
    (one,) = publishing.facts(Kind.PICTURE).cases
    assert (one.rsit, one.tlp, one.techniques, one.actors) == ("fraud/phishing", Tlp.GREEN, ("T1566",), 3)
    assert (one.threat, one.threat_by) == (Threat.ESPIONAGE, account("Bo Lund"))
    assert one.confirmed
    assert one.confirmed_us == NOW_US
    desk, publishing, _ = house
    body = json.dumps({"lead": {"signs": [{"technique": "T1071"}], "actors": list(ACTORS)}})
    with desk.engine.begin() as tx:
        tx.execute(insert(t.LEADS).values(id="lead-9", first_us=NOW_US - HOUR_US, alive=True, lead_rank=1, body=body))
    whole, without = publishing.facts(Kind.PICTURE), publishing.facts(Kind.PICTURE, leads=False)
    assert [one.id for one in whole.leads] == ["lead-9"]
    assert without.leads == ()
    assert proposals(whole) == proposals(without)


def test_the_clock_and_what_was_met(house) -> None:
    desk, publishing, clock = house
    case = Cases(desk.engine, clock).open(a_lead())
    released = NOW_US - HOUR_US
    clocks = {"region-alfa": released + MINUTE_US, "region-beta": released + 9 * MINUTE_US, "klinik-delta": None}
    an_indicator(desk.engine, case.id, "indicator-1", released, clocks)
    with desk.engine.begin() as tx:
        for actor, kind, hour in (
            ("region-alfa", "seen", 1),
            ("region-beta", "seen", None),
            ("region-beta", "retro", 2),
        ):
            tx.execute(
                insert(OBSERVED).values(
                    indicator_id="indicator-1",
                    actor=actor,
                    kind=kind,
                    count_bucket=1,
                    first_hour=hour,
                    last_hour=hour,
                    received_us=released,
                )
            )
    (one,) = publishing.facts(Kind.PICTURE).indicators
    steps = dict(one.steps)
    assert (steps["first_block"], steps["last_block"]) == (released + MINUTE_US, released + 9 * MINUTE_US)
    assert steps == dict(desk.times.clock("indicator-1").steps)
    assert (one.given, one.enforced, one.seen, one.blocked, one.retro) == (3, 2, 1, 0, 1)


def claims_of_a_feed(tx):
    """Five names that a feed claims, twenty days apart, of which an actor met one."""
    for at in range(5):
        tx.execute(
            insert(CLAIM).values(
                source="feed",
                item=str(at),
                type="domain",
                value=f"x{at}.example.com",
                body="{}",
                first_us=NOW_US - at * 20 * DAY_US,
                last_us=NOW_US,
                until_us=NOW_US,
                end_us=None,
                gone_us=None,
                gone="",
            )
        )
    tx.execute(insert(HIT).values(type="domain", value="x0.example.com", actor="region-alfa", how="q", hour=1))


def test_counts_members_and_what_came_from_outside(house) -> None:
    desk, publishing, _ = house
    today = NOW_US // DAY_US
    for actor in ACTORS:
        for back in range(1, 15):
            keep_counts(
                desk.engine,
                Counted(
                    item_id="",
                    actor=actor,
                    day=today - back,
                    vocabulary=1,
                    epsilon_milli=1000,
                    cell_max=1000,
                    by_technique=(50,) * len(TECHNIQUES),
                    blocked=(5,) * len(BLOCKED),
                    received_us=NOW_US,
                ),
            )
    with desk.engine.begin() as tx:
        claims_of_a_feed(tx)
        body = json.dumps({"lead": {"signs": [{"technique": "T1566"}], "actors": list(ACTORS)}})
        tx.execute(insert(t.LEADS).values(id="lead-1", first_us=NOW_US, alive=True, lead_rank=1, body=body))
    facts = publishing.facts(Kind.PICTURE)
    one = next(one for one in facts.counts if (one.entry, one.kind) == ("T1566", "all"))
    assert (one.told, one.value) == (56, 56 * 50)
    assert [one.told for one in facts.counts_by_span if (one.what, one.entry) == ("suspected", "T1566")] == [4, 28, 24]
    assert facts.outside == ()
    assert (facts.leads[0].actors, facts.leads[0].techniques) == (4, ("T1566",))
    assert len(facts.members) == 4


def test_a_source_without_a_partner_counts_as_a_list(house) -> None:
    desk, publishing, _ = house
    publishing._sources.add(Source(name="feed", kind="list", place="/list.txt", trust=10), account("Anna Berg"))
    with desk.engine.begin() as tx:
        claims_of_a_feed(tx)
    (one,) = publishing.facts(Kind.PICTURE).outside
    assert (one.kind, one.parties, one.proposed, one.met) == ("list", 1, 2, 1)


@pytest.mark.parametrize("kind", list(Kind))
def test_no_actor_and_no_observable_is_named(house, kind) -> None:
    desk, publishing, clock = house
    case = Cases(desk.engine, clock).open(a_lead())
    desk.files.mark(case.id, account("Anna Berg"), Marking(tlp=Tlp.CLEAR, rsit="malicious-code/c2-server"))
    desk.cases.act(case.id, CaseAct.CONFIRM, account("Anna Berg"), f"{EVIL.value} at {ACTORS[0]}")
    desk.cases.comment(case.id, account("Anna Berg"), f"{EVIL.value} at {ACTORS[0]} by CVE-2026-1234")
    an_indicator(desk.engine, case.id, "indicator-1", NOW_US, dict.fromkeys(ACTORS, NOW_US))
    clock.advance(100 * DAY_US)
    said = document_text(publishing.built(kind, days=200))
    assert not [name for name in (*ACTORS, EVIL.value, "indicator-1.example.com") if name in said]
    assert kind is Kind.BRIEF or case.id in said


def test_a_draft_of_the_centres_own_is_kept(house) -> None:
    desk, publishing, _ = house
    made = publishing.draft(Kind.BRIEF)
    assert made.id == "brief-2026-08"
    assert publishing.editions.document(made.id) == publishing.built(Kind.BRIEF)
    assert desk.cases.audit_lines(made.id)[0].who == "centre"


def test_the_first_sighting_is_one_moment_everywhere_patient_zero_included(house) -> None:
    """A hit in an actor's own history, a week before the first report, moves it on every page and document."""
    desk, publishing, clock = house
    case = Cases(desk.engine, clock).open(a_lead())
    named = Observable.of("domain", "indicator-1.example.com")
    wanted = indicator_id(named)
    an_indicator(desk.engine, case.id, wanted, NOW_US - HOUR_US, dict.fromkeys(ACTORS), named.value)
    reported_us = case.clocks.first_sighting_us
    zero_hour = reported_us // HOUR_US - 7 * 24

    def told():
        shown = desk.cases.case(case.id)
        (fact,) = publishing.facts(Kind.PICTURE).cases
        moments = {moment.what: moment.at_us for moment in desk.timeline(case.id)}
        with reading(desk.engine) as connection:
            (of_lead,) = hours_of_leads(connection, [(shown.facts.first_hour, [named])])
        return {
            desk.first_sighting(shown),
            dict(desk.times.clock(wanted).steps)["first_sighting"],
            dict(publishing.facts(Kind.PICTURE).indicators[0].steps)["first_sighting"],
            moments["first-sighting"],
            fact.first_sighting_us,
            desk.nis2_facts(case.id, ACTORS[0], UTC).first_us,
            of_lead * HOUR_US,
        }

    assert told() == {reported_us}
    with desk.engine.begin() as tx:
        for kind, hour, bucket in (("retro", zero_hour, 1), ("seen", zero_hour + 9, 1), ("retro", 1, 0)):
            tx.execute(
                insert(OBSERVED).values(
                    indicator_id=wanted,
                    actor=ACTORS[1 + bucket],
                    kind=kind,
                    count_bucket=bucket,
                    first_hour=hour,
                    last_hour=hour,
                    received_us=NOW_US,
                )
            )
    assert told() == {zero_hour * HOUR_US}, "and what is not met at all moves nothing"
    says = [moment.text.en for moment in desk.timeline(case.id) if moment.what == "sighting"]
    assert sum(text.startswith("found in own history") for text in says) == 2
    assert sum(text.startswith("met since it was released") for text in says) == 1
