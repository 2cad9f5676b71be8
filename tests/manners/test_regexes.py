"""A regular expression that is longer than one looks over is in verbose form, with a comment for each group."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PATTERN_CHARS_MAX = 80
READS = {"compile", "match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer"}
LOOKS = re.compile(
    r"""
    \(\?[:PiPsm=!<]                # a group of its kind
    | \](?:[*+?]|\{\d+)            # a class, repeated
    | \\[dDsSwW](?:[*+?]|\{\d+)    # a kind of character, repeated
    | \([a-z_-]+\|[a-z_-]+\|       # this or that
    """,
    re.VERBOSE,
)
SQL = re.compile(r"\b(?:SELECT|CASE|MACRO|INSERT|UPDATE|DELETE|WHERE|FROM|regexp_\w+|VARCHAR)\b")
SQL_PATTERN = re.compile(r"regexp_\w+\((?:[^',]|'')+,\s*'((?:[^']|'')*)'")
VERBOSE_LINE = re.compile(r"(?:[^\\\n]|\\.)*?\s\#\ \S.*")


def _literal(node: ast.AST) -> str | None:
    """The text of a literal, with ``{}`` for what is put in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
        return node.value if isinstance(node.value, str) else node.value.decode("latin-1")
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _literal(node.left), _literal(node.right)
        return None if left is None and right is None else (left or "{}") + (right or "{}")
    return None


def _put_in(tree: ast.Module) -> dict[str, str]:
    """Literals of the module by their names."""
    given = (node for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign))
    pairs = (
        (target, node.value) for node in given for target in getattr(node, "targets", [getattr(node, "target", 0)])
    )
    texts = ((target.id, _literal(value)) for target, value in pairs if isinstance(target, ast.Name) and value)
    return {name: text for name, text in texts if text is not None}


def _is_verbose(text: str) -> bool:
    """More lines than one, and nearly each with its comment: one may be a bracket or a text that goes on."""
    lines = [line for line in text.splitlines() if line.strip(" ()|")]
    said = sum(VERBOSE_LINE.fullmatch(line) is not None for line in lines)
    return len(lines) > 1 and said >= max(1, len(lines) - 2)


def faults(text: str) -> Iterator[tuple[int, str]]:
    """Lines of a module where a long regular expression stands in one piece, or where Python is not told that it is
    verbose."""
    tree = ast.parse(text)
    named = _put_in(tree)
    documents = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _is_read_by_python(node):
            pattern = named.get(node.args[0].id) if isinstance(node.args[0], ast.Name) else _literal(node.args[0])
            is_told = "VERBOSE" in "".join(ast.dump(given) for given in (*node.args[1:], *node.keywords))
            if pattern is not None and not is_told and (len(pattern) > PATTERN_CHARS_MAX or _is_verbose(pattern)):
                yield node.lineno, pattern
        literal = _literal(node) if id(node) not in documents else None
        if literal is None or (id(node) in inside and not isinstance(node, ast.JoinedStr)):
            continue
        if SQL.search(literal):
            yield from ((node.lineno, m[1]) for m in SQL_PATTERN.finditer(literal) if len(m[1]) > PATTERN_CHARS_MAX)
        elif len(literal) > PATTERN_CHARS_MAX and LOOKS.search(literal) and not _is_verbose(literal):
            yield node.lineno, literal


def _is_read_by_python(node: ast.Call) -> bool:
    function = node.func
    return (
        isinstance(function, ast.Attribute)
        and isinstance(function.value, ast.Name)
        and function.value.id == "re"
        and function.attr in READS
        and bool(node.args)
    )


def test_no_long_regular_expression_stands_in_one_piece() -> None:
    places = [
        f"{path.relative_to(ROOT)}:{line}: {pattern[:60]}"
        for package in ("bavn", "bavn_lab")
        for path in sorted((ROOT / package).rglob("*.py"))
        for line, pattern in faults(path.read_text(encoding="utf-8"))
    ]
    assert places == []


LONG = "(?:[a-z]+) (?:[0-9]+) (?:[a-z]+) (?:[0-9]+) (?:[a-z]+) (?:[0-9]+) (?:[a-z]+) (?:[0-9]+)"
VERBOSE = r'"""' + "\n".join(f"{LONG[:20]}  # group {n}" for n in range(6)) + '"""'


@pytest.mark.parametrize(
    ("text", "is_fault"),
    [
        (f"import re\nA = re.compile(r'{LONG}')", True),
        (f"import re\nA = re.compile('{LONG[:40]}'\n    '{LONG[40:]}')", True),
        (f"import re\nA = '{LONG[:40]}' + '{LONG[40:]}'\nB = re.compile(A)", True),
        (f"import re\nA = re.compile({VERBOSE})", True),
        (f"import re\nA = re.compile({VERBOSE}, re.DOTALL | re.VERBOSE)", False),
        (f"A = plain({VERBOSE})", False),
        (f"A = form('{LONG}')", True),
        (f"A = \"SELECT regexp_extract(message, '{LONG}', 1)\"", True),
        (f"A = \"SELECT regexp_extract(message, '{LONG[:40]}', 1) AS what_it_was_called_by_those_who_saw_it\"", False),
        (f"import re\nA = re.compile('{LONG[:60]}')", False),
    ],
)
def test_the_check_sees_what_it_is_for(text: str, is_fault: bool) -> None:
    assert bool(list(faults(text))) is is_fault
