"""The key of sessions' tokens, and the mail server's password: told to the API and nobody else."""

from pathlib import Path

import pytest

from adapters.tokens import Signer, TokenSettings
from cli.stack import StackOptions
from cli.stack.layout import Layout, standard


def laid_out(data_dir: Path, environ: dict[str, str]) -> Layout:
    return standard(StackOptions.on_free_ports(data_dir, simulate=True), data_dir, environ)


@pytest.mark.parametrize("name", ["CCB_TOKENS_KEYS", "CCB_SMTP_PASSWORD"])
def test_the_api_alone_is_told(tmp_path: Path, name: str):
    parts = laid_out(tmp_path, {"CCB_SMTP_PASSWORD": "hush"}).parts
    assert {part.name for part in parts if name in part.environment} == {"api"}


def test_a_stack_makes_a_key_that_signs_and_keeps_it(tmp_path: Path):
    first, second = (
        next(part.environment["CCB_TOKENS_KEYS"] for part in laid_out(tmp_path, {}).parts if part.name == "api")
        for _ in range(2)
    )
    assert first == second
    Signer(TokenSettings(keys=first))
    assert [file.name for file in tmp_path.iterdir() if file.is_file() and first in file.read_text()] == [
        "secrets.json"
    ]


def test_where_letters_are_is_said_if_no_server_sends_them(tmp_path: Path):
    unsent = laid_out(tmp_path, {}).addresses
    sent = laid_out(tmp_path, {"CCB_SMTP_HOST": "mail.example.com"}).addresses
    assert unsent is not None
    assert sent is not None
    assert (unsent.mail_dir, sent.mail_dir) == (tmp_path / "mail", None)
