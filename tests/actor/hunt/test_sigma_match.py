"""What a Sigma value matches, held against Sigma's own words in plain Python."""

import fnmatch
import re

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bavn.actor.hunt.rule_text import RuleFile
from bavn.actor.hunt.run import run_rules
from bavn.actor.hunt.sigma import read_rules, rules_of
from bavn.actor.store.columns import ColumnStore

LETTERS = st.text(alphabet="abAB.%_'\\\"-[]{}()^$|+ øØ\n", max_size=6)
AGENTS = st.lists(LETTERS, min_size=1, max_size=5)


def met(rows, agents, selection, condition="s") -> set[str | None]:
    text = yaml.safe_dump(
        {
            "title": "t",
            "logsource": {"category": "proxy"},
            "level": "low",
            "detection": {**selection, "condition": condition},
        },
        allow_unicode=True,
    )
    (outcome,) = read_rules([RuleFile("t.yml", text.encode())])
    assert outcome.rule is not None, outcome
    with ColumnStore.temporary() as store:
        store.append("a", "1", {"http": rows("http", [{"ts": 1, "user_agent": agent} for agent in agents])})
        window = store.window(0, 10)
        (rule,) = rules_of([outcome])
        assert not run_rules(window, [rule])[1]
        return {row[0] for row in window.rows(f"SELECT user_agent FROM {rule.relation} WHERE {rule.condition}")}


def plain(value: str) -> str:
    """Sigma reads a backslash before a backslash or a wildcard as an escape: written so, any text is itself."""
    return re.sub(r"(\\|\*|\?)", r"\\\1", value)


@pytest.mark.slow
@settings(max_examples=60)
@given(AGENTS, LETTERS, st.sampled_from(["", "|contains", "|startswith", "|endswith"]))
def test_a_text_matches_without_regard_to_case_and_to_quotes(rows, agents, value, how) -> None:
    wanted = {
        "": lambda agent: agent.lower() == value.lower(),
        "|contains": lambda agent: value.lower() in agent.lower(),
        "|startswith": lambda agent: agent.lower().startswith(value.lower()),
        "|endswith": lambda agent: agent.lower().endswith(value.lower()),
    }[how]
    found = met(rows, agents, {"s": {f"c-useragent{how}": plain(value)}})
    assert found == {agent for agent in agents if wanted(agent)}


@settings(max_examples=40)
@given(AGENTS, st.lists(st.one_of(LETTERS, st.just("*"), st.just("?")), max_size=9))
def test_wildcards_match_as_they_should(rows, agents, parts) -> None:
    value = "".join(part if part in ("*", "?") else plain(part) for part in parts)
    shell = "".join(part if part in ("*", "?") else re.sub(r"([\[*?])", r"[\1]", part.lower()) for part in parts)
    found = met(rows, agents, {"s": {"c-useragent": value}})
    assert found == {agent for agent in agents if fnmatch.fnmatchcase(agent.lower(), shell)}


@settings(max_examples=40)
@given(AGENTS, LETTERS)
def test_not_takes_a_missing_value_for_one_that_does_not_match(rows, agents, value) -> None:
    found = met(rows, [*agents, None], {"s": {"c-useragent|contains": plain(value) or "x"}}, "not s")
    assert found == {agent for agent in agents if (value or "x").lower() not in agent.lower()} | {None}


@settings(max_examples=30)
@given(AGENTS, LETTERS)
@example(["it's"], "'")
def test_cased_regards_case(rows, agents, value) -> None:
    found = met(rows, agents, {"s": {"c-useragent|contains|cased": plain(value) or "B"}})
    assert found == {agent for agent in agents if (value or "B") in agent}


@settings(max_examples=30)
@given(AGENTS, LETTERS)
def test_a_regular_expression_is_run_as_written(rows, agents, value) -> None:
    found = met(rows, agents, {"s": {"c-useragent|re": re.escape(value) + "[.]?$"}})
    assert found == {agent for agent in agents if re.search(re.escape(value) + r"[.]?\Z", agent)}


@pytest.mark.parametrize(
    ("selection", "agents", "wanted"),
    [
        ({"c-useragent": ["a", "b"]}, ["A", "b", "c"], {"A", "b"}),
        ({"c-useragent|contains|all": ["a", "b"]}, ["ab", "a", "xbxA"], {"ab", "xbxA"}),
        ({"c-useragent": ""}, ["", None, "x"], {"", None}),
        ({"c-useragent": None}, ["", None, "x"], {None}),
        ({"c-useragent|exists": True}, ["", None, "x"], {"", "x"}),
        ({"c-useragent|re|i": "^AB+$"}, ["abb", "b"], {"abb"}),
        ({"c-useragent|base64offset|contains": "hello"}, ["xxaGVsbG8=", "hello"], {"xxaGVsbG8="}),
        ({"c-useragent": 7}, ["7", "77"], {"7"}),
        ({"c-useragent|cidr": "192.0.2.0/24"}, ["192.0.2.9", "192.0.3.9", "x"], {"192.0.2.9"}),
        ({"c-useragent|fieldref": "cs-method"}, ["GET", "x"], set()),
    ],
)
def test_modifiers(rows, selection, agents, wanted) -> None:
    assert met(rows, agents, {"s": selection}) == wanted


def test_keywords_are_looked_for_in_all_texts(rows) -> None:
    assert met(rows, ["has Evil inside", "good", None], {"s": ["evil", "worse"]}) == {"has Evil inside"}
