"""Each check passes where all is well, and fails where a fault is planted."""

import os
import shutil
from collections import Counter
from dataclasses import replace
from types import SimpleNamespace

import pytest

from bavn.actor.door import report_rules
from bavn.actor.door.state import OpenRound, State
from bavn.app.accept import protection, reach
from bavn.app.accept.capture import CaptureCheck
from bavn.app.accept.certificates import CertificateCheck
from bavn.app.accept.check import UNTESTED, Readings, in_the_way, no_answer, not_tested, value
from bavn.app.accept.checks import CHECKS
from bavn.app.accept.clock import ClockCheck
from bavn.app.accept.days import counts
from bavn.app.accept.days import readings as days_of
from bavn.app.accept.door import DoorCheck
from bavn.app.accept.load import LoadCheck
from bavn.app.accept.load import readings as load_of
from bavn.app.accept.protection import ProtectionCheck, drill_name, drilled
from bavn.app.accept.reach import ReachCheck, configured, fenced
from bavn.app.accept.recovery import RecoveryCheck
from bavn.app.accept.recovery import readings as recovery_of
from bavn.app.accept.round import RoundCheck
from bavn.app.accept.round import readings as round_of
from bavn.app.accept.rules import RuleCheck
from bavn.app.accept.run import chosen, demands, part_of, required, run
from bavn.app.accept.sockets import Peer, called, strangers
from bavn.app.accept.throwaway import Counted, counted
from bavn.app.node.parts import BOOK_FILE
from bavn.app.node.sources import rule_folder
from bavn.model.intel.indicator import indicator_id
from bavn.model.moment import SECOND_US
from bavn.model.ports import LinkDown
from bavn.model.sector.acceptance_protocol import Outcome, TestKind, shortfalls
from bavn.model.text import Text
from bavn.rehearsal.trial import ALONE, CANARY
from bavn.traffic.dice import SeededDice
from bavn.wire.book import Book
from bavn.wire.ledger import Ledger, Line, Note
from tests.keyholder.conftest import params

from .conftest import SOURCE

PASSED, FAILED, NA, OPEN = Outcome.PASSED, Outcome.FAILED, Outcome.NOT_APPLICABLE, Outcome.NOT_TESTED
LIVE = '[sense]\nsuricata_interface = "eth0"\n'


def outcome(check, asked, readings):
    """Of the figures that these readings make; what was not read is left out."""
    measures = check.measures(asked)
    given = Readings({key: measures[key] for key in measures if any(one.key == key for one in readings)}, check.acts)
    given.take(readings)
    return {one.key: one.outcome for one in given.figures()}


# --- against a centre that answers --------------------------------------------------------------------------------


@pytest.mark.slow
def test_clock_certificates_and_reachability_of_a_node_that_is_well(enrolled, monkeypatch) -> None:
    monkeypatch.setattr(reach, "WATCH_S", 0.3)
    enrolled.says()
    for check in (ClockCheck(), CertificateCheck(), ReachCheck()):
        part, figures = enrolled.run(check)
        assert part.outcome is PASSED, [(one.key, one.value, one.reason) for one in figures.values()]
    assert figures["configured"].value.startswith("127.0.0.1:")


def test_a_clock_that_is_off_fails_against_the_centre_s(enrolled) -> None:
    true = enrolled.clock.now_us
    enrolled.clock.now_us = lambda: true() + 60 * SECOND_US
    part, figures = enrolled.run(ClockCheck())
    assert part.outcome is FAILED
    assert 58 <= figures["centre"].value <= 62
    assert figures["centre"].reason.en.startswith("this node's clock is ahead. The node's operator keeps")


def test_a_certificate_that_ended_another_s_keys_and_open_keys_fail(enrolled, stand) -> None:
    keys = enrolled.site.config.folder / "keys"
    (keys / "tls.key.pem").chmod(0o644)
    assert enrolled.run(CertificateCheck())[1]["centre_private"].outcome is FAILED
    shutil.copy(stand.enrol("region-b", seed=2).tls_key, keys / "tls.key.pem")
    assert enrolled.run(CertificateCheck())[1]["centre_chain"].outcome is FAILED
    enrolled.clock.days = 85
    part, figures = enrolled.run(CertificateCheck())
    assert (part.outcome, figures["centre_days"].outcome, figures["centre_days"].value) == (FAILED, FAILED, 4)


@pytest.mark.slow
def test_a_centre_that_does_not_answer_and_a_stranger_fail(enrolled, stand, monkeypatch) -> None:
    enrolled.says()
    monkeypatch.setattr(reach, "WATCH_S", 0.0)
    stranger = Peer("203.0.113.9", 443)
    monkeypatch.setattr(reach, "called", lambda _: {stranger})
    monkeypatch.setattr(reach, "WATCH_S", 0.1)
    _, figures = enrolled.run(ReachCheck())
    assert (figures["others"].value, figures["others"].reason.en[:17]) == (1, "203.0.113.9:443. ")
    stand.server.stop()
    assert stand.ended.wait(10)
    part, figures = enrolled.run(ReachCheck())
    assert (part.outcome, figures["centre"].outcome, figures["centre"].value) == (FAILED, FAILED, "none")
    assert "The actor's network people" in figures["centre"].reason.en


def test_whom_a_process_calls_and_what_a_configuration_lets_be_called(tmp_path, bench) -> None:
    for folder in ("7/fd", "7/net", "7/task/7", "8/fd", "8/net", "8/task/8"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "7/task/7/children").write_text("8 ")
    for place, inode in (("7/fd/3", 11), ("7/fd/4", 12), ("8/fd/3", 13), ("7/fd/5", 14)):
        (tmp_path / place).symlink_to(f"socket:[{inode}]")
    row = "  0: {} {} {} 00000000:00000000 00:00000000 00000000 0 0 {} 1\n"
    (tmp_path / "7/net/tcp").write_text(
        "head\n"
        + "".join(
            (
                row.format("0101A8C0:D000", "097100CB:01BB", "01", 11),
                row.format("0101A8C0:1F90", "00000000:0000", "0A", 12),
                row.format("0101A8C0:1F90", "050100C0:C000", "01", 14),
                row.format("0100007F:D001", "0100007F:01BB", "01", 13),
                row.format("0101A8C0:D003", "08080808:0035", "01", 99),
            )
        )
    )
    (tmp_path / "7/net/tcp6").write_text(
        "head\n" + row.format("0" * 32 + ":D002", "000080FE000000000000000001000000:01BB", "01", 13)
    )
    found = called(7, tmp_path)
    assert found == {Peer("203.0.113.9", 443), Peer("fe80::1", 443)}
    assert strangers(found, [Peer("fe80::1", 443)]) == [Peer("203.0.113.9", 443)]
    made = bench(
        '[node]\nactor = "region-a"\ncentre_url = "https://centre.example"\n[enforce]\nupdate_server = "192.0.2.1@53"\n'
        'resolver_upstreams = ["192.0.2.2@53"]\n'
    )
    assert {end for _, end in configured(made.site.config)} == {
        ("centre.example", 443),
        ("192.0.2.1", 53),
        ("192.0.2.2", 53),
    }
    base = {"chain": {"hook": "output", "policy": "drop"}}
    assert fenced([base])
    assert not fenced([{"chain": {"hook": "output", "policy": "accept"}}, {"table": {}}, 3])


# --- by what the node says ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("other", "key"),
    [
        ({}, None),
        ({"capture_loss_permille": 40}, "loss"),
        ({"sources": [{"broken": "gone"}]}, "broken"),
        ({"problems": [{"code": "lost_capture_drops", "en": "9 packets", "da": "9 pakker"}]}, "drops"),
        ({"sources": [{"lag_s": 600}]}, "lag"),
        ({"problems": [{"code": "disk_full", "en": "full", "da": "fuld"}]}, "problems"),
    ],
)
def test_a_node_that_is_well_passes_and_dropped_packets_a_broken_source_and_a_lag_fail(bench, other, key) -> None:
    made = bench(LIVE)
    if "sources" in other:
        other = {"sources": [SOURCE | other["sources"][0]]}
    made.says(**other)
    part, figures = made.run(CaptureCheck())
    failed = [one.key for one in figures.values() if one.outcome is FAILED]
    assert (part.outcome, failed) == ((FAILED, [key]) if key else (PASSED, []))
    assert made.run(RuleCheck())[0].outcome is PASSED


def test_rules_that_fail_or_are_not_there_or_are_old_fail(bench) -> None:
    made = bench(LIVE + '[rules]\nsources = ["https://rules.example/set"]\n')
    made.says(rules={"loaded": 0, "failed": 2})
    rules = made.site.config.folder / "rules" / "current"
    rules.mkdir(parents=True)
    (rules / "suricata.rules").write_text("")
    file = rule_folder(made.site.config).rules
    file.write_text("")
    old_s = made.clock.now_us() / 1e6 - 40 * 86_400
    os.utime(file, (old_s, old_s))
    part, figures = made.run(RuleCheck())
    assert part.outcome is FAILED
    assert {key: one.outcome for key, one in figures.items()} == {"loaded": FAILED, "failed": FAILED, "age": FAILED}


def test_a_node_that_does_not_run_was_not_tested_and_one_without_sensor_has_no_loss(bench) -> None:
    made = bench(LIVE)
    for check in (CaptureCheck(), RuleCheck(), ProtectionCheck()):
        assert made.run(check)[0].outcome is (NA if check.name == "protection" else OPEN)
    made.says(at_us=made.clock.now_us() - 600 * SECOND_US)
    assert made.run(CaptureCheck())[0].outcome is OPEN
    made.says(sources=[], capture_loss_known=False)
    _, figures = made.run(CaptureCheck())
    assert (figures["loss"].outcome, figures["problems"].outcome) == (NA, PASSED)
    guard = bench("")
    guard.says(sources=[])
    assert guard.run(RuleCheck())[0].outcome is NA


# --- door and round -----------------------------------------------------------------------------------------------


def told(*named, uploads=1, met=True, chain=True):
    """What a trial came to, as far as the check looks at it."""
    said = SimpleNamespace(named=frozenset(named))
    return SimpleNamespace(said=said, uploads=uploads, met=met, chain=chain, parties=3, t=3, lines=9)


@pytest.mark.slow
def test_a_door_that_leaks_an_exact_time_differs_between_twins(bench, monkeypatch) -> None:
    monkeypatch.setattr(report_rules, "hour_of", lambda us: us // SECOND_US // 3599)
    part, figures = bench().run(DoorCheck())
    assert (part.outcome, part.fault) == (FAILED, "")
    assert figures["differences"].value > 0


def test_a_policy_that_takes_part_in_nothing_cannot_be_tried(bench, tmp_path) -> None:
    (tmp_path / "policy.toml").write_text("[door]\njoin_weak = false\njoin_strong = false\n")
    for check in (DoorCheck(), RoundCheck()):
        part, _ = bench().run(check)
        assert part.outcome is OPEN
    none = bench('[node]\nactor = "region-a"\nhomes = ["fc00::/7"]\n')
    assert none.run(DoorCheck())[0].outcome is OPEN


def test_a_round_fails_where_the_canary_is_not_found_or_something_else_is_named(bench) -> None:
    asked, canary, alone = bench().site.terms, CANARY.value, ALONE.value
    for given, failed in (
        (told(canary), set()),
        (told(canary, alone), {"others"}),
        (told(met=False), {"met", "named"}),
        (told(canary, uploads=0, chain=False), {"uploads", "chain"}),
    ):
        found = outcome(RoundCheck(), asked, round_of(given, automatic=True))
        assert {key for key, said in found.items() if said is FAILED} == failed
    assert outcome(RoundCheck(), asked, round_of(told(), automatic=False))["named"] is NA


# --- protection ---------------------------------------------------------------------------------------------------


class Node:
    """Stands for a running node: ``blocks`` and ``lifts`` say whether it does what it is asked for."""

    def __init__(self, *, blocks=True, lifts=True):
        self.there, self.blocks, self.lifts, self.asked = set(), blocks, lifts, []

    def block(self, observable, now_us):
        self.asked.append("block")
        if self.blocks:
            self.there.add(observable)
        return indicator_id(observable)

    def lift(self, id_):
        self.asked.append("lift")
        if self.lifts:
            self.there.clear()

    def standing(self, id_):
        return ("wanted", "") if self.there else ("refused", "carried")

    def lines(self, id_, since_us):
        return len(self.asked)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("node", "failed"),
    [(Node(), set()), (Node(blocks=False), {"in_force", "seconds"}), (Node(lifts=False), {"gone", "lift_seconds"})],
)
def test_an_enforcer_that_does_nothing_or_lets_nothing_go_fails(bench, node, failed) -> None:
    name = drill_name(SeededDice(1))
    readings = drilled(node, name, 1, {"list": lambda one: one in node.there}, wait_s=0.3)
    found = outcome(ProtectionCheck(), bench().site.terms, readings)
    assert {key for key, said in found.items() if said is FAILED} == failed
    assert node.asked == ["block", "lift"], "whatever comes of it, a lift is asked for"


def test_a_drill_s_item_ends_by_itself_and_it_lifts_also_where_looking_breaks_off() -> None:
    name = drill_name(SeededDice(1))
    item = protection.waiting(name, 1_800_000_000_000_000)
    assert (item.standing, item.act, name.value.endswith(".test")) == ("waiting", "block", True)
    assert item.until_us - item.decided_us == 600 * SECOND_US
    node = Node()

    def breaks(_):
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        drilled(node, drill_name(SeededDice(1)), 1, {"list": breaks}, wait_s=0.3)
    assert node.asked == ["block", "lift"]


# --- recovery, load, days -----------------------------------------------------------------------------------------


def test_a_store_that_loses_rows_or_doubles_them_fails(bench, rows_in_store) -> None:
    asked = bench().site.terms
    for numbers, failed in ((range(1, 21), set()), (range(1, 18), {"lost"}), ([*range(1, 21), 7, 8], {"doubled"})):
        there = counted(rows_in_store(numbers))
        found = outcome(RecoveryCheck(), asked, recovery_of(there, 20))
        assert {key for key, said in found.items() if said is FAILED} == failed


def test_a_node_that_is_too_slow_or_loses_fails_the_load(bench) -> None:
    asked = replace(bench().site.terms, rate_per_s=100, seconds=10)
    for readings, failed in (
        (load_of(Counted(1000, 1000), 1000, 10.0, 2.0), set()),
        (load_of(Counted(1000, 1000), 1000, 10.0, 45.0), {"rate", "lag"}),
        (load_of(Counted(980, 980), 1000, 10.0, 2.0), {"lost"}),
        (load_of(Counted(400, 400), 400, 4.0, 1), {"seconds"}),
    ):
        assert {key for key, said in outcome(LoadCheck(), asked, readings).items() if said is FAILED} == failed


def line(kind, verdict="passed", rule=""):
    """Of a ledger."""
    blank = dict.fromkeys(("item_id", "privacy", "summary", "reason", "prev", "hash"), "")
    plain = {"seq": 1, "at_us": 1, "gate": "door", "way": "out", "peer": "centre", "bytes": 0}
    return Line(**blank, **plain, kind=kind, verdict=verdict, rule=rule)


def test_rounds_of_the_past_days_by_the_ledger(bench) -> None:
    refused = [line("RoundOpened", "refused", rule) for rule in ("round_time", "round_members", "round_new")]
    lines = [line("RoundOpened"), *refused, line("ShareUpload"), line("ShareUpload", "refused"), line("Health")]
    assert +counts(lines) == Counter(opened=1, missed=1, left=1, uploads=1)
    check = next(one for one in CHECKS if one.name == "days")
    asked = bench(kind=TestKind.FINAL).site.terms
    for met, said in (
        ({"opened": 10, "uploads": 9}, PASSED),
        ({"opened": 10, "uploads": 8}, FAILED),
        ({"opened": 9, "missed": 2, "uploads": 9}, FAILED),
        ({"missed": 3}, FAILED),
        ({"left": 3}, NA),
        ({}, OPEN),
    ):
        assert outcome(check, asked, days_of(met))["share"] is said


def test_a_round_that_is_under_way_is_not_missed(bench) -> None:
    made = bench(kind=TestKind.FINAL)
    made.site.config.folder.mkdir()
    now_us, check = made.clock.now_us(), next(check for check in CHECKS if check.name == "days")
    with Book(made.site.config.folder / BOOK_FILE) as book:
        ledger = Ledger(book)
        for kind in ("RoundOpened", "ShareUpload", "RoundOpened"):
            ledger.append(now_us, "door", "in", Note(kind=kind, item_id=kind, peer="centre", summary=""))
        assert made.run(check)[1]["share"].value == 50, "no door was ever opened over this book"
        opened = OpenRound(params(1), now_us + SECOND_US, 1, frozenset({1, 2}), 0)
        State(book, b"s" * 32).want_round(opened, now_us)
        assert made.run(check)[1]["share"].value == 100
        made.clock.advance(2 * SECOND_US)
        assert made.run(check)[1]["share"].value == 50, "its deadline passed"


# --- all of them --------------------------------------------------------------------------------------------------


def test_every_check_has_words_of_its_own_and_says_who_must_act(bench) -> None:
    asked, long = bench().site.terms, Text.written("x" * 400, da="y" * 400)
    for check in CHECKS:
        measures = check.measures(asked)
        assert set(check.acts) - {"", UNTESTED} <= set(measures), check.name
        for make in (no_answer, not_tested):
            readings = Readings(measures, check.acts)
            readings.take(make(key, long) for key in measures)
            for one in readings.figures():
                acts = check.acts.get(one.key, check.acts[""]) if make is no_answer else check.acts.get(UNTESTED)
                said = acts if acts is not None and in_the_way(one) else long
                assert max(len(one.reason.en), len(one.reason.da)) <= 400
                assert (one.reason.en.endswith(said.en), one.reason.da.endswith(said.da)) == (True, True)
    names = [one.name for one in CHECKS]
    assert len(set(names)) == len(names)
    for check in CHECKS:
        measures = check.measures(bench().site.terms)
        assert any(one.required for one in measures.values())
        assert all(one.name.en != one.name.da for one in measures.values())


class Odd:
    """A check that breaks off, or reads what it does not measure."""

    name, title, kinds, acts = "odd", Text.written("Odd", da="Sær"), (), {"": Text.written("Somebody", da="Nogen")}

    def __init__(self, error=None):
        self.error = error

    def measures(self, _):
        return ClockCheck().measures(_)

    def run(self, _):
        if self.error:
            raise self.error
        return [value("unheard", 1)]


def test_a_check_that_breaks_off_has_failed_and_stops_no_other(bench) -> None:
    site = bench().site
    protocol = run(site, [Odd(LinkDown("the line\nis cut")), RuleCheck()])
    odd, rules = protocol.parts
    assert (odd.outcome, odd.fault, rules.outcome) == (FAILED, "the line is cut", NA)
    with pytest.raises(KeyError):
        part_of(Odd(), site)


def test_what_is_required_is_what_is_demanded_and_a_part_can_be_repeated_alone(bench) -> None:
    asked = bench().site.terms
    assert set(demands(asked)) == set(required(TestKind.ACCEPTANCE))
    assert set(required(TestKind.FINAL)) - set(required(TestKind.ACCEPTANCE)) == {"days"}
    assert [one.name for one in chosen(TestKind.ACCEPTANCE, ["rules"])] == ["rules"]
    with pytest.raises(ValueError, match="no part is called 'tea'"):
        chosen(TestKind.ACCEPTANCE, ["tea"])
    only = run(bench().site, chosen(TestKind.ACCEPTANCE, ["rules"]))
    assert "clock: not tested" in [one.en for one in shortfalls(only, demands(asked))]
