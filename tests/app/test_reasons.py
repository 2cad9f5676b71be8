"""Nothing that a person reads in Danish is left in English: every reason that the sources have, every figure of health,
every heading of a table.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import bavn
from bavn.app.cli import words
from bavn.app.node.health.words import COUNTS, LOSSES
from bavn.app.process.reasons import of_reason, reason

ROOT = Path(bavn.__file__).parent
SAYING = {"refuse", "_refuse", "without", "RefusedLine", "SourceBroken", "BadTemplate", "NotDnstap"}
"""What is called with a reason."""

NEVER_READ = re.compile(
    "the store's mark for source|syslog .*(listen|TLS)|must (be|name)|is no (address or network|template|head|place)"
    "|(rule files|memory_mb|a ring of packets|a node without home|too long a name)|the state beside|^many$|^others$"
)
"""Of settings: a stop with an exit code, not a reason for one line of many."""


SAME = {"{}: {}", "{} {}", "{} is {}", "syslog {}", "port", "ts", "no line of squid"}
"""The same word in both, or put together from two (`no line of squid's access.log` in SQL)."""


def texts(node: ast.expr) -> Iterator[str]:
    """The strings that an expression may be, {} for what is filled in."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=values):
            yield "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in values)
        case ast.IfExp(body=body, orelse=other):
            yield from texts(body)
            yield from texts(other)
        case ast.BoolOp(values=values):
            for value in values:
                yield from texts(value)


EXCEPT = ("rules/rule_set", "rules/tuning", "rules/text", "flows/receiver", "suricata/command_socket")


def said_by_sources() -> set[str]:
    found = set()
    for file in sorted((ROOT / "actor" / "sense").rglob("*.py")):
        if str(file.relative_to(ROOT / "actor" / "sense").with_suffix("")) in EXCEPT:
            continue
        text = file.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if name in SAYING:
                    found |= {said for given in node.args for said in texts(given)}
        found |= set(re.findall(r"(?:THEN|ELSE|coalesce\(reason,) '((?:no|not|of no) [a-zA-Z_ ]+?)'", text))
        found |= set(re.findall(r"THEN '([a-z]+): '", text))
        found |= set(re.findall(r'^[A-Z_]+: Final = "([a-z][a-z_ ]+ [a-z_]+(?: [a-z_:\' ]+)?)"$', text, re.MULTILINE))
    return {
        said
        for said in found
        if re.search("[a-z]{2}", said)
        and not NEVER_READ.search(said)
        and said not in SAME
        and not re.search("SELECT|CASE|coalesce|epoch|regexp|truth|exporter,| dst ", said)
    }


SAID = sorted(said_by_sources())


def test_there_are_reasons_to_look_at() -> None:
    assert len(SAID) > 60


@pytest.mark.parametrize("said", SAID)
def test_every_reason_is_known_in_danish(said) -> None:
    told = of_reason(said.replace("{}", "x1"))
    assert told.da != told.en, f"bavn/app/process/reasons.py does not list {said!r}"


def danish(english: str) -> str:
    return of_reason(english).da


def test_holes_are_filled_in_their_order_and_what_is_behind_a_colon_is_said_too() -> None:
    assert danish("/a.pcap cannot be read (No rights): let the node's user read it") == (
        "/a.pcap kan ikke læses (No rights): lad nodens bruger læse den"
    )
    assert danish("cannot be read (No rights): let the node's user read it").startswith("kan ikke læses (No rights)")
    assert danish("5 of 9 bytes could not be read: a packet breaks off") == (
        "5 af 9 bytes kunne ikke læses: en pakke slutter midt i"
    )
    assert danish("address: 10.0.0.300") == "adresse: 10.0.0.300"
    assert danish("something nobody knows: {x}") == "something nobody knows: {x}"
    assert danish("a set: it runs a script") == "a set: den kører et script"
    assert reason("no JSON", "en") == "no JSON"


@pytest.mark.parametrize("said", SAID)
def test_a_reason_says_in_english_what_was_kept(said) -> None:
    for told in (said.replace("{}", "a b"), "x.log: " + said.replace("{}", "7"), said.replace("{}", "port") + ": 7"):
        assert of_reason(told).en == told


def calls(name: str) -> Iterator[tuple[Path, ast.Call]]:
    for file in sorted(ROOT.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and name == getattr(node.func, "attr", getattr(node.func, "id", "")):
                yield file, node


def test_every_loss_that_a_source_counts_has_a_name() -> None:
    named = {
        given.value.value
        for _, call in calls("Loss")
        for given in call.keywords
        if given.arg == "what" and isinstance(given.value, ast.Constant)
    }
    gaps = set()
    for module in ("netflow", "sflow"):
        text = (ROOT / "actor" / "sense" / "flows" / f"{module}.py").read_text(encoding="utf-8")
        gaps |= set(re.findall(r'"([a-z_0-9]+)": "(?:flows|datagrams|records|packets)"', text))
    assert gaps
    assert named | gaps <= set(LOSSES)


def test_every_count_of_a_source_has_a_name() -> None:
    named = set()
    for file in sorted((ROOT / "actor" / "sense").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name == "counts":
                named |= {
                    key.value
                    for inner in ast.walk(node)
                    if isinstance(inner, ast.Dict)
                    for key in inner.keys
                    if isinstance(key, ast.Constant)
                }
    assert named
    assert named <= set(COUNTS)


def test_every_table_of_ours_has_headings_in_both_languages() -> None:
    seen = 0
    for name in ("show_table", "show"):
        for file, call in calls(name):
            if "cli" not in file.parts or not call.args or not isinstance(call.args[0], ast.Tuple):
                continue
            columns = [one.value for one in call.args[0].elts if isinstance(one, ast.Constant)]
            if columns[0] in ("table", "function"):  # tables of names, which are SQL's
                continue
            seen += 1
            assert set(columns) <= set(words.HEADINGS), file
    assert seen >= 5


def test_figures_are_written_as_each_language_does() -> None:
    assert (words.number(1234.5, "en", 1), words.number(1234.5, "da", 1)) == ("1,234.5", "1.234,5")
    assert (words.small(0.0038, "en"), words.small(0.0038, "da")) == ("0.0038", "0,0038")
    assert words.cell("10.0.0.5", "da") == "10.0.0.5"
