"""What a source says of a resource, for those who hold declarations against it.

Whatever can't be told is None, or says so under ``unknown``: a check that goes by a description
must never take silence for a fault.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from loaders.resource import Row

Samples = Mapping[str, Sequence[Hashable]]
"""Values of columns, by name, by which a source that is asked by key alone can be asked."""

NO_SAMPLES: Samples = {}


class Family(StrEnum):
    """What a driver makes of a column's values, as far as fields tell values apart."""

    TEXT = "texts"
    LABEL = "labels of an enum"
    """Texts that are compared as labels alone: nothing looks for a part of one."""
    BOOLEAN = "booleans"
    INTEGER = "integers"
    """Of 32 bits at most."""
    BIG_INTEGER = "64-bit integers"
    FLOAT = "floats"
    DECIMAL = "decimals"
    DATETIME = "times with their zone"
    LOCAL_DATETIME = "times without a zone"
    DATE = "dates"
    TIME = "times of the day"
    ZONED_TIME = "times of the day with their zone"
    DURATION = "durations"
    UUID = "UUIDs"
    OBJECT_ID = "ObjectIds"
    BYTES = "bytes"
    DOCUMENT = "documents"
    """Whatever JSON can hold, lists and plain values too."""
    RECORD = "records"
    """Of a composite type."""
    OTHER = "values that have a text alone"
    """Such as ranges, bits and addresses of networks."""


TYPES: Mapping[Family, type] = {
    Family.TEXT: str,
    Family.LABEL: str,
    Family.BOOLEAN: bool,
    Family.INTEGER: int,
    Family.BIG_INTEGER: int,
    Family.FLOAT: float,
    Family.DECIMAL: Decimal,
    Family.DATETIME: datetime,
    Family.LOCAL_DATETIME: datetime,
    Family.DATE: date,
    Family.TIME: time,
    Family.DURATION: timedelta,
    Family.UUID: UUID,
    Family.BYTES: bytes,
}
"""The Python types of those whose type is the same for every driver."""

TEXTS = frozenset({Family.TEXT, Family.LABEL})
NUMBERS = frozenset({Family.INTEGER, Family.BIG_INTEGER, Family.FLOAT, Family.DECIMAL})


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnDescription:
    """A column: its name, and its type as the source writes it.

    ``family`` is what its values come back as, or, where ``is_list``, the items of its values; None
    where it can't be told. ``nullable`` is None where it can't. ``labels`` are all values that it
    can have, where the source has such a list. ``is_exact`` says whether equal values are the same
    value: not where letters compare without their case, or blanks at the end don't count.
    ``is_readable`` is False where the source does not let us read it.
    """

    name: str
    type: str
    family: Family | None = None
    is_list: bool = False
    nullable: bool | None = None
    labels: tuple[str, ...] | None = None
    is_exact: bool = True
    is_readable: bool = True


@dataclass(frozen=True, slots=True)
class IndexColumn:
    """A column of an index, and how the index sorts by it. ``name`` is None for an expression, or
    for a column that it does not compare as the column itself does. ``nulls_first`` says where it
    has missing values, in sources whose indexes differ in that."""

    name: str | None
    descending: bool = False
    nulls_first: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexDescription:
    """An index, its columns in order. ``is_partial`` says that it has only some of the rows,
    ``is_ordered`` that rows can be had from it in its order, and not by equality alone.
    ``of_items`` says whether it finds a list by one of its values, and nothing else, or the list
    as a whole alone; None where it does both."""

    name: str
    columns: tuple[IndexColumn, ...]
    is_unique: bool = False
    is_partial: bool = False
    is_ordered: bool = True
    of_items: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """A set of rows, as its source says.

    ``kind`` is what the source calls it, such as "view"; None where there is no such set of rows,
    and then ``others`` are the names, as a declaration would have them, of those that there are.
    ``columns`` are its columns by name, None where they can't be told; rows can have others, too,
    where it ``is_open``. ``unique`` are the sets of columns whose values together find at most one
    row; None where that can't be told, and so for ``indexes``. ``places_nulls`` says that an index
    serves an order only if it has missing values where the order has them. ``mistakes`` is what
    the source has proven wrong with how it is asked, ``unknown`` what it could not tell, and why.
    ``hints`` are about the source as a whole: what its settings should say.
    ``seen`` are a few of its rows, where it had to be asked for some; they are not to be shown.
    ``time_zone`` says that the settings have one for times of the source that have none.
    """

    kind: str | None
    others: tuple[str, ...] = ()
    columns: Mapping[str, ColumnDescription] | None = None
    is_open: bool = False
    unique: frozenset[frozenset[str]] | None = None
    indexes: Sequence[IndexDescription] | None = None
    places_nulls: bool = False
    mistakes: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    seen: Sequence[Row] = ()
    time_zone: bool = False
