"""A Python that Bavn starts takes no code from the folder it is started in: that may be somebody else's to write."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WITHOUT_THE_FOLDER = ("-P", "-I")


def children(tree):
    """The lists that begin with this interpreter."""
    for node in ast.walk(tree):
        if isinstance(node, ast.List) and node.elts and ast.unparse(node.elts[0]) == "sys.executable":
            yield node


def test_every_child_leaves_the_folder_out() -> None:
    found = [
        (file.relative_to(ROOT).as_posix(), node)
        for file in sorted((ROOT / "bavn").rglob("*.py"))
        for node in children(ast.parse(file.read_text()))
    ]
    assert len(found) >= 5
    assert [
        f"{file}:{node.lineno}"
        for file, node in found
        if len(node.elts) < 2 or ast.unparse(node.elts[1]).strip("'") not in WITHOUT_THE_FOLDER
    ] == []


@pytest.mark.parametrize("flag", ["", "-P"])
def test_what_lies_in_the_folder_is_run_without_the_flag_and_not_with_it(tmp_path, flag) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('somebody else')")
    words = [sys.executable, *([flag] if flag else []), "-m", "bavn.app.analyst.hunt_child"]
    done = subprocess.run(words, input="", cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ("somebody else" in done.stderr) == (flag == "")
    assert (done.returncode == 0) == (flag == "-P")
