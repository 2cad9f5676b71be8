"""Documents of a console are drawn one at a time, each in a process of its own, and are the same bytes as those of a
command."""

import subprocess
import sys
import threading

import pytest

from bavn.app.centre.publish_parts import rendered
from bavn.app.process.exits import Exit, Stop
from bavn.app.reports import apart
from bavn.app.reports import drawing as module
from bavn.app.reports.drawing import drawing
from bavn.app.reports.page import DocumentStatus
from bavn.centre.publish.build import build
from bavn.centre.publish.document import Kind
from bavn.centre.publish.life import EditionState
from tests.centre.publish.made import make_whole

STANDING = DocumentStatus(EditionState.APPROVED, 3, "Bo Lund")


def test_a_second_thread_has_its_turn_afterwards() -> None:
    order, inside = [], threading.Event()

    def second() -> None:
        inside.wait(5)
        with drawing():
            order.append("second")

    thread = threading.Thread(target=second)
    thread.start()
    with drawing():
        inside.set()
        thread.join(0.2)
        order.append("first")
    thread.join(5)
    assert order == ["first", "second"]


def test_who_waits_too_long_is_told_so(monkeypatch) -> None:
    monkeypatch.setattr(module, "WAIT_S_MAX", 0.05)
    with drawing(), pytest.raises(Stop) as stop, drawing():
        raise AssertionError("there is one turn")
    assert stop.value.code is Exit.NOT_NOW
    with pytest.raises(ZeroDivisionError), drawing():
        raise ZeroDivisionError
    with drawing():
        pass


@pytest.mark.slow
@pytest.mark.parametrize("form", ["html", "pdf", "json"])
def test_a_document_drawn_apart_is_the_same_bytes_and_leaves_nothing(form) -> None:
    document = build(Kind.FORECAST, make_whole(Kind.FORECAST))
    code = (
        "import sys, pickle; from bavn.app.centre.publish_parts import rendered_apart;"
        "given = pickle.load(sys.stdin.buffer); sys.stdout.buffer.write(rendered_apart(*given));"
        "assert not {'matplotlib', 'weasyprint'} & set(sys.modules)"
    )
    import pickle

    given = pickle.dumps((document, form, "da", STANDING))
    done = subprocess.run([sys.executable, "-c", code], input=given, capture_output=True, check=True, timeout=120)
    assert done.stdout == rendered(document, form, "da", STANDING)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("does", "expected"),
    [
        ("import sys; sys.stderr.write('needs Pango\\n'); sys.exit(3)", Stop),
        ("raise MemoryError('too much')", RuntimeError),
        ("import os; os.kill(os.getpid(), 11)", RuntimeError),
        ("import time; time.sleep(60)", Stop),
    ],
)
def test_a_drawing_that_fails_dies_or_hangs_costs_one_document(monkeypatch, does, expected) -> None:
    real = subprocess.run
    monkeypatch.setattr(apart, "SECONDS_MAX", 1)
    monkeypatch.setattr(apart.subprocess, "run", lambda _, **more: real([sys.executable, "-c", does], **more))
    with pytest.raises(expected) as error:
        apart.document_apart(build(Kind.FORECAST, make_whole(Kind.FORECAST)), "html", "en", STANDING)
    assert str(error.value)
    with drawing():
        pass
