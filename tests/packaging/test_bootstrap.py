"""What the README's first command installs is all that a user needs, also to publish."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def locked(name: str) -> set[str]:
    return set(
        re.findall(r"^([a-z0-9.-]+)(?:\[[a-z,-]+\])?==", (ROOT / "requirements" / name).read_text(), re.MULTILINE)
    )


def test_what_documents_are_drawn_with_is_installed_by_bootstrap() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    named = [one for name in ("node", "centre", "build") for one in extras[name] if not one.startswith("bavn[")]
    wanted = {re.split(r"[\[<>=]", one)[0] for one in named}
    assert "matplotlib" in wanted
    assert wanted <= locked("run.txt")
    assert "lock=requirements/run.txt" in (ROOT / "script/bootstrap").read_text()
