"""The roll-out: no step without what it needs, one truth with the registry, and a way out that is proved."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import insert, select

from bavn.centre.books.schema import METADATA
from bavn.centre.books.tables import COUNTS, HEALTH, make_missing
from bavn.centre.cases import audit
from bavn.centre.cases.two_people import NotAllowed
from bavn.centre.desk.leaving import DELETED, KEPT, Leaving, StillHere
from bavn.centre.desk.membership import Membership
from bavn.centre.desk.rolling import Blocked, Entry, RollOut
from bavn.centre.members import rollout
from bavn.centre.members.authority import Authority
from bavn.centre.members.enrolment import Application, Enrolment
from bavn.centre.members.registry import NotInState, Registry
from bavn.centre.members.roles import Roles
from bavn.centre.members.rollout import BadEntry, UnknownParty
from bavn.centre.members.signed import record_of
from bavn.centre.members.terms import BadTerms, Signing, Terms
from bavn.centre.node.build import Questions
from bavn.centre.store.engine import reading, writing
from bavn.model.moment import DAY_US
from bavn.model.principal import account
from bavn.model.sector.member import ActorState
from bavn.model.sector.rollout import Need, NoSuchStep, RolloutAct, Stage, Wait
from bavn.rehearsal.clock import SimClock
from bavn.traffic.dice import SeededDice
from bavn.wire.enrol import NodeKeys

START_US = 20_000 * DAY_US
ANNA = account("Anna Berg")
TERMS = Terms(
    purpose_en="Protect the sector.",
    purpose_da="Beskyt sektoren.",
    legal_basis="NIS2, article 29",
    classes=("S0", "S1", "S4"),
    retention_days=180,
    valid_days=400,
)
SIGNED = Signing(signed_by=account("Bo Lund"), as_what="director", day="2024-10-04", document="ab" * 32)


class House:
    """A centre's members and roll-out on one database."""

    def __init__(self, engine) -> None:
        for metadata in METADATA:
            make_missing(engine, metadata)
        self.clock = SimClock(START_US)
        self.key = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
        self.registry = Registry(engine, self.clock)
        authority = Authority.make("test", self.clock.now_us(), SeededDice(1, "ca"))
        self.enrolment = Enrolment(self.registry, authority, self.clock, SeededDice(1, "enrol"))
        self.roles = Roles(self.registry, self.clock)
        Questions(engine, self.clock)
        self.members = Membership(self.registry, self.enrolment, self.roles, self.clock)
        self.rolling = RollOut(self.registry, self.members, self.clock, self.key)
        self.queue = {"waiting": 0, "cleared": 3}
        self.leaving = Leaving(
            self.registry,
            self.clock,
            self.key,
            "test",
            waiting=lambda _: self.queue["waiting"],
            clear=lambda _: self.queue["cleared"],
        )

    def move(self, actor, *acts, evidence="cd" * 32):
        for act in acts:
            by_hand = bool(evidence) and act in ("accept", "prove")
            self.rolling.move(actor, RolloutAct(act), ANNA, "agreed upon", evidence, by_hand=by_hand)

    def agreed(self, actor, **more):
        self.rolling.register([Entry(actor=actor, **more)], ANNA)
        if not self.rolling.records("terms"):
            self.rolling.publish_terms(TERMS, ANNA, "first terms")
        self.rolling.sign(actor, SIGNED, ANNA)
        self.move(actor, "plan", "agree")

    def enrol(self, actor, seed=1):
        token = self.members.invite(actor, ANNA)
        asked = NodeKeys.make(actor, SeededDice(seed, actor)).ask(token)
        return self.enrolment.enrol(Application(**asked.model_dump()))

    def stage(self, actor):
        return self.rolling.stand(actor).party.stage


@pytest.fixture
def house(databases):
    engine = databases.new()
    yield House(engine)
    engine.dispose()


def test_an_actor_comes_all_the_way_in_and_each_step_is_kept(house) -> None:
    house.agreed("region-a", kind="region", functions=("emergency",), suppliers=("acme",), group="shared")
    assert house.registry.actor("region-a") is None
    house.enrol("region-a")
    assert house.stage("region-a") is Stage.ENROLLED
    house.move("region-a", "accept", "try", "prove", "operate")
    assert house.stage("region-a") is Stage.OPERATING
    moves = house.rolling.stand("region-a").moves
    assert [(move.act.value, move.by) for move in moves] == [
        ("plan", ANNA),
        ("agree", ANNA),
        ("enrol", "centre"),
        ("accept", ANNA),
        ("try", ANNA),
        ("prove", ANNA),
        ("operate", ANNA),
    ]
    member = house.registry.actor("region-a")
    assert (member.kind, member.group) == ("region", "shared")
    assert house.roles.every()["region-a"].functions == ("emergency",)
    assert house.roles.every()["region-a"].suppliers == ("acme",)
    acts = [line.act for line in audit.lines(house.rolling.engine, subject="rollout/region-a")]
    assert acts[-4:] == ["rollout-accept", "rollout-try", "rollout-prove", "rollout-operate"]
    assert audit.verify(house.rolling.engine) is None


def test_no_step_is_taken_without_what_it_needs(house) -> None:
    house.rolling.register([Entry(actor="region-a")], ANNA)
    house.move("region-a", "plan")
    with pytest.raises(Blocked, match="agreement"):
        house.move("region-a", "agree")
    with pytest.raises(NotInState, match="when its agreement is signed"):
        house.members.invite("region-a", ANNA)
    house.rolling.publish_terms(TERMS, ANNA, "first")
    house.rolling.sign("region-a", SIGNED, ANNA)
    house.move("region-a", "agree")
    with pytest.raises(Blocked, match="no step by hand"):
        house.move("region-a", "enrol")
    with pytest.raises(NoSuchStep, match="possible: enrol, leave"):
        house.move("region-a", "accept")
    house.enrol("region-a")
    with pytest.raises(Blocked, match="protocol"):
        house.move("region-a", "accept", evidence="")
    assert house.rolling.stand("region-a").missing == (Need.PROTOCOL,)
    with pytest.raises(NotAllowed):
        house.rolling.move("region-a", RolloutAct.ACCEPT, "", "x", "ab" * 32)
    with pytest.raises(ValueError, match="say why"):
        house.rolling.move("region-a", RolloutAct.ACCEPT, ANNA, " ", "ab" * 32)
    with pytest.raises(UnknownParty):
        house.move("nobody-x", "plan")
    house.clock.advance(500 * DAY_US)
    house.move("region-a", "accept")
    with pytest.raises(Blocked, match="agreement"):  # it has run out
        house.move("region-a", "try")


def test_who_waits_for_another_comes_no_further_before_it_and_the_one_in_the_way_is_named(house) -> None:
    house.agreed("clinic-c")
    house.agreed("it-a", kind="it-centre")
    house.agreed("clinic-d")
    house.rolling.wait(Wait("clinic-c", Stage.ACCEPTED, "it-a", Stage.ENROLLED), ANNA, "one network")
    house.rolling.wait(Wait("clinic-d", Stage.ENROLLED, "clinic-c", Stage.ACCEPTED), ANNA, "one network")
    house.enrol("clinic-c")
    with pytest.raises(Blocked, match=r"it-a \(enrolled\)"):
        house.move("clinic-c", "accept")
    assert house.rolling.stand("it-a").holds_up == ("clinic-c", "clinic-d")
    assert [wait.other for wait in house.rolling.stand("clinic-c").unmet] == ["it-a"]
    with pytest.raises(BadEntry, match="wait for each other"):
        house.rolling.wait(Wait("it-a", Stage.PLANNED, "clinic-d", Stage.ENROLLED), ANNA, "circle")
    assert len(house.rolling.waits()) == 2
    house.enrol("it-a")
    house.move("clinic-c", "accept")
    assert house.rolling.stand("it-a").holds_up == ()


def test_suspending_is_one_act_with_the_registry_from_either_side(house) -> None:
    house.agreed("region-a")
    house.enrol("region-a")
    house.move("region-a", "accept", "try", "suspend")
    assert house.registry.actor("region-a").state is ActorState.SUSPENDED
    house.members.resume("region-a", ANNA, "mended")
    assert house.stage("region-a") is Stage.TRIAL
    house.members.suspend("region-a", ANNA, "again")
    house.move("region-a", "resume")
    assert house.registry.actor("region-a").state is ActorState.ACTIVE
    assert house.stage("region-a") is Stage.TRIAL


def test_days_are_planned_in_order_and_the_first_plan_stays_on_record(house) -> None:
    house.rolling.register([Entry(actor="region-a")], ANNA)
    house.rolling.plan("region-a", Stage.TRIAL, 20_050, ANNA, "steering group")
    house.rolling.plan("region-a", Stage.TRIAL, 20_080, ANNA, "the supplier is late")
    (planned,) = house.rolling.stand("region-a").plan
    assert (planned.day, planned.first_day) == (20_080, 20_050)
    with pytest.raises(BadEntry, match="before it comes to trial"):
        house.rolling.plan("region-a", Stage.OPERATING, 20_079, ANNA, "too early")
    with pytest.raises(BadEntry, match="what is planned"):
        house.rolling.plan("region-a", Stage.SUSPENDED, 20_100, ANNA, "no")
    house.rolling.register([Entry(actor="region-a", plan={Stage.TRIAL: 20_200, Stage.OPERATING: 20_300})], ANNA)
    assert [one.day for one in house.rolling.stand("region-a").plan] == [20_200, 20_300]


def test_members_from_before_the_register_are_adopted_as_they_stand(house) -> None:
    house.registry.add("old-one", "agency", "host-x")
    house.enrol("old-one")
    house.registry.add("invited-one", "clinic")
    assert house.rolling.stands() == ([], ["invited-one", "old-one"])
    assert house.rolling.adopt(ANNA, "the register begins") == ["invited-one", "old-one"]
    assert house.stage("old-one") is Stage.OPERATING
    assert house.stage("invited-one") is Stage.AGREEMENT
    assert house.registry.actor("old-one").group == "host-x"
    assert house.rolling.adopt(ANNA, "again") == []


def test_an_agreement_is_a_signed_record_that_names_the_terms_it_is_on(house) -> None:
    house.rolling.register([Entry(actor="region-a")], ANNA)
    with pytest.raises(BadTerms, match="no terms"):
        house.rolling.sign("region-a", SIGNED, ANNA)
    terms = house.rolling.publish_terms(TERMS, ANNA, "first")
    made = house.rolling.sign("region-a", SIGNED, ANNA)
    assert (made.fields["terms"], made.fields["terms_sha256"], made.fields["document"]) == (1, terms.digest, "ab" * 32)
    again = record_of(made.text())
    assert again.holds(house.key.public_key().public_bytes_raw().hex())
    assert not record_of(made.text().replace(account("Bo Lund"), "Bo Lind")).holds()
    assert not again.holds("00" * 32)
    house.rolling.publish_terms(TERMS, ANNA, "second")
    stands = house.rolling.stand("region-a").agreement
    assert (stands.version, stands.current) == (1, 2)
    with pytest.raises(BadTerms, match="not here yet"):
        house.rolling.sign(
            "region-a", Signing(signed_by="x y", as_what="z", day="2099-01-01", document="ab" * 32), ANNA
        )


def test_leaving_deletes_what_the_centre_holds_of_it_and_of_nobody_else_and_proves_it(house) -> None:
    for name in ("region-a", "region-b"):
        house.agreed(name, functions=("surgery",))
        house.enrol(name)
        with writing(house.rolling.engine) as tx:
            tx.execute(insert(HEALTH).values(actor=name, received_us=1, body="{}"))
            columns = {"actor": name, "day": 1, "kind": "suspected"}
            given = {column.name: columns.get(column.name, 1) for column in COUNTS.columns}
            tx.execute(insert(COUNTS).values(**given))
    with pytest.raises(NoSuchStep):
        house.leaving.delete("region-a", ANNA, "too early")
    house.move("region-a", "leave")
    assert house.registry.actor("region-a").state is ActorState.REVOKED
    house.queue["waiting"] = 2
    with pytest.raises(StillHere, match="2 messages"):
        house.leaving.delete("region-a", ANNA, "it left")
    house.queue["waiting"] = 0
    proof = house.leaving.delete("region-a", ANNA, "it left")
    assert house.stage("region-a") is Stage.LEFT
    assert proof.holds(house.key.public_key().public_bytes_raw().hex())
    rows = {one["table"]: one["rows"] for one in proof.fields["deleted"]}
    assert (rows["node_health"], rows["sector_counts"], rows["member_role"], rows["outbox"]) == (1, 1, 1, 3)
    with reading(house.rolling.engine) as tx:
        for one in DELETED:
            left = {row[0] for row in tx.execute(select(one.table.c[one.column]))}
            assert "region-a" not in left, one.table.name
        assert list(tx.scalars(select(HEALTH.c.actor))) == ["region-b"]
    lines = audit.lines(house.rolling.engine, subject="rollout/region-a")
    assert proof.fields["audit_hash"] == next(one for one in lines if one.seq == proof.fields["audit_seq"]).hash
    moved = house.rolling.stand("region-a").moves[-1]
    assert (moved.to, moved.evidence) == (Stage.LEFT, proof.digest)


def test_who_left_comes_back_by_a_new_agreement_alone(house) -> None:
    house.agreed("region-a")
    house.enrol("region-a")
    house.move("region-a", "leave")
    house.leaving.delete("region-a", ANNA, "it left")
    with pytest.raises(NotInState):
        house.members.invite("region-a", ANNA)
    house.move("region-a", "return", "plan")
    with pytest.raises(Blocked, match="agreement"):
        house.move("region-a", "agree")
    house.clock.advance(DAY_US)
    house.rolling.sign("region-a", SIGNED, ANNA)
    house.move("region-a", "agree")
    house.enrol("region-a", seed=2)
    assert house.stage("region-a") is Stage.ENROLLED


def test_every_table_that_names_an_actor_is_deleted_from_or_kept_with_a_reason() -> None:
    naming = {
        table.name
        for metadata in METADATA
        for table in metadata.tables.values()
        if "actor" in table.c or any("member_actor" in str(key.target_fullname) for key in table.foreign_keys)
    }
    assert naming == {one.table.name for one in DELETED} | set(KEPT)
    assert not {one.table.name for one in DELETED} & set(KEPT)


def test_a_register_is_written_whole_or_not_at_all(house) -> None:
    good = Entry(actor="region-a", kind="region")
    for bad in (
        Entry(actor="Region B"),
        Entry(actor="region-b", kind="kingdom"),
        Entry(actor="region-b", region="Nord!"),
        Entry(actor="region-b", functions=("juggling",)),
        Entry(actor="region-b", contact="no mailbox"),
        Entry(actor="region-b", waits=(Wait("region-b", Stage.TRIAL, "nobody-x", Stage.TRIAL),)),
    ):
        with pytest.raises((BadEntry, ValueError, UnknownParty)):
            house.rolling.register([good, bad], ANNA)
        assert house.rolling.stands()[0] == []
    with reading(house.rolling.engine) as tx:
        assert rollout.parties(tx) == []
