"""How easily the house can be held in the head: its size, its rooms, and what no house of ours may have.

    .venv/bin/python bench/house.py [--before COMMIT] [--timed] [--json FILE]

Baseline: the same figures of another commit (the last one before anything was dropped, where none is named), in the
same run. Budgets of today (tests/manners/budget.toml) stand beside them. ``--timed`` also runs `bavn version`,
`bavn node health`, the collecting of the quick tests and `script/check`: how long each took and how much memory the
first two. `.ci/run` says itself how long each part took.
"""

import argparse
import ast
import glob
import json
import os
import re
import resource
import subprocess
import sys
import tarfile
import tempfile
import time
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("bavn", "bavn_lab")
BEFORE = "307bd71"
RUNS = 5
"""How often a short command is run; the quickest counts."""
FOLDER_MODULES_MAX = 25
FILE_LINES_MAX = 500
FUNCTION_LINES_LONG = 50
PARAMETERS_MANY = 10
UNFORMATTED = "fmt: skip or off"
BUDGET = Path("tests/manners/budget.toml")
COUNTED = (*PACKAGES, "console/src", "docs", "tests")
CONSOLE = ("*.ts", "*.svelte", "*.css", "*.html", "*.js")
GENERATED = ("console/src/api", "bavn/app/web/static", "bavn/locale")
"""Folders that a build fills with files that are not committed: never counted."""
FEATURES = Path("docs/features.toml")
JOIN = "join"
"""The feature that may cut through more rooms than the budget says."""
WINGS = (["bavn", "app"], ["bavn", "actor"], ["bavn", "centre"])
"""Folders whose folders are the rooms; elsewhere a room is a folder of its package."""
TABLE = re.compile(r"CREATE (?:VIRTUAL )?TABLE(?: IF NOT EXISTS)? [a-z_{]+")
ROUTE = re.compile(r"@[a-z_]+\.(?:get|post|put|delete|patch)\(")
DECLARED = re.compile(r"\bTable\(")
MESSAGE = re.compile("^#### ", re.MULTILINE)
SETTING = re.compile("^[|] `", re.MULTILINE)
DATA = ("*.toml", "*.sql", "*.json")
COMMANDS = """
import typer.main
from bavn.app.cli.main import app
def every(command):
    for one in getattr(command, "commands", {}).values():
        yield from every(one)
    if not hasattr(command, "commands"):
        yield command.callback.__module__, command.callback.__qualname__
print(len({*every(typer.main.get_command(app))}))
"""
"""Functions that a command of `bavn` calls; one that stands in two groups counts once."""
BANNED_CLASSES = ("Answer", "Asked", "Facts", "Known", "Said", "Standing", "Story", "Told")
"""Class names that say nothing without a noun."""
BANNED_LOCALS = ("asked", "found", "look", "made", "one", "said", "told")
"""Locals and parameters that say nothing of what they hold, where they outlive a few lines."""
LOCAL_LINES_MAX = 3
"""From the first to the last line of a function in which such a name stands: less than that."""


@dataclass(frozen=True)
class Feature:
    """A row of features.toml: the feature's id and the paths of its modules, by the pattern that matches them."""

    id: str
    modules: dict[str, list[str]]

    def rooms(self) -> list[str]:
        """Rooms of bavn in which the feature has a module."""
        paths = (path for matched in self.modules.values() for path in matched)
        return sorted({room_of(path) for path in paths if path.startswith("bavn/")})


@dataclass
class House:
    """A checkout as its code stands there. ``modules``: dotted name -> path; ``imports``: dotted name -> what it
    imports of them."""

    root: Path
    modules: dict[str, Path] = field(default_factory=dict)
    trees: dict[str, ast.Module] = field(default_factory=dict)
    imports: dict[str, set[str]] = field(default_factory=dict)

    @classmethod
    def read(cls, root: Path) -> "House":
        """Every module of the packages, less the revisions of the database."""
        house = cls(root)
        for package in PACKAGES:
            for path in sorted((root / package).rglob("*.py")):
                if "versions" in path.parts:
                    continue
                parts = path.relative_to(root).with_suffix("").parts
                name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
                house.modules[name] = path
                house.trees[name] = ast.parse(path.read_text(encoding="utf-8"))
        house.imports = {name: set(house._imported(name)) for name in house.modules}
        return house

    def _imported(self, name: str) -> Iterator[str]:
        for node in ast.walk(self.trees[name]):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names if alias.name in self.modules)
            elif isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    whole = f"{node.module}.{alias.name}"
                    found = whole if whole in self.modules else node.module
                    if found in self.modules and found != name:
                        yield found

    def cycles(self) -> list[list[str]]:
        """Groups of modules that import one another, however far round (Tarjan 1972)."""
        order: dict[str, int] = {}
        low: dict[str, int] = {}
        path: list[str] = []
        on_path: set[str] = set()
        groups: list[list[str]] = []

        def visit(name: str) -> None:
            order[name] = low[name] = len(order)
            path.append(name)
            on_path.add(name)
            for other in sorted(self.imports[name]):
                if other not in order:
                    visit(other)
                    low[name] = min(low[name], low[other])
                elif other in on_path:
                    low[name] = min(low[name], order[other])
            if low[name] == order[name]:
                group = path[path.index(name) :]
                del path[path.index(name) :]
                on_path.difference_update(group)
                if len(group) > 1:
                    groups.append(sorted(group))

        sys.setrecursionlimit(10_000)
        for name in self.modules:
            if name not in order:
                visit(name)
        return groups

    def folders(self) -> Counter[str]:
        """How many modules lie side by side in each folder."""
        paths = (path for path in self.modules.values() if path.name != "__init__.py")
        return Counter(str(path.parent.relative_to(self.root)) for path in paths)

    def lines(self) -> dict[str, int]:
        """Lines of each module's file."""
        return {name: path.read_text(encoding="utf-8").count("\n") for name, path in self.modules.items()}

    def functions(self) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
        """Every function with the place where it stands."""
        for name, tree in self.trees.items():
            for node in ast.walk(tree):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    yield f"{name}.{node.name}", node

    def many_parameters(self) -> list[str]:
        """Functions with more parameters than a person keeps apart."""
        return sorted(place for place, node in self.functions() if _parameters(node) > PARAMETERS_MANY)

    def long_functions(self) -> list[str]:
        """Functions that no screen holds."""
        return sorted(
            place
            for place, node in self.functions()
            if (node.end_lineno or node.lineno) - node.lineno + 1 > FUNCTION_LINES_LONG
        )

    def unformatted(self) -> int:
        """Places that tell the formatter to keep off."""
        texts = (path.read_text(encoding="utf-8") for path in self.modules.values())
        return sum(text.count("# fmt: skip") + text.count("# fmt: off") for text in texts)

    def banned(self) -> list[str]:
        """Classes whose name says nothing."""
        return sorted(
            f"{name}.{node.name}"
            for name, tree in self.trees.items()
            for node in ast.walk(tree)
            if isinstance(node, ast.ClassDef) and node.name in BANNED_CLASSES
        )

    def vague_locals(self) -> list[str]:
        """Locals and parameters with a banned name that outlive a few lines of their function."""
        return sorted(
            f"{place}.{name}"
            for place, function in self.functions()
            for name, lines in _named(function).items()
            if name in BANNED_LOCALS and max(lines) - min(lines) >= LOCAL_LINES_MAX
        )

    def pairs(self) -> int:
        """Sentences that stand in the code in two languages."""
        return sum(
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "Text"
            and len(node.args) > 1
            for tree in self.trees.values()
            for node in ast.walk(tree)
        )

    def rooms(self) -> dict[str, int]:
        """Lines by room: the first level of a package, the second of `app` and of the wings."""
        found: Counter[str] = Counter()
        for name, lines in self.lines().items():
            parts = name.split(".")
            found[".".join(parts[: _depth(parts)])] += lines
        return dict(sorted(found.items()))

    def features(self) -> list[Feature]:
        """Features with the modules that they match, revisions of the database among them; none without their list."""
        if not (self.root / FEATURES).exists():
            return []
        paths = [path.relative_to(self.root).as_posix() for package in PACKAGES for path in self.files(package, "*.py")]
        rows = tomllib.loads((self.root / FEATURES).read_text(encoding="utf-8"))["feature"]
        return [Feature(row["id"], {pattern: _matching(pattern, paths) for pattern in row["paths"]}) for row in rows]

    def cuts(self) -> dict[str, list[str]]:
        """Rooms of bavn that each feature cuts through, most first."""
        rooms = {feature.id: feature.rooms() for feature in self.features()}
        return dict(sorted(rooms.items(), key=lambda row: (-len(row[1]), row[0])))

    def files(self, folder: str, *kinds: str) -> Iterator[Path]:
        """Files of the kinds under the folder, less those that a build made."""
        made = [self.root / name for name in GENERATED]
        for kind in kinds:
            for path in sorted((self.root / folder).rglob(kind)):
                if not any(path.is_relative_to(name) for name in made):
                    yield path

    def budgets(self) -> dict[str, int]:
        """What has a budget, by its name in budget.toml. Raises CalledProcessError where `bavn` does not import."""
        texts = {path: path.read_text(encoding="utf-8") for path in self.modules.values()}
        data = [path for package in PACKAGES for path in self.files(package, *DATA)]
        lab = [path for name, path in self.modules.items() if name.startswith("bavn_lab")]
        tests = (self.root / "tests").rglob("*.py")
        console = self.files("console/src", *CONSOLE)
        versions = (self.root / "bavn").rglob("versions/**/*.py")  # the house has them not
        commands = [sys.executable, "-c", COMMANDS]
        ran = subprocess.run(commands, cwd=self.root, check=True, capture_output=True, text=True)
        reference = self.root / "docs/reference"
        created = {name for text in texts.values() for name in TABLE.findall(text)}
        return {
            "bavn_lines": sum(map(_lines, [*(path for path in texts if path not in lab), *versions])),
            "lab_and_data_lines": sum(map(_lines, [*lab, *data])),
            "test_lines": sum(map(_lines, tests)),
            "console_lines": sum(map(_lines, console)),
            "commands": int(ran.stdout),
            "routes": sum(len(ROUTE.findall(text)) for text in texts.values()),
            "settings": sum(
                len(SETTING.findall((reference / name).read_text())) for name in ("configuration.md", "policy.md")
            ),
            "tables": len(created) + sum(len(DECLARED.findall(text)) for text in texts.values()),
            "messages": len(MESSAGE.findall((reference / "messages.md").read_text())),
            "words_of_docs": sum(len(path.read_text().split()) for path in self._pages()),
            "long_functions": len(self.long_functions()),
            "many_parameters": len(self.many_parameters()),
            "rooms_of_a_feature": max((len(rooms) for name, rooms in self.cuts().items() if name != JOIN), default=0),
        }

    def _pages(self) -> Iterator[Path]:
        """Pages of docs that people read, without those made from code and the decisions."""
        docs = self.root / "docs"
        return (
            path for path in docs.rglob("*.md") if path.relative_to(docs).parts[0] not in ("reference", "decisions")
        )

    def figures(self) -> dict[str, int]:
        """What is printed, a number each."""
        lines = self.lines()
        return {
            "lines of bavn and bavn_lab": sum(lines.values()),
            "lines without the lab": sum(
                n for name, n in lines.items() if not name.startswith(("bavn_lab", "bavn.sim"))
            ),
            "files": len(self.modules),
            f"folders over {FOLDER_MODULES_MAX} modules": sum(n > FOLDER_MODULES_MAX for n in self.folders().values()),
            "import cycles of files": len(self.cycles()),
            UNFORMATTED: self.unformatted(),
            f"files over {FILE_LINES_MAX} lines": sum(n > FILE_LINES_MAX for n in lines.values()),
            f"functions over {FUNCTION_LINES_LONG} lines": len(self.long_functions()),
            f"functions over {PARAMETERS_MANY} parameters": len(self.many_parameters()),
            "sentences in two languages in the code": self.pairs(),
            "classes with a banned name": len(self.banned()),
            "locals with a banned name": len(self.vague_locals()),
        }


def room_of(path: str) -> str:
    """The room in which a path from the root lies, as its folder."""
    parts = path.split("/")[:-1]
    return "/".join(parts[: _depth(parts)])


def _depth(parts: list[str]) -> int:
    return 3 if parts[:2] in WINGS else 2


def _matching(pattern: str, paths: list[str]) -> list[str]:
    matches = re.compile(glob.translate(pattern, recursive=True, include_hidden=True)).match
    return [path for path in paths if matches(path)]


def _lines(path: Path) -> int:
    return path.read_text(encoding="utf-8").count("\n")


def _parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    given = node.args
    names = [one.arg for one in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    return len([name for name in names if name not in ("self", "cls")])


def _named(function: ast.FunctionDef | ast.AsyncFunctionDef) -> dict[str, list[int]]:
    """Names that a function binds, a loop or lambda inside it too -> the lines where they stand. What a function
    inside it has of its own counts there; a name that it takes from around it counts here as well."""
    lines: dict[str, list[int]] = defaultdict(list)
    bound: set[str] = set()
    waiting: list[tuple[ast.AST, frozenset[str]]] = [(child, frozenset()) for child in ast.iter_child_nodes(function)]
    while waiting:
        node, hidden = waiting.pop()
        name = node.arg if isinstance(node, ast.arg) else node.id if isinstance(node, ast.Name) else ""
        if name and name not in hidden:
            lines[name].append(node.lineno)
            if isinstance(node, ast.arg) or isinstance(node.ctx, ast.Store):
                bound.add(name)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            hidden |= _bound_in(node)
        waiting += [(child, hidden) for child in ast.iter_child_nodes(node)]
    return {name: at for name, at in lines.items() if name in bound}


def _bound_in(function: ast.AST) -> set[str]:
    nodes = list(ast.walk(function))
    stored = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return stored | {node.arg for node in nodes if isinstance(node, ast.arg)}


def figures_of(commit: str, folder: Path) -> dict[str, int]:
    """Of another commit."""
    archive = folder / "before.tar"
    subprocess.run(["git", "archive", "-o", archive, commit, *COUNTED], cwd=ROOT, check=True)
    with tarfile.open(archive) as given:
        given.extractall(folder, filter="data")
    before = House.read(folder)
    return before.figures() | before.budgets()


def timed(command: list[str]) -> tuple[float, float]:
    """Seconds that a command took, and the most memory of any command so far in MB. Raises CalledProcessError."""
    began = time.monotonic()
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def told_node(folder: Path) -> Path:
    """The configuration of a node that said a moment ago that it is well."""
    (folder / "data").mkdir()
    told = {name: [] for name in ("problems", "promises", "sources")} | dict.fromkeys(("rules", "store", "detect"))
    told |= dict.fromkeys(("up_s", "memory_mb", "disk_free_mb", "queue_messages"), 1)
    told |= {"healthy": True, "stopped": False, "sensor": "none", "pid": os.getpid()}
    told |= {"at_us": time.time_ns() // 1000, "at": "now"}
    (folder / "data/health.json").write_text(json.dumps(told))
    config = folder / "node.toml"
    config.write_text('[node]\nactor = "region-a"\n')
    return config


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--before", default=BEFORE)
    parser.add_argument("--timed", action="store_true")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    now = House.read(ROOT)
    with tempfile.TemporaryDirectory() as folder:
        was_there = figures_of(given.before, Path(folder))
    rows = {name: (was_there[name], value) for name, value in (now.figures() | now.budgets()).items()}
    budget = tomllib.loads((ROOT / BUDGET).read_text())
    print(f"{'':44}{given.before:>10}{'now':>10}{'ratio':>8}{'budget':>10}")
    for name, (was, value) in rows.items():
        most = f"{budget[name]:,}" if name in budget else ""
        print(f"{name:44}{was:>10,}{value:>10,}{value / was if was else float(value > 0):>8.2f}{most:>10}")
    print()
    for room, lines in now.rooms().items():
        print(f"{room:44}{lines:>20,}")
    print()
    for name, rooms in now.cuts().items():
        print(f"{name:44}{len(rooms):>20}  {' '.join(room.removeprefix('bavn/') for room in rooms)}")
    seconds: dict[str, float] = {}
    if given.timed:
        bavn = [str(ROOT / ".venv/bin/python"), "-m", "bavn.app.cli"]
        memory = {}
        with tempfile.TemporaryDirectory() as folder:
            config = told_node(Path(folder))
            for words in (["version"], ["node", "health", "--config", str(config)]):
                name = f"bavn {' '.join(words[:2])}".removesuffix(" --config")
                seconds[name], memory[name] = min(timed([*bavn, *words]) for _ in range(RUNS))
        collect = ["pytest", "-q", "-p", "no:schemathesis", "--collect-only", "-m", "not slow"]
        seconds["collecting the quick tests"] = timed([str(ROOT / ".venv/bin/python"), "-m", *collect])[0]
        seconds["script/check"] = timed([str(ROOT / "script/check")])[0]
        print()
        for name, value in seconds.items():
            print(f"{name:44}{value:>19.2f}s")
        for name, memory_mb in memory.items():
            print(f"{f'memory of {name}':44}{memory_mb:>18.0f}MB")
    if given.json:
        given.json.write_text(
            json.dumps({"figures": rows, "rooms": now.rooms(), "cuts": now.cuts(), "seconds": seconds}, indent=1)
        )


if __name__ == "__main__":
    main()
