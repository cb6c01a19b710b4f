"""What is accepted, and what is refused with which sentence."""

import contextlib
import json
import random
import tracemalloc
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.openapi import OpenApiDocuments, OpenApiSettings
from domain.errors import DocumentTooLarge, InvalidDocument

DOCUMENTS = OpenApiDocuments(OpenApiSettings())
PATHS = {"/a": {"get": {"responses": {"200": {"description": "fine"}}}}}


def spec(**parts: Any) -> dict[str, Any]:
    return {"openapi": "3.0.3", "info": {"title": "T", "version": "1"}, "paths": PATHS, **parts}


def dumped(**parts: Any) -> bytes:
    return json.dumps(spec(**parts)).encode()


def nested(levels: int) -> Any:
    value: Any = "x"
    for _ in range(levels):
        value = [value]
    return value


YAML = b"openapi: 3.0.3\ninfo: {title: T, version: '1'}\npaths: {/a: {get: {responses: {200: {description: d}}}}}\n"

REFUSED = {
    "empty": (b"", "it is empty"),
    "blank": (b" \n\t", "it is empty"),
    "html": (b"<!doctype html><html></html>", "HTML or XML page"),
    "text": (b"hello", "it is plain text"),
    "list": (b"[1, 2]", "it is a list"),
    "number": (b"12", "a single value"),
    "null": (b"null", "it is empty, not an object"),
    "binary": (b"\x89PNG\r\n\x1a\n\x00\xff", "not text in UTF-8"),
    "neither": (b"{a: [1, 2}", "neither JSON nor YAML"),
    "truncated JSON": (dumped()[:-20], "not complete JSON"),
    "control characters": (b"openapi: \x01", "neither JSON nor YAML"),
    "no openapi": (b'{"paths": {}}', "no `openapi` field"),
    "swagger": (b'swagger: "2.0"\npaths: {}', "it is Swagger '2.0'"),
    "version 2": (dumped(openapi="2.0"), "its `openapi` field says '2.0'"),
    "version 4": (dumped(openapi="4.0.0"), "its `openapi` field says '4.0.0'"),
    "version true": (dumped(openapi=True), "its `openapi` field says 'True'"),
    "version list": (dumped(openapi=["3.0.0"]), "its `openapi` field says"),
    "no paths": (b'{"openapi": "3.1.0"}', "it has no operations"),
    "paths null": (dumped(paths=None), "it has no operations"),
    "paths list": (dumped(paths=[]), "it has no operations"),
    "only options": (dumped(paths={"/a": {"options": {}}}), "it has no operations"),
    "webhooks only": (dumped(paths={}, webhooks={"a": {"post": {}}}), "it has no operations"),
    "other file": (dumped(info={"$ref": "c.yaml#/a"}), "to another file ('c.yaml#/a')"),
    "other host": (dumped(components={"schemas": {"A": {"$ref": "https://x.io/a.json"}}}), "to another file"),
    "nowhere": (dumped(components={"schemas": {"A": {"$ref": "#/components/schemas/B"}}}), "leads nowhere"),
    "list nowhere": (dumped(components={"schemas": {"A": {"$ref": "#/tags/0"}}}, tags=[]), "leads nowhere"),
    "itself": (
        dumped(components={"schemas": {"A": {"$ref": "#/components/schemas/A"}}}),
        "'#/components/schemas/A' leads back to itself",
    ),
    "in a ring": (
        dumped(components={"schemas": {a: {"$ref": f"#/components/schemas/{b}"} for a, b in ("AB", "BC", "CA")}}),
        "leads back to itself",
    ),
    "within itself": (
        dumped(components={"schemas": {"A": {"$ref": "#/components/schemas/A/properties/b"}}}),
        "leads back to itself",
    ),
    "path item ring": (dumped(paths={**PATHS, "/b": {"$ref": "#/paths/~1b"}}), "leads back to itself"),
    "deep JSON": (dumped(x=nested(300)), "more than 200 levels deep"),
    "very deep JSON": (b'{"openapi":"3.0.0","x":' + b"[" * 90_000 + b"]" * 90_000 + b"}", "more than 200 levels deep"),
    "deep YAML": (YAML + b"x: " + b"[" * 300 + b"]" * 300, "more than 200 levels deep"),
    "very deep YAML": (YAML + b"x: " + b"{a: " * 90_000 + b"}" * 90_000, "more than 200 levels deep"),
    "YAML in itself": (YAML + b"x: &a\n  y: *a\n", "it contains itself"),
    "YAML list in itself": (YAML + b"x: &a [1, [*a]]\n", "it contains itself"),
    "unknown alias": (YAML + b"x: *nobody\n", "names no anchor"),
    "two YAML documents": (YAML + b"---\n" + YAML, "several YAML documents"),
    "YAML tag": (YAML + b"x: !!python/object/apply:os.system [ls]\n", "the YAML tag tag:yaml.org,2002:python"),
    "YAML scalar tag": (YAML + b"x: !include other.yaml\n", "the YAML tag !include"),
    "YAML mapping as key": (YAML + b"x: {{a: 1}: 2}\n", "a key that is not text"),
    "merging text": (YAML + b"x: {<<: hello}\n", "merge key"),
    "NaN": (dumped(x=float("nan")), "number that JSON cannot express"),
    "huge number": (b'{"openapi":"3.0.0","x":' + b"9" * 5000 + b"}", "number that JSON cannot express"),
    "infinite number": (dumped(x=1).replace(b'"x": 1', b'"x": 1e999'), "number that JSON cannot express"),
    "many values": (b'{"openapi":"3.0.0","x":[' + b"[]," * 3_000_000 + b"[]]}", "more than 3,000,000 values"),
}


@pytest.mark.parametrize(("data", "sentence"), REFUSED.values(), ids=REFUSED)
def test_bad_input_is_refused_with_its_sentence(data: bytes, sentence: str) -> None:
    with pytest.raises(InvalidDocument) as refusal:
        DOCUMENTS.normalise(data)
    assert sentence in refusal.value.message
    assert len(refusal.value.message) < 400
    assert refusal.value.details["field"]


def test_too_large_is_refused_before_it_is_parsed() -> None:
    data = b'{"openapi": "3.0.0", "x": "' + b"y" * 30_000_000 + b'"}'
    tracemalloc.start()
    with pytest.raises(DocumentTooLarge, match=r"is 30\.0 MB; at most 20 MB are read"):
        DOCUMENTS.normalise(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000


def bombs() -> dict[str, str]:
    """Ten of the one before, nine and more times."""
    lists, merges = "a0: &a0 [x]\n", "a0: &a0 {k: v}\n"
    for n in range(12):
        ten = ",".join([f"*a{n}"] * 10)
        lists += f"a{n + 1}: &a{n + 1} [{ten}]\n"
        merges += f"a{n + 1}: &a{n + 1} {{<<: [{ten}]}}\n"
    return {
        "lists": lists,
        "merges": merges,
        "text": "a: &a " + "x" * 10**6 + "\nb: [" + ",".join(["*a"] * 1000) + "]\n",
    }


@pytest.mark.parametrize("bomb", bombs().values(), ids=bombs())
def test_aliases_cannot_expand_beyond_bounds(bomb: str) -> None:
    tracemalloc.start()
    with pytest.raises(InvalidDocument, match="expand beyond bounds"):
        DOCUMENTS.normalise(YAML + bomb.encode())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 150_000_000


def test_yaml_is_read_as_openapi_asks() -> None:
    text = """
openapi: 3.1
info: {title: "", version: 2020-01-01}
paths:
  /a: &item
    get:
      responses: {200: {description: no}}
      x-values: [yes, on, 12:30, 007, 0x1F, 1e3, .5, ~, true, 1_000, .inf, 2001-12-14t21:59:43.10-05:00, "1", !!str 2]
  /b: *item
  /c: {<<: *item, summary: mine}
"""
    read = json.loads(DOCUMENTS.normalise(text.encode()))
    assert read["openapi"] == "3.1"
    assert read["info"] == {"title": "", "version": "2020-01-01"}
    assert read["paths"]["/a"]["get"]["responses"] == {"200": {"description": "no"}}
    assert read["paths"]["/a"]["get"]["x-values"] == [
        *("yes", "on", "12:30", "007", "0x1F", 1000.0, 0.5, None, True, "1_000", ".inf"),
        *("2001-12-14t21:59:43.10-05:00", "1", "2"),
    ]
    assert read["paths"]["/b"] == read["paths"]["/a"]
    assert read["paths"]["/c"] == {**read["paths"]["/a"], "summary": "mine"}


def test_json_and_yaml_of_the_same_document_are_the_same_bytes() -> None:
    document = spec(tags=[{"name": "ünï ☃ 🎉", "x": [1, 2.5, None, True, "2020-01-01", "yes", "1"]}])
    as_json = DOCUMENTS.normalise(json.dumps(document).encode())
    assert DOCUMENTS.normalise(yaml.safe_dump(document, allow_unicode=True).encode()) == as_json
    assert DOCUMENTS.normalise(b"\xef\xbb\xbf" + json.dumps(document).encode()) == as_json
    assert DOCUMENTS.normalise(json.dumps(document).encode("utf-16")) == as_json
    assert DOCUMENTS.normalise(as_json) == as_json
    assert as_json == json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def test_references_in_examples_and_extensions_are_data() -> None:
    schema = {"type": "object", "example": {"$ref": "nowhere.json"}, "x-more": {"$ref": "#/gone"}}
    named = {"properties": {"example": {"$ref": "#/components/schemas/A"}, "$ref": {"type": "string"}}}
    DOCUMENTS.normalise(dumped(components={"schemas": {"A": schema, "B": named}}))
    broken = {"properties": {"example": {"$ref": "#/components/schemas/Gone"}}}
    with pytest.raises(InvalidDocument) as refusal:
        DOCUMENTS.normalise(dumped(components={"schemas": {"A": schema, "B": broken}}))
    assert refusal.value.details["field"] == "#/components/schemas/B/properties/example"


def test_circular_schemas_are_fine() -> None:
    node = {
        "properties": {"next": {"$ref": "#/components/schemas/Node"}},
        "allOf": [{"$ref": "#/components/schemas/Node"}],
    }
    DOCUMENTS.normalise(dumped(components={"schemas": {"Node": node}}))


@given(st.binary(max_size=400) | st.text(max_size=400).map(lambda t: t.encode("utf-8", "surrogatepass")))
@settings(max_examples=400, deadline=None)
def test_arbitrary_bytes_raise_nothing_else(data: bytes) -> None:
    for candidate in (data, b"openapi: 3.0.0\n" + data, b'{"openapi": "3.0.0", ' + data):
        with contextlib.suppress(InvalidDocument):
            DOCUMENTS.normalise(candidate)


def test_a_real_document_with_random_damage_raises_nothing_else() -> None:
    rng = random.Random(7)
    for text in (YAML + b"x: &a {b: *a2, c: &a2 [1]}\n", dumped(components={"schemas": {"A": {"$ref": "#/info"}}})):
        for _ in range(600):
            damaged = bytearray(text)
            for _ in range(rng.randint(1, 6)):
                damaged[rng.randrange(len(damaged))] = rng.choice(b"{}[]:,&*!<-#|>'\"%@`\n \x00\xff0a~")
            with contextlib.suppress(InvalidDocument):
                DOCUMENTS.normalise(bytes(damaged))
