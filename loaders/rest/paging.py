"""Whether a service says that its answer is one page of several: as it can't be asked for the next
one, what is not in the answer is not known to be missing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

AROUND = frozenset(
    {"cursor", "cursors", "links", "meta", "metadata", "page", "pageinfo", "pager"}
    | {"pages", "paging", "pagination", "paginationmetadata", "responsemetadata"}
)
"""Members of an envelope that hold what it says of its pages. These names and all that follow are
without case, and without what is no letter."""

NEXT = re.compile(
    r"(odata)?next(continuationtoken|cursor|href|link|marker|offset|page|records|results|start"
    r"|token|ur[il]|$)"
)
"""Where the next page is, or by what it is asked for: HAL (draft-kelly-json-hal) and JSON:API 1.1
under ``links``, OData 4.01 (``@odata.nextLink``), Django REST framework (``next``), Google
(AIP-158, ``nextPageToken``), AWS (``NextToken``, ``NextContinuationToken``), Salesforce
(``nextRecordsUrl``)."""

TOKENS = frozenset(
    {"continuation", "continuationtoken", "cursor", "pagetoken", "paginationtoken", "pagingtoken"}
)
"""What the next page is asked for by, if it is not empty: Azure (``continuationToken``), Square and
Algolia (``cursor``), AWS's tagging (``PaginationToken``)."""

FLAGS: Mapping[str, bool] = {
    "hasmore": True,
    "hasmoreitems": True,
    "hasmorepages": True,
    "hasmoreresults": True,
    "hasnext": True,
    "hasnextpage": True,
    "ismore": True,
    "istruncated": True,
    "more": True,
    "moreavailable": True,
    "truncated": True,
    "islast": False,
    "islastpage": False,
    "last": False,
    "lastpage": False,
}
"""Whether there is more where they are true: Stripe, Slack and Dropbox (``has_more``), Relay
(``hasNextPage``), CMIS (``hasMoreItems``), S3 (``IsTruncated``); Spring Data (``last``), Jira
(``isLast``). What they say is believed before all else."""

YES, NO = frozenset({"true", "yes", "1"}), frozenset({"false", "no", "0"})

NUMBERED = frozenset({"last", "lastpage"})
"""Flags that are the number of a page elsewhere (Laravel)."""

TOTALS = frozenset({"lastpage", "numpages", "pagecount", "totalpagecount", "totalpages"})
"""How many pages there are: Spring Data (``totalPages``), Kaminari (``total_pages``), Laravel
(``last_page``). Nobody asks for another page than the first, which is 0 or 1."""

PAGES = frozenset({"pages"})
"""The same, where the number of the page stands beside it."""

NUMBERS = frozenset({"currentpage", "number", "page", "pageindex", "pageno", "pagenumber"})
"""That number."""

DEEPEST = 4
"""Envelopes within envelopes that are looked into, such as ``meta.pagination.links``."""

TARGET = re.compile(r"<[^>]*>")
REL = re.compile(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|([^\s;,\"]+))", re.IGNORECASE)


class Mark(NamedTuple):
    """What a member says: whether there is more. One that ``is_flag`` says nothing else."""

    more: bool
    is_flag: bool = False


def has_next(content: object, links: Sequence[str], items: str | None) -> bool:
    """Whether a page follows the one that is the ``content`` of an answer, by its envelope, in
    which the rows are under ``items``, or by its headers ``Link`` (RFC 8288)."""
    if any("next" in _relations(link) for link in links):
        return True
    if items is None or not isinstance(content, Mapping):
        return False
    marks = list(_marks(content, items, 1))
    flags = [mark for mark in marks if mark.is_flag]
    return any(mark.more for mark in flags or marks)


def _relations(link: str) -> Iterator[str]:
    for quoted, bare in REL.findall(TARGET.sub("", link)):
        yield from (quoted or bare).lower().split()


def _marks(envelope: Mapping[str, object], items: str, depth: int) -> Iterator[Mark]:
    members = [
        (re.sub(r"[^a-z]", "", written.lower()), value)
        for written, value in envelope.items()
        if isinstance(written, str) and written != items
    ]
    for name, value in members:
        yield from _marks_of(name, value)
        if name not in AROUND or depth == DEEPEST:
            continue
        if isinstance(value, Mapping):
            yield from _marks(value, items, depth + 1)
        elif isinstance(value, list):
            yield from (Mark(True) for each in value if _is_next_link(each))
    numbers = {name: number for name, each in members if (number := _number(each)) is not None}
    page = next((numbers[name] for name in numbers if name in NUMBERS), None)
    for name in TOTALS if page is None else TOTALS | PAGES:
        if name in numbers:
            yield Mark(max(page or 0, 1) < numbers[name])


def _marks_of(name: str, value: object) -> Iterator[Mark]:
    if name in FLAGS and (flag := _flag(value, numbered=name in NUMBERED)) is not None:
        yield Mark(flag is FLAGS[name], is_flag=True)
    elif NEXT.match(name) and _is_there(value):
        yield Mark(True)
    elif name in TOKENS and isinstance(value, (str, int)) and not isinstance(value, bool):
        yield Mark(bool(value))


def _flag(value: object, *, numbered: bool) -> bool | None:
    if isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        return None if numbered else bool(value)
    word = value.strip().lower() if isinstance(value, str) else ""
    if numbered and word.isdecimal():
        return None
    return True if word in YES else False if word in NO else None


def _number(value: object) -> int | None:
    if isinstance(value, str) and value.isdecimal() and len(value) <= 9:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _is_next_link(value: object) -> bool:
    rel = value.get("rel") if isinstance(value, Mapping) else None
    rels = rel if isinstance(rel, list) else [rel]
    return any(isinstance(each, str) and "next" in each.lower().split() for each in rels)


def _is_there(value: object) -> bool:
    if isinstance(value, Mapping):
        return any(map(_is_there, value.values()))
    return bool(value)
