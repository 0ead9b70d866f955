"""Cursors: a row's place in an order, as text that means nothing to a client.

A cursor holds the values of the order's columns and a digest of them, of the order and of the
resource. The digest finds cursors that were changed or that belong to another order. It is no
secret: a forged cursor reaches nothing, since its values are only ever compared with the columns of
the order, whose values every page shows in its cursors.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import cached_property

import orjson

from gateway.errors import BadUserInput
from loaders import keys
from loaders.places import exactly, plainly, read
from loaders.query import Order
from loaders.resource import Resource, Row

DIGEST = 9

KEY = "k"
"""Tags a value of the key's type, which may be the owner's own."""


class Cursors:
    """The cursors of a resource's rows in an order."""

    def __init__(self, resource: Resource, order: tuple[Order, ...]) -> None:
        self._resource = resource
        self._order = order
        self._columns = [part.column for part in order]
        self._codecs = resource.place_codecs

    def of(self, row: Row) -> str:
        """The cursor of the row's place. Raises TypeError if that has a value which no cursor can
        hold, and an ``Unreadable`` that its source can't make again."""
        place = [row.get(column) for column in self._columns]
        try:
            payload = orjson.dumps([self._plainly(value) for value in place])
        except orjson.JSONEncodeError:
            payload = orjson.dumps([self._exactly(value) for value in place])
        return _text(self._digest(payload) + payload)

    def place(self, cursor: str, what: str) -> tuple[object, ...]:
        """The place that a cursor names. Raises BadUserInput unless it is a cursor of this order;
        ``what`` is the argument that it was given for."""
        try:
            raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
            digest, payload = raw[:DIGEST], raw[DIGEST:]
            if digest == self._digest(payload) and _text(raw) == cursor:
                values = orjson.loads(payload)
                if isinstance(values, list) and len(values) == len(self._order):
                    return tuple(map(self._read, values))
        except Exception:  # noqa: S110
            # A forged cursor can hold anything, and key types, which are the owners' own, can raise
            # anything: whatever it is, this is no cursor.
            pass
        raise BadUserInput(
            f"{what} is not a cursor of this connection in this order. Take one from its edges or "
            "pageInfo, and keep orderBy as it was."
        )

    def _plainly(self, value: object) -> object:
        try:
            return plainly(value, self._codecs)
        except TypeError:
            return self._as_key(value)

    def _exactly(self, value: object) -> object:
        try:
            return exactly(value, self._codecs)
        except TypeError:
            return self._as_key(value)

    def _as_key(self, value: object) -> object:
        if not self._resource.is_key(value):
            raise TypeError(f"no cursor holds a {type(value).__name__}")
        return [KEY, keys.written(value)]

    def _read(self, held: object) -> object:
        if isinstance(held, list) and held[0] == KEY:
            return keys.read(self._resource.key_type, held[1])
        return read(held, self._codecs)

    def _digest(self, payload: bytes) -> bytes:
        digest = self._begun.copy()
        digest.update(payload)
        return digest.digest()

    @cached_property
    def _begun(self) -> hashlib.blake2b:
        names = [f"{'-' if part.descending else '+'}{part.column}" for part in self._order]
        return hashlib.blake2b(orjson.dumps([self._resource.id, names]), digest_size=DIGEST)


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
