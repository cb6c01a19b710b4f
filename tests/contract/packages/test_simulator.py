"""The simulated index speaks the Simple repository API, and what it serves are wheels."""

import csv
import hashlib
import io
import re
import zipfile
from collections.abc import AsyncIterator
from importlib.metadata import distribution

import httpx
import pytest
from packaging.utils import parse_wheel_filename

from simulators.kit import Simulators

JSON = "application/vnd.pypi.simple.v1+json"
HTML = "application/vnd.pypi.simple.v1+html"


@pytest.fixture
async def http(simulators: Simulators) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"{simulators.packages_url}/", trust_env=False) as client:
        yield client


async def fetched(http: httpx.AsyncClient, project: str) -> tuple[dict[str, object], zipfile.ZipFile]:
    page = await http.get(f"{project}/", headers={"Accept": JSON})
    (file,) = page.json()["files"]
    answer = await http.get(str(page.url.join(file["url"])))
    assert hashlib.sha256(answer.content).hexdigest() == file["hashes"]["sha256"]
    assert len(answer.content) == file["size"]
    return file, zipfile.ZipFile(io.BytesIO(answer.content))


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (JSON, JSON),
        ("text/html", "text/html"),
        ("*/*", "text/html"),
        (f"{JSON};q=0.1, {HTML};q=0.9", HTML),
        (f"{JSON}, {HTML};q=0.2, text/html;q=0.01", JSON),
    ],
    ids=["json", "html", "any", "prefers-html", "as-uv"],
)
async def test_a_page_is_as_it_is_asked_for(http: httpx.AsyncClient, accept: str, kind: str) -> None:
    answer = await http.get("h11/", headers={"Accept": accept})
    assert answer.headers["content-type"].partition(";")[0] == kind
    assert "h11-" in answer.text


async def test_what_nobody_speaks_is_not_acceptable(http: httpx.AsyncClient) -> None:
    assert (await http.get("h11/", headers={"Accept": "image/png"})).status_code == 406


async def test_names_are_normalised_and_unknown_ones_not_found(http: httpx.AsyncClient) -> None:
    answer = await http.get("Typing_Extensions/", follow_redirects=True)
    assert answer.url.path.endswith("/simple/typing-extensions/")
    assert (await http.get("no-such-package/")).status_code == 404
    names = {project["name"] for project in (await http.get("", headers={"Accept": JSON})).json()["projects"]}
    assert "fastapi" in names
    assert "ccb" not in names


async def test_a_page_that_is_known_is_not_sent_again(http: httpx.AsyncClient) -> None:
    tag = (await http.get("h11/")).headers["etag"]
    assert (await http.get("h11/", headers={"If-None-Match": tag})).status_code == 304


async def test_metadata_is_beside_the_wheel(http: httpx.AsyncClient) -> None:
    file, archive = await fetched(http, "pydantic")
    page = await http.get("pydantic/")
    answer = await http.get(str(page.url.join(f"{file['url']}.metadata")))
    digest = hashlib.sha256(answer.content).hexdigest()
    assert file["core-metadata"] == {"sha256": digest}
    assert f'data-core-metadata="sha256={digest}"' in page.text
    assert answer.content == archive.read(next(name for name in archive.namelist() if name.endswith("/METADATA")))


@pytest.mark.parametrize("project", ["uvicorn", "pydantic-core", "greenlet", "bandit"])
async def test_a_wheel_is_what_is_installed(http: httpx.AsyncClient, project: str) -> None:
    """Its RECORD is right, and nothing is in it that an installer adds."""
    file, archive = await fetched(http, project)
    installed = distribution(project)
    assert str(parse_wheel_filename(str(file["filename"]))[1]) == installed.version
    names = archive.namelist()
    record = next(name for name in names if name.endswith(".dist-info/RECORD"))
    rows = {row[0]: row for row in csv.reader(archive.read(record).decode().splitlines())}
    assert sorted(rows) == sorted(names)
    for name in names:
        assert name == record or rows[name][2] == str(len(archive.read(name)))
    added = re.compile(r"\.dist-info/(INSTALLER|REQUESTED|direct_url\.json)$|\.pyc$")
    assert not [name for name in names if added.search(name) or name.startswith(("/", "."))]
    assert not [name for name in names if re.search(r"\.data/scripts/(uvicorn|bandit)$", name)], "made when installed"


async def test_what_was_outside_of_site_packages_is_in_its_place(http: httpx.AsyncClient) -> None:
    _, greenlet = await fetched(http, "greenlet")
    assert [name for name in greenlet.namelist() if re.search(r"\.data/headers/greenlet\.h$", name)]
    _, bandit = await fetched(http, "bandit")
    assert [name for name in bandit.namelist() if name.endswith(".data/data/share/man/man1/bandit.1")]


async def test_the_same_again_is_the_same_bytes(http: httpx.AsyncClient, simulators: Simulators) -> None:
    first, _ = await fetched(http, "click")
    await simulators.act("packages", "change", project="click")
    page = await http.get("click/", headers={"Accept": JSON})
    (file,) = page.json()["files"]
    changed = await http.get(str(page.url.join(file["url"])))
    await simulators.act("packages", "reset")
    assert file == first
    assert hashlib.sha256(changed.content).hexdigest() != file["hashes"]["sha256"]
    assert len(changed.content) == file["size"]
