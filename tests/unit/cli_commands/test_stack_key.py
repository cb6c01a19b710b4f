"""The key of a stack's secrets: one that the database adapter takes, told to those alone who need it."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from adapters.database import SecretsSettings
from cli.stack import StackOptions, credentials
from cli.stack.layout import standard


@pytest.mark.parametrize("given", [None, "from the environment"])
def test_api_and_workers_are_told_the_key_and_nobody_else(tmp_path: Path, given: str | None):
    environ = {"CCB_SECRETS_KEY": given} if given else {}
    parts = standard(StackOptions.on_free_ports(tmp_path, simulate=True), tmp_path, environ).parts
    told = {part.name: part.environment["CCB_SECRETS_KEY"] for part in parts if "CCB_SECRETS_KEY" in part.environment}
    assert set(told) == {"api", "workers"}
    assert len(set(told.values())) == 1
    if given:
        assert set(told.values()) == {given}
    else:
        SecretsSettings(key=SecretStr(told["api"]))
        value = told["api"]
        assert [file.name for file in tmp_path.iterdir() if file.is_file() and value in file.read_text()] == [
            "secrets.json"
        ]


def test_a_stack_makes_its_key_once_and_keeps_it_to_itself(tmp_path: Path):
    first = credentials.kept(tmp_path).secrets_key
    assert credentials.kept(tmp_path).secrets_key == first
    assert (tmp_path / "secrets.json").stat().st_mode & 0o777 == 0o600
