"""The bill of materials of an installed Bavn: every Python package beside it with version, licence, hash and what it
needs, and what the consoles' pages carry of others.

CycloneDX 1.6 as JSON; the same environment gives the same bytes. ``python -m bavn.app.process.bill SITE-PACKAGES FILE``
writes it (script/release). Refuses to ask a registry: it says what is installed, not what could be.
"""

import base64
import json
import os
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.dependency import Dependency
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL
from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import NormalizedName, canonicalize_name

from bavn.app.process.exits import Exit, Stop
from bavn.model.text import Text

PRODUCT: Final = canonicalize_name("bavn")
ROLES: Final = ("node", "centre")
"""Extras that are Bavn's own (docs/decisions/0040-packages-by-role.md); a guard has neither."""
PAGES: Final = ("bavn/app/web/static/sac.bundled.json", "bavn/app/web/static/soc.bundled.json")
"""What the pages of each console carry, as their build wrote it (console/vite.config.ts)."""
CLASSIFIED: Final = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "GNU Affero General Public License v3": "AGPL-3.0-only",
    "GNU Affero General Public License v3 or later (AGPLv3+)": "AGPL-3.0-or-later",
    "GNU General Public License (GPL)": "GPL-1.0-or-later",
    "GNU General Public License v2 (GPLv2)": "GPL-2.0-only",
    "GNU General Public License v2 or later (GPLv2+)": "GPL-2.0-or-later",
    "GNU General Public License v3 (GPLv3)": "GPL-3.0-only",
    "GNU General Public License v3 or later (GPLv3+)": "GPL-3.0-or-later",
    "GNU Lesser General Public License v2 or later (LGPLv2+)": "LGPL-2.1-or-later",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 1.1 (MPL 1.1)": "MPL-1.1",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
"""SPDX's name of a licence that a package names by its classifier alone."""


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
    parts = {name: _component(name, package) for name, package in sorted(packages.items())}
    told = "\n".join(f"{name}=={package.version}" for name, package in sorted(packages.items()))
    bom = Bom(serial_number=UUID(bytes=sha256(told.encode()).digest()[:16], version=4))
    root = parts.pop(PRODUCT)
    root.type = ComponentType.APPLICATION
    bom.metadata = BomMetaData(timestamp=at, component=root)
    bom.components.update(parts.values())
    carried = _carried(packages[PRODUCT])
    bom.components.update(carried)
    refs = parts | {PRODUCT: root}
    for name, part in refs.items():
        needs = [Dependency(refs[need].bom_ref) for need in _needs(packages[name], refs)]
        needs += [Dependency(part.bom_ref) for part in carried] if name == PRODUCT else []
        bom.dependencies.add(Dependency(part.bom_ref, needs))
    made: dict[str, Any] = json.loads(JsonV1Dot6(bom).output_as_string())
    text = json.dumps(made, ensure_ascii=False, sort_keys=True, indent=1) + "\n"
    wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if wrong is not None:
        raise Stop(Exit.BROKEN, Text("the bill does not fit CycloneDX 1.6: {what}", what=str(wrong)[:300]))
    return text


def licence_of(package: Distribution) -> str | None:
    """The licence of an installed package as an SPDX expression, by what the package says of itself; None where it says
    nothing that is known."""
    said = [text for name in ("License-Expression", "License") for text in package.metadata.get_all(name) or ()]
    for text in said:
        try:
            return str(canonicalize_license_expression(text))
        except InvalidLicenseExpression:
            continue
    classifiers = package.metadata.get_all("Classifier") or []
    named = [CLASSIFIED.get(one.rpartition(" :: ")[2]) for one in classifiers if one.startswith("License :: ")]
    return " OR ".join(one for one in named if one) or None


def _component(name: str, package: Distribution) -> Component:
    """An installed package. Its hash is of its RECORD, which has a SHA-256 of each of its files."""
    licence, record = licence_of(package), package.read_text("RECORD")
    hashes = [HashType(alg=HashAlgorithm.SHA_256, content=sha256(record.encode()).hexdigest())] if record else None
    return Component(
        name=name,
        version=package.version,
        type=ComponentType.LIBRARY,
        bom_ref=f"pkg:pypi/{name}@{package.version}",
        purl=PackageURL("pypi", None, name, package.version),
        licenses=[LicenseFactory().make_from_string(licence)] if licence else None,
        hashes=hashes,
        properties=[Property(name="bavn:hash-of", value="RECORD")] if record else None,
    )


def _carried(product: Distribution) -> list[Component]:
    """What the consoles' pages carry of npm's packages; nothing of a tree that is worked on in place. Hash: of
    the archive that the pages were built from."""
    files = [Path(str(product.locate_file(name))) for name in PAGES]
    rows = {row["name"]: row for file in files if file.is_file() for row in json.loads(file.read_text("utf-8"))}
    return [_page_component(row) for _, row in sorted(rows.items())]


def _page_component(row: dict[str, str]) -> Component:
    algorithm, _, digest = row["integrity"].partition("-")
    scope, _, name = row["name"].rpartition("/")
    purl = PackageURL("npm", scope or None, name, row["version"])
    return Component(
        name=row["name"],
        version=row["version"],
        type=ComponentType.LIBRARY,
        bom_ref=str(purl),
        purl=purl,
        licenses=[LicenseFactory().make_from_string(row["license"])],
        hashes=[HashType(alg=HashAlgorithm(f"SHA-{algorithm[3:]}"), content=base64.b64decode(digest).hex())],
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
