"""The bill of materials: of what is installed, all of it, the same bytes each time, by CycloneDX's own schema."""

import json
import sysconfig
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import pytest

from bavn.app.process.bill import bill
from bavn.app.process.exits import Exit, Stop

AT = datetime(2026, 11, 26, tzinfo=UTC)


def package(site, name, number, *lines):
    folder = site / f"{name}-{number}.dist-info"
    folder.mkdir(parents=True)
    told = "\n".join(lines)
    (folder / "METADATA").write_text(f"Metadata-Version: 2.4\nName: {name}\nVersion: {number}\n{told}\n")


def test_each_package_with_version_licence_and_what_it_needs(tmp_path) -> None:
    needed = (
        "Left_Pad>=1",
        "absent",
        "right-pad; extra == 'more'",
        "not a requirement",
        "bavn[node]; extra == 'centre'",
    )
    needed += ("up-pad; extra == 'node'", "absent-too; extra == 'centre'")
    package(tmp_path, "Bavn", "0.1.0", "License-Expression: Apache-2.0", *(f"Requires-Dist: {one}" for one in needed))
    package(tmp_path, "left.pad", "1.2", "License: MIT", "Requires-Dist: right-pad")
    package(tmp_path, "right-pad", "3")
    package(tmp_path, "up-pad", "4")
    text = bill(tmp_path, AT)
    assert text == bill(tmp_path, AT)
    told = json.loads(text)
    assert told["metadata"]["component"]["purl"] == "pkg:pypi/bavn@0.1.0"
    assert told["metadata"]["timestamp"].startswith("2026-11-26")
    assert {part["name"]: part["version"] for part in told["components"]} == {
        "left-pad": "1.2",
        "right-pad": "3",
        "up-pad": "4",
    }
    assert [part["licenses"] for part in told["components"] if "licenses" in part] == [[{"license": {"name": "MIT"}}]]
    needs = {entry["ref"]: entry.get("dependsOn", []) for entry in told["dependencies"]}
    assert needs["pkg:pypi/bavn@0.1.0"] == ["pkg:pypi/left-pad@1.2", "pkg:pypi/up-pad@4"]
    assert needs["pkg:pypi/left-pad@1.2"] == ["pkg:pypi/right-pad@3"]


def test_no_bill_of_something_else(tmp_path) -> None:
    package(tmp_path, "other", "1")
    with pytest.raises(Stop) as stopped:
        bill(tmp_path, AT)
    assert stopped.value.code is Exit.NOT_FOUND


def test_what_runs_here_is_in_it() -> None:
    told = json.loads(bill(Path(sysconfig.get_path("purelib")), AT))
    there = {part["name"]: part["version"] for part in told["components"]}
    assert there["duckdb"] == version("duckdb")
    needs = {entry["ref"]: entry.get("dependsOn", []) for entry in told["dependencies"]}
    root = told["metadata"]["component"]["bom-ref"]
    assert f"pkg:pypi/duckdb@{version('duckdb')}" in needs[root]
