"""Cursors: a row's place in an order, as text that means nothing to a client.

A cursor holds the values of the order's columns and a digest of them and of the order. The
digest finds cursors that were changed or that belong to another order. It is no secret: a
forged cursor reaches nothing, since its values are only ever compared with the columns of the
order, whose values every page shows in its cursors.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode

import orjson

from gateway.errors import BadUserInput
from loaders import keys
from loaders.query import Order
from loaders.resource import Resource
from resolvers.scalars import CURSORS

DIGEST = 9

READERS = {codec.tag: codec.read for codec in CURSORS.values()}


def encode(resource: Resource, order: tuple[Order, ...], place: tuple[object, ...]) -> str:
    """The cursor of a place; every value must be of JSON, a key, or of a type in ``CURSORS``."""
    payload = orjson.dumps([_written(value) for value in place])
    return _text(_digest(resource, order, payload) + payload)


def decode(
    resource: Resource, order: tuple[Order, ...], cursor: str, what: str
) -> tuple[object, ...]:
    """The place that a cursor names. Raises BadUserInput unless it is a cursor of this order."""
    try:
        raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        digest, payload = raw[:DIGEST], raw[DIGEST:]
        if digest == _digest(resource, order, payload) and _text(raw) == cursor:
            values = orjson.loads(payload)
            if isinstance(values, list) and len(values) == len(order):
                return tuple(_read(resource, value) for value in values)
    except Exception:  # noqa: S110
        # A forged cursor can hold anything, and key types, which are the owners' own, can raise
        # anything: whatever it is, this is no cursor.
        pass
    raise BadUserInput(
        f"{what} is not a cursor of this connection in this order. Take one from its edges or "
        "pageInfo, and keep orderBy as it was."
    )


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _digest(resource: Resource, order: tuple[Order, ...], payload: bytes) -> bytes:
    names = [f"{'-' if part.descending else '+'}{part.column}" for part in order]
    whole = orjson.dumps([str(resource), names]) + payload
    return hashlib.blake2b(whole, digest_size=DIGEST).digest()


def _written(value: object) -> object:
    if value is None or isinstance(value, (str, int, float)):
        return value
    for type_, codec in CURSORS.items():
        if isinstance(value, type_):
            return [codec.tag, codec.write(value)]
    return ["k", keys.written(value)]


def _read(resource: Resource, value: str | float | list[str] | None) -> object:
    if value is None or isinstance(value, (str, int, float)):
        return value
    tag, text = value
    return keys.read(resource.key_type, text) if tag == "k" else READERS[tag](text)
