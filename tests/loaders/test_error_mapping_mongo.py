"""What MongoDB and its driver raise, provoked for real, and which of our errors it becomes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Iterator
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import bson.errors
import pymongo.errors
import pytest

from demo.stack import Addresses
from loaders.errors import (
    BadResponse,
    SourceBusy,
    SourceError,
    SourceTimeout,
    SourceUnavailable,
    UnfitValue,
)
from loaders.mongo import MongoCollection, MongoSource
from loaders.query import Comparison, Filter, Operator, Or, Window, equals
from tests.bad_servers import line_to, sending, silent, unused_port
from tests.loaders.asking import page_of

PRODUCTS = MongoCollection(source="catalog", name="products")


@pytest.fixture(scope="module")
async def source(addresses: Addresses) -> AsyncIterator[MongoSource]:
    source = MongoSource("catalog", addresses.mongo, database=addresses.mongo_database)
    await source.open()
    yield source
    await source.close()


async def page(source: MongoSource, filter: Filter | None = None) -> Any:
    return await page_of(source, PRODUCTS, {"name"}, filter, Window(limit=1))


async def error_of(fetch: Awaitable[Any]) -> SourceError:
    """The error of ours, which must say nothing of the server's and name the source."""
    with pytest.raises(SourceError) as raised:
        await fetch
    error = raised.value
    assert "words" not in str(error)
    assert not isinstance(error, SourceError) or error.source == "catalog"
    return error


async def error_at(url: str, database: str = "catalog") -> SourceError:
    """The error of a source with this address."""
    source = MongoSource("catalog", url, database=database, timeout=0.6)
    await source.open()
    try:
        return await error_of(page(source))
    finally:
        await source.close()


def subclasses(kind: type[Exception]) -> Iterator[type[Exception]]:
    yield kind
    for each in kind.__subclasses__():
        yield from subclasses(each)


WORDS = "the driver's own words"

ARGUMENTS: dict[type[Exception], tuple[Any, ...]] = {
    pymongo.errors.EncryptionError: (ValueError(WORDS),),
    pymongo.errors.EncryptedCollectionError: (ValueError(WORDS), {}),
    pymongo.errors.BulkWriteError: ({"words": 1},),
    pymongo.errors.ClientBulkWriteException: ({"words": 1}, False),
}
"""What the errors are made with that are not made with a message."""

TIMEOUTS = (
    pymongo.errors.NetworkTimeout,
    pymongo.errors.ExecutionTimeout,
    pymongo.errors.WTimeoutError,
)
FULL = pymongo.errors.WaitQueueTimeoutError
VALUES = (bson.errors.BSONError,)
REFUSED = (pymongo.errors.OperationFailure, bson.errors.InvalidBSON)


@pytest.mark.parametrize(
    "kind",
    [*subclasses(pymongo.errors.PyMongoError), *subclasses(bson.errors.BSONError)],
    ids=lambda kind: kind.__name__,
)
async def test_every_error_of_the_driver_is_one_of_ours(
    source: MongoSource, kind: type[Exception]
) -> None:
    await source.check()  # So that there is a server to be selected.
    error = kind(*ARGUMENTS.get(kind, (WORDS,)))

    async def fail() -> None:
        with source._errors:
            raise error

    expected = (
        SourceTimeout
        if issubclass(kind, TIMEOUTS)
        else BadResponse
        if issubclass(kind, REFUSED)
        else SourceBusy
        if issubclass(kind, FULL)
        else UnfitValue
        if issubclass(kind, VALUES)
        else SourceUnavailable
    )
    # Selecting a server timed out, but this one had not refused: nobody knows of anything else.
    if kind is pymongo.errors.ServerSelectionTimeoutError:
        expected = SourceTimeout
    assert type(await error_of(fail())) is expected


@pytest.mark.parametrize("who", ["{user}:wrong", "nobody:wrong"])
async def test_who_can_not_sign_in_has_an_unavailable_source(
    addresses: Addresses, who: str
) -> None:
    before, _, after = addresses.mongo.rpartition("@")
    user = str(urlsplit(addresses.mongo).username)

    assert before
    assert type(await error_at(f"mongodb://{who.format(user=user)}@{after}")) is SourceUnavailable


async def test_what_the_user_may_not_read_is_a_refused_statement(addresses: Addresses) -> None:
    error = await error_at(addresses.mongo, database="admin")

    assert type(error) is BadResponse
    assert str(error) == "The source 'catalog' refused a statement."


async def test_a_refused_connection_is_an_unavailable_source() -> None:
    error = await error_at(f"mongodb://127.0.0.1:{unused_port()}")

    assert type(error) is SourceUnavailable


@pytest.mark.parametrize(
    "sent",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\xff\xff\xff\x7f" + b"\0" * 12,
    ],
    ids=repr,
)
async def test_something_that_is_not_mongodb_is_an_unavailable_source(sent: bytes) -> None:
    async with sending(sent, asked=b"") as url:
        error = await error_at(url.replace("http", "mongodb"))

    assert type(error) is SourceUnavailable


async def test_a_server_that_says_nothing_is_a_timeout() -> None:
    async with silent() as port:
        assert type(await error_at(f"mongodb://127.0.0.1:{port}")) is SourceTimeout


async def test_an_answer_that_can_not_be_read_is_the_sources(addresses: Addresses) -> None:
    server = urlsplit(addresses.mongo)
    async with line_to(str(server.hostname), int(server.port or 0)) as line:
        url = addresses.mongo.replace(f"{server.hostname}:{server.port}", f"127.0.0.1:{line.port}")
        source = MongoSource("catalog", url, database=addresses.mongo_database, timeout=2.0)
        await source.open()
        kettle = equals("sku", "KET-0001")
        before = await page_of(source, PRODUCTS, {"sku"}, kettle)
        line.garble = lambda data: data.replace(b"firstBatch", b"\0" * 10)
        error = await error_of(page_of(source, PRODUCTS, {"sku"}, kettle))
        await source.close()

    assert before == [{"sku": "KET-0001"}]
    assert type(error) is BadResponse
    assert str(error) == "The source 'catalog' sent a value that can't be read."


DISTANT = timezone(timedelta(hours=14))


@pytest.mark.parametrize(
    "value",
    [
        datetime(1, 1, 1, tzinfo=DISTANT),
        "\ud800",
        "x" * 17_000_000,
        object(),
        {1: 2},
        {"a\0b": 1},
    ],
    ids=lambda value: repr(value)[:15],
)
async def test_a_value_that_bson_can_not_hold_is_the_clients(
    source: MongoSource, value: Any
) -> None:
    error = await error_of(page(source, equals("name", value)))

    assert type(error) is UnfitValue
    assert str(error) == "A value does not fit the field it is compared with."


@pytest.mark.parametrize(
    "value",
    [
        2**63,
        -(2**63) - 1,
        10**400,
        Decimal("1." + "2" * 40),
        Decimal("1E+6145"),
        Decimal("1E-99999"),
    ],
    ids=lambda value: repr(value)[:15],
)
async def test_a_number_that_bson_can_not_hold_equals_none(source: MongoSource, value: Any) -> None:
    assert await page(source, equals("name", value)) == []


@pytest.mark.parametrize(
    "value",
    [
        {"$gt": ""},
        {"$ne": None},
        {"$where": "sleep(60000)"},
        {"$regex": ".*"},
        ["$ne", 1],
        "$name",
        "$$ROOT",
        "a\0b",
        "",
    ],
    ids=str,
)
async def test_a_value_never_becomes_an_operator(source: MongoSource, value: Any) -> None:
    # As an operator, most of them would let every product through.
    assert await page(source, equals("name", value)) == []


async def test_an_operator_in_a_list_of_values_is_refused_by_the_server(
    source: MongoSource,
) -> None:
    filter = Comparison("name", Operator.IN, ({"$gt": ""},))

    assert type(await error_of(page(source, filter))) is BadResponse


@pytest.mark.parametrize("text", [".*", "^", "(?i)a", "a|b", "[", "(", "\\", "\\E.*", "$"])
async def test_a_text_never_becomes_a_pattern(source: MongoSource, text: str) -> None:
    either = (Operator.CONTAINS, Operator.STARTS_WITH)

    assert await page(source, Or(tuple(Comparison("sku", each, text) for each in either))) == []
