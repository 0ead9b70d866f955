"""Which columns a field can show and be compared with: what is said of it, and what is so."""

from __future__ import annotations

import enum
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
import strawberry
from graphql import GraphQLError, GraphQLScalarType

from demo.stack import Addresses
from loaders.errors import SourceError
from loaders.query import Comparison, Operator
from loaders.sql.postgres import PostgresSource, PostgresTable
from loaders.texts import text_of
from resolvers.checks.sources.types import OF_NAMES, misfit, partly, uncompared
from resolvers.scalars import SCALARS as TABLE
from resolvers.scalars import BigInt, LocalDateTime
from tests.loaders.asking import page_of
from tests.resolvers.declaring import graph_of, plain_type

VALUES: dict[str, tuple[str, ...]] = {
    "text": ("a", "https://a.example/"),
    "varchar(5)": ("a",),
    "bool": ("true", "false"),
    "int2": ("1", "0"),
    "int4": ("1", "-2147483648"),
    "int8": ("1", "9223372036854775807"),
    "float8": ("1.5", "2"),
    "numeric": ("1.5", "2"),
    "timestamptz": ("2026-01-01 10:00Z",),
    "timestamp": ("2026-01-01 10:00",),
    "date": ("2026-01-01",),
    "time": ("10:00",),
    "timetz": ("10:00+01",),
    "interval": ("1 day", "-1 month"),
    "uuid": ("0" * 32,),
    "bytea": ("a",),
    "inet": ("10.0.0.1",),
    "bit(3)": ("101",),
    "money": ("1",),
    "point": ("(1,2)",),
    "int4range": ("[1,2)",),
    "order_status": ("SHIPPED",),
}
"""Of each type, values that together show what a scalar makes of all of them."""

GIVEN: dict[Any, Any] = {
    str: "PAID",
    bool: True,
    int: 1,
    float: 1.5,
    Decimal: Decimal("1.5"),
    datetime: datetime(2026, 1, 1, tzinfo=UTC),
    date: date(2026, 1, 1),
    BigInt: 1,
    LocalDateTime: datetime(2026, 1, 1),
    time: time(10),
    timedelta: timedelta(days=1),
    uuid.UUID: uuid.UUID(int=0),
    bytes: b"a",
}
"""A value that a client may give, of each type that has comparisons."""


def resolver() -> None:
    return None


def scalars() -> dict[str, GraphQLScalarType]:
    """The scalars that the framework has, as a graph has them."""
    annotations: list[Any] = list(TABLE)
    every = plain_type(
        "Every",
        **{
            f"f{at}": (each | None, strawberry.field(resolver=resolver))
            for at, each in enumerate(annotations)
        },
    )
    graph = graph_of(every=(every | None, strawberry.field(resolver=resolver)))
    found = {name: graph._schema.type_map[name] for name in OF_NAMES}
    return {name: each for name, each in found.items() if isinstance(each, GraphQLScalarType)}


SCALARS = scalars()


@pytest.fixture(scope="module")
async def source(addresses: Addresses) -> AsyncIterator[PostgresSource]:
    source = PostgresSource("shop", addresses.postgres, pool_size=2, timeout=5.0)
    await source.open()
    try:
        yield source
    finally:
        for type_ in VALUES:
            await source.run(f'drop table if exists "of {type_}"')
        await source.close()


def table(type_: str) -> PostgresTable:
    # Each of its own name, as sessions remember the types of statements that they have seen.
    return PostgresTable(source="shop", name=f"of {type_}")


async def made(source: PostgresSource, type_: str) -> Any:
    """The column of a table of this type with its values, as it is described."""
    values = ", ".join(f"('{value}'::{type_})" for value in VALUES[type_])
    rows = f"select * from (values {values}) as v (id)"
    await source.run(f'create table if not exists "of {type_}" as {rows}')
    described = await source.describe(table(type_))
    assert described.columns is not None
    return described.columns["id"]


async def values_of(source: PostgresSource, type_: str) -> list[Any]:
    return [row["id"] for row in await source.run(f'select id from "of {type_}"')]


def shown(scalar: GraphQLScalarType, value: Any) -> bool:
    try:
        # Fields of texts show the text of what is none.
        scalar.serialize(text_of(value) if scalar.name in ("String", "ID") else value)
    except (GraphQLError, ValueError, TypeError):
        return False
    return True


@pytest.mark.parametrize("type_", VALUES)
async def test_what_is_said_of_a_scalar_over_a_column_is_so(
    source: PostgresSource, type_: str
) -> None:
    column = await made(source, type_)
    values = await values_of(source, type_)

    for name, scalar in SCALARS.items():
        works = [shown(scalar, value) for value in values]
        if misfit(scalar, column.family) is not None:
            assert not any(works), f"{name} over {type_}"
        elif partly(scalar, column.family) is None:
            assert all(works) or name == "URL", f"{name} over {type_}"


@pytest.mark.parametrize(
    ("name", "type_"),
    [("Int", "int8"), ("Int", "float8"), ("Int", "numeric"), ("Float", "int8"), ("ID", "float8")],
)
async def test_what_a_scalar_shows_some_values_of_is_so(
    source: PostgresSource, name: str, type_: str
) -> None:
    column = await made(source, type_)
    values = await values_of(source, type_)

    assert partly(SCALARS[name], column.family) is not None
    assert {shown(SCALARS[name], value) for value in values} == {True, False}


@pytest.mark.parametrize("type_", VALUES)
async def test_a_comparison_that_is_let_be_is_served(source: PostgresSource, type_: str) -> None:
    column = await made(source, type_)

    for value_type, given in GIVEN.items():
        refused = []
        for operator in TABLE[value_type].operators:
            value = (given,) if operator in (Operator.IN, Operator.NOT_IN) else given
            filter = Comparison("id", operator, value)
            try:
                await page_of(source, table(type_), {"id"}, filter)
            except SourceError as error:
                refused.append(f"{operator}: {error.reason}")
        if not uncompared(value_type, column):
            assert refused == [], f"{value_type.__name__} with {type_}"


@pytest.mark.parametrize(
    ("value_type", "type_"),
    [
        (str, "int4"), (str, "uuid"), (str, "bool"), (str, "order_status"), (str, "date"),
        (int, "text"), (int, "date"), (float, "uuid"), (Decimal, "text"), (bool, "text"),
        (datetime, "timestamp"), (datetime, "text"), (date, "text"), (date, "int4"),
        (LocalDateTime, "timestamptz"), (time, "text"), (timedelta, "time"), (uuid.UUID, "text"),
        (bytes, "text"), (BigInt, "text"), (time, "timetz"),
    ],
)  # fmt: skip
async def test_a_comparison_that_is_a_fault_is_refused(
    source: PostgresSource, value_type: Any, type_: str
) -> None:
    column = await made(source, type_)

    assert uncompared(value_type, column)
    for operator in TABLE[value_type].operators:
        filter = Comparison("id", operator, GIVEN[value_type])
        if operator in (Operator.IN, Operator.NOT_IN):
            continue
        try:
            await page_of(source, table(type_), {"id"}, filter)
        except SourceError:
            return
    raise AssertionError("every comparison is served")


class Size(enum.Enum):
    SMALL = "S"


class Grade(enum.Enum):
    FIRST = 1


@pytest.mark.parametrize(
    ("members", "type_", "wrong"),
    [
        (Size, "text", False), (Size, "order_status", False), (Size, "int4", True),
        (Size, "uuid", True), (Grade, "int4", False), (Grade, "text", True),
    ],
)  # fmt: skip
async def test_an_enum_is_compared_by_what_the_source_has_for_its_values(
    source: PostgresSource, members: Any, type_: str, wrong: bool
) -> None:
    column = await made(source, type_)

    assert uncompared(strawberry.enum(members), column) is wrong
