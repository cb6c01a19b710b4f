"""One repository's git: objects, history, three-way merge and differences."""

import difflib
from collections import deque
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from simulators.github.objects import (
    DIRECTORY,
    Commit,
    Identity,
    TreeEntry,
    decode_commit,
    decode_tree,
    encode_commit,
    encode_tree,
    object_id,
)
from simulators.github.store import Store

Flat = dict[str, tuple[str, str]]
"""A tree as its files: path → (mode, sha)."""


class Missing(Exception):
    """There is no such object."""


class Change(NamedTuple):
    path: str
    status: str
    sha: str
    additions: int
    deletions: int
    patch: str


class Git:
    def __init__(self, store: Store, repo: str) -> None:
        self._store = store
        self._repo = repo

    def write(self, kind: str, data: bytes) -> str:
        sha = object_id(kind, data)
        self._store.put_object(self._repo, sha, kind, data)
        return sha

    def read(self, sha: str, kind: str) -> bytes:
        """Raises Missing if there is none, or it is of another kind."""
        found = self._store.object(self._repo, sha)
        if found is None or found[0] != kind:
            raise Missing(f"{kind} {sha}")
        return found[1]

    def has(self, sha: str, kind: str) -> bool:
        found = self._store.object(self._repo, sha)
        return found is not None and found[0] == kind

    def commit(self, sha: str) -> Commit:
        return decode_commit(sha, self.read(sha, "commit"))

    def tree(self, sha: str) -> list[TreeEntry]:
        return decode_tree(self.read(sha, "tree"))

    def write_commit(
        self, tree: str, parents: list[str], message: str, author: Identity, committer: Identity | None = None
    ) -> str:
        return self.write("commit", encode_commit(tree, parents, author, committer or author, message))

    def walk(self, tree: str, prefix: str = "") -> Iterator[tuple[str, TreeEntry]]:
        """Every entry, directories before what is in them."""
        for entry in self.tree(tree):
            path = prefix + entry.name
            yield path, entry
            if entry.kind == "tree":
                yield from self.walk(entry.sha, path + "/")

    def flat(self, tree: str) -> Flat:
        return {path: (entry.mode, entry.sha) for path, entry in self.walk(tree) if entry.kind != "tree"}

    def unflat(self, files: Mapping[str, tuple[str, str]]) -> str:
        """Write the trees that hold `files`; empty directories do not exist in git."""
        entries: list[TreeEntry] = []
        below: dict[str, Flat] = {}
        for path, (mode, sha) in files.items():
            name, _, rest = path.partition("/")
            if rest:
                below.setdefault(name, {})[rest] = (mode, sha)
            else:
                entries.append(TreeEntry(mode, name, sha))
        entries += [TreeEntry(DIRECTORY, name, self.unflat(inside)) for name, inside in below.items()]
        return self.write("tree", encode_tree(entries))

    def at(self, tree: str, path: str) -> TreeEntry | None:
        """The entry at `path`; the whole tree for an empty path."""
        entry = TreeEntry(DIRECTORY, "", tree)
        for name in filter(None, path.split("/")):
            if entry.kind != "tree":
                return None
            found = next((child for child in self.tree(entry.sha) if child.name == name), None)
            if found is None:
                return None
            entry = found
        return entry

    def ancestors(self, sha: str) -> list[str]:
        """`sha` and all that came before it, breadth first."""
        seen: dict[str, None] = {}
        queue = deque([sha])
        while queue:
            current = queue.popleft()
            if current not in seen:
                seen[current] = None
                queue.extend(self.commit(current).parents)
        return list(seen)

    def merge_base(self, one: str, other: str) -> str | None:
        """A best common ancestor, as `git merge-base` means it: one that no other common ancestor comes after."""
        theirs = set(self.ancestors(other))
        common = [sha for sha in self.ancestors(one) if sha in theirs]
        # All between two common ancestors is common too, so what comes after one begins with a child that is.
        surpassed = {parent for sha in common for parent in self.commit(sha).parents}
        return next((sha for sha in common if sha not in surpassed), None)

    def ahead(self, base: str, head: str) -> list[str]:
        """Commits of `head` that `base` does not have, oldest first."""
        known = set(self.ancestors(base))
        return [sha for sha in reversed(self.ancestors(head)) if sha not in known]

    def merged_tree(self, ours: str, theirs: str) -> str | None:
        """The tree of a three-way merge, file by file; None if both changed one file differently."""
        base_sha = self.merge_base(ours, theirs)
        base = self.flat(self.commit(base_sha).tree) if base_sha else {}
        left, right = self.flat(self.commit(ours).tree), self.flat(self.commit(theirs).tree)
        result: Flat = {}
        for path in base.keys() | left.keys() | right.keys():
            was, mine, other = base.get(path), left.get(path), right.get(path)
            if mine != other and was not in {mine, other}:
                return None
            chosen = other if mine == was else mine
            if chosen is not None:
                result[path] = chosen
        return self.unflat(result)

    def changes(self, before: str | None, after: str) -> list[Change]:
        """What differs between two commits, by path."""
        old = self.flat(self.commit(before).tree) if before else {}
        new = self.flat(self.commit(after).tree)
        paths = sorted(path for path in old.keys() | new.keys() if old.get(path) != new.get(path))
        return [self._change(path, old.get(path), new.get(path)) for path in paths]

    def _change(self, path: str, old: tuple[str, str] | None, new: tuple[str, str] | None) -> Change:
        before = self.read(old[1], "blob").decode(errors="replace").splitlines() if old else []
        after = self.read(new[1], "blob").decode(errors="replace").splitlines() if new else []
        patch = list(difflib.unified_diff(before, after, lineterm="", n=3))[2:]
        status = "added" if old is None else "removed" if new is None else "modified"
        return Change(
            path=path,
            status=status,
            sha=(new or old or ("", ""))[1],
            additions=sum(line.startswith("+") for line in patch),
            deletions=sum(line.startswith("-") for line in patch),
            patch="\n".join(patch),
        )
