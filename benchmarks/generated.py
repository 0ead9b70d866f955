"""Operations on the shop, generated: what clients of any kind might ask, small and large."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from graphql import (
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_leaf_type,
    is_list_type,
    is_object_type,
    is_required_argument,
)

PAGES = (1, 2, 5, 10, 20, 50, 100)
"""Of which ``first`` is one, in four of five pages."""


@dataclass(slots=True)
class Generator:
    """Writes queries that ask any fields of the schema, each selection up to five of them.

    ``ids`` are ids of objects, by the names of their types. No query goes back to a type through
    which it comes: clients seldom ask for the product of a product's review, which is known.
    Only an object's own parent or children may be of its type.
    """

    schema: GraphQLSchema
    ids: Mapping[str, Sequence[str]]
    random: random.Random

    def query(self) -> str:
        """A query; some are alike."""
        root = self.schema.query_type
        assert root is not None
        return self._selection(root, self.random.randint(2, 5), self.random.randint(1, 2), ())

    def _selection(
        self, on: GraphQLObjectType, depth: int, count: int, above: tuple[str, ...]
    ) -> str:
        leaves, inner = [], []
        for name, field in on.fields.items():
            type_ = get_named_type(field.type)
            if is_leaf_type(type_):
                leaves.append(name)
            elif depth and is_object_type(type_) and type_.name not in above:
                inner.append(name)
        chosen: dict[str, str] = {}
        for _ in range(count):
            deeper = inner and (not leaves or self.random.random() < 0.45)
            if names := inner if deeper else leaves:
                name = self.random.choice(names)
                field = on.fields[name]
                if (arguments := self._arguments(field)) is not None:
                    chosen[name] = name + arguments + self._below(field, depth, (*above, on.name))
        return "{ " + " ".join(chosen.values() or ["__typename"]) + " }"

    def _below(self, field: GraphQLField, depth: int, above: tuple[str, ...]) -> str:
        type_ = get_named_type(field.type)
        if not is_object_type(type_):
            return ""
        return " " + self._selection(type_, depth - 1, self.random.randint(1, 5), above)

    def _arguments(self, field: GraphQLField) -> str | None:
        """The field's arguments; None where it takes one of which nothing is known."""
        given: dict[str, object] = {}
        for name, argument in field.args.items():
            if name == "first" and self.random.random() < 0.8:
                given[name] = self.random.choice(PAGES)
            elif name == "id":
                ids = self.ids.get(getattr(get_named_type(field.type), "name", ""))
                if not ids:
                    return None
                given[name] = self.random.choice(ids)
            elif is_required_argument(argument) or is_list_type(argument.type):
                return None if is_required_argument(argument) else ""
        if not given:
            return ""
        return "(" + ", ".join(f"{name}: {json.dumps(each)}" for name, each in given.items()) + ")"
