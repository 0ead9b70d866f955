"""The matrix: every protected place, every identity, every road."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from demo.identities import IDENTITIES as DEMO_IDENTITIES
from schema.build import schema
from tests.authorization.checks import asked, check, check_calls, values
from tests.authorization.matrix import IDENTITIES, MATRIX, TYPES, Row
from tests.authorization.roads import ROADS, Road
from tests.authorization.ways import Way, ways_to
from tests.client import Gateway

CASES = [
    pytest.param(type_name, road, id=f"{type_name}-{name}")
    for type_name in TYPES
    for name, road in ROADS.items()
]


def test_the_matrix_has_every_protected_place_and_no_other() -> None:
    assert sorted(MATRIX) == sorted(schema.rules.coordinates)


def test_the_matrix_has_every_identity_of_the_demo() -> None:
    assert set(IDENTITIES) == set(DEMO_IDENTITIES)


@pytest.mark.parametrize("type_name", TYPES)
def test_a_protected_type_is_reached_in_several_ways(type_name: str) -> None:
    assert len(ways_to(type_name)) >= 3


@pytest.mark.parametrize("type_name", TYPES)
async def test_each_identity_sees_what_the_matrix_says_by_every_way(
    callers: Mapping[str, Gateway], ids: Mapping[str, str], type_name: str
) -> None:
    await _hold(TYPES[type_name], ROADS["plain"], ways_to(type_name), callers, ids)


@pytest.mark.parametrize("coordinate", MATRIX)
async def test_each_identity_sees_what_the_matrix_says_of_a_field_alone(
    callers: Mapping[str, Gateway], ids: Mapping[str, str], coordinate: str
) -> None:
    row = MATRIX[coordinate]

    await _hold([row], ROADS["plain"], _some_ways_to(row.type), callers, ids)


@pytest.mark.parametrize(("type_name", "road"), CASES)
async def test_each_identity_sees_what_the_matrix_says_by_every_road(
    callers: Mapping[str, Gateway], ids: Mapping[str, str], type_name: str, road: Road
) -> None:
    await _hold(TYPES[type_name], road, _some_ways_to(type_name), callers, ids)


def _some_ways_to(type_name: str) -> Sequence[Way]:
    """One object, a list, and the first relation from another type."""
    ways = ways_to(type_name)
    relations = [way for way in ways[2:] if not way.name.startswith("Query.")]
    return [*ways[:2], *relations[:1]]


async def _hold(
    rows: Sequence[Row],
    road: Road,
    ways: Sequence[Way],
    callers: Mapping[str, Gateway],
    ids: Mapping[str, str],
) -> None:
    everything = asked(rows, road, ways, ids, "staff")
    staff = await road.send(callers["staff"], everything.query, everything.variables)
    for row in rows:
        key = everything.alias + row.field
        there = [value for way in everything.ways for _, value in values(way, key, staff.data)]
        assert any(value is not None for value in there), f"there is no {row.coordinate} to see"

    for identity in IDENTITIES:
        operation = asked(rows, road, ways, ids, identity)
        answer = await road.send(callers[identity], operation.query, operation.variables)

        check(rows, identity, operation, answer, staff)
        check_calls(rows, identity, answer.calls)
