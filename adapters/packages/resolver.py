"""Resolving requirements with uv, which is started as a process, and reads an index and nothing else."""

import asyncio
import os
import re
import sys
from asyncio.subprocess import PIPE
from collections.abc import Mapping, Sequence
from pathlib import Path

import uv

from adapters.packages.settings import PackageSettings
from domain.errors import CcbError, InvalidInput, VendorRateLimited, VendorRejected, VendorUnavailable

VENDOR = "packages"
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
_OPTIONS = (
    # `--only-binary :all:` keeps uv from building, which is the only way that a package's code could run.
    *("--format", "pylock.toml", "--only-binary", ":all:", "--no-sources", "--no-annotate", "--no-header"),
    *("--python", sys.executable, "--python-version", PYTHON, "--no-progress", "--color", "never", "--quiet"),
)
_PASSED = re.compile(
    r"(https?|all|no)_proxy|SSL_CERT_(FILE|DIR)|NETRC|HOME|XDG_CONFIG_(HOME|DIRS)|LANG|"
    r"UV_(SYSTEM_CERTS|NATIVE_TLS|INSECURE_HOST|CONFIG_FILE|HTTP_TIMEOUT)",
    re.IGNORECASE,
)
_INDEXES = re.compile(r"UV_(DEFAULT_)?(EXTRA_)?INDEX(_.+)?|UV_KEYRING_PROVIDER|UV_FIND_LINKS")
_MAX_OUTPUT = 1 << 20
_UNFETCHED = re.compile(r"Failed to (fetch|download)")
_REFUSED = re.compile(r"could not be queried|returned a 40[13] |HTTP status client error")
_CREDENTIALS = re.compile(r"//[^/@\s]+@")


async def resolve(requirements: Sequence[str], settings: PackageSettings, *, cache: Path) -> str:
    """The lock of canonical requirements, as uv writes it.

    Raises InvalidInput if they cannot be had together or not as wheels, VendorUnavailable, VendorRateLimited or
    VendorRejected if the index cannot be read.
    """
    options = [*_OPTIONS, "--cache-dir", str(cache)]
    if settings.exclude_newer:
        options += ["--exclude-newer", settings.exclude_newer.isoformat()]
    if settings.index_url:
        options.append("--no-config")
    process = await asyncio.create_subprocess_exec(
        *(uv.find_uv_bin(), "pip", "compile", "-", *options),
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        env=_environment(settings, os.environ),
        cwd="/",  # uv reads the configuration of the project that it stands in
    )
    try:
        async with asyncio.timeout(settings.timeout):
            out, said = await process.communicate("\n".join(requirements).encode())
    except TimeoutError as late:
        raise VendorUnavailable(
            f"The package index did not answer within {settings.timeout:g} s; try again later.", vendor=VENDOR
        ) from late
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise _error(said[:_MAX_OUTPUT].decode(errors="replace"))
    return out.decode()


def _environment(settings: PackageSettings, environ: Mapping[str, str]) -> dict[str, str]:
    """Of our own environment, how to reach an index and nothing of ours; our index is given here to stay unlisted."""
    found = {name: value for name, value in environ.items() if _PASSED.fullmatch(name)}
    if settings.index_url is None:
        found |= {name: value for name, value in environ.items() if _INDEXES.fullmatch(name)}
    else:
        found["UV_DEFAULT_INDEX"] = settings.index_url.get_secret_value()
    # Temporal owns retries.
    return found | {"UV_HTTP_RETRIES": "0", "UV_PYTHON_DOWNLOADS": "never"}


def _error(said: str) -> CcbError:
    """What uv says, in plain words."""
    text = _CREDENTIALS.sub("//", said)
    reason = " ".join(
        re.sub(r"^\s*(error|cause|hint):", "", line).strip() for line in text.splitlines() if line.strip()
    )[:1500]
    if "429 Too Many Requests" in text:
        return VendorRateLimited(f"The package index asks to wait: {reason}", vendor=VENDOR)
    if _REFUSED.search(text):
        return VendorRejected(
            f"The package index refuses us; check CCB_PACKAGES_INDEX_URL or uv's configuration: {reason}", vendor=VENDOR
        )
    if _UNFETCHED.search(text):
        return VendorUnavailable(
            "The package index cannot be read; check CCB_PACKAGES_INDEX_URL, or uv's configuration if it is not set:"
            f" {reason}",
            vendor=VENDOR,
        )
    if "No solution found" in text:
        unsolved = reason.replace("No solution found when resolving dependencies", "").strip()
        return InvalidInput(f"The requirements cannot be installed from wheels. {unsolved}", field="requirements")
    return VendorRejected(f"uv could not resolve the requirements: {reason}", vendor=VENDOR)
