"""Reading event streams, by the WHATWG's rules."""

import json

import pytest

from cli.errors import CliError
from cli.stream import Decoder, Sent
from cli.watch import Call


def read(*chunks: bytes) -> list[Sent]:
    decoder = Decoder()
    return [sent for chunk in chunks for sent in decoder.feed(chunk)]


CASES = [
    (b"data: one\n\n", [Sent("message", "one", "")]),
    (b"event: text\nid: 3.4\ndata: one\n\n", [Sent("text", "one", "3.4")]),
    (b"data: one\r\n\r\ndata: two\r\r", [Sent("message", "one", ""), Sent("message", "two", "")]),
    (b"data:one\ndata:  two\ndata\n\n", [Sent("message", "one\n two\n", "")]),
    (b": a comment\n\ndata: one\n\n", [Sent("message", "one", "")]),
    (b"id: 1\ndata: a\n\ndata: b\n\n", [Sent("message", "a", "1"), Sent("message", "b", "1")]),
    (b"id: 1\n\ndata: b\n\n", [Sent("message", "b", "1")]),
    (b"id: 1\ndata: a\n\nid\ndata: b\n\n", [Sent("message", "a", "1"), Sent("message", "b", "")]),
    (b"id: 1\0\ndata: a\n\n", [Sent("message", "a", "")]),
    (b"event: lost\n\ndata: a\n\n", [Sent("message", "a", "")]),
    (b"unknown: x\nretry: 10\ndata: a\n\n", [Sent("message", "a", "")]),
    (b"\xef\xbb\xbfdata: a\n\n", [Sent("message", "a", "")]),
    (b"data: whole\n\ndata: cut off\n", [Sent("message", "whole", "")]),
    ("data: a\u2028b\x85c\x0bd\n\n".encode(), [Sent("message", "a\u2028b\x85c\x0bd", "")]),
    ("data: ü€😀\n\n".encode(), [Sent("message", "ü€😀", "")]),
]


@pytest.mark.parametrize(("data", "sent"), CASES, ids=range(len(CASES)))
def test_events_are_read_by_the_rules_however_the_bytes_are_cut(data: bytes, sent: list[Sent]):
    assert read(data) == sent
    assert read(*(data[at : at + 1] for at in range(len(data)))) == sent
    for at in range(len(data)):
        assert read(data[:at], data[at:]) == sent


def test_an_event_without_an_end_is_not_kept_for_ever():
    with pytest.raises(CliError, match="no end"):
        read(*[b"data: " + b"x" * 1_000_000] * 5)
    with pytest.raises(CliError, match="no end"):
        read(*[b"data: " + b"x" * 1_000_000 + b"\n"] * 5)


def test_a_call_is_told_as_soon_as_it_is_known_what_it_is_about():
    call = Call("write_file")
    text = json.dumps({"path": 'tests/"test"_app.py', "content": "x" * 100})
    heard = [call.heard(letter) for letter in text]
    assert heard.index(True) < 40
    assert call.told() == 'write_file tests/"test"_app.py'


@pytest.mark.parametrize(
    ("pieces", "told"),
    [
        ([], "run_checks"),
        (["{}"], "run_checks"),
        (['{"limit": 3, "que', 'ry": "cities"}'], "run_checks cities"),
        (['{"content": "{\\"path\\": \\"no\\"}", "path": "yes"}'], "run_checks yes"),
        (['{"path": "\\ud8'], "run_checks"),
    ],
    ids=["nothing", "empty", "query", "quoted", "cut"],
)
def test_what_a_call_is_about(pieces: list[str], told: str):
    call = Call("run_checks")
    for piece in pieces:
        call.heard(piece)
    assert call.told() == told
