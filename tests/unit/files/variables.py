"""Every environment variable that this code reads, found by asking the settings classes and the command line."""

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

import typer
from pydantic import AliasChoices, SecretStr, TypeAdapter
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

import adapters
import api
import cli
import workers
from cli.main import app


@dataclass(frozen=True)
class Variable:
    """One reading of a variable. `default` is as a document writes it: `required`, empty for none, else the value."""

    name: str
    owner: str
    default: str
    secret: bool


@cache
def all_variables() -> list[Variable]:
    return [*_of_settings(), *_of_commands()]


def names() -> set[str]:
    return {variable.name for variable in all_variables()}


def secrets() -> set[str]:
    return {variable.name for variable in all_variables() if variable.secret}


def defaults() -> dict[str, str]:
    """What a table says of each variable: what one process needs is required, and `ccb up` may choose otherwise."""
    found = {}
    for name in names():
        of_processes = [v.default for v in all_variables() if v.name == name and v.owner != "StackOptions"]
        of_stack = [v.default for v in all_variables() if v.name == name and v.owner == "StackOptions"]
        given = sorted({default for default in of_processes if default})
        text = "required" if "required" in given else "; ".join(given)
        found[name] = "; ".join(dict.fromkeys([text, *of_stack] if text else of_stack))
    return found


def commands() -> dict[tuple[str, ...], Any]:
    """Every command of `ccb` by its words, groups included; of click's types, wherever Typer has them from."""
    return dict(_walked(typer.main.get_command(app), ()))


def _walked(command: Any, words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield words, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from _walked(inner, (*words, name))


def _of_commands() -> Iterator[Variable]:
    for words, command in commands().items():
        for parameter in command.params:
            given = [parameter.envvar] if isinstance(parameter.envvar, str) else parameter.envvar or []
            for name in given:
                yield Variable(name=name, owner=" ".join(("ccb", *words)), default="", secret=False)


def _of_settings() -> Iterator[Variable]:
    for settings in _classes():
        prefix = settings.model_config.get("env_prefix", "")
        for field, info in settings.model_fields.items():
            alias = info.validation_alias
            named = [str(choice) for choice in alias.choices] if isinstance(alias, AliasChoices) else [alias]
            for name in named if alias is not None else [f"{prefix}{field}".upper()]:
                yield Variable(name=str(name), owner=settings.__name__, default=_default(info), secret=_is_secret(info))


def _classes() -> list[type[BaseSettings]]:
    for package in (adapters, api, cli, workers):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if module.name.rpartition(".")[2] in {"settings", "options"}:
                importlib.import_module(module.name)
    ours = ("adapters.", "api.", "cli.", "workers.")
    return sorted(
        (found for found in _below(BaseSettings) if found.__module__.startswith(ours)),
        key=lambda c: c.__name__,
    )


def _below(kind: type[BaseSettings]) -> Iterator[type[BaseSettings]]:
    for found in kind.__subclasses__():
        yield found
        yield from _below(found)


def _is_secret(info: FieldInfo) -> bool:
    return "SecretStr" in str(info.annotation)


def _default(info: FieldInfo) -> str:
    if info.is_required():
        return "required"
    value = info.get_default(call_default_factory=True, validated_data={})
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if value is None or value in ("", ()):
        return ""
    if isinstance(value, timedelta):
        return str(TypeAdapter(timedelta).dump_python(value, mode="json"))
    return str(value).lower() if isinstance(value, bool) else str(value)
