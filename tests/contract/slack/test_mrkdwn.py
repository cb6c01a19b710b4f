"""Markdown as Slack shows it; nothing in it may act."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.slack.mrkdwn import mrkdwn, pieces


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("**bold** and *italic* and ~~gone~~", "*bold* and _italic_ and ~gone~"),
        ("# A heading", "*A heading*"),
        ("- one\n  * two", "• one\n  • two"),
        ("see [the docs](https://a.example/x?a=1&b=2)", "see <https://a.example/x?a=1&amp;b=2|the docs>"),
        ("see https://a.example/x.", "see <https://a.example/x>."),
        ("`a < b`", "`a &lt; b`"),
        ("```python\nif a < b:\n    **c**\n```", "```\nif a &lt; b:\n    **c**\n```"),
        ("```\nunclosed", "```\nunclosed\n```"),
        ("snake_case_name and 2 * 3 * 4", "snake_case_name and 2 * 3 * 4"),
        ("**[x](https://a.example)**", "*<https://a.example|x>*"),
        ("", ""),
    ],
)
def test_what_people_write(markdown: str, expected: str) -> None:
    assert mrkdwn(markdown) == expected


@pytest.mark.parametrize(
    "hostile",
    [
        "<!channel> <!here> <!everyone>",
        "<@U123> <#C123|x> <!subteam^S1>",
        "[click](javascript:alert(1))",
        "[<!channel>](https://a.example/<!channel>)",
        "[a](https://a.example|<!channel>)",
        "https://a.example/<!channel>",
        "`<!channel>`",
        "```\n<!channel>\n```",
        "**<!channel>**",
        "# <!channel>",
        "&lt;!channel&gt;",
    ],
)
def test_nothing_acts(hostile: str) -> None:
    shown = mrkdwn(hostile)
    for special in ("<!", "<@", "<#", "<javascript"):
        assert special not in shown


@given(st.text(alphabet=st.sampled_from("<>!@#|&*_~`[]() \n:/htps.channel"), max_size=200))
def test_every_angle_bracket_is_a_link_of_ours(text: str) -> None:
    shown = mrkdwn(text)
    for start in (index for index, letter in enumerate(shown) if letter == "<"):
        assert shown[start + 1 :].startswith(("http://", "https://", "mailto:"))


@given(st.text(alphabet=st.sampled_from("ab&<\n` *"), max_size=600), st.integers(30, 100))
def test_pieces_fit_and_lose_nothing(text: str, limit: int) -> None:
    shown = mrkdwn(text)
    parts = list(pieces(shown, limit))
    assert all(len(part) <= limit for part in parts)
    kept = "".join("".join(parts).split()).replace("`", "")
    assert kept == "".join(shown.split()).replace("`", "")
    for part in parts:
        rest = part.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "")
        assert "&" not in rest
