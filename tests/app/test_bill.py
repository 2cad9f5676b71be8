"""The bill of materials: of what is installed, all of it, the same bytes each time, by CycloneDX's own schema."""

import base64
import json
import re
import shutil
import sysconfig
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import pytest

from bavn.app.process.bill import PAGES, bill
from bavn.app.process.exits import Exit, Stop
from tests.conftest import ROOT

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
    assert [part["licenses"] for part in told["components"] if "licenses" in part] == [[{"license": {"id": "MIT"}}]]
    needs = {entry["ref"]: entry.get("dependsOn", []) for entry in told["dependencies"]}
    assert needs["pkg:pypi/bavn@0.1.0"] == ["pkg:pypi/left-pad@1.2", "pkg:pypi/up-pad@4"]
    assert needs["pkg:pypi/left-pad@1.2"] == ["pkg:pypi/right-pad@3"]


def test_what_the_pages_carry_is_in_it_with_licence_and_hash(tmp_path) -> None:
    package(tmp_path, "bavn", "0.1.0")
    (tmp_path / "bavn-0.1.0.dist-info/RECORD").write_text("bavn/__init__.py,sha256=abc,1\n")
    for name in PAGES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)  # as the build of the pages wrote it
    told = json.loads(bill(tmp_path, AT))
    assert told["metadata"]["component"]["hashes"][0]["alg"] == "SHA-256"
    carried = {part["name"]: part for part in told["components"]}
    assert carried.keys() >= {"svelte", "echarts", "uplot", "openapi-fetch", "zrender", "@lucide/svelte"}
    locked = json.loads((ROOT / "console/package-lock.json").read_text())["packages"]
    for name, part in carried.items():
        row = locked[f"node_modules/{name}"]
        assert (part["version"], part["licenses"]) == (row["version"], [{"license": {"id": row["license"]}}])
        digest = base64.b64encode(bytes.fromhex(part["hashes"][0]["content"])).decode()
        assert (part["hashes"][0]["alg"], f"sha512-{digest}") == ("SHA-512", row["integrity"])


def test_no_bill_of_something_else(tmp_path) -> None:
    package(tmp_path, "other", "1")
    with pytest.raises(Stop) as stopped:
        bill(tmp_path, AT)
    assert stopped.value.code is Exit.NOT_FOUND


def test_what_runs_here_is_in_it() -> None:
    told = json.loads(bill(Path(sysconfig.get_path("purelib")), AT))
    there = {part["name"]: part["version"] for part in told["components"]}
    assert there["duckdb"] == version("duckdb")
    shipped = set(re.findall(r"^([a-z0-9.-]+)==", (ROOT / "requirements/centre.txt").read_text(), re.MULTILINE))
    bare = {part["name"] for part in told["components"] if not (part.get("licenses") and part.get("hashes"))}
    assert shipped & there.keys()
    assert shipped & bare == set(), "licence and hash of each"
    needs = {entry["ref"]: entry.get("dependsOn", []) for entry in told["dependencies"]}
    root = told["metadata"]["component"]["bom-ref"]
    assert f"pkg:pypi/duckdb@{version('duckdb')}" in needs[root]
