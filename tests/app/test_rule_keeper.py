"""The rules in force: as fetched, tuned as of today, loaded anew where they changed and only then."""

from types import SimpleNamespace

import pytest

from bavn.actor.sense.rules.counts import RuleYield, write_yield
from bavn.actor.sense.rules.rule_set import RuleFolder
from bavn.actor.sense.suricata.command_socket import SuricataRefused
from bavn.app.node.rule_keeper import ASK_EVERY_US, RELOAD_US_MAX, RuleKeeper
from bavn.model.moment import DAY_US
from bavn.model.text import Text

NOON_US = 1_795_608_000_000_000
ENTRY = '[[disable]]\nsid = 7\ncomment = "c"\nwho = "w"\nuntil = {}\n'
TODAY, TOMORROW = "2026-11-25", "2026-11-26"


class Line:
    """Suricata's command socket: a reload is done when the test says so."""

    def __init__(self):
        self.reloads, self.done, self.failed, self.busy = 0, 0, [], False

    def ask(self, command):
        if command == "ruleset-reload-time":
            return [{"id": 0, "last_reload": str(self.done)}]
        if command == "ruleset-reload-nonblocking":
            if self.busy:
                raise SuricataRefused("a reload is under way")
            self.reloads += 1
            return "Reload queued"
        if command == "ruleset-stats":
            return [{"id": 0, "rules_loaded": 9, "rules_failed": len(self.failed)}]
        return self.failed

    def close(self):
        pass


@pytest.fixture
def kept(tmp_path):
    clock = SimpleNamespace(us=NOON_US)
    clock.now_us = lambda: clock.us
    source = SimpleNamespace(up=True, restarts=0, unread_rules=(), never_began=(0, Text.plain("-")))
    source.running = lambda: source.up
    source.counts = lambda: {"restarts": source.restarts}
    keeper = RuleKeeper(RuleFolder(tmp_path / "rules"), tmp_path / "tuning.toml", clock, tmp_path / "no.socket")
    keeper._line = Line()
    keeper.prepare()
    return SimpleNamespace(
        folder=RuleFolder(tmp_path / "rules"),
        keeper=keeper,
        line=keeper._line,
        clock=clock,
        source=source,
        tuning=tmp_path / "tuning.toml",
        threshold=tmp_path / "rules" / "threshold.config",
        step=lambda: keeper.step(source),
    )


def test_what_did_not_change_is_not_loaded_anew(kept) -> None:
    for _ in range(3):
        kept.step()
        kept.clock.us += ASK_EVERY_US
    assert kept.line.reloads == 0
    assert kept.keeper.for_health()[0]["loaded"] == 9


def test_an_entry_comes_into_force_and_falls_out_by_itself(kept, caplog) -> None:
    kept.step()
    kept.tuning.write_text(ENTRY.format(TODAY))
    kept.step()
    kept.step()
    assert (kept.line.reloads, "sig_id 7\n" in kept.threshold.read_text()) == (1, True)
    kept.line.done = 1
    kept.step()
    assert kept.keeper.for_health()[0]["reloads"] == 1
    kept.clock.us += DAY_US
    kept.step()
    assert (kept.line.reloads, "sig_id 7" in kept.threshold.read_text()) == (2, False)
    kept.line.done = 2
    kept.step()
    kept.step()
    assert sum("has ended" in record.message for record in caplog.records) == 1
    assert len(kept.keeper.for_health()[0]["tuning"]["ended"]) == 1


def test_a_wrong_file_leaves_what_was_in_force(kept, caplog) -> None:
    kept.tuning.write_text(ENTRY.format(TOMORROW))
    kept.step()
    before = kept.threshold.read_text()
    kept.tuning.write_text("[[disable]]\nsid = 7\n")
    for _ in range(3):
        kept.step()
    assert kept.threshold.read_text() == before
    (said,) = kept.keeper.for_health()[1]
    assert said.en.startswith(f"{kept.tuning}: [[disable]] number 1 (sid 7): until is missing")
    assert sum("what was in force stays" in record.message for record in caplog.records) == 1
    kept.tuning.unlink()
    kept.step()
    assert kept.keeper.for_health()[1] == []
    assert "sig_id" not in kept.threshold.read_text()


def test_a_start_reads_what_there_is(kept) -> None:
    kept.source.up = False
    kept.tuning.write_text(ENTRY.format(TOMORROW))
    kept.step()
    kept.source.up, kept.source.restarts = True, 1
    kept.step()
    kept.step()
    assert kept.line.reloads == 0


def test_a_reload_that_is_refused_is_tried_again_and_one_that_hangs_is_said(kept) -> None:
    kept.step()
    kept.tuning.write_text(ENTRY.format(TOMORROW))
    kept.line.busy = True
    kept.step()
    assert kept.line.reloads == 0
    kept.line.busy = False
    kept.step()
    assert kept.line.reloads == 1
    kept.clock.us += RELOAD_US_MAX + 1
    kept.step()
    assert [text.da for text in kept.keeper.for_health()[1]] == ["Suricata indlæser ikke sine regler igen"]
    kept.line.done = 1
    kept.step()
    assert kept.keeper.for_health()[1] == []


def test_rules_that_fail_and_files_that_cannot_be_read_are_named(kept) -> None:
    kept.line.failed = [{"tenant_id": 0, "rule": "gibberish", "filename": "/own.rules", "line": 2}]
    kept.source.unread_rules = (Text.plain("the rule file /none.rules cannot be read"),)
    kept.step()
    figures, wrong = kept.keeper.for_health()
    assert (figures["failed"], figures["failed_named"]) == (1, ["/own.rules:2: gibberish"])
    assert [text.en for text in wrong] == [
        "the rule file /none.rules cannot be read",
        "1 rule fails: Suricata does not take it",
    ]


def put(kept, name):
    """A set that was fetched, as `bavn node rules update` leaves it."""
    made = kept.folder.folder / "sets" / name
    made.mkdir()
    (made / "suricata.rules").write_text("")
    kept.folder._point(made)


def test_a_set_with_which_suricata_does_not_start_gives_way_to_the_last_that_worked(kept, caplog) -> None:
    put(kept, "000001")
    kept.step()
    kept.line.done = 1
    kept.step()
    put(kept, "000002")
    kept.source.up, kept.source.never_began = False, (1, Text.plain("it broke"))
    kept.step()
    assert (kept.folder.name, kept.keeper.for_health()[1]) == ("000002", []), "once may be chance"
    kept.source.never_began = (2, Text.plain("it broke"))
    kept.step()
    assert kept.folder.name == "000001"
    (said,) = kept.keeper.for_health()[1]
    assert said.en.startswith("Suricata did not start with the rule set 000002 (it broke): set 000001 is in force")
    assert "set 000001 is in force again" in caplog.text
    kept.step()
    assert kept.folder.name == "000001", "what has worked is not taken for the cause"
    put(kept, "000003")
    assert kept.keeper.for_health()[1] == [], "another set is another matter"


def test_without_a_set_that_worked_there_is_nothing_to_fall_back_to(kept) -> None:
    put(kept, "000001")
    kept.source.up, kept.source.never_began = False, (5, Text.plain("no right to capture"))
    kept.step()
    assert (kept.folder.name, kept.keeper.for_health()[1]) == ("000001", [])


def test_what_the_last_fetch_came_to_and_that_one_was_refused_is_told(kept) -> None:
    put(kept, "000001")
    figures = RuleYield(wanted=10, loaded=6, off=2, unset={"PRINTERS": 3}, left_out={"it runs a script": 1})
    write_yield(kept.folder.folder / "sets" / "000001", figures)
    kept.step()
    fetched, wrong = kept.keeper.for_health()
    assert wrong == []
    assert (fetched["kept"], fetched["off"], fetched["left_out"]) == (6, 2, 4)
    assert [{"reason": why["says"]["en"], "rules": why["rules"]} for why in fetched["fetched"]["reasons"]] == [
        {"reason": "$PRINTERS is defined nowhere", "rules": 3},
        {"reason": "it runs a script", "rules": 1},
    ]
    (kept.folder.folder / "refused").write_text("there is not one rule in it")
    (said,) = kept.keeper.for_health()[1]
    assert said.en.endswith("was refused, set 000001 stays: there is not one rule in it")
    assert said.da.endswith("blev afvist, sæt 000001 bliver: der er ikke en eneste regel i det")
