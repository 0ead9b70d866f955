"""JSON of another shape than a service's declaration: what still fits is shown, and every value
that does not is an error of its own field."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from tests.client import Answer
from tests.loaders.lies import SECRET, SHIPMENT, SHOWN, Liars, lying, said

EVENT = SHIPMENT["events"][0]


@pytest.fixture(scope="module")
async def running(source_settings: dict[str, dict[str, Any]]) -> AsyncIterator[Liars]:
    async with lying(source_settings, seconds=3.0) as liars:
        yield liars


@pytest.fixture
def liars(running: Liars) -> Liars:
    running.be_honest()
    return running


@pytest.fixture(scope="module")
async def whole(running: Liars) -> Any:
    """The order when both services are honest; tests/loaders/test_lying_services.py has that."""
    running.be_honest()
    return (await running.ask()).data["order"]


def told(answer: Answer) -> list[tuple[list[Any], str, str]]:
    """Each error's path, code and source."""
    return [
        (error["path"], error["extensions"]["code"], error["extensions"]["source"])
        for error in answer.errors
    ]


def lost(*path: str | int, source: str = "shipping") -> tuple[list[Any], str, str]:
    return (["order", *path], "UPSTREAM_BAD_RESPONSE", source)


@pytest.mark.parametrize(
    ("lie", "place"),
    [
        ({"status": None}, ["status"]),
        ({"status": SECRET}, ["status"]),
        ({"status": ["DELIVERED"]}, ["status"]),
        ({"status": {"DELIVERED": 1}}, ["status"]),
        ({"status": 1}, ["status"]),
        ({"tracking_number": None}, ["trackingNumber"]),
        ({"tracking_number": ["NO1"]}, ["trackingNumber"]),
        ({"tracking_number": {"$gt": ""}}, ["trackingNumber"]),
        ({"tracking_url": f"javascript:alert('{SECRET}')"}, ["trackingUrl"]),
        ({"tracking_url": " javascript:alert(1)"}, ["trackingUrl"]),
        ({"tracking_url": "java\nscript:alert(1)"}, ["trackingUrl"]),
        ({"tracking_url": "data:text/html,x"}, ["trackingUrl"]),
        ({"tracking_url": "file:///etc/passwd"}, ["trackingUrl"]),
        ({"tracking_url": "//evil.example/"}, ["trackingUrl"]),
        ({"tracking_url": "/track/1"}, ["trackingUrl"]),
        ({"tracking_url": "https://"}, ["trackingUrl"]),
        ({"tracking_url": "https://[::1"}, ["trackingUrl"]),
        ({"tracking_url": ""}, ["trackingUrl"]),
        ({"tracking_url": 5}, ["trackingUrl"]),
        ({"tracking_url": None}, ["trackingUrl"]),
        ({"events": None}, ["events"]),
        ({"events": SECRET}, ["events"]),
        ({"events": 5}, ["events"]),
        ({"events": {}}, ["events"]),
        ({"events": {"0": EVENT}}, ["events"]),
        ({"events": [EVENT, None]}, ["events", 1]),
        ({"events": [SECRET]}, ["events", 0, "at"]),
        ({"events": [5]}, ["events", 0, "at"]),
        ({"events": [True]}, ["events", 0, "at"]),
        ({"events": [[EVENT]]}, ["events", 0, "at"]),
        ({"events": [{}]}, ["events", 0, "at"]),
        ({"events": [EVENT, {**EVENT, "status": "LOST"}]}, ["events", 1, "status"]),
        ({"events": [EVENT, {**EVENT, "at": "yesterday"}]}, ["events", 1, "at"]),
        ({"events": [{**EVENT, "location": None}]}, ["events", 0, "location"]),
        ({"events": [{**EVENT, "location": {"city": "Ghent"}}]}, ["events", 0, "location"]),
    ],
    ids=str,
)
async def test_a_value_that_must_be_there_takes_its_object(
    liars: Liars, whole: Any, lie: dict[str, Any], place: list[Any]
) -> None:
    liars.shipment(said({**SHIPMENT, **lie}))

    answer = await liars.ask()

    assert answer.partial["order"] == {**whole, "shipment": None}
    assert set(map(str, told(answer))) >= {str(lost("shipment", *place))}
    assert {code for _, code, _ in told(answer)} == {"UPSTREAM_BAD_RESPONSE"}


@pytest.mark.parametrize("name", ["status", "tracking_number", "tracking_url", "events"])
async def test_a_value_that_is_left_out_takes_its_object(
    liars: Liars, whole: Any, name: str
) -> None:
    liars.shipment(said({key: value for key, value in SHIPMENT.items() if key != name}))

    answer = await liars.ask()

    assert answer.partial["order"] == {**whole, "shipment": None}
    assert {(code, source) for _, code, source in told(answer)} == {
        ("UPSTREAM_BAD_RESPONSE", "shipping")
    }


@pytest.mark.parametrize(
    ("lie", "field"),
    [
        ({"shipped_at": "yesterday"}, "shippedAt"),
        ({"shipped_at": "2025-01-02T10:00:00"}, "shippedAt"),
        ({"shipped_at": "2025-02-30T10:00:00Z"}, "shippedAt"),
        ({"shipped_at": 1735812000}, "shippedAt"),
        ({"shipped_at": {"$date": 1735812000}}, "shippedAt"),
        ({"shipped_at": ""}, "shippedAt"),
        ({"shipped_at": False}, "shippedAt"),
        ({"estimated_delivery": "2025-13-45"}, "estimatedDelivery"),
        ({"estimated_delivery": "soon " + SECRET}, "estimatedDelivery"),
        ({"estimated_delivery": ["2025-01-05"]}, "estimatedDelivery"),
        ({"carrier_code": ["NORDPOST"]}, "carrier"),
        ({"carrier_code": {"code": "NORDPOST"}}, "carrier"),
    ],
    ids=str,
)
async def test_a_value_that_may_be_missing_takes_itself_alone(
    liars: Liars, whole: Any, lie: dict[str, Any], field: str
) -> None:
    liars.shipment(said({**SHIPMENT, **lie}))

    answer = await liars.ask()

    assert answer.partial["order"] == {**whole, "shipment": {**SHOWN, field: None}}
    assert told(answer) == [lost("shipment", field)]


@pytest.mark.parametrize("code", [None, "NOBODY", "", ".", ".."])
async def test_a_key_that_leads_nowhere_is_no_object_and_no_error(
    liars: Liars, whole: Any, code: str | None
) -> None:
    liars.shipment(said({**SHIPMENT, "carrier_code": code}))

    assert (await liars.ask()).data["order"] == {**whole, "shipment": {**SHOWN, "carrier": None}}


async def test_a_key_that_no_path_can_hold_is_an_error(liars: Liars, whole: Any) -> None:
    liars.shipment(said({**SHIPMENT, "carrier_code": "a/b"}))

    answer = await liars.ask()

    assert answer.partial["order"] == {**whole, "shipment": {**SHOWN, "carrier": None}}
    assert [(error["path"], error["extensions"]) for error in answer.errors] == [
        (["order", "shipment", "carrier"], {"code": "BAD_USER_INPUT"})
    ]


async def test_more_than_is_declared_does_no_harm(liars: Liars, whole: Any) -> None:
    liars.shipment(said({**SHIPMENT, "__typename": "Customer", "id": 5, "secret": SECRET}))

    assert (await liars.ask()).data["order"] == whole


@pytest.mark.parametrize(
    "lie",
    [
        {},
        {"items": None},
        {"items": {}},
        {"items": SECRET},
        {"rows": []},
        {"items": [None]},
        {"items": [SECRET]},
        {"items": [[]]},
        {"items": [{}]},
        {"items": [{"sku": None}]},
        {"items": [{"sku": ["a"]}]},
        {"items": [{"sku": {"a": 1}}]},
        {"items": [{"available": 5}]},
        "items",
        5,
        None,
    ],
    ids=str,
)
async def test_a_batch_that_is_no_list_of_objects_takes_the_field_everywhere(
    liars: Liars, whole: Any, lie: Any
) -> None:
    liars.stock = said(lie)

    answer = await liars.ask()

    lines = [{**line, "product": {"stock": None}} for line in whole["lines"]]
    assert answer.partial["order"] == {**whole, "lines": lines}
    assert told(answer) == [
        lost("lines", index, "product", "stock", source="inventory") for index in range(len(lines))
    ]


@pytest.mark.parametrize(
    "available", [None, "many", "", 1.5, 2**31, -(2**31) - 1, 1e300, [5], {"$gt": 0}], ids=str
)
async def test_a_number_that_is_none_takes_its_own_row_alone(
    liars: Liars, whole: Any, available: Any
) -> None:
    first, *others = [line["sku"] for line in whole["lines"]]
    items = [{"sku": first, "available": available, "warehouse": "GNT-1"}]
    items += [{"sku": sku, "available": 5, "warehouse": "GNT-1"} for sku in others]
    liars.stock = said({"items": items})

    answer = await liars.ask()

    lines = [{**whole["lines"][0], "product": {"stock": None}}, *whole["lines"][1:]]
    assert answer.partial["order"] == {**whole, "lines": lines}
    assert told(answer) == [lost("lines", 0, "product", "stock", "available", source="inventory")]
    assert answer.errors[0]["message"] == (
        "The source 'inventory' sent a value that does not fit this field."
    )


async def test_rows_that_nobody_asked_for_are_an_error(liars: Liars, whole: Any) -> None:
    others = [{"sku": sku, "available": 1, "warehouse": "X"} for sku in ("NONE-1", "", "0")]
    liars.stock = said({"items": others})

    answer = await liars.ask()

    lines = [{**line, "product": {"stock": None}} for line in whole["lines"]]
    assert answer.partial["order"] == {**whole, "lines": lines}
    assert told(answer) == [
        lost("lines", line, "product", "stock", source="inventory") for line in range(len(lines))
    ]


@pytest.mark.parametrize(
    "carriers",
    [
        [{"code": "A", "name": "x"}, {"code": "B", "name": {"first": 1}}],
        [{"code": "A", "name": "x"}, {"code": "B", "name": 5}],
        [{"code": "A", "name": ["x"]}, {"code": "B", "name": {}}],
    ],
    ids=str,
)
async def test_rows_that_can_not_be_sorted_take_their_list_alone(
    liars: Liars, carriers: list[Any]
) -> None:
    async def all_carriers(request: web.BaseRequest) -> web.StreamResponse:
        return web.json_response({"items": carriers})

    liars.shipments = all_carriers

    answer = await liars.ask('{ carriers { nodes { code } } order(number: "x") { id } }')

    assert answer.partial == {"carriers": None, "order": None}
    assert told(answer) == [(["carriers", "nodes"], "UPSTREAM_BAD_RESPONSE", "shipping")]


async def test_a_row_whose_key_can_not_be_read_is_sorted_all_the_same(liars: Liars) -> None:
    carriers = [{"code": ["B"], "name": "x"}, {"code": "A", "name": "x"}]
    liars.shipments = said({"items": carriers})

    names = await liars.ask("{ carriers { nodes { name } } }")
    codes = await liars.ask("{ carriers { nodes { code } } }")

    assert names.data == {"carriers": {"nodes": [{"name": "x"}] * 2}}
    assert codes.partial == {"carriers": None}
    assert told(codes) == [(["carriers", "nodes", 1, "code"], "UPSTREAM_BAD_RESPONSE", "shipping")]
