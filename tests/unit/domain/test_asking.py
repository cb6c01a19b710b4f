"""A request is read out of an issue, however it was written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.asking import Asked, read

DOCUMENT = "https://api.example.com/openapi.json"


@pytest.mark.parametrize(
    "body",
    [
        f"Please.\n\nAPI document: {DOCUMENT}\n",
        f"- **API document**: <{DOCUMENT}>",
        f"> OpenAPI: {DOCUMENT}",
        f"### API document\r\n\r\n{DOCUMENT}\r\n\r\n### Anything else\n\nno",
        f"It is [here]({DOCUMENT}), thanks.",
        f"`{DOCUMENT}`",
    ],
)
def test_the_document_is_found(body: str) -> None:
    assert read(body).document == DOCUMENT


def test_a_line_that_names_it_wins_over_a_link_before_it() -> None:
    body = f"Not https://other.example.com/old.yaml\nAPI document: {DOCUMENT}"
    assert read(body).document == DOCUMENT


def test_all_three_are_read() -> None:
    body = f"API document: {DOCUMENT}\nBase URL: https://api.example.com/v2\nName: project-issues\n"
    expected = Asked(document=DOCUMENT, base_url="https://api.example.com/v2", name="project-issues")
    assert read(body) == expected


@pytest.mark.parametrize("body", ["", "List the issues.", "API document: see the wiki", "file:///etc/passwd.json"])
def test_where_there_is_none_there_is_none(body: str) -> None:
    assert read(body) == Asked(document=None, base_url=None, name=None)


@given(st.text(max_size=2000))
def test_whatever_is_written_is_read(body: str) -> None:
    asked = read(body)
    assert asked.document is None or asked.document.startswith(("http://", "https://", "HTTP"))
