"""What a service has answered: which rows, and whose. What nobody asked for is an error, and so is
what may be missing for another reason than that it is not there."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from decimal import Decimal
from typing import Protocol

from loaders.asks import Ask, Key, by_value
from loaders.errors import BadResponse
from loaders.memory import paths_in
from loaders.paths import spread
from loaders.resource import Row
from loaders.rest.client import Reply
from loaders.rest.paging import has_next
from loaders.rest.routes import RestResource

KEYS = frozenset({str, int, float, Decimal})
"""What JSON has for a key."""


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
    if type(found) not in KEYS:
        raise bad(what)
    if found != key:
        raise bad(what, _unlike(column, [found], [key]))
    return (content,)


def rows_of(ask: Ask, content: object, bad: Bad) -> Sequence[Row]:
    """The answer's rows. Raises BadResponse for what is none."""
    resource = ask.resource
    assert isinstance(resource, RestResource)
    (column,) = ask.rows.by or (resource.key,)
    if content is None:
        return ()
    if resource.items is not None and isinstance(content, dict):
        content = content.get(resource.items)
    if not isinstance(content, list):
        raise bad("an answer without a list of objects")
    if paths := paths_in(ask):
        spread((row for row in content if isinstance(row, dict)), paths)
    if not all(isinstance(row, dict) and type(row.get(column)) in KEYS for row in content):
        raise bad(f"an object without '{column}'")
    return content


def rows_by_key(
    ask: Ask, keys: Sequence[Key], rows: Sequence[Row], reply: Reply, misfit: Bad
) -> Sequence[Sequence[Row] | BadResponse]:
    """What each key has of the rows, or its error, which ``misfit`` notes.

    Objects that were not asked for, or another page behind this one, say that what is not here may
    exist all the same. A list may lack some of its objects then, so that is the error of every key.
    Of keys that have one object each, it is that of those without.
    """
    resource, unique = ask.resource, ask.rows.unique
    assert isinstance(resource, RestResource)
    listed = by_value(ask, keys, rows)
    reason = _not_asked(ask, keys, rows)
    if reason is not None:
        error = misfit("objects that were not asked for", reason)
    elif not (unique and all(listed)) and has_next(reply.content, reply.links, resource.items):
        error = misfit("one page of several", "a page with a next one, which can't be asked for")
    else:
        return listed
    return [each or error for each in listed] if unique else [error] * len(keys)


def _not_asked(ask: Ask, keys: Sequence[Key], rows: Sequence[Row]) -> str | None:
    """What is wrong with objects that are none of the keys'."""
    if not ask.rows.by:
        return None
    (column,) = ask.rows.by
    asked = {key for (key,) in keys}
    others = {row[column] for row in rows} - asked
    return _unlike(column, others, asked) if others else None


def _unlike(column: str, others: Iterable[object], asked: Iterable[object]) -> str:
    alike = {str(key).casefold(): key for key in asked}
    what = f"objects with another '{column}' than was asked for"
    for other in others:
        key = alike.get(str(other).casefold())
        if key is not None and isinstance(other, str) is isinstance(key, str):
            return f"{what}, in upper or lower case"
        if key is not None:
            return f"{what}: {_kind(other)}, where the key is {_kind(key)}"
    return what


def _kind(value: object) -> str:
    return "a text" if isinstance(value, str) else "a number"
