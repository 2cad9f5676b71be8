"""Sheets for reading: the words of each lead and nothing else, a table to answer in, and the key apart from them.

Refuses to show a score, a rank or a key on a sheet.
"""

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bavn.centre.correlate.review.phrases import PARTS
from bavn.model.text import Text
from bavn_lab.reading.draw import REASONS, Drawn

SHEETS, ANSWERS, KEY = "sheets.txt", "answers.csv", "key.json"
COLUMNS: Final = ("sheet", "verdict", "reason")


def written(folder: Path, leads: Sequence[Drawn], seed: int, language: str) -> None:
    """Writes the three files. OSError where that cannot be done."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / SHEETS).write_text(
        "\n".join([_head(), *(_sheet(*numbered, language) for numbered in enumerate(leads, 1))]), "utf-8"
    )
    with (folder / ANSWERS).open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        table.writerows((number, "", "") for number in range(1, len(leads) + 1))
    key = [
        {
            "sheet": number,
            "verdict": lead.verdict,
            "reason": lead.reason,
            "kind": lead.kind,
            "rank": lead.rank,
            "N": lead.actors,
        }
        for number, lead in enumerate(leads, 1)
    ]
    (folder / KEY).write_text(json.dumps({"seed": seed, "language": language, "key": key}, indent=1) + "\n", "utf-8")


def _head() -> str:
    """How to read, and the closed list."""
    lines = [
        f"Read each sheet, and write into {ANSWERS} whether it is an attack or harmless, and the reason that carries",
        f"your verdict: one word of this list. Do not open {KEY} before you have answered all.",
        "Counted are independent actors, those that report it and those of the sector alike: what one vendor or",
        "operator runs counts as one.",
        "",
    ]
    lines += [f"  {name:<12} {verdict:<9} {words}" for name, (verdict, words) in REASONS.items()]
    return "\n".join([*lines, ""])


def _sheet(number: int, lead: Drawn, language: str) -> str:
    lines = [f"--- sheet {number} " + "-" * 60]
    for part, heading in PARTS.items():
        sentences: tuple[Text, ...] = getattr(lead.review, part)
        if sentences:
            lines.append(f"{heading.say(language)}:")
        lines += [f"  - {sentence.say(language)}" for sentence in sentences]
    return "\n".join([*lines, ""])
