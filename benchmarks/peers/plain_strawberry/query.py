"""What can be asked, with filters and orders as an app writes them by hand."""

from __future__ import annotations

import enum
from datetime import datetime
from decimal import Decimal
from typing import Any

import strawberry
from strawberry.types import Info

from benchmarks.peers.plain_strawberry.types import (
    CUSTOMER,
    ORDER,
    PRODUCT,
    Customer,
    Order,
    OrderConnection,
    OrderStatus,
    Product,
)


@strawberry.enum
class OrderSortField(enum.Enum):
    PLACED_AT = "placed_at"
    TOTAL = "total"


@strawberry.enum
class SortDirection(enum.Enum):
    ASC = "asc"
    DESC = "desc"


@strawberry.input
class OrderSort:
    field: OrderSortField
    direction: SortDirection = SortDirection.ASC


@strawberry.input
class OrderStatusFilter:
    in_: list[OrderStatus] | None = strawberry.field(name="in", default=None)


@strawberry.input
class DateTimeFilter:
    gte: datetime | None = None
    lt: datetime | None = None


@strawberry.input
class DecimalFilter:
    gte: Decimal | None = None


@strawberry.input
class OrderFilter:
    status: OrderStatusFilter | None = None
    placed_at: DateTimeFilter | None = None
    total: DecimalFilter | None = None

    def condition(self) -> tuple[str, list[Any]]:
        """SQL's, and its parameters."""
        wanted = self.status.in_ if self.status else None
        statuses = None if wanted is None else [each.value for each in wanted]
        given: tuple[tuple[str, Any], ...] = (
            ("status = any({}::order_status[])", statuses),
            ("placed_at >= {}", self.placed_at.gte if self.placed_at else None),
            ("placed_at < {}", self.placed_at.lt if self.placed_at else None),
            ("total >= {}", self.total.gte if self.total else None),
        )
        parts: list[str] = []
        parameters: list[Any] = []
        for text, value in given:
            if value is not None:
                parameters.append(value)
                parts.append(text.format(f"${len(parameters)}"))
        return ("where " + " and ".join(parts) if parts else ""), parameters


@strawberry.type
class Query:
    @strawberry.field
    async def customer(self, info: Info[Any, Any], email: str) -> Customer | None:
        statement = f"select {CUSTOMER} from customers where email = $1"
        rows = await info.context["loaders"].sources.rows(statement, email)
        return Customer.of(rows[0]) if rows else None

    @strawberry.field
    async def product(self, info: Info[Any, Any], sku: str) -> Product | None:
        sources = info.context["loaders"].sources
        rows = await sources.documents("products", {"sku": sku}, PRODUCT)
        return Product.of(rows[0]) if rows else None

    @strawberry.field
    async def orders(
        self,
        info: Info[Any, Any],
        first: int = 20,
        where: OrderFilter | None = None,
        order_by: list[OrderSort] | None = None,
    ) -> OrderConnection | None:
        sources = info.context["loaders"].sources
        condition, parameters = where.condition() if where else ("", [])
        sorts = order_by or [
            OrderSort(field=OrderSortField.PLACED_AT, direction=SortDirection.DESC)
        ]
        columns = [f"{sort.field.value} {sort.direction.value}" for sort in sorts]
        columns.append(f"id {sorts[-1].direction.value}")
        rows = await sources.rows(
            f"select {ORDER} from orders {condition} order by {', '.join(columns)} "
            f"limit ${len(parameters) + 1}",
            *parameters,
            first + 1,
        )

        async def count() -> int:
            statement = f"select count(*) as n from orders {condition}"
            return int((await sources.rows(statement, *parameters))[0]["n"])

        return OrderConnection.of([Order.of(row) for row in rows], first, count)
