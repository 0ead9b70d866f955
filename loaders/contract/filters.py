"""Filters."""

from __future__ import annotations

from loaders import evaluation
from loaders.contract.asking import Stocked, column, ids
from loaders.contract.data import FILTERS, ORDERS, ROWS
from loaders.query import Comparison, Not, Operator, SemiJoin, Window, equals


class FiltersContract(Stocked):
    """Logic has two values, and columns that are filtered by need not be wanted."""

    async def test_every_filter(self) -> None:
        async with self._asking() as asking:
            order = ORDERS[0]
            for filter in FILTERS:
                expected = evaluation.filtered(filter, ROWS)

                whole = await asking(columns=("id",), filter=filter, window=Window(order))
                lists = await asking(
                    [(0,), (1,)],
                    columns=("id",),
                    by=("group",),
                    filter=filter,
                    window=Window(order, limit=2),
                )

                assert column(whole, "id") == [ids(expected)], filter
                assert column(lists, "id") == [
                    ids(row for row in expected if row["group"] == parent)[:2] for parent in (0, 1)
                ], filter

    async def test_semi_joins(self) -> None:
        async with self._asking() as asking:
            # The rows are joined with themselves, so that one resource is enough.
            there, by = asking.resource, equals("order no", 5)
            inner = SemiJoin("group", there, "id", by)
            for join in (
                inner,
                SemiJoin("group", there, "id", None),
                SemiJoin("group", there, "id", inner),
                # Some of the values are missing on either side: these equal nothing.
                SemiJoin("order no", there, "order no", None),
                SemiJoin("group", there, "order no", None),
            ):
                for filter, same in ((join, _compared(join)), (Not(join), Not(_compared(join)))):
                    found = await asking(columns=("id",), filter=filter, window=Window(ORDERS[0]))

                    assert column(found, "id") == [ids(evaluation.filtered(same, ROWS))], filter


def _compared(join: SemiJoin) -> Comparison:
    """The same filter, with the values that the rows have."""
    where = _compared(join.where) if isinstance(join.where, SemiJoin) else join.where
    values = (row[join.of] for row in evaluation.filtered(where, ROWS))
    return Comparison(join.column, Operator.IN, tuple(each for each in values if each is not None))
