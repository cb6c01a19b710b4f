"""What people see on the screen, whatever is in the text."""

import re

import pytest

from cli.output import cell, plain, seconds

ESCAPES = "\x1b[2J\x1b]0;owned\x07\x9b31m\x00"


def test_text_from_outside_cannot_steer_the_terminal():
    assert not re.search(r"[\x00-\x1f\x7f-\x9f]", plain(ESCAPES + "\r\nx\n"))
    assert "owned" in plain(ESCAPES)


def test_text_from_outside_is_no_markup():
    assert cell("[red]not red[/red]").plain == "[red]not red[/red]"
    assert cell("[red]not red[/red]").spans == []
    assert cell(None).plain == ""


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.04, "0.0 s"),
        (4.25, "4.2 s"),
        (59.9, "59.9 s"),
        (60, "1 min 00 s"),
        (185, "3 min 05 s"),
        (7620, "2 h 07 min"),
        (3 * 86400 + 4 * 3600, "3 d 04 h"),
    ],
)
def test_durations_are_said_in_the_units_people_use(value: float, words: str):
    assert seconds(value) == words
