"""Of which types MongoDB's fields are, as far as documents tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pytest

from loaders import mongo_fields
from loaders.mongo_fields import Fields
from loaders.mongo_statement import Pipeline


class Documents:
    """A collection of documents with a field ``a``, and how often they are looked at."""

    def __init__(self, *values: object) -> None:
        self.values = values
        self.looks = 0

    async def aggregate(self, _: str, __: Pipeline) -> Sequence[Mapping[str, object]]:
        self.looks += 1
        return [{"a": value} for value in self.values]


@pytest.mark.parametrize(
    ("values", "key", "is_apart"),
    [
        ([1, 2], "1", True),
        ([1, 2], 3, False),
        (["1"], 1, True),
        ([1, 2.5, Decimal(3)], "1", True),
        ([1, 2.5], Decimal(7), False),
        ([1, "x"], "y", False),
        (["x", 1], 2, False),
        ([["x", "y"]], 2, True),
        ([["x", 1]], 2, False),
        ([], "y", False),
    ],
)
async def test_a_key_is_of_another_type_than_all_values(
    values: list[Any], key: Any, is_apart: bool
) -> None:
    fields = Fields(Documents(*values).aggregate)

    assert await fields.are_apart("c", ("a",), [(key,)]) is is_apart
    assert (fields.apart("c", ("a",)) is not None) is is_apart


async def test_what_they_told_holds_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    documents = Documents(1)
    fields = Fields(documents.aggregate)
    for _ in range(3):
        assert await fields.are_apart("c", ("a",), [("1",)])
    assert documents.looks == 1

    monkeypatch.setattr(mongo_fields, "KNOWN_FOR", -1.0)
    fields = Fields(documents.aggregate)
    assert await fields.are_apart("c", ("a",), [("1",)])
    documents.values = ("1",)

    assert fields.apart("c", ("a",)) is None
    assert not await fields.are_apart("c", ("a",), [("1",)])
    assert documents.looks == 3
