"""What people type and fill in: read, or refused with words they can use."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import settings as bounded
from hypothesis import strategies as st

from adapters.slack import commands, forms
from adapters.slack.commands import Asked, Verb
from domain.errors import InvalidInput


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Asked(verb=Verb.HELP)),
        ("  STATUS  Weather ", Asked(verb=Verb.STATUS, name="weather")),
        ("status `weather`", Asked(verb=Verb.STATUS, name="weather")),
        ("reject weather  too slow ", Asked(verb=Verb.CHANGES, name="weather", words="too slow")),
        ("create List the cities", Asked(verb=Verb.CREATE, words="List the cities")),
        ("ls", Asked(verb=Verb.LIST)),
    ],
    ids=range(6),
)
def test_what_is_typed(text: str, expected: Asked) -> None:
    assert commands.read(text) == expected
    assert commands.mentioned(f"<@U0CCBBOT> {text}") == expected


@pytest.mark.parametrize("text", ["approve", "changes", "deploy weather", "status ../../etc", "approve <!channel>"])
def test_what_is_not_understood(text: str) -> None:
    with pytest.raises(InvalidInput):
        commands.read(text)


@bounded(max_examples=200, deadline=None)
@given(st.text(max_size=100) | st.tuples(st.sampled_from(Verb), st.text(max_size=60)).map(" ".join))
def test_any_words_are_read_or_refused(text: str) -> None:
    with contextlib.suppress(InvalidInput):
        asked = commands.read(text)
        assert asked.verb in Verb
        assert asked.name == "" or asked.name.replace("-", "").replace("_", "").isalnum()


@bounded(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from([*forms.Wanted.model_fields, "words", "x"]), st.text(max_size=60)))
def test_any_form_is_read_or_refused(values: dict[str, str]) -> None:
    with contextlib.suppress(forms.FieldErrors):
        assert forms.wanted(values).document.startswith("http")
    if values.get("words", "").strip():
        assert forms.words(values)
    else:
        with pytest.raises(forms.FieldErrors):
            forms.words(values)
