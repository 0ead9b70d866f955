"""What every kind of source must do, as tests: for kinds of your own, and for ours.

Derive a class from ``SourceContract`` in a test module, say how rows get into a source of the kind,
and let pytest (with pytest-asyncio) run what it inherits::

    class TestSqlite(SourceContract):
        @asynccontextmanager
        async def stocked(self, rows):
            ...  # a table with COLUMNS, and the rows in it
            yield SqliteSource("files", path), SqliteTable(source="files", name="things")
"""

from __future__ import annotations

from loaders.contract.aggregates import AggregatesContract
from loaders.contract.calls import CallsContract
from loaders.contract.data import COLUMNS, ROWS
from loaders.contract.filters import FiltersContract
from loaders.contract.keys import KeysContract
from loaders.contract.windows import WindowsContract

__all__ = ["COLUMNS", "ROWS", "SourceContract"]


class SourceContract(
    KeysContract, WindowsContract, FiltersContract, AggregatesContract, CallsContract
):
    """The contract of ``loaders.sources.Source``, a test for each promise."""
