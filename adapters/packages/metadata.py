"""What a wheel says of itself: licence and needs (packaging.python.org, "Core metadata"). Data; nothing of it runs."""

import re
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from packaging.metadata import RawMetadata, parse_email
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from adapters.packages.requirements import requirement
from domain.errors import Corrupted
from domain.packages import LockedPackage

MAX_METADATA = 4 << 20
MAX_UNPACKED = 2 << 30
_METADATA = re.compile(r"[^/]+\.dist-info/METADATA")
# Classifiers and words that name one licence of the SPDX list, and no more. "BSD License" or "GPL" do not.
_SPDX = {
    "academic free license (afl)": "AFL-3.0",
    "apache 2.0": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "apache software license 2.0": "Apache-2.0",
    "boost software license 1.0 (bsl-1.0)": "BSL-1.0",
    "bsd 2-clause license": "BSD-2-Clause",
    "bsd 3-clause": "BSD-3-Clause",
    "bsd 3-clause license": "BSD-3-Clause",
    "3-clause bsd": "BSD-3-Clause",
    "3-clause bsd license": "BSD-3-Clause",
    "new bsd license": "BSD-3-Clause",
    "gnu affero general public license v3": "AGPL-3.0-only",
    "gnu affero general public license v3 or later (agplv3+)": "AGPL-3.0-or-later",
    "gnu general public license v2 (gplv2)": "GPL-2.0-only",
    "gnu general public license v2 or later (gplv2+)": "GPL-2.0-or-later",
    "gnu general public license v3 (gplv3)": "GPL-3.0-only",
    "gnu general public license v3 or later (gplv3+)": "GPL-3.0-or-later",
    "gnu lesser general public license v2 (lgplv2)": "LGPL-2.0-only",
    "gnu lesser general public license v2 or later (lgplv2+)": "LGPL-2.0-or-later",
    "gnu lesser general public license v3 (lgplv3)": "LGPL-3.0-only",
    "gnu lesser general public license v3 or later (lgplv3+)": "LGPL-3.0-or-later",
    "isc license (iscl)": "ISC",
    "isc license": "ISC",
    "mit license": "MIT",
    "the mit license": "MIT",
    "mit no attribution license (mit-0)": "MIT-0",
    "mozilla public license 1.1 (mpl 1.1)": "MPL-1.1",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "python software foundation license": "PSF-2.0",
    "the unlicense (unlicense)": "Unlicense",
    "universal permissive license (upl)": "UPL-1.0",
    "zlib/libpng license": "Zlib",
    "zope public license": "ZPL-2.1",
    "cc0 1.0 universal (cc0 1.0) public domain dedication": "CC0-1.0",
}


def described(packages: Sequence[LockedPackage], wheels: Sequence[Path], roots: Sequence[str]) -> list[LockedPackage]:
    """The packages with the licence and the needs that their wheels state. Raises Corrupted for a wheel that is none.

    `roots` are the requirements, whose extras count.
    """
    stated = {package.name: _read(wheel, package) for package, wheel in zip(packages, wheels, strict=True)}
    needs = _needs(stated, roots)
    return [
        package.model_copy(update={"license": license_of(stated[package.name]), "requires": needs[package.name]})
        for package in packages
    ]


def license_of(stated: RawMetadata) -> str:
    """The licence as an SPDX expression: stated as one (PEP 639), or told by the older fields; empty if it cannot be.

    Several classifiers are taken together, since nothing says that one may choose.
    """
    for text in (stated.get("license_expression", ""), stated.get("license", "")):
        if text.strip() and (found := _spdx(text)):
            return found
    classifiers = [one for one in stated.get("classifiers", []) if one.startswith("License :: ")]
    found_all = {_spdx(one.rpartition(" :: ")[2]) for one in classifiers if one != "License :: OSI Approved"}
    return " AND ".join(sorted(found_all)) if found_all and "" not in found_all else ""


def _spdx(text: str) -> str:
    words = " ".join(text.split())
    if words.lower() in _SPDX:
        return _SPDX[words.lower()]
    try:
        return str(canonicalize_license_expression(words))
    except InvalidLicenseExpression:
        return ""


def _needs(stated: Mapping[str, RawMetadata], roots: Sequence[str]) -> dict[str, list[str]]:
    """For each package the locked ones that it needs here, with the extras that somebody asks it for."""
    extras: dict[str, set[str]] = {name: {""} for name in stated}
    for root in map(requirement, roots):
        extras.get(canonicalize_name(root.name), set()).update(root.extras)
    needs: dict[str, set[str]] = {name: set() for name in stated}
    changed = True
    while changed:
        changed = False
        for name, metadata in stated.items():
            for other in _requirements(metadata):
                target = str(canonicalize_name(other.name))
                wanted = other.marker is None or any(other.marker.evaluate({"extra": extra}) for extra in extras[name])
                if target in stated and wanted and (target not in needs[name] or other.extras - extras[target]):
                    needs[name].add(target)
                    extras[target] |= other.extras
                    changed = True
    return {name: sorted(found) for name, found in needs.items()}


def _requirements(metadata: RawMetadata) -> list[Requirement]:
    """A resolver has read them before, so one that cannot be read is of an extra that nobody wants."""
    found = []
    for text in metadata.get("requires_dist", []):
        try:
            found.append(requirement(text))
        except InvalidRequirement:
            continue
    return found


def _read(wheel: Path, package: LockedPackage) -> RawMetadata:
    try:
        with zipfile.ZipFile(wheel) as archive:
            entries = archive.infolist()
            files = [entry for entry in entries if _METADATA.fullmatch(entry.filename)]
            bounded = sum(entry.file_size for entry in entries) <= MAX_UNPACKED
            if len(files) != 1 or files[0].file_size > MAX_METADATA or not bounded:
                raise Corrupted(f"{package.wheel} is not a wheel: it is too large, or has not one METADATA.")
            stated, _ = parse_email(archive.read(files[0]))
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, EOFError) as error:
        raise Corrupted(f"{package.wheel} is not a wheel: {error}.") from error
    if canonicalize_name(stated.get("name", "")) != package.name:
        raise Corrupted(f"{package.wheel} says that it is {stated.get('name', '')[:100]!r}.")
    return stated
