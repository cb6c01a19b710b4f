"""Commands that talk with the API: where it is, the key, and errors said in one way."""

import functools
import inspect
from collections.abc import Callable
from pathlib import Path

from cli.asking import organization_id
from cli.client import Api
from cli.errors import reported
from cli.options import DEFAULT_DATA_DIR, ApiKey, ApiUrl, DataDir, KeyFile, Organization


def connected(command: Callable[..., None]) -> Callable[..., None]:
    """A command made of one that takes the open API first and `as_json` last: the options that name the API follow."""

    def run(
        api_url: str | None,
        key: str | None,
        key_file: Path | None,
        data_dir: Path,
        organization: str | None,
        *,
        as_json: bool,
        **own: object,
    ) -> None:
        with reported(as_json=as_json), Api.at(api_url, key, key_file, data_dir) as api:
            if organization is not None:
                api.act_in(organization_id(api, organization))
            command(api, as_json=as_json, **own)

    own = list(inspect.signature(command, eval_str=True).parameters.values())[1:]
    parameters = [*own, *inspect.signature(_where).parameters.values()]
    functools.update_wrapper(run, command)
    # Typer reads both to make its options.
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # as PEP 362 has it
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    return run


def _where(
    api_url: ApiUrl = None,
    key: ApiKey = None,
    key_file: KeyFile = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    organization: Organization = None,
) -> None:
    """The options that every such command has."""
