"""The benchmark out of a centre's own tables: the right figures, drawn once, the same for everybody, naming nobody."""

import json
from dataclasses import asdict

import pytest
from sqlalchemy import delete, insert, select, update

from bavn.centre.books import tables as t
from bavn.centre.cases import audit
from bavn.centre.cases.case.work_tables import TASK
from bavn.centre.cases.questions import ANSWER, QUESTION, TO
from bavn.centre.cases.tables import AUDIT
from bavn.centre.cases.warnings.tables import WARNED, WARNING, make_warning_tables
from bavn.centre.desk.benchmarking import Benchmarking, NotMade, TooFew
from bavn.centre.desk.counts import keep_counts
from bavn.centre.desk.desk import Desk
from bavn.centre.desk.measuring import measured, members_in
from bavn.centre.desk.publishing import Publishing, PublishTerms
from bavn.centre.members.registry import Registry, UnknownActor
from bavn.centre.members.tables import ACTOR, CERTIFICATE
from bavn.centre.publish.benchmarks import ACT, Spent
from bavn.centre.publish.build import period_of
from bavn.centre.publish.codec import document_text
from bavn.centre.publish.document import Figure, Kind
from bavn.centre.publish.quartiles import EPSILON
from bavn.centre.publish.tables import BENCHMARK
from bavn.centre.share.tables import DELIVERY, RECEIPT
from bavn.model.intel.indicator import Tlp
from bavn.model.moment import DAY_US, HOUR_US, MINUTE_US
from bavn.model.ports import NoiseDown
from bavn.model.principal import account
from bavn.model.received import Counted, NodeHealth
from bavn.model.sector.tally import BLOCKED, TECHNIQUES
from bavn.rehearsal.clock import SimClock
from bavn.rehearsal.noise import SeededNoise
from bavn.traffic.dice import SeededDice

NOW_US = 1_790_000_000_000_000
ACTORS = tuple(f"klinik-{letter}" for letter in "abcdefghij")
MONTH = period_of(Kind.BRIEF, "2026-08", NOW_US)


class Counting:
    """Noise that counts how often it is drawn."""

    def __init__(self, seed=1):
        self.times, self._noise = 0, SeededNoise(SeededDice(seed))

    def __call__(self, counts, sensitivity, epsilon, /):
        self.times += 1
        return self._noise(counts, sensitivity, epsilon)


@pytest.fixture
def house(databases):
    engine, clock = databases.new(), SimClock(NOW_US)
    registry = Registry(engine, clock)
    for name in ACTORS:
        registry.add(name, "clinic")
    desk = Desk(engine, clock, registry)
    make_warning_tables(engine)
    with engine.begin() as tx:
        tx.execute(update(ACTOR).values(state="active"))
        for name in ACTORS:
            enrol(tx, name, MONTH.first_us - DAY_US)
    yield desk, Benchmarking(desk, clock), clock
    databases.free(engine)


def enrol(tx, name, at_us):
    tx.execute(
        insert(CERTIFICATE).values(
            fingerprint=f"{name}/{at_us}",
            actor=name,
            issued_us=at_us,
            not_before_us=at_us,
            not_after_us=at_us + 90 * DAY_US,
        )
    )


def give(tx, indicator, actor, at_us, *, state=None, after_us=0, rule="", version=1):
    tx.execute(
        insert(DELIVERY).values(
            indicator_id=indicator,
            version=version,
            actor=actor,
            kind="release",
            status="queued",
            rule="",
            try_us=0,
            queued_us=at_us,
        )
    )
    if state is not None:
        tx.execute(
            insert(RECEIPT).values(
                indicator_id=indicator,
                actor=actor,
                version=version,
                state=state,
                enforcers="[]",
                rule=rule,
                first_us=at_us + after_us,
                last_us=at_us + after_us,
            )
        )


def of(desk, measure, month=MONTH):
    return {actor: values[measure] for actor, values in measured(desk, month).items() if measure in values}


def test_time_to_block_and_share_in_force(house) -> None:
    desk, _, _ = house
    in_month = MONTH.first_us + DAY_US
    with desk.engine.begin() as tx:
        for at, minutes in enumerate((2, 10, 50)):
            give(tx, f"i-{at}", "klinik-a", in_month, state="enforced", after_us=minutes * MINUTE_US)
        give(tx, "i-3", "klinik-a", in_month, state="refused", rule="policy")
        give(tx, "i-4", "klinik-a", in_month, state="refused", rule="carried")
        give(tx, "i-5", "klinik-a", MONTH.first_us - 1, state="enforced", after_us=HOUR_US)
        give(tx, "i-5", "klinik-a", in_month, version=2)  # refreshed: it was given before
        give(tx, "i-0", "klinik-b", in_month)
        give(tx, "i-0", "klinik-c", MONTH.end_us, state="enforced", after_us=1)
        give(tx, "i-0", "klinik-d", in_month, state="partly", after_us=3 * MINUTE_US)
    assert of(desk, "block") == {"klinik-a": 10.0, "klinik-d": 3.0}
    assert of(desk, "enforced") == {"klinik-a": 75.0, "klinik-b": 0.0, "klinik-d": 100.0}
    everybody = measured(desk, MONTH)
    assert all(measured(desk, MONTH, name) == {name: everybody[name]} for name in ACTORS)


def test_deadlines_of_tasks_warnings_and_questions_that_passed_in_the_month(house) -> None:
    desk, _, _ = house
    given = MONTH.first_us + DAY_US
    task = {
        "case_id": "case-1",
        "kind": "task",
        "body": "",
        "by_user": "Anna Berg",
        "given_us": given,
        "answer": "",
        "acknowledge_hours": 1,
        "applies_hours": 2,
        "done_hours": 3,
        "acknowledged_us": None,
        "judged_us": None,
        "done_us": None,
        "state": "open",
    }
    met = {"acknowledged_us": given + HOUR_US, "judged_us": given + 9 * HOUR_US, "done_us": given + 3 * HOUR_US}
    with desk.engine.begin() as tx:
        tx.execute(insert(TASK).values(**task | met | {"id": "1", "actor": "klinik-a", "state": "done"}))
        tx.execute(insert(TASK).values(**task | {"id": "2", "actor": "klinik-b"}))
        tx.execute(insert(TASK).values(**task | {"id": "3", "actor": "klinik-c", "state": "cancelled"}))
        one = {"acknowledged_us": given, "judged_us": given, "state": "not-applicable"}
        tx.execute(insert(TASK).values(**task | one | {"id": "4", "actor": "klinik-d"}))
        tx.execute(insert(TASK).values(**task | {"id": "5", "actor": "klinik-e", "given_us": MONTH.end_us}))
        for at, (state, due_us) in enumerate([("sent", given), ("withdrawn", given), ("sent", MONTH.end_us)]):
            tx.execute(
                insert(WARNING).values(
                    id=f"w{at}",
                    state=state,
                    version=1,
                    source="hand",
                    ref="",
                    tlp_min="",
                    pap_max=2,
                    content="",
                    address="",
                    by_user=account("Anna Berg"),
                    sent_us=given,
                    acknowledge_us=due_us,
                    until_us=due_us,
                    changed_us=given,
                )
            )
            tx.execute(
                insert(WARNED).values(
                    warning_id=f"w{at}",
                    actor="klinik-f",
                    version=1,
                    status="queued",
                    rule="",
                    try_us=0,
                    told_us=given,
                    answer="",
                    acknowledged_us=given - 1,
                    answered_us=None,
                )
            )
        body = {"until_us": given, "observables": [["domain", "a.example"], ["domain", "b.example"]]}
        tx.execute(insert(QUESTION).values(id="q", body=json.dumps(body), asked_us=given - DAY_US))
        for actor, answers in (("klinik-g", 2), ("klinik-h", 1), ("klinik-i", 0)):
            tx.execute(insert(TO).values(question_id="q", actor=actor, sent=actor != "klinik-i", rule=""))
            for number in range(answers):
                tx.execute(
                    insert(ANSWER).values(
                        question_id="q",
                        actor=actor,
                        number=number,
                        state="declined",
                        count_bucket=0,
                        first_hour=None,
                        last_hour=None,
                        days=0,
                        received_us=given - 1,
                    )
                )
    kept = {actor: round(share, 1) for actor, share in of(desk, "deadlines").items()}
    assert kept == {"klinik-a": 66.7, "klinik-b": 0, "klinik-d": 100, "klinik-f": 100, "klinik-g": 100, "klinik-h": 0}


def test_canary_days_coverage_and_noisy_counts(house) -> None:
    desk, _, _ = house
    end = MONTH.end_us // DAY_US
    with desk.engine.begin() as tx:
        for back in range(1, 31):
            for link, state in (("sensor", "passed"), ("block", "not-covered")):
                bad = back % 4 == 0 and link == "sensor"
                tx.execute(
                    insert(t.CANARY_LINK).values(
                        actor="klinik-a", day=end - back, link=link, took=None, why="", state="failed" if bad else state
                    )
                )
        tx.execute(
            insert(t.CANARY_LINK).values(
                actor="klinik-b", day=end - 1, link="sensor", took=None, why="", state="not-covered"
            )
        )
        health = NodeHealth(
            item_id="",
            actor="klinik-a",
            version="1",
            sensor="up",
            capture_loss_permille=0,
            clock_skew_s=0,
            queue_messages=0,
            last_round=None,
            received_us=NOW_US,
            records=("dns",),
        )
        tx.execute(insert(t.HEALTH).values(actor="klinik-a", received_us=NOW_US, body=json.dumps(asdict(health))))
    for actor, days in (("klinik-a", 10), ("klinik-b", 3)):
        for back in range(1, days + 1):
            keep_counts(
                desk.engine,
                Counted(
                    item_id="",
                    actor=actor,
                    day=end - back,
                    vocabulary=1,
                    epsilon_milli=1000,
                    cell_max=1000,
                    by_technique=(2,) * len(TECHNIQUES),
                    blocked=(5,) * len(BLOCKED),
                    received_us=NOW_US,
                ),
            )
    assert of(desk, "canary") == {"klinik-a": 75.0, "klinik-b": 0.0}
    assert of(desk, "suspected") == {"klinik-a": 2.0 * len(TECHNIQUES)}
    seen = of(desk, "coverage")
    assert 0 < seen["klinik-a"] < 100
    assert {seen[name] for name in ACTORS[1:]} == {0.0}


def test_it_is_drawn_once_for_everybody_and_asking_again_costs_nothing(house) -> None:
    desk, benchmarking, clock = house
    noise = Counting()
    first = benchmarking.beside("klinik-a", "", noise)
    with desk.engine.begin() as tx:  # what comes later moves nothing of it
        for name in ACTORS:
            give(tx, "i-1", name, MONTH.first_us, state="enforced", after_us=1)
    other = benchmarking.beside("klinik-b", "2026-08", noise)
    again = Benchmarking(desk, clock).beside("", "2026-08", Counting(2))
    assert first.sector == other.sector == again.sector
    assert noise.times == 1
    assert (first.sector.groups, first.sector.epsilon, first.sector.year_epsilon) == (10, 6.0, EPSILON)
    (line,) = [one for one in audit.every(desk.engine) if one.act == ACT]
    assert (line.who, line.subject) == ("centre", "benchmark-2026-08")
    assert audit.verify(desk.engine) is None
    clock.advance(31 * DAY_US)
    later = benchmarking.beside("klinik-a", "", noise)
    assert (noise.times, later.sector.month, later.sector.year_epsilon) == (2, "2026-09", 2 * EPSILON)
    assert benchmarking.beside("klinik-a", "2026-08", noise).sector == first.sector
    assert not {"canary", "coverage"} & set(benchmarking.beside("klinik-a", "2026-08", noise).own)


def test_actors_of_one_operator_count_once_and_few_groups_are_told_nothing(house) -> None:
    desk, benchmarking, _ = house
    noise = Counting()
    with desk.engine.begin() as tx:
        tx.execute(update(ACTOR).where(ACTOR.c.name.in_(ACTORS[:4])).values(group="shared-it"))
    with pytest.raises(TooFew, match="7 groups"):
        benchmarking.beside("klinik-a", "", noise)
    with desk.engine.begin() as tx:
        tx.execute(update(ACTOR).where(ACTOR.c.name == ACTORS[0]).values(group=ACTORS[0]))
        tx.execute(delete(CERTIFICATE).where(CERTIFICATE.c.actor == ACTORS[9]))
        enrol(tx, ACTORS[9], MONTH.first_us + 1)
    with pytest.raises(TooFew, match="7 groups"):
        benchmarking.beside("klinik-a", "", noise)
    assert len(members_in(desk, MONTH)) == 9
    assert noise.times == 0
    with desk.engine.connect() as tx:
        assert tx.execute(select(BENCHMARK)).all() == []


@pytest.mark.parametrize("harm", ["gone", "changed", "unaudited"])
def test_a_release_that_was_tampered_with_is_neither_shown_nor_drawn_again(house, harm) -> None:
    desk, benchmarking, clock = house
    noise = Counting()
    benchmarking.beside("klinik-a", "", noise)
    with desk.engine.begin() as tx:
        if harm == "gone":
            tx.execute(delete(BENCHMARK))
        elif harm == "changed":
            tx.execute(update(BENCHMARK).values(cells=json.dumps([100] * 48)))
        else:
            tx.execute(delete(AUDIT).where(AUDIT.c.act == ACT))
    with pytest.raises(Spent, match="2026-08"):
        benchmarking.beside("klinik-a", "", noise)
    assert noise.times == 1
    publishing = Publishing(desk, clock, PublishTerms(sector="sector"))
    assert publishing.facts(Kind.PICTURE).quartiles is None


def test_two_that_ask_at_once_get_the_same_and_it_is_charged_once(house) -> None:
    desk, benchmarking, clock = house
    second = Benchmarking(desk, clock)

    def meanwhile(counts, sensitivity, epsilon, /):
        second.beside("klinik-b", "", Counting(2))
        return Counting(1)(counts, sensitivity, epsilon)

    assert benchmarking.beside("klinik-a", "", meanwhile).sector == second.beside("", "", Counting(3)).sector
    assert len([one for one in audit.every(desk.engine) if one.act == ACT]) == 1


def test_what_cannot_be_asked(house, monkeypatch) -> None:
    desk, benchmarking, _ = house
    noise = Counting()

    def down(*_):
        raise NoiseDown("no memory")

    with pytest.raises(NoiseDown):
        benchmarking.beside("klinik-a", "", down)
    with pytest.raises(UnknownActor):
        benchmarking.beside("region-nowhere", "", noise)
    with pytest.raises(NotMade):
        benchmarking.beside("klinik-a", "2026-07", noise)
    for month in ("2026-09", "2026-13", "now", "2026-08\n"):
        with pytest.raises(ValueError, match=r"not over|is named"):
            benchmarking.beside("klinik-a", month, noise)
    assert noise.times == 0
    benchmarking.beside("klinik-a", "", noise)
    with monkeypatch.context() as patch:
        patch.setattr("bavn.centre.desk.benchmarking.VOCABULARY", 9)
        with pytest.raises(ValueError, match="another version"):
            benchmarking.beside("klinik-a", "", noise)
    with desk.engine.begin() as tx:
        tx.execute(update(BENCHMARK).values(vocabulary=9))
    with pytest.raises(Spent):
        benchmarking.beside("klinik-a", "", noise)


def test_the_page_names_its_actor_alone_and_the_picture_none(house) -> None:
    desk, benchmarking, clock = house
    with desk.engine.begin() as tx:
        for at, name in enumerate(ACTORS):
            give(tx, "i-1", name, MONTH.first_us, state="enforced", after_us=(at + 1) * 7 * MINUTE_US)
    publishing = Publishing(desk, clock, PublishTerms(sector="sector"))
    assert publishing.facts(Kind.PICTURE).quartiles is None
    page = publishing.benchmark(benchmarking.beside("klinik-c", "", Counting()))
    said = document_text(page)
    assert page.tlp is Tlp.AMBER_STRICT
    assert "21 min" in said
    assert [name for name in ACTORS if name in said] == ["klinik-c"]
    sector = publishing.benchmark(benchmarking.beside("", "", Counting()))
    picture = publishing.built(Kind.PICTURE)
    assert sector.tlp is Tlp.GREEN
    for one in (sector, picture):
        assert not [name for name in ACTORS if name in document_text(one)]
        figures = [block for section in one.sections for block in section.blocks if isinstance(block, Figure)]
        assert "quartiles" in [figure.id for figure in figures]
    told = next(block for block in sector.sections[0].blocks if isinstance(block, Figure))
    assert all(len(row.values) == 6 for row in told.rows)
