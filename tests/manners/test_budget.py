"""The house keeps its budgets, and each falls with what it bounds."""

import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUDGET = tomllib.loads(Path(__file__).with_name("budget.toml").read_text())
SLACK = 0.01
"""A budget this much above what there is must be lowered."""


@pytest.fixture(scope="module")
def counted(house):
    return house.budgets()


def test_everything_that_is_counted_has_a_budget(counted) -> None:
    assert counted.keys() == BUDGET.keys()


@pytest.mark.parametrize("name", BUDGET)
def test_a_budget_is_kept_and_falls_with_what_it_bounds(counted, name) -> None:
    assert counted[name] <= BUDGET[name], "drop something: no budget is raised for a feature"
    assert BUDGET[name] - counted[name] <= max(2, SLACK * BUDGET[name]), f"lower the budget of {name}"


def test_the_figures_follow_what_is_there(bench, tmp_path) -> None:
    for path, text in {
        **dict.fromkeys((f"bavn/{folder}__init__.py" for folder in ("", "app/", "app/cli/")), ""),
        "bavn/a.py": 'X = """CREATE TABLE a"""\nY = Table("b")\n\n\n@router.get("/a")\ndef f():\n' + "    f()\n" * 50,
        "bavn/store/versions/r1.py": "\n",
        "bavn_lab/b.py": "\n\n",
        "bavn_lab/c.toml": "\n",
        "tests/test_a.py": "\n",
        "console/src/a.svelte": "\n\n\n",
        "console/src/api/a.ts": "\n",
        "docs/a.md": "two words\n",
        "docs/decisions/a.md": "not counted\n",
        "docs/reference/configuration.md": "| `a` |\n",
        "docs/reference/policy.md": "| `b` |\n| c |\n",
        "docs/reference/messages.md": "#### A\n\n### B\n",
        "bavn/app/cli/main.py": "import typer\n\napp = typer.Typer()\n\n\n@app.command()\ndef a(): ...\n\n\n"
        "@app.command()\n@app.command('c')\ndef b(): ...\n",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    assert bench.House.read(tmp_path).budgets() == {
        "bavn_lines": 69,
        "lab_and_data_lines": 3,
        "test_lines": 1,
        "console_lines": 3,
        "commands": 2,
        "routes": 1,
        "settings": 2,
        "tables": 2,
        "messages": 1,
        "words_of_docs": 2,
        "long_functions": 1,
        "many_parameters": 0,
        "rooms_of_a_feature": 0,
    }


def test_what_a_build_makes_counts_nowhere(bench, house) -> None:
    listing = ["git", "ls-files", "-oi", "--exclude-standard", "-z", *bench.COUNTED]
    listed = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("no checkout of git")
    ignored = {ROOT / path for path in listed.stdout.split("\0")}
    counted = {*house.modules.values(), *house.files("console/src", *bench.CONSOLE)}
    counted |= {path for package in bench.PACKAGES for path in house.files(package, "*.py", *bench.DATA)}
    assert len(counted) > 1_000
    assert not counted & ignored
