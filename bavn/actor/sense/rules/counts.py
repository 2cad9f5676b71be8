"""What a fetch of rules came to: how many the sources switch on, how many Suricata takes, and what the rest is lost to.

Kept beside the set in force, so that health can show it and the next fetch is compared with it. Refuses to decide what
a rule is good for.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from bavn.actor.sense.rules.text import LeftOut, rules_in
from bavn.model.text import Text

YIELD_FILE: Final = "yield.json"
SHRINK_TO: Final = 2
SHRINK_OF: Final = 3
"""A set that is smaller than two thirds of the last one is put in place only where a person says so."""

REASONS_NAMED_MAX: Final = 5
VARIABLES_NAMED_MAX: Final = 100
_UNSET: Final = re.compile(
    r"""
    Rule\ has\ unknown\ (?:source|dest)\ (?:address|port)\ var
    \ and\ will\ be\ disabled:\ (\S+):     # variable
    \ (.*)$                                # rule
    """,
    re.VERBOSE,
)
_NO_DATASET: Final = re.compile(r"ataset file '.*' was not found for rule \[\d+:(\d+)\], rule will be disabled$")
_NEVER_SET: Final = re.compile(
    r"""
    flowbit\ '.{1,200}?'\ is\ checked\ but\ not\ set\.
    \ Checked\ in\ (\d+)              # one rule that waits for it
    \ and\ (\d+)\ other\ sigs         # how many more do
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleYield:
    """Counts of rules. ``wanted``: switched on by the sources and the actor's own filters; ``loaded``: of these, that
    Suricata takes; ``off``: commented out by the sources or the filters; ``unset``: variables that nobody defines, each
    with the rules that it costs; ``left_out``: reasons, (rows of Text), each with the rules that it costs; ``waiting``:
    loaded, but they wait for a flowbit that no rule sets. ``before``: loaded in the set before, 0 for none;
    ``shrink_by``: who took a set that is much smaller than that, empty for nobody."""

    wanted: int
    loaded: int
    off: int = 0
    unset: Mapping[str, int] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)
    waiting: int = 0
    before: int = 0
    shrink_by: str = ""

    @property
    def shrunk(self) -> bool:
        return SHRINK_OF * self.loaded < SHRINK_TO * self.before

    def reasons(self) -> list[tuple[Text, int]]:
        """The commonest first: why rules that are switched on are not loaded."""
        unset = {Text("${what} is defined nowhere", what=name): count for name, count in self.unset.items()}
        left_out = {Text.of_row(why): count for why, count in self.left_out.items()}
        return Counter({**unset, **left_out}).most_common(REASONS_NAMED_MAX)

    def as_json(self) -> dict[str, Any]:
        """For ``--json`` and for health."""
        return {
            "wanted": self.wanted,
            "loaded": self.loaded,
            "off": self.off,
            "unset": dict(self.unset),
            "left_out": sum(self.left_out.values()),
            "waiting": self.waiting,
            "before": self.before,
            "shrink_by": self.shrink_by,
            "reasons": [{"reason": why.en, "rules": count, "says": why.spoken()} for why, count in self.reasons()],
        }


def write_yield(folder: Path, it: RuleYield) -> None:
    """Beside the rules of a set. Raises OSError."""
    (folder / YIELD_FILE).write_text(json.dumps(asdict(it), sort_keys=True), encoding="utf-8")


def read_yield(folder: Path) -> RuleYield | None:
    """Of a set; None where it was fetched before this was kept, or there is none."""
    with suppress(OSError, ValueError, TypeError):
        return RuleYield(**json.loads((folder / YIELD_FILE).read_text(encoding="utf-8")))
    return None


def loaded_before(folder: Path, rules_file: str) -> int:
    """How many rules the set in ``folder`` has in force; 0 for none."""
    kept = read_yield(folder)
    if kept is not None:
        return kept.loaded
    with suppress(OSError):
        lines = (folder / rules_file).read_text(encoding="utf-8", errors="replace").splitlines()
        return sum(rule.enabled for rule in rules_in(lines))
    return 0


def unset_variables(lines: Iterable[str]) -> tuple[dict[str, int], int]:
    """From what suricata-update says: variables that nobody defines with the rules that each costs, the dearest first;
    and how many rules that are in all. A rule that was off anyway is not counted."""
    cost: dict[str, set[str]] = {}
    for line in lines:
        match = _UNSET.search(line)
        if match and not match[2].startswith("#"):
            cost.setdefault(match[1][:64], set()).add(match[2])
    ranked = sorted(cost, key=lambda name: (-len(cost[name]), name))[:VARIABLES_NAMED_MAX]
    return {name: len(cost[name]) for name in ranked}, len(set().union(*cost.values()))


def without_dataset(lines: Iterable[str]) -> list[LeftOut]:
    """From what suricata-update says: rules that it switched off, since the file of their dataset is missing."""
    found = dict.fromkeys(match[1] for line in lines if (match := _NO_DATASET.search(line)))
    return [LeftOut(f"sid {sid}", Text("its dataset is not in the set")) for sid in found]


def waiting_rules(said: Sequence[tuple[str, str]]) -> int:
    """From what Suricata says: rules that wait for a flowbit that no rule sets."""
    return sum(1 + int(match[2]) for _, message in said if (match := _NEVER_SET.search(message)))


def counted(left_out: Iterable[LeftOut]) -> dict[str, int]:
    """Each reason with its rules."""
    return dict(Counter(entry.reason.row() for entry in left_out))
