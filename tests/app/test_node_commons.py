"""What the commons round told a node: where it goes, and that nothing is said of it where the setting is off."""

import pytest

from bavn.actor.detect.run import Survey
from bavn.actor.door.rounds.commons_table import CommonsTable
from bavn.app.config.load import read_node
from bavn.app.node import detecting
from bavn.app.node.parts import build


@pytest.mark.parametrize("joins", [True, False])
def test_detectors_are_told_what_the_commons_say_unless_the_policy_takes_no_part(tmp_path, monkeypatch, joins) -> None:
    (tmp_path / "eve.json").write_text("")
    (tmp_path / "policy.toml").write_text(f"[door]\njoin_commons = {str(joins).lower()}\n")
    (tmp_path / "node.toml").write_text('[node]\nactor = "north"\n[sense]\neve_file = "eve.json"\n')
    given = []

    def told(window, *, against, **_) -> Survey:
        given.append(None if against.commons is None else against.commons.of([b"one"])[b"one"].day)
        return Survey(())

    monkeypatch.setattr(detecting, "survey", told)
    parts = build(read_node(tmp_path / "node.toml"))
    try:
        CommonsTable(parts.book).keep(20_800, {b"one": 3})
        parts.monitor.detect(None)
    finally:
        parts.close()
    assert given == [20_800 if joins else None]
