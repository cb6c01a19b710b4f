"""An index as every test finds it, and files to put there."""

import base64
import hashlib
import io
import tarfile
import zipfile
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from adapters.packages import Packages, PackageSettings
from simulators.kit import Simulators


def settings(simulators: Simulators, **others: Any) -> PackageSettings:
    return PackageSettings.model_validate({"index_url": simulators.packages_url, **others})


@pytest.fixture
async def index(simulators: Simulators) -> AsyncIterator[Simulators]:
    yield simulators
    await simulators.act("packages", "reset")
    await simulators.reset_faults("packages")


@pytest.fixture
def fresh(index: Simulators, tmp_path: Path) -> Packages:
    """Packages that nobody has asked for anything yet."""
    return Packages(tmp_path / "packages", settings(index))


def wheel(
    name: str, version: str, files: Mapping[str, str], *, metadata: str = "", link: bool = False
) -> dict[str, str]:
    """What the index's `offer` takes: a pure wheel with these files, as symbolic links if `link`."""
    info = f"{name}-{version}.dist-info"
    own = {
        f"{info}/METADATA": f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n{metadata}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    lines = [f"{path},sha256={_digest(text)},{len(text.encode())}" for path, text in {**files, **own}.items()]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path, text in {**files, **own, f"{info}/RECORD": "\n".join([*lines, f"{info}/RECORD,,\n"])}.items():
            entry = zipfile.ZipInfo(path)
            entry.external_attr = (0o120777 if link and path in files else 0o100644) << 16
            archive.writestr(entry, text)
    return {"filename": f"{name}-{version}-py3-none-any.whl", "content": base64.b64encode(packed.getvalue()).decode()}


def sdist(name: str, version: str, setup: str) -> dict[str, str]:
    """What the index's `offer` takes: a source distribution with this `setup.py`."""
    packed = io.BytesIO()
    about = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for path, text in {"setup.py": setup, "PKG-INFO": about}.items():
            member = tarfile.TarInfo(f"{name}-{version}/{path}")
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return {"filename": f"{name}-{version}.tar.gz", "content": base64.b64encode(packed.getvalue()).decode()}


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
