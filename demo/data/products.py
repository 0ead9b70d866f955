"""Categories and products."""

import hashlib
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from random import Random
from typing import Any, NamedTuple

from bson import Decimal128, ObjectId

from demo.data.common import FIRST_ORDER, REFERENCE, chance, words

PRODUCTS = 2_000
OPENED = datetime(2022, 3, 14, 9, 0, tzinfo=UTC)
FIRST_SKU = "KET-0001"
SKU_WITHOUT_REVIEWS = "KET-0005"
SKU_WITHOUT_STOCK = "KET-0007"
SETTLED = {FIRST_SKU, SKU_WITHOUT_REVIEWS, SKU_WITHOUT_STOCK}
"""SKUs that the documentation names: on sale since before the first order."""

# In the middle of a sentence, the other words of a product's kind are lower case.
PROPER = {"French", "USB", "Bluetooth"}

Document = dict[str, Any]


class Product(NamedTuple):
    """What the other generators need of a product; `document` is the whole of it."""

    id: ObjectId
    sku: str
    name: str
    status: str
    price: Decimal
    created_at: datetime
    leaf: dict[str, Any]
    document: Document


class Catalog(NamedTuple):
    categories: list[Document]
    products: list[Product]


def object_id(subject: str, created_at: datetime) -> ObjectId:
    """An id that, like a real one, begins with the time its document was made."""
    seconds = int(created_at.timestamp()).to_bytes(4, "big")
    return ObjectId(seconds + hashlib.sha256(subject.encode()).digest()[:8])


def category(entry: dict[str, Any], parent_id: ObjectId | None, position: int) -> Document:
    return {
        "_id": object_id(f"category {entry['slug']}", OPENED),
        "slug": entry["slug"],
        "name": entry["name"],
        "description": entry["description"],
        "parent_id": parent_id,
        "position": position,
    }


def in_sentence(template: str, kind: str) -> str:
    """The template with the product's kind in it, and `A` made `An` where it must be."""
    spoken = " ".join(word if word in PROPER else word.lower() for word in kind.split())
    text = re.sub(r"\bA (?=\{kind\} )", "An " if spoken[0] in "aeio" else "A ", template)
    text = text.format(kind=spoken)
    return text[0].upper() + text[1:]


def price_in(low: int, high: int, rng: Random) -> Decimal:
    whole = round(low * (high / low) ** rng.random())
    return Decimal(whole) - rng.choice((Decimal("0.05"), Decimal("0.10"), Decimal(0)))


def listed_at(sku: str, rng: Random) -> datetime:
    """When the product came into the shop: seven in ten before the first order."""
    if sku in SETTLED:
        return OPENED + timedelta(minutes=int(sku[-4:]))
    start, end = FIRST_ORDER, REFERENCE - timedelta(days=2)
    if rng.random() < 0.7:
        start, end = OPENED, FIRST_ORDER
    # To the millisecond, which is what MongoDB keeps.
    span = (end - start) // timedelta(milliseconds=1)
    return start + timedelta(milliseconds=rng.randrange(span))


def images(sku: str, name: str, rng: Random) -> list[Document]:
    views = ("front", "side", "detail", "in use")[: rng.randint(1, 4)]
    width, height = rng.choice(((1600, 1600), (1600, 1200), (1200, 1600)))
    return [
        {
            "url": f"https://images.example.com/{sku.lower()}/{number}.jpg",
            "alt": f"{name}, {view}",
            "width": width,
            "height": height,
        }
        for number, view in enumerate(views, start=1)
    ]


def attributes(leaf: dict[str, Any], color: str, material: str, rng: Random) -> Document:
    low, high = leaf["weight"]
    width, height, depth = (round(side * rng.uniform(0.8, 1.2)) for side in leaf["size"])
    return {
        "color": color,
        "material": material,
        "weight_grams": round(low + (high - low) * rng.random() ** 1.5),
        "dimensions": {"width_mm": width, "height_mm": height, "depth_mm": depth},
        "warranty_months": rng.choice((None, 24, 24, 24, 36, 60)),
    }


def product(
    root: dict[str, Any],
    leaf: dict[str, Any],
    above: ObjectId,
    category_id: ObjectId,
    number: int,
    lists: dict[str, Any],
    rng: Random,
) -> Product:
    sku = f"{leaf['prefix']}-{number:04}"
    kind = leaf["kinds"][0] if sku in SETTLED else rng.choice(leaf["kinds"])
    color, material = rng.choice(lists["colors"]), rng.choice(leaf["materials"])
    name = f"{rng.choice(lists['models'])} {kind}, {rng.choice(leaf['variants'])}, {color}"
    intro = in_sentence(rng.choice(leaf["intros"]), kind)
    features = rng.sample(leaf["features"], rng.randint(0, 2))
    made_of = f"Made of {material} in {color}."
    price = price_in(leaf["price"][0], leaf["price"][1], rng)
    status = rng.choices(("ACTIVE", "DISCONTINUED", "DRAFT"), (90, 7, 3))[0]
    if sku in SETTLED:
        status = "ACTIVE"
    created_at = listed_at(sku, rng)
    tags = {leaf["slug"], material.split()[-1], color.split()[-1]}
    tags.update(rng.sample(("bestseller", "gift idea", "new", "sale", "sustainable"), 1))
    document = {
        "_id": object_id(f"product {sku}", created_at),
        "sku": sku,
        "name": name,
        "description": " ".join((intro, *features, made_of)),
        "brand": rng.choice(root["brands"]),
        "category_id": category_id,
        "category_ids": [above, category_id],
        "category_path": [root["slug"], leaf["slug"]],
        "status": status,
        "price": Decimal128(price.quantize(Decimal("0.01"))),
        "currency": "EUR",
        "cost": Decimal128((price * Decimal(rng.randint(42, 68)) / 100).quantize(Decimal("0.01"))),
        "attributes": attributes(leaf, color, material, rng),
        "images": images(sku, name, rng),
        "tags": sorted(tags),
        "created_at": created_at,
    }
    return Product(document["_id"], sku, name, status, price, created_at, leaf, document)


@cache
def catalog() -> Catalog:
    rng = chance("catalog")
    lists = words("catalog")
    roots = lists["roots"]
    leaves = sum(len(root["leaves"]) for root in roots)
    result = Catalog([], [])
    seen = 0
    for position, root in enumerate(roots):
        parent = category(root, None, position)
        result.categories.append(parent)
        for place, leaf in enumerate(root["leaves"]):
            child = category(leaf, parent["_id"], place)
            result.categories.append(child)
            count = PRODUCTS * (seen + 1) // leaves - PRODUCTS * seen // leaves
            seen += 1
            result.products.extend(
                product(root, leaf, parent["_id"], child["_id"], number, lists, rng)
                for number in range(1, count + 1)
            )
    return result
