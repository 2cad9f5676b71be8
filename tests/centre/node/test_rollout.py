"""The roll-out: no state without what it needs, and a way out that is proved."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import insert, select

from bavn.centre.books.schema import METADATA
from bavn.centre.books.tables import COUNTS, HEALTH, make_missing
from bavn.centre.cases import audit
from bavn.centre.cases.two_people import NotAllowed
from bavn.centre.desk.agreements import Agreements
from bavn.centre.desk.leaving import DELETED, KEPT, Leaving, StillHere
from bavn.centre.desk.membership import Membership
from bavn.centre.desk.rollout import Blocked, Rollout
from bavn.centre.members import rollout
from bavn.centre.members.authority import Authority
from bavn.centre.members.enrolment import Application, Enrolment
from bavn.centre.members.registry import NotInState, Registry, UnknownActor
from bavn.centre.members.roles import Roles
from bavn.centre.members.rollout import BadEntry, RolloutRow
from bavn.centre.members.signed import record_of
from bavn.centre.members.terms import BadTerms, Signing, Terms
from bavn.centre.node.build import Questions
from bavn.centre.store.engine import reading, writing
from bavn.model.moment import DAY_US
from bavn.model.principal import account
from bavn.model.sector.member import ActorState
from bavn.model.sector.rollout import NEEDS, STATES, Need, RolloutState, may_come
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
        self.engine, self.clock = engine, SimClock(START_US)
        self.key = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
        self.registry = Registry(engine, self.clock)
        authority = Authority.make("test", self.clock.now_us(), SeededDice(1, "ca"))
        self.enrolment = Enrolment(self.registry, authority, self.clock, SeededDice(1, "enrol"))
        Questions(engine, self.clock)
        self.members = Membership(self.registry, self.enrolment, Roles(self.registry, self.clock), self.clock)
        self.rollout = Rollout(self.registry, self.clock)
        self.agreements = Agreements(self.registry, self.clock, self.key)
        self.queue = {"waiting": 0, "cleared": 3}
        self.leaving = Leaving(
            self.registry,
            self.clock,
            self.key,
            "test",
            waiting=lambda _: self.queue["waiting"],
            clear=lambda _: self.queue["cleared"],
        )

    def come(self, actor, *states):
        for state in states:
            self.rollout.change(actor, ANNA, "agreed upon", state=RolloutState(state))

    def put(self, actor, state):
        """Without what the state needs."""
        with writing(self.engine) as tx:
            rollout.keep(tx, RolloutRow(actor=actor, state=RolloutState(state), since_us=self.clock.now_us()))

    def agreed(self, actor):
        self.come(actor, "planned")
        if not self.agreements.records("terms"):
            self.agreements.publish_terms(TERMS, ANNA, "first terms")
        self.agreements.sign(actor, SIGNED, ANNA)

    def enrol(self, actor, seed=1):
        token = self.members.invite(actor, ANNA)
        asked = NodeKeys.make(actor, SeededDice(seed, actor)).ask(token)
        return self.enrolment.enrol(Application(**asked.model_dump()))

    def line(self, actor):
        return next(line for line in self.rollout.lines() if line.actor == actor)


@pytest.fixture
def house(databases):
    engine = databases.new()
    yield House(engine)
    engine.dispose()


def test_a_state_follows_the_one_before_and_every_table_of_an_actor_is_kept_or_deleted() -> None:
    ways = {(one.value, to.value) for one in RolloutState for to in RolloutState if may_come(one, to)}
    assert {to for here, to in ways if here == "planned"} == {"planned", "testing", "leaving"}
    assert {to for here, to in ways if here == "accepted"} == {"planned", "testing", "accepted", "live", "leaving"}
    assert {to for here, to in ways if here == "leaving"} == {"planned", "leaving"}
    assert (set(STATES), set(NEEDS)) == (set(RolloutState), set(Need))
    naming = {
        table.name
        for metadata in METADATA
        for table in metadata.tables.values()
        if "actor" in table.c or any("member_actor" in str(key.target_fullname) for key in table.foreign_keys)
    }
    assert naming == {one.table.name for one in DELETED} | set(KEPT)
    assert not {one.table.name for one in DELETED} & set(KEPT)


def test_no_state_is_reached_without_what_it_needs(house) -> None:
    house.come("region-a", "planned")
    with pytest.raises(Blocked, match="agreement, certificate"):
        house.come("region-a", "testing")
    with pytest.raises(NotInState, match="when its agreement is signed"):
        house.members.invite("region-a", ANNA)
    house.agreed("region-a")
    assert house.line("region-a").missing == (Need.CERTIFICATE,)
    house.enrol("region-a")
    with pytest.raises(Blocked, match="comes to accepted after testing"):
        house.come("region-a", "accepted")
    house.come("region-a", "testing")
    with pytest.raises(Blocked, match="protocol"):
        house.come("region-a", "accepted")
    with pytest.raises(NotAllowed):
        house.rollout.change("region-a", "", "x", day="2026-12-01")
    with pytest.raises(ValueError, match="say why"):
        house.rollout.change("region-a", ANNA, " ", day="2026-12-01")
    house.put("region-a", "accepted")
    house.clock.advance(500 * DAY_US)
    with pytest.raises(Blocked, match="agreement, protocol"):  # it has run out
        house.come("region-a", "live")
    assert audit.verify(house.engine) is None


def test_a_row_holds_what_was_said_of_it_and_refuses_what_it_cannot_hold(house) -> None:
    given = {"day": "2026-12-01", "group": "wave-2", "region": "nord", "waits_for": "the network of it-nord"}
    house.rollout.change("region-a", ANNA, "steering group", **given)
    house.rollout.change("region-a", ANNA, "moved", day="")
    line = house.line("region-a")
    assert (line.state, line.day, line.group, line.region) == (RolloutState.PLANNED, "", "wave-2", "nord")
    assert line.waits_for == "the network of it-nord"
    assert rollout.regions(house.engine) == {"region-a": "nord"}
    for bad in ({"day": "tomorrow"}, {"group": "Wave 2"}, {"region": "Nord!"}, {"waits_for": "x" * 201}):
        with pytest.raises(BadEntry):
            house.rollout.change("region-a", ANNA, "no", **bad)
    with pytest.raises(BadEntry):
        house.rollout.change("Region B", ANNA, "no")
    lines = audit.lines(house.engine, subject="rollout/region-a")
    assert [one.act for one in lines] == ["rollout-set", "rollout-set"]


def test_a_member_without_a_row_is_on_the_list_until_it_is_shut_out(house) -> None:
    house.registry.add("old-one", "agency", "host-x")
    assert [(line.actor, line.state, line.member) for line in house.rollout.lines()] == [
        ("old-one", None, ActorState.INVITED)
    ]
    house.members.revoke("old-one", ANNA, "gone")
    assert house.rollout.lines() == []


def test_an_agreement_is_a_signed_record_that_names_the_terms_it_is_on(house) -> None:
    with pytest.raises(UnknownActor):
        house.agreements.sign("region-a", SIGNED, ANNA)
    house.come("region-a", "planned")
    with pytest.raises(BadTerms, match="no terms"):
        house.agreements.sign("region-a", SIGNED, ANNA)
    terms = house.agreements.publish_terms(TERMS, ANNA, "first")
    made = house.agreements.sign("region-a", SIGNED, ANNA)
    assert (made.fields["terms"], made.fields["terms_sha256"], made.fields["document"]) == (1, terms.digest, "ab" * 32)
    again = record_of(made.text())
    assert again.holds(house.key.public_key().public_bytes_raw().hex())
    assert not record_of(made.text().replace(account("Bo Lund"), "Bo Lind")).holds()
    assert not again.holds("00" * 32)
    house.agreements.publish_terms(TERMS, ANNA, "second")
    agreement = house.agreements.agreement("region-a")
    assert (agreement.version, agreement.current) == (1, 2)
    with pytest.raises(BadTerms, match="not here yet"):
        house.agreements.sign(
            "region-a", Signing(signed_by="x y", as_what="z", day="2099-01-01", document="ab" * 32), ANNA
        )


def test_leaving_deletes_what_the_centre_holds_of_it_and_of_nobody_else_and_proves_it(house) -> None:
    for name in ("region-a", "region-b"):
        house.agreed(name)
        house.enrol(name)
        house.members.set_roles(name, ANNA, functions=("surgery",))
        with writing(house.engine) as tx:
            tx.execute(insert(HEALTH).values(actor=name, received_us=1, body="{}"))
            columns = {"actor": name, "day": 1, "kind": "suspected"}
            given = {column.name: columns.get(column.name, 1) for column in COUNTS.columns}
            tx.execute(insert(COUNTS).values(**given))
    with pytest.raises(StillHere, match="still let in"):
        house.leaving.delete("region-a", ANNA, "too early")
    with pytest.raises(UnknownActor):
        house.leaving.delete("nobody-x", ANNA, "who")
    house.come("region-a", "leaving")
    house.members.revoke("region-a", ANNA, "it leaves")
    house.queue["waiting"] = 2
    with pytest.raises(StillHere, match="2 messages"):
        house.leaving.delete("region-a", ANNA, "it left")
    house.queue["waiting"] = 0
    proof = house.leaving.delete("region-a", ANNA, "it left")
    assert [line.actor for line in house.rollout.lines()] == ["region-b"]
    assert proof.holds(house.key.public_key().public_bytes_raw().hex())
    rows = {one["table"]: one["rows"] for one in proof.fields["deleted"]}
    assert (rows["node_health"], rows["sector_counts"], rows["member_role"], rows["outbox"]) == (1, 1, 1, 3)
    with reading(house.engine) as tx:
        for one in DELETED:
            left = {row[0] for row in tx.execute(select(one.table.c[one.column]))}
            assert "region-a" not in left, one.table.name
        assert list(tx.scalars(select(HEALTH.c.actor))) == ["region-b"]
    lines = audit.lines(house.engine, subject="rollout/region-a")
    assert proof.fields["audit_hash"] == next(one for one in lines if one.seq == proof.fields["audit_seq"]).hash


def test_who_left_comes_back_by_a_new_agreement_alone(house) -> None:
    house.agreed("region-a")
    house.enrol("region-a")
    house.members.revoke("region-a", ANNA, "it leaves")
    house.leaving.delete("region-a", ANNA, "it left")
    house.come("region-a", "planned")
    with pytest.raises(NotInState):
        house.members.invite("region-a", ANNA)
    house.clock.advance(DAY_US)
    house.agreements.sign("region-a", SIGNED, ANNA)
    house.enrol("region-a", seed=2)
    house.come("region-a", "testing")
