"""Values of other types than whole numbers and texts."""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar

from loaders import evaluation
from loaders.contract.asking import Stocked, column, ids, number, rows_of, values
from loaders.contract.data import LISTS, OF_LISTS, OF_TYPES, ROWS
from loaders.query import Aggregate, Comparison, Function, Operator, Order, Window


class TypesContract(Stocked):
    """Values are compared, sorted and shown as their types have it."""

    types: ClassVar[Collection[type]] = ()
    """Those of ``OF_TYPES`` that sources of the kind have. The rows have their columns, too, where
    these are tested."""
    lists: ClassVar[bool] = False
    """Whether the rows can have lists. They have the column ``tags`` where these are tested."""

    async def test_values_of_each_type(self) -> None:
        held = {name: given for name, given in OF_TYPES.items() if type(given[1]) in self.types}
        rows = [
            {**row, **{name: given[place % len(given)] for name, given in held.items()}}
            for place, row in enumerate(ROWS)
        ]
        async with self._asking(rows) as asking:
            for name, (_, low, high) in held.items():
                for filter in (
                    Comparison(name, Operator.EQ, low),
                    Comparison(name, Operator.NE, high),
                    Comparison(name, Operator.IN, (high, low)),
                    Comparison(name, Operator.NOT_IN, (low,)),
                    Comparison(name, Operator.GT, low),
                    Comparison(name, Operator.LTE, low),
                ):
                    found = await asking(
                        columns=("id",), filter=filter, window=Window((Order("id"),))
                    )

                    assert column(found, "id") == [ids(evaluation.filtered(filter, rows))], filter
                for order in (
                    (Order(name, nullable=True), Order("id")),
                    (Order(name, descending=True, nullable=True), Order("id", descending=True)),
                ):
                    for after in (None, (low, 11)):
                        window = Window(order, after)

                        (listed,) = await asking(columns=("id",), window=window)

                        assert [(row["id"], row.get(name)) for row in rows_of(listed)] == [
                            (row["id"], row[name]) for row in evaluation.windowed(window, rows)
                        ], window
                if type(low) is not bool:  # PostgreSQL has no least of them.
                    ends = (Aggregate(Function.MIN, name), Aggregate(Function.MAX, name))

                    found = await asking(columns=(), aggregates=ends)

                    assert values(found) == [[number(low), number(high)]]

    async def test_lists(self) -> None:
        held = [None if each is None else list(each) for each in LISTS]
        rows = [{**row, "tags": held[place % len(held)]} for place, row in enumerate(ROWS)]
        order = Window((Order("id"),))
        async with self._asking(rows) as asking:
            (listed,) = await asking(columns=("id", "tags"), window=order)
            assert [row.get("tags") for row in rows_of(listed)] == [row["tags"] for row in rows]
            for filter in OF_LISTS:
                expected = evaluation.filtered(filter, rows)

                whole = await asking(columns=("id",), filter=filter, window=order)
                parts = await asking(
                    [(0,), (1,)],
                    columns=("id",),
                    by=("group",),
                    filter=filter,
                    window=Window((Order("id"),), limit=2),
                )

                assert column(whole, "id") == [ids(expected)], filter
                assert column(parts, "id") == [
                    ids(row for row in expected if row["group"] == parent)[:2] for parent in (0, 1)
                ], filter
