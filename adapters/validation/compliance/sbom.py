"""The bill of materials: CycloneDX 1.6 JSON. The same version and lock are the same bytes: no clock, no chance."""

import re
import uuid

from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import DisjunctiveLicense, LicenseExpression
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.utils import canonicalize_name

from adapters.validation.compliance.licences import parsed
from domain import verdict
from domain.evidence import CONTENT_HASH
from domain.manifest import Manifest
from domain.packages import Lock, LockedPackage

MEDIA_TYPE = "application/vnd.cyclonedx+json"
WHEEL = "ccb:wheel"
_NAME = re.compile(r"[A-Za-z0-9._-]+")


def sbom(manifest: Manifest, lock: Lock, *, content_hash: str) -> bytes:
    """What the version with this content is made of."""
    mine = Component(
        name=manifest.name,
        version=manifest.version,
        type=ComponentType.APPLICATION,
        bom_ref=verdict.purl(manifest.name, manifest.version),
        purl=PackageURL.from_string(verdict.purl(manifest.name, manifest.version)),
        description=manifest.description,
        properties=[Property(name=CONTENT_HASH, value=content_hash)],
    )
    metadata = BomMetaData(component=mine)
    metadata.timestamp = None  # type: ignore[assignment] # CycloneDX 1.6 has it optional; the library fills in the clock
    parts = {package.name: _component(package) for package in lock.packages}
    bom = Bom(serial_number=uuid.uuid5(uuid.NAMESPACE_URL, content_hash), components=parts.values(), metadata=metadata)
    roots = {canonicalize_name(found.group()) for text in lock.requirements if (found := _NAME.match(text))}
    bom.register_dependency(mine, [parts[name] for name in sorted(roots & parts.keys())])
    for package in lock.packages:
        needs = sorted({canonicalize_name(name) for name in package.requires} & parts.keys())
        bom.register_dependency(parts[package.name], [parts[name] for name in needs])
    return JsonV1Dot6(bom).output_as_string(indent=1).encode()


def _component(package: LockedPackage) -> Component:
    purl = PackageURL(type="pypi", name=package.name, version=package.version)
    return Component(
        name=package.name,
        version=package.version,
        type=ComponentType.LIBRARY,
        bom_ref=purl.to_string(),
        purl=purl,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=package.sha256)],
        licenses=_licences(package),
        properties=[Property(name=WHEEL, value=package.wheel)],
    )


def _licences(package: LockedPackage) -> list[DisjunctiveLicense | LicenseExpression]:
    """As SPDX where it is, else in the package's own words."""
    expression = parsed(package.license)
    if expression is not None:
        return [LicenseExpression(str(expression))]
    return [DisjunctiveLicense(name=package.license)] if package.license else []
