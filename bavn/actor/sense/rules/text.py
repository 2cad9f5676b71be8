"""Suricata rules as lines of text: which rule a line holds, and a set without the lines that may not stand in it.

Refuses to understand a rule: Suricata does.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from bavn.actor.formats.refused import of_file
from bavn.model.text import Text

_RULE: Final = re.compile(
    r"""
    \s* (\#*)                                                                # commented out
    \s* (alert|drop|pass|reject|rejectsrc|rejectdst|rejectboth|config) \s+   # action
    \S+\s+.*? \( (.*) \) \s*                                                 # options
    """,
    re.VERBOSE,
)
_SID: Final = re.compile(r"(?:^|[;\s])sid\s*:\s*(\d{1,10})\s*(?:;|$)")
_GID: Final = re.compile(r"(?:^|[;\s])gid\s*:\s*(\d{1,10})\s*(?:;|$)")
_REV: Final = re.compile(r"(?:^|[;\s])rev\s*:\s*(\d{1,10})\s*(?:;|$)")
_MSG: Final = re.compile(r'msg\s*:\s*"((?:[^"\\]|\\.)*)"')
_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
LINE_LENGTH_MAX: Final = 64_000
SURICATA_LINE_BYTES_MAX: Final = 8190
"""Suricata reads a longer line in pieces, each as a line of its own: also the tail of a comment would be a rule."""

_OPTIONS: Final = re.compile(r"(?<!\\);")
_OWN_SETS: Final = "bavn-"
_SCRIPTS: Final = frozenset({"lua", "luajit"})
_LISTS: Final = frozenset({"filemd5", "filesha1", "filesha256"})
_SETS: Final = frozenset({"dataset", "datarep"})
_READS: Final = Text("it reads a file outside its set")
_WRITES: Final = Text("it writes a file outside its set")
OUTSIDE: Final = frozenset({_READS, _WRITES})


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A rule that is not taken: ``what`` names it, ``reason`` says why in words that many rules may share."""

    what: str
    reason: Text

    @property
    def sentence(self) -> Text:
        """The rule and the reason."""
        return of_file(self.what, self.reason, ": ")


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
    match = _RULE.fullmatch(line) if len(line) <= LINE_LENGTH_MAX else None
    if match is None:
        return None
    off, action, body = match.groups()
    msg, bare = _MSG.search(body), _QUOTED.sub('""', body)
    sid, gid, rev = (pattern.search(bare) for pattern in (_SID, _GID, _REV))
    if sid is None:
        return None
    return Rule(
        sid=int(sid[1]),
        gid=int(gid[1]) if gid else 1,
        rev=int(rev[1]) if rev else 0,
        action=action,
        msg=msg[1].replace("\\", "") if msg else "",
        enabled=not off,
    )


def rules_in(lines: Iterable[str]) -> list[Rule]:
    """Every rule in a file, in its order."""
    return [rule for line in lines if (rule := rule_of(line.rstrip("\n")))]


def forbidden(line: str, own_sids: Iterable[range]) -> Text | None:
    """Why a rule that somebody else wrote may not stand in a set, whatever Suricata takes; None where it may.

    Options are parted as Suricata parts them, by semicolons, quoted or not: what is hidden in quotes from a reader is
    not hidden from this. ``own_sids``: numbers that Bavn's own rules have."""
    own = tuple(own_sids)
    body = line.partition("(")[2].rpartition(")")[0]
    for option in _OPTIONS.split(body):
        name, _, value = (part.strip() for part in option.partition(":"))
        name, number = name.lower(), value.strip('"').lstrip("0")
        if name == "sid" and number.isdecimal() and any(int(number[:10]) in taken for taken in own):
            return Text("its number is taken by a rule of Bavn's own")
        if name in _SCRIPTS:
            return Text("it runs a script")
        if name in _LISTS and _outside(value):
            return _READS
        if name in _SETS and (reason := _bad_set(value)):
            return reason
    return None


def _bad_set(value: str) -> Text | None:
    """What is wrong with the options of a dataset: ``isset,NAME,type string,load FILE``, say."""
    parts = [part.strip() for part in value.split(",")]
    if any(part.lower().startswith(_OWN_SETS) for part in parts):
        return Text("it reaches into the sets of indicators that Bavn keeps")
    for part in parts:
        verb, _, file = part.partition(" ")
        file = file.strip()
        if verb in ("load", "state", "save") and (_outside(file) or _OWN_SETS in file.lower()):
            return _READS if verb == "load" else _WRITES
    return None


def _outside(file: str) -> bool:
    return file.startswith(("/", "~", '"')) or ".." in file.split("/")


def without(
    lines: Iterable[str], bad: Mapping[int, Text], own_sids: Iterable[range]
) -> tuple[list[str], list[LeftOut]]:
    """The lines, those that may not stand there commented out; and what is to say of each of them. ``bad``: line
    number (1 is the first) and reason. ``own_sids``: numbers that Bavn's own rules have."""
    own = tuple(own_sids)
    kept: list[str] = []
    left_out: list[LeftOut] = []
    for number, line in enumerate(lines, 1):
        rule = rule_of(line.rstrip("\n"))
        if len(line.encode("utf-8", "replace")) > SURICATA_LINE_BYTES_MAX:
            kept.append("# a line that was too long\n")
            if rule is None or rule.enabled:
                left_out.append(
                    LeftOut(_named(rule, number), Text("it is longer than what Suricata reads as one line"))
                )
            continue
        off = line.lstrip()[:1] in ("#", "")
        reason = bad.get(number) or (None if off else forbidden(line, own))
        if reason is None:
            kept.append(line)
            continue
        kept.append("# " + line)
        left_out.append(LeftOut(_named(rule, number), reason))
    return kept, left_out


def _named(rule: Rule | None, number: int) -> str:
    return f"sid {rule.sid} ({rule.msg})" if rule else f"line {number}"
