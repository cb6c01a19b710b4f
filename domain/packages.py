"""What an integration installs: its requirements resolved to exact wheels, by hash."""

from typing import Annotated

from pydantic import Field, StringConstraints

from domain.base import Data

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class LockedPackage(Data):
    """One wheel. `license` is what its metadata says, as an SPDX expression where that can be told; empty if not."""

    name: str
    version: str
    wheel: str
    url: str
    sha256: Sha256
    license: str = ""
    requires: list[str] = Field(default=[], description="Names of locked packages that this one needs.")


class Lock(Data):
    """Requirements resolved. `text` is the lock file (PEP 751, `pylock.toml`); the packages are what it says."""

    requirements: list[str]
    packages: list[LockedPackage]
    text: str

    @property
    def purls(self) -> list[str]:
        """Package URLs (purl-spec, type pypi), sorted."""
        return sorted(f"pkg:pypi/{package.name}@{package.version}" for package in self.packages)
