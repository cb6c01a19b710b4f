"""Where `ccb secrets set` takes a value from, and what it does not take."""

import os
import pty
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from cli.errors import BAD_REQUEST, BadInput
from cli.secrets import _check_name, _value

CCB = Path(sys.executable).parent / "ccb"


@pytest.mark.parametrize(
    ("content", "value"),
    [
        ("token", "token"),
        ("token\n", "token"),
        ("token\r\n\n", "token"),
        (" to ken ", " to ken "),
        ("-----BEGIN\nabc\n-----END\n", "-----BEGIN\nabc\n-----END"),
        ("x" * 65_536 + "\n", "x" * 65_536),
    ],
)
def test_a_value_from_a_file_is_without_the_line_breaks_at_its_end(tmp_path: Path, content: str, value: str):
    (tmp_path / "file").write_bytes(content.encode())
    assert _value("API_TOKEN", tmp_path / "file").get_secret_value() == value


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read"),
        (b"", "empty"),
        (b"\n", "empty"),
        (b"hunter2\xff", "UTF-8"),
        (b"hunter2" * 20_000, "64 KB"),
        ("☂".encode() * 30_000, "64 KB|UTF-8"),
    ],
)
def test_a_file_without_a_value_is_a_sentence_that_does_not_repeat_it(
    tmp_path: Path, content: bytes | None, words: str
):
    if content is not None:
        (tmp_path / "file").write_bytes(content)
    with pytest.raises(BadInput, match=words) as refused:
        _value("API_TOKEN", tmp_path / "file")
    assert refused.value.exit_code == BAD_REQUEST
    assert "hunter2" not in refused.value.message


@pytest.mark.parametrize("name", ["hunter2", "api-token", "", "A" * 65])
def test_what_is_no_name_is_not_repeated_since_it_may_be_the_value(name: str):
    with pytest.raises(BadInput, match="ccb secrets list") as refused:
        _check_name(name)
    assert "hunter2" not in refused.value.message


def test_on_a_terminal_it_is_asked_for_and_not_shown(tmp_path: Path):
    """A terminal of its own; the API is away, which is said after the value was taken."""
    (tmp_path / "operator.key").write_text("ccb_key")
    shown = bytearray()
    keyboard, terminal = pty.openpty()
    command = [CCB, "secrets", "set", "parcels", "API_TOKEN", "--api-url", "http://127.0.0.1:9"]
    environment = {"PATH": "/usr/bin:/bin", "CCB_DATA_DIR": str(tmp_path)}
    child = subprocess.Popen(
        command, stdin=terminal, stdout=terminal, stderr=terminal, env=environment, start_new_session=True
    )
    os.close(terminal)
    asked = threading.Event()

    def read() -> None:
        while data := _read(keyboard):
            shown.extend(data)
            if b"API_TOKEN: " in shown:
                asked.set()

    reading = threading.Thread(target=read)
    reading.start()
    assert asked.wait(60), bytes(shown)
    os.write(keyboard, b"hunter2\n")
    code = child.wait(60)
    reading.join(10)
    os.close(keyboard)
    assert code == 1
    assert b"ccb up" in shown
    assert b"hunter2" not in shown


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 1000)
    except OSError:  # how Linux says that nobody has the terminal any more
        return b""
