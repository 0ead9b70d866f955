"""Rows by their keys."""

from __future__ import annotations

from loaders.asks import Key
from loaders.contract.asking import Stocked, column, rows_of, values
from loaders.contract.data import COLUMNS, ORDERS, ROWS
from loaders.query import COUNT, Window, equals


class KeysContract(Stocked):
    """Each key has its rows, at its place."""

    async def test_what_each_key_has_is_at_its_place(self) -> None:
        async with self._asking() as asking:
            keys: list[Key] = [(7,), (1,), (99,), (24,)]

            found = await asking(keys, by=("id",), unique=True)

            assert column(found, "id") == [[7], [1], [], [24]]
            assert column(found, "code") == [["C7"], ["C1"], [], ["C24"]]

    async def test_rows_have_the_columns_that_are_wanted(self) -> None:
        async with self._asking() as asking:
            for columns in (("id",), ("text", "order no"), tuple(COLUMNS)):
                has = COLUMNS if asking.source.can.whole else columns

                (whole,) = await asking(columns=columns, window=Window(ORDERS[0]))
                (of_one,) = await asking([(7,)], columns=columns, by=("id",), unique=True)

                # What is missing in a row may be None, or not there.
                assert [{name: row.get(name) for name in has} for row in rows_of(whole)] == [
                    {name: row[name] for name in has} for row in ROWS
                ]
                (row,) = rows_of(of_one)
                assert {name: row.get(name) for name in has} == {
                    name: ROWS[6][name] for name in has
                }

    async def test_rows_by_another_unique_column(self) -> None:
        async with self._asking() as asking:
            found = await asking([("C3",), ("none",), ("C1",)], by=("code",), unique=True)

            assert column(found, "id") == [[3], [], [1]]

    async def test_a_filter_hides_rows_by_key(self) -> None:
        async with self._asking() as asking:
            keys: list[Key] = [(1,), (2,), (3,)]

            found = await asking(keys, by=("id",), unique=True, filter=equals("order no", 5))

            assert column(found, "id") == [[1], [], [3]]

    async def test_by_several_columns(self) -> None:
        async with self._asking() as asking:
            keys: list[Key] = [(1, "C1"), (1, "C2"), (0, "C3")]
            by, window = ("group", "code"), Window(ORDERS[0], limit=3)

            unique = await asking(keys, by=by, unique=True)
            lists = await asking(keys, by=by, window=window)
            counts = await asking(keys, columns=(), by=by, aggregates=(COUNT,))

            assert column(unique, "id") == column(lists, "id") == [[1], [], [3]]
            assert values(counts) == [[1], [0], [1]]

    async def test_more_keys_than_one_call_takes(self) -> None:
        async with self._asking() as asking:
            ids = range(1_200, 0, -1)

            found = await asking([(id,) for id in ids], by=("id",), unique=True)

            assert column(found, "id") == [[id] if id <= len(ROWS) else [] for id in ids]
