"""What keys have is told by each key and by what there is, whichever other keys leave with it and
whatever was asked before; a key that equals nothing has nothing, and costs no other."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from bson import Decimal128, Int64, ObjectId

from demo.stack import Addresses
from gateway.testing import GraphClient, Response
from loaders.memory import MemorySource, MemoryTable
from loaders.times import read_datetime
from tests.graph.relating import LOST, OWNERS, having, owners_of, stored

NAN = float("nan")
UUID, OBJECT = uuid.UUID(int=7), ObjectId("00000000000000000000000a")
DAY, MOMENT = datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 1, 1, 0, 0, 0, 123_000, UTC)
FINE = MOMENT.replace(microsecond=123_456)


async def asked(
    addresses: Addresses,
    kind: str,
    keys: Sequence[Any],
    values: Sequence[Any],
    key_type: type,
    *,
    giver: str = "memory",
    type_: str = "text",
) -> Response:
    """What owners with these keys have of things whose ``of`` are these, numbered from 1 on."""
    things = [{"id": no, "no": no, "of": value} for no, value in enumerate(values, 1)]
    types = {"id": "integer", "no": "integer", "of": type_}
    rows = [{"key": key, "no": no} for no, key in enumerate(keys)]
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        declared: Any = {"addresses": addresses, "types": types}
        taker = await enter(stored(kind, "things", things, key="id", key_type=int, **declared))
        owners = await enter(
            stored(giver, "owners", rows, key="key", key_type=key_type, **declared)
        )
        client = GraphClient(owners_of(owners[1], taker[1]), [taker[0], owners[0]])
        return await client.execute(OWNERS)


def nodes(response: Response) -> list[Any]:
    assert response.errors == []
    found: list[Any] = response.data["owners"]["nodes"]
    return found


TOGETHER: Mapping[str, tuple[type, list[Any], list[Any], list[list[int]]]] = {
    "an int among 64-bit integers": (int, [5, 2**40], [Int64(2**40), Int64(2**41)], [[], [1]]),
    "a text of numbers of 32 and 64 bits": (
        str, ["2", str(2**40)], [1, 2, Int64(2**40)], [[2], [3]],
    ),
    "a text beside a number": (int, [1, "2", "x"], [1, 2, "x"], [[1], [2], [3]]),
    "a number in both types": (int, [1, "1", 2], [1, "1", 2, 1], [[1, 2, 4]] * 2 + [[3]]),
    "numbers in all types": (
        int, [1, 2, "2"], [1.0, Decimal("1.00"), Int64(1), 2.0, "2"], [[1, 2, 3], [4, 5], [4, 5]],
    ),
    "a UUID in both types": (uuid.UUID, [UUID, str(UUID)], [str(UUID), UUID], [[1, 2], [1, 2]]),
    "an ObjectId in both types": (
        ObjectId, [OBJECT, str(OBJECT)], [OBJECT, str(OBJECT), None], [[1, 2], [1, 2]],
    ),
    "True and 1": (int, [1, True], [1, True, 1], [[1, 3], [2]]),
    "True in a list": (int, [1, 5], [[True, 5], [1]], [[2], [1]]),
    "a tenth": (float, [0.1, Decimal("0.1")], [0.1, Decimal("0.1"), 0.5], [[1, 2], [1, 2]]),
    "no number": (float, [1.0, NAN], [NAN, 1.0], [[2], [1]]),
    "more than 64 bits": (int, [2**64, 1, str(2**64)], [Decimal(2**64), 1], [[1], [2], [1]]),
    "beyond doubles": (int, [2**60, 2**60 + 1], [Int64(2**60), 1.0], [[1], []]),
}  # fmt: skip
"""The type of keys, keys, what things have, and the numbers of each key's things."""


@pytest.mark.parametrize("kind", ["mongo", "memory"])
@pytest.mark.parametrize("case", TOGETHER)
async def test_each_key_has_what_equals_it(addresses: Addresses, kind: str, case: str) -> None:
    key_type, keys, values, numbers = TOGETHER[case]

    # Of MongoDB, which sorts keys of several types, and has none of more than 64 bits.
    given = [Decimal(key) if isinstance(key, int) and key >= 2**63 else key for key in keys]
    together = await asked(addresses, kind, given, values, key_type, giver="mongo")

    found = nodes(together)
    for key in keys:
        found += nodes(await asked(addresses, kind, [key], values, key_type))
    for node, each in zip(found, numbers * 2, strict=True):
        # Of several, any is the one.
        one = node["coded"]
        assert one is None if not each else one["no"] in each
        assert node == {**having(*each), "coded": one}


IN_COLUMNS: Mapping[str, tuple[list[Any], list[Any], list[list[int]]]] = {
    "numeric": (
        [0.1, Decimal("0.1"), 1, 1.0, 0.3, Decimal("NaN"), "1"],
        [Decimal("0.10"), Decimal(1), Decimal("NaN")],
        [[1], [1], [2], [2], [], [3], [2]],
    ),
    "double precision": (
        [Decimal("0.1"), 0.1, Decimal("0.10000000000000001"), 1, Int64(2**53 + 1), NAN],
        [0.1, 1.0, NAN, 2.0**53],
        [[1], [1], [], [2], [], [3]],
    ),
    "real": (
        [15.2, Decimal("15.2"), 15.2000001, 0.5, 1], [15.2, 0.5, 1.0], [[1], [1], [], [2], [3]],
    ),
    "smallint": (
        [40_000, 1, Int64(2), Decimal("1.0"), "2", 2**40], [1, 2], [[], [1], [2], [1], [2], []],
    ),
    "bigint": ([Decimal(2**60), 2.0**40, str(2**60)], [2**60, 2**40], [[1], [2], [1]]),
    "text": (["a", 1, "\0", UUID], ["a", "1", str(UUID)], [[1], [2], [], [3]]),
    "char(3)": (["a", "a  ", "b"], ["a"], [[1], [1], []]),
    "boolean": ([True, False], [True], [[1], []]),
    "timestamptz": ([MOMENT, DAY], [MOMENT], [[1], []]),
}  # fmt: skip
"""For columns of PostgreSQL: keys, what things have, and the numbers of each key's things."""


@pytest.mark.parametrize("type_", IN_COLUMNS)
async def test_each_key_has_what_equals_it_in_its_column(addresses: Addresses, type_: str) -> None:
    keys, values, numbers = IN_COLUMNS[type_]

    together = await asked(addresses, "postgres", keys, values, str, giver="mongo", type_=type_)

    assert nodes(together) == [having(*each) for each in numbers]
    for key, each in zip(keys, numbers, strict=True):
        alone = await asked(addresses, "postgres", [key], values, str, giver="mongo", type_=type_)
        assert nodes(alone) == [having(*each)]


@pytest.mark.parametrize("type_", ["timestamptz", "bson"])
async def test_a_moment_between_those_that_there_can_be_has_nothing(
    addresses: Addresses, type_: str
) -> None:
    kind, held = ("mongo", MOMENT) if type_ == "bson" else ("postgres", FINE)
    between = FINE if type_ == "bson" else read_datetime("2026-01-01T00:00:00.1234567Z")

    response = await asked(
        addresses, kind, [between, held, DAY], [held, DAY], datetime, type_=type_
    )

    assert nodes(response) == [having(), having(1), having(2)]


async def test_a_text_is_found_wherever_the_first_one_is(addresses: Addresses) -> None:
    values: list[Any] = [None] * 1_000 + [str(UUID)]

    assert nodes(await asked(addresses, "mongo", [UUID], values, uuid.UUID)) == [having(1_001)]


async def test_nothing_is_remembered_of_what_was_not_there(addresses: Addresses) -> None:
    async with AsyncExitStack() as stack:
        owners = MemorySource("owners", {"owners": [{"id": UUID, "no": 1}]})
        table = MemoryTable(source="owners", name="owners", key_type=uuid.UUID)
        enter = stack.enter_async_context
        declared: Any = {"key": "id", "key_type": int}
        mongo, things = await enter(stored("mongo", "things", [], addresses=addresses, **declared))
        client = GraphClient(owners_of(table, things), [owners, mongo])
        for values in ([], [{"id": 1, "no": 1, "of": 5}], [{"id": 1, "no": 1, "of": str(UUID)}]):
            await enter(stored("mongo", "things", values, addresses=addresses, **declared))
            response = await client.execute(OWNERS)

            if not values:
                assert nodes(response) == [having()]
            elif values[0]["of"] == 5:
                # Nothing there can be it.
                assert response.data["owners"]["nodes"][0]["count"] is None
            else:
                assert nodes(response) == [having(1)]


@pytest.mark.parametrize("kind", ["mongo", "memory", "postgres"])
@pytest.mark.parametrize(
    "key", [{"country": "BE", "no": 5}, [1, 2], Decimal128("sNaN")], ids=["document", "list", "NaN"]
)
async def test_what_is_no_key_costs_its_own_place(
    addresses: Addresses, kind: str, key: Any
) -> None:
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        types = {"id": "integer", "no": "integer", "of": "integer"}
        declared: Any = {"addresses": addresses, "types": types, "key_type": int}
        rows: list[Any] = [{"id": 1, "no": 1, "of": 1}]
        things = await enter(stored(kind, "things", rows, key="id", **declared))
        rows = [{"sku": key, "no": 1}, {"sku": 1, "no": 2}]
        owners = await enter(stored("mongo", "owners", rows, key="sku", **declared))
        client = GraphClient(owners_of(owners[1], things[1]), [owners[0], things[0]])

        response = await client.execute(OWNERS)

    assert response.data["owners"]["nodes"] == [LOST, having(1)]
    assert set(response.codes) == {"UPSTREAM_BAD_RESPONSE"}
    assert {error["path"][2] for error in response.errors} == {0}
