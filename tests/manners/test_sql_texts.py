"""SQL that is longer than a line is one text, not pieces of lines side by side."""

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SQL = re.compile(
    r"""
    \b(?: SELECT | INSERT\ INTO | DELETE\ FROM | UPDATE\ \w+\ SET    # statements
    | FROM | WHERE | JOIN | GROUP\ BY | ORDER\ BY | ON\ CONFLICT     # clauses
    | CASE\ WHEN | UNION | VALUES | BETWEEN )\b                      # what stands in them
    """,
    re.VERBOSE,
)
LAYOUT = {tokenize.NL, tokenize.COMMENT}
OPENS = {getattr(tokenize, "FSTRING_START", -1)}
CLOSES = {getattr(tokenize, "FSTRING_END", -1)}


def pieces(text: str) -> Iterator[tuple[int, str]]:
    """Line and text of each group of literals that stand side by side over more than one line."""
    group: list[tokenize.TokenInfo] = []
    count = depth = 0
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in LAYOUT and not depth:
            continue
        depth += (token.type in OPENS) - (token.type in CLOSES)
        if depth or token.type in CLOSES or token.type == tokenize.STRING:
            group.append(token)
            count += not depth
            continue
        if count > 1 and group[0].start[0] != group[-1].end[0]:
            yield group[0].start[0], " ".join(part.string for part in group)
        group, count = [], 0


def faults(text: str) -> list[tuple[int, str]]:
    """Those of them that are SQL."""
    return [(line, piece) for line, piece in pieces(text) if SQL.search(piece)]


def test_no_sql_is_put_together_line_by_line() -> None:
    places = [
        f"{path.relative_to(ROOT)}:{line}"
        for package in ("bavn", "bavn_lab")
        for path in sorted((ROOT / package).rglob("*.py"))
        for line, _ in faults(path.read_text(encoding="utf-8"))
    ]
    assert places == []


@pytest.mark.parametrize(
    ("text", "is_fault"),
    [
        ("A = (\n    'SELECT a'\n    ' FROM b'\n)", True),
        ("A = (\n    'SELECT a'  # why\n    f' FROM {b}'\n)", True),
        ("A = (\n    f'{a} AS c'\n    f' FROM {b}'\n)", True),
        ("A = '''SELECT a\n    FROM b'''", False),
        ("A = f'''SELECT {a}\n    FROM b'''", False),
        ("A = [\n    'SELECT a',\n    'FROM b',\n]", False),
        ("A = (\n    'what a person'\n    ' reads'\n)", False),
    ],
)
def test_the_check_sees_what_it_is_for(text: str, is_fault: bool) -> None:
    assert bool(faults(text)) is is_fault
