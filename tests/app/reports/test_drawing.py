"""Documents are drawn one at a time, and what drawing took is given back."""

import gc
import threading

import pytest

from bavn.app.exits import Exit, Stop
from bavn.app.reports import drawing as module
from bavn.app.reports.charts import drawn
from bavn.app.reports.drawing import drawing
from bavn.centre.publish.build import build
from bavn.centre.publish.document import Drawn, Figure, Kind
from tests.centre.publish.made import make_whole


def test_a_second_thread_has_its_turn_afterwards() -> None:
    order, inside = [], threading.Event()

    def second() -> None:
        inside.wait(5)
        with drawing():
            order.append("second")

    thread = threading.Thread(target=second)
    thread.start()
    with drawing(), drawing():
        inside.set()
        thread.join(0.2)
        order.append("first")
    thread.join(5)
    assert order == ["first", "second"]


def test_who_waits_too_long_is_told_so(monkeypatch) -> None:
    monkeypatch.setattr(module, "WAIT_S_MAX", 0.05)
    held, told = threading.Event(), []

    def second() -> None:
        try:
            with drawing():
                pass
        except Stop as stop:
            told.append(stop.code)
        held.set()

    with drawing():
        threading.Thread(target=second).start()
        assert held.wait(5)
    assert told == [Exit.NOT_NOW]
    with drawing():
        pass


def test_a_drawing_that_fails_gives_its_turn_back() -> None:
    with pytest.raises(ZeroDivisionError), drawing():
        raise ZeroDivisionError
    with drawing():
        assert module._depth.turns == 1
    assert module._depth.turns == 0


@pytest.mark.slow
def test_nothing_of_a_picture_stays() -> None:
    pytest.importorskip("matplotlib")
    from matplotlib.figure import Figure as Canvas

    figures = [
        block
        for section in build(Kind.FORECAST, make_whole(Kind.FORECAST)).sections
        for block in section.blocks
        if isinstance(block, Figure) and block.drawn is not Drawn.TABLE
    ]
    gc.collect()
    before = sum(isinstance(thing, Canvas) for thing in gc.get_objects())
    gc.disable()
    try:
        with drawing():
            assert drawn(figures[0], "en")
            assert sum(isinstance(thing, Canvas) for thing in gc.get_objects()) > before, "rings, which only gc ends"
        assert sum(isinstance(thing, Canvas) for thing in gc.get_objects()) == before
    finally:
        gc.enable()
