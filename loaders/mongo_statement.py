"""Asks as MongoDB's documents.

Client values only ever stand where an operator of ours expects a value (``{"$eq": value}``), so a
document from a client can't become an operator.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from functools import lru_cache

from loaders.asks import Key, Rows
from loaders.domains import milliseconds, within
from loaders.errors import Unreadable
from loaders.mongo_numbers import ORDERED, Condition, number_condition
from loaders.mongo_readings import read_value, that_can_be
from loaders.query import (
    SEVERAL,
    Aggregate,
    And,
    Comparison,
    Filter,
    Function,
    KeyComparison,
    Not,
    Operator,
    Or,
    Order,
    SemiJoin,
    conjuncts,
)
from loaders.resource import Row
from loaders.times import FineDatetime

COMPARE = {
    Operator.EQ: "$eq",
    Operator.NE: "$ne",
    Operator.IN: "$in",
    Operator.NOT_IN: "$nin",
    **ORDERED,
    # MongoDB takes a list for each of its items.
    Operator.HAS: "$eq",
    Operator.HAS_SOME: "$in",
    Operator.HAS_EVERY: "$all",
}

OF_KEYS = {
    Operator.EQ: Operator.IN,
    Operator.IN: Operator.IN,
    Operator.NE: Operator.NOT_IN,
    Operator.NOT_IN: Operator.NOT_IN,
}
"""By what a key is compared, which may be several values."""

IN_OTHER_TERMS = frozenset({int, float, Decimal, datetime, FineDatetime, tuple})
"""The types of operands that fields may not hold, or hold as another type."""

Pipeline = list[dict[str, object]]
Stages = Sequence[dict[str, object]]


@lru_cache(4096)
def projected(columns: frozenset[str]) -> dict[str, int]:
    """The projection to these fields. It is shared: nobody may change it."""
    # MongoDB takes no path into what is wanted as a whole.
    kept = [each for each in sorted(columns) if not any(each.startswith(f"{c}.") for c in columns)]
    projection = dict.fromkeys(kept, 1)
    if not any(each.startswith("_id.") for each in kept):
        projection.setdefault("_id", 0)
    return projection


def sorted_by(order: tuple[Order, ...]) -> dict[str, int]:
    """The sort specification. MongoDB takes what is missing for the lowest, as we do."""
    return {part.column: -1 if part.descending else 1 for part in order}


def any_of(by: tuple[str, ...], keys: Sequence[Key]) -> dict[str, object]:
    """The condition that the fields hold one of the keys."""
    if len(by) < 2:
        return {column: {"$in": [key for (key,) in keys]} for column in by}
    return {"$or": [equal(by, key) for key in keys]}


def of_each(rows: Rows, keys: Sequence[Key], stages: Stages) -> Pipeline:
    """The pipeline that has for each key what ``stages`` make of its rows, each beside the key's
    ``place``. It is the database's, by ``$documents``."""
    documents = [{"place": place, "key": {"$literal": key}} for place, (key,) in enumerate(keys)]
    return [
        {"$documents": documents},
        {
            "$lookup": {
                "from": rows.resource.name,
                "localField": "key",
                "foreignField": rows.by[0],
                "pipeline": [{"$match": matching_of({}, rows)}, *stages],
                "as": "row",
            }
        },
        {"$unwind": "$row"},
    ]


def of_each_apart(rows: Rows, conditions: Iterable[Condition], stages: Stages) -> Pipeline:
    """The same of keys by which no ``$lookup`` goes, by a condition of each: of several fields,
    or at a path, which not every server follows through lists there. It is the collection's."""
    name = rows.resource.name
    pipeline: Pipeline = []
    for place, condition in enumerate(conditions):
        of_key: Pipeline = [
            {"$match": matching_of(condition, rows)},
            *stages,
            {"$project": {"_id": 0, "place": {"$literal": place}, "row": "$$ROOT"}},
        ]
        if pipeline:
            pipeline.append({"$unionWith": {"coll": name, "pipeline": of_key}})
        else:
            pipeline += of_key
    return pipeline


def listing(rows: Rows, projection: dict[str, int]) -> Stages:
    """The stages that make the rows of a key into those of its window."""
    stages: Pipeline = []
    if rows.window.order:
        stages.append({"$sort": sorted_by(rows.window.order)})
    if rows.window.limit is not None:
        stages.append({"$limit": rows.window.limit})
    return [*stages, {"$project": projection}]


NUMBERS = ("int", "long", "double", "decimal")
"""The types that MongoDB adds up. It leaves all others out, without a word."""

NOTHING = ("missing", "null", "undefined")


def grouping(key: object, aggregates: Sequence[Aggregate]) -> dict[str, object]:
    """The stage that makes a document of the rows of each key: ``a0``, ``a1``, … for the
    aggregates, and for a sum or a mean ``n0``, ``n1``, … how many numbers it is of, and ``o0``,
    ``o1``, … how many values are none."""
    group: dict[str, object] = {"_id": key}
    for index, each in enumerate(aggregates):
        value, its_type = f"${each.column}", {"$type": f"${each.column}"}
        match each.function:
            case Function.COUNT:
                group[f"a{index}"] = {"$sum": 1}
            case Function.MIN | Function.MAX:
                group[f"a{index}"] = {f"${each.function}": value}
            case Function.SUM | Function.AVG:
                added: object = value
                if each.function is Function.SUM:
                    # 64 bits that don't hold a sum become a double, which rounds it.
                    is_long = {"$eq": [its_type, "long"]}
                    added = {"$cond": [is_long, {"$toDecimal": value}, value]}
                group[f"a{index}"] = {f"${each.function}": added}
                is_number = {"$in": [its_type, NUMBERS]}
                group[f"n{index}"] = {"$sum": {"$cond": [is_number, 1, 0]}}
                is_there = {"$in": [its_type, (*NOTHING, *NUMBERS)]}
                group[f"o{index}"] = {"$sum": {"$cond": [is_there, 0, 1]}}
    return {"$group": group}


def grouped(group: Row, aggregates: Sequence[Aggregate], source: str) -> Sequence[object]:
    """The values of the aggregates, of a document that ``grouping`` made. A sum or a mean of what
    are not all numbers is ``Unreadable``."""
    return [_grouped(group, index, source) for index in range(len(aggregates))]


def _grouped(group: Row, index: int, source: str) -> object:
    if others := group.get(f"o{index}"):
        return Unreadable(source, f"values are added up of which {others} are no numbers")
    return group[f"a{index}"] if group.get(f"n{index}", 1) else None


def matching_of(chosen: dict[str, object], rows: Rows) -> dict[str, object]:
    """The filter of the rows that are ``chosen``, between the places of their window."""
    conditions = [condition_of(part) for part in conjuncts(rows.filter)]
    # A place is of values that the fields have, in the server's own order.
    conditions += [_past(order, place) for order, place in rows.window.places]
    # As much as can be in one document, where each name stands once: not every server looks for
    # an index below $and.
    merged, others = dict(chosen), []
    for condition in conditions:
        if merged.keys().isdisjoint(condition) and "$and" not in condition:
            merged |= condition
        else:
            others.append(condition)
    return {**merged, "$and": others} if others else merged


def _past(order: tuple[Order, ...], place: tuple[object, ...]) -> dict[str, object]:
    """The condition that rows sort after ``place``. For order (a, b) and place (x, y): a > x, or
    a = x and b > y."""
    alternatives: list[dict[str, object]] = []
    same: dict[str, object] = {}
    for part, value in zip(order, place, strict=True):
        alternatives.append({**same, **_beyond(part, value)})
        same[part.column] = {"$eq": value}
    return alternatives[0] if len(alternatives) == 1 else {"$or": alternatives}


def _beyond(part: Order, value: object) -> dict[str, object]:
    if value is None and part.descending:
        # As an expression has it, what is missing would be below null; as an order has it, the two
        # are equal.
        return {part.column: {"$type": "minKey"}}
    # A query's own $gt compares within the value's type alone, and nothing with NaN. As an
    # expression it goes by the order of sorts, through all types, in one range of an index.
    compare = "$lt" if part.descending else "$gt"
    return {"$expr": {compare: [f"${part.column}", {"$literal": value}]}}


def equal(by: tuple[str, ...], key: Key) -> dict[str, object]:
    return {column: {"$eq": value} for column, value in zip(by, key, strict=True)}


def condition_of(filter: Filter) -> dict[str, object]:
    """The filter's condition, in the terms of what fields can hold."""
    match filter:
        case And(parts):
            return {"$and": [condition_of(part) for part in parts]} if parts else {}
        case Or(parts):
            # MongoDB takes no empty $or; of no alternatives, none matches.
            return (
                {"$or": [condition_of(part) for part in parts]} if parts else {"_id": {"$in": []}}
            )
        case Not(part):
            return {"$nor": [condition_of(part)]}
        case KeyComparison(column, operator, value) if operator in OF_KEYS:
            keys = value if operator in SEVERAL else (value,)
            read = (each for key in keys for some in read_value(key) for each in that_can_be(some))
            return condition_of(Comparison(column, OF_KEYS[operator], tuple(read)))
        case Comparison(column, operator, value):
            if type(value) not in IN_OTHER_TERMS:
                return _compared(filter)
            if (condition := number_condition(column, operator, value)) is not None:
                return condition
            terms = within(milliseconds, filter)
            return _compared(terms) if isinstance(terms, Comparison) else condition_of(terms)
        case SemiJoin():
            raise NotImplementedError("MongoDB's filters join nothing")


def _compared(comparison: Comparison) -> dict[str, object]:
    """The condition of the comparison as it is."""
    column, operator, value = comparison.column, comparison.operator, comparison.value
    match operator:
        case Operator.IS_NULL:
            return _missing(column) if value else _there(column)
        case Operator.CONTAINS:
            return {column: {"$regex": re.escape(value), "$options": "i"}}
        case Operator.STARTS_WITH:
            return {column: {"$regex": f"^{re.escape(value)}", "$options": "i"}}
        case Operator.HAS_EVERY if value == ():
            return _there(column)
        case Operator.HAS_EVERY if "." in column:
            # As $all would be: not every server has that go through lists.
            return {"$and": [{column: {"$eq": each}} for each in value]}
    return {column: {COMPARE[operator]: list(value) if operator in SEVERAL else value}}


def _missing(column: str) -> dict[str, object]:
    """The condition that nothing stands there: no list either, which one on the way makes of a
    path. MongoDB's own null is also in a list, or in a document of one."""
    *way, end = _steps(column)
    no_list = {"$not": {"$type": "array"}}
    return {**dict.fromkeys(way, no_list), end: {"$eq": None, **no_list}}


def _there(column: str) -> dict[str, object]:
    """The contrary."""
    lists = [{step: {"$type": "array"}} for step in _steps(column)]
    return {"$or": [{column: {"$ne": None}}, *lists]}


def _steps(path: str) -> list[str]:
    """The path to each of its documents, and the path."""
    steps = path.split(".")
    return [".".join(steps[: index + 1]) for index in range(len(steps))]


class Shown:
    """A command as explain shows it. Its keys are many, and few look."""

    def __init__(self, name: str, *documents: object) -> None:
        self._name = name
        self._documents = documents

    def __str__(self) -> str:
        return " ".join((self._name, *map(self._written, self._documents)))

    def _written(self, document: object) -> str:
        return repr(document)


class Shape(Shown):
    """The same with a question mark for each value, as the log has it."""

    def _written(self, document: object) -> str:
        return _without_values(document)


def _without_values(value: object) -> str:
    if isinstance(value, dict):
        inner = (f"{name}: {_without_values(each)}" for name, each in value.items())
        return f"{{{', '.join(inner)}}}"
    if isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
        # Stages, or alternatives; documents of keys are alike, and many.
        return f"[{', '.join(dict.fromkeys(map(_without_values, value)))}]"
    return "?"
