"""What each role installs may be given away with Bavn, which is Apache-2.0: its licences are of a list."""

import json
import re
from importlib.metadata import PackageNotFoundError, distribution

import pytest

from bavn.app.process.bill import licence_of
from tests.conftest import ROOT

PERMISSIVE = {
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MIT-CMU",
    "PSF-2.0",
    "Zlib",
}
OF_THE_FILE = {"MPL-2.0"}
"""Binds changes of its own files, and Bavn changes none."""
OF_THE_LIBRARY = {"LGPL-2.1-only", "LGPL-2.1-or-later", "LGPL-3.0-only"}
"""Binds the library, which stays apart and can be replaced: a Python package in a folder of its own."""
MAY = PERMISSIVE | OF_THE_FILE | OF_THE_LIBRARY


def may(licence: str | None) -> bool:
    """Whether one of the choices that the expression gives is of the list, in all its parts."""
    choices = (licence or "").split(" OR ")
    return any(all(part.strip("() ") in MAY for part in choice.split(" AND ")) for choice in choices)


@pytest.mark.parametrize(
    ("licence", "fits"),
    [
        ("MIT", True),
        ("BSD-2-Clause AND Apache-2.0 WITH LLVM-exception", True),
        ("GPL-2.0-or-later OR LGPL-2.1-or-later OR MPL-1.1", True),
        ("GPL-2.0-only", False),
        ("MIT AND GPL-3.0-only", False),
        ("AGPL-3.0-or-later", False),
        (None, False),
    ],
)
def test_the_list_is_read_as_spdx_means_it(licence, fits) -> None:
    assert may(licence) is fits


@pytest.mark.parametrize("role", ["guard", "node", "centre"])
def test_what_a_role_installs_has_licences_of_the_list(role) -> None:
    lines = re.findall(
        r"^([a-z0-9][a-z0-9.-]*)==([^\n]*)", (ROOT / f"requirements/{role}.txt").read_text(), re.MULTILINE
    )
    assert len(lines) > 20
    wrong = {}
    for name, rest in lines:
        try:
            licence = licence_of(distribution(name))
        except PackageNotFoundError:
            assert ";" in rest, f"{name} is not installed here, and nothing says that it is for another system"
            continue
        if not may(licence):
            wrong[name] = licence
    assert wrong == {}


def test_what_the_consoles_pages_are_built_from_has_licences_of_the_list() -> None:
    files = sorted((ROOT / "bavn/app/web/static").glob("*.bundled.json"))
    rows = {row["name"]: row["license"] for file in files for row in json.loads(file.read_text("utf-8"))}
    assert len(files) == 2
    assert rows
    assert {name: licence for name, licence in rows.items() if not may(licence)} == {}
