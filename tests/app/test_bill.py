"""The bill of materials: of what is installed, all of it, the same bytes each time, by CycloneDX's own schema."""

import json
import subprocess
import sys
import sysconfig
from base64 import b64encode
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import pytest

from bavn.app.process.bill import bill
from bavn.app.process.exits import Exit, Stop

ROOT = Path(__file__).resolve().parents[2]
AT = datetime(2026, 11, 26, tzinfo=UTC)


def package(site, name, number, *lines):
    folder = site / f"{name}-{number}.dist-info"
    folder.mkdir(parents=True)
    told = "\n".join(lines)
    (folder / "METADATA").write_text(f"Metadata-Version: 2.4\nName: {name}\nVersion: {number}\n{told}\n")


def test_each_package_with_version_licence_and_what_it_needs_also_what_runs_here_and_of_nothing_else(tmp_path) -> None:
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
    classes = ("GNU Lesser General Public License v2 (LGPLv2)", "Mozilla Public License 1.1 (MPL 1.1)")
    package(tmp_path, "right-pad", "3", *(f"Classifier: License :: OSI Approved :: {one}" for one in classes))
    (tmp_path / "archives.json").write_text(json.dumps({"bavn": "a" * 64, "left-pad": "b" * 64}))
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
    assert told["metadata"]["component"]["licenses"] == [{"expression": "Apache-2.0"}]
    assert [part["licenses"] for part in told["components"] if "licenses" in part] == [
        [{"license": {"id": "MIT"}}],
        [{"license": {"name": name}} for name in classes],
    ]
    hashed = [part.get("hashes") for part in (told["metadata"]["component"], *told["components"])]
    assert hashed == [[{"alg": "SHA-256", "content": letter * 64}] for letter in "ab"] + [None, None]
    needs = {entry["ref"]: entry.get("dependsOn", []) for entry in told["dependencies"]}
    assert needs["pkg:pypi/bavn@0.1.0"] == ["pkg:pypi/left-pad@1.2", "pkg:pypi/up-pad@4"]
    assert needs["pkg:pypi/left-pad@1.2"] == ["pkg:pypi/right-pad@3"]
    told = json.loads(bill(Path(sysconfig.get_path("purelib")), AT))
    there = {part["name"]: part["version"] for part in told["components"]}
    assert there["duckdb"] == version("duckdb")
    needs = {entry["ref"]: entry.get("dependsOn", []) for entry in told["dependencies"]}
    root = told["metadata"]["component"]["bom-ref"]
    assert f"pkg:pypi/duckdb@{version('duckdb')}" in needs[root]


def test_no_bill_of_something_else(tmp_path) -> None:
    package(tmp_path, "other", "1")
    with pytest.raises(Stop) as stopped:
        bill(tmp_path, AT)
    assert stopped.value.code is Exit.NOT_FOUND


def test_what_of_npm_is_in_the_pages_is_in_it_with_licence_and_hash(tmp_path) -> None:
    """Of the consoles as they are built here, by the lock of what was fetched for them."""
    package(tmp_path, "Bavn", "0.1.0")
    (tmp_path / "bavn").symlink_to(ROOT / "bavn")
    told = json.loads(bill(tmp_path, AT))
    parts = {part["name"]: part for part in told["components"]}
    assert {"svelte", "openapi-fetch", "@lucide/svelte"} <= parts.keys()
    locked = json.loads((ROOT / "console/package-lock.json").read_text())["packages"]
    for name, part in parts.items():
        row = locked[f"node_modules/{name}"]
        assert (part["version"], part["licenses"]) == (row["version"], [{"expression": row["license"]}])
        (hashed,) = part["hashes"]
        digest = b64encode(bytes.fromhex(hashed["content"])).decode()
        assert (hashed["alg"], f"sha512-{digest}") == ("SHA-512", row["integrity"])
    assert parts["@lucide/svelte"]["purl"].startswith("pkg:npm/%40lucide/svelte@")
    needs = {entry["ref"]: entry.get("dependsOn", []) for entry in told["dependencies"]}
    assert sorted(needs["pkg:pypi/bavn@0.1.0"]) == sorted(part["bom-ref"] for part in parts.values())


def test_the_archives_are_those_that_pip_installed(tmp_path) -> None:
    def report(*packages):
        rows = [
            {
                "metadata": {"name": name, "version": "1"},
                "download_info": {"url": "https://there/", "archive_info": {"hashes": {"sha256": letter * 64}}},
            }
            for name, letter in packages
        ]
        file = tmp_path / packages[0][0]
        file.write_text(json.dumps({"version": "1", "install": rows}))
        return file

    files = [report(("PyArrow", "a"), ("left.pad", "b")), report(("bavn", "c"))]
    done = subprocess.run(
        [sys.executable, ROOT / "packaging/archives.py", *files], capture_output=True, text=True, check=True
    )
    assert list(json.loads(done.stdout).items()) == [("bavn", "c" * 64), ("left-pad", "b" * 64), ("pyarrow", "a" * 64)]
