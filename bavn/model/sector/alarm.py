"""Alarms: what is wrong at an actor or at the centre, of which kind, since when, and who has taken it on.

One list of kinds for nodes and centre; a node tells the kind alone, never which source, file or host. Refuses to find
any: the node's figures and the centre's own do.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from bavn.model.text import Text

KINDS: Final[dict[str, Text]] = {
    "node-silent": Text("nothing is heard from the node"),
    "sensor-down": Text("a sensor or source cannot be read"),
    "source-silent": Text("a sensor or source says nothing any more"),
    "capture-loss": Text("the sensor loses packets, or a source loses records"),
    "behind": Text("the node does not keep up"),
    "certificate": Text("a certificate has ended or ends soon"),
    "disk": Text("the disk is full or nearly so"),
    "clock": Text("a clock is off or jumped"),
    "detectors": Text("the detectors fail or take too long"),
    "canary": Text("the day's canary did not come through"),
    "chain": Text("a chain of the centre's is broken: its audit log or ledger"),
    "intelligence": Text("a source of intelligence fails or is suspended"),
    "late": Text("the centre's steps or deliveries are late"),
    "only-second": Text("a member is set apart: in rounds where two suffice its reports join nothing"),
    "local-root": Text("root at the centre's machine acted in the place of a second person"),
    "other": Text("something else is wrong: bavn node health says what"),
}
CENTRE_KINDS: Final = ("node-silent", "canary", "chain", "intelligence", "late", "only-second", "local-root")
"""Those that only the centre finds."""
NODE_KINDS: Final = tuple(kind for kind in KINDS if kind not in CENTRE_KINDS)
"""Those that a node tells of itself."""

_OF_CODE: Final = {
    "source_broken": "sensor-down",
    "no_source": "sensor-down",
    "silent": "source-silent",
    "lag": "behind",
    "disk_full": "disk",
    "disk_failed": "disk",
    "detect_failed": "detectors",
    "detect_slow": "detectors",
    "clock": "clock",
    "clock_jump": "clock",
    "certificate_ended": "certificate",
    "certificate_ends": "certificate",
    "unwritten": "disk",
    "no_progress": "behind",
    "detector_fails": "detectors",
}


def kinds_of(codes: Iterable[str]) -> tuple[str, ...]:
    """The kinds of a node's problems, each once, in the order of KINDS."""
    found = {"capture-loss" if code.startswith("lost_") else _OF_CODE.get(code, "other") for code in codes}
    return tuple(kind for kind in NODE_KINDS if kind in found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """``actor`` empty: the centre itself. ``ended_us`` None: it stands. ``detail``: what else is known.
    ``acked_by``: the person who took it on."""

    number: int
    actor: str
    kind: str
    began_us: int
    ended_us: int | None
    detail: Text | None
    acked_by: str
    acked_us: int | None

    @property
    def cause(self) -> str:
        """The same for alarms that have one cause as far as an alarm knows: one kind, at actors; the centre's own
        stands alone."""
        return f"{self.kind}/actors" if self.actor else f"{self.kind}/centre"

    @property
    def text(self) -> Text:
        """The kind and its detail."""
        words, more = KINDS[self.kind], self.detail
        return words if more is None else Text.shaped("{words}: {more}", words=words, more=more)
