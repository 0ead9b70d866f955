"""Documents that clients ask for by an id: those of a manifest, which a graph's owner trusts, and
those that clients register themselves (automatic persisted queries).

A manifest is what Relay's compiler writes, an object of documents by their ids, or Apollo's
(``apollo-persisted-query-manifest``). Whatever its id, a document is had by ``sha256:`` and the hex
digest of its text as well, which is how the GraphQL over HTTP draft and Apollo's clients name it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from cachetools import LRUCache

from gateway.operations.prepared import LONGEST_KEPT, USUAL_LENGTH
from loaders.callers import Caller, caller_of
from loaders.identity import Identity

SHA256 = "sha256:"

APOLLO = "apollo-persisted-query-manifest"

CALLERS = 200
"""Callers whose registered documents are kept: those who asked last. All that have no credential
are one."""


def digest_of(text: str) -> str:
    """The id that every document has."""
    return SHA256 + hashlib.sha256(text.encode()).hexdigest()


def read_manifest(path: Path) -> Mapping[str, str]:
    """The documents of a manifest, by all of their ids. Raises ValueError, with what is wrong, for
    a file that can't be read, and as ``documents_of``."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise ValueError(f"{path} can't be read: {error.strerror}") from None
    return documents_of(str(path), text)


def documents_of(name: str, text: bytes) -> Mapping[str, str]:
    """The documents of the manifest with this name and text, by all of their ids.

    Raises ValueError, with what is wrong, for what is no manifest, has no documents, or has one
    under the digest of another.
    """
    try:
        manifest = json.loads(text)
    except ValueError:
        raise ValueError(f"{name} is no JSON") from None
    documents: dict[str, str] = {}
    for id_, document in _documents(name, manifest):
        if not (isinstance(id_, str) and isinstance(document, str) and id_ and document.strip()):
            raise ValueError(f"{name} must have documents as texts, by ids that are texts")
        if documents.get(id_, document) != document:
            raise ValueError(f"{name} has two documents with the id {id_!r:.100}")
        digest = digest_of(document)
        if id_.startswith(SHA256) and id_.lower() != digest:
            raise ValueError(f"{name} has a document with another digest than its id {id_!r:.100}")
        documents[id_] = documents[digest] = document
    if not documents:
        raise ValueError(f"{name} has no documents")
    return documents


def _documents(name: str, manifest: object) -> Iterator[tuple[object, object]]:
    if isinstance(manifest, Mapping) and manifest.get("format") == APOLLO:
        operations = manifest.get("operations")
        if manifest.get("version") != 1 or not isinstance(operations, list):
            raise ValueError(f"{name} is no manifest of Apollo's version 1")
        for each in operations:
            if not isinstance(each, Mapping):
                raise ValueError(f"{name} has an operation that is no object")
            yield each.get("id"), each.get("body")
    elif isinstance(manifest, Mapping):
        yield from manifest.items()
    else:
        raise ValueError(f"{name} must be an object of documents by ids, or Apollo's manifest")


class Registered:
    """Documents that callers have registered: of each as many as ``most``, of usual length, the
    last used. None has those of another."""

    def __init__(self, most: int) -> None:
        self._size = most * USUAL_LENGTH
        self._callers: LRUCache[Caller, LRUCache[str, str]] = LRUCache(CALLERS)

    def get(self, identity: Identity, digest: str) -> str | None:
        """The caller's document with the digest, if there is one."""
        documents = self._callers.get(caller_of(identity))
        return None if documents is None else documents.get(digest)

    def add(self, identity: Identity, digest: str, text: str) -> None:
        """Keep a document, unless it is too long for that."""
        caller = caller_of(identity)
        documents = self._callers.get(caller)
        if documents is None:
            documents = LRUCache[str, str](
                self._size, getsizeof=lambda text: max(len(text), USUAL_LENGTH)
            )
            self._callers[caller] = documents
        if len(text) <= min(LONGEST_KEPT, self._size):
            documents[digest] = text
