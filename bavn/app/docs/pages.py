"""Pages of the docs that are made from code: every setting with its unit, default and bounds, every command
with its options, every exit code.

``python -m bavn.app.docs.pages FOLDER`` writes them (script/docs); tests/manners/test_pages.py compares.
"""

import sys
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from bavn.app.config.centre_tables import CENTRE_TABLES
from bavn.app.config.load import HUB_TABLES, KEYHOLDER_TABLES, NODE_TABLES, POLICY_TABLES
from bavn.app.config.operator import OperatorTable
from bavn.app.docs.commands import command_page
from bavn.app.docs.promises import promise_page
from bavn.app.process.exits import PAGES


def pages() -> dict[str, str]:
    """Path below the docs folder -> text."""
    made = {
        "promises.md": promise_page(),
        "policy.md": _page(
            "The actor's policy",
            "`policy.toml` beside `node.toml`: what may leave (`[door]`) and what may be blocked (`[protect]`). A "
            "missing file or field means the default. A wrong one is one clear error, and the node does not start.",
            POLICY_TABLES,
        ),
        "configuration.md": _page(
            "Configuration",
            "`node.toml` has the tables `[node]` to `[enforce]`; `centre.toml` has `[place]`, `[join]`, `[exchange]`, "
            "`[centre]`, `[cases]`, `[nodes]`, `[remind]`, `[score]`, `[indicators]`, `[intelligence]`, `[console]`, "
            "`[oidc]`, `[fanout]`, a `[misp.NAME]` for each MISP of a partner and a `[tiers.NAME]` for each tier "
            "(without any: those of docs/private-join.md); "
            "`keyholder.toml` is on a page of its own (keyholder-configuration.md). Relative paths count from the "
            "file's own folder.",
            NODE_TABLES | CENTRE_TABLES,
        ),
        "keyholder-configuration.md": _page(
            "The key holder's configuration",
            "`keyholder.toml` has the tables `[place]` and `[limits]`; an empty file means the defaults. Relative "
            "paths count from the file's own folder. What a key holder is: private-join.md.",
            KEYHOLDER_TABLES,
        ),
        "hub-configuration.md": _page(
            "A hub's configuration",
            "`hub.toml` has the table `[hub]`; `name`, `centre` and `actors` must be set. Relative paths count from "
            "the file's own folder. What a hub is: scaling.md.",
            HUB_TABLES,
        ),
        "operator-configuration.md": _page(
            "The operator's configuration",
            "`operator.toml` has the table `[operator]`; only `name` must be set. Relative paths count from the file's "
            "own folder. What an operator is: operator.md.",
            {"operator": OperatorTable},
        ),
    }
    made["commands.md"] = command_page()
    for code, page in PAGES.items():
        title = f"# Exit code {int(code)}: {code.name.lower().replace('_', ' ')}"
        danish = f"*Dansk:* {page.meaning.da} {page.do.da}"
        made[f"exit-codes/{int(code)}.md"] = (
            f"{title}\n\n{page.meaning.en}\n\n**What to do:** {page.do.en}\n\n{danish}\n"
        )
    return made


def _page(title: str, words: str, tables: dict[str, type[Any]]) -> str:
    parts = [f"# {title}\n\n{words}\n\nMade from the code by `script/docs`.\n"]
    for name, kind in tables.items():
        rows = "".join(_row(entry) for entry in fields(kind))
        parts.append(
            f"\n## `[{name}]`\n\n| setting | default | unit | bounds | what it is |\n|---|---|---|---|---|\n{rows}"
        )
    return "".join(parts)


def _row(entry: Any) -> str:
    about = entry.metadata.get("about")
    default = entry.default if entry.default is not MISSING else ""
    shown = _toml(default)
    unit = about.unit if about else ""
    bounds = "" if about is None or about.low is None else f"{about.low:g} to {about.high:g}"
    holds = (about.holds if about else "").replace("|", "\\|")
    return f"| `{entry.name}` | {shown} | {unit} | {bounds} | {holds} |\n"


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
