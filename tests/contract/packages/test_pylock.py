"""A lock that came from elsewhere: one wheel each by SHA-256, or nothing."""

import pytest

from adapters.packages import parse
from domain.errors import InvalidInput
from domain.packages import Lock

HASH = "a" * 64
WHEEL = f'[{{ url = "https://index.example/h11-0.16.0-py3-none-any.whl", hashes = {{ sha256 = "{HASH}" }} }}]'


def text(packages: str, head: str = 'lock-version = "1.0"\ncreated-by = "tests"') -> str:
    return f"{head}\n{packages}"


def package(rest: str, name: str = "h11", version: str = "0.16.0") -> str:
    return f'[[packages]]\nname = "{name}"\nversion = "{version}"\n{rest}\n'


def test_a_lock_is_read() -> None:
    found = parse(text(package(f"wheels = {WHEEL}") + '[tool.ccb]\nrequirements = ["h11"]\n'))
    assert found.purls == ["pkg:pypi/h11@0.16.0"]
    assert found.packages[0].sha256 == HASH
    assert found.requirements == ["h11"]


def test_its_own_text_reads_as_itself(lock: Lock) -> None:
    assert parse(lock.text).text == lock.text


OTHER = WHEEL.replace("h11-0.16.0", "h12-0.16.0")


@pytest.mark.parametrize(
    ("lock_text", "words"),
    [
        ("not = [toml", "not TOML"),
        ("a = " + "[" * 50_000, "not TOML"),
        ("x" * (2 << 20), "larger"),
        (text("packages = []"), "names 0 packages"),
        (text(package(f"wheels = {WHEEL}"), head='lock-version = "7.0"\ncreated-by = "x"'), "PEP 751"),
        (text(package(f"wheels = {WHEEL}"), head='lock-version = "1.0"'), "PEP 751"),
        (text(package('sdist = { url = "https://e/h11-0.16.0.tar.gz", hashes = { sha256 = "a" } }')), "one wheel"),
        (text(package('directory = { path = "/etc" }')), "one wheel"),
        (text(package('vcs = { type = "git", url = "https://e/x", commit-id = "a" }')), "one wheel"),
        (text(package('archive = { url = "https://e/x.tgz", hashes = { sha256 = "a" } }')), "one wheel"),
        (text(package(f"wheels = {WHEEL[:-1]}, {WHEEL[1:]}")), "one wheel"),
        (text(package(f"wheels = {OTHER}")), "PEP 751"),
        (text(package(f"wheels = {WHEEL}", version="0.15.0")), "PEP 751"),
        (text(package(f"wheels = {WHEEL.replace('sha256', 'md5')}")), "SHA-256"),
        (text(package(f"wheels = {WHEEL.replace(HASH, 'b' * 63)}")), "SHA-256"),
        (text(package(f"wheels = {WHEEL.replace('https://index.example', 'file:///etc')}")), "http address"),
        (text(package(f"wheels = {WHEEL.replace('url =', 'path = ').replace('https://index.example/', '/')}")), "http"),
        (text(package(f"wheels = {WHEEL.replace('py3-none-any', 'cp27-cp27m-win32')}")), "on this machine"),
        (text(package(f"wheels = {WHEEL}\nmarker = \"sys_platform == 'plan9'\"")), "names 1 packages, of which 0"),
        (text(package(f"wheels = {WHEEL}") + "[tool.ccb]\nrequirements = [1]\n"), "list of strings"),
        (text(package(f"wheels = {WHEEL}") * 2), "PEP 751|on this machine"),
    ],
    ids=[
        *("no-toml", "deep", "huge", "empty", "version", "nobody", "sdist", "directory", "vcs", "archive", "two"),
        *("other", "other-version", "md5", "short", "file", "path", "platform", "marker", "requirements", "twice"),
    ],
)
def test_anything_else_is_refused(lock_text: str, words: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse(lock_text)
    assert any(word in refused.value.message for word in words.split("|")), refused.value.message
    assert refused.value.details == {"field": "lock"}
