"""Filters."""

from __future__ import annotations

from loaders import memory
from loaders.contract.asking import Stocked, column, ids
from loaders.contract.data import FILTERS, ORDERS, ROWS
from loaders.query import Window


class FiltersContract(Stocked):
    """Logic has two values, and columns that are filtered by need not be wanted."""

    async def test_every_filter(self) -> None:
        async with self._asking() as asking:
            order = ORDERS[0]
            for filter in FILTERS:
                expected = memory.filtered(filter, ROWS)

                whole = await asking(columns=("id",), filter=filter, window=Window(order))
                lists = await asking(
                    [(0,), (1,)],
                    columns=("id",),
                    by=("parent",),
                    filter=filter,
                    window=Window(order, limit=2),
                )

                assert column(whole, "id") == [ids(expected)], filter
                assert column(lists, "id") == [
                    ids(row for row in expected if row["parent"] == parent)[:2] for parent in (0, 1)
                ], filter
