"""What each role installs may be handed out beside Bavn: its licence is on a list (docs/decisions/0043-licences.md)."""

import json
import re
from importlib.metadata import distribution
from pathlib import Path

import pytest
from cyclonedx.model.license import LicenseExpression
from license_expression import AND, OR, get_spdx_licensing
from packaging.requirements import Requirement

from bavn.app.process.bill import licences_of

SPDX = get_spdx_licensing()
ROOT = Path(__file__).resolve().parents[2]
PERMISSIVE = frozenset(
    {
        *("0BSD", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0"),
        *("ISC", "MIT", "MIT-0", "MIT-CMU", "PSF-2.0", "Zlib"),
    }
)
FILE_BY_FILE = frozenset({"MPL-2.0"})
"""Asks for its own files alone, which are unchanged."""
LIBRARIES = frozenset({"LGPL-2.1-only", "LGPL-2.1-or-later", "LGPL-3.0-only"})
"""Imported as they are from files of their own, which anybody can put others in place of."""
ALLOWED = PERMISSIVE | FILE_BY_FILE | LIBRARIES
TOLD = {
    "Apache 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD": "BSD-3-Clause",
    "BSD License": "BSD-3-Clause",
    "GNU General Public License v2 or later (GPLv2+)": "GPL-2.0-or-later",
    "GNU General Public License v3 (GPLv3)": "GPL-3.0-only",
    "GNU Lesser General Public License v2 or later (LGPLv2+)": "LGPL-2.1-or-later",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 1.1 (MPL 1.1)": "MPL-1.1",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
"""What packages say that do not say it as SPDX has it."""


def allowed(licences) -> bool:
    """Several are one to choose. None, or words that are not known, are not allowed."""
    words = [one.value if isinstance(one, LicenseExpression) else one.id or one.name for one in licences]
    return any(_holds(SPDX.parse(TOLD.get(one, one))) for one in words)


def _holds(terms) -> bool:
    if isinstance(terms, OR):
        return any(map(_holds, terms.args))
    if isinstance(terms, AND):
        return all(map(_holds, terms.args))
    return str(terms) in ALLOWED


def locked(role):
    """The packages of a role on this kind of machine."""
    text = (ROOT / f"requirements/{role}.txt").read_text()
    needs = [Requirement(line) for line in re.findall(r"^([a-z0-9][^\\\n]*?) *\\?$", text, re.MULTILINE)]
    return {need.name for need in needs if need.marker is None or need.marker.evaluate()}


@pytest.mark.parametrize("role", ["guard", "node", "centre", "run"])
def test_each_library_of_a_role_has_a_licence_of_the_list(role) -> None:
    """``run``: what script/bootstrap installs. A key holder is the centre's role."""
    names = locked(role)
    assert len(names) > 20
    assert [name for name in sorted(names) if not allowed(licences_of(distribution(name)))] == []


def test_what_is_in_the_pages_has_a_licence_of_the_list_and_scapy_is_for_tests_alone() -> None:
    for file in (ROOT / "bavn/app/web/static").glob("*.packages.json"):
        rows = json.loads(file.read_text())
        assert len(rows) > 3
        assert [row["name"] for row in rows if not allowed([LicenseExpression(row["license"])])] == []
    assert not allowed(licences_of(distribution("scapy")))


@pytest.mark.parametrize("words", ["GPL-2.0-only", "AGPL-3.0-or-later", "MIT AND GPL-3.0-only", "SSPL-1.0"])
def test_what_asks_for_the_whole_or_is_not_on_the_list_is_refused(words) -> None:
    assert not allowed([LicenseExpression(words)])
    assert allowed([LicenseExpression(f"({words}) OR MIT")])
