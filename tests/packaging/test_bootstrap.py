"""What the README's first command installs is all that a user needs, also to publish."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def locked(name: str) -> set[str]:
    return set(re.findall(r"^([a-z0-9.-]+)==", (ROOT / "requirements" / name).read_text(), re.MULTILINE))


def test_what_documents_are_drawn_with_is_installed_by_bootstrap() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    wanted = {re.split(r"[<>=]", one)[0] for name in ("reports", "build") for one in extras[name]}
    assert "matplotlib" in wanted
    assert wanted <= locked("run.txt")
    assert "lock=requirements/run.txt" in (ROOT / "script/bootstrap").read_text()
