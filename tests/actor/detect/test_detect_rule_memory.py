"""What is kept of rules between looks: the same as a look over everything, at the price of what is new."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.actor.detect.indicators import rule_memory
from bavn.actor.detect.indicators.rule_memory import RuleMemory
from bavn.actor.store.columns import ColumnStore
from bavn.model.intel.rule import RowRule
from bavn.model.moment import HOUR_US
from bavn.model.ports import QueryRefused

BEGIN = 494_000
HOMES = ("10.0.0.0/8",)


def rule(name: str, condition: str, **more: object) -> RowRule:
    given: dict[str, object] = {"technique": None, "table": "dns", "relation": "dns", "name_column": "rrname"} | more
    return RowRule(id=name, title=name, level="high", condition=condition, **given)


EVIL = rule("evil", "starts_with(rrname, 'evil')")
ALL = rule("all", "TRUE")
SMALL = rule("small", "rrtype = 'A'", name_column="")
PAIRS = rule(
    "pairs",
    "TRUE",
    by_row=False,
    name_column="",
    relation="(SELECT * FROM (SELECT *, count(*) OVER (PARTITION BY src ORDER BY ts RANGE BETWEEN INTERVAL 1 HOUR"
    " PRECEDING AND CURRENT ROW) AS n FROM dns) WHERE n >= 3)",
)
RULES = (EVIL, ALL, SMALL, PAIRS)


class Counted:
    """A window that counts what it is asked, and may refuse."""

    def __init__(self, window, refuse: str = "") -> None:
        self.window, self.refuse, self.asked = window, refuse, 0

    def __getattr__(self, name: str):
        return getattr(self.window, name)

    def hour_stamps(self, table):
        return self.window.hour_stamps(table)

    def rows(self, sql, parameters=None, tables=None):
        if self.refuse and self.refuse in sql:
            raise QueryRefused("the query took\nmore than 120 s")
        self.asked += "is_home" in sql
        return self.window.rows(sql, parameters, tables)


def row(at_us: int, host: int = 1, name: str = "evil.example", rrtype: str = "A") -> dict[str, object]:
    return {"ts": at_us, "src": f"10.0.0.{host}", "dst": "192.0.2.1", "rrname": name, "rrtype": rrtype}


def hour(number: int, minute: int = 0) -> int:
    return (BEGIN + number) * HOUR_US + minute * 60_000_000


@pytest.fixture
def store():
    with ColumnStore.temporary(homes=HOMES) as made:
        yield made


ROWS = st.tuples(
    st.integers(0, 9),
    st.integers(0, 59),
    st.integers(1, 3),
    st.sampled_from(["evil.a", "evil.b", "fine.c"]),
    st.sampled_from(["A", "TXT"]),
)
STEPS = st.lists(
    st.tuples(st.lists(ROWS, max_size=8), st.integers(0, 9 * 60), st.integers(1, 10 * 60), st.booleans()),
    min_size=1,
    max_size=5,
)


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(steps=STEPS, most=st.sampled_from([1, 3, 2_000]), checks=st.sampled_from([None, 1, 20]))
def test_looks_one_after_the_other_know_what_one_look_over_everything_knows(rows, steps, most, checks) -> None:
    """Rows come in any order and late, windows begin and end anywhere, files are merged in between."""
    with pytest.MonkeyPatch.context() as patch, ColumnStore.temporary(homes=HOMES) as store:
        patch.setattr(rule_memory, "GROUPS_RULE_MIN", most)
        patch.setattr(rule_memory, "GROUPS_RULE_MAX", most)
        kept = RuleMemory(checks)
        for number, (batch, first, length, merged) in enumerate(steps):
            given_rows = [row(hour(h, m), host, name, kind) for h, m, host, name, kind in batch]
            store.append("a", str(number), {"dns": rows("dns", given_rows)})
            if merged:
                store.tidy()
            with store.window(hour(0, first), hour(0, first + length) + 1) as window:
                found = kept.look(window, RULES)
                looks = 1
                while kept.standing.waiting:
                    found = kept.look(window, RULES)
                    looks += 1
                    assert looks < 200
                    if checks is not None and not kept.waits:
                        break
                fresh = RuleMemory()
                whole = fresh.look(window, RULES)
                if checks is None or not kept.standing.waiting:
                    assert found == whole
                    assert kept.standing.cut == fresh.standing.cut


def test_a_look_over_everything_is_what_the_rows_say(store, rows) -> None:
    """Counts, ends and days, over midnight (hour 494,016 of the epoch begins a day)."""
    store.append("a", "1", {"dns": rows("dns", [row(hour(h, 30)) for h in (14, 15, 15, 16)])})
    with store.window(0, hour(20)) as window:
        (one,) = RuleMemory().look(window, (EVIL,))
    assert (one.count, one.first_us, one.last_us, one.days) == (4, hour(14, 30), hour(16, 30), 2)
    assert one.key[2:] == ("evil.example", True)


def test_only_hours_with_new_rows_are_asked_again(store, rows) -> None:
    store.append("a", "1", {"dns": rows("dns", [row(hour(h)) for h in range(10)])})
    kept = RuleMemory()
    with store.window(0, hour(10)) as window:
        kept.look(window, (EVIL, ALL))
        assert kept.standing.checks == 20
    store.append("a", "2", {"dns": rows("dns", [row(hour(3, 5)), row(hour(10))])})
    store.tidy()
    with store.window(0, hour(11)) as window:
        (found, _) = (one.count for one in kept.look(window, (EVIL, ALL)))
    assert found == 12
    assert kept.standing.checks == 2 * (2 + 1), "the hour of the late row has two rows, the new one has one"
    with store.window(0, hour(11)) as window:
        counted = Counted(window)
        kept.look(counted, (EVIL, ALL))
        assert (kept.standing.checks, counted.asked) == (0, 0)


def test_a_damaged_hour_is_asked_again_even_if_as_many_rows_have_come(store, rows) -> None:
    store.append("a", "1", {"dns": rows("dns", [row(hour(1), name="evil.old")])})
    kept = RuleMemory()
    with store.window(0, hour(2)) as window:
        kept.look(window, (EVIL,))
        (file,) = [s.name for s in window._snapshot.segments]
    (store._files / file).write_bytes(b"no parquet")
    assert len(store.check()) == 1
    store.append("a", "2", {"dns": rows("dns", [row(hour(1), name="evil.new")])})
    with store.window(0, hour(2)) as window:
        assert [one.key[2] for one in kept.look(window, (EVIL,))] == ["evil.new"]


def test_within_its_bound_a_look_asks_the_newest_first_and_says_who_waits(store, rows) -> None:
    store.append("a", "1", {"dns": rows("dns", [row(hour(h, m)) for h in range(4) for m in range(5)])})
    kept = RuleMemory(checks_max=12)
    with store.window(0, hour(4)) as window:
        (one,) = kept.look(window, (EVIL,))
        assert (one.first_us, one.count, kept.standing.checks) == (hour(2), 10, 10)
        assert kept.standing.waiting == (EVIL,)
        assert kept.waits
        (one,) = kept.look(window, (EVIL,))
        assert one.count == 20
        assert kept.standing.waiting == ()
        assert not kept.waits


def test_rules_over_many_rows_take_turns_and_keep_their_last_answer(store, rows) -> None:
    store.append("a", "1", {"dns": rows("dns", [row(hour(0, m)) for m in range(10)])})
    other = rule("other", "TRUE", by_row=False, relation="(SELECT * FROM dns LIMIT 10)", name_column="")
    kept = RuleMemory(checks_max=12)
    with store.window(0, hour(1)) as window:
        assert [one.rule for one in kept.look(window, (PAIRS, other))] == [PAIRS]
        assert kept.waits
        assert [one.rule for one in kept.look(window, (PAIRS, other))] == [PAIRS, other]
        assert kept.standing.waiting == (PAIRS,)
        assert not kept.waits, "both were asked"


def test_a_rule_that_is_refused_is_told_costs_no_other_and_rests(store, rows) -> None:
    store.append("a", "1", {"dns": rows("dns", [row(hour(h)) for h in range(3)])})
    slow = rule("slow", "rrname <> 'slow'")
    kept = RuleMemory()
    with store.window(0, hour(3)) as window:
        counted = Counted(window, refuse="'slow'")
        assert [one.rule for one in kept.look(counted, (slow, EVIL))] == [EVIL]
        assert [(one.rule, one.reason) for one in kept.standing.refused] == [(slow, "the query took\nmore than 120 s")]
        counted.refuse = ""
        for _ in range(rule_memory.REST_LOOKS - 1):
            kept.look(counted, (slow, EVIL))
            assert len(kept.standing.refused) == 1
        assert [one.rule for one in kept.look(counted, (slow, EVIL))] == [slow, EVIL]
        assert kept.standing.refused == ()


def test_a_window_that_answers_nothing_is_no_rules_fault(store, rows) -> None:
    store.append("a", "1", {"dns": rows("dns", [row(hour(0))])})
    kept = RuleMemory()
    with store.window(0, hour(1)) as window:
        window.interrupt()
        with pytest.raises(QueryRefused, match="interrupted"):
            kept.look(window, (EVIL,))
    assert kept.standing.refused == ()


def test_a_rule_that_names_too_much_tells_of_the_newest(store, rows, monkeypatch) -> None:
    monkeypatch.setattr(rule_memory, "GROUPS_RULE_MAX", 3)
    monkeypatch.setattr(rule_memory, "GROUPS_RULE_MIN", 3)
    store.append("a", "1", {"dns": rows("dns", [row(hour(h), host) for h in range(3) for host in (1, 2)])})
    kept = RuleMemory()
    with store.window(0, hour(3)) as window:
        found = kept.look(window, (ALL,))
        assert [(str(one.key[0])[-2:], one.first_us) for one in found] == [("01", hour(1)), ("02", hour(2))]
        assert kept.standing.cut == (ALL,)
        kept.look(window, (ALL,))
        assert kept.standing.checks == 0, "what would be left out is not asked"
