"""A setting that cannot be used, in one sentence: by its variable, and never with its value, which may be a secret."""

from collections.abc import Iterator

from pydantic import ValidationError
from pydantic_settings import BaseSettings


def explained(error: ValidationError) -> str:
    """What is wrong with the environment, for the process that cannot start with it."""
    prefix = next((kind.model_config.get("env_prefix", "") for kind in _kinds() if kind.__name__ == error.title), "")
    found = []
    for entry in error.errors(include_input=False):
        name = "_".join(map(str, entry["loc"])).upper()
        found.append(f"{name if name.startswith('CCB_') else prefix + name}: {entry['msg']}")
    return f"The settings cannot be used: {'; '.join(found)}. docs/settings.md lists them."


def _kinds(kind: type[BaseSettings] = BaseSettings) -> Iterator[type[BaseSettings]]:
    yield kind
    for sub in kind.__subclasses__():
        yield from _kinds(sub)
