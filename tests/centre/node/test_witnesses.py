"""Members as witnesses of the centre's log: who is shown what, whose cosignatures count, and what a lie comes to."""

import pytest
from sqlalchemy import delete, update

from bavn.centre.store import witnesses
from bavn.centre.store.engine import reading, writing
from bavn.centre.store.log import append
from bavn.centre.store.log_keeper import summary
from bavn.centre.store.log_tables import LOG_ENTRY, LOG_SHOWN, LOG_STATE
from bavn.model.intel.indicator import released_content
from bavn.model.moment import HOUR_US
from bavn.model.principal import account
from bavn.tlog.audit import audit
from bavn.tlog.checkpoint import opened, witness_of, witnessed
from bavn.tlog.entries import content_hash, named
from bavn.tlog.note import note_of
from bavn.wire import seal
from bavn.wire.messages.catalogue import IndicatorReleased, SectorSwitched
from bavn.wire.messages.log import LogSeen
from bavn.wire.partners.stix_indicator import indicator_of
from tests.builders import share_request
from tests.centre.node.conftest import BAD
from tests.centre.store.log_folders import MemoryFolder

THREE = {name: name for name in ("east", "north", "south")}


@pytest.fixture
def sector(make_sector):
    made = make_sector(THREE)
    made.log = MemoryFolder()
    made.restart()
    made.run()
    return made


def act(sector, kind="act", **fields):
    with writing(sector.engine) as tx:
        append(tx, kind, sector.clock.now_us(), fields, {"line": 1})


def later(sector, seconds):
    sector.clock.advance(round(seconds * 1_000_000))
    sector.run()
    sector.run()


def keys(sector):
    return [witness_of(node.key.public_key().public_bytes_raw()) for node in sector.nodes.values()]


def handed_out(sector):
    """Of the checkpoint that is handed out as witnessed: its size, and how many members cosigned it."""
    note = note_of(sector.log.read("witnessed"))
    return opened(note, sector.centre.log.key).size, len(witnessed(note, keys(sector)))


def sizes(sector):
    return {seen.actor: seen.size for seen in witnesses.seen(sector.engine)}


@pytest.mark.slow
def test_every_member_cosigns_and_the_centre_hands_it_out(sector) -> None:
    size, count = handed_out(sector)
    assert (count, sizes(sector)) == (3, dict.fromkeys(THREE, size))
    audited = audit(sector.log.read, sector.centre.log.key, witnesses=keys(sector))
    assert audited.good, audited.findings
    assert "3 of 3 witnesses vouch for" in audited.findings[-1].says.say("en")
    act(sector)
    later(sector, 20)
    assert handed_out(sector)[0] == size, "an act waits for the next ten minutes"
    act(sector, "release")
    later(sector, 20)
    assert handed_out(sector) == (summary(sector.engine).size, 3), "what a node acts on does not"
    act(sector)
    later(sector, 600)
    later(sector, 20)
    assert handed_out(sector)[0] > size + 2


@pytest.mark.slow
def test_half_is_enough_and_less_is_not(sector) -> None:
    before, _ = handed_out(sector)
    sector.nodes["east"].asleep = sector.nodes["north"].asleep = True
    act(sector, "release")
    later(sector, 20)
    assert handed_out(sector)[0] == before
    sector.nodes["east"].asleep = False
    sector.run()
    assert handed_out(sector) == (summary(sector.engine).size, 2)
    for _ in range(5):
        act(sector, "release")
        later(sector, 20)
    waits = len(sector.centre.pull("north", sector.nodes["north"].door.heard))
    assert waits == 1, "one at a time waits for a member that is away"
    sector.nodes["north"].asleep = False
    sector.run()
    assert set(sizes(sector).values()) == {summary(sector.engine).size}


@pytest.mark.slow
def test_a_member_that_lost_its_memory_or_an_answer_is_shown_all_again(sector) -> None:
    north = sector.nodes["north"]
    north.door.witness.book.begin_anew("a backup was put back", 0)
    act(sector, "release")
    later(sector, 20)
    later(sector, 70)
    assert len(set(sizes(sector).values())) == 1
    assert north.door.witness.book.evidence() == []
    with writing(sector.engine) as tx:
        witnesses._keep(tx, "north", size=0)
    later(sector, HOUR_US / 1_000_000 + 1)
    assert len(set(sizes(sector).values())) == 1
    assert sector.nodes["north"].door.witness.book.evidence() == []


@pytest.mark.slow
def test_two_histories_are_seen_by_each_who_was_shown_the_other(sector) -> None:
    """The centre rewrites an entry that was published and signs again, as its key lets it."""
    before, _ = handed_out(sector)
    with writing(sector.engine) as tx:
        tx.execute(update(LOG_ENTRY).where(LOG_ENTRY.c.number == 0).values(entry=b"another"))
        tx.execute(delete(LOG_STATE))
        tx.execute(delete(LOG_SHOWN))
    sector.log.files.clear()
    act(sector, "release")
    sector.restart()
    later(sector, 20)
    later(sector, 20)
    for node in sector.nodes.values():
        rules = {each.rule for each in node.door.witness.book.evidence()}
        assert rules == {"log_other_past"}, node.name
        assert node.door.witness.book.standing().size == before
    with pytest.raises(FileNotFoundError):
        sector.log.read("witnessed")


@pytest.mark.slow
def test_a_release_is_proven_to_each_member_within_seconds_of_half_of_the_cosignatures(sector) -> None:
    sector.nodes["south"].asleep = True
    act(sector)  # the log rests after a checkpoint, but not for a release
    sector.wait(1)
    wanted = share_request(BAD)
    assert sector.centre._share.release([wanted], 1) == {}
    sector.wait(1)
    sector.wait(1)
    for name in ("east", "north"):
        node = sector.nodes[name]
        [bundle] = [message.bundle for message in node.told if isinstance(message, IndicatorReleased)]
        named_so = named("release", {}, content_hash(released_content(indicator_of(bundle))))
        assert node.door.witness.book.proven(named_so, ()), name
    with reading(sector.engine) as tx:
        assert witnesses.proven(tx, "south") < witnesses.proven(tx, "east")


@pytest.mark.slow
def test_a_turn_of_the_switch_and_a_list_of_members_are_proven_to_each_member(sector) -> None:
    for on, who in ((True, "anne"), (False, "anne"), (False, "bo")):
        sector.desk.switch.turn(on=on, user=account(who), why="a false alarm")
        sector.wait(1)
    sector.wait(3600)  # a round is opened
    sector.wait(1)
    sector.wait(1)
    version, members = sector.registry.members()
    listed = named("members", {"registry": version}, content_hash(sorted([each.name, each.x] for each in members)))
    for node in sector.nodes.values():
        proven = node.door.witness.book.proven
        turns = [message for message in node.told if isinstance(message, SectorSwitched)]
        assert [turn.state for turn in turns] == ["on", "off"]
        for turn in turns:
            said = content_hash({"by": turn.by, "why": turn.why})
            assert proven(named("switch", {"turn": turn.number, "to": turn.state}, said), ()), turn
        assert proven(listed, ())


def test_gate_2_takes_no_cosignature_that_is_none(sector) -> None:
    with reading(sector.engine) as tx:
        shown = witnesses.newest(tx)
    plain = {"size": shown.size, "root": shown.root, "minute": 1, "cosignature": ""}
    wrong = {
        "not_cosigned": {"cosignature": "0" * 128},
        "unknown_checkpoint": {"root": "0" * 64, "cosignature": "0" * 128},
        "cosigned_ahead": {"minute": 2**31},
    }
    for seq, (rule, other) in enumerate(wrong.items(), 10_000):
        raw = seal.seal(sector.nodes["north"].key, "north", "centre", seq, LogSeen(**plain | other))
        sector.centre.receive("north", [raw])
        line = list(sector.centre._inbox.ledger.lines())[-1]
        assert (line.kind, line.rule) == ("LogSeen", rule)
