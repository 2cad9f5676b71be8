"""Who is a member: names and places are never reused, and every change that matters counts the version up."""

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificate
from sqlalchemy import inspect

from bavn.centre.members.registry import DEFAULT_QUOTAS, CannotAdd, NotInState, Registry, UnknownActor
from bavn.centre.members.roles import Roles
from bavn.centre.members.rollout import BadEntry, RolloutRow
from bavn.centre.store.engine import writing
from bavn.model.sector.member import ActorState, Quota
from bavn.wire.messages.catalogue import UP

ROLES = ("centre", "keyholder", "partner", "actor", "sector", "nobody", "holder-2", "keyholder-1", "holder-10")


def test_each_actor_has_a_place_of_its_own(registry) -> None:
    actors = registry.actors()
    assert [actor.name for actor in actors] == ["clinic-c", "region-a", "region-b"]
    assert len({actor.x for actor in actors}) == 3
    assert min(actor.x for actor in actors) >= 1
    assert {actor.name: actor.group for actor in actors}["clinic-c"] == "host-x"
    assert {actor.name: actor.group for actor in actors}["region-a"] == "region-a"


@pytest.mark.parametrize("name", ["", "A", "a", "a" * 41, "a b", "a\n", "1a", "å-b", "region-a", *ROLES])
def test_some_names_cannot_be_had(registry, name) -> None:
    with pytest.raises(CannotAdd):
        registry.add(name, "other")
    if name != "region-a":
        with pytest.raises(BadEntry, match="can be called"):
            RolloutRow(actor=name)


def test_a_revoked_actors_name_and_place_are_not_given_away_and_an_invited_one_is_no_member(registry) -> None:
    version, members = registry.members()
    assert members == ()
    assert registry.key("region-a") is None
    assert version > 1
    x = registry.actor("region-b").x
    registry.revoke("region-b")
    with pytest.raises(CannotAdd):
        registry.add("region-b", "region")
    assert registry.add("agency-d", "agency").x not in {x, *(a.x for a in registry.actors() if a.name != "agency-d")}


def test_members_change_the_version(registry, enrolment, apply_for) -> None:
    before, _ = registry.members()
    enrolment.enrol(apply_for("region-a", enrolment.invite("region-a")))
    enrolled, members = registry.members()
    assert enrolled > before
    assert [actor.name for actor in members] == ["region-a"]
    registry.revoke("region-a")
    revoked, members = registry.members()
    assert revoked > enrolled
    assert members == ()
    assert registry.actor("region-a").state is ActorState.REVOKED
    assert registry.key("region-a") is None


def test_nobody_revokes_or_bounds_who_is_not_there(registry) -> None:
    before, _ = registry.members()
    with pytest.raises(UnknownActor):
        registry.revoke("nobody-x")
    with pytest.raises(UnknownActor):
        registry.set_quota("nobody-x", "Report", Quota(messages_per_hour_max=1, bytes_per_hour_max=1))
    assert registry.members()[0] == before


def test_each_message_has_a_quota_and_an_actors_own_goes_first(registry) -> None:
    """One without a quota would be refused for each member."""
    small = Quota(messages_per_hour_max=1, bytes_per_hour_max=10)
    usual = registry.quota("region-a", "Report")
    registry.set_quota("region-a", "Report", small)
    registry.set_quota("region-a", "Report", small)
    assert registry.quota("region-a", "Report") == small
    assert registry.quota("region-b", "Report") == usual
    assert registry.quota("region-a", "NoSuchKind").messages_per_hour_max == 0
    assert set(DEFAULT_QUOTAS) == {message.__name__ for message in UP}


def test_two_registries_on_one_database_see_the_same(databases, tmp_path, clock) -> None:
    first, second = databases.at(tmp_path), databases.at(tmp_path)
    try:
        one, two = Registry(first, clock), Registry(second, clock)
        one.add("region-a", "region")
        two.add("region-b", "region")
        assert [actor.name for actor in one.actors()] == ["region-a", "region-b"]
        assert one.members() == two.members()
    finally:
        first.dispose()
        second.dispose()


def test_tables_hold_no_private_key_and_no_token(engine, registry) -> None:
    columns = {
        column["name"] for table in inspect(engine).get_table_names() for column in inspect(engine).get_columns(table)
    }
    assert not {name for name in columns if "private" in name or "secret" in name or name == "token"}


def test_a_suspended_actor_is_not_let_in_and_comes_back_with_the_keys_it_has(registry, enrolment, apply_for) -> None:
    admitted = enrolment.enrol(apply_for("region-a", enrolment.invite("region-a")))
    der = load_pem_x509_certificate(admitted.certificate.encode()).public_bytes(Encoding.DER)
    noted = []
    before, _ = registry.members()
    registry.suspend("region-a", lambda _: noted.append("suspended"))
    assert registry.who(der).rule == "suspended"
    assert (registry.key("region-a"), registry.members()[1]) == (None, ())
    assert registry.members()[0] > before
    token = enrolment.invite("region-a")
    registry.resume("region-a", lambda _: noted.append("resumed"))
    assert registry.who(der).name == "region-a"
    assert registry.key("region-a") is not None
    assert enrolment.enrol(apply_for("region-a", token)).rule == "bad_token"
    assert noted == ["suspended", "resumed"]
    with pytest.raises(NotInState):
        registry.resume("region-a")
    with pytest.raises(UnknownActor):
        registry.suspend("nobody-x")
    registry.revoke("region-a")
    with pytest.raises(NotInState):
        registry.resume("region-a")


def test_an_act_whose_line_cannot_be_written_does_not_happen(registry, enrolment, apply_for) -> None:
    enrolment.enrol(apply_for("region-a", enrolment.invite("region-a")))

    def broken(_):
        raise RuntimeError("no line")

    for act in (registry.suspend, registry.revoke):
        with pytest.raises(RuntimeError, match="no line"):
            act("region-a", broken)
        assert registry.actor("region-a").state is ActorState.ACTIVE


def test_papers_and_quotas_are_shown_with_what_is_the_actors_own(registry, enrolment, apply_for, clock) -> None:
    enrolment.enrol(apply_for("region-a", enrolment.invite("region-a")))
    enrolment.invite("region-a")
    (paper,), (until_us,) = registry.papers("region-a")
    assert paper.revoked_us is None
    assert registry.valid_until() == {"region-a": paper.until_us}
    assert until_us > clock.now_us()
    own = Quota(messages_per_hour_max=1, bytes_per_hour_max=2)
    registry.set_quota("region-a", "Report", own)
    assert registry.quotas("region-a")["Report"] == (own, True)
    registry.set_quota("region-a", "Report", None)
    assert registry.quotas("region-a")["Report"] == (DEFAULT_QUOTAS["Report"], False)


def test_members_are_as_they_stand_whoever_changed_them(registry, clock) -> None:
    for name in ("north", "south"):
        registry.add(name, "region")
        with writing(registry.engine) as tx:
            registry.activate(tx, name, "00" * 32)
    assert [actor.name for actor in registry.members()[1]] == ["north", "south"]
    assert registry.members() is registry.members()
    elsewhere = Registry(registry.engine, clock)
    version = registry.members()[0]
    elsewhere.suspend("south")
    assert [actor.name for actor in registry.members()[1]] == ["north"]
    assert registry.members()[0] > version
    elsewhere.resume("south")
    Roles(elsewhere, clock).set("south", canary=True)
    assert registry.canaries() == {"south"}
