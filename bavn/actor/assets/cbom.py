"""The crypto map as a bill of materials: CycloneDX 1.6 JSON, its shape checked by the standard's own schema.

Services (own servers, peers outside) depend on protocols, certificates and algorithms; quantum safety and counts are
properties ``bavn:...``. Redacted, nothing of the inside and no peer is named: counts by direction only. The same uses
give the same bytes. Refuses to know who reads it.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from cyclonedx.model import Property, XsUri
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.crypto import (
    AlgorithmProperties,
    CertificateProperties,
    CryptoAssetType,
    CryptoPrimitive,
    CryptoProperties,
    ProtocolProperties,
    ProtocolPropertiesCipherSuite,
    ProtocolPropertiesType,
)
from cyclonedx.model.dependency import Dependency
from cyclonedx.model.service import Service
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from bavn.actor.assets.crypto import Certificate, Use, by_direction
from bavn.model.intel.cryptonames import Safety, safety_of
from bavn.model.moment import as_datetime

_PROTOCOLS: Final = {
    "tls": ProtocolPropertiesType.TLS,
    "quic": ProtocolPropertiesType.QUIC,
    "ssh": ProtocolPropertiesType.SSH,
}
_HOST: Final = re.compile(r"[a-z0-9_]([a-z0-9_.-]{0,253}[a-z0-9_])?|[0-9a-f:]+:[0-9a-f.:]*", re.IGNORECASE | re.ASCII)
_LEVELS: Final = (("1024", 5), ("768", 3), ("512", 1), ("761", 2))
"""NIST's security category by the parameter set of the lattice inside."""


CHECKED_MAX: Final = 100
URIS_CHECKED_MAX: Final = 5
SERVICES_MAX: Final = 5_000
"""With most key exchanges; the others are one service for each direction, called "others"."""


class CbomInvalid(Exception):
    """What was made is not what the schema asks. A defect of ours: it is not written."""


def cbom(all_uses: Sequence[Use], *, actor: str, version: str, at_us: int, redacted: bool = False) -> str:
    """The whole document as JSON text. Raises CbomInvalid."""
    bom = Bom(serial_number=_serial(all_uses, at_us, redacted=redacted))
    root = Component(name="network" if redacted else f"{actor} network", type=ComponentType.PLATFORM, bom_ref="network")
    bom.metadata = BomMetaData(
        timestamp=as_datetime(at_us),
        component=root,
        properties=_properties({"tool": f"bavn {version}", "redacted": str(redacted).lower()}),
    )
    algorithms = _Algorithms()
    protocols = _protocols(all_uses, algorithms)
    certificates = {} if redacted else _certificates(all_uses, algorithms)
    services = _redacted(all_uses) if redacted else _services(all_uses)
    for component in (*protocols.values(), *certificates.values(), *algorithms.made.values()):
        bom.components.add(component)
    refs = {ref: part.bom_ref for ref, part in {**protocols, **certificates, **algorithms.made}.items()}
    depends = [Dependency(ref) for ref in refs.values()]
    for service, uses in services:
        needs = {ref for use in uses for ref in _refs(use, redacted=redacted)}
        depends.append(Dependency(service.bom_ref, [Dependency(refs[ref]) for ref in sorted(needs & refs.keys())]))
    depends.append(Dependency(root.bom_ref, [Dependency(service.bom_ref) for service, _ in services]))
    bom.services.update(service for service, _ in services)
    bom.dependencies.update(depends)
    if redacted:
        bom.properties.update(_properties(_certificate_counts(all_uses)))
    document = json.loads(JsonV1Dot6(bom).output_as_string())
    refused = JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(_sample(document)))
    if refused is not None:
        raise CbomInvalid(str(refused)[:500])
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _sample(fields: dict[str, Any]) -> dict[str, Any]:
    """The first of each list: the schema is checked on these, since checking takes time by the square of a list, and a
    tenth of a second a URI. All of a list are made alike, and URIs by a narrower rule than the schema's."""
    some = {name: fields.get(name, [])[:CHECKED_MAX] for name in ("components", "services", "dependencies")}
    some["dependencies"] = [
        {**entry, "dependsOn": entry["dependsOn"][:CHECKED_MAX]} if "dependsOn" in entry else entry
        for entry in some["dependencies"]
    ]
    some["services"] = [
        {key: value for key, value in service.items() if key != "endpoints" or number < URIS_CHECKED_MAX}
        for number, service in enumerate(some["services"])
    ]
    return fields | {name: those for name, those in some.items() if name in fields}


class _Algorithms:
    """Each algorithm once; ``made`` by bom-ref."""

    def __init__(self) -> None:
        self.made: dict[str, Component] = {}

    def of(self, name: str, primitive: CryptoPrimitive) -> Component:
        ref = _ref("algorithm", name)
        if ref not in self.made:
            safety = safety_of(name) if primitive in (CryptoPrimitive.KEM, CryptoPrimitive.KEY_AGREE) else None
            level = next((n for digits, n in _LEVELS if digits in name), None) if safety in _SAFE else 0
            if primitive is CryptoPrimitive.SIGNATURE:
                safety = Safety.PURE if re.search(r"ml-?dsa|slh-?dsa|falcon", name, re.IGNORECASE) else Safety.CLASSICAL
                level = None if safety is Safety.PURE else 0
            self.made[ref] = Component(
                name=name,
                type=ComponentType.CRYPTOGRAPHIC_ASSET,
                bom_ref=ref,
                crypto_properties=CryptoProperties(
                    asset_type=CryptoAssetType.ALGORITHM,
                    algorithm_properties=AlgorithmProperties(primitive=primitive, nist_quantum_security_level=level),
                ),
                properties=_properties({"quantum-safety": str(safety)} if safety else {}),
            )
        return self.made[ref]


_SAFE: Final = (Safety.HYBRID, Safety.PURE)


def _key_exchange(name: str) -> CryptoPrimitive:
    return CryptoPrimitive.KEM if safety_of(name) in _SAFE else CryptoPrimitive.KEY_AGREE


def _protocols(uses: Sequence[Use], algorithms: _Algorithms) -> dict[str, Component]:
    """One for each protocol and version, with the cipher suites negotiated and the groups agreed on."""
    ciphers: dict[tuple[str, str], Counter[str]] = {}
    groups: dict[tuple[str, str], Counter[str]] = {}
    for use in uses:
        key = (use.protocol, use.version or "unanswered")
        ciphers.setdefault(key, Counter())
        groups.setdefault(key, Counter())
        if use.cipher:
            ciphers[key][use.cipher] += use.count
        if use.group:
            groups[key][use.group] += use.count
    protocols = {}
    for (protocol, version), suites in sorted(ciphers.items()):
        agreed = [algorithms.of(name, _key_exchange(name)) for name in sorted(groups[protocol, version])]
        ref = _ref("protocol", f"{protocol} {version}")
        counts = {f"count:{name}": str(n) for name, n in groups[protocol, version].items()}
        protocols[ref] = Component(
            name=version if version.lower().startswith(protocol) else f"{protocol} {version}",
            type=ComponentType.CRYPTOGRAPHIC_ASSET,
            bom_ref=ref,
            crypto_properties=CryptoProperties(
                asset_type=CryptoAssetType.PROTOCOL,
                protocol_properties=ProtocolProperties(
                    type=_PROTOCOLS.get(protocol, ProtocolPropertiesType.OTHER),
                    version=version.rpartition(" ")[2],
                    cipher_suites=[ProtocolPropertiesCipherSuite(name=name) for name in sorted(suites)],
                    crypto_refs=[component.bom_ref for component in agreed],
                ),
            ),
            properties=_properties(counts | {f"count:{name}": str(n) for name, n in suites.items()}),
        )
    return protocols


def _certificates(uses: Sequence[Use], algorithms: _Algorithms) -> dict[str, Component]:
    certificates: dict[str, Component] = {}
    for cert in sorted(
        {use.certificate.sha1: use.certificate for use in uses if use.certificate}.values(), key=lambda c: c.sha1
    ):
        signed = algorithms.of(cert.signature, CryptoPrimitive.SIGNATURE).bom_ref if cert.signature else None
        key = algorithms.of(_key_name(cert), CryptoPrimitive.SIGNATURE).bom_ref if cert.key else None
        ref = _ref("certificate", cert.sha1)
        certificates[ref] = Component(
            name=cert.subject or cert.sha1,
            type=ComponentType.CRYPTOGRAPHIC_ASSET,
            bom_ref=ref,
            crypto_properties=CryptoProperties(
                asset_type=CryptoAssetType.CERTIFICATE,
                certificate_properties=CertificateProperties(
                    subject_name=cert.subject,
                    issuer_name=cert.issuer,
                    certificate_format="X.509",
                    not_valid_before=None if cert.notbefore_us is None else as_datetime(cert.notbefore_us),
                    not_valid_after=None if cert.notafter_us is None else as_datetime(cert.notafter_us),
                    signature_algorithm_ref=signed,
                    subject_public_key_ref=key,
                ),
            ),
            properties=_properties({"sha1": cert.sha1}),
        )
    return certificates


def _key_name(cert: Certificate) -> str:
    return f"{cert.key}-{cert.bits}" if cert.key == "RSA" and cert.bits else str(cert.key)


def _services(uses: Sequence[Use]) -> list[tuple[Service, list[Use]]]:
    """Own servers and peers outside, each with what was agreed with it."""
    every: dict[tuple[str, str], list[Use]] = {}
    for use in uses:
        every.setdefault((use.direction, use.peer), []).append(use)
    order = sorted(every, key=lambda key: (-sum(use.count for use in every[key]), key))
    groups = {key: every[key] for key in order[:SERVICES_MAX]}
    for key in order[SERVICES_MAX:]:
        groups.setdefault((key[0], "others"), []).extend(every[key])
    services = []
    for (direction, peer), those in sorted(groups.items()):
        ends = sorted({end for use in those if (end := _endpoint(use))})
        services.append(
            (
                Service(
                    name=peer,
                    bom_ref=_ref("service", f"{direction} {peer}"),
                    x_trust_boundary=direction != "inside",
                    endpoints=[XsUri(end) for end in ends[:50]],
                    properties=_properties(_counts(direction, those)),
                ),
                those,
            )
        )
    return services


def _endpoint(use: Use) -> str | None:
    """A URI; None for a server that is called what no host can be called (it is the client who names it)."""
    host = use.name or use.server or ""
    if not _HOST.fullmatch(host):
        return None
    return f"{use.protocol}://{f'[{host}]' if ':' in host else host}:{use.port}"


def _redacted(uses: Sequence[Use]) -> list[tuple[Service, list[Use]]]:
    services = []
    for way in ("out", "in", "inside"):
        those = [use for use in uses if use.direction == way]
        if those:
            service = Service(
                name=f"traffic {way}",
                bom_ref=_ref("service", way),
                x_trust_boundary=way != "inside",
                properties=_properties(_counts(way, those)),
            )
            services.append((service, those))
    return services


def _counts(direction: str, those: Sequence[Use]) -> dict[str, str]:
    (tally,) = by_direction(tuple(those))
    properties = {"direction": direction, "count": str(tally.total)}
    properties |= {f"quantum-safety:{name}": str(n) for name, n in tally.by_standing.items()}
    properties |= {f"blocked-by:{name}": str(n) for name, n in tally.by_blocker.items() if name != "none"}
    offered: Counter[str] = Counter()
    for use in those:
        offered.update(dict.fromkeys(use.offered, use.count))
    return properties | {f"offered:{name}": str(n) for name, n in offered.items()}


def _certificate_counts(found: Sequence[Use]) -> dict[str, str]:
    every = {use.certificate.sha1: use.certificate for use in found if use.certificate}.values()
    keys = Counter(_key_name(cert) for cert in every if cert.key)
    return {f"certificates:{name}": str(n) for name, n in sorted(keys.items())}


def _refs(use: Use, *, redacted: bool) -> list[str]:
    refs = [_ref("protocol", f"{use.protocol} {use.version or 'unanswered'}")]
    if use.group:
        refs.append(_ref("algorithm", use.group))
    if use.certificate and not redacted:
        refs.append(_ref("certificate", use.certificate.sha1))
    return refs


def _properties(said: dict[str, str]) -> Iterable[Property]:
    return [Property(name=f"bavn:{name}", value=value) for name, value in said.items()]


def _ref(kind: str, name: str) -> str:
    return f"{kind}:{re.sub(r'[^A-Za-z0-9._@:-]+', '-', name)}:{sha256(name.encode()).hexdigest()[:8]}"


def _serial(found: Sequence[Use], at_us: int, *, redacted: bool) -> UUID:
    """Of the content, so that the same map has the same number."""
    digest = sha256(repr((redacted, at_us, tuple(found))).encode()).digest()[:16]
    return UUID(bytes=digest, version=4)
