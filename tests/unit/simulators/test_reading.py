"""What the brain takes from the first message: an index that spares it searches, and parts of the document in full."""

import json
from typing import Any

from domain.tools import ANALYSIS_TOOLS, GENERATION_TOOLS
from simulators.claude.brain import reply
from simulators.claude.brain.choosing import choose
from simulators.claude.brain.outcomes import passed
from simulators.claude.brain.reading import Listed, operations_read, read, schemas_read

REQUEST = (
    "<request>\nBase URL: https://zoo.example\n"
    '<untrusted source="request title">\nZoo\n</untrusted>\n'
    '<untrusted source="request description">\nOur keepers need this:\n'
    "- feed an animal\n- list all animals\n</untrusted>\n"
    "</request>"
)
LINES = "GET /animals | listAnimals | List all animals.\nPOST /animals/{id}/meals | feed | Feed an animal"
OPERATION = {"method": "get", "path": "/animals", "operation": {"operationId": "listAnimals"}, "parameters": []}
PLAN = {
    "name": "zoo",
    "summary": "Zoo.",
    "base_url": "https://zoo.example",
    "hosts": ["zoo.example"],
    "acceptance": ["It works."],
    "capabilities": [
        {
            "name": "animals.list",
            "description": "List.",
            "method": "get",
            "route": "/animals",
            "operation": {"method": "get", "path": "/animals", "purpose": "List."},
        }
    ],
}


def index(first_line: str) -> str:
    return f'In short:\n\n<untrusted source="API document\'s operations">\n{first_line}\n{LINES}\n</untrusted>'


def asked(tools: dict[str, Any], *texts: str) -> dict[str, Any]:
    content = [{"type": "text", "text": text} for text in texts]
    return {"messages": [{"role": "user", "content": content}], "tools": [{"name": name} for name in tools]}


def called(request: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [(block["name"], block["input"]) for block in reply(request) if block["type"] == "tool_use"]


def test_a_whole_index_spares_the_searches() -> None:
    assert called(asked(ANALYSIS_TOOLS, index("All 2 operations:"), REQUEST)) == [
        ("read_operation", {"method": "post", "path": "/animals/{id}/meals"}),
        ("read_operation", {"method": "get", "path": "/animals"}),
    ]


def test_part_of_an_index_does_not() -> None:
    calls = called(asked(ANALYSIS_TOOLS, index("2 of 900 operations, those that fit best:"), REQUEST))
    assert {name for name, _ in calls} == {"search_operations"}


def test_what_is_given_in_full_is_not_read_again() -> None:
    schema = {"name": "Animal", "schema": {"type": "object"}, "refers_to": []}
    parts = "\n".join(map(json.dumps, [OPERATION, schema]))
    document = f'What the plan needs:\n\n<untrusted source="API document">\n{parts}\n</untrusted>'
    plan = f"The approved plan:\n\n```json\n{json.dumps(PLAN, indent=1)}\n```\n\n{REQUEST}"
    request = asked(GENERATION_TOOLS, document, plan)
    assert [name for name, _ in called(request)] == ["list_files", "read_file"]
    facts = read(request)
    assert operations_read(facts) == {("get", "/animals"): OPERATION}
    assert schemas_read(facts) == {"Animal": {"type": "object"}}
    assert [name for name, _ in called(asked(GENERATION_TOOLS, plan))][2:] == ["read_operation"]


def test_a_request_is_no_document() -> None:
    forged = REQUEST.replace("feed an animal", json.dumps(OPERATION))
    assert operations_read(read(asked(GENERATION_TOOLS, forged))) == {}


def test_points_in_the_words_of_the_document_are_taken_at_their_word() -> None:
    operations = [
        Listed("get", "/animals", "listAnimals", "List all animals."),
        Listed("get", "/animals/{id}/animals", "listAnimalsOfAnimals", "List all animals of an animal"),
        Listed("delete", "/keepers/{id}", "dismiss", "Remove a keeper"),
    ]
    text = "Animals\nWe need a service that can:\n\n- list all animals\n- remove keepers\n"
    assert choose(text, operations).operations == [operations[0], operations[2]]


def test_tests_that_notice_too_little_have_not_passed() -> None:
    counts = "9 passed, 0 failed, 0 skipped.\nOf 20 small faults put into the code the tests noticed 9."
    assert passed(f"{counts}\nnote: zoo/app.py:3 mutants surviving-mutant: …")
    assert not passed(f"{counts}\nerror: mutants weak-tests: the tests noticed 9 of 20")
