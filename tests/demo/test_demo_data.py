import os
import re
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from bson import Decimal128

from demo.data.common import REFERENCE
from demo.data.orders import PARTNERS, all_lines, orders
from demo.data.people import people
from demo.data.products import catalog
from demo.data.reviews import reviews
from demo.data.shipments import Shipments
from demo.data.stock import reservations, stock
from demo.seed import shop_rows
from tests.demo.running import ROOT

DIGEST = """
import hashlib
from demo.data import orders, people, products, reviews, shipments, stock
shipped = shipments.Shipments()
rows = (people.people(), orders.orders(), orders.all_lines(), products.catalog(), reviews.reviews(),
    stock.stock(), stock.reservations(["KET-0001"]), [shipped.of(id) for id in range(1, 10001)])
print(hashlib.sha256(repr(rows).encode()).hexdigest())
"""


def digest(hash_seed: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", DIGEST],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


@pytest.mark.process
def test_every_process_makes_the_same_data() -> None:
    with ThreadPoolExecutor() as pool:
        one, other = pool.map(digest, ("1", "2"))
    assert one == other


def test_there_is_as_much_as_promised() -> None:
    assert len(people().customers) == 1_000
    assert len(orders()) == 10_000
    assert len(catalog().categories) == 40
    assert len(catalog().products) == 2_000
    assert len(reviews()) == 10_000
    addresses = Counter(address.customer_id for address in people().addresses)
    assert (min(addresses.values()), max(addresses.values()), len(addresses)) == (1, 3, 1_000)
    assert 2.7 < len(all_lines()) / len(orders()) < 3.3


def test_what_must_be_unique_is() -> None:
    for values in (
        [customer.email for customer in people().customers],
        [order.number for order in orders()],
        [line.id for line in all_lines()],
        [product.sku for product in catalog().products],
        [category["slug"] for category in catalog().categories],
        [product.id for product in catalog().products],
        [review["_id"] for review in reviews()],
    ):
        assert len(set(values)) == len(values)


def test_orders_refer_to_what_there_is() -> None:
    products = {product.sku: product for product in catalog().products}
    addresses = {address.id: address for address in people().addresses}
    customers = {customer.id: customer for customer in people().customers}
    placed = {order.id: order for order in orders()}
    for order in placed.values():
        address = addresses[order.shipping_address_id]
        assert (address.customer_id, address.kind) == (order.customer_id, "SHIPPING")
        assert customers[order.customer_id].created_at < order.placed_at < REFERENCE
    for line in all_lines():
        product = products[line.sku]
        assert product.created_at < placed[line.order_id].placed_at
        assert product.status != "DRAFT"
        assert line.product_name == product.name


def test_a_total_is_the_sum_of_the_lines() -> None:
    (_, columns, rows), (_, _, lines) = shop_rows()[2:]
    totals: dict[Any, Any] = Counter()
    for _, order_id, _, _, _, quantity, unit_price in lines:
        totals[order_id] += quantity * unit_price  # type: ignore[operator]
    total = columns.index("total")
    assert {row[0]: row[total] for row in rows} == totals


def test_ids_of_orders_follow_their_time() -> None:
    times = [order.placed_at for order in orders()]
    assert times == sorted(times)
    assert times[0] >= REFERENCE - timedelta(days=730)
    assert REFERENCE - times[-1] < timedelta(days=1)


def test_many_orders_are_placed_at_once() -> None:
    at = Counter(order.placed_at for order in orders())
    in_minute = Counter(order.placed_at.replace(second=0, microsecond=0) for order in orders())
    assert max(at.values()) >= 30  # more than a page of 20
    assert sum(number for number in at.values() if number > 1) > 1_000
    assert sum(number for number in in_minute.values() if number > 1) > 3_000


def test_every_status_and_partner_occurs() -> None:
    statuses = Counter(order.status for order in orders())
    assert min(statuses.values()) > 40
    assert len(statuses) == 6
    partners = Counter(order.partner_id for order in orders())
    assert set(partners) == {None, *PARTNERS}
    assert 850 < 10_000 - partners[None] < 1_150
    assert all(partners[partner] >= 100 for partner in PARTNERS)


def test_reviews_are_by_customers_who_had_bought() -> None:
    placed = {order.id: order for order in orders()}
    skus = {product.id: product.sku for product in catalog().products}
    bought: dict[tuple[str, int], Any] = {}
    for line in all_lines():
        order = placed[line.order_id]
        bought.setdefault((line.sku, order.customer_id), order.placed_at)
    for review in reviews():
        since = bought[skus[review["product_id"]], review["customer_id"]]
        assert since < review["created_at"] < REFERENCE
        assert 1 <= review["rating"] <= 5
    statuses = Counter(review["status"] for review in reviews())
    assert 9_100 < statuses["PUBLISHED"] < 9_500
    assert min(statuses["PENDING"], statuses["REJECTED"]) > 100


def test_reviews_show_their_authors_by_a_first_name_and_an_initial() -> None:
    names = {customer.id: customer.name for customer in people().customers}
    for review in reviews():
        first, initial = review["author_name"].split()
        name = names[review["customer_id"]]
        assert re.fullmatch(r"\w\.", initial)
        assert name.startswith(f"{first} ")
        assert name.split()[1][0].upper() == initial[0]
        assert name != review["author_name"]


def test_nothing_is_known_of_a_draft_but_its_stock() -> None:
    # So reviews and reservations need no row filter of their own, which would cross sources.
    drafts = {each.id: each.sku for each in catalog().products if each.status == "DRAFT"}
    stocked = [record.sku for record in stock()]
    assert len(drafts) > 30
    assert set(drafts.values()) & set(stocked)
    assert {review["product_id"] for review in reviews()}.isdisjoint(drafts)
    assert {row.sku for row in reservations(stocked)}.isdisjoint(drafts.values())


def test_some_reviews_of_a_product_are_of_one_moment() -> None:
    at = Counter((review["product_id"], review["created_at"]) for review in reviews())
    assert sum(number > 1 for number in at.values()) > 50


def test_a_few_products_lack_reviews_or_stock() -> None:
    reviewed = {review["product_id"] for review in reviews()}
    assert 60 < 2_000 - len(reviewed) < 140
    assert 20 < 2_000 - len(stock()) < 60


def test_categories_are_a_tree_and_products_are_in_its_leaves() -> None:
    parents = {category["_id"]: category["parent_id"] for category in catalog().categories}
    roots = {id for id, parent in parents.items() if parent is None}
    assert len(roots) == 8
    assert {parent for parent in parents.values() if parent is not None} == roots
    assert {product.document["category_id"] for product in catalog().products} == (
        set(parents) - roots
    )


def test_products_cost_less_than_their_price() -> None:
    for product in catalog().products:
        price, cost = product.document["price"], product.document["cost"]
        assert isinstance(price, Decimal128)
        assert 0 < cost.to_decimal() < price.to_decimal() == product.price


def test_texts_are_filled_in() -> None:
    for product in catalog().products:
        description = product.document["description"]
        assert 2 <= len(re.findall(r"[.!?](?:\s|$)", description)) <= 4
        assert not re.search(r"[{}]|\b[Aa] [aeio]|\bAn [^aeio]", description)
    for review in reviews():
        assert review["title"]
        assert len(review["body"]) > 20


def test_nobody_real_can_be_reached() -> None:
    for customer in people().customers:
        assert re.fullmatch(r"[a-z0-9.-]+@example\.(com|org|net)", customer.email)
    for product in catalog().products:
        for image in product.document["images"]:
            assert image["url"].startswith("https://images.example.com/")


def test_shipments_agree_with_their_orders() -> None:
    shipments = Shipments()
    for order in orders():
        shipment = shipments.of(order.id)
        assert (shipment is None) == (order.status in ("PENDING", "PAID", "CANCELLED"))
        if shipment is None:
            continue
        assert (shipment.status == "DELIVERED") == (order.status in ("DELIVERED", "RETURNED"))
        assert (shipment.delivered_at is None) == (shipment.status != "DELIVERED")
        assert order.placed_at < shipment.shipped_at < REFERENCE
        times = [event.at for event in shipment.events]
        assert times == sorted(times)
        assert times[-1] < REFERENCE
        assert shipment.events[-1].status == shipment.status


def test_reservations_are_of_stocked_skus_and_waiting_orders() -> None:
    kept = [record.sku for record in stock()]
    waiting = {order.number for order in orders() if order.status in ("PENDING", "PAID")}
    rows = reservations(kept)
    assert {row.sku for row in rows} <= set(kept)
    assert {row.order_number for row in rows} - {None} <= waiting
    assert len({row.id for row in rows}) == len(rows) > 200


def test_the_rows_that_the_documentation_names() -> None:
    ada = people().customers[0]
    assert (ada.id, ada.name, ada.email) == (1, "Ada Martin", "ada.martin@example.com")
    assert sum(order.customer_id == 1 for order in orders()) >= 12
    assert orders()[0].customer_id == 1
    assert sum(line.order_id == 1 for line in all_lines()) == 3
    assert Shipments().of(1) is not None
    assert 25 not in {order.customer_id for order in orders()}
    by_sku = {product.sku: product for product in catalog().products}
    assert "Electric Kettle" in by_sku["KET-0001"].name
    published = Counter(
        review["product_id"] for review in reviews() if review["status"] == "PUBLISHED"
    )
    assert published[by_sku["KET-0001"].id] >= 8
    assert by_sku["KET-0005"].id not in {review["product_id"] for review in reviews()}
    stocked = {record.sku for record in stock()}
    assert "KET-0001" in stocked
    assert "KET-0007" not in stocked
