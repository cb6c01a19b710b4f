"""Git objects as git writes them (gitformat-pack, git-hash-object): their bytes and their SHA-1."""

import hashlib
from datetime import UTC, datetime
from typing import NamedTuple

DIRECTORY = "040000"
FILE = "100644"


class TreeEntry(NamedTuple):
    """`mode` has six digits, as the API writes it."""

    mode: str
    name: str
    sha: str

    @property
    def kind(self) -> str:
        return {DIRECTORY: "tree", "160000": "commit"}.get(self.mode, "blob")


class Identity(NamedTuple):
    """Who made a commit. `date` is ISO 8601 in UTC, to the second."""

    name: str
    email: str
    date: str


class Commit(NamedTuple):
    sha: str
    tree: str
    parents: list[str]
    author: Identity
    committer: Identity
    message: str


def object_id(kind: str, data: bytes) -> str:
    return hashlib.sha1(b"%s %d\0%s" % (kind.encode(), len(data), data), usedforsecurity=False).hexdigest()


def encode_tree(entries: list[TreeEntry]) -> bytes:
    """Sorted as git sorts: a directory as if its name ended in a slash."""
    ordered = sorted(entries, key=lambda entry: entry.name.encode() + (b"/" if entry.mode == DIRECTORY else b""))
    return b"".join(
        b"%s %s\0%s" % (entry.mode.lstrip("0").encode(), entry.name.encode(), bytes.fromhex(entry.sha))
        for entry in ordered
    )


def decode_tree(data: bytes) -> list[TreeEntry]:
    entries: list[TreeEntry] = []
    while data:
        head, _, rest = data.partition(b"\0")
        mode, _, name = head.partition(b" ")
        entries.append(TreeEntry(mode.decode().zfill(6), name.decode(), rest[:20].hex()))
        data = rest[20:]
    return entries


def encode_commit(tree: str, parents: list[str], author: Identity, committer: Identity, message: str) -> bytes:
    lines = [f"tree {tree}", *(f"parent {parent}" for parent in parents)]
    lines += [f"author {_signature(author)}", f"committer {_signature(committer)}", "", message]
    return "\n".join(lines).encode()


def decode_commit(sha: str, data: bytes) -> Commit:
    head, _, message = data.decode().partition("\n\n")
    fields: dict[str, list[str]] = {}
    for line in head.splitlines():
        name, _, value = line.partition(" ")
        fields.setdefault(name, []).append(value)
    return Commit(
        sha=sha,
        tree=fields["tree"][0],
        parents=fields.get("parent", []),
        author=_identity(fields["author"][0]),
        committer=_identity(fields["committer"][0]),
        message=message,
    )


def _signature(who: Identity) -> str:
    seconds = int(datetime.fromisoformat(who.date).timestamp())
    return f"{who.name} <{who.email}> {seconds} +0000"


def _identity(signature: str) -> Identity:
    name, _, rest = signature.partition(" <")
    email, _, when = rest.partition("> ")
    date = datetime.fromtimestamp(int(when.split()[0]), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Identity(name, email, date)
