"""Audit by recomputation: members draw a table, its file shows what comes out, and a dropped hit is seen."""

from dataclasses import replace

import pytest
from sqlalchemy import delete, func, select

from bavn.app.acts.centre.round_file import NotDrawn, round_file
from bavn.centre.books import rounds as book
from bavn.centre.books.draws import DrawBook
from bavn.centre.books.tables import PLANES, ROUNDS
from bavn.centre.store.engine import reading, writing
from bavn.model.moment import SECOND_US
from bavn.tlog.audit import audit as audit_log
from bavn.tlog.bad import BadLog
from bavn.tlog.checkpoint import witness_of
from bavn.tlog.draw import drawn_tables
from bavn.wire.book import Book
from bavn.wire.messages.log import DrawsOpened
from bavn.wire.round_audit import audit_round, round_audit_of
from tests.centre.node.conftest import Sector
from tests.centre.node.test_centre_crash import FOUR, seen_by_three
from tests.centre.store.log_folders import MemoryFolder

R = 4


def begin(make_sector, suspicion):
    """A sector whose three actors hold the same elements, with a round on its way."""
    made = make_sector(FOUR)
    made.log = MemoryFolder()
    made.restart()
    seen_by_three(made, suspicion)
    return made


def later(sector, minutes=11):
    """The round, the checkpoint of ten minutes later, and what its cosignatures lead to."""
    sector.run()
    for seconds in (minutes * 60, 20, 20):
        sector.clock.advance(seconds * SECOND_US)
        sector.run()


def round_id(sector):
    with reading(sector.engine) as tx:
        return tx.scalar(select(ROUNDS.c.id).order_by(ROUNDS.c.opened_us).limit(1))


def witnesses(sector):
    return [witness_of(node.key.public_key().public_bytes_raw()) for node in sector.nodes.values()]


def file_of(sector):
    made = round_file(sector.engine, sector.log.read, sector.registry.key, round_id(sector))
    return b"".join(made.pieces())


def checked(sector, raw=None):
    """What an auditor says of the first round who knows the log's key and the members'."""
    return audit_round(round_audit_of(raw or file_of(sector)), sector.centre.log.key, witnesses(sector))


def findings(report):
    return {each.check: each.says.say("en") for each in report.findings}


@pytest.fixture(scope="module")
def audited(databases, suspicion):
    """A round whose table was drawn, for those who only look."""
    made = begin(lambda names: Sector(names, databases.lasting(), Book()), suspicion)
    later(made)
    yield made
    made.close()


@pytest.fixture
def sector(make_sector, suspicion):
    """The same, for those who change it."""
    made = begin(make_sector, suspicion)
    later(made)
    return made


def kept(sector):
    with reading(sector.engine) as tx:
        return tx.scalar(select(func.count()).select_from(PLANES))


def test_a_table_is_drawn_by_all_members_and_what_comes_out_is_what_the_centre_found(audited) -> None:
    report = checked(audited)
    assert report.good, findings(report)
    assert ": 4, of them 4 of witnesses here" in findings(report)["draw"]
    assert "hits come out, and they are what the centre found" in findings(report)["recomputed"]
    assert audit_log(audited.log.read, audited.centre.log.key).good
    assert kept(audited) == len(FOUR), "of the other tables nothing is kept"


def test_until_the_draw_all_tables_are_kept_and_none_is_handed_out(make_sector, suspicion) -> None:
    sector = begin(make_sector, suspicion)
    sector.run()
    assert kept(sector) == R * len(FOUR)
    with pytest.raises(NotDrawn):
        file_of(sector)


@pytest.mark.slow
@pytest.mark.parametrize("dropped_in", range(R))
def test_a_dropped_hit_is_caught_where_its_table_is_drawn_and_only_there(
    make_sector, suspicion, monkeypatch, dropped_in
) -> None:
    """One table in R: over the tables that a hit can be dropped from, the same draw catches exactly one."""
    sector = begin(make_sector, suspicion)
    true, dropped = sector.centre._join._reconstruct, []

    def dropping(params, xs, table_of):
        hits = true(params, xs, table_of)
        there = [hit for hit in hits if hit.cell.table == dropped_in]
        dropped.extend(there[:1])
        return [hit for hit in hits if hit not in there[:1]]

    sector.centre._join._reconstruct = dropping
    later(sector)
    report, (drawn,) = checked(sector), DrawBook(sector.engine).audit(round_id(sector)).drawn
    caught = bool(dropped) and drawn == dropped_in
    assert report.evidence is caught, findings(report)
    if caught:
        assert "1 hits come out that the centre left out" in findings(report)["recomputed"]


def test_every_table_is_drawn_as_often() -> None:
    """The rate at which a drop in one table is caught, over draws that one honest value decides."""
    rounds = 6000
    counts = [0] * 10
    for n in range(rounds):
        values = ["00" * 32, f"{n:064x}", "ff" * 32]
        (table,) = drawn_tables("ab" * 16, 10, values)
        counts[table] += 1
    assert all(abs(count - rounds / 10) < 5 * (rounds * 0.1 * 0.9) ** 0.5 for count in counts)


@pytest.mark.slow
def test_where_a_value_is_missing_every_table_is_drawn_and_its_member_named(make_sector, suspicion) -> None:
    sector = begin(make_sector, suspicion)
    sector.run()
    sector.nodes["east"].asleep = True
    later(sector)
    later(sector, 55)
    raw = file_of(sector)
    report = checked(sector, raw)
    assert report.good, findings(report)
    assert len(round_audit_of(raw).tables) == R
    assert "no value came of x" in findings(report)["draw"]


@pytest.mark.slow
def test_a_centre_that_changed_an_upload_gets_no_value_of_its_node(make_sector, suspicion, monkeypatch) -> None:
    sector = begin(make_sector, suspicion)
    true = book.table_hash
    changed = []

    def changing(planes):
        changed.append(1)
        return true(planes if len(changed) > 1 else bytes(len(planes)))

    monkeypatch.setattr(book, "table_hash", changing)
    later(sector)
    rules = [
        line.rule for node in sector.nodes.values() for line in node.door.ledger.lines() if line.kind == "RoundsFixed"
    ]
    assert "fixed_own_upload" in rules
    with pytest.raises(NotDrawn):
        file_of(sector)


@pytest.mark.slow
def test_a_member_that_was_away_opens_its_value_within_the_hour(make_sector, suspicion) -> None:
    sector = begin(make_sector, suspicion)
    sector.run()
    sector.nodes["south"].asleep = True
    later(sector)
    with pytest.raises(NotDrawn):
        file_of(sector)
    sector.nodes["south"].asleep = False
    later(sector)
    assert ": 4, of them 4 of witnesses here" in findings(checked(sector))["draw"]


@pytest.mark.slow
def test_what_an_auditor_gets_can_be_made_of_the_drawn_table_alone(sector) -> None:
    """All else of the round is taken from the centre: the file stays the same to the byte, and names nobody."""
    before = file_of(sector)
    (drawn,) = DrawBook(sector.engine).audit(round_id(sector)).drawn
    with writing(sector.engine) as tx:
        tx.execute(delete(PLANES).where(PLANES.c.cell_table != drawn))
        tx.execute(book.t.SIGNS.delete())
    assert file_of(sector) == before
    for name in (*FOUR, "cdn-sync-hub", "185.32.20.6"):
        assert name.encode() not in before.split(b"\n", 2)[1]
    file = round_audit_of(before)
    assert [table.table for table in file.tables] == [drawn]


def test_a_draw_without_a_known_member_and_seals_of_other_tables_tell_nothing(audited) -> None:
    """A table without hits and one with hits have seals under salts of their own: none of them can be guessed."""
    file = round_audit_of(file_of(audited))
    assert len(set(file.seals)) == R
    bare = tuple(replace(each, witness="") for each in file.uploads)
    report = audit_round(replace(file, uploads=bare), audited.centre.log.key, witnesses(audited))
    assert "None of the witnesses vouches" in findings(report)["draw"]


@pytest.mark.parametrize("spoilt", ["upload", "planes", "hits", "value", "table", "checkpoint"])
def test_a_file_that_was_changed_proves_nothing(audited, spoilt) -> None:
    file = round_audit_of(file_of(audited))
    first, (table,) = file.uploads[0], file.tables
    planes = (bytes(len(table.planes[0])), *table.planes[1:])
    changed = {
        "upload": {"uploads": (replace(first, key_check="f" * 32), *file.uploads[1:])},
        "planes": {"tables": (replace(table, planes=planes),)},
        "hits": {"tables": (replace(table, hits=()),)},
        "value": {"uploads": (replace(first, value="f" * 64), *file.uploads[1:])},
        "table": {"tables": ()},
        "checkpoint": {"note": file.note.replace("\n", "1\n", 1)},
    }[spoilt]
    report = audit_round(replace(file, **changed), audited.centre.log.key, witnesses(audited))
    assert not report.good
    assert report.evidence is (spoilt == "checkpoint")


@pytest.mark.parametrize(
    "raw", [b"", b"bavn/round-audit/v1\n", b"bavn/round-audit/v1\n{}\n", b"bavn/round-audit/v1\n[1]\n"]
)
def test_what_is_no_audit_is_said_so(raw) -> None:
    with pytest.raises(BadLog):
        round_audit_of(raw)


@pytest.mark.slow
def test_the_oldest_tables_make_room(sector) -> None:
    assert DrawBook(sector.engine).make_room(0) == 1
    assert kept(sector) == 0
    with pytest.raises(NotDrawn):
        file_of(sector)


@pytest.mark.slow
def test_nothing_is_opened_before_the_hits_are_in_the_log_that_the_node_saw(make_sector, suspicion) -> None:
    sector = begin(make_sector, suspicion)
    sector.run()
    sector.clock.advance(30 * SECOND_US)
    sector.run()
    sent = [
        message
        for node in sector.nodes.values()
        for message in node.door.ledger.lines()
        if message.kind == DrawsOpened.__name__
    ]
    assert sent == []
