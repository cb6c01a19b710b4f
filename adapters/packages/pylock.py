"""Reading a lock file (packaging.python.org, "pylock.toml Specification"; PEP 751), ours or one that came in a bundle.

Of all that such a file may say, only this is taken: exactly one wheel for each package, by SHA-256, at an http address.
"""

import json
import re
import tomllib
from collections.abc import Sequence
from urllib.parse import unquote, urlsplit

from packaging.pylock import Package, Pylock, PylockSelectError, PylockUnsupportedVersionError, PylockValidationError
from pydantic import ValidationError

from domain.errors import InvalidInput
from domain.packages import Lock, LockedPackage

MAX_BYTES = 1 << 20
MAX_PACKAGES = 500
_TOOL = "ccb"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!-]{0,250}\.whl")


def parse(text: str) -> Lock:
    """The lock that `text` is. Its packages have no licences and needs: those are in the wheels.

    Raises InvalidInput with the reason, also for a lock that was made for another Python or platform.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise InvalidInput(f"The lock is larger than {MAX_BYTES >> 20} MiB.", field="lock")
    try:
        data = tomllib.loads(text)
        chosen = [package for package, _ in Pylock.from_dict(data).select()]
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InvalidInput(f"The lock is not TOML: {error}.", field="lock") from error
    except (PylockValidationError, PylockUnsupportedVersionError) as error:
        raise InvalidInput(f"The lock does not follow PEP 751: {error}.", field="lock") from error
    except PylockSelectError as error:
        raise InvalidInput(f"The lock cannot be installed on this machine: {error}.", field="lock") from error
    if not 0 < len(chosen) <= MAX_PACKAGES or len(chosen) != len(data["packages"]):
        raise InvalidInput(
            f"The lock names {len(data['packages'])} packages, of which {len(chosen)} are for this machine; all of"
            f" them must be, and there may be 1 to {MAX_PACKAGES}.",
            field="lock",
        )
    packages = sorted((_locked(package) for package in chosen), key=lambda package: package.name)
    return Lock(requirements=_requirements(data), packages=packages, text=text)


def signed(text: str, requirements: Sequence[str]) -> str:
    """A resolver's lock with the requirements that it was made from, in the table that PEP 751 leaves to tools."""
    # JSON's strings are TOML's (toml.io 1.0, "String") where nothing but ASCII is written.
    return f"{text.rstrip()}\n\n[tool.{_TOOL}]\nrequirements = {json.dumps(list(requirements))}\n"


def _requirements(data: dict[str, object]) -> list[str]:
    tool = data.get("tool")
    ours = tool.get(_TOOL, {}) if isinstance(tool, dict) else {}
    found = ours.get("requirements", []) if isinstance(ours, dict) else []
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise InvalidInput("The lock's own requirements are not a list of strings.", field="lock")
    return found


def _locked(package: Package) -> LockedPackage:
    name, wheels = str(package.name), package.wheels or []
    other = package.vcs or package.directory or package.archive or package.sdist
    if other or len(wheels) != 1 or package.version is None or package.marker is not None:
        raise InvalidInput(f"The lock must name exactly one wheel of {name}, and nothing else.", field="lock")
    wheel = wheels[0]
    parts = urlsplit(wheel.url or "")
    filename = wheel.name or unquote(parts.path).rpartition("/")[2]
    if parts.scheme not in {"http", "https"} or not parts.hostname or not _NAME.fullmatch(filename):
        raise InvalidInput(f"The lock's wheel of {name} is not at an http address, under a plain name.", field="lock")
    try:
        return LockedPackage(
            name=name,
            version=str(package.version),
            wheel=filename,
            url=str(wheel.url),
            sha256=wheel.hashes.get("sha256", ""),
        )
    except ValidationError as error:
        raise InvalidInput(f"The lock's wheel of {name} has no SHA-256.", field="lock") from error
