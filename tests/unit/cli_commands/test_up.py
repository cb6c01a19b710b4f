"""`ccb up` says at once what is missing."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app

NAMES = ("CCB_CLAUDE_API_KEY", "CCB_SLACK_TOKEN", "CCB_SLACK_CHANNEL")


def test_without_accounts_it_names_what_to_set_and_starts_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (*NAMES[1:], "CCB_SIMULATE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(NAMES[0], "sk-ant-mine")
    done = CliRunner().invoke(app, ["up", "--data-dir", str(tmp_path / "data")])
    assert done.exit_code == 2
    assert all((name in done.output) is (name != NAMES[0]) for name in NAMES)
    assert "--simulate" in done.output
    assert not (tmp_path / "data").exists()
