"""What services say of pages around their lists, and what of it means that there is another."""

from __future__ import annotations

from typing import Any

import pytest

from loaders.rest.paging import FLAGS, TOKENS, TOTALS, has_next
from tests.graph.told import told

YES: list[Any] = [True, 1, 1.0, "true", "True", "1", "yes"]
NO: list[Any] = [False, 0, "false", "0", "no"]
NEITHER: list[Any] = [None, "", [], {}]

NEXT: dict[str, Any] = {
    "a link of another case": {"links": [{"rel": "Next", "href": "/2"}]},
    "a link of several relations": {"links": [{"rel": "last next", "href": "/2"}]},
    "a link with a list of relations": {"links": [{"rel": ["next"], "href": "/2"}]},
    "S3": {"IsTruncated": True, "NextContinuationToken": "x"},
    "AWS": {"NextToken": "x"},
    "AIP-158": {"nextPageToken": "x"},
    "Salesforce": {"nextRecordsUrl": "/2"},
    "Slack": {"response_metadata": {"next_cursor": "x"}},
    "Azure": {"continuationToken": "x"},
    "Square": {"cursor": "x"},
    "Stripe": {"has_more": True},
    "Dropbox": {"has_more": True, "cursor": "x"},
    "Jira": {"isLast": False},
    "Spring Data": {"last": False, "number": 0, "totalPages": 3},
    "Spring Data's models": {"page": {"number": 0, "size": 20, "totalPages": 3}},
    "Kaminari": {"meta": {"current_page": 1, "total_pages": 3, "next_page": 2}},
    "Kaminari without its next": {"meta": {"current_page": 1, "total_pages": 3}},
    "Laravel": {"meta": {"current_page": 1, "last_page": 3}},
    "pages of pages": {"page": 1, "pages": 3},
    "as texts": {"page": "1", "total_pages": "3"},
    "no page": {"totalPages": 3},
    "a flag that says so, and one page": {"has_more": 1, "page": 1, "total_pages": 1},
}

LAST: dict[str, Any] = {
    "a link that leads back": {"links": [{"rel": ["prev", "first"], "href": "/1"}, {"rel": None}]},
    "S3": {"IsTruncated": False, "ContinuationToken": "that was asked by"},
    "AIP-158": {"nextPageToken": ""},
    "Azure": {"continuationToken": None},
    "Square": {"cursor": ""},
    "Dropbox": {"has_more": False, "cursor": "to go on from later"},
    "a token to go on by later": {"hasMore": False, "nextCursor": "x"},
    "Relay": {"pageInfo": {"hasNextPage": False, "endCursor": "x"}},
    "Spring Data": {"last": True, "number": 0, "totalPages": 1},
    "Spring Data's models": {"page": {"number": 0, "size": 20, "totalPages": 1}},
    "Kaminari": {"meta": {"current_page": 1, "total_pages": 1, "next_page": None}},
    "Laravel": {"meta": {"current_page": 1, "last_page": 1}},
    "Laravel without anything": {"meta": {"current_page": 1, "last_page": 0}},
    "pages of a book": {"pages": 300},
    "pages as a list": {"page": 1, "pages": [1, 2, 3]},
    "a total of rows": {"page": 1, "total": 300},
    "other flags": {"page": True, "total_pages": True},
    "a schedule": {"number": 3, "nextRun": "2026-01-01"},
}


def says(envelope: Any) -> bool:
    return has_next({"items": [{"id": 1, "next": "b", "has_more": True}], **envelope}, (), "items")


@pytest.mark.parametrize("envelope", NEXT)
def test_another_page_follows(envelope: str) -> None:
    assert says(NEXT[envelope])
    assert says({"meta": NEXT[envelope]})
    assert not has_next(NEXT[envelope], (), None)


@pytest.mark.parametrize("envelope", LAST)
def test_no_other_page_follows(envelope: str) -> None:
    assert not says(LAST[envelope])
    assert not says({"meta": LAST[envelope]})


def _is_word(value: object) -> bool:
    return isinstance(value, bool) or (isinstance(value, str) and value.isalpha())


@pytest.mark.parametrize("name", FLAGS)
def test_a_flag_is_what_is_true_as_words_have_it(name: str) -> None:
    more, no_more = (YES, NO) if FLAGS[name] else (NO, YES)
    if name in ("last", "lastpage"):
        # As a number they are that of the last page.
        more, no_more = ([each for each in of if _is_word(each)] for of in (more, no_more))
    for value in more:
        assert says({name: value}), value
        assert says({name: value, "page": 1, "totalPages": 1}), value
    for value in no_more:
        assert not says({name: value}), value
        assert not says({name: value, "nextCursor": "x", "page": 1, "totalPages": 3}), value
    for value in NEITHER:
        assert not says({name: value}), value
        assert says({name: value, "page": 1, "totalPages": 3}), value


@pytest.mark.parametrize("name", sorted(TOKENS))
def test_a_token_is_one_that_is_not_empty(name: str) -> None:
    for value in ("x", 5):
        assert says({name: value})
        assert not says({name: value, "hasMore": False})
    for nothing in (*NEITHER, 0, False, True):
        assert not says({name: nothing})


@pytest.mark.parametrize("name", sorted(TOTALS))
@pytest.mark.parametrize("number", ["page", "currentPage", "page_number", "number", "pageIndex"])
def test_the_first_page_of_several(name: str, number: str) -> None:
    for first in (0, 1):
        assert says({number: first, name: 2})
        assert not says({number: first, name: 1})
        assert not says({number: first, name: 0})
    assert says({number: 2, name: 3})
    assert not says({number: 3, name: 3})


@pytest.mark.parametrize("envelope", NEXT)
async def test_a_key_that_may_be_on_another_page_is_an_error(envelope: str) -> None:
    body = {"items": [{"id": "1", "it": 1}], **NEXT[envelope]}
    async with told(body, refs=["1", "2"]) as (client, _):
        response = await client.execute("{ rows { nodes { thing { it } } } }")

    assert response.data["rows"]["nodes"] == [{"thing": {"it": 1}}, {"thing": None}]
    assert response.codes == ["UPSTREAM_BAD_RESPONSE"]
    assert [error["path"] for error in response.errors] == [["rows", "nodes", 1, "thing"]]


@pytest.mark.parametrize("envelope", LAST)
async def test_a_key_that_the_last_page_lacks_has_no_row(envelope: str) -> None:
    body = {"items": [{"id": "1", "it": 1}], **LAST[envelope]}
    async with told(body, refs=["1", "2"]) as (client, _):
        response = await client.execute("{ rows { nodes { thing { it } } } }")

    assert response.errors == []
    assert response.data["rows"]["nodes"] == [{"thing": {"it": 1}}, {"thing": None}]
