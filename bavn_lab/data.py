"""Where the real captures are: the folder that BAVN_DATA names, else ``shared/data`` beside the project.

The one rule of the command line, the benches and the tests. Refuses to fall back where a name was given and is wrong:
whoever set it would be told another folder's figures.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

NAME: Final = "BAVN_DATA"
BESIDE: Final = Path(__file__).resolve().parents[2] / "shared" / "data"
"""Where the data lies beside a checkout; an installed Bavn has nothing there."""
NONE: Final = f"no real captures: set {NAME} to the folder that holds them (captures/MANIFEST.csv)"
_MANIFEST: Final = "MANIFEST.csv"


class NoData(Exception):
    """What BAVN_DATA names holds no captures. Whoever set it must act."""


@dataclass(frozen=True, slots=True)
class Data:
    """``folder``: what holds ``captures`` and lists of indicators and rules (``intel``), which may be missing."""

    folder: Path
    captures: Path
    named: bool

    @property
    def in_words(self) -> str:
        """For the person who reads the figures: which folder it is, and why that one."""
        why = f"named by {NAME}" if self.named else f"beside the project, as {NAME} is not set"
        return f"real captures: {self.captures} ({why})"


def real_data() -> Data | None:
    """None where nothing is named and nothing lies beside the project. Raises NoData where BAVN_DATA names nothing."""
    named = os.environ.get(NAME, "")
    folder = Path(named) if named else BESIDE
    if (folder / "captures" / _MANIFEST).is_file():
        return Data(folder, folder / "captures", bool(named))
    if named and (folder / _MANIFEST).is_file():
        return Data(folder.absolute().parent, folder, named=True)
    if named:
        raise NoData(f"{NAME}={named}: no captures/{_MANIFEST} there")
    return None
