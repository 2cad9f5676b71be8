"""Gate 2: exactly one line for each envelope offered; rows kept = lines passed; nobody speaks for another."""

from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.app.process.failure_folder import FailureFolder
from bavn.centre.inbox.inbox import Inbox
from bavn.model.moment import DAY_US, HOUR_US
from bavn.model.received import BlockReceipt, Decline, NodeHealth, Observed, Revealed, TagAt, Tags, Upload
from bavn.model.sector.member import Quota
from bavn.rehearsal.clock import SimClock
from bavn.wire import seal
from bavn.wire.book import Book
from bavn.wire.messages import catalogue as messages
from bavn.wire.shut import open_gate

ROUND = "0a" * 16
INDICATOR = "indicator--00000000-0000-4000-8000-000000000000"
HEALTH = messages.Health(version="1", sensor="up", capture_loss_permille=0, clock_skew_s=0, queue_messages=0)


def rules(inbox):
    return [line.rule or "passed" for line in inbox.ledger.lines()]


def test_each_kind_becomes_the_value_that_others_know(inbox, sealed, report, clock) -> None:
    cells = (messages.CellTag(table=0, bin=1, tag="ab" * 32), messages.CellTag(table=1, bin=0, tag="cd" * 32))
    said = [
        messages.ShareUpload(round_id=ROUND, registry_version=7, key_check="0" * 32, planes=bytes(range(128))),
        messages.Receipts(round_id=ROUND, tags=cells),
        messages.Declined(round_id=ROUND, table=1, bin=3),
        report(),
        messages.Observation(
            indicator_id=INDICATOR, kind="seen", count_bucket=1, first_hour=498_000, last_hour=498_001
        ),
        messages.Receipt(indicator_id=INDICATOR, version=3, state="enforced", enforcers=("rpz",), rule=None),
        HEALTH,
    ]
    assert inbox.receive("region-a", [sealed(one, seq) for seq, one in enumerate(said, 1)]) == [1, 2, 3, 4, 5, 6, 7]
    assert rules(inbox) == ["passed"] * 7
    upload, tags, decline, revealed, observed, receipt, health = (taken.heard for taken in inbox.take())
    assert isinstance(upload, Upload)
    assert upload.planes == bytes(range(128))
    assert isinstance(tags, Tags)
    assert tags.tags == (TagAt(0, 1, b"\xab" * 32), TagAt(1, 0, b"\xcd" * 32))
    assert isinstance(decline, Decline)
    assert (decline.table, decline.bin) == (1, 3)
    assert isinstance(revealed, Revealed)
    sign = revealed.sign
    assert (sign.actor, sign.group, sign.tier, str(sign.observable)) == (
        "region-a",
        "vendor-x",
        "A",
        "domain:evil-beacon.com",
    )
    assert (sign.received_us, sign.p_bucket, revealed.bin) == (clock.now_us(), 9, 7)
    assert isinstance(observed, Observed)
    assert isinstance(receipt, BlockReceipt)
    assert receipt.enforcers == ("rpz",)
    assert isinstance(health, NodeHealth)
    assert inbox.ledger.lines()[3].item_id == sign.report_id


def test_planes_stay_out_of_the_ledger(inbox, sealed) -> None:
    planes = b"\x01\x02\x03\x04" * 32
    inbox.receive(
        "region-a",
        [sealed(messages.ShareUpload(round_id=ROUND, registry_version=7, key_check="0" * 32, planes=planes))],
    )
    (line,) = inbox.ledger.lines()
    assert '"bytes":128' in line.summary
    assert '"sha256"' in line.summary
    assert planes.hex() not in line.summary
    assert line.privacy == "S0"


def test_nobody_speaks_for_another(inbox, sealed, world) -> None:
    own = sealed(HEALTH, sender="region-b")
    assert inbox.receive("region-a", [own]) == []
    forged = sealed(HEALTH, key=world.keys["region-b"])
    assert inbox.receive("region-a", [forged]) == []
    assert inbox.receive("region-x", [sealed(HEALTH, sender="region-x", key=world.keys["region-a"])]) == []
    assert inbox.receive("region-a", [sealed(HEALTH, recipient="region-b")]) == []
    assert rules(inbox) == ["wrong_sender", "bad_signature", "unknown_sender", "wrong_recipient"]
    assert {line.peer for line in inbox.ledger.lines()} == {"region-a", "region-x"}
    assert inbox.rows() == (0, 0)


def test_a_revoked_key_opens_nothing(inbox, sealed, world) -> None:
    raw = sealed(HEALTH)
    world.key = lambda _: None
    assert inbox.receive("region-a", [raw]) == []
    assert rules(inbox) == ["unknown_sender"]


def test_retries_and_repeats_are_taken_once_and_let_go(inbox, sealed, report) -> None:
    first = sealed(report(), 1)
    assert inbox.receive("region-a", [first]) == [1]
    assert inbox.receive("region-a", [first, first]) == [1, 1]
    assert inbox.receive("region-a", [sealed(report(), 2)]) == [2]
    assert inbox.receive("region-a", [sealed(report(bin=6), 1)]) == [1]
    assert rules(inbox) == ["passed", "repeated", "repeated", "repeated", "number_reused"]
    assert inbox.rows() == (1, 1)


def test_the_same_words_from_two_actors_are_two_reports(inbox, sealed, report) -> None:
    inbox.receive("region-a", [sealed(report())])
    inbox.receive("region-b", [sealed(report(), sender="region-b")])
    assert {taken.heard.sign.actor for taken in inbox.take()} == {"region-a", "region-b"}


def test_a_state_told_again_is_news(inbox, sealed) -> None:
    def receipt(state):
        return messages.Receipt(indicator_id=INDICATOR, version=1, state=state, enforcers=("rpz",), rule=None)

    for seq, state in enumerate(("enforced", "lifted", "enforced"), 1):
        inbox.receive("region-a", [sealed(receipt(state), seq)])
    assert [taken.heard.state for taken in inbox.take()] == ["enforced", "lifted", "enforced"]


def test_over_quota_is_refused_for_now_and_taken_in_the_next_hour(inbox, sealed, world, clock) -> None:
    world.quota_of["Declined"] = Quota(messages_per_hour_max=2, bytes_per_hour_max=10_000)
    raw = [sealed(messages.Declined(round_id=ROUND, table=0, bin=n), n + 1) for n in range(3)]
    assert inbox.receive("region-a", raw) == [1, 2]
    assert inbox.receive("region-a", [sealed(HEALTH, 9)]) == [9], "another kind has room of its own"
    assert inbox.receive(
        "region-b", [sealed(messages.Declined(round_id=ROUND, table=0, bin=0), sender="region-b")]
    ) == [1]
    clock.advance(HOUR_US)
    assert inbox.receive("region-a", raw[2:]) == [3]
    assert rules(inbox) == ["passed", "passed", "over_quota", "passed", "passed", "passed"]


def test_bytes_are_bounded_by_quota_too(inbox, sealed, world) -> None:
    world.quota_of["Health"] = Quota(messages_per_hour_max=100, bytes_per_hour_max=len(sealed(HEALTH)) + 5)
    assert inbox.receive("region-a", [sealed(HEALTH, 1), sealed(HEALTH, 2)]) == [1]


def test_only_the_first_upload_of_a_round_counts(inbox, sealed) -> None:
    shares = [
        messages.ShareUpload(round_id=ROUND, registry_version=7, key_check="0" * 32, planes=bytes([n]) * 128)
        for n in (1, 2)
    ]
    assert inbox.receive("region-a", [sealed(share, n) for n, share in enumerate(shares, 1)]) == [1, 2]
    assert rules(inbox) == ["passed", "second_upload"]
    assert inbox.receive("region-b", [sealed(shares[1], 1, sender="region-b")]) == [1]
    assert [taken.heard.planes[0] for taken in inbox.take()] == [1, 2]


@settings(max_examples=60)
@given(raws=st.lists(st.binary(max_size=300), max_size=5))
def test_any_bytes_are_one_line_each_and_no_row(make_world, raws) -> None:
    with Book() as book:
        world = make_world()
        inbox = Inbox(book, world, world, SimClock(10**15))
        assert inbox.receive("region-a", raws) == []
        assert len(inbox.ledger.lines()) == len(raws)
        assert inbox.rows() == (0, 0)


@settings(max_examples=25)
@given(data=st.data())
def test_rows_are_lines_passed_under_retries_and_reordering(data, make_world, report) -> None:
    """Whatever order, however often: each message that was sent is there once, and every offer has its line."""
    world = make_world()
    sent = [
        seal.seal(world.keys["region-a"], "region-a", "centre", seq, report(table=seq % 2, bin=seq % 8))
        for seq in range(1, 9)
    ]
    offered = data.draw(st.lists(st.sampled_from(sent), min_size=1, max_size=30))
    with Book() as book:
        inbox = Inbox(book, world, world, SimClock(1_795_000_000_000_000))
        acked, at = [], 0
        while at < len(offered):
            step = data.draw(st.integers(1, 7))
            acked += inbox.receive("region-a", offered[at : at + step])
            at += step
        assert inbox.rows()[0] == len(set(offered)) == rules(inbox).count("passed")
        assert len(rules(inbox)) == len(offered) == len(acked)
        assert inbox.ledger.verify() is None


def test_items_are_taken_in_order_until_they_are_done(inbox, sealed) -> None:
    raw = [sealed(messages.Declined(round_id=ROUND, table=0, bin=n), n + 1) for n in range(5)]
    inbox.receive("region-a", raw)
    first = inbox.take(items_max=2)
    assert [taken.heard.bin for taken in first] == [0, 1]
    assert inbox.take(items_max=2) == first
    inbox.done(first[0].number)
    inbox.done(first[0].number)
    assert [taken.heard.bin for taken in inbox.take()] == [1, 2, 3, 4]
    assert inbox.rows() == (5, 4)
    assert [taken.heard.bin for taken in inbox.take(bytes_max=1)] == [1]


def test_content_goes_when_it_is_done(inbox, sealed, book) -> None:
    inbox.receive(
        "region-a",
        [sealed(messages.ShareUpload(round_id=ROUND, registry_version=7, key_check="0" * 32, planes=bytes(128)))],
    )
    (taken,) = inbox.take()
    inbox.done(taken.number)
    assert book.rows("SELECT body, attachment FROM inbox") == [(None, None)]


def test_what_is_forgotten_cannot_be_replayed(inbox, sealed, report, clock) -> None:
    raw = sealed(report(), 5)
    inbox.receive("region-a", [raw])
    inbox.done(inbox.take()[0].number)
    clock.advance(36 * DAY_US)
    inbox.forget()
    assert inbox.rows() == (0, 0)
    inbox.receive("region-a", [raw])
    assert rules(inbox) == ["passed", "too_old"]


def test_what_is_not_done_is_never_forgotten(inbox, sealed, clock) -> None:
    inbox.receive("region-a", [sealed(HEALTH)])
    clock.advance(500 * DAY_US)
    inbox.forget()
    assert inbox.rows() == (1, 1)


def test_a_slip_in_a_rule_takes_nothing_in(inbox, sealed, world) -> None:
    def slips(name, kind):
        raise ZeroDivisionError

    world.quota = slips
    inbox.gate._ledger.book.failures = FailureFolder(None, SimClock(1))
    assert inbox.receive("region-a", [sealed(HEALTH)]) == [], "the sender keeps it"
    assert rules(inbox) == ["set_aside"]
    assert inbox.rows() == (0, 0)


def test_a_member_that_finds_a_slip_shuts_nobody_else_out_and_loses_nothing_itself(inbox, sealed, world) -> None:
    inbox.gate._ledger.book.failures = FailureFolder(None, SimClock(1))
    honest = world.quota

    def slips(name, kind):
        if name == "region-a" and kind == "Health":
            raise ZeroDivisionError
        return honest(name, kind)

    world.quota = slips
    other = messages.Receipt(indicator_id=INDICATOR, version=3, state="enforced", enforcers=("rpz",), rule=None)
    assert inbox.receive("region-a", [sealed(HEALTH, 1), sealed(HEALTH, 2), sealed(other, 3)]) == [3]
    assert inbox.receive("region-b", [sealed(HEALTH, 1, sender="region-b")]) == [1], "nobody else is shut out"
    world.quota = honest
    assert inbox.receive("region-a", [sealed(HEALTH, 1), sealed(HEALTH, 2)]) == [], "shut until a person opens it"
    assert [shut.peer for shut in open_gate(inbox.ledger, 9, "inbox", "Health", "Anna")] == ["region-a"]
    assert inbox.receive("region-a", [sealed(HEALTH, 1), sealed(HEALTH, 2)]) == [1, 2]
    assert inbox.ledger.verify() is None
