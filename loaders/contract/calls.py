"""What a source tells of itself and of its calls."""

from __future__ import annotations

from loaders.contexts import Operation
from loaders.contract.asking import Asking, Stocked, column, values
from loaders.contract.data import COLUMNS
from loaders.errors import BadResponse
from loaders.query import COUNT, Order, Window, equals


class CallsContract(Stocked):
    """What a source is asked is noted."""

    async def test_its_calls_are_noted(self) -> None:
        async with self._asking() as asking:
            operation = Operation()

            await asking([(1,), (99,)], by=("id",), unique=True, operation=operation)

            (call,) = operation.trace.calls
            noted = call.as_dict()
            assert (noted["keys"], noted["rows"], noted["columns"]) == (2, 1, sorted(COLUMNS))
            assert noted.get("statement") or noted.get("url")
            assert "error" not in noted

    async def test_the_shape_of_a_call_has_no_value_in_it(self) -> None:
        async with self._asking() as asking:
            operation, text = Operation(), "qx_'"
            window = Window((Order("text", nullable=True), Order("id")), after=(text, 13))
            filter = equals("text", text)

            by_code = await asking(
                [("C13",)], by=("code",), unique=True, filter=filter, operation=operation
            )
            whole = await asking(filter=filter, window=window, operation=operation)

            assert column([*by_code, *whole], "id") == [[13], [18, 23]]
            for call in operation.trace.calls:
                shape = str(call.shape)
                assert {value for value in ("qx", "C13") if value in shape} == set(), shape

    async def test_a_resource_that_is_not_there_is_refused_or_has_no_rows(self) -> None:
        # It has none where any name is one of a set of rows, as in MongoDB, and for a service that
        # has nothing at the path of a key.
        async with self._asking() as asking:
            elsewhere = Asking(asking.source, self.missing(asking.resource))
            for columns, aggregates in ((("id",), ()), ((), (COUNT,))):
                operation = Operation()
                try:
                    found = await elsewhere(
                        [(1,)],
                        columns=columns,
                        by=("id",),
                        aggregates=aggregates,
                        operation=operation,
                    )
                except BadResponse:
                    assert operation.trace.calls[-1].error is not None
                else:
                    assert column(found, "id") == [[]]
                    assert values(found) == [[0 for _ in aggregates]]

    async def test_it_describes_what_is_there(self) -> None:
        async with self._asking() as asking:
            description = await asking.source.describe(asking.resource)

            assert description.kind is not None
            # None is for what can't be told.
            if description.columns is not None and not description.is_open:
                assert COLUMNS.keys() <= description.columns.keys()
            if description.unique is not None:
                assert {frozenset({"id"}), frozenset({"code"})} <= description.unique

    async def test_it_describes_nothing_that_is_not_there(self) -> None:
        async with self._asking() as asking:
            description = await asking.source.describe(self.missing(asking.resource))

            # A kind that can't tell whether it is there knows no columns either.
            assert description.columns is None
            assert description.kind is not None or asking.resource.name in description.others
