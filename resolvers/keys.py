"""The keys by which relations ask: values of a row, as the other end has them."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from loaders.errors import BadResponse, Unreadable
from loaders.keys import cast
from loaders.resource import Row


@dataclass(frozen=True, slots=True)
class Keys:
    """The values of a column that are keys elsewhere, of ``type_`` there; where that is None, the
    source that is asked knows best. ``source`` is the one that has the rows."""

    source: str
    column: str
    type_: type | None

    def of(self, rows: Sequence[Row]) -> list[Hashable | BadResponse | None]:
        """For each row its key, None where it has none, or the error of its place, which a value
        that can't be read is itself."""
        column, type_ = self.column, self.type_
        return [
            value if type(value) is type_ or value is None else self._read(value)
            for value in [row.get(column) for row in rows]
        ]

    def _read(self, value: object) -> Hashable | BadResponse:
        if isinstance(value, Unreadable):
            return value
        try:
            if self.type_ is not None:
                return cast(self.type_, value)
            if isinstance(value, Hashable):
                return value
        except ValueError:
            pass
        said = f"The source '{self.source}' sent '{self.column}' as no id."
        return BadResponse(self.source, said)
