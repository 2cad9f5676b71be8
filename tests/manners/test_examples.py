"""script/check tries a fifth of a property's examples, and script/test all of them."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from tests.conftest import FEW_MIN, few_examples, take_few_examples

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(("wanted", "few"), [(400, 80), (100, 20), (20, FEW_MIN), (4, 4), (1, 1)])
def test_a_fifth_and_never_none(wanted, few) -> None:
    given_settings = settings(max_examples=wanted, derandomize=True)
    assert few_examples(given_settings).max_examples == few
    assert few_examples(given_settings).derandomize, "all else is as it was"


def test_a_test_of_many_cases_is_cut_once_and_one_without_examples_not_at_all() -> None:
    tried = []

    @settings(max_examples=100, database=None)
    @given(st.integers())
    def holds(number) -> None:
        tried.append(number)

    class Machine(RuleBasedStateMachine):
        steps = rule()(lambda _machine: None)

    others = (len, Machine.TestCase("runTest").runTest, Machine.TestCase.runTest)
    items = [SimpleNamespace(), *(SimpleNamespace(obj=test) for test in (holds, holds, *others))]
    take_few_examples(items)
    holds()
    assert len(tried) == 20


def test_the_check_takes_few_and_all_of_the_tests_take_all() -> None:
    check, whole = ((ROOT / "script" / name).read_text() for name in ("check", "test"))
    assert 'BAVN_EXAMPLES="${BAVN_EXAMPLES:-few}" $bin/pytest' in check
    assert re.search(r"^BAVN_EXAMPLES=all script/check\b", whole, re.MULTILINE)
