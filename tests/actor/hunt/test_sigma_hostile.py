"""Rules from strangers: whatever a file holds, it gives outcomes with reasons of one line, and nothing else."""

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.actor.hunt.rule_text import BYTES_MAX, RuleFile
from bavn.actor.hunt.run import refused_by
from bavn.actor.hunt.sigma import REASON_CHARS_MAX, read_rules, rules_of
from bavn.actor.store.columns import ColumnStore

HEAD = "title: t\nlogsource: {category: dns}\ndetection: {s: {query: x}, condition: s}\n"


def fine(outcome) -> None:
    assert outcome.standing in ("runs", "part", "unsupported", "unreadable")
    assert (outcome.rule is None) == (outcome.standing != "runs")
    if outcome.standing != "runs":
        assert outcome.reason
    assert len(outcome.reason) <= REASON_CHARS_MAX
    assert outcome.reason.isprintable()
    assert outcome.title.isprintable()


def bomb() -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 6)]
    return HEAD + "\n".join(lines)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no rule"),
        ("a: [", "no YAML"),
        ("- 1\n- 2", "mapping"),
        ("just text", "mapping"),
        ("title: t", "log source"),
        ("title: t\nlogsource: {category: dns}\ndetection: {s: {query: x}}", "ondition"),
        ("title: t\nlogsource: 7\ndetection: {s: {query: x}, condition: s}", ""),
        ("title: [1, 2]\nlogsource: {category: dns}\ndetection: {s: {query: x}, condition: s}", ""),
        (bomb(), "aliases"),
        ("a: &a [*a]", "ecursive"),
        ("x: " + "[" * 30 + "]" * 30, "levels of nesting"),
        ("x: " + "[" * 5000, "nesting"),
        ("x: " + "{a: " * 5000, "nesting"),
        ("a: [" + "1," * 200_000 + "]", "nodes"),
        ("---\na: 1\n" * 3000, "documents"),
        ("x" * (BYTES_MAX + 1), "bytes"),
        ("!!python/object/apply:os.system ['true']", "YAML"),
        (HEAD.replace("condition: s", "condition: '" + "(" * 1500 + "s" + ")" * 1500 + "'"), ""),
        (HEAD.replace("condition: s", "condition: '" + "not " * 900 + "s'"), ""),
        (HEAD.replace("condition: s", "condition: '" + "s or " * 2000 + "s'"), "characters"),
        (HEAD.replace("query: x", "query|re: '((a{1000}){1000}){1000}'"), ""),
        (HEAD.replace("query: x", "query|re: '(?=a)b'"), ""),
        (HEAD.replace("query: x", "query|re: '(a+)+$'"), None),
        (HEAD.replace("query: x", "query|nonsense: x"), "nonsense"),
        (HEAD.replace("query: x", "query|windash|wide|base64offset|contains: x -y"), None),
        (HEAD.replace("query: x", "query: [" + "'a',".join([""] * 20_000) + "]"), ""),
        (HEAD.replace("query: x", 'query: "a\\0b"'), "NUL"),
        ('title: a\nlogsource: {product: "0\\n0"}\ndetection: {s: {a: 1}, condition: s}', "0 0"),
        (HEAD + "level: [high]", ""),
        (HEAD + "id: not-an-id", ""),
        (HEAD.replace("title: t", 'title: "\\e[2J\\n[bold]x"'), None),
    ],
)
def test_each_gives_one_reason_and_nothing_else(text, reason) -> None:
    found = read_rules([RuleFile("x.yml", text.encode())])
    assert len(found) == 1
    fine(found[0])
    if reason is None:
        assert found[0].standing == "runs", found[0].reason
        with ColumnStore.temporary() as store:
            assert refused_by(store.window(0, 1), rules_of(found)) == []
    else:
        assert reason in found[0].reason


def test_a_bad_rule_costs_no_other_and_doubles_and_bytes_are_said() -> None:
    (outcome,) = read_rules([RuleFile("x.yml", b"title: \xff\xfe")])
    fine(outcome)
    assert outcome.reason.startswith("the file is no UTF-8")
    found = read_rules([RuleFile("x.yml", (HEAD + "---\ntitle: bad\n---\n" + HEAD.replace("t\n", "u\n", 1)).encode())])
    assert sorted(o.standing for o in found) == ["runs", "runs", "unreadable"]
    text = (HEAD + "id: 5013fd7d-7c5a-4b1d-9d9f-0a2f1a1b2c3d\n").encode()
    first, second = read_rules([RuleFile("one.yml", text), RuleFile("two.yml", text)])
    assert first.standing == "runs"
    assert "taken by a rule in one.yml" in second.reason


NASTY = st.text(alphabet="ab'\";\\%_*?()[]{}|\x00\x1b\n-", max_size=30)


@pytest.mark.slow
@settings(max_examples=80)
@given(
    st.sampled_from(["query", "c-useragent", "c-uri", "answer", "dst_ip", "dst_port", "id.resp_h", "no"]),
    NASTY,
    st.sampled_from(["", "|contains", "|re", "|cidr", "|gt", "|startswith|cased", "|expand", "|exists"]),
    st.sampled_from(["dns", "proxy", "firewall"]),
    NASTY,
)
def test_no_value_leaves_its_quotes(field, value, how, category, title) -> None:
    text = yaml.safe_dump(
        {
            "title": title,
            "logsource": {"category": category},
            "detection": {"s": {field + how: value}, "condition": "s or not s"},
        }
    )
    found = read_rules([RuleFile("x.yml", text.encode())])
    assert len(found) == 1
    fine(found[0])
    with ColumnStore.temporary() as store:
        for refusal in refused_by(store.window(0, 1), rules_of(found)):
            assert "syntax" not in refusal.reason.lower(), (refusal.reason, refusal.rule.condition)
            assert "SELECT" not in refusal.reason


@settings(max_examples=100)
@given(
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8)),
        lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
        max_leaves=12,
    ),
    st.sampled_from(["detection", "logsource", "correlation", "filter", "tags", "level", "action", "title", "id"]),
)
def test_any_tree_in_any_place_is_one_outcome_or_none_for_an_action(tree, place) -> None:
    document = yaml.safe_load(HEAD) | {place: tree}
    found = read_rules([RuleFile("x.yml", yaml.safe_dump(document).encode())])
    assert len(found) == 1 or place in ("action", "filter")
    for outcome in found:
        fine(outcome)
