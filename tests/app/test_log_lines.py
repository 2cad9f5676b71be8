"""What a process logs: priorities where the journal reads, JSON where asked for, no line for each request of httpx."""

import json
import logging
import os
import socket
import subprocess
import sys

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


def test_no_priority_where_something_else_reads() -> None:
    lines = logged(journal=False, BAVN_LOG="INFO")
    assert not any(line.startswith("<") for line in lines)
    assert lines[0].endswith("INFO bavn.some: i")


def test_json_on_request_is_one_object_a_record() -> None:
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
        command = [
            sys.executable,
            "-c",
            "from bavn.app.cli.main import main; main()",
            "node",
            "run",
            "--config",
            "/nowhere/node.toml",
        ]
        subprocess.run(command, stderr=theirs, env=given, check=False, timeout=60)
        theirs.shutdown(socket.SHUT_WR)
        said = b"".join(iter(lambda: ours.recv(65_536), b"")).decode()
    assert said.startswith("<3>bavn: ")
