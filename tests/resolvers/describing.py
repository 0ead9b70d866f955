"""What sources are made to say of resources, and what a check finds then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from loaders.descriptions import ColumnDescription, Description, IndexColumn, IndexDescription
from resolvers.checks.sources.all import findings_of
from resolvers.graph import Graph


def column(type_: str = "bigint", family: Any = None, **more: Any) -> ColumnDescription:
    """A column without its name, which ``described`` gives it; never null unless told."""
    return ColumnDescription(
        **{"name": "", "type": type_, "family": family, "nullable": False, **more}
    )


def index(*columns: str, unique: bool = False, **more: Any) -> IndexDescription:
    """An index on columns, each as ``create index`` has it: "name desc nulls last"."""
    return IndexDescription(
        name="_".join(each.split()[0] for each in columns),
        columns=tuple(map(_index_column, columns)),
        is_unique=unique,
        **more,
    )


def described(
    columns: dict[str, ColumnDescription],
    indexes: Sequence[IndexDescription] | None = (),
    *,
    key: str | None = "id",
    **more: Any,
) -> Description:
    """A table with these columns and indexes, the key among both, as PostgreSQL would say it; a
    view, where ``indexes`` is None."""
    named = {name: _named(name, each) for name, each in columns.items()}
    unique = None
    if indexes is not None:
        indexes = (*([] if key is None else [index(key, unique=True)]), *indexes)
        unique = frozenset(
            frozenset(each.name for each in one.columns if each.name)
            for one in indexes
            if one.is_unique and not one.is_partial and all(each.name for each in one.columns)
        )
    given: dict[str, Any] = {
        "kind": "view" if indexes is None else "table",
        "unique": unique,
        "indexes": indexes,
        "places_nulls": True,
    }
    return Description(columns=named, **{**given, **more})


def found(graph: Graph, told: Mapping[Any, Description]) -> list[str]:
    """A line for each finding, such as "fault Order.total: …"."""
    return [f"{each.severity} {each}" for each in findings_of(graph.declarations, told)]


def _named(name: str, column: ColumnDescription) -> ColumnDescription:
    kept = {field: getattr(column, field) for field in ColumnDescription.__dataclass_fields__}
    return ColumnDescription(**{**kept, "name": name})


def _index_column(text: str) -> IndexColumn:
    name, *words = text.split()
    descending = "desc" in words
    nulls_first = "first" in words if "nulls" in words else descending
    return IndexColumn(None if name == "(…)" else name, descending, nulls_first)
