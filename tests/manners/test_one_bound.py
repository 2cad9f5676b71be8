"""What counts as silent, late, lossy, off, full or about to end stands once (model/health.py), and everything asks it.

Two ways to have a bound of one's own are looked for in the whole package: a constant (or a setting's default) with a
number under such a name, and a comparison of what a node says of itself. Each exception is about something else.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import pytest

from bavn.app.centre.health import nodes_promise
from bavn.app.web.sac.members import _worries
from bavn.app.web.sac.overview import blind_spots
from bavn.app.web.sac.overview_words import BLIND
from bavn.centre.desk.alarms import wrong_at
from bavn.centre.desk.detector_coverage import coverage_of_actors
from bavn.model.health import NODE_SILENT_S
from bavn.model.received import NodeHealth
from bavn.model.sector.member import Actor, ActorState

PACKAGE = Path(__file__).resolve().parents[2] / "bavn"
HERE = ("model/health.py", "model/node_health.py")
NOW_US = 1_790_000_000_000_000
SECOND_US = 1_000_000
NAMES = (
    "SILENT|SILENCE|LATE|SKEW|LOSS|LOSSY|STALE|AWAY|LAG|CLOCK_OFF|CLOCK_JUMP|CLOCK_S_MAX|DISK_FREE|FREE_MB|QUEUE_MAX"
    "|CERTIFICATE_DAYS|DAYS_LEFT|ENDS_SOON"
)
WORDS = re.compile(rf"(^|_)({NAMES})(_|$)")
TOLD = {"capture_loss_permille", "loss_permille", "clock_skew_s", "centre_skew_s", "queue_messages"}
"""What a node says of itself. When it was heard is looked at where it is the health that was heard."""
HEARD = {"received_us", "health_us"}
NAMED_ELSEWHERE = {
    "actor/detect/queries/open_flows.py: SILENT_US_MAX": "a flow that may still go on",
    "actor/protect/intake.py: QUEUE_MAX": "room for what waits at a gate, beyond which it is refused",
    "actor/protect/policy.py: clock_skew_s_max": "how far ahead an indicator may begin",
    "actor/sense/flows/exporters.py: LATE_MAX": "a datagram that was overtaken",
    "actor/sense/flows/netflow_decode.py: CLOCK_OFF_US_MAX": "whether one datagram's own time is believed",
    "actor/sense/handshakes/reader.py: SILENT_US": "a conversation, not a node",
    "actor/sense/logs/sniff.py: _LATE_US": "a moment after every log line",
    "actor/store/limits.py: late_minutes_max": "when an hour of the store is closed",
    "actor/store/retention.py: LATE_SHARE": "rows that come after their hour was packed",
    "app/analyst/asset_book.py: STALE_US": "a survey that is made anew when somebody looks",
    "app/node/health/vitals.py: LAG_MB_MAX": "how much may lie unread: the node's alone, and nobody else asks it",
    "centre/cases/indicators/indicator.py: half_life_certificate_days": "an indicator of a foreign certificate",
    "centre/inbox/taxii_reading.py: STALE_PAGES_MAX": "pages that bring nothing new",
    "centre/members/authority.py: SKEW": "from when on a certificate is valid",
    "rehearsal/network.py: LATE_MAX": "what a made-up network does to messages",
    "rehearsal/network.py: STALE_MAX": "what a made-up network does to messages",
    "rehearsal/network.py: late_s_max": "what a made-up network does to messages",
    "traffic/tls.py: CERTIFICATE_DAYS": "a made-up server's certificate",
}
ASKED_ELSEWHERE = {
    "app/node/health/clocks.py": "asks [health] clock_s_max",
}
DEFAULTS_ELSEWHERE = {
    "app/accept/centre.py: NODE_SILENT_S": "of a node, as the centre sees it; the setting is a node's, of its centre",
    "app/centre/member_metrics.py: NODE_SILENT_S": "as there",
    "model/node_health.py: NODE_SILENT_S": "as there",
    "app/centre/member_metrics.py: CENTRE_DISK_FREE_MB_MIN": "a default; the centre hands its own setting in",
}


def named(tree: ast.Module) -> Iterator[str]:
    """Constants and settings under such a name that hold a number of their own."""
    scopes = [tree, *(node for node in ast.walk(tree) if isinstance(node, ast.ClassDef))]
    for node in (node for scope in scopes for node in scope.body):
        if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
            continue
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            numbers = _defaults(node.value)
            if isinstance(target, ast.Name) and WORDS.search(target.id.upper()) and any(map(_number, numbers)):
                yield target.id


def _defaults(value: ast.expr) -> Iterator[ast.AST]:
    """Of a setting its default alone: its bounds are no bound of health."""
    is_setting = isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "setting"
    if is_setting:
        given = [*value.args[:1], *(one.value for one in value.keywords if one.arg == "default")]
        return (node for one in given for node in ast.walk(one))
    return ast.walk(value)


def _number(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) in (int, float) and bool(node.value)


def compared(tree: ast.Module) -> Iterator[str]:
    """Comparisons of what a node says of itself, or of when its health was heard, with anything but None."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Compare) or any(isinstance(op, ast.Is | ast.IsNot) for op in node.ops):
            continue
        for part in ast.walk(node):
            if not isinstance(part, ast.Attribute | ast.Name):
                continue
            name = part.attr if isinstance(part, ast.Attribute) else part.id
            if name in TOLD or (name in HEARD and "health" in ast.unparse(part)):
                yield ast.unparse(node)
                break


@cache
def trees() -> dict[str, ast.Module]:
    """Of each module whose text has such a name or figure at all: the others need no reading."""
    texts = {str(file.relative_to(PACKAGE)): file.read_text(encoding="utf-8") for file in sorted(PACKAGE.rglob("*.py"))}
    near = re.compile(rf"(\b|_)({NAMES})[A-Z_]*(: [^=]+)? = |" + "|".join([*TOLD, *HEARD]), re.IGNORECASE)
    return {file: ast.parse(text) for file, text in texts.items() if file not in HERE and near.search(text)}


def over_all(find) -> dict[str, list[str]]:
    found = {file: list(find(tree)) for file, tree in trees().items()}
    return {file: names for file, names in found.items() if names}


def test_no_bound_of_health_stands_twice() -> None:
    found = {f"{file}: {name}" for file, names in over_all(named).items() for name in names}
    assert found == NAMED_ELSEWHERE.keys()


def test_nobody_judges_by_himself_what_a_node_says() -> None:
    assert over_all(compared).keys() == ASKED_ELSEWHERE.keys()


def test_what_an_operator_may_set_is_asked_of_the_setting_and_not_of_its_default() -> None:
    """A name of model/health.py that is a setting's default is imported where settings are declared alone."""
    imported: dict[str, set[str]] = {}
    settings: set[str] = set()
    for file in sorted(PACKAGE.rglob("*.py")):
        text = file.read_text(encoding="utf-8")
        if "bavn.model.health import" not in text:
            continue
        tree, where = ast.parse(text), str(file.relative_to(PACKAGE))
        names = [node.names for node in ast.walk(tree) if _of_health(node)]
        imported[where] = {one.name for some in names for one in some if one.name.isupper()}
        settings |= {name for name in imported[where] if re.search(rf"\bsetting\(\s*{name}\b", text)}
    assert "SOURCE_SILENT_S_MAX" in settings
    declared = {where for where in imported if where.startswith("app/config/")}
    found = {
        f"{where}: {name}" for where, names in imported.items() if where not in declared for name in names & settings
    }
    assert found == DEFAULTS_ELSEWHERE.keys()


def _of_health(node: ast.AST) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "bavn.model.health"


@pytest.mark.parametrize(
    "planted",
    [
        "SILENT_S: Final = 300",
        "NODE_LATE_US = 5 * MINUTE_US",
        "SKEW_S_MAX = 30",
        "class Table:\n    loss_permille_max: int = setting(20, unit='', holds='')",
        "class Table:\n    silent_s_max: int = setting(default=7200, unit='', holds='')",
        "CERTIFICATE_DAYS_MIN = 14",
    ],
)
def test_a_bound_that_is_planted_is_seen(planted) -> None:
    assert list(named(ast.parse(planted)))


@pytest.mark.parametrize(
    "planted",
    [
        "silent = now_us - health.received_us > limit_us",
        "lossy = one.health.capture_loss_permille >= 20",
        "off = abs(clock_skew_s) > 30",
        "heard = [one for one in facts.members if now_us - one.health_us <= DAY_US]",
    ],
)
def test_a_judgement_that_is_planted_is_seen(planted) -> None:
    assert list(compared(ast.parse(planted)))


@pytest.mark.parametrize(
    "spared",
    [
        "silent_s_max: int = setting(NODE_SILENT_S, unit='s', holds='', low=30, high=86400)",
        "SENT_LATE = 'sent-late'",
        "known = health.received_us is not None",
    ],
)
def test_what_only_refers_to_a_bound_is_spared(spared) -> None:
    tree = ast.parse(spared)
    assert not [*named(tree), *compared(tree)]


def view(age_us, **told):
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
    return SimpleNamespace(actor=actor, health=replace(health, **told), role=None)


def silent_by(age_us):
    member = view(age_us)
    return {
        "alarms": wrong_at(member, None, NOW_US, 0, NOW_US) is None,
        "overview": "silent" in blind_spots(member, None, NOW_US),
        "members": "its node is silent" in [one.en for one in _worries(member, None, NOW_US)],
        "coverage": coverage_of_actors([member], {}, {}, NOW_US)[0].against == "silent",
        "centre health": bool(nodes_promise([member], 0, NOW_US).wrong),
    }


def test_a_node_is_silent_everywhere_from_the_same_second_on() -> None:
    assert set(silent_by(NODE_SILENT_S * SECOND_US).values()) == {False}
    assert set(silent_by(NODE_SILENT_S * SECOND_US + 1).values()) == {True}


def test_the_words_for_a_blind_spot_name_no_bound() -> None:
    said = " ".join(f"{words.en} {words.da}" for code, words in BLIND.items() if "rounds" not in code)
    assert not re.search(r"\d|hour|minute|time\b|minut", said), "the bound stands once"


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"capture_loss_permille": 10}, set()),
        ({"capture_loss_permille": 11}, {"capture-loss", "loss", "it loses 1.1 % of its packets"}),
        ({"clock_skew_s": -120}, set()),
        ({"clock_skew_s": -121}, {"clock", "its clock is off by 2 minutes"}),
        ({"sensor": "down"}, {"sensor-down", "its sensor is down"}),
        ({"problems": ("sensor-down",)}, {"sensor-down", "its sensor is down"}),
    ],
)
def test_a_sensor_is_lossy_or_down_and_a_clock_off_everywhere_from_the_same_figure_on(told, words) -> None:
    member = view(0, **told)
    alarms = {one.kind for one in wrong_at(member, None, NOW_US, NOW_US, NOW_US) or ()}
    worries = {one.en for one in _worries(member, None, NOW_US)}
    against = {coverage_of_actors([member], {}, {}, NOW_US)[0].against} - {""}
    found = alarms | {*blind_spots(member, None, NOW_US)} | worries | against
    assert found == words
    assert bool(alarms) == bool(worries)
