"""Guarded columns are read apart, by key, and only of rows that may be seen."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from demo.stack import Addresses
from tests.loaders.filtered import DOCUMENTS, Filtered, documents, filtered

KINDS = ("postgres", "mongo", "batch", "single")


@pytest.fixture(scope="module")
async def data(addresses: Addresses) -> AsyncIterator[Filtered]:
    async with filtered(addresses) as data:
        yield data


@pytest.mark.parametrize("kind", KINDS)
async def test_plain_and_guarded_columns_are_two_calls(data: Filtered, kind: str) -> None:
    resource = documents(kind)
    asked = data.asks(
        columns={resource: frozenset({"size"})}, guarded={resource: frozenset({"secret"})}
    )

    plain = await asked.loaders.by_key(resource).load(3)
    guarded = await asked.loaders.guarded(resource).load(3)

    assert plain is not None
    assert guarded is not None
    assert (plain["size"], guarded["secret"]) == (DOCUMENTS[2]["size"], "secret 3")
    assert [sorted(call.columns) for call in asked.calls] == [["id", "size"], ["id", "secret"]]


@pytest.mark.parametrize("kind", ["postgres", "mongo"])
async def test_a_guarded_column_is_in_no_other_statement(data: Filtered, kind: str) -> None:
    resource = documents(kind)
    asked = data.asks(
        columns={resource: frozenset({"size"})}, guarded={resource: frozenset({"secret"})}
    )

    plain = await asked.loaders.by_key(resource).load(3)

    assert plain is not None
    assert "secret" not in dict(plain)
    assert "secret" not in str(asked.calls[0].statement)


@pytest.mark.parametrize("kind", KINDS)
async def test_guarded_rows_are_one_batch_of_the_visible_ones(data: Filtered, kind: str) -> None:
    resource = documents(kind)
    asked = data.asks(guarded={resource: frozenset({"secret"})})

    rows = await asked.loaders.guarded(resource).load_many([row["id"] for row in DOCUMENTS])

    assert [row and row["secret"] for row in rows] == [
        row["secret"] if row["owner"] == "ada" else None for row in DOCUMENTS
    ]
    assert [call.keys for call in asked.calls] == [len(DOCUMENTS)]
