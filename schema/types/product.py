"""Products and the categories they are sold in."""

from __future__ import annotations

import enum
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import strawberry

from loaders.mongo import MongoCollection
from loaders.query import Function
from resolvers.connections import Connection, connection
from resolvers.costs import ListSize
from resolvers.fields import Node, column, computed
from resolvers.relations import aggregate, many, one
from resolvers.scalars import URL
from resolvers.shop.products import margin, visible_products
from schema.types.review import reviews_collection

if TYPE_CHECKING:
    from schema.types.review import Review
    from schema.types.stock import Stock

products_collection = MongoCollection(
    source="catalog", name="products", row_filter=visible_products
)
categories_collection = MongoCollection(source="catalog", name="categories")


@strawberry.enum(description="Whether a product is sold.")
class ProductStatus(enum.Enum):
    ACTIVE = strawberry.enum_value("ACTIVE", description="On sale.")
    DISCONTINUED = strawberry.enum_value("DISCONTINUED", description="No longer sold.")
    DRAFT = strawberry.enum_value(
        "DRAFT", description="Not on sale yet, and seen by those alone who prepare it."
    )


@strawberry.type(description="Outer measurements.")
class Dimensions:
    width_mm: int = strawberry.field(description="From left to right, in millimetres.")
    height_mm: int = strawberry.field(description="From bottom to top, in millimetres.")
    depth_mm: int = strawberry.field(description="From front to back, in millimetres.")


@strawberry.type(description="What a product is like.")
class ProductAttributes:
    color: str | None = strawberry.field(description="Its main colour.")
    material: str | None = strawberry.field(description="What it is mostly made of.")
    weight_grams: int | None = strawberry.field(description="What it weighs, in grams.")
    dimensions: Dimensions | None = strawberry.field(description="How large it is.")
    warranty_months: int | None = strawberry.field(
        description="How long it is under warranty, in months; null for none."
    )


@strawberry.type(description="A picture of a product.")
class ProductImage:
    url: URL = strawberry.field(description="Where the picture is.")
    alt: str = strawberry.field(description="What it shows, for those who can't see it.")
    width: int = strawberry.field(description="Its width, in pixels.")
    height: int = strawberry.field(description="Its height, in pixels.")


@strawberry.type(description="Something the shop sells.")
class Product(Node):
    resource = products_collection

    sku: str = column(
        "Its stock keeping unit, such as KET-0001. Unique.", filterable=True, sortable=True
    )
    name: str = column("What it is called.", filterable=True, sortable=True)
    description: str = column("What it is, in a few sentences.")
    brand: str = column("Who makes it.", filterable=True)
    status: ProductStatus = column("Whether it is sold.", filterable=True)
    price: Decimal = column("What it costs, in its currency.", filterable=True, sortable=True)
    currency: str = column(
        "The currency of its price, as ISO 4217 has it, such as EUR.", filterable=True
    )
    cost: Decimal | None = column(
        "What the shop pays for it. Not for customers.", requires_scopes=[["finance"]]
    )
    attributes: ProductAttributes = column("What it is like.")
    images: list[ProductImage] = column(
        "Pictures of it, the main one first.", directives=[ListSize(assumed_size=3)]
    )
    tags: list[str] = column("Words to find it by.", filterable=True)
    category_path: list[str] = column(
        "The slugs of its category and of all that this is part of, the topmost first. By `has`, a "
        "category's products are found with those of its children.",
        filterable=True,
    )
    created_at: datetime = column("When it came into the catalog.", filterable=True, sortable=True)

    category: Category | None = one("Where it is sold.", by="category_id", filterable=True)
    stock: Stock | None = one("How many there are; null if nobody counts them.", by="sku")
    reviews: Connection[Review] = connection(
        "What customers say about it, the newest first.", by="product_id", order_by="-created_at"
    )
    average_rating: float | None = aggregate(
        "The mean of its reviews' ratings, from 1 to 5; null without reviews.",
        of=reviews_collection,
        by="product_id",
        function=Function.AVG,
        column="rating",
    )
    review_count: int = aggregate(
        "How many reviews it has.", of=reviews_collection, by="product_id", function=Function.COUNT
    )
    margin: float | None = computed(
        "What the shop earns of its price, from 0 to 1. Not for customers.",
        margin,
        needs=("price", "cost"),
        requires_scopes=[["finance"]],
    )


@strawberry.type(description="A shelf of the shop. Categories form a tree.")
class Category(Node):
    resource = categories_collection

    slug: str = column("Its name in web addresses, such as kettles. Unique.", filterable=True)
    name: str = column("What it is called.", filterable=True, sortable=True)
    description: str = column("What is found there.")
    position: int = column("Its place among its siblings, from 1.", sortable=True)

    parent: Category | None = one(
        "The category it is part of; null at the top.", by="parent_id", filterable=True
    )
    children: list[Category] = many(
        "The categories it is divided into.",
        by="parent_id",
        order_by="position",
        directives=[ListSize(assumed_size=3)],
    )
    products: Connection[Product] = connection(
        "What is sold right here, not in its children.", by="category_id", order_by="name"
    )
    all_products: Connection[Product] = connection(
        "What is sold here and in its children.", by="category_ids", order_by="name"
    )
