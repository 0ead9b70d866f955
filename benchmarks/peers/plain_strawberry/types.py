"""The shop's types. Each selects the same columns whatever is asked for, as apps without look-ahead
do."""

from __future__ import annotations

import base64
import enum
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import orjson
import strawberry
from strawberry.types import Info

from benchmarks.peers.sources import Row

if TYPE_CHECKING:
    from benchmarks.peers.plain_strawberry.loaders import Loaders

CUSTOMER = "id, email, name, phone, currency, created_at"
ORDER = "id, number, status, placed_at, currency, total, partner_id, customer_id"
LINE = "order_id, line_no, sku, product_name, quantity, unit_price"
PRODUCT = (
    *("sku", "name", "description", "brand", "status", "price", "currency", "created_at"),
    "category_id",
)
CATEGORY = ("slug", "name", "description")
REVIEW = ("rating", "title", "body", "created_at", "product_id", "customer_id")


def _loaders(info: Info[Any, Any]) -> Loaders:
    loaders: Loaders = info.context["loaders"]
    return loaders


@strawberry.enum
class OrderStatus(enum.Enum):
    PENDING = "PENDING"
    PAID = "PAID"
    SHIPPED = "SHIPPED"
    DELIVERED = "DELIVERED"
    CANCELLED = "CANCELLED"
    RETURNED = "RETURNED"


@strawberry.type
class PageInfo:
    has_next_page: bool
    end_cursor: str | None


@strawberry.type
class Customer:
    id: strawberry.Private[int]
    email: str
    name: str
    phone: str | None
    currency: str
    created_at: datetime

    @classmethod
    def of(cls, row: Row) -> Customer:
        return cls(
            id=row["id"],
            email=row["email"],
            name=row["name"],
            phone=row["phone"],
            currency=row["currency"],
            created_at=row["created_at"],
        )

    @strawberry.field
    async def orders(self, info: Info[Any, Any], first: int = 20) -> OrderConnection:
        loaders = _loaders(info)

        async def count() -> int:
            statement = "select count(*) as n from orders where customer_id = $1"
            return int((await loaders.sources.rows(statement, self.id))[0]["n"])

        orders = await loaders.orders_of(first + 1).load(self.id)
        return OrderConnection.of(orders, first, count)


@strawberry.type
class Order:
    id: strawberry.Private[int]
    customer_id: strawberry.Private[int]
    number: str
    status: OrderStatus
    placed_at: datetime
    currency: str
    total: Decimal
    partner_id: str | None

    @classmethod
    def of(cls, row: Row) -> Order:
        return cls(
            id=row["id"],
            customer_id=row["customer_id"],
            number=row["number"],
            status=OrderStatus(row["status"]),
            placed_at=row["placed_at"],
            currency=row["currency"],
            total=row["total"],
            partner_id=row["partner_id"],
        )

    @strawberry.field
    async def customer(self, info: Info[Any, Any]) -> Customer | None:
        return await _loaders(info).customers.load(self.customer_id)

    @strawberry.field
    async def lines(self, info: Info[Any, Any]) -> list[OrderLine]:
        return await _loaders(info).lines.load(self.id)

    @strawberry.field
    async def shipment(self, info: Info[Any, Any]) -> Shipment | None:
        return await _loaders(info).shipments.load(self.id)


@strawberry.type
class OrderConnection:
    nodes: list[Order]
    page_info: PageInfo
    count: strawberry.Private[Callable[[], Awaitable[int]]]

    @classmethod
    def of(
        cls, orders: Sequence[Order], first: int, count: Callable[[], Awaitable[int]]
    ) -> OrderConnection:
        """The page of the first of these, which are one more than it has if there are more."""
        nodes = list(orders[:first])
        cursor = None
        if nodes:
            last = nodes[-1]
            place = orjson.dumps([last.placed_at, str(last.total), last.id])
            cursor = base64.urlsafe_b64encode(place).decode()
        page_info = PageInfo(has_next_page=len(orders) > first, end_cursor=cursor)
        return cls(nodes=nodes, page_info=page_info, count=count)

    @strawberry.field
    async def total_count(self) -> int:
        return await self.count()


@strawberry.type
class OrderLine:
    line_no: int
    sku: str
    product_name: str
    quantity: int
    unit_price: Decimal

    @classmethod
    def of(cls, row: Row) -> OrderLine:
        return cls(
            line_no=row["line_no"],
            sku=row["sku"],
            product_name=row["product_name"],
            quantity=row["quantity"],
            unit_price=row["unit_price"],
        )

    @strawberry.field
    async def product(self, info: Info[Any, Any]) -> Product | None:
        return await _loaders(info).products.load(self.sku)


@strawberry.type
class Category:
    slug: str
    name: str
    description: str

    @classmethod
    def of(cls, row: Row) -> Category:
        return cls(slug=row["slug"], name=row["name"], description=row["description"])


@strawberry.type
class Product:
    id: strawberry.Private[Any]
    category_id: strawberry.Private[Any]
    sku: str
    name: str
    description: str
    brand: str
    status: str
    price: Decimal
    currency: str
    created_at: datetime

    @classmethod
    def of(cls, row: Row) -> Product:
        return cls(
            id=row["_id"],
            category_id=row["category_id"],
            sku=row["sku"],
            name=row["name"],
            description=row["description"],
            brand=row["brand"],
            status=row["status"],
            price=row["price"].to_decimal(),
            currency=row["currency"],
            created_at=row["created_at"],
        )

    @strawberry.field
    async def category(self, info: Info[Any, Any]) -> Category | None:
        return await _loaders(info).categories.load(self.category_id)

    @strawberry.field
    async def stock(self, info: Info[Any, Any]) -> Stock | None:
        return await _loaders(info).stock.load(self.sku)

    @strawberry.field
    async def reviews(self, info: Info[Any, Any], first: int = 20) -> ReviewConnection:
        return ReviewConnection(nodes=await _loaders(info).reviews_of(first).load(self.id))


@strawberry.type
class Review:
    customer_id: strawberry.Private[int]
    rating: int
    title: str
    body: str
    created_at: datetime

    @classmethod
    def of(cls, row: Row) -> Review:
        return cls(
            customer_id=row["customer_id"],
            rating=row["rating"],
            title=row["title"],
            body=row["body"],
            created_at=row["created_at"],
        )

    @strawberry.field
    async def author(self, info: Info[Any, Any]) -> Customer | None:
        return await _loaders(info).customers.load(self.customer_id)


@strawberry.type
class ReviewConnection:
    nodes: list[Review]


@strawberry.type
class Stock:
    sku: str
    available: int
    reserved: int
    incoming: int
    warehouse: str

    @classmethod
    def of(cls, row: Row) -> Stock:
        return cls(
            sku=row["sku"],
            available=row["available"],
            reserved=row["reserved"],
            incoming=row["incoming"],
            warehouse=row["warehouse"],
        )


@strawberry.type
class Shipment:
    tracking_number: str
    status: str
    tracking_url: str

    @classmethod
    def of(cls, row: Row) -> Shipment:
        return cls(
            tracking_number=row["tracking_number"],
            status=row["status"],
            tracking_url=row["tracking_url"],
        )
