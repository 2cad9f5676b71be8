"""Plants known faults, one at a time in a copy of the tree; each must make its named test fail (script/plant)."""

import multiprocessing
import os
import queue
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).resolve().parent.parent
TEST_S_MAX = 600
HANDS = 3
"""Faults are tried side by side, each in a copy of its own: three, since a few are found by waiting."""
COMMITS_RECENT = 100
"""Whose files ``--changed`` looks at: more than come in at once."""
TOO_LONG = 124
"""The exit code of a test that ran too long: with a fault planted that is a failure like another."""
WARM = (
    "__main__",
    "alembic.command",
    "cryptography.x509",
    "dns.message",
    "duckdb",
    "fastapi",
    "httpx",
    "hypothesis.stateful",
    "numpy",
    "psycopg",
    "pyarrow.compute",
    "pydantic",
    "pytest",
    "rbcl",
    "rfc8785",
    "rich.table",
    "sqlalchemy.dialects.sqlite",
    "typer.testing",
    "uvicorn",
)
"""What most tests import of others, read once: each fault's process is forked from one that has it. None of Bavn's own,
which a fault may be planted in."""
PYTEST = "-p no:schemathesis -W ignore::pytest.PytestAssertRewriteWarning"
"""Schemathesis is a third of what a test takes to begin, and no fault needs it. pytest would warn of what it finds read
already: it cannot explain an assertion there."""


FORKED = multiprocessing.get_context("forkserver")


def copy_tree(to: Path) -> None:
    """The files that git knows or would know, less what it ignores; and beside each what was made of it here: what
    Python compiled, which is known by its file's time and size, and the catalogues."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, check=True
    ).stdout.decode()
    for name in filter(None, listed.split("\0")):
        source = ROOT / name
        if source.is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            for one in (source, *made_of(source)):
                (to / one.relative_to(ROOT)).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(one, to / one.relative_to(ROOT))


def made_of(source: Path) -> list[Path]:
    """What lies beside this file and is made of it; the three trees would each make it again."""
    if source.suffix == ".py":
        return [*source.parent.glob(f"__pycache__/{source.stem}.*.pyc")]
    return [*source.parent.glob("*.mo"), *source.parent.glob("*.json")] if source.name == "bavn.po" else []


def run(command: list[str], tree: Path) -> subprocess.CompletedProcess[str]:
    """A row's test, in this tree. pytest begins in a process that is warm already."""
    env = {
        "PYTHONPATH": str(tree),
        "PYTEST_ADDOPTS": PYTEST,
        "BAVN_PLANTED": "1",  # an example that fails is not made smaller, which takes minutes
        "PATH": f"{ROOT / '.venv/bin'}:/usr/sbin:/usr/bin:/bin",
        "BAVN_SKIP_NONE": os.environ.get("BAVN_SKIP_NONE", ""),
    }
    program, *words = command
    if program != "pytest":
        return subprocess.run(
            command, cwd=tree, env=env, capture_output=True, text=True, timeout=TEST_S_MAX, check=False
        )
    with tempfile.NamedTemporaryFile("r", encoding="utf-8", errors="replace") as told:
        process = FORKED.Process(target=pytest_in, args=(words, tree, env, told.name))
        process.start()
        process.join(TEST_S_MAX)
        code = process.exitcode
        if code is None:
            process.kill()
            process.join()
        return subprocess.CompletedProcess(command, TOO_LONG if code is None else code, stdout=told.read(), stderr="")


def pytest_in(words: list[str], tree: Path, env: dict[str, str], told: str) -> None:
    """In a forked process: become what the command ``pytest`` is in this tree. ``told``: the file for all it says."""
    import pytest

    with Path(told).open("wb") as out:
        os.dup2(out.fileno(), 1)
        os.dup2(out.fileno(), 2)
    os.chdir(tree)
    os.environ.clear()
    os.environ.update(env)
    sys.argv[:] = ["pytest", *words]
    sys.path[:] = [str(tree), *(place for place in sys.path if place != str(ROOT / "tests"))]
    assert not any(name.partition(".")[0] in ("bavn", "bavn_lab", "tests") for name in sys.modules)
    sys.exit(pytest.main(words))


def skipped(done: subprocess.CompletedProcess[str]) -> str:
    """The reason that pytest gave, where it ran nothing at all for want of rights or programs; else empty."""
    reasons = [line for line in done.stdout.splitlines() if line.startswith("SKIPPED ")]
    return reasons[0].partition(": ")[2] if reasons and " passed" not in done.stdout else ""


def changed_files(commits: int) -> set[str]:
    """The files that the newest commits touched, and those that differ from the newest."""
    asked = (["log", "--name-only", "--format=", f"-{commits}"], ["status", "--porcelain", "--no-renames", "-uall"])
    said = [subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True) for words in asked]
    return {*said[0].stdout.splitlines(), *(line[3:] for line in said[1].stdout.splitlines())}


def touched(faults: list[dict[str, str]], files: set[str]) -> list[dict[str, str]]:
    """The faults whose file is among these, or one that their test names."""
    return [fault for fault in faults if files & {fault["file"], *fault["test"].split()}]


def main(names: list[str], *, passed: bool = False, recent: bool = False) -> int:
    """Tries the named faults, all without a name. ``passed``: every test has just passed here, so that none is run
    without its fault first. ``recent``: only faults whose file or test was changed lately."""
    faults = tomllib.loads((ROOT / "tests" / "planted.toml").read_text())["fault"]
    wanted = [fault for fault in faults if not names or fault["name"] in names]
    if recent:
        wanted = touched(wanted, changed_files(COMMITS_RECENT))
        print(
            f"{len(wanted)} of {len(faults)} faults are of the newest {COMMITS_RECENT} commits; script/plant tries all"
        )
    FORKED.set_forkserver_preload([*WARM])
    tests = [] if passed else sorted({fault["test"] for fault in wanted})
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
        before = dict(zip(tests, runs, strict=True))
        told = list(
            pool.map(
                lambda given: in_a_tree(lambda tree: tried(*given, tree, before.get(given[1]["test"]))),
                enumerate(wanted),
            )
        )
    count = Counter(told)
    unable = f", {count['skipped']} skipped" if count["skipped"] else ""
    print(f"{count['caught']} passed, {count['failed']} failed{unable}")
    return 1 if count["failed"] or (not wanted and not recent) else 0


def tried(
    number: int, fault: dict[str, str], tree: Path, sound: subprocess.CompletedProcess[str] | None
) -> Literal["caught", "failed", "skipped"]:
    """Plant, test, put back. ``number``: the fault's own. ``sound``: how the test ended without the fault, so that its
    failing says something; None where it is known to pass."""
    if sound is not None and (reason := skipped(sound)):
        print(f"SKIPPED {fault['name']}: {reason}", flush=True)
        return "skipped"
    if sound is not None and sound.returncode:
        print(f"UNSOUND {fault['name']}: {fault['test']} fails without the fault too", flush=True)
        return "failed"
    file = tree / fault["file"]
    before, stood = file.read_text(), file.stat()
    if before.count(fault["find"]) != 1:
        print(
            f"MISFIT  {fault['name']}: {fault['file']} holds what is to be replaced {before.count(fault['find'])} times"
        )
        return "failed"
    begun = time.monotonic()
    file.write_text(before.replace(fault["find"], fault["plant"]))
    # What was compiled is kept from fault to fault, and known by a file's time in seconds: each fault has its own.
    os.utime(file, (stood.st_mtime, int(stood.st_mtime) + 1 + number))
    try:
        done = run(shlex.split(fault["test"]), tree)
    finally:
        file.write_text(before)
        os.utime(file, ns=(stood.st_atime_ns, stood.st_mtime_ns))
    took_s = time.monotonic() - begun
    if sound is None and not done.returncode and (reason := skipped(done)):
        print(f"SKIPPED {fault['name']}: {reason}", flush=True)
        return "skipped"
    # 4 and 5: the row names no test that is there
    found = done.returncode not in (0, 4, 5)
    print(
        f"{'caught' if found else 'MISSED'}  {fault['name']}: {fault['test']} ended with {done.returncode}"
        f" in {took_s:.1f} s",
        flush=True,
    )
    return "caught" if found else "failed"


if __name__ == "__main__":
    given = sys.argv[1:]
    names_given = [one for one in given if not one.startswith("--")]
    sys.exit(main(names_given, passed="--passed" in given, recent="--changed" in given))
