"""Commands about what proves a version: bundle, verify."""

import importlib
from pathlib import Path
from typing import Annotated

import typer

from cli import output
from cli.client import Api
from cli.connection import connected
from cli.errors import UNREACHABLE, BadInput, CliError, reported
from cli.options import DEFAULT_DATA_DIR, DataDir, Json, NameOrId
from cli.output import said
from domain import bundle as bundles
from domain.base import Data
from domain.bundle import Verified
from domain.errors import InvalidInput, VerdictInvalid
from domain.ids import ContentHash
from domain.ports import Verifier

_LARGEST_KEYS = 100_000


class Written(Data):
    """Where a bundle was put."""

    name: str
    version: str
    file: str
    bytes: int
    content_hash: ContentHash


@connected
def bundle(
    api: Api,
    name: NameOrId,
    version: Annotated[str | None, typer.Option("--version", help="Which; the newest without it.")] = None,
    file: Annotated[Path | None, typer.Option("--output", "-o", help="Where to; NAME-VERSION.tar without it.")] = None,
    as_json: Json = False,
) -> None:
    """Fetch a version's bundle: its files, reports, bill of materials, lock and signed verdict."""
    versions = [one for one in api.versions(name) if version in {None, one.version}]
    if not versions:
        which = f"version {version}" if version else "version yet"
        raise BadInput(f"{name} has no {which}: `ccb status {name}` says where it stands.", code="not_found")
    wanted = versions[-1]
    data = api.bundle(name, wanted.version)
    target = file or Path(f"{name}-{wanted.version}.tar")
    try:
        target.write_bytes(data)
    except OSError as error:
        raise BadInput(f"{target} cannot be written: {error.strerror}.", code="unwritable_file") from error
    written = Written(
        name=name,
        version=wanted.version,
        file=str(target),
        bytes=len(data),
        content_hash=wanted.content_hash,
    )
    if as_json:
        output.print_json(written)
    else:
        said(f"{target} is {name} {wanted.version}. Check it: ccb verify {target}")


def verify(
    file: Annotated[Path, typer.Argument(metavar="BUNDLE", help="The bundle's file.", show_default=False)],
    keys: Annotated[
        Path | None, typer.Option("--key", help="File with the public keys; `signing.pub` of the stack without it.")
    ] = None,
    as_json: Json = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Check a bundle on this machine alone: that nothing of it changed since it was proven, and what was proven."""
    with reported(as_json=as_json):
        verifier = _verifier(keys or data_dir / "signing.pub")
        data = _read(file, bundles.MAX_BYTES, "a bundle")
        try:
            _, proven = bundles.verify(data, verifier)
        except InvalidInput as error:
            raise BadInput(f"{file}: {error.message}", code="invalid_bundle") from error
        except VerdictInvalid as error:
            raise CliError(f"{file}: {error.message}", exit_code=UNREACHABLE, code=error.code) from error
        if as_json:
            output.print_json(proven)
        else:
            _show(proven)


def _show(proven: Verified) -> None:
    said(f"{proven.name} {proven.version} is proven", "green")
    findings = ", ".join(f"{count} {effect}" for effect, count in proven.findings.items())
    rows = {
        "content": proven.content_hash,
        "proven": proven.verified_at.astimezone().strftime("%Y-%m-%d %H:%M:%S %z"),
        "tests": f"{proven.tests.passed} passed, {proven.tests.skipped} skipped",
        "packages": f"{proven.packages}, each locked by hash",
        "findings": f"none blocks it; {findings or 'none at all'}",
        "policy": proven.policy,
        "key": proven.key_id,
    }
    for what, value in rows.items():
        said(f"  {what:<9} {value}")


def _verifier(file: Path) -> Verifier:
    text = _read(file, _LARGEST_KEYS, "a file of keys")
    # Imported here, since it takes as long as all the rest of a command.
    envelopes = importlib.import_module("adapters.attestation.envelopes")
    try:
        verifier: Verifier = envelopes.DsseVerifier(text.decode())
    except UnicodeDecodeError as error:
        raise BadInput(f"{file} does not hold public keys.", code="no_key") from error
    except ValueError as error:
        raise BadInput(f"{file} does not hold public keys: {error}.", code="no_key") from error
    return verifier


def _read(file: Path, most: int, what: str) -> bytes:
    """At most so many bytes, whatever the file is."""
    try:
        with file.open("rb") as opened:
            data = opened.read(most + 1)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise BadInput(f"{file} cannot be read: {reason}.", code="unreadable_file") from error
    if len(data) > most:
        raise BadInput(f"{file} is larger than {what} may be ({most} bytes).", code="invalid_bundle")
    return data
