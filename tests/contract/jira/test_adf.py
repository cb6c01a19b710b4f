"""Text for Jira and from it, against the schema of its documents that Atlassian publishes."""

import json
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from jsonschema import Draft4Validator

from adapters.jira import adf, webhooks
from adapters.trackers import marks

SCHEMA = Draft4Validator(json.loads((Path(__file__).parent / "adf.json").read_text()))
PROGRESS = """~~requested~~ → **reviewing** → active

a person decides

- Integration: `cities` 1.0.0
- Pull request: https://github.example/acme/integrations/pull/7
- Claude: 3 turns, 1200 tokens, $0.0100

**Failed while testing**: no.
Nothing had to be undone."""

markdown = st.text(alphabet=st.sampled_from("ab *`~-[]()\n\\_#>|@:/.é\u2063") | st.characters(), max_size=200)


def test_what_we_say_keeps_its_form() -> None:
    document = adf.document(PROGRESS)
    assert SCHEMA.is_valid(document)
    assert [block["type"] for block in document["content"]] == ["paragraph", "paragraph", "bulletList", "paragraph"]
    [road, _, facts, failure] = document["content"]
    assert [node.get("marks", [{}])[0].get("type") for node in road["content"]] == ["strike", None, "strong", None]
    link = facts["content"][1]["content"][0]["content"][1]["marks"][0]
    assert link == {"type": "link", "attrs": {"href": "https://github.example/acme/integrations/pull/7"}}
    assert "hardBreak" in [node["type"] for node in failure["content"]]


@given(markdown)
def test_any_text_becomes_a_valid_document(text: str) -> None:
    assert SCHEMA.is_valid(adf.document(text))


@given(st.text(alphabet=st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=100))
def test_the_mark_is_found_in_what_jira_delivers(text: str) -> None:
    assume(not text.lstrip().startswith((">", "|", "bq.")))  # of quotes, others wrote the rest
    assert marks.ours(webhooks.text(adf.document(marks.marked(text))))


def test_the_check_of_documents_can_fail() -> None:
    assert not SCHEMA.is_valid({"type": "doc", "version": 1, "content": [{"type": "text", "text": "loose"}]})


def test_a_document_reads_as_a_person_reads_it() -> None:
    link = {"type": "text", "text": "here", "marks": [{"type": "link", "attrs": {"href": "https://a.example/x.json"}}]}
    blocks = [
        {"type": "heading", "content": [{"type": "text", "text": "API document"}]},
        {"type": "paragraph", "content": [link, {"type": "hardBreak"}, {"type": "mention", "attrs": {"text": "@ada"}}]},
        {"type": "paragraph", "content": [{"type": "inlineCard", "attrs": {"url": "https://b.example"}}]},
    ]
    text = adf.text_of({"type": "doc", "version": 1, "content": blocks})
    assert text == "## API document\nhere https://a.example/x.json\n@ada\nhttps://b.example\n"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["type", "content", "text", "marks", "attrs", "url"]), inner)
    ),
    max_leaves=20,
)


@given(json_values)
def test_anything_reads_as_something(value: object) -> None:
    assert isinstance(adf.text_of(value), str)


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("[https://a.example/o.json|https://a.example/o.json|smart-link]", "https://a.example/o.json"),
        ("*API document*: [the one|https://a.example/o.json]", "*API document*: https://a.example/o.json"),
        ("[https://a.example/o.json]", "https://a.example/o.json"),
        ("{{https://a.example/o.json}}", "https://a.example/o.json"),
        ("[a note] and {code}x{code}", "[a note] and {code}x{code}"),
    ],
)
def test_links_in_jiras_own_markup(markup: str, text: str) -> None:
    assert webhooks.text(markup) == text
