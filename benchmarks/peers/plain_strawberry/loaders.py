"""One request's dataloaders. They give what resolvers return: objects of the schema's types."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from aiodataloader import DataLoader

from benchmarks.peers.plain_strawberry import types
from benchmarks.peers.sources import Row, Sources

T = TypeVar("T")


class Loaders:
    def __init__(self, sources: Sources) -> None:
        self.sources = sources
        self.customers = DataLoader[int, "types.Customer | None"](self._customers)
        self.lines = DataLoader[int, "list[types.OrderLine]"](self._lines)
        self.products = DataLoader[str, "types.Product | None"](self._products)
        self.categories = DataLoader[Any, "types.Category | None"](self._categories)
        self.stock = DataLoader[str, "types.Stock | None"](self._stock, max_batch_size=250)
        self.shipments = DataLoader[int, "types.Shipment | None"](self._shipments)
        self._orders_of: dict[int, DataLoader[int, list[types.Order]]] = {}
        self._reviews_of: dict[int, DataLoader[Any, list[types.Review]]] = {}

    def orders_of(self, first: int) -> DataLoader[int, list[types.Order]]:
        """The newest orders of each customer, so many of them."""

        async def load(customers: list[int]) -> list[list[types.Order]]:
            rows = await self.sources.rows(
                f"select o.* from unnest($1::bigint[]) as c (id) cross join lateral ("
                f"select {types.ORDER} from orders where customer_id = c.id "
                f"order by placed_at desc, orders.id desc limit $2) as o",
                customers,
                first,
            )
            return _many(customers, rows, "customer_id", types.Order.of)

        return self._orders_of.setdefault(first, DataLoader(load))

    def reviews_of(self, first: int) -> DataLoader[Any, list[types.Review]]:
        """The newest reviews of each product, so many of them."""

        async def load(products: list[Any]) -> list[list[types.Review]]:
            rows = await self.sources.newest_reviews(products, types.REVIEW, first)
            return _many(products, rows, "product_id", types.Review.of)

        return self._reviews_of.setdefault(first, DataLoader(load))

    async def _customers(self, ids: list[int]) -> list[types.Customer | None]:
        statement = f"select {types.CUSTOMER} from customers where id = any($1::bigint[])"
        rows = await self.sources.rows(statement, ids)
        return _one(ids, rows, "id", types.Customer.of)

    async def _lines(self, orders: list[int]) -> list[list[types.OrderLine]]:
        rows = await self.sources.rows(
            f"select {types.LINE} from order_lines where order_id = any($1::bigint[]) "
            f"order by line_no",
            orders,
        )
        return _many(orders, rows, "order_id", types.OrderLine.of)

    async def _products(self, skus: list[str]) -> list[types.Product | None]:
        rows = await self.sources.documents("products", {"sku": {"$in": skus}}, types.PRODUCT)
        return _one(skus, rows, "sku", types.Product.of)

    async def _categories(self, ids: list[Any]) -> list[types.Category | None]:
        rows = await self.sources.documents("categories", {"_id": {"$in": ids}}, types.CATEGORY)
        return _one(ids, rows, "_id", types.Category.of)

    async def _stock(self, skus: list[str]) -> list[types.Stock | None]:
        return _one(skus, await self.sources.stock(skus), "sku", types.Stock.of)

    async def _shipments(self, orders: list[int]) -> list[types.Shipment | None]:
        rows = await self.sources.shipments(orders)
        return [None if row is None else types.Shipment.of(row) for row in rows]


def _one(
    keys: Sequence[Any], rows: Iterable[Row], column: str, made: Callable[[Row], T]
) -> list[T | None]:
    by_key = {row[column]: made(row) for row in rows}
    return [by_key.get(key) for key in keys]


def _many(
    keys: Sequence[Any], rows: Iterable[Row], column: str, made: Callable[[Row], T]
) -> list[list[T]]:
    by_key: dict[Any, list[T]] = {key: [] for key in keys}
    for row in rows:
        by_key[row[column]].append(made(row))
    return [by_key[key] for key in keys]
