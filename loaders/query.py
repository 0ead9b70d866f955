"""What is asked of a source, in terms that every kind of source can serve.

A filter is a tree of these values, and so is a window; both are hashable, because a loader is
found by what it asks. Logic is two-valued everywhere: a missing value equals nothing and is neither
less nor greater, so it passes only ``NE``, ``NOT_IN`` and ``Not``. Missing values sort below all
others.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from loaders.resource import Resource


class Operator(StrEnum):
    """How a column is compared. ``CONTAINS`` and ``STARTS_WITH`` ignore the case of ASCII's
    letters; whether that of others, too, is the source's. The ``HAS`` family is of columns whose
    values are lists: a missing list has nothing, and a missing item is equal to none."""

    EQ = "eq"
    NE = "ne"
    IN = "in"
    NOT_IN = "notIn"
    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"
    CONTAINS = "contains"
    STARTS_WITH = "startsWith"
    HAS = "has"
    HAS_SOME = "hasSome"
    HAS_EVERY = "hasEvery"
    IS_NULL = "isNull"


SEVERAL = frozenset({Operator.IN, Operator.NOT_IN, Operator.HAS_SOME, Operator.HAS_EVERY})
"""The operators that compare with several values."""

NEGATIVE = frozenset({Operator.NE, Operator.NOT_IN})
"""Those that let through what is missing."""


def exact(value: object) -> object:
    """What equals the same of another value only if that has the same type, and so have its parts:
    in Python 1, True and Decimal(1) are equal, and a claim that is true is not customer 1."""
    return tuple(map(exact, value)) if isinstance(value, tuple) else (type(value), value)


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """One column against one value: a tuple for the operators that compare with ``SEVERAL``, a bool
    for ``IS_NULL``. Equal to another only if their values are of one type."""

    column: str
    operator: Operator
    value: Any

    def __eq__(self, other: object) -> bool:
        return (
            type(self) is type(other)
            and isinstance(other, Comparison)
            and (self.column, self.operator) == (other.column, other.operator)
            and exact(self.value) == exact(other.value)
        )

    def __hash__(self) -> int:
        return hash((self.column, self.operator, self.value))


class KeyComparison(Comparison):
    """A comparison for equality with keys of another resource, by which relations lead there from
    the column: equal is what a relation takes for the same key, in whichever type. A source that
    takes it for any other comparison finds what is of the keys' own type."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class And:
    """True where every part is; of no parts, true."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """True where any part is; of no parts, false."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """True where the part is not."""

    part: Filter


@dataclass(frozen=True, slots=True)
class SemiJoin:
    """True where ``column`` equals ``of`` in some row of ``resource`` that ``where`` lets through:
    a semi-join. It stands in row filters; clients can't write one."""

    column: str
    resource: Resource
    of: str
    where: Filter | None


Filter = Comparison | And | Or | Not | SemiJoin

NOTHING = Or(())
"""The filter that lets no row through."""


def equals(column: str, value: object) -> Comparison:
    """The filter that a declaration most often wants."""
    return Comparison(column, Operator.EQ, value)


def all_of(*filters: Filter | None) -> Filter | None:
    """The filters that are there, joined by and; None where there are none."""
    present = tuple(part for part in filters if part is not None)
    return present[0] if len(present) == 1 else And(present) if present else None


def conjuncts(filter: Filter | None) -> tuple[Filter, ...]:
    """The filters that must all hold where this one does; none where it lets everything through."""
    match filter:
        case None:
            return ()
        case And(parts):
            return tuple(each for part in parts for each in conjuncts(part))
        case _:
            return (filter,)


def joined(filter: object) -> Iterator[Resource]:
    """The resources of all semi-joins in the filter, however deep; of what is no filter, none."""
    match filter:
        case And(parts) | Or(parts):
            for part in parts:
                yield from joined(part)
        case Not(part):
            yield from joined(part)
        case SemiJoin(_, resource, _, where):
            yield resource
            yield from joined(where)


def compared(filter: Filter | None) -> Iterator[str]:
    """The columns that the filter compares, however deep; not those that its semi-joins compare of
    other resources."""
    match filter:
        case And(parts) | Or(parts):
            for part in parts:
                yield from compared(part)
        case Not(part):
            yield from compared(part)
        case Comparison(column) | SemiJoin(column):
            yield column


def folded(filter: Filter) -> Filter | None:
    """The same filter, without the parts that are true or false whatever the row: None if it lets
    every row through, ``NOTHING`` if none.

    As a missing value equals nothing, ``EQ`` to None is false, and so is ``HAS`` of None. Raises
    TypeError for what is no filter, and for any other comparison with None.
    """
    match filter:
        case And(parts):
            kept = [part for part in map(folded, parts) if part is not None]
            return NOTHING if NOTHING in kept else all_of(*kept)
        case Or(parts):
            alternatives = tuple(part for part in map(folded, parts) if part != NOTHING)
            if len(alternatives) == 1:
                return alternatives[0]
            present = tuple(part for part in alternatives if part is not None)
            return Or(present) if len(present) == len(alternatives) else None
        case Not(part):
            negated = folded(part)
            if negated is None:
                return NOTHING
            return None if negated == NOTHING else Not(negated)
        case Comparison(_, Operator.EQ | Operator.HAS, None):
            return NOTHING
        case Comparison(_, Operator.HAS_EVERY, values) if values is not None and None in values:
            return NOTHING
        case Comparison(
            column, (Operator.IN | Operator.NOT_IN | Operator.HAS_SOME) as operator, values
        ) if values is not None:
            values = tuple(value for value in values if value is not None)
            if values:
                return Comparison(column, operator, values)
            return None if operator is Operator.NOT_IN else NOTHING
        case Comparison(column, operator, None):
            raise TypeError(f"a filter compares '{column}' by {operator} with None")
        case Comparison():
            return filter
        case SemiJoin(column, resource, of, where):
            where = None if where is None else folded(where)
            return NOTHING if where == NOTHING else SemiJoin(column, resource, of, where)
        case _:
            raise TypeError(f"{filter!r} is no filter")


class Order(NamedTuple):
    """One column to sort by. ``nullable`` says whether the column can be empty."""

    column: str
    descending: bool = False
    nullable: bool = False

    def reversed(self) -> Order:
        return Order(self.column, not self.descending, self.nullable)


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """Which rows of a key, in which order, and how many of them.

    ``order`` ends with the resource's key wherever rows are cut, so that it is total. ``after`` and
    ``before`` hold one value for each column of ``order``: only rows past the one place and ahead
    of the other are wanted (keyset paging). A source applies filter, order, places and limit in
    this order, for each key apart. Equal to another only if the values are of one type.
    """

    order: tuple[Order, ...] = ()
    after: tuple[object, ...] | None = None
    before: tuple[object, ...] | None = None
    limit: int | None = None

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Window)
            and (self.order, self.limit) == (other.order, other.limit)
            and exact(self.after) == exact(other.after)
            and exact(self.before) == exact(other.before)
        )

    def __hash__(self) -> int:
        return hash((self.order, self.after, self.before, self.limit))

    @property
    def columns(self) -> frozenset[str]:
        """The columns that the order names."""
        return frozenset(part.column for part in self.order)

    @property
    def places(self) -> Iterator[tuple[tuple[Order, ...], tuple[object, ...]]]:
        """An order and a place in it, for each of ``after`` and ``before`` that there is: the rows
        of the window are past all of them. Those before a place are past it in the reverse order.
        """
        if self.after is not None:
            yield self.order, self.after
        if self.before is not None:
            yield tuple(part.reversed() for part in self.order), self.before


ALL_ROWS = Window()
"""The window that every row is in."""


def keyset(
    order: tuple[Order, ...], place: tuple[object, ...], highest: Collection[str] = ()
) -> Filter:
    """The filter for rows that sort after ``place``.

    For order (a, b) and place (x, y): a > x, or a = x and b > y. ``highest`` are columns that are
    not nullable and yet can be empty in the source, which sorts what is missing above all then.
    """
    alternatives: list[Filter] = []
    same: list[Filter] = []
    for part, value in zip(order, place, strict=True):
        beyond = _beyond(part, value, part.column in highest)
        if beyond is not None:
            alternatives.append(And((*same, beyond)) if same else beyond)
        same.append(
            Comparison(part.column, Operator.IS_NULL, True)
            if value is None
            else equals(part.column, value)
        )
    return alternatives[0] if len(alternatives) == 1 else Or(tuple(alternatives))


def _beyond(part: Order, value: object, is_highest: bool) -> Filter | None:
    missing_are_last = part.descending is not is_highest
    if value is None:
        return None if missing_are_last else Comparison(part.column, Operator.IS_NULL, False)
    operator = Operator.LT if part.descending else Operator.GT
    beyond = Comparison(part.column, operator, value)
    if not missing_are_last or not (part.nullable or is_highest):
        return beyond
    return Or((beyond, Comparison(part.column, Operator.IS_NULL, True)))


class Function(StrEnum):
    """How the values of a group become one. ``COUNT`` counts rows and needs no column."""

    COUNT = "count"
    SUM = "sum"
    AVG = "avg"
    MIN = "min"
    MAX = "max"


class Aggregate(NamedTuple):
    """A function over a column of a group of rows. Of no rows: 0 for ``COUNT``, else None.

    Texts compare, and are added, as values of the type ``of_texts``, which JSON has none for:
    where the gateway makes the value.
    """

    function: Function
    column: str | None = None
    of_texts: type | None = None

    @property
    def of_nothing(self) -> int | None:
        return 0 if self.function is Function.COUNT else None


COUNT = Aggregate(Function.COUNT)
