"""Objects that the demo has, one of each type, all about an order that Ada Martin placed and the
partner northwind took: every identity but the anonymous may see them."""

from __future__ import annotations

from collections.abc import Mapping

from tests.graph.truth import Truth, gid

ADA = gid("Customer", 1)


async def find_samples(truth: Truth) -> Mapping[str, str]:
    """An id of each type, by the type's name; another one by that name with ``Other`` behind it,
    which is of nobody whom the tests sign in as."""
    order = await truth.row(
        "select * from orders where customer_id = 1 and partner_id = 'northwind'"
        " and status = 'DELIVERED' order by id limit 1"
    )
    line = await truth.row("select * from order_lines where order_id = $1 limit 1", order["id"])
    # One with all that can be left out, of neither Ada nor northwind.
    other = await truth.row(
        "select orders.* from orders join customers on customers.id = customer_id"
        " join addresses on addresses.id = shipping_address_id"
        " where customers.id <> 1 and internal_note is not null and line2 is not null"
        " and birthday is not null and phone is not null and addresses.id not in"
        " (select shipping_address_id from orders where partner_id is not null)"
        " order by orders.id limit 1"
    )
    waiting = await truth.rows(
        "select sku from order_lines join orders on orders.id = order_id"
        " where status = 'PAID' order by order_lines.id limit 50"
    )
    reservations = await truth.reservations(row["sku"] for row in waiting)
    (sku, (reserved, *_)), (_, (other_reserved, *_)), *_ = reservations.items()
    (product,) = truth.documents("products", {"sku": sku})
    (other_product,) = truth.documents("products", {"sku": "KET-0001"})
    published = {"status": "PUBLISHED"}
    review = truth.documents("reviews", {**published, "customer_id": 1}, limit=1)[0]
    other_review = truth.documents("reviews", {**published, "customer_id": {"$ne": 1}}, limit=1)[0]
    shipment = await truth.shipment(order["id"])
    assert shipment is not None
    keys: dict[str, object] = {
        "Customer": 1,
        "CustomerOther": other["customer_id"],
        "Address": order["shipping_address_id"],
        "AddressOther": other["shipping_address_id"],
        "Order": order["id"],
        "OrderOther": other["id"],
        "OrderLine": line["id"],
        "Product": product["_id"],
        "ProductOther": other_product["_id"],
        "Category": product["category_id"],
        "Stock": sku,
        "Reservation": reserved["id"],
        "ReservationOther": other_reserved["id"],
        "Review": review["_id"],
        "ReviewOther": other_review["_id"],
        "Shipment": order["id"],
        "Carrier": shipment["carrier_code"],
    }
    return {name: gid(name.removesuffix("Other"), key) for name, key in keys.items()}
