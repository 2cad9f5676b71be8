"""What a whole sector does stands in the centre's log, each thing once, whatever dies in between; and says no name."""

import json
from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from bavn.centre.books.codec import read_hits
from bavn.centre.books.draws import by_table
from bavn.centre.books.tables import AUDITS, HITS, ROUNDS, UPLOADS
from bavn.centre.cases import audit
from bavn.centre.store.engine import reading
from bavn.centre.store.log_tables import LOG_ENTRY
from bavn.model.principal import account
from bavn.model.sector.case import CaseAct, CaseState
from bavn.psi.round import RoundParams
from bavn.tlog.checkpoint import opened
from bavn.tlog.draw import hits_content, uploads_root
from bavn.tlog.entries import content_hash, entry_of, opens
from bavn.tlog.note import note_of
from bavn.tlog.tiles import Tree, all_entries
from tests.centre.node.test_centre_crash import FOUR, Axe, Killed, arm, decide, run_through, seen_by_three
from tests.centre.store.log_folders import MemoryFolder


def with_log(sector):
    sector.log = MemoryFolder()
    sector.restart()


def published(sector):
    """The entries under the newest checkpoint, whose root they have."""
    sector.clock.advance(6_000_000)
    sector.centre.step()
    shown = opened(note_of(sector.log.read("checkpoint")), sector.centre.log.key)
    assert Tree(shown.size, sector.log.read).root() == shown.root
    return [entry_of(text) for text in all_entries(shown.size, sector.log.read)]


def rows(sector, kind):
    with reading(sector.engine) as tx:
        return tx.execute(select(LOG_ENTRY).where(LOG_ENTRY.c.kind == kind).order_by(LOG_ENTRY.c.number)).all()


def one_day(sector, suspicion):
    """A round, a case that two people carry to its release, and its withdrawal."""
    seen_by_three(sector, suspicion)
    sector.run()
    case = sector.decide(CaseAct.CONFIRM, CaseAct.RELEASE)
    sector.run()
    sector.desk.cases.act(case.id, CaseAct.WITHDRAW, account("bo"), "found wrong")
    sector.run()
    return case


@pytest.fixture
def sector(make_sector):
    made = make_sector(FOUR)
    with_log(made)
    return made


def test_a_round_and_a_release_are_in_the_log_each_once(sector, suspicion) -> None:
    one_day(sector, suspicion)
    found = published(sector)
    counted = Counter(entry.kind for entry in found)
    lines = len(list(audit.every(sector.engine)))
    assert counted == {
        "registry": 8,
        "software": 1,
        "round": 1,
        "members": 1,
        "uploads": 1,
        "hits": 1,
        "leads": counted["leads"],
        "act": lines,
        "release": 2,
        "withdrawal": 2,
    }
    assert counted["leads"] == len({entry.fields["hour"] for entry in found if entry.kind == "leads"}) >= 1


def test_hits_and_uploads_of_a_round_are_sealed_in_order_and_found_by_its_members(sector, suspicion) -> None:
    seen_by_three(sector, suspicion)
    sector.run()
    found = published(sector)
    (entry,) = [entry for entry in found if entry.kind == "round"]
    with reading(sector.engine) as tx:
        body = json.loads(tx.execute(select(ROUNDS.c.body)).scalar_one())
    params = body["params"] | {"round_id": bytes.fromhex(body["params"]["round_id"])}
    assert entry.fields["description"] == content_hash(RoundParams(**params).canonical())
    assert entry.fields["members"] == content_hash(body["members"])
    assert entry.fields["registry"] == params["registry_version"]
    (after,) = [entry for entry in found if entry.kind == "hits"]
    (row,) = rows(sector, "hits")
    with reading(sector.engine) as tx:
        hits = read_hits(tx.execute(select(HITS.c.hits)).scalar_one())
        salt, tables = tx.execute(select(AUDITS.c.salt)).scalar_one(), sector.config.tiers[0].r
    assert hits
    assert opens(after, hits_content(by_table(hits), tables, salt), row.salt)
    assert not opens(after, hits_content(by_table(hits[1:]), tables, salt), row.salt)
    (entry,) = [entry for entry in found if entry.kind == "uploads"]
    assert found.index(entry) < found.index(after)
    with reading(sector.engine) as tx:
        hashes = tx.execute(select(UPLOADS.c.upload_hash).order_by(UPLOADS.c.x)).scalars().all()
    assert entry.fields["count"] == len(hashes) == 4
    assert entry.fields["uploads"] == uploads_root(hashes)
    assert entry.fields["uploads"] != uploads_root(hashes[1:])


@pytest.mark.slow
def test_a_recipient_can_open_the_seal_of_what_it_was_sent(sector, suspicion) -> None:
    one_day(sector, suspicion)
    found = [entry for entry in published(sector) if entry.kind == "release"]
    for entry, row in zip(found, rows(sector, "release"), strict=True):
        content = json.loads(row.content)
        assert opens(entry, content, row.salt)
        assert content["id"].startswith("indicator--")
        assert set(content) >= {"version", "type", "value", "valid_until_us"}
        assert not {"case_id", "grounds", "order_no"} & set(content)


def test_no_name_of_anybody_or_anything_stands_in_the_log(sector, suspicion) -> None:
    case = one_day(sector, suspicion)
    sector.desk.switch.turn(on=True, user=account("anne"), why="a storm in the north")
    found = published(sector)
    whole = b"".join(text for path, text in sector.log.files.items() if path.startswith("tile/entries"))
    names = [*FOUR, "anne", "bo", "cdn-sync-hub.net", "185.32.20.6", case.id, "storm", "found wrong", "T1071"]
    assert [name for name in names if name.encode() in whole] == []
    (turn,) = [entry for entry in found if entry.kind == "switch"]
    assert turn.fields == {"turn": 1, "to": "on"}


@pytest.mark.slow
def test_a_list_of_leads_is_there_once_an_hour(sector, suspicion) -> None:
    seen_by_three(sector, suspicion)
    sector.run()
    for _ in range(6):
        sector.wait(timedelta(minutes=20).total_seconds())
    hours = [entry.fields["hour"] for entry in published(sector) if entry.kind == "leads"]
    assert hours == sorted(set(hours))
    assert len(hours) >= 2


@pytest.mark.slow
@settings(max_examples=6)
@given(at=st.integers(1, 130), after=st.booleans())
def test_a_kill_at_any_write_leaves_the_log_and_the_centre_of_one_mind(
    sector_on_disk, suspicion, tmp_path_factory, at, after
) -> None:
    of_one_mind(at, after, sector_on_disk, suspicion, tmp_path_factory.mktemp("killed"))


@pytest.mark.each_on_postgresql
@pytest.mark.slow
@pytest.mark.parametrize(("at", "after"), [(9, True), (40, False), (90, True)])
def test_a_kill_at_some_writes_leaves_them_of_one_mind(sector_on_disk, suspicion, tmp_path, at, after) -> None:
    of_one_mind(at, after, sector_on_disk, suspicion, tmp_path)


def of_one_mind(at, after, sector_on_disk, suspicion, folder):
    with sector_on_disk(folder, FOUR) as sector, pytest.MonkeyPatch.context() as patch:
        with_log(sector)
        seen_by_three(sector, suspicion)
        axe = Axe(at, after)
        arm(axe, sector, patch)
        axe.armed = True
        run_through(sector, folder)
        decide(sector, CaseAct.CONFIRM, folder)
        decide(sector, CaseAct.RELEASE, folder)
        run_through(sector, folder)
        try:
            found = published(sector)
        except Killed:
            sector.reopen(folder)
            found = published(sector)
        (case,) = sector.desk.cases.every()
        assert case.state is CaseState.RELEASED
        counted = Counter(entry.kind for entry in found)
        assert counted["act"] == len(list(audit.every(sector.engine)))
        assert (counted["round"], counted["uploads"], counted["hits"], counted["release"]) == (1, 1, 1, 2)
