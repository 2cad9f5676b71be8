"""The actor's own lists in a running node: read anew when changed, every line told of, the last good one kept."""

import logging

import pytest

from bavn.app.node.own_indicators import OwnIndicators
from bavn.app.process.exits import Exit, Stop


def test_a_changed_list_is_read_before_the_next_run(tmp_path) -> None:
    file = tmp_path / "list.txt"
    file.write_text("evil.example\n")
    lists = OwnIndicators([file])
    first = lists.now()
    assert (len(first), lists.now() is first) == (1, True), "nothing changed, nothing is read"
    file.write_text("evil.example\nworse.example\n")
    assert len(lists.now()) == 2


def test_each_line_that_names_none_is_counted_in_the_log(tmp_path, caplog) -> None:
    file = tmp_path / "list.txt"
    file.write_text("evil.example\n" + "not one\n" * 7)
    assert len(OwnIndicators([file]).now()) == 1
    assert len([r for r in caplog.records if "not a domain" in r.getMessage()]) == 5
    assert "7 lines in all name no indicator" in caplog.text


def test_a_list_that_goes_leaves_what_was_known_and_says_so_once(tmp_path, caplog) -> None:
    file = tmp_path / "list.txt"
    file.write_text("evil.example\n")
    lists = OwnIndicators([file])
    file.unlink()
    assert [len(lists.now()) for _ in range(3)] == [1, 1, 1]
    assert len([r for r in caplog.records if r.levelno == logging.ERROR]) == 1
    file.write_text("evil.example\nworse.example\n")
    assert len(lists.now()) == 2


def test_a_list_that_was_never_there_stops_the_node(tmp_path) -> None:
    with pytest.raises(Stop, match=r"nothing\.txt") as stopped:
        OwnIndicators([tmp_path / "nothing.txt"])
    assert stopped.value.code == Exit.CONFIGURATION
