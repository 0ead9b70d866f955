"""The types of columns, as statements go by them: learnt from PostgreSQL's catalogue before a table
is first asked, kept, and learnt again when a statement fails because of a type."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from math import isfinite
from operator import itemgetter
from time import monotonic
from typing import NamedTuple
from uuid import UUID

from loaders import domains
from loaders.asks import Key
from loaders.descriptions import TYPES, Family
from loaders.domains import NOWHERE, Domain, Place
from loaders.errors import UnfitKey
from loaders.keys import MOST_DIGITS, Padded, cast, compares
from loaders.places import LARGEST_NUMERIC
from loaders.resource import Row
from loaders.sql.catalog import family_of
from loaders.time_zones import ZoneOffset

Run = Callable[..., Awaitable[Sequence[Row]]]
"""Runs a statement with its parameters, and returns its rows."""

STATEMENT = """
with recursive peeled (attnum, collated, oid, sent) as (
  select attnum, attcollation, atttypid, null::oid from pg_attribute
  where attrelid = to_regclass($1) and attnum > 0 and not attisdropped
  union all
  -- Domains and arrays, down to the type of which they are. An array is sent as the first that is
  -- no domain.
  select p.attnum, p.collated,
    case when t.typtype = 'd' then t.typbasetype else t.typelem end,
    case when t.typtype = 'd' then p.sent else coalesce(p.sent, p.oid) end
  from peeled p join pg_type t on t.oid = p.oid
  where t.typtype = 'd' or (t.typcategory = 'A' and t.typelem <> 0)
)
select a.attname as name,
  -- Without a length, which would cut what is sent.
  format_type(coalesce(p.sent, p.oid), -1) as type,
  p.sent is not null as is_list,
  p.sent is null and t.typtype = 'e' and a.atttypid <> t.oid as is_of_enum,
  t.typname as base,
  t.typtype::text as class,
  t.typnamespace = 'pg_catalog'::regnamespace or t.typname = 'citext' as builtin,
  t.typname not in ('citext', 'bpchar') and not exists (
    select from pg_collation l where l.oid = p.collated and not l.collisdeterministic
  ) as exact,
  not a.attnotnull as nullable,
  array(select e.enumlabel::text from pg_enum e where e.enumtypid = t.oid) as labels
from peeled p
join pg_attribute a on a.attrelid = to_regclass($1) and a.attnum = p.attnum
join pg_type t on t.oid = p.oid
where not (t.typtype = 'd' or (t.typcategory = 'A' and t.typelem <> 0))
"""

TEXTS = ("text", "varchar", "bpchar", "name", "citext")

DOMAINS: Mapping[str, Domain] = {
    "int2": domains.integers(-(1 << 15), (1 << 15) - 1),
    "int4": domains.integers(-(1 << 31), (1 << 31) - 1),
    "int8": domains.integers(-(1 << 63), (1 << 63) - 1),
    "oid": domains.integers(0, (1 << 32) - 1),
    "numeric": domains.decimals,
    "float4": domains.reals,
    "float8": domains.doubles,
    "timestamptz": domains.microseconds,
    "timestamp": domains.local_microseconds,
    "date": domains.days,
    "time": domains.clocks,
    "interval": domains.intervals,
    **dict.fromkeys(TEXTS, domains.texts),
    "name": domains.names,
}
"""What columns of each type can hold, by ``pg_type.typname``; of an enum, its labels."""

USUAL: Mapping[str, type] = {
    **dict.fromkeys(("int2", "int4", "int8", "oid"), int),
    "numeric": Decimal,
    "float8": float,
    "bool": bool,
    "date": date,
    "time": time,
    "uuid": UUID,
    "bytea": bytes,
    **dict.fromkeys(TEXTS, str),
}
"""The type of the keys that are sent as they are, without a look at each: PostgreSQL refuses those
that a column of the type can't hold, and takes none of them for another."""

FRESH, OLD = 1.0, 60.0
"""Seconds after which what was learnt is asked again: by who doubts it, and by anyone."""


@dataclass(frozen=True, slots=True)
class ColumnType:
    """A column's type. ``name`` is as PostgreSQL writes it, without a length. ``base`` and
    ``family`` are those of its values, or of their items where ``is_list``; the family is None
    where it can't be told what the driver makes of them. ``is_exact`` says whether equal values are
    the same value. ``labels`` are all values of an enum; the column is a domain over it where it
    ``is_of_enum``. ``nullable`` says that nothing keeps the column from nulls, as in a view nothing
    does."""

    name: str
    base: str
    family: Family | None
    is_list: bool = False
    is_exact: bool = True
    labels: frozenset[str] = frozenset()
    nullable: bool = False
    is_of_enum: bool = False

    @property
    def array(self) -> str:
        """The type of an array of such values, or items."""
        return self.name if self.is_list else f"{self.name}[]"

    @property
    def type(self) -> type | None:
        """The Python type of the values, or items, where it can be told."""
        return None if self.family is None else TYPES.get(self.family)

    def place(self, value: object) -> Place:
        """Where a key stands among the values of this type: only at an exact place is one that it
        equals. Raises ValueError unless it has one reading as a value of the type."""
        if self.type is None:
            return Place(value.text if isinstance(value, Padded) else value, True)
        if self.type is int and isinstance(value, float | Decimal) and _is_beyond(value):
            return NOWHERE
        read = value if compares(self.type, value) else cast(self.type, value)
        match read:
            case datetime():
                is_local = read.tzinfo is None or isinstance(read.tzinfo, ZoneOffset)
                if is_local if self.family is Family.DATETIME else not is_local:
                    raise ValueError("a time with a zone is none without")
            case time() if read.tzinfo is not None:
                raise ValueError("a time with a zone is none without")
            case Decimal() if read.is_finite() and abs(read.adjusted()) >= LARGEST_NUMERIC:
                return NOWHERE
        domain = _domain(self)
        place = None if domain is None else domain(read)
        return Place(read, True) if place is None else place


UNKNOWN = ColumnType("text", "text", None)
"""That of a column which the catalogue does not have: a statement over it is refused anyway."""


class By(NamedTuple):
    """What columns that rows are asked by are like: whether rows tell by their values whose they
    are (``is_exact``), and for each, whether its values are lists, and which keys are ``usual``."""

    is_exact: bool
    lists: tuple[bool, ...]
    has_lists: bool
    usual: tuple[type, ...]

    def takes(self, keys: Sequence[Key]) -> bool:
        """Whether the keys are all usual, and sent as they are."""
        for place, type_ in enumerate(self.usual):
            if set(map(type, map(itemgetter(place), keys))) != {type_}:
                return False
        return True


class Columns:
    """The columns of one table. Two of them are the same only if they are one object, by which
    statements are found again. ``of`` has those of other tables, by their identifiers."""

    def __init__(
        self, types: Mapping[str, ColumnType], of: Callable[[str], Columns | None] | None = None
    ) -> None:
        self.types = types
        self._of = of
        self.learnt = monotonic()
        self._by: dict[tuple[str, ...], By] = {}
        self._domains = {name: _domain(type_) for name, type_ in types.items()}

    def __getitem__(self, column: str) -> ColumnType:
        return self.types.get(column, UNKNOWN)

    def joined(self, table: str) -> Columns:
        """Those of a table that is joined, as far as they are known."""
        found = None if self._of is None else self._of(table)
        return found or Columns({})

    def by(self, names: tuple[str, ...]) -> By:
        """What these columns are like."""
        known = self._by.get(names)
        if known is None:
            types = [self[name] for name in names]
            lists = tuple(type_.is_list for type_ in types)
            exact = all(type_.is_exact for type_ in types)
            usual = tuple(map(_usual, types))
            known = self._by[names] = By(exact, lists, any(lists), usual)
        return known

    def read(self, source: str, by: tuple[str, ...], key: Key) -> Key | UnfitKey | None:
        """The key in the terms of the columns, which is what statements compare; None if nothing
        there equals it, its error unless there is one reading."""
        read: list[Hashable] = []
        for name, value in zip(by, key, strict=True):
            type_ = self[name]
            try:
                place = type_.place(value)
            except ValueError:
                return UnfitKey(source, name, value, type_.name)
            if not place.is_exact:
                return None
            read.append(place.value)
        return tuple(read)

    def domain(self, column: str) -> Domain | None:
        """What the column, or each item of its lists, can hold, if that is known."""
        return self._domains.get(column)

    def key(self, column: str, key: object) -> object:
        """The key as one that the column can hold; None if it can hold none that is the same."""
        try:
            place = self[column].place(key)
        except ValueError:
            return None
        return place.value if place.is_exact else None

    def may_have_changed(self, *, is_doubted: bool) -> bool:
        """Whether they are to be learnt again. They are doubted where something is to be compared
        that they may not hold: what a column lacks, it may have since a migration."""
        return monotonic() - self.learnt > (FRESH if is_doubted else OLD)


class ColumnsOfTables:
    """What is known of each table, by its quoted identifier. ``changed`` is called where one has
    other columns than it had."""

    def __init__(self, run: Run, changed: Callable[[], Awaitable[None]]) -> None:
        self._run = run
        self._changed = changed
        self._known: dict[str, Columns] = {}
        self._turns: dict[str, asyncio.Lock] = {}

    def get(self, table: str) -> Columns | None:
        """The columns, if they have been learnt."""
        return self._known.get(table)

    async def learn(self, table: str, but: Columns | None = None) -> Columns:
        """The columns, learnt now unless they are known; ``but`` are those that were known and may
        not be right any more. They are given back if they are. Raises what ``run`` does."""
        began = monotonic()
        # Whoever else needs them meanwhile waits, and does not ask again.
        async with self._turns.setdefault(table, asyncio.Lock()):
            known = self._known.get(table)
            if known is not None and (known is not but or known.learnt >= began):
                return known
            types = {row["name"]: _type(row) for row in await self._run(STATEMENT, table)}
            if known is not None and known.types == types:
                known.learnt = monotonic()
                return known
            if not types:
                # A table that is not there may be there the next time.
                self._known.pop(table, None)
                return Columns(types)
            if known is not None:
                await self._changed()
            columns = self._known[table] = Columns(types, self.get)
            return columns


def _is_beyond(number: float | Decimal) -> bool:
    """Whether it has more digits than any whole number that is a key."""
    is_finite = number.is_finite() if isinstance(number, Decimal) else isfinite(number)
    return is_finite and abs(number) >= 10**MOST_DIGITS


def _usual(type_: ColumnType) -> type:
    """The type of the keys that can be sent without a look at them; object, if none can."""
    if type_.family is Family.LABEL or type_.type is None:
        # What has no type here is sent as a text.
        return str
    return USUAL.get(type_.base, object)


def _domain(type_: ColumnType) -> Domain | None:
    if type_.family is Family.LABEL:
        return domains.labels(type_.labels)
    return None if type_.family is None else DOMAINS.get(type_.base)


def _type(row: Row) -> ColumnType:
    return ColumnType(
        name=row["type"],
        base=row["base"],
        family=family_of(row),
        is_list=row["is_list"],
        is_exact=row["exact"],
        labels=frozenset(row["labels"]),
        nullable=row["nullable"],
        is_of_enum=row["is_of_enum"],
    )
