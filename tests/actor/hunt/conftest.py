"""A store to run rules over, and rules written as text."""

import textwrap

import pytest

from bavn.actor.hunt.rule_text import RuleFile
from bavn.actor.hunt.run import run_rules
from bavn.actor.hunt.sigma import read_rules, rules_of
from bavn.actor.store.columns import ColumnStore
from bavn.model.moment import HOUR_US

AT = 494_000 * HOUR_US


def rule_text(detection: str, logsource: str = "category: dns", extra: str = "") -> str:
    body = textwrap.indent(textwrap.dedent(detection).strip(), "    ")
    source = textwrap.indent(textwrap.dedent(logsource).strip(), "    ")
    head = f"title: a rule\nid: 5013fd7d-7c5a-4b1d-9d9f-0a2f1a1b2c3d\nstatus: test\n{extra}"
    return f"{head}\nlogsource:\n{source}\ndetection:\n{body}\nlevel: high\n"


@pytest.fixture(scope="session")
def at() -> int:
    return AT


@pytest.fixture
def history(rows):
    """Makes a window over these records: history(dns=[...], flow=[...])."""
    with ColumnStore.temporary(homes=("10.0.0.0/8",)) as store:

        def made(**tables):
            store.append(
                "a", "1", {name: rows(name, [{"ts": AT, **row} for row in dicts]) for name, dicts in tables.items()}
            )
            return store.window(0, AT + 1000 * HOUR_US)

        yield made


@pytest.fixture(scope="session")
def outcomes():
    """The outcomes of texts, each a file of rules."""
    return lambda *texts: read_rules([RuleFile(f"{n}.yml", text.encode()) for n, text in enumerate(texts)])


@pytest.fixture(scope="session")
def written():
    return rule_text


@pytest.fixture
def count(outcomes):
    """How many rows of a window rules name, by title; what does not run fails the test."""

    def counted(window, *texts) -> dict[str, int]:
        found = outcomes(*texts)
        assert not [o for o in found if o.standing not in ("runs", "part")], found
        met, refused = run_rules(window, rules_of(found))
        assert not refused
        return {match.rule.title: match.rows for match in met}

    return counted
