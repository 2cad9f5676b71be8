"""What readers answered, held against the key: right verdicts and right reasons, with intervals.

A sheet without an answer counts as wrong. Refuses to correct an answer.
"""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bavn.centre.cases.case.calibration import wilson
from bavn_lab.reading.draw import REASONS
from bavn_lab.reading.sheets import ANSWERS, COLUMNS, KEY


class Unreadable(Exception):
    """Answers or key cannot be used as they are. Whoever answered must act; the words say which line."""


@dataclass(frozen=True, slots=True)
class Share:
    """``right`` of ``count``, with the 95 % interval (Wilson)."""

    right: int
    count: int

    @property
    def words(self) -> str:
        low, high = wilson(self.right, self.count)
        return f"{self.right} of {self.count} ({low:.0%} to {high:.0%})"

    def as_json(self) -> dict[str, Any]:
        low, high = wilson(self.right, self.count)
        share = self.right / self.count if self.count else None
        return asdict(self) | {"share": share, "low": round(low, 4), "high": round(high, 4)}


@dataclass(frozen=True, slots=True)
class Marks:
    """``reasons``: verdict and reason both right. ``by_kind``: the same by what a lead truly was. ``wrong``: one line
    for each sheet that is not right in both."""

    verdicts: Share
    reasons: Share
    by_kind: Mapping[str, Share]
    wrong: tuple[str, ...]

    @property
    def in_words(self) -> str:
        lines = [f"right verdict: {self.verdicts.words}", f"right verdict and right reason: {self.reasons.words}"]
        lines += [f"  {kind:<12} {share.right} of {share.count}" for kind, share in self.by_kind.items()]
        return "\n".join([*lines, *self.wrong])

    def as_json(self) -> dict[str, Any]:
        return {
            "verdicts": self.verdicts.as_json(),
            "reasons": self.reasons.as_json(),
            "by_kind": {kind: share.as_json() for kind, share in self.by_kind.items()},
            "wrong": list(self.wrong),
        }


def marked(folder: Path) -> Marks:
    """The folder's answers against its key. Raises Unreadable."""
    try:
        key: list[dict[str, Any]] = json.loads((folder / KEY).read_text("utf-8"))["key"]
        answers = _answers(folder / ANSWERS, {entry["sheet"] for entry in key})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Unreadable(f"{folder}: {error}") from error
    verdicts = [entry["verdict"] == answers.get(entry["sheet"], ("", ""))[0] for entry in key]
    reasons = [(entry["verdict"], entry["reason"]) == answers.get(entry["sheet"]) for entry in key]
    wrong = [
        f"sheet {entry['sheet']}: {' '.join(answers.get(entry['sheet'], ('no answer',)))}; it was {entry['verdict']}"
        f" {entry['reason']} ({entry['kind']})"
        for entry, right in zip(key, reasons, strict=True)
        if not right
    ]
    return Marks(_share(verdicts), _share(reasons), _by_kind(key, reasons), tuple(wrong))


def _share(right: Sequence[bool]) -> Share:
    return Share(sum(right), len(right))


def _by_kind(key: Sequence[Mapping[str, Any]], right: Sequence[bool]) -> dict[str, Share]:
    kinds = sorted({entry["kind"] for entry in key})
    return {
        kind: _share([good for entry, good in zip(key, right, strict=True) if entry["kind"] == kind]) for kind in kinds
    }


def _answers(file: Path, sheets: set[int]) -> dict[int, tuple[str, str]]:
    answers: dict[int, tuple[str, str]] = {}
    with file.open(encoding="utf-8-sig", newline="") as opened:
        for line in csv.DictReader(opened):
            number, verdict, reason = ((line.get(name) or "").strip().lower() for name in COLUMNS)
            if not verdict and not reason:
                continue
            if not number.isdigit() or int(number) not in sheets or int(number) in answers:
                raise Unreadable(f"{file}: there is no sheet {number!r}, or it is answered twice")
            if reason not in REASONS or REASONS[reason][0] != verdict:
                raise Unreadable(f"{file}: sheet {number}: {verdict!r} {reason!r} is none of the list")
            answers[int(number)] = (verdict, reason)
    return answers
