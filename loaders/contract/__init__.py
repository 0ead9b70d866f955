"""What every kind of source must do, as tests: for kinds of your own, and for ours.

Derive a class from ``SourceContract`` in a test module, say how rows get into a source of the kind,
and let pytest (with pytest-asyncio) run what it inherits::

    class TestSqlite(SourceContract):
        together = joins = True  # As the source and the resource have them.

        @asynccontextmanager
        async def stocked(self, rows):
            ...  # a table with COLUMNS, and the rows in it
            yield SqliteSource("files", path), SqliteTable(source="files", name="things")
"""

from __future__ import annotations

from typing import ClassVar

from loaders.contract.aggregates import AggregatesContract
from loaders.contract.calls import CallsContract
from loaders.contract.data import COLUMNS, OF_TYPES, ROWS
from loaders.contract.filters import FiltersContract
from loaders.contract.keys import KeysContract
from loaders.contract.types import TypesContract
from loaders.contract.windows import WindowsContract

__all__ = ["COLUMNS", "OF_TYPES", "ROWS", "SourceContract"]


class SourceContract(
    KeysContract, WindowsContract, FiltersContract, AggregatesContract, TypesContract, CallsContract
):
    """The contract of ``loaders.sources.Source``, a test for each promise.

    What a kind can't do is not tested: a class says what it can, and its tests are no others.
    """

    several: ClassVar[bool] = True
    """Whether rows can be had by several columns at once."""
    together: ClassVar[bool] = False
    """As the source's ``Capabilities`` have it."""
    joins: ClassVar[bool] = False
    """As the resource has it."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        tests = {
            "test_by_several_columns": cls.several,
            "test_aggregates_know_no_place_and_no_limit": cls.together,
            "test_values_of_each_type": cls.types,
            "test_lists": cls.lists,
            "test_semi_joins": cls.joins,
        }
        for name, applies in tests.items():
            if not applies:
                # pytest collects what it can call.
                setattr(cls, name, None)

    async def test_it_is_tested_for_what_it_can(self) -> None:
        async with self._asking() as asking:
            together, joins = asking.source.can.together, asking.resource.joins

            assert self.together == together, f"the class must have together = {together}"
            assert self.joins == joins, f"the class must have joins = {joins}"
