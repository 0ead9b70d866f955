"""Whether declarations name columns that can do what is asked of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

import strawberry
from strawberry.types.base import StrawberryContainer
from strawberry.types.enum import StrawberryEnumDefinition
from strawberry.utils.str_converters import to_camel_case

from loaders.declarations import nearest
from loaders.keys import equal, meet
from loaders.row_filters import Through
from resolvers.checks.faults import Fault
from resolvers.checks.places import Declarations, Place, name_of
from resolvers.checks.sources.uses import written
from resolvers.checks.values import plain, value_type
from resolvers.columns import column_name, columns_of, coordinate_of, given_type
from resolvers.connections import Connected
from resolvers.fields import NEEDS, SPEC, Batched, Node, definition_of
from resolvers.filters import filter_names, has_comparisons
from resolvers.lookups import Lookup
from resolvers.relations import Aggregated, Many, One
from resolvers.scalars import scalar_of
from resolvers.time_zones import converter


def comparisons_are_there(declared: Declarations) -> Iterator[Fault]:
    for type_ in declared.nodes.values():
        for field, spec in columns_of(type_):
            if spec.filterable and not has_comparisons(given_type(field)):
                yield Fault(
                    coordinate_of(type_, field),
                    f"filterable: a value of type {_shown(given_type(field))} has no comparisons",
                )


def comparisons_have_one_name(declared: Declarations) -> Iterator[Fault]:
    for name, type_ in declared.nodes.items():
        for argument, count in Counter(filter_names(type_)).items():
            if count > 1:
                yield Fault(name, f"its where has '{argument}' of more than one field")


def sorts_make_cursors(declared: Declarations) -> Iterator[Fault]:
    """A cursor gives back the value that it was made of, for every column that pages are sorted
    by."""
    for type_ in declared.nodes.values():
        for field, spec in columns_of(type_):
            if spec.sortable and not _makes_cursor(type_, given_type(field)):
                yield Fault(
                    coordinate_of(type_, field),
                    f"sortable: a value of type {_shown(given_type(field))} makes no cursor: take "
                    "sortable away",
                )
    for place, name, target in _orders(declared):
        for field, spec in columns_of(target) if isinstance(place.fetch, Connected) else ():
            if column_name(field, spec) == name and not _makes_cursor(target, given_type(field)):
                yield Fault(
                    place.coordinate,
                    f"order_by: {coordinate_of(target, field)} is of type "
                    f"{_shown(given_type(field))}, which makes no cursor: sort by another column",
                )


def sorts_have_one_field(declared: Declarations) -> Iterator[Fault]:
    for name, type_ in declared.nodes.items():
        sortable = [
            (column_name(field, spec), coordinate_of(type_, field))
            for field, spec in columns_of(type_)
            if spec.sortable
        ]
        for column, count in Counter(column for column, _ in sortable).items():
            if count > 1:
                fields = " and ".join(place for each, place in sortable if each == column)
                yield Fault(name, f"{fields} both sort by the column '{column}'")


def protected_columns_are_shown_once(declared: Declarations) -> Iterator[Fault]:
    """A column that one field protects is not shown by another that nothing protects."""
    for type_ in declared.nodes.values():
        shown = [(column_name(f, spec), coordinate_of(type_, f)) for f, spec in columns_of(type_)]
        closed = {column: place for column, place in shown if declared.rules.required(place)}
        for column, place in shown:
            if column in closed and not declared.rules.required(place):
                yield Fault(
                    place,
                    f"it shows the column '{column}' to everyone, which {closed[column]} protects",
                )


def cursors_show_what_fields_show(declared: Declarations) -> Iterator[Fault]:
    """An order shows something of what is sorted by, and its cursors show all of it."""
    for place, name, target in _orders(declared):
        if name == target.resource.key:
            continue
        fields = [f for f, spec in columns_of(target) if column_name(f, spec) == name]
        if isinstance(place.fetch, Connected) and not fields:
            yield Fault(
                place.coordinate,
                f"order_by: no field of {name_of(target)} shows the column '{name}', and the "
                "cursors would" + _meant(target, name),
            )
        required = declared.rules.required(place.coordinate)
        for field in fields:
            shown = coordinate_of(target, field)
            # What every object that can be seen here has passed as a whole tells nothing new.
            # A policy looks at each of them.
            open_here = [each for each in required if each.kind != "policy"]
            if any(each not in open_here for each in declared.rules.required(shown)):
                yield Fault(place.coordinate, f"it sorts by {shown}, which is protected")


def names_are_columns(declared: Declarations) -> Iterator[Fault]:
    """As far as it can be known: what is a field of the type and no column of it is none, and
    nothing is named twice."""
    for place, argument, names, type_ in _named(declared):
        plain = [name.removeprefix("-") if argument == "order_by" else name for name in names]
        for name, count in Counter(plain).items():
            if count > 1:
                yield Fault(place.coordinate, f"{argument}: it names '{name}' twice")
            elif not name:
                yield Fault(place.coordinate, f"{argument}: '-' names no column")
            elif type_ is not None and _is_no_column(type_, name):
                said = argument == "order_by" and isinstance(place.fetch, Connected)
                if not said:
                    yield Fault(
                        place.coordinate,
                        f"{argument}: '{name}' is no column{_meant(type_, name)}",
                    )


def time_zones_are_of_times(declared: Declarations) -> Iterator[Fault]:
    zones: dict[tuple[tuple[str, ...], str], tuple[str, ZoneInfo]] = {}
    for type_ in declared.nodes.values():
        for field, spec in columns_of(type_):
            if spec.time_zone is None:
                continue
            at, of = coordinate_of(type_, field), (type_.resource.id, column_name(field, spec))
            if converter(field.type) is None:
                shown = _shown(given_type(field))
                yield Fault(at, f"time_zone: a value of type {shown} has no moment in it")
            other, zone = zones.setdefault(of, (at, spec.time_zone))
            if zone != spec.time_zone:
                yield Fault(
                    at,
                    f"time_zone: the column '{of[1]}' has the time zone {zone.key} at {other}, and "
                    f"{spec.time_zone.key} here",
                )


def paths_have_steps(declared: Declarations) -> Iterator[Fault]:
    """A dot in a column's name is a step into a document, and each step is a field's name."""
    for use in written(declared):
        if not use.resource.has_paths or "." not in use.column:
            continue
        for step in use.column.split("."):
            if not step or step.startswith("$") or step.isdecimal():
                said = "" if use.argument is None else f"{use.argument}: "
                what = f"'{use.column}' is no path: each step is a field's name"
                yield Fault(use.coordinate, f"{said}{what}, and '{step}' is none")
                break


def lookups_name_fields(declared: Declarations) -> Iterator[Fault]:
    for place in declared.places:
        if not isinstance(place.fetch, Lookup) or place.target is None:
            continue
        names = ["id", *(field.python_name for field, _ in columns_of(place.target))]
        for name in place.fetch.by:
            if name not in names:
                meant = nearest(name, names)
                yield Fault(
                    place.coordinate,
                    f"by: {name_of(place.target)} has no column field '{name}'"
                    + (f"; did you mean '{meant}'?" if meant else ""),
                )
        for name, count in Counter(place.fetch.by).items():
            if count > 1:
                yield Fault(place.coordinate, f"by: it names '{name}' twice")


def keys_can_meet(declared: Declarations) -> Iterator[Fault]:
    """Where both ends of a relation are declared, their values can be the same keys."""
    for place in declared.places:
        owner, target = place.owner, place.target
        if owner is None:
            continue
        own = owner, owner.resource.key
        cast: type | None
        ends: tuple[tuple[type[Node], str], tuple[type[Node], str]]
        match place.fetch:
            case One(by, to, _, cast) if target is not None:
                ends = (owner, by), (target, to or target.resource.key)
            case Many(by, _, cast) | Connected(by, _, cast) if target is not None and by:
                ends = own, (target, by)
            case Aggregated(of, by, _, _, cast):
                types = [type_ for _, type_ in declared.types_of(of)]
                typed = [each for each in types if value_type(each, by) is not None]
                if not typed and cast is None:
                    continue
                ends = own, ((typed or [owner])[0], by)
            case _:
                continue
        if (said := _apart(*ends, cast)) is not None:
            is_key = isinstance(place.fetch, One) and place.fetch.to is None
            told = (
                "" if is_key or cast else "; if its source has another type there, say it by cast="
            )
            yield Fault(place.coordinate, said + told)
    for name, type_ in declared.nodes.items():
        within = type_.resource.row_filter
        if not isinstance(within, Through):
            continue
        for _, other in declared.types_of(within.resource):
            # A source joins them itself, if it can, and reads none as another.
            ends = (type_, within.column), (other, other.resource.key)
            if (said := _apart(*ends, read=False)) is not None:
                yield Fault(name, f"its row filter: {said}")


def _apart(
    giver: tuple[type[Node], str],
    taker: tuple[type[Node], str],
    cast: type | None = None,
    *,
    read: bool = True,
) -> str | None:
    """Why the values of the one are no keys of the other, which holds values of the type ``cast``
    where that is said, and where each is ``read`` as the other's type."""
    given, taken = value_type(*giver), cast or value_type(*taker)
    if given is None or taken is None or (meet if read else equal)(given, taken):
        return None
    here, there = (f"{name_of(type_)}'s '{column}' is" for type_, column in (giver, taker))
    there = "cast is" if cast else there
    return f"{here} {_shown(given)} and {there} {_shown(taken)}, so they never meet"


def _makes_cursor(type_: type[Node], shown: object) -> bool:
    definition = getattr(shown, "__strawberry_definition__", shown)
    if isinstance(definition, StrawberryEnumDefinition) or shown is strawberry.ID:
        return True
    behind = plain(shown)
    scalars = (scalar_of(each) for each in (shown, behind))
    return behind is type_.resource.key_type or any(each and each.is_sortable for each in scalars)


def _shown(type_: object) -> str:
    if isinstance(type_, StrawberryContainer):
        return f"list of {_shown(type_.of_type)}"
    definition = getattr(type_, "__strawberry_definition__", None)
    if definition is not None:
        return str(definition.name)
    if isinstance(type_, StrawberryEnumDefinition):
        return type_.name
    return str(getattr(type_, "__name__", type_))


def _orders(declared: Declarations) -> Iterator[tuple[Place, str, type[Node]]]:
    for place in declared.places:
        if place.fetch is not None and place.target is not None:
            for name in place.fetch.sorts_by():
                yield place, name.removeprefix("-"), place.target


def _named(
    declared: Declarations,
) -> Iterator[tuple[Place, str, Sequence[str], type[Node] | None]]:
    for place in declared.places:
        match place.fetch:
            case Many(_, order_by) | Connected(_, order_by):
                yield place, "order_by", order_by, place.target
            case Batched(_, columns):
                yield place, "needs", columns, place.owner
        if needed := place.field.metadata.get(NEEDS):
            yield place, "needs", needed, place.owner
        for requirement in declared.rules.required(place.coordinate):
            if requirement.kind == "policy" and place.owner is not None:
                for name in sorted(requirement.names & declared.rules.policies.keys()):
                    policy = declared.rules.policies[name]
                    yield place, f"policy '{name}' needs", policy.needs, place.owner


def _is_no_column(type_: type[Node], name: str) -> bool:
    columns = {column_name(field, spec) for field, spec in columns_of(type_)}
    fields = {
        field.python_name for field in definition_of(type_).fields if field.python_name != "id"
    }
    return (
        name not in columns
        and name != type_.resource.key
        and (name in fields or name in {to_camel_case(each) for each in fields})
    )


def _meant(type_: type[Node], name: str) -> str:
    """What to write instead of a name, if it is one of a field."""
    for field, spec in columns_of(type_):
        if name in (field.python_name, to_camel_case(field.python_name)):
            return f": {coordinate_of(type_, field)} is the column '{column_name(field, spec)}'"
    for field in definition_of(type_).fields:
        one = field.metadata.get(SPEC)
        if isinstance(one, One) and name in (field.python_name, to_camel_case(field.python_name)):
            return f": {coordinate_of(type_, field)} goes by the column '{one.by}'"
    return ""
