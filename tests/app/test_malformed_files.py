"""Small files that a process wrote of itself, bent: each reader answers as if nothing were there, or with one line."""

from types import SimpleNamespace

import pytest

from bavn.app.accept.node_health import node_health
from bavn.app.cli.node.health import told_of
from bavn.app.node import by_hand
from bavn.app.node.health.files import HEALTH_FILE
from bavn.app.node.health.lost import LostBook
from bavn.app.process.exits import Stop
from bavn.app.process.failure_folder import kept_failures
from bavn.app.process.real import SystemClock
from bavn.app.process.service_health import _before
from bavn.app.web.soc.health import _health_file
from bavn.centre.members.signed import BadRecord, record_of

BENT = [
    b"",
    b"null",
    b"[]",
    b"7",
    b'"x"',
    b"[[[",
    b"\xff\xfe",
    b"[" * 100_000,
    b'{"at_us":1e999,"pid":1e999,"stopped":false}',
    b'{"at_us":[],"pid":{},"stopped":0,"promises":[7]}',
    b'{"actors":[],"promises":{},"problems":7}',
    b'{"actors":{"a":{"place":{}}},"at_us":1,"pid":-1e999,"stopped":0,"problems":[]}',
    b'{"lost":[[]],"lasting":{"a":1e999}}',
    b'{"body":"7","kind":[],"subject":0,"number":1}',
    b'{"body":"{}","kind":{},"subject":0,"number":1e999}',
]


@pytest.mark.parametrize("bent", BENT, ids=lambda bent: bent[:30])
def test_what_a_process_wrote_of_itself_may_be_bent(tmp_path, bent) -> None:
    file, config = tmp_path / HEALTH_FILE, SimpleNamespace(folder=tmp_path)
    file.write_bytes(bent)
    assert by_hand.runs(config) is False
    assert node_health(config, SystemClock()) is None
    assert _before(file) == []
    assert _health_file(file) is None
    with pytest.raises(Stop):
        told_of(file)


@pytest.mark.parametrize("bent", BENT, ids=lambda bent: bent[:30])
def test_kept_files_may_be_bent(tmp_path, bent) -> None:
    (tmp_path / "a.json").write_bytes(bent)
    assert kept_failures(tmp_path) == []
    with pytest.raises(BadRecord):
        record_of(bent.decode("utf-8", "replace"))


@pytest.mark.parametrize("kept", [{"lost": [{"a": 1}]}, {"lost": 7}, {"lasting": {"a": float("inf")}}, {"lasting": []}])
def test_a_book_of_losses_may_be_bent(kept) -> None:
    assert LostBook(kept).problems() == []
