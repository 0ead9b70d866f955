"""Whether a service says that its answer is one page of several: as it can't be asked for the next
one, what is not in the answer is not known to be missing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

AROUND = frozenset(
    {"cursor", "cursors", "links", "meta", "metadata", "page", "pageinfo", "pager"}
    | {"pages", "paging", "pagination", "responsemetadata"}
)
"""Members of an envelope that hold what it says of its pages."""

NEXT = re.compile(
    r"(odata)?next(cursor|href|link|marker|offset|page|records|results|start|token|ur[il]|$)"
)
MORE = frozenset({"hasmore", "hasnext", "hasnextpage", "ismore", "more"})
LAST = frozenset({"islast", "last", "lastpage"})

DEEPEST = 4
"""Envelopes within envelopes that are looked into, such as ``meta.pagination.links``."""

TARGET = re.compile(r"<[^>]*>")
REL = re.compile(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|([^\s;,\"]+))", re.IGNORECASE)


def has_next(content: object, links: Sequence[str], items: str | None) -> bool:
    """Whether a page follows the one that is the ``content`` of an answer, by its envelope, in
    which the rows are under ``items``, or by its headers ``Link`` (RFC 8288)."""
    if any("next" in _relations(link) for link in links):
        return True
    return items is not None and isinstance(content, Mapping) and _says_next(content, items, 1)


def _relations(link: str) -> Iterator[str]:
    for quoted, bare in REL.findall(TARGET.sub("", link)):
        yield from (quoted or bare).lower().split()


def _says_next(envelope: Mapping[str, object], items: str, depth: int) -> bool:
    for written, value in envelope.items():
        if written == items or not isinstance(written, str):
            continue
        name = re.sub(r"[^a-z]", "", written.lower())
        if NEXT.match(name) and _is_there(value):
            return True
        if (name in MORE and value is True) or (name in LAST and value is False):
            return True
        if name not in AROUND or depth == DEEPEST:
            continue
        if isinstance(value, Mapping) and _says_next(value, items, depth + 1):
            return True
        if isinstance(value, list) and any(map(_is_next_link, value)):
            return True
    return False


def _is_next_link(value: object) -> bool:
    return isinstance(value, Mapping) and value.get("rel") == "next"


def _is_there(value: object) -> bool:
    if isinstance(value, Mapping):
        return any(map(_is_there, value.values()))
    return bool(value)
