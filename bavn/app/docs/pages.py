"""Pages of the docs that are made from code: every setting with its unit, default and bounds, every command
with its options, every exit code, every detector.

``python -m bavn.app.docs.pages FOLDER`` writes them (script/docs); tests/manners/test_pages.py compares.
"""

import sys
from pathlib import Path
from typing import Any, Final

from bavn.app.config.load import CENTRE_TABLES, KEYHOLDER_TABLES, NODE_TABLES, POLICY_TABLES
from bavn.app.docs.commands import command_page
from bavn.app.docs.detectors import detector_page
from bavn.app.docs.life_cycles import life_cycle_page
from bavn.app.docs.messages import message_page
from bavn.app.docs.promises import promise_page
from bavn.app.docs.refusals import refusal_page
from bavn.app.process.exits import PAGES
from bavn.model.settings import settings_of

MADE: Final = "Made from the code by `script/docs`.\n"


def pages() -> dict[str, str]:
    """Path below docs/reference -> text."""
    return {
        "promises.md": promise_page(),
        "policy.md": _page(
            "The actor's policy",
            "`policy.toml` beside `node.toml`: what may leave (`[door]`) and what may be blocked (`[protect]`). A "
            "missing file or field means the default. A wrong one is one clear error, and the node does not start.",
            _tables(POLICY_TABLES, "##", {}),
        ),
        "configuration.md": _page(
            "Configuration",
            "Every setting of every file but `policy.toml`, which has a page of its own ([policy.md](policy.md)). "
            "Relative paths count from the file's own folder.",
            "".join(
                f"\n## {name}\n\n{says}\n{_tables(tables, '###', {} if tables is NODE_TABLES else NODE_TABLES)}"
                for name, says, tables in FILES
            ),
        ),
        "commands.md": command_page(),
        "detectors.md": detector_page(),
        "life-cycles.md": life_cycle_page(),
        "refusals.md": refusal_page(),
        "messages.md": message_page(),
        "exit-codes.md": _exit_code_page(),
    }


FILES: Final[tuple[tuple[str, str, dict[str, type[Any]]], ...]] = (
    ("node.toml", "The node. Which source feeds which detector: [sources.md](../sources.md).", NODE_TABLES),
    (
        "centre.toml",
        (
            "The analysis centre. It may have a `[misp.NAME]` for each MISP of a partner and a `[tiers.NAME]` for each "
            "tier; without any tier it has those of [private-join.md](../private-join.md)."
        ),
        CENTRE_TABLES,
    ),
    (
        "keyholder.toml",
        "The key holder ([private-join.md](../private-join.md)). An empty file means the defaults.",
        KEYHOLDER_TABLES,
    ),
)


def _exit_code_page() -> str:
    parts = ["# Exit codes\n\nWhat a finished `bavn` says by its number. `bavn exit-code 6` says the same.\n"]
    for code, page in PAGES.items():
        danish = f"*Dansk:* {page.meaning.da} {page.do.da}"
        title = f"## {int(code)}: {code.name.lower().replace('_', ' ')}"
        parts.append(f"{title}\n\n{page.meaning.en}\n\n**What to do:** {page.do.en}\n\n{danish}\n")
    return "\n".join((*parts, MADE))


def _page(title: str, words: str, tables: str) -> str:
    return f"# {title}\n\n{words}\n\n{MADE}{tables}"


def _tables(tables: dict[str, type[Any]], level: str, above: dict[str, type[Any]]) -> str:
    """Rows that stand in the same table of ``above`` are not repeated."""
    parts = []
    for name, kind in tables.items():
        repeated = set(map(_row, settings_of(above[name]).values())) if name in above else set()
        rows = [_row(entry) for entry in settings_of(kind).values()]
        parts.append(f"\n{level} `[{name}]`\n")
        if not repeated.isdisjoint(rows):
            parts.append(f"\nThe settings of `[{name}]` in node.toml, above.\n")
        new = "".join(row for row in rows if row not in repeated)
        if new:
            parts.append(f"\n| setting | default | unit | bounds | what it is |\n|---|---|---|---|---|\n{new}")
    return "".join(parts)


def _row(entry: Any) -> str:
    about = entry.metadata["about"]
    bounds = "" if about.low is None else f"{about.low:g} to {about.high:g}"
    holds = about.holds.replace("|", "\\|")
    return f"| `{entry.name}` | {_toml(entry.default)} | {about.unit} | {bounds} | {holds} |\n"


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        inside = ", ".join(f'"{item}"' for item in value)
        return f"`[{inside}]`"
    return f'`"{value}"`' if isinstance(value, str) else f"`{value}`"


def main(folder: Path) -> None:
    """Writes every page below ``folder``."""
    for name, text in pages().items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
