"""Compiles the catalogues of bavn/locale: bavn.mo, which gettext reads, forms.json, how numbers and moments look, and
console.SIDE.json for each console whose pages are whole in the language: the build of its pages takes it up.

Runs with each build (hatch_build.py), before the tests, and by `script/words compile`. What it writes is not in git.
"""

import json
import os
import re
import sys
from enum import StrEnum
from gettext import c2py
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from babel.messages.catalog import Catalog, Message

_STRFTIME = {"d": "%d", "M": "%m", "y": "%Y", "H": "%H", "m": "%M"}
"""A letter of a Unicode date pattern to strftime's: always in two digits, and the year in four."""
LOCALE = Path(__file__).resolve().parent / "bavn/locale"
SIDES = ("sac", "soc")
PLURALS_MAX = 1000
"""Every plural of a language is met among the numbers up to it."""


def stale(locale: Path = LOCALE) -> list[Path]:
    """The languages, as folders, of which something compiled is missing or older."""
    found = []
    for po in sorted(locale.glob("*/LC_MESSAGES/bavn.po")):
        written = max(one.stat().st_mtime_ns for one in po.parent.glob("*.po"))
        made = [po.with_suffix(".mo"), po.with_name("forms.json")]
        if not all(one.is_file() and one.stat().st_mtime_ns >= written for one in made):
            found.append(po.parent)
    return found


def compile_one(folder: Path) -> None:
    """Writes all beside the catalogues; whoever reads meanwhile reads the old or the new one whole."""
    from babel import Locale
    from babel.messages.mofile import write_mo

    language = folder.parent.name
    if (folder / "console.po").is_file():
        known = catalogue(folder / "console.po")
        for side in SIDES:
            made = folder / f"console.{side}.json"
            if lacking(known, side):
                made.unlink(missing_ok=True)
            else:
                put(made, json.dumps(for_console(known, side), ensure_ascii=False, sort_keys=True) + "\n")
    part = folder / f".part.{os.getpid()}"
    with part.open("wb") as file:
        write_mo(file, catalogue(folder / "bavn.po"))
    part.replace(folder / "bavn.mo")
    locale = Locale.parse(language)
    forms = {name: locale.number_symbols["latn"][name] for name in ("decimal", "group")}
    moment = f"{locale.date_formats['short'].pattern} {locale.time_formats['short'].pattern}"
    forms["moment"] = re.sub(r"([a-zA-Z])\1*", lambda found: _STRFTIME[found[1]], moment)
    put(folder / "forms.json", json.dumps(forms) + "\n")


def put(path: Path, text: str) -> None:
    """Whole or not at all."""
    part = path.with_name(f".part.{os.getpid()}")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def catalogue(po: Path) -> "Catalog":
    """The catalogue of one domain in one language."""
    from babel.messages.pofile import read_po

    with po.open("rb") as file:
        return read_po(file, locale=po.parent.parent.name, domain=po.stem, abort_invalid=True)


def shown(known: "Catalog", side: str) -> list["Message"]:
    """What the pages of ``side`` can say: the tables of its own folder and of the one for both."""
    folders = tuple(f"console/src/words/{one}/" for one in (side, "both"))
    return [one for one in known if one.id and any(path.startswith(folders) for path, _ in one.locations)]


def lacking(known: "Catalog", side: str) -> list[Any]:
    """The messages of ``side`` that nobody has translated; a form of the plural that is missing counts."""
    return [
        one.id
        for one in shown(known, side)
        if one.fuzzy or not (all(one.string) if isinstance(one.string, tuple) else one.string)
    ]


def for_console(known: "Catalog", side: str) -> dict[str, Any]:
    """As console/src/lib/gettext.svelte.ts reads it."""
    from babel import Locale

    category, form = Locale.parse(str(known.locale)).plural_form, c2py(known.plural_expr)
    return {
        "plurals": {category(n): form(n) for n in range(PLURALS_MAX)},
        "messages": {key(one): one.string for one in shown(known, side)},
    }


def key(message: "Message") -> str:
    """As gettext writes it: the context first."""
    first = message.id[0] if isinstance(message.id, tuple) else message.id
    return f"{message.context}\x04{first}" if message.context else first


def documented() -> set[tuple[str, str]]:
    """(context, sentence) of what documents the code and is shown to people: `Text.documented` says it."""
    from typer.main import get_command

    from bavn.actor.detect.run import DETECTORS
    from bavn.actor.store import intake
    from bavn.actor.store.query.address_macros import HELPERS
    from bavn.actor.store.segments.segment import ROLLUPS
    from bavn.app.analyst.detector_guide import guide_of
    from bavn.app.cli import help as command_line
    from bavn.app.cli.main import app
    from bavn.app.config.load import POLICY_TABLES
    from bavn.model.intel.accidents import accidents
    from bavn.model.record import TABLES
    from bavn.model.sector import refusal
    from bavn.model.settings import settings_of

    found = {("", said.message) for one in DETECTORS for _, said in guide_of(one.name)}
    for kind in POLICY_TABLES.values():
        found |= {("", one.metadata["about"].holds) for one in settings_of(kind).values()}
    found |= {("column", one.holds) for columns in (TABLES | ROLLUPS).values() for one in columns if one.holds}
    found |= {("column", gives) for gives in HELPERS.values()}
    found |= {(command_line.CONTEXT, said) for said in command_line.sentences(get_command(app))}
    found |= {("", one.breaks.en) for one in accidents().entries}
    every = [one.value for life in _named_in_refusals() for one in life]
    found |= {("", one) for one in (intake.IMPOSSIBLE, intake.FUTURE, intake.FORGOTTEN)}
    return found | {(refusal.CONTEXT, one) for one in (*every, *_OTHERS_IN_REFUSALS)}


_OTHERS_IN_REFUSALS = ("title", "text", "on", "off", "proposed", "dismissed", "sink", "hurry")


def _named_in_refusals() -> tuple[type[StrEnum], ...]:
    """The states and acts that `refusal.word` says."""
    from bavn.centre.publish.life import EditionAct, EditionState
    from bavn.model.sector import case, indicator_life, member, nis2, rollout, sector_warning, work

    return (
        *(EditionAct, EditionState, case.CaseAct, case.CaseState),
        *(indicator_life.LifeAct, indicator_life.LifeState, member.ActorState, nis2.Nis2Act, rollout.Need),
        *(rollout.RolloutState, sector_warning.AnswerAct, sector_warning.AnswerState),
        *(sector_warning.WarningAct, sector_warning.WarningState, work.TaskAct, work.TaskState),
    )


def main() -> None:
    """All that are stale; with `documented` the sentences of the code's documentation, as gettext's tools find them."""
    if sys.argv[1:] == ["documented"]:
        for context, said in sorted(documented()):
            sys.stdout.write(f"Text.in_context({context!r}, {said!r})\n" if context else f"Text({said!r})\n")
        return
    for folder in stale():
        compile_one(folder)
        sys.stderr.write(f"compiled {folder.relative_to(LOCALE.parent.parent)}\n")


if __name__ == "__main__":
    main()
