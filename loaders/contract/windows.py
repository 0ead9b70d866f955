"""Orders, places and limits."""

from __future__ import annotations

from loaders import evaluation
from loaders.asks import Key
from loaders.contract.asking import Stocked, column, ids
from loaders.contract.data import ORDERS, ROWS
from loaders.query import Window


class WindowsContract(Stocked):
    """A window is applied to each key apart."""

    async def test_lists_of_each_key_in_every_order(self) -> None:
        async with self._asking() as asking:
            keys: list[Key] = [(2,), (0,), (9,)]
            for order in ORDERS:
                for limit in (None, 1, 4, 100):
                    window = Window(order, limit=limit)

                    found = await asking(keys, by=("group",), window=window)

                    assert column(found, "id") == [
                        ids(
                            evaluation.windowed(
                                window, (row for row in ROWS if row["group"] == parent)
                            )
                        )
                        for (parent,) in keys
                    ], window

    async def test_the_whole_in_every_order(self) -> None:
        async with self._asking() as asking:
            for order in ORDERS:
                for limit in (None, 5):
                    window = Window(order, limit=limit)

                    found = await asking(window=window)

                    assert column(found, "id") == [ids(evaluation.windowed(window, ROWS))], window

    async def test_between_two_places(self) -> None:
        async with self._asking() as asking:
            for order in ORDERS:
                rows = evaluation.windowed(Window(order), ROWS)
                places = [tuple(row[part.column] for part in order) for row in rows]
                for after, before in ((4, 15), (None, 6), (20, None)):
                    window = Window(
                        order,
                        None if after is None else places[after],
                        None if before is None else places[before],
                    )
                    inside = rows[0 if after is None else after + 1 : before]

                    whole = await asking(window=window)
                    lists = await asking([(1,), (2,)], by=("group",), window=window)

                    assert column(whole, "id") == [ids(inside)], window
                    assert column(lists, "id") == [
                        ids(row for row in inside if row["group"] == group) for group in (1, 2)
                    ], window
