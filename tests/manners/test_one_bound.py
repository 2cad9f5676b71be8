"""What counts as silent, lossy, off or a backlog stands once (model/health.py), and every page asks it."""

import re
from pathlib import Path
from types import SimpleNamespace

from bavn.app.centre.health import nodes_look
from bavn.app.web.sac.members import _worries
from bavn.app.web.sac.overview import blind_spots
from bavn.centre.desk.alarms import wrong_at
from bavn.centre.desk.sight import eyes
from bavn.model.health import NODE_SILENT_US
from bavn.model.heard import NodeHealth
from bavn.model.sector.member import Actor, ActorState

ROOT = Path(__file__).resolve().parents[2]
NOW_US = 1_790_000_000_000_000
NAMES = ("SILENT_S", "SILENT_US", "SKEW_S_MAX", "CLOCK_OFF_S_MAX", "LOSS_PERMILLE_MAX", "QUEUE_MAX")
BOUND = re.compile(rf"^(NODE_)?({'|'.join(NAMES)})\b[^=\n]*= ", re.MULTILINE)
OTHERS = {
    "actor/sense/handshakes/reader.py": "a conversation, not a node",
    "actor/protect/intake.py": "what waits at a gate of the node",
    "app/accept/centre.py": "a bar of the acceptance test",
}


def test_no_bound_of_health_stands_twice() -> None:
    places = {
        str(file.relative_to(ROOT / "bavn"))
        for file in (ROOT / "bavn").rglob("*.py")
        if BOUND.search(file.read_text(encoding="utf-8"))
    }
    assert places == {"model/health.py", *OTHERS}


def view(age_us):
    health = NodeHealth(
        item_id="i",
        actor="nord",
        version="1",
        sensor="up",
        capture_loss_permille=0,
        clock_skew_s=0,
        queue_messages=0,
        last_round=None,
        received_us=NOW_US - age_us,
    )
    actor = Actor(name="nord", kind="region", group="", x=1, state=ActorState.ACTIVE)
    return SimpleNamespace(actor=actor, health=health, role=None)


def silent_by(age_us):
    member = view(age_us)
    return {
        "alarms": wrong_at(member, None, NOW_US, 0, NOW_US) is None,
        "overview": "silent" in blind_spots(member, None, NOW_US),
        "members": "its node is silent" in [one.en for one in _worries(member, None, NOW_US)],
        "coverage": eyes([member], {}, {}, NOW_US)[0].against == "silent",
        "centre health": bool(nodes_look([member], 0, NOW_US).wrong),
    }


def test_a_node_is_silent_everywhere_from_the_same_second_on() -> None:
    assert set(silent_by(NODE_SILENT_US).values()) == {False}
    assert set(silent_by(NODE_SILENT_US + 1).values()) == {True}
