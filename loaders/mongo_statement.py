"""Asks as MongoDB's documents.

Client values only ever stand where an operator of ours expects a value (``{"$eq": value}``), so a
document from a client can't become an operator.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from loaders.asks import Key, Rows
from loaders.query import (
    SEVERAL,
    And,
    Comparison,
    Filter,
    Not,
    Operator,
    Or,
    Order,
    SemiJoin,
    all_of,
    conjuncts,
    keyset,
)
from loaders.resource import Columns

COMPARE = {
    Operator.EQ: "$eq",
    Operator.NE: "$ne",
    Operator.IN: "$in",
    Operator.NOT_IN: "$nin",
    Operator.GT: "$gt",
    Operator.GTE: "$gte",
    Operator.LT: "$lt",
    Operator.LTE: "$lte",
    # MongoDB takes a list for each of its items.
    Operator.HAS: "$eq",
    Operator.HAS_SOME: "$in",
    Operator.HAS_EVERY: "$all",
}


def projected(columns: Columns) -> dict[str, int]:
    """The projection to these fields."""
    projection = dict.fromkeys(sorted(columns), 1)
    projection.setdefault("_id", 0)
    return projection


def sorted_by(order: tuple[Order, ...]) -> dict[str, int]:
    """The sort specification. MongoDB takes what is missing for the lowest, as we do."""
    return {part.column: -1 if part.descending else 1 for part in order}


def any_of(by: tuple[str, ...], keys: Sequence[Key]) -> dict[str, object]:
    """The condition that the fields hold one of the keys."""
    if len(by) < 2:
        return {column: {"$in": [key for (key,) in keys]} for column in by}
    return {"$or": [dict(zip(by, key, strict=True)) for key in keys]}


def of_each(rows: Rows, keys: Sequence[Key], projection: dict[str, int]) -> list[dict[str, object]]:
    """The pipeline that looks each key's rows up."""
    if len(rows.by) == 1:
        (column,) = rows.by
        documents = [{"key": {"$literal": key}} for (key,) in keys]
        found: dict[str, object] = {"localField": "key", "foreignField": column}
        chosen: dict[str, object] = {}
    else:
        names = {column: f"key_{index}" for index, column in enumerate(rows.by)}
        documents = [
            {name: {"$literal": value} for name, value in zip(names.values(), key, strict=True)}
            for key in keys
        ]
        found = {"let": {name: f"${name}" for name in names.values()}}
        equal = [{"$eq": [f"${column}", f"$${name}"]} for column, name in names.items()]
        chosen = {"$expr": {"$and": equal}}
    return [
        {"$documents": documents},
        {
            "$lookup": {
                "from": rows.resource.name,
                **found,
                "pipeline": _stages(rows, chosen, projection),
                "as": "row",
            }
        },
        {"$unwind": "$row"},
        {"$replaceRoot": {"newRoot": "$row"}},
    ]


def matching_of(chosen: dict[str, object], rows: Rows) -> dict[str, object]:
    """The filter of the rows that are ``chosen``, between the places of their window."""
    places = [keyset(order, place) for order, place in rows.window.places]
    # As much as can be in one document, where each name stands once: not every server looks for
    # an index below $and.
    merged, others = dict(chosen), []
    for part in conjuncts(all_of(rows.filter, *places)):
        condition = _condition(part)
        if merged.keys().isdisjoint(condition):
            merged |= condition
        else:
            others.append(condition)
    return {**merged, "$and": others} if others else merged


def _stages(
    rows: Rows, chosen: dict[str, object], projection: dict[str, int]
) -> list[dict[str, object]]:
    stages: list[dict[str, object]] = [{"$match": matching_of(chosen, rows)}]
    if rows.window.order:
        stages.append({"$sort": sorted_by(rows.window.order)})
    return [*stages, {"$limit": rows.window.limit}, {"$project": projection}]


def _condition(filter: Filter) -> dict[str, object]:
    match filter:
        case And(parts):
            return {"$and": [_condition(part) for part in parts]} if parts else {}
        case Or(parts):
            # MongoDB takes no empty $or; of no alternatives, none matches.
            return {"$or": [_condition(part) for part in parts]} if parts else {"_id": {"$in": []}}
        case Not(part):
            return {"$nor": [_condition(part)]}
        case Comparison(column, Operator.IS_NULL, value):
            return {column: {"$eq": None} if value else {"$ne": None}}
        case Comparison(column, Operator.CONTAINS, value):
            return {column: {"$regex": re.escape(value), "$options": "i"}}
        case Comparison(column, Operator.STARTS_WITH, value):
            return {column: {"$regex": f"^{re.escape(value)}", "$options": "i"}}
        case Comparison(column, Operator.HAS_EVERY, ()):
            return {column: {"$type": "array"}}
        case Comparison(column, operator, value):
            if operator in SEVERAL:
                value = list(value)
            return {column: {COMPARE[operator]: value}}
        case SemiJoin():
            raise NotImplementedError("MongoDB's filters join nothing")
