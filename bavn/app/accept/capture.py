"""Does the running node see what passes? Loss and drops of its sensor, and how far it is behind, by its own health."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from bavn.app.accept.check import (
    BOTH,
    NOT_RUNNING,
    AcceptanceTerms,
    Reading,
    Site,
    at_most,
    none_of,
    not_applicable,
    not_tested,
    shown,
    value,
)
from bavn.app.accept.node_health import node_health
from bavn.app.node.health.vitals import SENSORS
from bavn.model.health import LAG_S_MAX, LOSS_PERMILLE_MAX
from bavn.model.sector.acceptance_protocol import Measure
from bavn.model.text import Text

NO_SENSOR: Final = Text("no source of this node sees packets")
NO_SOURCE: Final = Text("this node reads no source: it only protects")
_UNCOUNTED: Final = Text("no source of this node counts packets that it lost")
FOUND_ELSEWHERE: Final = ("certificate", "clock", "rules")
"""Problems that have a check of their own."""
_ACTS: Final[Mapping[str, Text]] = {
    "": Text("The node's operator: bavn node health names what to do"),
}


class CaptureCheck:
    """See the module's text."""

    name = "capture"
    title = Text("Capture")
    kinds = BOTH
    acts = _ACTS

    def measures(self, _: AcceptanceTerms, /) -> Mapping[str, Measure]:
        return {
            "broken": none_of(Text("sources that cannot be read")),
            "loss": at_most(Text("packets lost of late"), LOSS_PERMILLE_MAX, "‰"),
            "drops": none_of(Text("losses that node health alarms of")),
            "lag": at_most(Text("oldest line not read yet"), LAG_S_MAX, "s"),
            "rows": shown(Text("rows taken in since the start")),
            "memory": shown(Text("memory of the node"), "MB"),
            "disk": shown(Text("room left on the disk"), "MB"),
            "problems": none_of(Text("other alarms of node health")),
        }

    def run(self, site: Site) -> Iterable[Reading]:
        now = node_health(site.config, site.clock)
        if now is None:
            return [not_tested(key, NOT_RUNNING) for key in self.measures(site.terms)]
        return readings(now)


def readings(now: Mapping[str, Any]) -> list[Reading]:
    """From what the node wrote of itself."""
    sources, problems = now["sources"], now["problems"]
    losses = [problem for problem in problems if problem["code"].startswith("lost_")]
    other = [
        problem
        for problem in problems
        if problem not in losses
        and problem["code"] != "source_broken"
        and not problem["code"].startswith(FOUND_ELSEWHERE)
    ]
    rows = [
        value("memory", now["memory_mb"]),
        value("disk", now["disk_free_mb"]),
        value("problems", len(other), _named(other)),
    ]
    if not sources:
        return [*rows, *(not_applicable(key, NO_SOURCE) for key in ("broken", "loss", "drops", "lag", "rows"))]
    broken = [source["name"] for source in sources if source["broken"]]
    rows.append(value("broken", len(broken), Text.plain(", ".join(broken)) if broken else None))
    rows.append(value("lag", max(int(source["lag_s"]) for source in sources)))
    rows.append(value("rows", sum(int(source["rows"]) for source in sources)))
    rows.append(value("drops", len(losses), _named(losses)))
    if not any(source["name"] in SENSORS for source in sources):
        rows.append(not_applicable("loss", NO_SENSOR))
    elif not now["capture_loss_known"]:
        rows.append(not_applicable("loss", _UNCOUNTED))
    else:
        rows.append(value("loss", int(now["capture_loss_permille"])))
    return rows


def _named(problems: list[Any]) -> Text | None:
    if not problems:
        return None
    return Text.written(
        "; ".join(one["en"] for one in problems)[:400], da="; ".join(one["da"] for one in problems)[:400]
    )
