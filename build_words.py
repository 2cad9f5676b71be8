"""Compiles the catalogues of bavn/locale: bavn.mo, which gettext reads, and forms.json, how numbers are written.

Runs with each build (hatch_build.py), before the tests, and by `script/words compile`. What it writes is not in git.
"""

import json
import os
import sys
from pathlib import Path

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
    symbols = Locale.parse(language).number_symbols["latn"]
    part.write_text(json.dumps({"decimal": symbols["decimal"], "group": symbols["group"]}) + "\n", encoding="utf-8")
    part.replace(po.with_name("forms.json"))


def main() -> None:
    """All that are stale."""
    for po in stale():
        compile_one(po)
        sys.stderr.write(f"compiled {po.relative_to(LOCALE.parent.parent)}\n")


if __name__ == "__main__":
    main()
