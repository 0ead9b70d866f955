import re
from typing import Any
from uuid import uuid4

import pytest

from demo.data.orders import orders
from demo.data.shipments import Shipments
from demo.data.stock import stock
from tests.demo.running import Answer, Running, call


@pytest.fixture(scope="module")
def inventory(demo: Running) -> str:
    return demo.addresses.inventory


@pytest.fixture(scope="module")
def shipping(demo: Running) -> str:
    return demo.addresses.shipping


def levels(inventory: str, sku: str) -> tuple[int, int]:
    body = call("GET", f"{inventory}/stock/{sku}").body
    return body["available"], body["reserved"]


def reserve(inventory: str, body: Any, **headers: str) -> Answer:
    return call("POST", f"{inventory}/reservations", body, headers)


def test_both_are_healthy(inventory: str, shipping: str) -> None:
    assert call("GET", f"{inventory}/healthz") == Answer(200, {"status": "ok"})
    assert call("GET", f"{shipping}/healthz") == Answer(200, {"status": "ok"})


def test_stock_of_one_sku(inventory: str) -> None:
    answer = call("GET", f"{inventory}/stock/KET-0002")
    assert answer.status == 200
    assert list(answer.body) == [
        "sku", "available", "reserved", "incoming", "warehouse", "updated_at"
    ]  # fmt: skip
    assert answer.body["sku"] == "KET-0002"
    assert re.fullmatch(r"2026-1\d-\d\dT\d\d:\d\d:\d\dZ", answer.body["updated_at"])


def test_stock_of_several_skus_leaves_out_the_unknown(inventory: str) -> None:
    answer = call("GET", f"{inventory}/stock?sku=KET-0002&sku=NONE-1&sku=KET-0001&sku=KET-0002")
    assert answer.status == 200
    assert [item["sku"] for item in answer.body["items"]] == ["KET-0002", "KET-0001"]


def test_stock_of_no_sku_is_empty(inventory: str) -> None:
    assert call("GET", f"{inventory}/stock") == Answer(200, {"items": []})


def test_a_sku_without_stock_is_not_found(inventory: str) -> None:
    assert call("GET", f"{inventory}/stock/KET-0007") == Answer(404, {"error": "not_found"})


def test_250_skus_may_be_asked_for_at_once_and_no_more(inventory: str) -> None:
    skus = [f"sku={record.sku}" for record in stock()[:251]]
    most = call("GET", f"{inventory}/stock?{'&'.join(skus[:250])}")
    assert len(most.body["items"]) == 250
    too_many = Answer(400, {"error": "too_many_skus", "limit": 250})
    assert call("GET", f"{inventory}/stock?{'&'.join(skus)}") == too_many
    assert call("GET", f"{inventory}/reservations?{'&'.join(skus)}") == too_many


def test_reserving_moves_stock_and_releasing_moves_it_back(inventory: str) -> None:
    available, reserved = levels(inventory, "KET-0001")
    made = reserve(inventory, {"sku": "KET-0001", "quantity": 3})
    assert made.status == 201
    assert re.fullmatch(r"res_[0-9a-f]{16}", made.body["id"])
    assert (made.body["sku"], made.body["quantity"]) == ("KET-0001", 3)
    assert made.body["order_number"] is None
    assert levels(inventory, "KET-0001") == (available - 3, reserved + 3)

    one = f"{inventory}/reservations/{made.body['id']}"
    assert call("GET", one) == Answer(200, made.body)
    listed = call("GET", f"{inventory}/reservations?sku=KET-0001&sku=KET-0002").body["items"]
    assert made.body in listed

    assert call("DELETE", one) == Answer(204, None)
    assert levels(inventory, "KET-0001") == (available, reserved)
    assert call("DELETE", one) == call("GET", one) == Answer(404, {"error": "released"})
    assert levels(inventory, "KET-0001") == (available, reserved)


def test_reserved_is_the_sum_of_the_reservations(inventory: str) -> None:
    skus = [record.sku for record in stock()]
    total = 0
    for start in range(0, len(skus), 50):
        query = "&".join(f"sku={sku}" for sku in skus[start : start + 50])
        items = call("GET", f"{inventory}/stock?{query}").body["items"]
        reserved = {item["sku"]: item["reserved"] for item in items if item["reserved"]}
        summed: dict[str, int] = {}
        for row in call("GET", f"{inventory}/reservations?{query}").body["items"]:
            summed[row["sku"]] = summed.get(row["sku"], 0) + row["quantity"]
        assert reserved == summed
        total += len(summed)
    assert total > 100


def test_no_more_than_there_is_can_be_reserved(inventory: str) -> None:
    available, _ = levels(inventory, "KET-0001")
    refused = Answer(409, {"error": "insufficient_stock", "available": available})
    assert reserve(inventory, {"sku": "KET-0001", "quantity": available + 1}) == refused
    assert levels(inventory, "KET-0001")[0] == available
    none = Answer(409, {"error": "insufficient_stock", "available": 0})
    assert reserve(inventory, {"sku": "KET-0007", "quantity": 1}) == none


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"\xff",
        [],
        {"sku": "KET-0001"},
        {"sku": 1, "quantity": 1},
        {"sku": "KET-0001", "quantity": "1"},
        {"sku": "KET-0001", "quantity": True},
        {"sku": "KET-0001", "quantity": 1.0},
        {"sku": "KET-0001", "quantity": 0},
        {"sku": "KET-0001", "quantity": -1},
    ],
)
def test_a_bad_reservation_is_refused(inventory: str, body: object) -> None:
    before = levels(inventory, "KET-0001")
    assert reserve(inventory, body).status == 422
    assert levels(inventory, "KET-0001") == before


def test_the_same_key_and_the_same_id_reserve_once(inventory: str) -> None:
    available, _ = levels(inventory, "KET-0003")
    wanted = {"sku": "KET-0003", "quantity": 1}
    for name, more, headers in [
        ("key", {}, {"Idempotency-Key": uuid4().hex}),
        ("id", {"id": f"order:{uuid4().hex}", "order_number": "SO-1"}, {}),
    ]:
        first = reserve(inventory, {**wanted, **more}, **headers)
        again = reserve(inventory, {**wanted, **more}, **headers)
        other = reserve(inventory, {"sku": "KET-0003", "quantity": 2, **more}, **headers)
        assert first.status == 201, name
        assert first.body["id"] == more.get("id", first.body["id"])
        assert (first.body["order_number"], first.body["status"]) == (
            more.get("order_number"),
            "HELD",
        )
        assert again == first
        assert other == Answer(422, {"error": "idempotency_key_reused"})
        assert levels(inventory, "KET-0003")[0] == available - 1
        call("DELETE", f"{inventory}/reservations/{first.body['id']}")
        # It is said that it was, and not made anew.
        released = Answer(409, {"error": "released"})
        assert reserve(inventory, {**wanted, **more}, **headers) == released
        assert levels(inventory, "KET-0003")[0] == available


def test_what_is_confirmed_stays_so(inventory: str) -> None:
    available, reserved = levels(inventory, "KET-0003")
    made = reserve(inventory, {"sku": "KET-0003", "quantity": 2})
    one = f"{inventory}/reservations/{made.body['id']}"
    confirmed = Answer(200, {**made.body, "status": "CONFIRMED"})

    assert call("POST", f"{one}/confirm") == call("POST", f"{one}/confirm") == confirmed
    assert call("GET", one) == confirmed
    assert levels(inventory, "KET-0003") == (available - 2, reserved + 2)
    assert call("DELETE", one) == Answer(204, None)
    assert call("POST", f"{one}/confirm") == Answer(409, {"error": "released"})
    assert call("POST", f"{inventory}/reservations/none/confirm").status == 404
    assert levels(inventory, "KET-0003") == (available, reserved)


@pytest.mark.parametrize("more", [{"id": ""}, {"id": "a b"}, {"id": 5}, {"order_number": 5}])
def test_an_id_that_is_none_is_refused(inventory: str, more: dict[str, object]) -> None:
    before = levels(inventory, "KET-0001")
    assert reserve(inventory, {"sku": "KET-0001", "quantity": 1, **more}).status == 422
    assert levels(inventory, "KET-0001") == before


def test_a_shipment(shipping: str) -> None:
    answer = call("GET", f"{shipping}/shipments/1")
    assert answer.status == 200
    assert list(answer.body) == [
        "order_id", "tracking_number", "carrier_code", "status", "tracking_url",
        "shipped_at", "estimated_delivery", "delivered_at", "events",
    ]  # fmt: skip
    assert answer.body["order_id"] == 1
    assert answer.body["status"] == "DELIVERED"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", answer.body["estimated_delivery"])
    assert list(answer.body["events"][0]) == ["at", "status", "location", "description"]
    assert answer.body["events"][-1]["at"] == answer.body["delivered_at"]
    assert call("GET", f"{shipping}/shipments/1") == answer


def test_a_shipment_on_its_way(shipping: str) -> None:
    shipments = Shipments()
    order_id = next(order.id for order in reversed(orders()) if order.status == "SHIPPED")
    expected = shipments.of(order_id)
    assert expected is not None
    body = call("GET", f"{shipping}/shipments/{order_id}").body
    assert (body["status"], body["delivered_at"]) == (expected.status, None)


@pytest.mark.parametrize("status", ["PENDING", "PAID", "CANCELLED"])
def test_what_is_not_shipped_has_no_shipment(shipping: str, status: str) -> None:
    order_id = next(order.id for order in orders() if order.status == status)
    answer = call("GET", f"{shipping}/shipments/{order_id}")
    assert answer == Answer(404, {"error": "not_found"})


def test_an_unknown_order_has_no_shipment(shipping: str) -> None:
    answer = call("GET", f"{shipping}/shipments/99999999999999999999")
    assert answer == Answer(404, {"error": "not_found"})


def test_carriers(shipping: str) -> None:
    carriers = call("GET", f"{shipping}/carriers").body["items"]
    assert len(carriers) == 5
    assert list(carriers[0]) == ["code", "name", "tracking_site", "phone"]
    code = call("GET", f"{shipping}/shipments/1").body["carrier_code"]
    carrier = next(carrier for carrier in carriers if carrier["code"] == code)
    assert call("GET", f"{shipping}/carriers/{code}") == Answer(200, carrier)
    assert call("GET", f"{shipping}/carriers/NOBODY") == Answer(404, {"error": "not_found"})
