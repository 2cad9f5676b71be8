"""The processes that answer an analyst's questions: none is left behind when the console ends."""

import pytest

from bavn.app.process.real import SystemClock
from bavn.app.web.soc import asking
from bavn.app.web.soc.asking import Askings


@pytest.mark.slow
@pytest.mark.parametrize("questions", [0, 2])
def test_a_console_that_ends_leaves_no_process_behind(monkeypatch, tmp_path, questions) -> None:
    made, child = [], asking._child
    monkeypatch.setattr(asking, "_child", lambda: made.append(child()) or made[-1])
    askings = Askings(SystemClock())
    for _ in range(questions):
        asked = askings.start(tmp_path / "none.toml", "node", "anna", "sql", {"sql": "SELECT 1"})
        assert asked.over.wait(60)
    if not questions:
        askings.ready()
    askings.close()
    assert len(made) == questions + 1  # one waits for the next question
    assert all(process.returncode is not None for process in made)
    assert all(process.stdout.closed and process.stdin.closed for process in made)
