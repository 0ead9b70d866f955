"""How a schema tells the breadth-first executor which fields it can take for a whole breadth.

A breadth is all objects of one type at one place of the response. A field says with an entry in
its ``GraphQLField.extensions`` what it is:

- ``COLUMN``: the name under which each object has the field's value. The objects are mappings, or
  have a ``get`` like theirs; what they don't have is null.
- ``MEMBER``: the name that ``member`` is given for the field's value in each object.
- ``BATCHED``: a ``BatchedResolver``, which gets all objects of the breadth at once.

A batched resolver that works each value out from its object alone, without waiting for anything,
says so by ``BY_PARTS``: then it may be given the breadth part by part.

Beside these there may be ``LEAF``: a function that is given each leaf value of the field which is
none of its type's own, and returns what the type is to coerce in its place.

Any other field is resolved for each object by itself. These need an ordinary resolver as well, of
the same meaning: graphql-core's executor calls it, and so does the breadth-first one where
middleware wants to see every call.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, Protocol

from graphql import GraphQLResolveInfo

COLUMN = "column"
"""The extension key of a column's name."""

MEMBER = "member"
"""The extension key of a member's name."""

BATCHED = "batched"
"""The extension key of a batched field's function."""

BY_PARTS = "by_parts"
"""The extension key of a batched field that may be resolved part by part: True."""

LEAF = "leaf"
"""The extension key of what prepares a field's leaf values for their type."""

NO_DOCUMENTS = (str, bytes, int, float, Sequence)
"""What a source may send in place of a document: its attributes are Python's, no fields."""


class BatchedResolver(Protocol):
    """Resolves a field for all objects of a breadth.

    It returns a list (or an awaitable of one) of as many values as there are ``sources``, in their
    order. A value is whatever an ordinary resolver may return; one that is an exception is the
    error of its place alone. What the function raises is the error of every place. It is not
    called for no objects, and must change neither ``sources`` nor ``arguments``.

    ``info`` is that of the field, with the ``path`` of the breadth: response keys without indices.
    """

    def __call__(
        self, sources: Sequence[Any], info: GraphQLResolveInfo[Any], arguments: dict[str, Any], /
    ) -> Sequence[Any] | Awaitable[Sequence[Any]]: ...


def member(source: Any, name: str) -> Any:
    """What an object has under the name: a mapping's item, or None if it has none; any other
    object's attribute, or AttributeError.

    Raises TypeError for ``NO_DOCUMENTS``.
    """
    if isinstance(source, Mapping):
        return source.get(name)
    if isinstance(source, NO_DOCUMENTS):
        raise TypeError(f"{type(source).__name__} has no fields")
    return getattr(source, name)
