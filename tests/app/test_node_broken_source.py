"""A source that stays broken keeps the node from nothing else: the store is tidied, so it neither grows nor slows."""

from bavn.actor.store.columns import ColumnStore
from bavn.app.config.load import read_node
from bavn.app.node.service import NodeService


def test_the_store_is_tidied_while_a_source_is_broken(tmp_path, monkeypatch, caplog) -> None:
    file = tmp_path / "node.toml"
    file.write_text('[node]\nactor = "lonely"\n[sense]\nlog_files = ["nowhere.log"]\n')
    service = NodeService(read_node(file))
    tidied, waits = [], []
    monkeypatch.setattr(ColumnStore, "tidy", lambda _, **more: tidied.append(more))
    ended = service._ended

    def wait(seconds) -> bool:
        waits.append(seconds)
        if len(waits) == 3:
            ended.set()
        return ended.is_set()

    monkeypatch.setattr(ended, "wait", wait)
    try:
        service._look()
    finally:
        service.parts.close()
    assert len(tidied) == 3
    assert "nowhere.log is not there" in caplog.text
