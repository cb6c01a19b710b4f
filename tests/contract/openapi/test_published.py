"""The default document of the demo: 840 KB of YAML that nobody here wrote."""

import json

import pytest

from adapters.openapi import OpenApiDocuments
from domain.errors import NotFound


def test_summary_says_what_it_is(documents: OpenApiDocuments, published: bytes) -> None:
    summary = documents.summary(published)
    assert "OpenAPI: 3.0.3" in summary
    assert "Title: (none)" in summary
    assert int(summary.split("Operations: ")[1].split()[0]) > 200


def test_server_is_where_it_came_from(documents: OpenApiDocuments, published: bytes, temporal_http: str) -> None:
    assert documents.server(published, fetched_from=f"{temporal_http}/openapi.yaml") == temporal_http
    assert documents.server(published, fetched_from=None) is None


@pytest.mark.parametrize(
    ("query", "identifier"),
    [
        ("list namespaces", "ListNamespaces"),
        ("ListWorkflowExecutions", "ListWorkflowExecutions"),
        ("workflow execution history", "GetWorkflowExecutionHistory"),
        ("create schedule", "CreateSchedule"),
        ("cluster info", "GetClusterInfo"),
    ],
)
def test_search_finds_by_words(documents: OpenApiDocuments, published: bytes, query: str, identifier: str) -> None:
    first = documents.search(published, query, 3).splitlines()[0]
    assert first.split(" | ")[1] == identifier
    assert documents.search(published, query, 3) == documents.search(published, query, 3)


def test_search_lists_the_first_ones_for_nothing(documents: OpenApiDocuments, published: bytes) -> None:
    assert documents.search(published, "", 2).splitlines()[0].startswith("GET /api/v1/cluster-info | GetClusterInfo | ")
    assert len(documents.search(published, "", 7).splitlines()) == 7


def test_every_operation_listed_can_be_read(documents: OpenApiDocuments, published: bytes) -> None:
    lines = documents.search(published, "", 10_000).splitlines()
    assert len(lines) > 200
    for line in lines:
        method, path = line.split(" | ")[0].split(" ", 1)
        text = documents.operation(published, method, path)
        read = json.loads(text)
        assert len(text) <= 60_000
        assert list(read)[:2] == ["method", "path"]
        assert {"operation", "parameters", "security_schemes", "servers", "schemas"} <= set(read)
        assert (read["method"], read["path"]) == (method.lower(), path)


def test_operation_brings_two_levels_of_schemas(documents: OpenApiDocuments, published: bytes) -> None:
    read = json.loads(documents.operation(published, "get", "/api/v1/namespaces"))
    assert [parameter["name"] for parameter in read["parameters"]][:2] == ["pageSize", "nextPageToken"]
    assert {"ListNamespacesResponse", "DescribeNamespaceResponse"} <= set(read["schemas"])
    assert "NamespaceInfo" not in read["schemas"]  # the third level
    info = json.loads(documents.schema(published, "NamespaceInfo"))
    assert info["schema"]["properties"]["name"] == {"type": "string"}
    assert "NamespaceInfo_Limits" in info["refers_to"]


def test_what_is_not_there_comes_with_near_names(documents: OpenApiDocuments, published: bytes) -> None:
    with pytest.raises(NotFound, match=r"no operation GET /api/v1/namespace\. Near: GET /api/v1/namespaces"):
        documents.operation(published, "GET", "/api/v1/namespace")
    with pytest.raises(NotFound, match=r"no schema Namespaceinfo\. Near: NamespaceInfo"):
        documents.schema(published, "Namespaceinfo")
