"""Compiles the catalogues of bavn/locale: bavn.mo, which gettext reads, and forms.json, how numbers and moments look.

Runs with each build (hatch_build.py), before the tests, and by `script/words compile`. What it writes is not in git.
"""

import json
import os
import re
import sys
from enum import StrEnum
from pathlib import Path

_STRFTIME = {"d": "%d", "M": "%m", "y": "%Y", "H": "%H", "m": "%M"}
"""A letter of a Unicode date pattern to strftime's: always in two digits, and the year in four."""
LOCALE = Path(__file__).resolve().parent / "bavn/locale"


def stale(locale: Path = LOCALE) -> list[Path]:
    """The catalogues whose compiled form is missing or older."""
    found = []
    for po in sorted(locale.glob("*/LC_MESSAGES/bavn.po")):
        made = [po.with_suffix(".mo"), po.with_name("forms.json")]
        if not all(one.is_file() and one.stat().st_mtime_ns >= po.stat().st_mtime_ns for one in made):
            found.append(po)
    return found


def compile_one(po: Path) -> None:
    """Writes both beside ``po``; whoever reads meanwhile reads the old or the new one whole."""
    from babel import Locale
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    language = po.parent.parent.name
    with po.open("rb") as file:
        catalogue = read_po(file, locale=language, domain="bavn")
    part = po.with_name(f".bavn.mo.{os.getpid()}")
    with part.open("wb") as file:
        write_mo(file, catalogue)
    part.replace(po.with_suffix(".mo"))
    locale = Locale.parse(language)
    forms = {name: locale.number_symbols["latn"][name] for name in ("decimal", "group")}
    moment = f"{locale.date_formats['short'].pattern} {locale.time_formats['short'].pattern}"
    forms["moment"] = re.sub(r"([a-zA-Z])\1*", lambda found: _STRFTIME[found[1]], moment)
    part.write_text(json.dumps(forms) + "\n", encoding="utf-8")
    part.replace(po.with_name("forms.json"))


def documented() -> set[tuple[str, str]]:
    """(context, sentence) of what documents the code and is shown to people: `Text.documented` says it."""
    from bavn.actor.detect.run import DETECTORS
    from bavn.actor.store.query.address_macros import HELPERS
    from bavn.actor.store.segments.segment import ROLLUPS
    from bavn.app.analyst.detector_guide import guide_of
    from bavn.app.config.load import POLICY_TABLES
    from bavn.app.process import reasons
    from bavn.model.record import TABLES
    from bavn.model.sector import refusal

    found = {("", said.message) for one in DETECTORS for _, said in guide_of(one.name)}
    for kind in POLICY_TABLES.values():
        found |= {("", one.metadata["about"].holds) for one in kind.__dataclass_fields__.values()}
    found |= {("column", one.holds) for columns in (TABLES | ROLLUPS).values() for one in columns if one.holds}
    found |= {("column", gives) for gives in HELPERS.values()}
    every = [one.value for life in _named_in_refusals() for one in life]
    found |= {(reasons.CONTEXT, one) for one in (*reasons.OF_A_FILE, *reasons.REASONS)}
    return found | {(refusal.CONTEXT, one) for one in (*every, *_OTHERS_IN_REFUSALS)}


_OTHERS_IN_REFUSALS = ("title", "text", "on", "off", "proposed", "dismissed", "sink", "hurry")


def _named_in_refusals() -> tuple[type[StrEnum], ...]:
    """The states and acts that `refusal.word` says."""
    from bavn.centre.publish.life import EditionAct, EditionState
    from bavn.model.sector import case, exercise, indicator_life, member, nis2, rollout, sector_warning, work

    return (
        *(EditionAct, EditionState, case.CaseAct, case.CaseState, exercise.ExerciseAct, exercise.ExerciseState),
        *(indicator_life.LifeAct, indicator_life.LifeState, member.ActorState, nis2.Nis2Act, rollout.Need),
        *(rollout.RolloutAct, rollout.Stage, sector_warning.AnswerAct, sector_warning.AnswerState),
        *(sector_warning.WarningAct, sector_warning.WarningState, work.TaskAct, work.TaskState),
    )


def main() -> None:
    """All that are stale; with `documented` the sentences of the code's documentation, as gettext's tools find them."""
    if sys.argv[1:] == ["documented"]:
        for context, said in sorted(documented()):
            sys.stdout.write(f"Text.in_context({context!r}, {said!r})\n" if context else f"Text({said!r})\n")
        return
    for po in stale():
        compile_one(po)
        sys.stderr.write(f"compiled {po.relative_to(LOCALE.parent.parent)}\n")


if __name__ == "__main__":
    main()
