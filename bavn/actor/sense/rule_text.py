"""Suricata rules as lines of text: which rule a line holds, and a set without the lines that may not stand in it.

Refuses to understand a rule: Suricata does.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

_RULE: Final = re.compile(
    r"\s*(#*)\s*(alert|drop|pass|reject|rejectsrc|rejectdst|rejectboth|config)\s+\S+\s+.*?\((.*)\)\s*"
)
_SID: Final = re.compile(r"(?:^|[;\s])sid\s*:\s*(\d{1,10})\s*(?:;|$)")
_GID: Final = re.compile(r"(?:^|[;\s])gid\s*:\s*(\d{1,10})\s*(?:;|$)")
_REV: Final = re.compile(r"(?:^|[;\s])rev\s*:\s*(\d{1,10})\s*(?:;|$)")
_MSG: Final = re.compile(r'msg\s*:\s*"((?:[^"\\]|\\.)*)"')
_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
LINE_LENGTH_MAX: Final = 64_000


@dataclass(frozen=True, slots=True)
class Rule:
    """``enabled``: False for one that is commented out."""

    sid: int
    gid: int
    rev: int
    action: str
    msg: str
    enabled: bool


def rule_of(line: str) -> Rule | None:
    """The rule that a line holds, also one that is commented out; None for any other line."""
    found = _RULE.fullmatch(line) if len(line) <= LINE_LENGTH_MAX else None
    if found is None:
        return None
    off, action, body = found.groups()
    msg, bare = _MSG.search(body), _QUOTED.sub('""', body)
    sid, gid, rev = (pattern.search(bare) for pattern in (_SID, _GID, _REV))
    if sid is None:
        return None
    return Rule(
        sid=int(sid[1]), gid=int(gid[1]) if gid else 1, rev=int(rev[1]) if rev else 0, action=action,
        msg=msg[1].replace("\\", "") if msg else "", enabled=not off,
    )  # fmt: skip


def rules_in(lines: Iterable[str]) -> list[Rule]:
    """Every rule in a file, in its order."""
    return [rule for line in lines if (rule := rule_of(line.rstrip("\n")))]


def without(lines: Iterable[str], bad: Mapping[int, str], own_sids: Iterable[range]) -> tuple[list[str], list[str]]:
    """The lines, those that may not stand there commented out; and what is to say of each of them. ``bad``: line
    number (1 is the first) and reason. ``own_sids``: numbers that Bavn's own rules have."""
    own = tuple(own_sids)
    kept, said = [], []
    for number, line in enumerate(lines, 1):
        rule = rule_of(line.rstrip("\n"))
        reason = bad.get(number)
        if reason is None and rule and rule.enabled and rule.gid == 1 and any(rule.sid in taken for taken in own):
            reason = "its number is taken by a rule of Bavn's own"
        if reason is None:
            kept.append(line)
            continue
        kept.append("# " + line)
        said.append(f"sid {rule.sid} ({rule.msg}): {reason}" if rule else f"line {number}: {reason}")
    return kept, said
