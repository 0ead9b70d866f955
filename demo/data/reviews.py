"""Reviews: each by a customer who bought the product, some days after."""

from datetime import datetime, timedelta
from functools import cache
from random import Random
from typing import Any

from demo.data.common import REFERENCE, chance
from demo.data.orders import all_lines, orders
from demo.data.people import people
from demo.data.products import (
    FIRST_SKU,
    SETTLED,
    SKU_WITHOUT_REVIEWS,
    Document,
    Product,
    catalog,
    object_id,
)

REVIEWS = 10_000
DELIVERED_AFTER = timedelta(days=8)
PATIENCE = timedelta(days=75)

TITLES = {
    5: ("Exactly what I was looking for", "Love it", "Worth every cent", "Could not be better",
        "A joy to use", "Highly recommended", "Would buy again at once"),
    4: ("Very good, with one small flaw", "Happy with it", "Good value", "Does its job well",
        "Almost perfect", "Better than expected"),
    3: ("All right", "Mixed feelings", "Good idea, average result", "Fine for the price",
        "Neither good nor bad"),
    2: ("Not what I hoped for", "Disappointed", "Looks good, that is all", "Expected more"),
    1: ("Sent it back", "Do not buy", "Broken after a week", "A waste of money"),
}  # fmt: skip
OPENINGS = {
    5: ("I have used it every day for weeks now.", "Bought it as a gift and ordered a second one.",
        "Arrived quickly and well packed.", "I compared many before I chose this one."),
    4: ("I am happy with it on the whole.", "In use for a month now.", "Good work, fairly priced.",
        "It took me a few days to get used to it."),
    3: ("It is all right for the price.", "I am not quite sure about it.",
        "There are good and bad sides to it."),
    2: ("I had read so many good reviews.", "Sadly, it did not convince me.",
        "The pictures promise more."),
    1: ("I rarely write reviews, but this has to be said.", "It did not last.",
        "I asked for my money back."),
}  # fmt: skip
CLOSINGS = {
    5: ("Five stars from me.", "I would choose it again.", "Recommended without reservation."),
    4: ("One star less for that.", "Still recommended.", "I would buy it again."),
    3: ("You get what you pay for.", "It will do for now."),
    2: ("I would not buy it again.", "Next time I will spend a little more."),
    1: ("Keep your hands off it.", "Customer service was friendly, at least."),
}  # fmt: skip
RATINGS = {  # how often 1 to 5 stars, for products that are poor, good and excellent
    "poor": (20, 20, 25, 20, 15),
    "good": (5, 8, 14, 33, 40),
    "excellent": (2, 3, 7, 24, 64),
}


def body(rating: int, leaf: dict[str, Any], rng: Random) -> str:
    praise, complaint = rng.choice(leaf["praise"]), rng.choice(leaf["complaints"])
    match rating:
        case 5:
            said = rng.sample(leaf["praise"], rng.randint(1, 2))
        case 4:
            said = [praise] if rng.random() < 0.5 else [praise, f"But: {lower(complaint)}"]
        case 3:
            said = [praise, f"On the other hand: {lower(complaint)}"]
        case _:
            said = rng.sample(leaf["complaints"], rng.randint(1, 2))
    closing = [rng.choice(CLOSINGS[rating])] if rng.random() < 0.6 else []
    return " ".join((rng.choice(OPENINGS[rating]), *said, *closing))


def display_name(name: str) -> str:
    """The name by which a review shows its author to everyone: Ada M. for Ada Martin."""
    first, _, last = name.partition(" ")
    return f"{first} {last[0].upper()}."


def lower(sentence: str) -> str:
    return sentence if sentence.startswith("I ") else sentence[0].lower() + sentence[1:]


def purchases(products: dict[str, Product]) -> dict[str, dict[int, datetime]]:
    """By SKU: who received it, and when they had ordered it. The unreviewed are left out."""
    rng = chance("reviewed")
    silent = {sku for sku in sorted(products) if rng.random() < 0.004} - SETTLED
    silent.add(SKU_WITHOUT_REVIEWS)
    received = {
        order.id: order
        for order in orders()
        if order.status in ("DELIVERED", "RETURNED")
        and order.placed_at < REFERENCE - DELIVERED_AFTER
    }
    result: dict[str, dict[int, datetime]] = {}
    for line in all_lines():
        if line.order_id in received and line.sku not in silent:
            order = received[line.order_id]
            result.setdefault(line.sku, {}).setdefault(order.customer_id, order.placed_at)
    return result


def chosen(bought: dict[str, dict[int, datetime]], rng: Random) -> list[tuple[str, int]]:
    """Which purchases were reviewed: one of each product, all early ones of the first, then any."""
    certain = {(sku, next(iter(buyers))) for sku, buyers in bought.items()}
    certain.update((FIRST_SKU, customer_id) for customer_id in list(bought[FIRST_SKU])[:20])
    rest = [
        (sku, customer_id)
        for sku, buyers in bought.items()
        for customer_id in buyers
        if (sku, customer_id) not in certain
    ]
    return sorted(certain) + rng.sample(rest, REVIEWS - len(certain))


@cache
def reviews() -> list[Document]:
    """All reviews, oldest first."""
    rng = chance("reviews")
    products = {product.sku: product for product in catalog().products}
    quality = {sku: rng.choices(tuple(RATINGS), (8, 62, 30))[0] for sku in products}
    quality[FIRST_SKU] = "excellent"
    bought = purchases(products)
    latest: dict[str, datetime] = {}
    result = []
    for sku, customer_id in chosen(bought, rng):
        product = products[sku]
        earliest = bought[sku][customer_id] + DELIVERED_AFTER
        wait = min(PATIENCE, REFERENCE - earliest) * rng.random() ** 2
        created_at = earliest + timedelta(seconds=int(wait.total_seconds()))
        if rng.random() < 0.05 and latest.get(sku, REFERENCE) > earliest:
            # Two reviews of one product at the same moment, to show that their order is settled.
            created_at = latest.get(sku, created_at)
        latest[sku] = created_at
        rating = rng.choices((1, 2, 3, 4, 5), RATINGS[quality[sku]])[0]
        status = rng.choices(("PUBLISHED", "PENDING", "REJECTED"), (93, 5, 2))[0]
        result.append(
            {
                "_id": object_id(f"review {sku} {customer_id}", created_at),
                "product_id": product.id,
                "customer_id": customer_id,
                "author_name": display_name(people().customers[customer_id - 1].name),
                "rating": rating,
                "title": rng.choice(TITLES[rating]),
                "body": body(rating, product.leaf, rng),
                "status": status,
                "helpful_count": int(rng.expovariate(0.25)) if status == "PUBLISHED" else 0,
                "created_at": created_at,
            }
        )
    return sorted(result, key=lambda review: (review["created_at"], review["_id"]))
