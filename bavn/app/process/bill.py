"""The bill of materials of an installed Bavn: every Python package beside it and every package of npm in its pages,
with version, licence, hash and what it needs. The hash is that of the archive it came in, which Bavn's Debian package
knows (packaging/archives.py); the pages name theirs as they are built (console/vite.config.ts).

CycloneDX 1.6 as JSON; the same environment gives the same bytes. ``python -m bavn.app.process.bill SITE-PACKAGES FILE``
writes it (script/release). Refuses to ask a registry: it says what is installed, not what could be.
"""

import json
import os
import sys
from base64 import b64decode
from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.dependency import Dependency
from cyclonedx.model.license import DisjunctiveLicense, License, LicenseExpression
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.spdx import is_supported_id
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import NormalizedName, canonicalize_name

from bavn.app.process.exits import Exit, Stop
from bavn.model.text import Text

PRODUCT: Final = canonicalize_name("bavn")
ROLES: Final = ("node", "centre")
"""Extras that are Bavn's own (docs/decisions/0040-packages-by-role.md); a guard has neither."""
LICENCE_CHARS_MAX: Final = 200
ARCHIVES: Final = "archives.json"
"""Beside the packages: name -> SHA-256 of the archive that was installed."""


def bill(site: Path, at: datetime) -> str:
    """The bill of the environment whose packages lie in ``site``. Stop where Bavn is not among them."""
    packages = {canonicalize_name(package.metadata["Name"]): package for package in distributions(path=[str(site)])}
    if PRODUCT not in packages:
        raise Stop(
            Exit.NOT_FOUND,
            Text(
                "{site} holds no installed {product}: give the folder site-packages of one", site=site, product=PRODUCT
            ),
        )
    archives = json.loads((site / ARCHIVES).read_text()) if (site / ARCHIVES).exists() else {}
    parts = {name: _component(name, package, archives.get(name)) for name, package in sorted(packages.items())}
    pages = _in_pages(site)
    told = "\n".join(f"{name}=={package.version}" for name, package in sorted(packages.items()))
    bom = Bom(serial_number=UUID(bytes=sha256(told.encode()).digest()[:16], version=4))
    root = parts.pop(PRODUCT)
    root.type = ComponentType.APPLICATION
    bom.metadata = BomMetaData(timestamp=at, component=root)
    bom.components.update((*parts.values(), *pages))
    refs = parts | {PRODUCT: root}
    for name, part in refs.items():
        needs = [Dependency(refs[need].bom_ref) for need in _needs(packages[name], refs)]
        needs += [Dependency(page.bom_ref) for page in pages if name == PRODUCT]
        bom.dependencies.add(Dependency(part.bom_ref, needs))
    made: dict[str, Any] = json.loads(JsonV1Dot6(bom).output_as_string())
    text = json.dumps(made, ensure_ascii=False, sort_keys=True, indent=1) + "\n"
    wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if wrong is not None:
        raise Stop(Exit.BROKEN, Text("the bill does not fit CycloneDX 1.6: {what}", what=str(wrong)[:300]))
    return text


def _component(name: str, package: Distribution, archive: str | None) -> Component:
    return Component(
        name=name,
        version=package.version,
        type=ComponentType.LIBRARY,
        bom_ref=f"pkg:pypi/{name}@{package.version}",
        purl=PackageURL("pypi", None, name, package.version),
        licenses=licences_of(package),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=archive)] if archive else None,
    )


def licences_of(package: Distribution) -> list[License]:
    """As SPDX has them where the package says it so; else its classifiers, one to choose; else its words."""
    expression, written = package.metadata.get("License-Expression"), package.metadata.get("License") or ""
    if expression:
        return [LicenseExpression(expression)]
    if is_supported_id(written):
        return [DisjunctiveLicense(id=written)]
    classes = [line.split(" :: ") for line in package.metadata.get_all("Classifier") or ()]
    names = [parts[-1] for parts in classes if parts[0] == "License"] or written.strip().splitlines()[:1]
    return [DisjunctiveLicense(name=name[:LICENCE_CHARS_MAX]) for name in names]


def _in_pages(site: Path) -> list[Component]:
    """What the build of the pages put into them, of both consoles."""
    files = sorted((site / "bavn/app/web/static").glob("*.packages.json"))
    rows = {row["name"]: row for file in files for row in json.loads(file.read_text())}
    return [_page_component(row) for _, row in sorted(rows.items())]


def _page_component(row: dict[str, str]) -> Component:
    group, _, name = row["name"].rpartition("/")
    purl = PackageURL("npm", group or None, name, row["version"])
    return Component(
        name=row["name"],
        version=row["version"],
        type=ComponentType.LIBRARY,
        bom_ref=purl.to_string(),
        purl=purl,
        licenses=[LicenseExpression(row["license"])],
        hashes=[HashType(alg=HashAlgorithm.SHA_512, content=b64decode(row["integrity"].partition("-")[2]).hex())],
    )


def _needs(package: Distribution, known: Iterable[NormalizedName]) -> list[NormalizedName]:
    """What it requires here, of what is installed. Of extras only the roles: others are left out."""
    name = canonicalize_name(package.metadata["Name"])
    extras = ("", *ROLES) if name == PRODUCT else ("",)
    needs = set()
    for text in package.requires or ():
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue
        if requirement.marker is None or any(requirement.marker.evaluate({"extra": extra}) for extra in extras):
            needs.add(canonicalize_name(requirement.name))
    return sorted(needs & set(known) - {name})


def main(site: Path, file: Path) -> None:
    """Writes the bill of ``site`` to ``file``, dated by SOURCE_DATE_EPOCH where that is set."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    at = datetime.fromtimestamp(int(epoch), UTC) if epoch else datetime.now(UTC)
    file.write_text(bill(site, at), encoding="utf-8")


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), Path(sys.argv[2]))
    except Stop as stop:
        sys.exit(f"bavn: {stop}")
