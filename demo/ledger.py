"""What the inventory service keeps: stock levels, and the reservations that lower them.

It is a file of SQLite, and each change is in it before it is answered, so that a process which is
killed has lost nothing that it has told anybody.
"""

import sqlite3
import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from demo.data.stock import reservations, stock
from demo.service import now

HELD_FOR = timedelta(hours=2)

TABLES = """
create table stock (
    sku text primary key,
    available integer not null check (available >= 0),
    reserved integer not null check (reserved >= 0),
    incoming integer not null,
    warehouse text not null,
    updated_at text not null
) without rowid;
create table reservations (
    id text primary key,
    key text unique,
    sku text not null references stock (sku),
    quantity integer not null check (quantity > 0),
    order_number text,
    status text not null check (status in ('HELD', 'CONFIRMED', 'RELEASED')),
    created_at text not null,
    expires_at text not null
);
create index of_sku on reservations (sku, created_at, id);
"""

COLUMNS = "id, sku, quantity, order_number, status, created_at, expires_at"

Record = dict[str, Any]


class Reused(Exception):
    """An id or a key was given for something else than the first time."""


class Released(Exception):
    """The reservation was released, and can't be had again."""


class Insufficient(Exception):
    """There is less than what is wanted."""

    def __init__(self, available: int) -> None:
        super().__init__(available)
        self.available = available


class Ledger:
    """A ledger in the file; without one it is gone with the process. No method awaits, and each is
    one transaction."""

    def __init__(self, file: Path | None = None) -> None:
        self._database = sqlite3.connect(file or ":memory:", isolation_level=None)
        self._database.row_factory = sqlite3.Row
        self._database.execute("pragma journal_mode = wal")
        with self._database:
            self._database.execute("begin immediate")
            if not self._all("select 1 from sqlite_master"):
                self._begin()

    def close(self) -> None:
        self._database.close()

    def stock(self, skus: Iterable[str]) -> list[Record]:
        """The stock of those that are kept, each once, in the order of the SKUs."""
        wanted = list(dict.fromkeys(skus))
        rows = self._all(f"select * from stock where sku in ({_marks(wanted)})", wanted)
        found = {row["sku"]: row for row in rows}
        return [found[sku] for sku in wanted if sku in found]

    def reservations(self, skus: Iterable[str]) -> list[Record]:
        """What is held or confirmed of these, the oldest first."""
        wanted = list(dict.fromkeys(skus))
        marks = ", ".join("?" * len(wanted))
        return self._all(
            f"select {COLUMNS} from reservations where sku in ({marks})"
            " and status <> 'RELEASED' order by created_at, id",
            wanted,
        )

    def reservation(self, id: str) -> Record | None:
        """The reservation, whatever has become of it."""
        (row, *_) = [*self._all(f"select {COLUMNS} from reservations where id = ?", [id]), None]
        return row

    def reserve(
        self, sku: str, quantity: int, *, id: str | None, key: str | None, order_number: str | None
    ) -> Record:
        """Hold a quantity back, once for each id and each key: asked again, it is the same one.

        Raises Reused where it was for something else, Released where it is no more, and
        Insufficient where there is less.
        """
        with self._database:
            self._database.execute("begin immediate")
            for column, value in (("id", id), ("key", key)):
                if value is None:
                    continue
                for earlier in self._all(f"select * from reservations where {column} = ?", [value]):
                    return self._same(earlier, sku, quantity, order_number)
            lowered = self._move(sku, quantity)
            if not lowered:
                available = self._all("select available from stock where sku = ?", [sku])
                raise Insufficient(available[0]["available"] if available else 0)
            at = now()
            made = id or f"res_{uuid.uuid4().hex[:16]}"
            self._database.execute(
                "insert into reservations values (?, ?, ?, ?, ?, 'HELD', ?, ?)",
                (made, key, sku, quantity, order_number, text(at), text(at + HELD_FOR)),
            )
            return self._known(made)

    def confirm(self, id: str) -> Record | None:
        """Keep it for its order, for as long as that takes; None where there is none. Raises
        Released where it is no more."""
        with self._database:
            self._database.execute("begin immediate")
            row = self.reservation(id)
            if row is None:
                return None
            if row["status"] == "RELEASED":
                raise Released
            self._database.execute(
                "update reservations set status = 'CONFIRMED' where id = ?", [id]
            )
            return self._known(id)

    def release(self, id: str) -> bool:
        """Let it go, whatever it was; whether there was one. Raises Released if it was before."""
        with self._database:
            self._database.execute("begin immediate")
            row = self.reservation(id)
            if row is None:
                return False
            if row["status"] == "RELEASED":
                raise Released
            self._become("RELEASED", id)
            self._move(row["sku"], -row["quantity"])
            return True

    def _become(self, status: str, id: str) -> None:
        self._database.execute("update reservations set status = ? where id = ?", (status, id))

    def _same(self, earlier: Record, sku: str, quantity: int, order_number: str | None) -> Record:
        if (earlier["sku"], earlier["quantity"], earlier["order_number"]) != (
            sku,
            quantity,
            order_number,
        ):
            raise Reused
        if earlier["status"] == "RELEASED":
            raise Released
        return self._known(earlier["id"])

    def _known(self, id: str) -> Record:
        found = self.reservation(id)
        assert found is not None
        return found

    def _move(self, sku: str, quantity: int) -> bool:
        """Whether there was as much."""
        moved = self._database.execute(
            "update stock set available = available - ?, reserved = reserved + ?, updated_at = ?"
            " where sku = ? and available >= ?",
            (quantity, quantity, text(now()), sku, quantity),
        )
        return moved.rowcount == 1

    def _all(self, statement: str, values: Sequence[object] = ()) -> list[Record]:
        return [dict(row) for row in self._database.execute(statement, values)]

    def _begin(self) -> None:
        """Fill it with what the service starts with."""
        for statement in TABLES.split(";"):
            self._database.execute(statement)
        kept = {record.sku: record for record in stock()}
        held = reservations(list(kept))
        for row in held:
            kept[row.sku].reserved += row.quantity
        self._database.executemany(
            "insert into stock values (?, ?, ?, ?, ?, ?)",
            [
                (s.sku, s.available, s.reserved, s.incoming, s.warehouse, text(s.updated_at))
                for s in kept.values()
            ],
        )
        self._database.executemany(
            "insert into reservations values (?, null, ?, ?, ?, ?, ?, ?)",
            [
                (
                    *(row.id, row.sku, row.quantity, row.order_number),
                    "CONFIRMED" if row.order_number else "HELD",
                    *(text(row.created_at), text(row.expires_at)),
                )
                for row in held
            ],
        )


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))


def text(at: datetime) -> str:
    """A time in UTC, with a Z, as the service writes it."""
    return at.isoformat().replace("+00:00", "Z")
