"""Each module stands on one row of docs/features.toml, and each row says what for."""

import ast
import tomllib
from collections import Counter
from glob import has_magic
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FEATURES = Path("docs/features.toml")
KEYS = {"id", "title", "test", "paths"}
ROWS = (30, 45)
ROW = """
[[feature]]
id = "a"
title = "A"
seed = "a local NDR"
test = "tests/test_a.py"
paths = ["bavn/actor/a/**"]
"""
PLANTED = {
    "bavn/actor/a/a.py": "A = 1\n",
    "bavn/actor/a/__init__.py": '"""Nothing but words."""\n',
    "tests/test_a.py": "",
}


def faults(bench, root: Path) -> list[str]:
    """What is wrong with the list of features of a checkout, a sentence each."""
    stated = tomllib.loads((root / FEATURES).read_text())
    rows = stated["feature"]
    features = bench.House(root).features()
    return [
        *(f"{row_id} stands twice" for row_id, n in Counter(row["id"] for row in rows).items() if n > 1),
        *(fault for row in rows for fault in _row_faults(root, row, stated)),
        *(f"{purpose} is served by no row" for purpose in _unserved(stated)),
        *(
            f"{feature.id}: {pattern} {fault}"
            for feature in features
            for pattern, matched in feature.modules.items()
            for fault in _pattern_faults(bench, pattern, matched)
        ),
        *_module_faults(bench, root, features),
    ]


def _row_faults(root, row, stated):
    purposes = row.keys() & {"seed", "user"}
    if len(purposes) != 1 or row.keys() - purposes != KEYS or not row["title"]:
        yield f"{row['id']} has other keys than a seed or a user, {', '.join(sorted(KEYS))}"
    if row.get("seed", stated["seed"][0]) not in stated["seed"] or row.get("user", "") not in ["", *stated["users"]]:
        yield f"{row['id']} serves nothing that is named"
    if not (root / row["test"]).is_file():
        yield f"{row['id']}: no test {row['test']}"


def _unserved(stated):
    served = {row.get("seed") or row.get("user") for row in stated["feature"]}
    return [purpose for purpose in (*stated["seed"], *stated["users"]) if purpose not in served]


def _pattern_faults(bench, pattern, matched):
    if not matched:
        yield "matches nothing"
    room = bench.room_of(pattern)
    if has_magic(pattern) and (has_magic(room) or room != bench.room_of(f"{room}/x/x/x")):
        yield "is wider than a room"


def _module_faults(bench, root, features):
    house = bench.House(root)
    times = Counter(path for feature in features for matched in feature.modules.values() for path in matched)
    for package in bench.PACKAGES:
        for path in (module.relative_to(root).as_posix() for module in house.files(package, "*.py")):
            if times[path] > 1:
                yield f"{path} is matched twice"
            if not times[path] and _holds_code(root / path):
                yield f"{path} stands on no row"


def _holds_code(path):
    return any(not isinstance(node, ast.Expr) for node in ast.parse(path.read_text()).body)


def test_each_module_stands_on_one_row_that_says_what_for(bench) -> None:
    assert not faults(bench, ROOT)


def test_the_rows_are_few_enough_to_be_read(bench) -> None:
    assert ROWS[0] <= len(bench.House(ROOT).features()) <= ROWS[1]


def test_what_a_feature_cuts_through_is_its_rooms_of_bavn(bench, tmp_path) -> None:
    planted = {**PLANTED, "bavn/model/b.py": "B = 1\n", "bavn/actor/a/b/c.py": "", "bavn_lab/a/a.py": ""}
    _plant(tmp_path, ROW.replace('/**"', '/**", "bavn/model/*.py", "bavn_lab/a/**"'), planted)
    assert bench.House(tmp_path).cuts() == {"a": ["bavn/actor/a", "bavn/model"]}


@pytest.mark.parametrize(
    ("was", "planted", "fault"),
    [
        ("", "", ""),
        ("", ROW, "a stands twice"),
        ("", ROW.replace('"a"', '"b"'), "bavn/actor/a/a.py is matched twice"),
        ("/**", '/**", "bavn/actor/a/a.py', "bavn/actor/a/a.py is matched twice"),
        ("a/**", "a/b.py", "bavn/actor/a/a.py stands on no row"),
        ("/**", '/**", "bavn/actor/b/**', "a: bavn/actor/b/** matches nothing"),
        ("actor/a/**", "actor/**", "a: bavn/actor/** is wider than a room"),
        ("actor/a/**", "**", "a: bavn/** is wider than a room"),
        ("actor/a/**", "*/a/**", "a: bavn/*/a/** is wider than a room"),
        ("actor/a/**", "actor/*/a.py", "a: bavn/actor/*/a.py is wider than a room"),
        ('seed = "a local NDR"\n', "", "a has other keys"),
        ("seed", 'user = "auditor"\nseed', "a has other keys"),
        ('"a local NDR"', '"a kitchen"', "a serves nothing that is named"),
        ('seed = "a local NDR"', 'user = "cook"', "a serves nothing that is named"),
        ('seed = "a local NDR"', 'user = "auditor"', "a local NDR is served by no row"),
        ("test_a.py", "test_b.py", "a: no test tests/test_b.py"),
    ],
)
def test_a_planted_fault_is_found(bench, tmp_path, was, planted, fault) -> None:
    _plant(tmp_path, ROW.replace(was, planted, 1) if was else ROW + planted, PLANTED)
    found = faults(bench, tmp_path)
    assert any(said.startswith(fault) for said in found) if fault else not found


def _plant(root, rows, planted):
    users = ["auditor"] if 'user = "auditor"' in rows else []
    stated = f'seed = ["a local NDR"]\nusers = {users}\n{rows}'
    for path, text in {**planted, str(FEATURES): stated}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
