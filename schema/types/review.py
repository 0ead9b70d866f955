"""What customers say about products."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import TYPE_CHECKING

import strawberry

from loaders.mongo import MongoCollection
from resolvers.fields import Node, column
from resolvers.relations import one
from resolvers.shop.reviews import visible_reviews

if TYPE_CHECKING:
    from schema.types.customer import Customer
    from schema.types.product import Product

reviews_collection = MongoCollection(source="catalog", name="reviews", row_filter=visible_reviews)


@strawberry.enum(description="Whether a review is shown in the shop.")
class ReviewStatus(enum.Enum):
    PENDING = strawberry.enum_value("PENDING", description="Waiting for someone to read it.")
    PUBLISHED = strawberry.enum_value("PUBLISHED", description="Shown to everyone.")
    REJECTED = strawberry.enum_value("REJECTED", description="Read, and not shown.")


@strawberry.type(description="What a customer says about a product.")
class Review(Node):
    resource = reviews_collection

    rating: int = column("From 1, poor, to 5, great.", filterable=True, sortable=True)
    title: str = column("The review in a few words.", filterable=True)
    body: str = column("The review itself.")
    status: ReviewStatus = column("Whether it is shown in the shop.", filterable=True)
    author_name: str = column(
        "The name that its author is shown by to everyone, such as Ada M.; their full name is "
        "`author`'s."
    )
    helpful_count: int = column("How many found it helpful.", filterable=True, sortable=True)
    created_at: datetime = column("When it was written.", filterable=True, sortable=True)

    product: Product | None = one("What it is about.", by="product_id", filterable=True)
    # Not filterable: by that, everyone could find out who wrote a review. `Customer.reviews` has a
    # customer's reviews, for those who see the customer.
    author: Customer | None = one(
        "Who wrote it; null for those who may not see the customer.", by="customer_id"
    )
