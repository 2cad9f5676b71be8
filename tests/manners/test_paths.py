"""Every path that a page names is in the tree, so that what moves leaves no lie; every recipe names what is there.

A path counts when it begins with a folder of the repository (`bavn/app/cli`), of the package (`app/cli`) or of a room
(`door/rounds`), or is the bare name of a Python file. Capitals (`rNNNN`, `TARGET`) and stars stand for anything.
"""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    *(ROOT / name for name in ("ARCHITECTURE.md", "CONTRIBUTING.md", "README.md", "SECURITY.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
TOPS = ("bavn", "bavn_lab", "tests", "docs", "bench", "script", "console", "packaging", "fuzz", "requirements")
WINGS = ("", "actor", "centre", "app", "actor/sense", "centre/cases", "wire")
PATH = re.compile(r"(?<![\w/.~<>:-])[\w.*-]+(?:/[\w.*-]*)+")
FILE = re.compile(r"(?<![\w/.~*-])\w+\.py\b")
DOTTED = re.compile(r"(?<![\w./@-])bavn(?:_lab)?(?:\.\w+)+")
SAID = re.compile(r"(?<![\w./-])(?:bavn|bavn_lab|tests|bench|docs)/[\w/.-]+\.(?:py|md)\b")
FENCE = re.compile(r"^ *```\w*\n.*?^ *```", re.MULTILINE | re.DOTALL)
ELSE = {"fuzz/known.toml", "fuzz/found/TARGET/", "bavn.rules", "bavn.envelopes", "door/ledger/export", "rNNNN_what.py"}
"""What only a run of Bavn makes, and routes and files that begin alike."""


@cache
def rooms():
    """Folder by the name that a page may begin a short path with."""
    found = {}
    for wing in WINGS:
        for folder in sorted((ROOT / "bavn" / wing).iterdir()):
            if folder.is_dir() and (folder / "__init__.py").exists():
                found.setdefault(folder.name, []).append(ROOT / "bavn" / wing)
    return found


@cache
def files():
    inside = {path.name for top in TOPS for path in (ROOT / top).rglob("*.py") if "node_modules" not in path.parts}
    return inside | {path.name for path in ROOT.glob("*.py")}


def there(path):
    """Whether a path leads somewhere; None where it begins with nothing of the house's."""
    first = path.split("/")[0]
    wanted = path.rstrip("/.")
    if not (ROOT / wanted).exists():
        wanted = re.sub(r"[A-Z]{4,}", "*", wanted)
    if first in TOPS:
        return any(ROOT.glob(wanted))
    if first in rooms():
        return any(any(at.glob(wanted)) for at in rooms()[first])
    return None


def is_module(dotted):
    """Whether a dotted name is a module, or something that stands in one."""
    parts = dotted.split(".")
    for end in range(len(parts), 0, -1):
        at = ROOT.joinpath(*parts[:end])
        text = at.with_suffix(".py") if at.with_suffix(".py").is_file() else at / "__init__.py"
        if text.is_file():
            return end == len(parts) or re.search(rf"\b{parts[end]}\b", text.read_text(encoding="utf-8")) is not None
    return False


def lost(text):
    """What a text names that is not there."""
    code = " ".join(re.findall(r"`([^`\n]+)`", FENCE.sub("", text)))
    paths = {*PATH.findall(code), *(p for p in PATH.findall(text) if p.startswith(("bavn/", "tests/", "bench/")))}
    wrong = [path for path in paths - ELSE if there(path) is False]
    wrong += [name for name in set(FILE.findall(code)) if name not in files()]
    wrong += [name for name in {*DOTTED.findall(code)} - ELSE if not is_module(name)]
    return sorted(wrong)


@pytest.mark.parametrize("name", NAMES)
def test_every_path_that_a_page_names_is_there(name) -> None:
    assert lost((ROOT / name).read_text(encoding="utf-8")) == []


def test_no_module_speaks_of_a_file_that_is_not_there() -> None:
    wrong = []
    for path in (path for top in ("bavn", "bavn_lab") for path in (ROOT / top).rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        names = {name for name in FILE.findall(re.sub(r"\"[^\"\n]*\.py[^\"\n]*\"", "", text)) if name not in files()}
        names |= {name for name in SAID.findall(text) if not (ROOT / name).exists()}
        wrong += [f"{path.relative_to(ROOT)}: {name}" for name in sorted(names - ELSE)]
    assert wrong == []


def test_what_is_installed_and_shown_names_pages_that_are_there() -> None:
    said = {}
    for top in ("packaging", "script", "console/src", "fuzz"):
        for path in (path for path in (ROOT / top).rglob("*") if path.is_file() and "__pycache__" not in path.parts):
            text = path.read_text(encoding="utf-8", errors="replace")
            installed = re.findall(r"/usr/share/doc/bavn/([\w/-]+\.md)(?!\.gz)", text)
            said |= dict.fromkeys((*SAID.findall(text), *(f"docs/{name}" for name in installed)), path)
    assert len(said) > 5
    assert {name: str(path.relative_to(ROOT)) for name, path in said.items() if not (ROOT / name).exists()} == {}


def test_a_path_that_leads_nowhere_is_seen() -> None:
    said = (
        "`bavn/app/gone.py`, `app/cli`, `door/rounds/`, `door/gone.py`, `old_name.py`, bench/gone.py, `bavn.app.gone`"
    )
    assert lost(said) == ["bavn.app.gone", "bavn/app/gone.py", "bench/gone.py", "door/gone.py", "old_name.py"]
    assert (
        lost("`bavn/centre/store/migrations/versions/rNNNN_*.py`, `script/release --key FILE`, `bavn.wire.gate.Gate`")
        == []
    )


def drawn():
    """Every folder of ARCHITECTURE.md's drawing, by its indent."""
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    at = []
    for line in re.search(r"```\n(.*?)```", text, re.DOTALL)[1].splitlines():
        indent = (len(line) - len(line.lstrip())) // 2
        del at[indent:]
        begins = re.match(r"\s*((?:[\w.]+/?(?: |$))+)", line)
        heads = [word.rstrip("/") for word in begins[1].split() if word.endswith(("/", ".py"))]
        yield from ("/".join([*at, head]) for head in heads)
        at.append(heads[0])


def test_the_drawing_is_the_tree() -> None:
    folders = set(drawn())
    assert [name for name in folders if not (ROOT / name).exists()] == []
    rooms_there = {
        str(folder.relative_to(ROOT))
        for wing in ("bavn", "bavn/actor", "bavn/centre", "bavn/app")
        for folder in (ROOT / wing).iterdir()
        if (folder / "__init__.py").exists()
    }
    assert sorted(rooms_there - folders) == []


def test_each_recipe_names_the_folder_and_the_place_of_the_name() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = [row.split("|") for row in re.findall(r"^\| an? .*$", text, re.MULTILINE)]
    assert len(rows) > 8
    for _, what, folder, name, *_ in rows:
        place = re.search(r"in `(bavn/[^`]+\.py)`", name)
        files = [ROOT / place[1]] if place else [ROOT / f for f in re.findall(r"`(bavn/[^`]+)`", folder)]
        if not place:
            files = [f if f.is_file() else f / re.search(r"`?(\w+\.py)`?", name + "`__init__.py`")[1] for f in files]
        for word in re.findall(r"`([A-Za-z_]+)`", name):
            for file in files:
                tree = ast.parse(file.read_text(encoding="utf-8"))
                known = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
                known |= {
                    t.id for n in tree.body if isinstance(n, ast.Assign) for t in n.targets if isinstance(t, ast.Name)
                }
                known |= {
                    n.target.id for n in tree.body if isinstance(n, ast.AnnAssign) and isinstance(n.target, ast.Name)
                }
                assert word in known, f"{what.strip()}: {word} in {file.relative_to(ROOT)}"
        assert all(file.is_file() for file in files), what
