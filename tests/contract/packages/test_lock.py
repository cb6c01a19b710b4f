"""Locks: what is in them, what is refused, what an index does to them, and that no package's code runs."""

import asyncio
import contextlib
import hashlib
import os
import sys
import tomllib
from asyncio.subprocess import PIPE
from pathlib import Path

import psutil
import pytest
from packaging.pylock import Pylock

from adapters.packages import Packages, admitted, parse
from domain.errors import Corrupted, InvalidInput, VendorRateLimited, VendorRejected, VendorUnavailable
from domain.manifest import REQUIREMENTS
from domain.packages import Lock
from simulators.kit import Simulators
from tests.contract.packages.conftest import sdist, settings, wheel

ROOT = Path(__file__).parents[3]


async def test_every_package_has_a_wheel_by_its_hash(lock: Lock, packages: Packages) -> None:
    by_name = {package.name: package for package in lock.packages}
    assert {*REQUIREMENTS, "starlette", "pydantic-core"} <= set(by_name)
    for package, path in zip(lock.packages, await packages.wheels(lock), strict=True):
        assert hashlib.sha256(path.read_bytes()).hexdigest() == package.sha256
        assert path.name == package.wheel
        assert package.sha256 in lock.text
    assert lock.requirements == list(REQUIREMENTS)


async def test_the_text_is_a_lock_that_others_can_read(lock: Lock) -> None:
    theirs = Pylock.from_dict(tomllib.loads(lock.text))
    assert [str(package.name) for package, _ in theirs.select()] == [package.name for package in lock.packages]
    own = parse(lock.text)
    bare = [package.model_copy(update={"license": "", "requires": []}) for package in lock.packages]
    assert own == lock.model_copy(update={"packages": bare})


async def test_licences_and_needs_are_the_wheels_own_words(lock: Lock) -> None:
    by_name = {package.name: package for package in lock.packages}
    assert by_name["fastapi"].license == "MIT"
    assert by_name["certifi"].license == "MPL-2.0"
    assert all(package.license for package in lock.packages)
    assert {"pydantic", "starlette"} <= set(by_name["fastapi"].requires)
    assert "pydantic-core" in by_name["pydantic"].requires
    assert by_name["certifi"].requires == []


@pytest.mark.parametrize(
    ("metadata", "license_"),
    [
        ("License-Expression: mit OR apache-2.0", "MIT OR Apache-2.0"),
        ("License: BSD 3-Clause License", "BSD-3-Clause"),
        ("License: Do what you like\nClassifier: License :: OSI Approved :: ISC License (ISCL)", "ISC"),
        (
            "Classifier: License :: OSI Approved :: MIT License\n"
            "Classifier: License :: OSI Approved :: Apache Software License",
            "Apache-2.0 AND MIT",
        ),
        ("Classifier: License :: OSI Approved :: BSD License", ""),
        ("", ""),
    ],
    ids=["expression", "words", "classifier", "both", "ambiguous", "none"],
)
async def test_an_older_licence_is_told_only_if_it_is_one(
    fresh: Packages, index: Simulators, metadata: str, license_: str
) -> None:
    await index.act("packages", "offer", **wheel("licensed", "1.0", {"licensed.py": ""}, metadata=metadata))
    found = await fresh.lock(["licensed"])
    assert [package.license for package in found.packages] == [license_]


async def test_extras_and_specifiers_count(fresh: Packages, index: Simulators) -> None:
    optional = "Provides-Extra: more\nRequires-Dist: other; extra == 'more'"
    await index.act("packages", "offer", **wheel("some", "1.0", {"some.py": ""}, metadata=optional))
    await index.act("packages", "offer", **wheel("some", "2.0", {"some.py": ""}, metadata=optional))
    await index.act("packages", "offer", **wheel("other", "1.0", {"other.py": ""}))
    plain, more = await fresh.lock(["some<2"]), await fresh.lock(["Some[More] <2"])
    assert [(one.name, one.version) for one in plain.packages] == [("some", "1.0")]
    assert [(one.name, one.version) for one in more.packages] == [("other", "1.0"), ("some", "1.0")]
    assert more.packages[1].requires == ["other"]


@pytest.mark.parametrize(
    "wanted",
    [
        "-e .",
        "--index-url=http://127.0.0.1:1/simple",
        "-r /etc/passwd",
        "h11 @ http://127.0.0.1:1/h11-1.0-py3-none-any.whl",
        "h11\n--index-url http://127.0.0.1:1",
        "./h11",
        "h11 " + "x" * 300,
        "",
    ],
    ids=["editable", "option", "file", "url", "second-line", "path", "long", "empty"],
)
async def test_what_is_no_requirement_reaches_no_resolver(fresh: Packages, index: Simulators, wanted: str) -> None:
    before = await index.last("packages")
    with pytest.raises(InvalidInput) as refused:
        await fresh.lock([wanted])
    assert refused.value.details == {"field": "requirements"}
    assert await index.last("packages") == before


def test_only_packages_of_the_policy_are_admitted() -> None:
    assert admitted(["Pydantic >= 2", "httpx[http2]"], ["httpx", "pydantic"]) == ["httpx[http2]", "pydantic>=2"]
    with pytest.raises(InvalidInput, match="'requests' may not be required: integrations may use httpx, pydantic"):
        admitted(["httpx", "requests"], ["pydantic", "httpx"])


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (["no-such-package-anywhere"], "was not found"),
        (["h11<0.1"], "only h11"),
        (["pydantic<1", "fastapi"], "pydantic<1"),
    ],
    ids=["unknown", "too-old", "together"],
)
async def test_what_cannot_be_had_is_said_plainly(fresh: Packages, wanted: list[str], words: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        await fresh.lock(wanted)
    assert words in refused.value.message
    assert refused.value.details == {"field": "requirements"}


async def test_a_source_distribution_is_refused_and_does_not_run(
    fresh: Packages, index: Simulators, tmp_path: Path
) -> None:
    mark = tmp_path / "it-ran"
    setup = f"open({str(mark)!r}, 'w').close()\nfrom setuptools import setup\nsetup(name='built', version='1.0')\n"
    await index.act("packages", "offer", **sdist("built", "1.0", setup))
    with pytest.raises(InvalidInput, match="no usable wheels"):
        await fresh.lock(["built"])
    assert not mark.exists()
    assert not await index.journal("packages", path=r"\.tar\.gz")
    exec(compile(setup.partition("\n")[0], "setup.py", "exec"))
    assert mark.exists(), "it would have left its mark"


async def test_a_wheel_beside_a_newer_source_is_taken(fresh: Packages, index: Simulators) -> None:
    await index.act("packages", "offer", **wheel("both", "1.0", {"both.py": ""}))
    await index.act("packages", "offer", **sdist("both", "2.0", "raise SystemExit"))
    assert [package.wheel for package in (await fresh.lock(["both"])).packages] == ["both-1.0-py3-none-any.whl"]


async def test_a_changed_byte_is_refused(index: Simulators, tmp_path: Path) -> None:
    root = tmp_path / "packages"
    await index.act("packages", "change", project="h11")
    with pytest.raises(Corrupted) as refused:
        await Packages(root, settings(index)).lock(["h11"])
    assert "h11" in refused.value.message
    assert refused.value.details["expected"] != refused.value.details["found"]
    assert [path for path in (root / "wheels").rglob("*") if path.is_file()] == []
    await index.act("packages", "reset")
    assert (await Packages(root, settings(index)).lock(["h11"])).packages[0].name == "h11"


async def test_a_lock_is_kept_while_the_index_is_away(index: Simulators, tmp_path: Path) -> None:
    first = await Packages(tmp_path, settings(index)).lock(["h11", "idna"])
    await index.fault("packages", "error", times=None, status=503)
    before = await index.last("packages")
    again = Packages(tmp_path, settings(index))
    assert await again.lock(["idna", "H11"]) == first
    assert len(await again.wheels(first)) == 2
    assert await index.last("packages") == before
    with pytest.raises(VendorUnavailable):
        await again.lock(["h11"])
    with pytest.raises(VendorUnavailable):
        await Packages(tmp_path, settings(index, max_age=0)).lock(["h11", "idna"])


async def test_an_old_lock_is_resolved_anew(index: Simulators, tmp_path: Path) -> None:
    await index.act("packages", "offer", **wheel("aging", "1.0", {"aging.py": ""}))
    packages = Packages(tmp_path, settings(index, max_age=3600))
    first = await packages.lock(["aging"])
    await index.act("packages", "offer", **wheel("aging", "1.1", {"aging.py": ""}))
    assert await packages.lock(["aging"]) == first
    for kept in (tmp_path / "locks").glob("*.json"):
        os.utime(kept, (kept.stat().st_atime, kept.stat().st_mtime - 3601))
    assert [package.version for package in (await packages.lock(["aging"])).packages] == ["1.1"]


async def test_no_index_says_what_to_check(tmp_path: Path, index: Simulators) -> None:
    nowhere = settings(index, index_url="http://reader:secret@127.0.0.1:1/simple")
    with pytest.raises(VendorUnavailable, match="CCB_PACKAGES_INDEX_URL") as refused:
        await Packages(tmp_path, nowhere).lock(["h11"])
    assert "secret" not in refused.value.message


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": "error", "status": 500}, VendorUnavailable),
        ({"kind": "error", "status": 429}, VendorRateLimited),
        ({"kind": "error", "status": 403}, VendorRejected),
        ({"kind": "drop"}, VendorUnavailable),
        ({"kind": "lose_reply"}, VendorUnavailable),
        ({"kind": "latency", "seconds": 3}, VendorUnavailable),
    ],
    ids=["500", "429", "403", "drop", "lost", "slow"],
)
@pytest.mark.parametrize("path", ["^/simple/h11", r"\.whl$"], ids=["page", "wheel"])
async def test_an_index_that_fails(
    index: Simulators, tmp_path: Path, path: str, fault: dict[str, object], error: type[Exception]
) -> None:
    patience = settings(index, timeout=0.7, read_timeout=0.7)
    await index.fault("packages", path=path, times=None, **fault)  # type: ignore[arg-type]
    with pytest.raises(error):
        await Packages(tmp_path, patience).lock(["h11"])
    await index.reset_faults("packages")
    assert (await Packages(tmp_path, settings(index)).lock(["h11"])).packages[0].name == "h11"


async def test_a_wheel_has_a_size(index: Simulators, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="larger than 1000 bytes"):
        await Packages(tmp_path, settings(index, max_bytes=1000)).lock(["h11"])


async def test_what_was_uploaded_later_can_be_left_out(index: Simulators, tmp_path: Path) -> None:
    early = settings(index, exclude_newer="2020-01-01T00:00:00Z")
    with pytest.raises(InvalidInput):
        await Packages(tmp_path, early).lock(["h11"])


async def test_processes_resolve_once(index: Simulators, tmp_path: Path) -> None:
    code = """
import asyncio, sys
from pathlib import Path
from adapters.packages import Packages, PackageSettings
print(asyncio.run(Packages(Path(sys.argv[1]), PackageSettings()).lock(["h11", "idna", "click"])).model_dump_json())
"""
    before = await index.last("packages")
    environment = {**os.environ, "CCB_PACKAGES_INDEX_URL": index.packages_url}
    rivals = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", code, str(tmp_path), stdout=PIPE, cwd=ROOT, env=environment
        )
        for _ in range(3)
    ]
    told = {(await rival.communicate())[0] for rival in rivals}
    assert len(told) == 1
    assert len(Lock.model_validate_json(told.pop()).packages) == 3
    assert len(await index.journal("packages", since=before, path=r"\.whl$")) == 3


async def test_the_index_is_in_no_process_list(index: Simulators, tmp_path: Path) -> None:
    """The address may hold a password; the resolver is told by its environment, which only its owner can read."""
    seen: list[str] = []

    async def watch() -> None:
        while True:
            for process in psutil.Process().children():
                with contextlib.suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
                    seen.append(" ".join(process.cmdline()))
            await asyncio.sleep(0.01)

    await index.fault("packages", "latency", seconds=0.3, times=1)
    secret = index.packages_url.replace("http://", "http://reader:hunter2@")
    watching = asyncio.create_task(watch())
    found = await Packages(tmp_path, settings(index, index_url=secret)).lock(["h11"])
    watching.cancel()
    assert [command for command in seen if "pip compile" in command]
    assert not [command for command in seen if "hunter2" in command]
    assert "hunter2" not in found.model_dump_json()
