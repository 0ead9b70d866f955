"""What PostgreSQL's catalogue says of a table: one statement a table, which locks nothing but rows
of the catalogue's own (PostgreSQL manual, chapter 53)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from loaders.descriptions import (
    ColumnDescription,
    Description,
    Family,
    IndexColumn,
    IndexDescription,
)
from loaders.resource import Row

Run = Callable[..., Awaitable[Sequence[Row]]]
"""Runs a statement with its parameters, and returns its rows; JSON in them is decoded."""

KINDS = {
    "r": "table",
    "p": "partitioned table",
    "v": "view",
    "m": "materialized view",
    "f": "foreign table",
}
"""``pg_class.relkind`` of what rows can be selected from."""

FAMILIES = {
    **dict.fromkeys(("text", "varchar", "bpchar", "name", "citext", "xml"), Family.TEXT),
    **dict.fromkeys(("int2", "int4"), Family.INTEGER),
    **dict.fromkeys(("int8", "oid"), Family.BIG_INTEGER),
    **dict.fromkeys(("float4", "float8"), Family.FLOAT),
    **dict.fromkeys(("json", "jsonb"), Family.DOCUMENT),
    "bool": Family.BOOLEAN,
    "numeric": Family.DECIMAL,
    "timestamptz": Family.DATETIME,
    "timestamp": Family.LOCAL_DATETIME,
    "date": Family.DATE,
    "time": Family.TIME,
    "timetz": Family.ZONED_TIME,
    "uuid": Family.UUID,
    "interval": Family.DURATION,
    **dict.fromkeys(
        (
            *("bit", "varbit", "inet", "cidr", "macaddr", "macaddr8", "money", "tsvector"),
            *("point", "line", "lseg", "box", "path", "polygon", "circle"),
        ),
        Family.OTHER,
    ),
    **dict.fromkeys(("bytea", "char"), Family.BYTES),
}
"""What asyncpg makes of each type, by ``pg_type.typname`` (its documentation, "Type Conversion").
What is not here may be anything."""

DESCENDING, NULLS_FIRST = 1, 2
"""The bits of ``pg_index.indoption``."""

OTHERS = 500
"""Names of other tables that are looked through for the one that was meant."""

STATEMENT = """
with recursive found as (
  select c.oid, c.relkind,
    -- Rows of a table's children are selected with it, and its indexes do not have them.
    c.relkind = 'r' and exists (select from pg_inherits where inhparent = c.oid) as inherited
  from pg_class c
  where c.oid = to_regclass($1) and c.relkind::text = any ($2)
),
-- Domains and arrays, down to the type of which they are.
peeled (attnum, oid, nonnull, is_list) as (
  select a.attnum, a.atttypid, a.attnotnull, false
  from found join pg_attribute a on a.attrelid = found.oid and not a.attisdropped
  union all
  select p.attnum,
    case when t.typtype = 'd' then t.typbasetype else t.typelem end,
    p.nonnull or (t.typtype = 'd' and t.typnotnull and not p.is_list),
    p.is_list or t.typtype <> 'd'
  from peeled p join pg_type t on t.oid = p.oid
  where t.typtype = 'd' or (t.typcategory = 'A' and t.typelem <> 0)
),
columns as (
  select jsonb_agg(jsonb_build_object(
    'name', a.attname,
    'type', format_type(a.atttypid, a.atttypmod),
    'is_list', p.is_list,
    'nonnull', p.nonnull or exists (
      -- As it is stored: to have it written out takes a lock of the table.
      select from pg_constraint k
      where k.conrelid = found.oid and k.contype = 'c' and k.convalidated
        and k.conkey = array[a.attnum] and k.conbin::text like
          '{NULLTEST :arg {VAR :varno 1 :varattno ' || a.attnum || ' %} :nulltesttype 1 %'
    ),
    'base', t.typname,
    'class', t.typtype,
    'builtin', t.typnamespace = 'pg_catalog'::regnamespace or t.typname = 'citext',
    'labels', (
      select jsonb_agg(e.enumlabel order by e.enumsortorder)
      from pg_enum e where e.enumtypid = t.oid
    ),
    'exact', t.typname not in ('citext', 'bpchar') and not exists (
      select from pg_collation l where l.oid = a.attcollation and not l.collisdeterministic
    ),
    'readable', has_column_privilege(found.oid, a.attnum, 'select')
  ) order by a.attnum) as described
  from found
  join pg_attribute a on a.attrelid = found.oid and not a.attisdropped
  join peeled p on p.attnum = a.attnum
  join pg_type t on t.oid = p.oid
  where not (t.typtype = 'd' or (t.typcategory = 'A' and t.typelem <> 0))
),
indexes as (
  select jsonb_agg(jsonb_build_object(
    'name', c.relname,
    'unique', i.indisunique,
    'partial', i.indpred is not null,
    'method', m.amname,
    'columns', (
      select jsonb_agg(jsonb_build_object(
        'name', a.attname,
        'option', i.indoption[place.at],
        'own_order', o.opcdefault,
        'of_items', o.opcname = 'array_ops',
        'own_collation', i.indcollation[place.at] = a.attcollation
      ) order by place.at)
      from generate_series(0, i.indnkeyatts - 1) as place (at)
      left join pg_attribute a on a.attrelid = found.oid and a.attnum = i.indkey[place.at]
        and a.attnum <> 0
      join pg_opclass o on o.oid = i.indclass[place.at]
    )
  ) order by c.relname) as described
  from found
  join pg_index i on i.indrelid = found.oid and i.indisvalid and i.indisready
  join pg_class c on c.oid = i.indexrelid
  -- The others find no row by a value that it equals, or that is in its list.
  join pg_am m on m.oid = c.relam and (
    m.amname in ('btree', 'hash')
    or m.amname = 'gin' and exists (
      select from pg_opclass o where o.oid = any (i.indclass) and o.opcname = 'array_ops'
    )
  )
),
-- Of a table that is not there: what there is.
others as (
  select jsonb_agg(named.name) as names
  from (
    select case
        when $3::text is null and pg_table_is_visible(c.oid) or n.nspname = $3 then c.relname
        else n.nspname || '.' || c.relname
      end as name
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind::text = any ($2) and not c.relispartition
      and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
    order by c.relname <> $4, 1
    limit $5
  ) as named
  where not exists (select from found)
)
select
  (select relkind::text from found) as kind,
  (select inherited from found) as inherited,
  (select described from columns) as columns,
  (select described from indexes) as indexes,
  (select names from others) as others
"""


async def described(run: Run, identifier: str, schema: str | None, name: str) -> Description:
    """The table or view of this quoted identifier, which is found as a statement would find it:
    without a schema, on the search path. Raises what ``run`` does."""
    (row,) = await run(STATEMENT, identifier, list(KINDS), schema, name, OTHERS)
    if row["kind"] is None:
        return Description(kind=None, others=tuple(row["others"] or ()))
    kind = KINDS[row["kind"]]
    stored = row["kind"] in "rp"
    columns = [_column(each, stored=stored) for each in row["columns"] or ()]
    unknown: tuple[str, ...] = ()
    unique: frozenset[frozenset[str]] | None = None
    indexes: tuple[IndexDescription, ...] | None = None
    if row["kind"] in "vf":
        unknown = (f"it is a {kind}, so what is unique, indexed or never null can't be told",)
    else:
        indexes = tuple(map(_index, row["indexes"] or ()))
        unique = frozenset(filter(None, map(_unique, row["indexes"] or ())))
        if row["kind"] == "m":
            unknown = ("it is a materialized view, so what is never null can't be told",)
        if row["inherited"]:
            unique = indexes = None
            unknown = ("other tables inherit from it, so what is unique or indexed can't be told",)
    return Description(
        kind=kind,
        columns={each.name: each for each in columns},
        unique=unique,
        indexes=indexes,
        places_nulls=True,
        unknown=unknown,
    )


def family_of(row: Row) -> Family | None:
    """What the driver makes of a type, by its ``base`` (its name), its ``class``, and whether it is
    ``builtin``; None where that can't be told."""
    if row["class"] == "e":
        return Family.LABEL
    if row["class"] == "c":
        return Family.RECORD
    if row["class"] in "rm":
        return Family.OTHER
    return FAMILIES.get(row["base"]) if row["builtin"] else None


def _column(row: Row, *, stored: bool) -> ColumnDescription:
    return ColumnDescription(
        name=row["name"],
        type=row["type"],
        family=family_of(row),
        # A multirange is a list of ranges.
        is_list=row["is_list"] or row["class"] == "m",
        # A foreign table's own declaration is what it says, and no proof that the other end holds
        # nulls.
        nullable=False if row["nonnull"] else True if stored else None,
        labels=None if row["labels"] is None else tuple(row["labels"]),
        is_exact=row["exact"],
        is_readable=row["readable"],
    )


def _index(row: Row) -> IndexDescription:
    columns, of_items = row["columns"], row["method"] == "gin"
    return IndexDescription(
        name=row["name"],
        columns=tuple(
            IndexColumn(
                # By another collation, or by other parts than its items, it is as good as an
                # expression.
                each["name"] if each["own_collation"] and of_items <= each["of_items"] else None,
                bool(each["option"] & DESCENDING),
                bool(each["option"] & NULLS_FIRST),
            )
            for each in columns
        ),
        is_unique=row["unique"],
        is_partial=row["partial"],
        is_ordered=row["method"] == "btree" and all(each["own_order"] for each in columns),
        of_items=of_items,
    )


def _unique(row: Row) -> frozenset[str] | None:
    names = [each["name"] for each in row["columns"]]
    if not row["unique"] or row["partial"] or None in names:
        return None
    return frozenset(names)
