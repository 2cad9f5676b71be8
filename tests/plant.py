"""Plants known faults, one at a time in a copy of the tree; each must make its named test fail (script/plant)."""

import os
import queue
import shlex
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TEST_S_MAX = 600
HANDS = 2
"""Faults are tried side by side, each in a copy of its own."""
TOO_LONG = 124
"""The exit code of a test that ran too long: with a fault planted that is a failure like another."""


def copy_tree(to: Path) -> None:
    """The files that git knows or would know, less what it ignores."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, check=True
    ).stdout.decode()
    for name in filter(None, listed.split("\0")):
        source = ROOT / name
        if source.is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, to / name)


def run(command: list[str], tree: Path) -> subprocess.CompletedProcess[str]:
    path = {
        "PYTHONPATH": str(tree),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PATH": f"{ROOT / '.venv/bin'}:/usr/sbin:/usr/bin:/bin",
        "BAVN_SKIP_NONE": os.environ.get("BAVN_SKIP_NONE", ""),
    }
    try:
        return subprocess.run(
            command, cwd=tree, env=path, capture_output=True, text=True, timeout=TEST_S_MAX, check=False
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, TOO_LONG, stdout="", stderr="")


def skipped(done: subprocess.CompletedProcess[str]) -> str:
    """The reason that pytest gave, where it ran nothing at all for want of rights or programs; else empty."""
    reasons = [line for line in done.stdout.splitlines() if line.startswith("SKIPPED ")]
    return reasons[0].partition(": ")[2] if reasons and " passed" not in done.stdout else ""


def main(names: list[str]) -> int:
    faults = tomllib.loads((ROOT / "tests" / "planted.toml").read_text())["fault"]
    wanted = [fault for fault in faults if not names or fault["name"] in names]
    tests = sorted({fault["test"] for fault in wanted})
    hands = min(HANDS, max(1, len(wanted)))
    with tempfile.TemporaryDirectory(prefix="bavn-plant-") as folder, ThreadPoolExecutor(hands) as pool:
        trees: queue.SimpleQueue[Path] = queue.SimpleQueue()
        for hand in range(hands):
            copy_tree(Path(folder) / str(hand))
            trees.put(Path(folder) / str(hand))

        def in_a_tree[T](work: Callable[[Path], T]) -> T:
            tree = trees.get()
            try:
                return work(tree)
            finally:
                trees.put(tree)

        runs = pool.map(lambda test: in_a_tree(lambda tree: run(shlex.split(test), tree)), tests)
        sound = dict(zip(tests, runs, strict=True))
        able = [fault for fault in wanted if not skipped(sound[fault["test"]])]
        told = pool.map(
            lambda fault: in_a_tree(lambda tree: caught(fault, tree, sound[fault["test"]].returncode == 0)), able
        )
        failed = sum(not found for found in told)
    for fault in wanted:
        if fault not in able:
            print(f"SKIPPED {fault['name']}: {skipped(sound[fault['test']])}")
    unable = f", {len(wanted) - len(able)} skipped" if len(able) < len(wanted) else ""
    print(f"{len(able) - failed} passed, {failed} failed{unable}")
    return 1 if failed or not wanted else 0


def caught(fault: dict[str, str], tree: Path, sound: bool) -> bool:
    """Plant, test, put back. ``sound``: the test passes without the fault, so that its failing says something."""
    if not sound:
        print(f"UNSOUND {fault['name']}: {fault['test']} fails without the fault too", flush=True)
        return False
    file = tree / fault["file"]
    before = file.read_text()
    if before.count(fault["find"]) != 1:
        print(
            f"MISFIT  {fault['name']}: {fault['file']} holds what is to be replaced {before.count(fault['find'])} times"
        )
        return False
    file.write_text(before.replace(fault["find"], fault["plant"]))
    try:
        code = run(shlex.split(fault["test"]), tree).returncode
    finally:
        file.write_text(before)
    print(f"{'caught' if code else 'MISSED'}  {fault['name']}: {fault['test']} ended with {code}", flush=True)
    return code != 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
