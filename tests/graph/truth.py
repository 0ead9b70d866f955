"""What the sources hold, asked of them directly: what answers are compared with."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import aiohttp
import asyncpg
from bson.decimal128 import Decimal128
from pymongo.database import Database

Row = Mapping[str, Any]
Document = dict[str, Any]


@dataclass(frozen=True)
class Truth:
    """The sources, each through its own driver, none of it the gateway's code."""

    shop: asyncpg.Connection[asyncpg.Record]
    catalog: Database[Document]
    session: aiohttp.ClientSession
    inventory: str
    shipping: str

    async def rows(self, statement: str, *parameters: Any) -> list[Row]:
        return [dict(row) for row in await self.shop.fetch(statement, *parameters)]

    async def row(self, statement: str, *parameters: Any) -> Row:
        (row,) = await self.rows(statement, *parameters)
        return row

    async def orders_of(self) -> dict[int, int]:
        """How many orders each customer placed who placed any."""
        rows = await self.rows("select customer_id, count(*) as n from orders group by 1")
        return {row["customer_id"]: row["n"] for row in rows}

    def documents(
        self,
        collection: str,
        where: Mapping[str, Any] | None = None,
        sort: Sequence[tuple[str, int]] = (),
        limit: int = 0,
    ) -> list[Document]:
        cursor = self.catalog[collection].find(where or {}, limit=limit)
        return list(cursor.sort(list(sort)) if sort else cursor)

    def by_id(self, collection: str) -> dict[Any, Document]:
        return {document["_id"]: document for document in self.catalog[collection].find()}

    async def stock(self, skus: Iterable[str]) -> dict[str, Row]:
        """The inventory's records, by SKU; those it does not have are left out."""
        return {row["sku"]: row for row in await self._by_sku("stock", skus)}

    async def reservations(self, skus: Iterable[str]) -> dict[str, list[Row]]:
        """The reservations of each SKU, the oldest first."""
        grouped: dict[str, list[Row]] = {}
        rows = await self._by_sku("reservations", skus)
        for row in sorted(rows, key=lambda row: (row["created_at"], row["id"])):
            grouped.setdefault(row["sku"], []).append(row)
        return grouped

    async def shipment(self, order_id: int) -> Row | None:
        """The shipping service's record of the order's parcel, None where it has none."""
        async with self.session.get(f"{self.shipping}/shipments/{order_id}") as response:
            return None if response.status == 404 else dict(await response.json())

    async def carriers(self) -> list[Row]:
        async with self.session.get(f"{self.shipping}/carriers") as response:
            return list((await response.json())["items"])

    async def _by_sku(self, what: str, skus: Iterable[str]) -> list[Row]:
        found: list[Row] = []
        wanted = list(dict.fromkeys(skus))
        for start in range(0, len(wanted), 50):
            parameters = [("sku", sku) for sku in wanted[start : start + 50]]
            async with self.session.get(f"{self.inventory}/{what}", params=parameters) as response:
                found += (await response.json())["items"]
        return found


def gid(type_name: str, key: object) -> str:
    """The global id, put together as Relay's reference implementation does it."""
    return b64encode(f"{type_name}:{key}".encode()).decode()


def shown(value: Any) -> Any:
    """A source's value as the gateway's JSON has it."""
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, Decimal128):
        value = value.to_decimal()
    return str(value) if isinstance(value, Decimal) else value


def moment(text: str | None) -> str | None:
    """A REST service's time as the gateway's JSON has it."""
    return None if text is None else shown(datetime.fromisoformat(text))


def sorted_by(rows: Iterable[Row], *parts: tuple[str, bool], key: str = "id") -> list[Row]:
    """The rows by these columns, each with whether it descends, and by the key as a last one, in
    the direction of the last part. Missing values are the lowest."""
    last = parts[-1][1] if parts else False
    result = list(rows)
    # Python's sort is stable, so that the last column is sorted by first.
    for column, descending in reversed((*parts, (key, last))):
        result.sort(key=_place(column), reverse=descending)
    return result


def _place(column: str) -> Callable[[Row], tuple[bool, Any]]:
    def place(row: Row) -> tuple[bool, Any]:
        value = row[column]
        value = value.to_decimal() if isinstance(value, Decimal128) else value
        return (value is not None, value)

    return place
