"""What MongoDB says of a collection: its indexes, and what its validator lets in.

Documents have no schema but that of a validator, and a few of them that were looked at would prove
nothing of the others.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from loaders.descriptions import (
    ColumnDescription,
    Description,
    Family,
    IndexColumn,
    IndexDescription,
)

Document = Mapping[str, Any]
"""A document of an answer, or one in it."""

Run = Callable[[dict[str, object]], Awaitable[Document]]
"""Runs a command of the database, and returns its answer."""

BATCH = 1_000
"""Collections and indexes that are read at most."""

FAMILIES = {
    **dict.fromkeys(("string", "symbol"), Family.TEXT),
    **dict.fromkeys(("bool", "boolean"), Family.BOOLEAN),
    "int": Family.INTEGER,
    "long": Family.BIG_INTEGER,
    "double": Family.FLOAT,
    "decimal": Family.DECIMAL,
    "date": Family.DATETIME,
    "objectId": Family.OBJECT_ID,
    "object": Family.DOCUMENT,
}
"""What the driver makes of each type, by its alias for ``bsonType`` or its name for ``type``
(MongoDB manual, "$jsonSchema"). What is not here may be anything, or one of several."""

NO_VALIDATOR = (
    "it has no validator with a $jsonSchema that every document must pass, so its fields and their "
    "types can't be told"
)


async def described(run: Run, name: str) -> Description:
    """The collection of this name. Raises what ``run`` does."""
    found = await _listed(run, {"listCollections": 1, "filter": {"name": name}})
    if not found:
        others = await _listed(run, {"listCollections": 1, "nameOnly": True})
        names = (each["name"] for each in others)
        kept = sorted(each for each in names if not each.startswith("system."))
        return Description(kind=None, others=tuple(kept))
    (collection,) = found
    kind, options = collection.get("type", "collection"), collection.get("options") or {}
    if kind != "collection":
        said = f"it is a {kind}, so its fields and their types, and what is unique, can't be told"
        return Description(kind=kind, unknown=(said,))
    collation = options.get("collation")
    listed = await _listed(run, {"listIndexes": name})
    indexes = [_index(each, collation) for each in listed if not each.get("hidden")]
    columns, is_open = _columns(options)
    return Description(
        kind=kind,
        columns=columns,
        is_open=is_open,
        unique=frozenset(filter(None, map(_unique, indexes))),
        indexes=indexes,
        unknown=(NO_VALIDATOR,) if columns is None else (),
    )


async def _listed(run: Run, command: dict[str, object]) -> Sequence[Document]:
    answer = await run({**command, "cursor": {"batchSize": BATCH}})
    batch: Sequence[Document] = answer["cursor"]["firstBatch"]
    return batch


def _index(row: Document, collation: object) -> IndexDescription:
    directions = row["key"].values()
    # An index that compares as its collection does not is never used by our filters.
    strange = row.get("collation") != collation
    return IndexDescription(
        name=row["name"],
        columns=tuple(
            # A text index, a hashed or a geographical one has a word for its direction.
            IndexColumn(name if isinstance(way, (int, float)) and not strange else None, way == -1)
            for name, way in row["key"].items()
        ),
        is_unique=bool(row.get("unique")) or list(row["key"].items()) == [("_id", 1)],
        is_partial="partialFilterExpression" in row or bool(row.get("sparse")),
        is_ordered=all(isinstance(way, (int, float)) for way in directions),
    )


def _unique(index: IndexDescription) -> frozenset[str] | None:
    names = frozenset(column.name for column in index.columns if column.name is not None)
    whole = index.is_unique and not index.is_partial and len(names) == len(index.columns)
    return names if whole else None


def _columns(options: Document) -> tuple[Mapping[str, ColumnDescription] | None, bool]:
    """The columns by name, and whether there can be others; None where every document may be
    anything."""
    schema = (options.get("validator") or {}).get("$jsonSchema")
    enforced = (
        options.get("validationAction", "error") == "error"
        and options.get("validationLevel", "strict") == "strict"
    )
    if not isinstance(schema, Mapping) or not enforced:
        return None, True
    # Every document has a key, whatever the validator says.
    columns = dict(_fields(schema, "", needed={"_id"}, in_list=False))
    return columns, schema.get("additionalProperties", True) is not False


def _fields(
    schema: Document, prefix: str, *, needed: Collection[str], in_list: bool
) -> Iterator[tuple[str, ColumnDescription]]:
    """The fields of a document, by their paths, and those of the documents in it. ``needed`` are
    there besides those that the schema requires, ``in_list`` says that the document is one of
    several at its path."""
    required = frozenset((*needed, *schema.get("required", ())))
    properties = schema.get("properties") or {}
    for name in (*properties, *sorted(required - properties.keys())):
        path, each = f"{prefix}{name}", properties.get(name, {})
        if not isinstance(each, Mapping):
            continue
        column = _column(path, each, required=name in required, in_list=in_list)
        if path == "_id" and column.nullable is None:
            column = replace(column, nullable=False)
        if in_list:
            # It is the list of what there is, so whether that is there makes no difference.
            column = replace(column, nullable=None)
        yield path, column
        inner = each.get("items", each)
        for deeper, found in (
            _fields(inner, f"{path}.", needed=(), in_list=in_list or column.is_list)
            if isinstance(inner, Mapping)
            else ()
        ):
            # Where the document itself may be missing, so may all that is in it.
            nullable = found.nullable if column.nullable is False else column.nullable
            yield deeper, replace(found, nullable=nullable)


def _column(name: str, schema: Document, *, required: bool, in_list: bool) -> ColumnDescription:
    types = list(dict.fromkeys(_types(schema)))
    nulls = "null" in types
    kinds = [each for each in types if each != "null"]
    (only,) = kinds if len(kinds) == 1 else [None]
    inner: object = schema.get("items") if only == "array" else None
    of_items = list(_types(inner)) if isinstance(inner, Mapping) else []
    if only == "array":
        (only,) = of_items if len(of_items) == 1 else [None]
        is_list = True
    else:
        is_list = in_list
    labels = schema.get("enum")
    texts = isinstance(labels, Sequence) and all(isinstance(each, str) for each in labels)
    return ColumnDescription(
        name=name,
        type=" or ".join(types) or ("enum" if texts else "anything"),
        family=Family.TEXT if texts else FAMILIES.get(only or ""),
        is_list=is_list,
        nullable=True if nulls or not required else False if types or texts else None,
        labels=tuple(labels) if texts and isinstance(labels, Sequence) else None,
    )


def _types(schema: Document) -> Iterator[str]:
    for word in ("bsonType", "type"):
        given = schema.get(word, ())
        yield from [given] if isinstance(given, str) else given
