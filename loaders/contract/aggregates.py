"""Values made of all rows of a key."""

from __future__ import annotations

from loaders import evaluation
from loaders.asks import Key
from loaders.contract.asking import Stocked, column, number, values
from loaders.contract.data import AGGREGATES, ORDERS, ROWS, SUM
from loaders.query import COUNT, Comparison, Operator, Window, equals


class AggregatesContract(Stocked):
    """Aggregates are over what the filter lets through."""

    async def test_aggregates_of_each_key_and_of_the_whole(self) -> None:
        async with self._asking() as asking:
            keys: list[Key] = [(1,), (9,)]
            there = Comparison("order no", Operator.IS_NULL, False)

            for filter in (None, there):
                kept = evaluation.filtered(filter, ROWS)
                of_one = [row for row in kept if row["group"] == 1]
                each = await asking(
                    keys, columns=(), by=("group",), filter=filter, aggregates=AGGREGATES
                )
                whole = await asking(columns=(), filter=filter, aggregates=AGGREGATES)

                assert values(each) == [
                    [number(evaluation.aggregate(one, of_one)) for one in AGGREGATES],
                    [one.of_nothing for one in AGGREGATES],
                ]
                assert values(whole) == [
                    [number(evaluation.aggregate(one, kept)) for one in AGGREGATES]
                ]

    async def test_aggregates_know_no_place_and_no_limit(self) -> None:
        async with self._asking() as asking:
            window = Window(ORDERS[0], after=(3,), limit=2)

            whole = await asking(columns=("id",), window=window, aggregates=(COUNT, SUM))
            each = await asking([(0,), (9,)], by=("group",), window=window, aggregates=(COUNT,))
            none = await asking(
                window=window, filter=equals("order no", 99), aggregates=(COUNT, SUM)
            )

            assert column(whole, "id") == [[4, 5]]
            assert values(whole) == [[len(ROWS), evaluation.aggregate(SUM, ROWS)]]
            assert (column(each, "id"), values(each)) == ([[6, 9], []], [[8], [0]])
            assert (column(none, "id"), values(none)) == ([[]], [[0, None]])
