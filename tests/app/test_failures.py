"""What a process keeps of what failed unforeseen, what it logs, what it says where nobody reads, and its memory."""

import gc
import json
import logging
import os
import platform
import socket
import stat
import subprocess
import sys
import threading
import time
import weakref

import pytest
from typer.testing import CliRunner

from bavn.app.cli.main import app
from bavn.app.process import failure_folder, memory
from bavn.app.process.failure_folder import FailureFolder, forget_failures, kept_failures
from bavn.model.failure import ITEM_BYTES_MAX, NoContainment, place_of


class _Clock:
    def __init__(self):
        self.at_us = 1_700_000_000_000_000

    def now_us(self):
        self.at_us += 1
        return self.at_us


def _raised(error):
    try:
        raise error
    except type(error) as caught:
        return caught


def _from_bavn():
    from bavn.actor.sense.base import Batch

    try:
        Batch(source="x", mark="", tables={}, lines=1)
    except ValueError as error:
        return error
    raise AssertionError("a line without an outcome")


def test_a_failure_is_kept_with_its_item_and_shown(tmp_path):
    folder = FailureFolder(tmp_path / "failures", _Clock())
    folder.note("detector beacon", _raised(ValueError("odd")), item=b"\x00\xff")
    (kept,) = kept_failures(tmp_path / "failures")
    assert kept.failure.part == "detector beacon"
    assert kept.failure.error == "ValueError: odd"
    assert kept.item.read_bytes() == b"\x00\xff"
    assert stat.S_IMODE(kept.item.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.item.parent.stat().st_mode) == 0o700
    (failing,) = folder.failing()
    assert (failing.part, failing.count) == ("detector beacon", 1)


def test_what_works_again_fails_no_more(tmp_path):
    folder = FailureFolder(tmp_path, _Clock())
    folder.note("source eve", _raised(ValueError("a")))
    folder.note("source eve", _raised(ValueError("b")))
    assert folder.failing()[0].count == 2
    folder.works("source eve")
    assert folder.failing() == ()


def test_one_cause_fills_nothing(tmp_path):
    folder = FailureFolder(tmp_path, _Clock())
    for number in range(50):
        folder.note("source eve", _raised(ValueError(str(number))), item=bytes(10))
    assert len(kept_failures(tmp_path)) == failure_folder.KEPT_OF_A_KIND_MAX
    assert folder.failing()[0].count == 50


def test_number_and_size_are_bounded_and_the_newest_stay(tmp_path, monkeypatch):
    monkeypatch.setattr(failure_folder, "KEPT_MAX", 4)
    folder = FailureFolder(tmp_path, _Clock())
    for number in range(9):
        folder.note(f"part {number}", _raised(ValueError("x")), item=b"y" * 10)
    assert [kept.failure.part for kept in kept_failures(tmp_path)] == ["part 8", "part 7", "part 6", "part 5"]
    assert len(list(tmp_path.iterdir())) == 8
    monkeypatch.setattr(failure_folder, "BYTES_MAX", 2 * ITEM_BYTES_MAX)
    for number in range(3):
        folder.note(f"large {number}", _raised(ValueError("x")), item=b"y" * (3 * ITEM_BYTES_MAX))
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) <= 2 * ITEM_BYTES_MAX


@pytest.mark.parametrize("error", [ValueError("\ud800"), ValueError("x" * 100_000), UnicodeError("\x00")])
def test_whatever_an_error_says_can_be_written(tmp_path, caplog, error):
    FailureFolder(tmp_path, _Clock()).note("rule inbox opens", _raised(error))
    (kept,) = kept_failures(tmp_path)
    assert len(kept.failure.error) < 2000
    kept.failure.error.encode()
    assert len(caplog.text.encode()) < 30_000


def test_a_disk_that_takes_nothing_raises_nothing(tmp_path):
    (tmp_path / "failures").write_text("a file where the folder should be")
    folder = FailureFolder(tmp_path / "failures", _Clock())
    folder.note("source eve", _raised(ValueError("x")), item=b"y")
    assert folder.failing()[0].part == "source eve"


def test_the_place_is_the_innermost_line_of_our_own_code_and_no_containment_raises() -> None:
    place = place_of(_from_bavn())
    assert place.startswith("bavn/actor/sense/base.py:")
    with pytest.raises(ValueError, match="x"):
        NoContainment().note("part", ValueError("x"))


@pytest.mark.parametrize("name", ["../secret", "nothing"])
def test_only_what_is_kept_is_forgotten(tmp_path, name):
    (tmp_path / "secret.json").write_text("{}")
    (tmp_path / "kept").mkdir()
    assert forget_failures(tmp_path / "kept", [name]) == 0
    assert (tmp_path / "secret.json").exists()


@pytest.mark.parametrize(
    ("words", "toml"),
    [
        (["node"], '[node]\nactor = "klinik"\nhomes = ["10.0.0.0/8"]\n'),
        (["centre"], ""),
        (["keyholder"], ""),
    ],
)
def test_the_commands_show_and_forget(tmp_path, words, toml):
    file = tmp_path / "conf.toml"
    file.write_text(toml)
    command = [*words, "failures", "--config", str(file)]
    runner = CliRunner()
    empty = runner.invoke(app, command)
    assert "Nothing has failed" in empty.output, empty.output
    FailureFolder(tmp_path / "data" / "failures", _Clock()).note("source eve", _raised(ValueError("odd")), item=b"x")
    assert "source eve" in runner.invoke(app, command).output
    (line,) = runner.invoke(app, [*command, "--json"]).output.splitlines()
    facts = json.loads(line)
    assert facts["error"] == "ValueError: odd"
    assert runner.invoke(app, [*command, "--forget", "nobody"]).exit_code != 0
    assert runner.invoke(app, [*command, "--forget", facts["name"]]).output.strip() == "1"
    assert "Nothing has failed" in runner.invoke(app, command).output


FLOOD = """
import sys
from bavn.app.cli import main
from bavn.app.cli.node.hunt.show import show

@main.app.command("flood")
def flood(form: str) -> None:
    show(("n",), ([n] for n in range(30_000)), form)

main.main()
"""


def ended(*command: str) -> tuple[int, bytes]:
    """Exit code and complaints of a command whose output nobody reads."""
    nobody, output = os.pipe()
    os.close(nobody)
    try:
        done = subprocess.run(
            [sys.executable, *command], stdout=output, stderr=subprocess.PIPE, check=False, timeout=120
        )
    finally:
        os.close(output)
    return done.returncode, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("form", ["json", "csv"])
def test_nobody_reads_a_long_answer_or_a_short_one_or_a_table(form) -> None:
    assert ended("-c", FLOOD, "flood", form) == (0, b"")
    assert ended("-m", "bavn.app.cli", "exit-code") == (0, b"")
    assert ended("-m", "bavn.app.cli", "node", "hunt", "tables", "flow") == (0, b"")


PROGRAM = """
import logging, os
from bavn.app.process.manager.log_lines import begin_logging
begin_logging(os.environ)
log = logging.getLogger("bavn.some")
log.debug("d"); log.info("i"); log.warning("w"); log.error("e"); log.critical("c")
logging.getLogger("httpx").info("GET"); logging.getLogger("httpcore.connection").debug("connect")
try:
    raise ValueError("two\\nlines")
except ValueError:
    log.exception("it broke")
"""


def logged(*, journal, **environment):
    """What such a process writes into a stream that is the journal's, or is not."""
    ours, theirs = socket.socketpair()
    here = os.fstat(theirs.fileno())
    given = dict(os.environ) | environment
    given["JOURNAL_STREAM"] = f"{here.st_dev}:{here.st_ino}" if journal else "1:1"
    with ours, theirs:
        subprocess.run([sys.executable, "-c", PROGRAM], stderr=theirs, env=given, check=True, timeout=60)
        theirs.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: ours.recv(65_536), b"")).decode().splitlines()


def test_each_line_has_its_priority_in_the_journal_and_httpx_is_quiet() -> None:
    lines = logged(journal=True, BAVN_LOG="DEBUG")
    assert [(line[:3], line[-1]) for line in lines[:5]] == [
        ("<7>", "d"),
        ("<6>", "i"),
        ("<4>", "w"),
        ("<3>", "e"),
        ("<2>", "c"),
    ]
    assert all(line.startswith("<3>") for line in lines[5:]), "also each line of a traceback"
    assert not any("GET" in line or "connect" in line for line in lines)


def test_no_priority_where_something_else_reads_and_json_on_request_is_one_object_a_record() -> None:
    lines = logged(journal=False, BAVN_LOG="INFO")
    assert not any(line.startswith("<") for line in lines)
    assert lines[0].endswith("INFO bavn.some: i")
    records = [json.loads(line) for line in logged(journal=False, BAVN_LOG="INFO", BAVN_LOG_FORMAT="json")]
    assert [record["level"] for record in records] == ["INFO", "WARNING", "ERROR", "CRITICAL", "ERROR"]
    assert records[0]["message"] == "i"
    assert "ValueError: two\nlines" in records[-1]["exception"]
    assert logging.getLevelName(records[0]["level"]) == logging.INFO


def test_a_command_that_ends_with_an_error_says_so_as_an_error() -> None:
    ours, theirs = socket.socketpair()
    here = os.fstat(theirs.fileno())
    with ours, theirs:
        given = dict(os.environ) | {"JOURNAL_STREAM": f"{here.st_dev}:{here.st_ino}"}
        run = "from bavn.app.cli.main import main; main()"
        command = [sys.executable, "-c", run, "node", "run", "--config", "/nowhere/node.toml"]
        subprocess.run(command, stderr=theirs, env=given, check=False, timeout=60)
        theirs.shutdown(socket.SHUT_WR)
        said = b"".join(iter(lambda: ours.recv(65_536), b"")).decode()
    assert said.startswith("<3>bavn: ")


WORK = """
import sys, threading
from bavn.app.process.memory import few_arenas, give_back
if sys.argv[1] == "few":
    assert few_arenas()

def work(_=None):
    held = [bytes(100_000) for _ in range(300)]
    gate.wait()
    kept.append([bytes(100_000) for _ in range(3)])

kept, gate = [], threading.Barrier(24)
threads = [threading.Thread(target=work) for _ in range(24)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
give_back()
import ctypes
libc = ctypes.CDLL(None)
libc.malloc_stats()
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has arenas")
def test_a_process_with_many_threads_has_few_arenas() -> None:
    arenas = {}
    for how in ("few", "many"):
        done = subprocess.run([sys.executable, "-c", WORK, how], capture_output=True, text=True, check=True, timeout=60)
        arenas[how] = done.stderr.count("Arena ")
    assert arenas["few"] <= 2 < arenas["many"]


class Ring:
    """Something that only the collector can end, and that is large and few, as an ended TLS connection is."""

    def __init__(self) -> None:
        self.itself = self


@pytest.mark.slow
def test_rings_go_again_and_again_without_anybody_who_asks(monkeypatch) -> None:
    frozen = []
    monkeypatch.setattr(gc, "freeze", lambda: frozen.append(True))
    over = threading.Event()
    gc.disable()
    try:
        thread = memory.keep_small(0.02, over)
        assert thread.daemon, "no command waits for it"
        for _ in range(3):
            ring = weakref.ref(Ring())
            until = time.monotonic() + 10
            while ring() is not None and time.monotonic() < until:
                time.sleep(0.01)
            assert ring() is None
    finally:
        over.set()
        gc.enable()
    thread.join(5)
    assert frozen == [True]


LEFT_OUT = """
import json, sys
from bavn.app.process.memory import NEVER_USED, leave_out
leave_out()
import duckdb, httpx, numpy, pyarrow as pa, pyarrow.parquet as pq

pq.write_table(pa.table({"a": [1, 2]}), sys.argv[1])
summed = duckdb.connect().execute("SELECT sum(a) FROM read_parquet(?)", [sys.argv[1]]).fetchone()[0]
works = [summed, pq.read_table(sys.argv[1]).num_rows, httpx.URL("https://a.example/b").host]
loaded = [name for name in (*NEVER_USED, "click", "pygments") if sys.modules.get(name)]
print(json.dumps([works, loaded, pa.default_memory_pool().backend_name]))
"""


@pytest.mark.slow
def test_what_nobody_uses_is_left_out_and_all_works_without(tmp_path) -> None:
    words = [sys.executable, "-c", LEFT_OUT, str(tmp_path / "a.parquet")]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60)
    assert json.loads(done.stdout) == [[3, 2, "a.example"], [], "system"]
