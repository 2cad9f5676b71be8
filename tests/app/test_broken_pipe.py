"""Whoever reads the output may leave at any time (``| head -1``): no traceback, and nothing is said to be broken."""

import os
import subprocess
import sys

import pytest

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
def test_nobody_reads_a_long_answer(form):
    assert ended("-c", FLOOD, "flood", form) == (0, b"")


@pytest.mark.slow
def test_nobody_reads_a_short_answer_or_a_table():
    assert ended("-m", "bavn.app.cli", "exit-code") == (0, b"")
    assert ended("-m", "bavn.app.cli", "node", "hunt", "tables", "flow") == (0, b"")
