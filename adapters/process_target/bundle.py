"""A version's bundle at the runner: written by somebody we do not trust, so proven before a byte reaches the disk."""

from collections.abc import Mapping
from pathlib import Path

from domain import bundle
from domain.bundle import Bundle
from domain.ports import Verifier
from domain.vendors import DeploymentSpec


def read(data: bytes, spec: DeploymentSpec, verifier: Verifier) -> Bundle:
    """The bundle of the version that `spec` names.

    Raises InvalidInput for what is no bundle, VerdictInvalid for one that is not proven, or is another version's.
    """
    found, proven = bundle.verify(data, verifier)
    proven.require(spec)
    return found


def write(files: Mapping[str, str], folder: Path) -> None:
    """Write files that `read` has passed below `folder`, which must not exist yet; the jail's user may read them."""
    folder.mkdir(parents=True)
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode())
    for made in (folder, *folder.rglob("*")):  # whatever our umask
        made.chmod(0o755 if made.is_dir() else 0o644)
