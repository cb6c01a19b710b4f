"""Where the command line finds the API and its key."""

from pathlib import Path

import pytest

from cli.errors import BAD_REQUEST, UNREACHABLE, BadInput, CliError, Unreachable
from cli.options import api_key, api_url


def test_what_is_given_wins_over_what_the_stack_left(tmp_path: Path):
    (tmp_path / "stack.json").write_text('{"api_url": "http://127.0.0.1:1/"}')
    assert api_url("http://127.0.0.1:2/", tmp_path) == "http://127.0.0.1:2"
    assert api_url(None, tmp_path) == "http://127.0.0.1:1"


@pytest.mark.parametrize("content", [None, "", "not json", "[]", "{}", '{"api_url": 7}'])
def test_no_stack_says_how_to_start_one(tmp_path: Path, content: str | None):
    if content is not None:
        (tmp_path / "stack.json").write_text(content)
    with pytest.raises(Unreachable, match="ccb up") as refused:
        api_url(None, tmp_path)
    assert refused.value.exit_code == UNREACHABLE


def test_a_url_of_another_kind_is_bad_input(tmp_path: Path):
    with pytest.raises(BadInput, match="http"):
        api_url("localhost:8080", tmp_path)


def test_the_key_file_wins_over_the_environment_and_that_over_the_operators(tmp_path: Path):
    (tmp_path / "operator.key").write_text("ccb_operator\n")
    (tmp_path / "mine").write_text(" ccb_mine \n")
    assert api_key("ccb_env", tmp_path / "mine", tmp_path).get_secret_value() == "ccb_mine"
    assert api_key("ccb_env", None, tmp_path).get_secret_value() == "ccb_env"
    assert api_key(None, None, tmp_path).get_secret_value() == "ccb_operator"


@pytest.mark.parametrize("content", [None, b"", b"\n", b"two\nlines", b"\xff\xfe", "ä".encode()])
def test_a_key_file_without_a_key_is_a_sentence(tmp_path: Path, content: bytes | None):
    if content is not None:
        (tmp_path / "operator.key").write_bytes(content)
    with pytest.raises(CliError, match=r"operator\.key") as refused:
        api_key(None, None, tmp_path)
    assert refused.value.exit_code == BAD_REQUEST
