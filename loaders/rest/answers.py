"""What a service has answered: which rows, and whose. What nobody asked for is an error, and so is
what may be missing for another reason than that it is not there."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from decimal import Decimal
from typing import Protocol

from loaders.asks import Ask, Key
from loaders.errors import BadResponse, Unreadable
from loaders.evaluation import paths_in
from loaders.paths import spread
from loaders.query import compared
from loaders.resource import Row, unreadable
from loaders.rest.client import Reply
from loaders.rest.keys import Matched, matched, unlike
from loaders.rest.paging import has_next
from loaders.rest.routes import RestResource

KEYS = frozenset({str, int, float, Decimal})
"""What JSON has for a key."""

NOT_ASKED = "objects that were not asked for"


class Bad(Protocol):
    """Makes the error of an answer that its declaration does not allow."""

    def __call__(self, what: str, reason: str | None = None, /) -> BadResponse: ...


def object_of(ask: Ask, key: Hashable, content: object, bad: Bad) -> Sequence[Row]:
    """The one object that was asked for by the key, if there is one. Raises BadResponse for any
    other answer."""
    if content is None:
        return ()
    what = "an answer that is not the object asked for"
    if not isinstance(content, dict):
        raise bad(what)
    (column,) = ask.rows.by
    if paths := paths_in(ask):
        spread([content], paths)
    found = content.get(column)
    if found is None or isinstance(found, Unreadable):
        raise bad(what)
    if not matched([(key,)], [content], column).rows[0]:
        raise bad(what, unlike(column, [found], [key]))
    return (content,)


def rows_of(ask: Ask, content: object, bad: Bad) -> Sequence[Row]:
    """The answer's rows. Raises BadResponse for what is none.

    What is no object is a row of which nothing could be read. Of an object without a key, or
    without the value that it was asked for by, that is what could not be read.
    """
    resource = ask.resource
    assert isinstance(resource, RestResource)
    if content is None:
        return ()
    if resource.items is not None and isinstance(content, dict):
        content = content.get(resource.items)
    if not isinstance(content, list):
        raise bad("an answer without a list of objects")
    if not all(isinstance(row, dict) for row in content):
        content = [row if isinstance(row, dict) else _unread(ask, row) for row in content]
    if paths := paths_in(ask):
        spread(content, paths)
    for column in {resource.key, *ask.rows.by}:
        for row in content:
            value = row.get(column)
            if type(value) in KEYS or isinstance(value, Unreadable):
                continue
            if type(value) is not bool or column == resource.key:
                row[column] = Unreadable(resource.source, f"an object without '{column}'")
    return content


def _unread(ask: Ask, item: object) -> dict[str, object]:
    """The row that stands for what is no object."""
    source = ask.resource.source
    why = item if isinstance(item, Unreadable) else Unreadable(source, "no object")
    rows = ask.rows
    columns = *ask.columns, *rows.by, *rows.window.columns, *compared(rows.filter)
    return dict.fromkeys(columns, why)


def rows_by_key(
    ask: Ask, keys: Sequence[Key], rows: Sequence[Row], reply: Reply, misfit: Bad
) -> Sequence[Sequence[Row] | BadResponse]:
    """What each key has of the rows, or its error, which ``misfit`` notes.

    Objects that were not asked for, or of which it can't be told, or another page behind this one,
    say that what is not here may exist all the same. A list may lack some of its objects then, so
    that is the error of every key. Of keys that have one object each, it is that of those without.
    """
    resource, unique = ask.resource, ask.rows.unique
    assert isinstance(resource, RestResource)
    listed: Sequence[Sequence[Row] | BadResponse] = [rows]
    unread, others = None, None
    if ask.rows.by:
        (column,) = ask.rows.by
        unread = next(filter(None, (unreadable(row, (column,)) for row in rows)), None)
        if unread is not None:
            rows = [row for row in rows if unreadable(row, (column,)) is None]
        whose = matched(keys, rows, column)
        if whose.others:
            others = unlike(column, whose.others, [key for (key,) in keys])
        listed = _of_each(column, keys, whose, misfit, unique=unique)
    if others is not None:
        error = misfit(NOT_ASKED, others)
    elif unique and all(listed):
        return listed
    elif unread is not None:
        error = misfit("objects of which it can't be told whose they are", unread.reason)
    elif has_next(reply.content, reply.links, resource.items):
        error = misfit("one page of several", "a page with a next one, which can't be asked for")
    else:
        return listed
    return [each or error for each in listed] if unique else [error] * len(keys)


def _of_each(
    column: str, keys: Sequence[Key], whose: Matched, misfit: Bad, *, unique: bool
) -> list[Sequence[Row] | BadResponse]:
    """The rows of each key, or the error of a key to which none can be given, or one of several."""
    found: list[Sequence[Row] | BadResponse] = []
    for place, rows in enumerate(whose.rows):
        if place in whose.alike:
            (key,) = keys[place]
            others = [row[column] for each in whose.rows for row in each]
            found.append(misfit(NOT_ASKED, unlike(column, others, [key])))
        elif unique and any(_differ(rows[0], row) for row in rows[1:]):
            found.append(misfit("several objects for one key", f"objects with one '{column}'"))
        else:
            found.append(tuple(rows[:1]) if unique else rows)
    return found


def _differ(one: Row, other: Row) -> bool:
    try:
        return one != other
    except Unreadable:
        return True
