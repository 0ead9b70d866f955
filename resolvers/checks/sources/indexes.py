"""Whether an index serves what a graph relates and sorts by. Where none does, it is a hint: the
answer is right, and slow once there are many rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from loaders.descriptions import Description, IndexDescription
from loaders.query import Order
from loaders.resource import Resource
from resolvers.checks.places import Declarations
from resolvers.checks.sources.findings import Descriptions, Finding, hint, unknown
from resolvers.columns import column_name, columns_of, coordinate_of, nullable_columns
from resolvers.connections import Connected
from resolvers.fields import Node
from resolvers.relations import Aggregated, Many, declared_order


@dataclass(frozen=True, slots=True)
class Need:
    """What rows of a resource are asked for: those of one value of the column ``by``, if it is
    given, in an order, if it has any."""

    resource: Resource
    by: str | None
    order: tuple[Order, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        own = () if self.by is None else (self.by,)
        return (*own, *(part.column for part in self.order))


def indexes_are_there(declared: Declarations, told: Descriptions) -> Iterator[Finding]:
    said: set[tuple[Resource, str]] = set()
    for coordinate, why, need in _needs(declared):
        description = told.get(need.resource)
        if description is None or description.indexes is None:
            continue
        known = description.columns
        if known is not None and not all(name in known for name in need.columns):
            continue  # which is said already
        served = [index for index in description.indexes if _serves(index, need, description)]
        wanted = f"({', '.join(_written(need, description))})"
        if any(not index.is_partial for index in served) or (need.resource, wanted) in said:
            continue
        said.add((need.resource, wanted))
        if served:
            yield unknown(
                coordinate,
                need.resource,
                f"{why} {need.resource} has only the partial index '{served[0].name}', and whether "
                f"its condition holds can't be told: it may need one on {wanted}",
            )
        elif description.places_nulls and _is_list(need, description):
            yield hint(
                coordinate,
                need.resource,
                f"{why} {need.resource} has no index of the values in the lists of '{need.by}': "
                f"make one using gin ({need.by})",
            )
        else:
            yield hint(
                coordinate,
                need.resource,
                f"{why} {need.resource} has no index on {wanted}: make it",
            )


def _needs(declared: Declarations) -> Iterator[tuple[str, str, Need]]:
    """Each with the coordinate that asks for it, and what it is behind."""
    paged: dict[Resource, type[Node]] = {}
    for place in declared.places:
        target = place.target
        match place.fetch:
            case Many(by) if target is not None:
                yield place.coordinate, "by:", Need(target.resource, by)
            case Aggregated(of, by):
                yield place.coordinate, "by:", Need(of, by)
            case Connected(by) if target is not None:
                order = _total(target, declared_order(target, place.fetch.order_by))
                argument = "order_by:" if by is None else "by:"
                yield place.coordinate, argument, Need(target.resource, by, order)
                if by is None:
                    paged.setdefault(target.resource, target)
    for target in paged.values():
        nullable = nullable_columns(target)
        for field, spec in columns_of(target):
            if spec.sortable:
                name = column_name(field, spec)
                order = _total(target, (Order(name, nullable=nullable[name]),))
                yield coordinate_of(target, field), "sortable:", Need(target.resource, None, order)


def _total(target: type[Node], order: tuple[Order, ...]) -> tuple[Order, ...]:
    """The order as pages have it, which the key ends."""
    key = target.resource.key
    if any(part.column == key for part in order):
        return order
    return (*order, Order(key, bool(order) and order[-1].descending))


def _serves(index: IndexDescription, need: Need, description: Description) -> bool:
    """Whether rows come from the index as they are needed, without a sort of them all."""
    columns = index.columns
    is_list = _is_list(need, description)
    if index.of_items is not None and index.of_items is not is_list:
        return False
    if index.of_items:
        # Such an index has its columns in no order, and the rows of one key are few.
        return any(column.name == need.by for column in columns)
    if need.by is not None:
        if columns[0].name != need.by:
            return False
        columns = columns[1:]
    if not need.order:
        return True
    if not index.is_ordered:
        return False
    alike = list(zip(columns, need.order, strict=False))
    if not all(column.name == part.column for column, part in alike):
        return False
    # What follows the columns of a unique index changes nothing any more.
    whole = len(columns) >= len(need.order) or (index.is_unique and bool(alike or need.by))
    turned = {column.descending is not part.descending for column, part in alike}
    if description.places_nulls:
        turned |= {column.nulls_first is not _nulls_first(part) for column, part in alike}
    # Forward where all are as they are wanted, backward where all are the other way round.
    return whole and len(turned) <= 1


def _is_list(need: Need, description: Description) -> bool:
    column = (description.columns or {}).get(need.by or "")
    return column is not None and column.is_list


def _nulls_first(part: Order) -> bool:
    # As PostgreSQL is asked: missing values are the lowest where there are any, and else they are
    # wherever it has them by itself, which is as the highest.
    return part.nullable is not part.descending


def _written(need: Need, description: Description) -> Sequence[str]:
    """The columns of the index that is needed, ascending where it makes no difference."""
    order = need.order
    if all(part.descending for part in order):
        order = tuple(part.reversed() for part in order)
    own = [] if need.by is None else [need.by]
    return [*own, *(_part(part, description) for part in order)]


def _part(part: Order, description: Description) -> str:
    way = " desc" if part.descending else ""
    if not description.places_nulls or not part.nullable:
        return f"{part.column}{way}"
    return f"{part.column}{way} nulls {'last' if part.descending else 'first'}"
