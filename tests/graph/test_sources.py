"""The demo's databases have what the shop's graph declares of them: columns of the fields' types,
keys that are unique, and an index behind everything that is filtered, sorted and related by."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from strawberry.utils.str_converters import to_camel_case

from demo.identities import IDENTITIES
from loaders.identity import Identity
from loaders.mongo import MongoCollection
from loaders.query import And, Comparison, Filter, Not, Or, SemiJoin
from loaders.resource import Resource
from loaders.sql.postgres import PostgresTable
from resolvers.columns import column_name, columns_of, coordinate_of, given_type, nullable_columns
from resolvers.connections import Connected
from resolvers.directives import BACKREF
from resolvers.fields import Column, FetchedField, definition_of
from resolvers.lookups import Lookup
from resolvers.relations import Aggregated, Many, One
from schema.build import schema
from tests.graph.truth import Truth

TYPES: Mapping[str, Any] = schema.node_types

COLUMN_TYPES: dict[Any, set[str]] = {
    str: {"text"},
    int: {"integer", "bigint"},
    bool: {"boolean"},
    Decimal: {"numeric"},
    datetime: {"timestamp with time zone"},
    date: {"date"},
}
"""What PostgreSQL calls the types of columns, by the type of their fields."""


@dataclass(frozen=True)
class Index:
    """An index of a table or a collection: its columns, from the first, all ascending, and those
    of them whose missing values come first."""

    columns: tuple[str, ...]
    unique: bool
    nulls_first: frozenset[str]


@dataclass(frozen=True)
class Wanted:
    """What an index must begin with, or, to be ``unique``, consist of, and for what."""

    resource: Resource
    columns: tuple[str, ...]
    unique: bool
    what: str

    def is_met(self, index: Index) -> bool:
        if self.unique:
            return index.unique and index.columns == self.columns
        return index.columns[: len(self.columns)] == self.columns


def by_columns(type_: Any) -> Iterator[Wanted]:
    resource = type_.resource
    yield Wanted(resource, (resource.key,), True, f"{definition_of(type_).name}.id")
    for field, spec in columns_of(type_):
        column, place = column_name(field, spec), coordinate_of(type_, field)
        if spec.filterable:
            yield Wanted(resource, (column,), False, f"where by {place}")
        if spec.sortable:
            yield Wanted(resource, (column, resource.key), False, f"orderBy {place}")


def by_fetch(place: str, field: FetchedField) -> Iterator[Wanted]:
    match field.fetch:
        case One(by=by, to=to, filterable=filterable):
            target = field.target.resource
            yield Wanted(target, (to or target.key,), True, f"what {place} leads to")
            if filterable:
                yield Wanted(field.owner.resource, (by,), False, f"where by {place}")
        case Many(by=by, order_by=order_by):
            yield Wanted(field.target.resource, (by, *ordered(order_by)), False, place)
        case Connected(by=by, order_by=order_by):
            target = field.target.resource
            narrowed = () if by is None else (by,)
            columns = (*narrowed, *ordered(order_by), target.key)
            yield Wanted(target, columns, False, place)
        case Aggregated(of=of, by=by):
            yield Wanted(of, (by,), False, place)
        case Lookup(by=names):
            for each, spec in columns_of(field.target):
                if each.python_name in names:
                    column = column_name(each, spec)
                    yield Wanted(field.target.resource, (column,), True, place)


def ordered(names: Sequence[str]) -> list[str]:
    return [name.removeprefix("-") for name in names]


def by_row_filter(resource: Resource) -> Iterator[Wanted]:
    for claims in IDENTITIES.values():
        given = claims or {}
        scopes = frozenset(str(given.get("scope", "")).split())
        filter_ = resource.seen_by(Identity(scopes=scopes, claims=given))
        yield from by_filter(resource, filter_)


def by_filter(resource: Resource, filter_: Filter | None) -> Iterator[Wanted]:
    what = f"the row filter of {resource}"
    match filter_:
        case And(parts) | Or(parts):
            for part in parts:
                yield from by_filter(resource, part)
        case Not(part):
            yield from by_filter(resource, part)
        case Comparison(column):
            yield Wanted(resource, (column,), False, what)
        case SemiJoin(column, other, of, where):
            yield Wanted(resource, (column,), False, what)
            yield Wanted(other, (of,), False, what)
            yield from by_filter(other, where)


def fetched() -> Iterator[tuple[str, FetchedField]]:
    for type_ in schema._schema.type_map.values():
        for name, field in getattr(type_, "fields", {}).items():
            declared = field.extensions.get(BACKREF)
            if isinstance(declared, FetchedField):
                yield f"{type_.name}.{name}", declared


def wanted(kind: type[Resource]) -> list[Wanted]:
    """What the graph wants of all resources of a kind, each once."""
    found = [each for type_ in TYPES.values() for each in by_columns(type_)]
    found += [each for place, field in fetched() for each in by_fetch(place, field)]
    found += [each for type_ in TYPES.values() for each in by_row_filter(type_.resource)]
    return [each for each in dict.fromkeys(found) if isinstance(each.resource, kind)]


def test_the_graph_wants_indexes_of_every_kind() -> None:
    described = {each.what for kind in (PostgresTable, MongoCollection) for each in wanted(kind)}

    assert {
        *("Customer.id", "where by Order.status", "where by Product.category"),
        *("orderBy Customer.name", "orderBy Review.helpfulCount"),
        *("Query.order", "what OrderLine.product leads to", "Order.lines", "Customer.reviews"),
        *("Customer.lifetimeValue", "the row filter of shop.addresses"),
        *("the row filter of shop.customers", "the row filter of catalog.products"),
    } <= described


def missing(wants: Iterable[Wanted], found: dict[str, list[Index]]) -> list[Wanted]:
    return [
        each
        for each in wants
        if not any(each.is_met(index) for index in found.get(each.resource.name, []))
    ]


async def postgres_indexes(truth: Truth) -> dict[str, list[Index]]:
    rows = await truth.rows(
        "select indrelid::regclass::text as table, indisunique as unique,"
        " array_agg(attname::text order by place) as columns,"
        " array_agg(indoption[place - 1] order by place) as options"
        " from pg_index cross join unnest(indkey::int2[]) with ordinality as keys(number, place)"
        " join pg_attribute on attrelid = indrelid and attnum = number"
        " where indpred is null and indisvalid"
        " group by indexrelid, indrelid, indisunique"
    )
    found: dict[str, list[Index]] = {}
    for row in rows:
        # The bits of pg_index.indoption: 1 for descending, 2 for nulls first.
        assert not any(option & 1 for option in row["options"])
        nulls_first = frozenset(
            column
            for column, option in zip(row["columns"], row["options"], strict=True)
            if option & 2
        )
        index = Index(tuple(row["columns"]), row["unique"], nulls_first)
        found.setdefault(row["table"], []).append(index)
    return found


def mongo_indexes(truth: Truth) -> dict[str, list[Index]]:
    found: dict[str, list[Index]] = {}
    for name in truth.catalog.list_collection_names():
        for each in truth.catalog[name].list_indexes():
            assert set(each["key"].values()) == {1}
            columns = tuple(each["key"])
            unique = bool(each.get("unique")) or columns == ("_id",)
            found.setdefault(name, []).append(Index(columns, unique, frozenset(columns)))
    return found


async def test_postgres_has_every_index_that_the_graph_wants(truth: Truth) -> None:
    assert missing(wanted(PostgresTable), await postgres_indexes(truth)) == []


def test_mongo_has_every_index_that_the_graph_wants(truth: Truth) -> None:
    assert missing(wanted(MongoCollection), mongo_indexes(truth)) == []


async def test_a_missing_index_is_found(truth: Truth) -> None:
    found = await postgres_indexes(truth)
    left = {"orders": [each for each in found["orders"] if each.columns[0] != "total"]}

    lacking = missing(wanted(PostgresTable), {**found, **left})

    assert sorted(each.what for each in lacking) == ["orderBy Order.total", "where by Order.total"]


async def test_what_is_sorted_as_nullable_has_an_index_in_that_order(truth: Truth) -> None:
    found = await postgres_indexes(truth)
    for type_ in TYPES.values():
        resource, nullable = type_.resource, nullable_columns(type_)
        if not isinstance(resource, PostgresTable):
            continue
        for field, spec in columns_of(type_):
            column = column_name(field, spec)
            if spec.sortable:
                orders = {
                    column in index.nulls_first
                    for index in found[resource.name]
                    if index.columns[:2] == (column, resource.key)
                }
                assert nullable[column] in orders, coordinate_of(type_, field)


@pytest.mark.parametrize(
    "order", ["name nulls first, id", "name desc nulls last, id desc", "created_at desc, id desc"]
)
async def test_a_page_of_customers_is_read_from_an_index(truth: Truth, order: str) -> None:
    plan = await truth.rows(f"explain select * from customers order by {order} limit 5")

    assert "Index Scan" in str(plan)
    assert "Sort" not in str(plan)


COLUMNS = [
    pytest.param(type_, field, spec, id=coordinate_of(type_, field))
    for type_ in TYPES.values()
    if isinstance(type_.resource, PostgresTable)
    for field, spec in columns_of(type_)
]


@pytest.mark.parametrize(("type_", "field", "spec"), COLUMNS)
async def test_a_column_of_postgres_is_as_its_field_says(
    truth: Truth, type_: Any, field: Any, spec: Column
) -> None:
    name = column_name(field, spec)
    column = await truth.row(
        "select data_type, udt_name, is_nullable = 'YES' as nullable"
        " from information_schema.columns where table_schema = 'public'"
        " and table_name = $1 and column_name = $2",
        *(type_.resource.name, name),
    )

    given = enum_of(field)
    if given is not None:
        assert column["data_type"] == "USER-DEFINED"
        labels = await truth.rows(
            "select enumlabel from pg_enum where enumtypid = $1::regtype", column["udt_name"]
        )
        assert {row["enumlabel"] for row in labels} == set(given.__members__)
    else:
        assert column["data_type"] in COLUMN_TYPES[given_type(field)]
    # A denial is a null, so a protected field is nullable whatever its column is.
    if coordinate_of(type_, field) in schema.rules.coordinates:
        assert nullable_columns(type_)[name] or not column["nullable"]
    else:
        assert nullable_columns(type_)[name] == column["nullable"]


async def test_keys_and_what_points_at_them_are_of_one_type(truth: Truth) -> None:
    rows = await truth.rows(
        "select table_name, column_name, data_type from information_schema.columns"
        " where table_schema = 'public'"
    )
    types = {(row["table_name"], row["column_name"]): row["data_type"] for row in rows}
    compared = []
    for place, field in fetched():
        if not isinstance(field.fetch, One | Many | Connected) or field.fetch.by is None:
            continue
        ends = (field.target.resource, field.owner.resource)
        if not all(isinstance(each, PostgresTable) for each in ends):
            continue
        target, owner = ends
        if isinstance(field.fetch, One):
            pair = ((owner.name, field.fetch.by), (target.name, field.fetch.to or target.key))
        else:
            pair = ((target.name, field.fetch.by), (owner.name, owner.key))
        compared.append(place)
        assert {types[each] for each in pair} == {"bigint"}, place
    assert {"Order.customer", "Order.lines", "Customer.orders", "Customer.addresses"} <= set(
        compared
    )


DOCUMENTS = [
    pytest.param(type_, id=name)
    for name, type_ in TYPES.items()
    if isinstance(type_.resource, MongoCollection)
]


@pytest.mark.parametrize("type_", DOCUMENTS)
def test_documents_have_what_is_never_null(truth: Truth, type_: Any) -> None:
    collection = truth.catalog[type_.resource.name]
    lacking = {
        column: count
        for column, nullable in nullable_columns(type_).items()
        if not nullable and (count := collection.count_documents({column: None}))
    }

    assert collection.estimated_document_count() > 0
    assert lacking == {}


@pytest.mark.parametrize("type_", DOCUMENTS)
def test_documents_have_the_values_of_their_enums(truth: Truth, type_: Any) -> None:
    for field, spec in columns_of(type_):
        if (given := enum_of(field)) is not None:
            values = truth.catalog[type_.resource.name].distinct(column_name(field, spec))
            assert set(values) == set(given.__members__), to_camel_case(field.python_name)


def enum_of(field: Any) -> type[enum.Enum] | None:
    """The enum of the field's values, if they are of one."""
    wrapped: type[enum.Enum] | None = getattr(given_type(field), "wrapped_cls", None)
    return wrapped
