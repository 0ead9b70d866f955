"""The types of columns, as statements go by them: learnt from PostgreSQL's catalogue before a table
is first asked, kept, and learnt again when a statement fails because of a type."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from operator import itemgetter
from time import monotonic
from typing import NamedTuple

from loaders import domains
from loaders.asks import Key
from loaders.descriptions import TYPES, Family
from loaders.domains import Domain
from loaders.errors import UnfitKey
from loaders.keys import cast, compares
from loaders.places import LARGEST_NUMERIC
from loaders.resource import Row
from loaders.sql.catalog import family_of

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

INTEGERS: Mapping[str, Domain] = {
    "int2": domains.integers(-(1 << 15), (1 << 15) - 1),
    "int4": domains.integers(-(1 << 31), (1 << 31) - 1),
    "int8": domains.integers(-(1 << 63), (1 << 63) - 1),
    "oid": domains.integers(0, (1 << 32) - 1),
}

DOMAINS: Mapping[str, Domain] = {
    **INTEGERS,
    "numeric": domains.decimals,
    "float4": domains.reals,
    "float8": domains.doubles,
    "timestamptz": domains.microseconds,
    "timestamp": domains.local_microseconds,
    "date": domains.days,
    "time": domains.clocks,
    **dict.fromkeys(("text", "varchar", "bpchar", "name", "citext"), domains.texts),
}
"""What columns of each type can hold, by ``pg_type.typname``; of an enum, its labels."""

FRESH, OLD = 1.0, 60.0
"""Seconds after which what was learnt is asked again: by who doubts it, and by anyone."""


@dataclass(frozen=True, slots=True)
class ColumnType:
    """A column's type. ``name`` is as PostgreSQL writes it, without a length. ``base`` and
    ``family`` are those of its values, or of their items where ``is_list``; the family is None
    where it can't be told what the driver makes of them. ``is_exact`` says whether equal values are
    the same value. ``labels`` are all values of an enum. ``nullable`` says that nothing keeps
    the column from nulls, as in a view nothing does."""

    name: str
    base: str
    family: Family | None
    is_list: bool = False
    is_exact: bool = True
    labels: frozenset[str] = frozenset()
    nullable: bool = False

    @property
    def array(self) -> str:
        """The type of an array of such values, or items."""
        return self.name if self.is_list else f"{self.name}[]"

    @property
    def type(self) -> type | None:
        """The Python type of the values, or items, where it can be told."""
        return None if self.family is None else TYPES.get(self.family)

    def read(self, value: object) -> Hashable:
        """The value as one that is compared with those of this type as it is. Raises ValueError
        unless there is one reading."""
        assert self.type is not None
        read = value if compares(self.type, value) else cast(self.type, value)
        if isinstance(read, datetime):
            is_aware = read.tzinfo is not None
            if is_aware is not (self.family is Family.DATETIME):
                raise ValueError("a time with a zone is none without")
        return read

    def can_equal(self, value: object) -> bool:
        """Whether there can be a value, or an item, that equals this one of its type."""
        match value:
            case bool():
                return True
            case int() if self.base in INTEGERS:
                return domains.has(INTEGERS[self.base], value)
            case str() if self.family is Family.LABEL:
                return value in self.labels
            case str():
                return domains.has(domains.texts, value)
            case Decimal():
                return not value.is_finite() or abs(value.adjusted()) < LARGEST_NUMERIC
        return True


UNKNOWN = ColumnType("text", "text", None)
"""That of a column which the catalogue does not have: a statement over it is refused anyway."""


class By(NamedTuple):
    """What columns that rows are asked by are like: whether rows tell by their values whose they
    are (``is_exact``), and for each, whether its values are lists, and of which type they are,
    where that is known."""

    is_exact: bool
    lists: tuple[bool, ...]
    has_lists: bool
    kinds: tuple[type | None, ...]

    def takes(self, keys: Sequence[Key]) -> bool:
        """Whether the keys are compared with the columns' values as they are."""
        for place, kind in enumerate(self.kinds):
            if kind is None or set(map(type, map(itemgetter(place), keys))) == {kind}:
                continue
            if not all(compares(kind, key[place]) for key in keys):
                return False
        return True


class Columns:
    """The columns of one table. Two of them are the same only if they are one object, by which
    statements are found again."""

    def __init__(self, types: Mapping[str, ColumnType]) -> None:
        self.types = types
        self.learnt = monotonic()
        self._by: dict[tuple[str, ...], By] = {}
        self._domains = {name: _domain(type_) for name, type_ in types.items()}

    def __getitem__(self, column: str) -> ColumnType:
        return self.types.get(column, UNKNOWN)

    def by(self, names: tuple[str, ...]) -> By:
        """What these columns are like."""
        known = self._by.get(names)
        if known is None:
            types = [self[name] for name in names]
            lists = tuple(type_.is_list for type_ in types)
            exact = all(type_.is_exact for type_ in types)
            kinds = tuple(type_.type for type_ in types)
            known = self._by[names] = By(exact, lists, any(lists), kinds)
        return known

    def read(self, source: str, by: tuple[str, ...], key: Key) -> Key:
        """The key as one of the columns' types. Raises UnfitKey unless there is one reading."""
        read: list[Hashable] = []
        for name, value in zip(by, key, strict=True):
            type_ = self[name]
            try:
                read.append(value if type_.type is None else type_.read(value))
            except ValueError:
                raise UnfitKey(source, name, value, type_.name) from None
        return tuple(read)

    def reads(self, by: tuple[str, ...], key: Key) -> bool:
        """Whether there is such a reading."""
        try:
            self.read("", by, key)
        except UnfitKey:
            return False
        return True

    def domain(self, column: str) -> Domain | None:
        """What the column, or each item of its lists, can hold, if that is known."""
        return self._domains.get(column)

    def may_have_changed(self, *, is_doubted: bool) -> bool:
        """Whether they are to be learnt again. They are doubted where something is to be compared
        that they may not hold: what a column lacks, it may have since a migration."""
        return monotonic() - self.learnt > (FRESH if is_doubted else OLD)

    def can_equal(self, by: tuple[str, ...], key: Key) -> bool:
        """Whether there can be rows whose columns equal the key."""
        return all(self[name].can_equal(value) for name, value in zip(by, key, strict=True))


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
            columns = self._known[table] = Columns(types)
            return columns


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
    )
