"""What a source tells of itself and of its calls."""

from __future__ import annotations

from loaders.contexts import Operation
from loaders.contract.asking import Stocked
from loaders.contract.data import COLUMNS


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
