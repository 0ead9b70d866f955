"""Row filters that are values: what they go by can be asked of them."""

from __future__ import annotations

from dataclasses import dataclass

from loaders.declarations import Declared
from loaders.identity import Identity
from loaders.query import Filter, SemiJoin
from loaders.resource import Resource


@dataclass(frozen=True, slots=True)
class Through(Declared):
    """The row filter that ``through`` makes."""

    column: str
    resource: Resource

    def __call__(self, identity: Identity) -> Filter | None:
        where = self.resource.seen_by(identity)
        if where is None:
            return None
        return SemiJoin(self.column, self.resource, self.resource.key, where)


def through(column: str, resource: Resource) -> Through:
    """The row filter of rows that are seen where the row they point at is: the one of
    ``resource`` whose key stands in their ``column``.

    Within one PostgreSQL database it is part of the statement. Otherwise rows can be fetched by
    ``column`` alone, because the other source is asked first which of its values may be seen.
    """
    return Through(column, resource)
