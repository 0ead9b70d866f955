"""Every way that the shop's schema has to the objects of a type, derived from the schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLObjectType,
    get_named_type,
    get_nullable_type,
    is_list_type,
)

from schema.build import schema
from tests.places import Place, places_of

Path = tuple[str, ...]

PAGE = 3
"""Objects of a relation's connection that a way looks at."""


@dataclass(frozen=True)
class Way:
    """From the root to objects of one type: ``text`` has a place, ``%s``, for what is selected of
    them, ``path`` leads to them, with "@" for each index. ``passes`` are the fields on the way and
    the types that ids name, by coordinate, with their paths. Ids are variables, named for their
    types."""

    name: str
    text: str
    path: Path
    passes: tuple[tuple[str, Path], ...]

    def __str__(self) -> str:
        return self.name

    def known_as(self, alias: str) -> Way:
        """The same way, under another response key; the root has none."""
        if not self.path:
            return self
        passes = tuple((coordinate, (alias, *path[1:])) for coordinate, path in self.passes)
        return replace(
            self, text=f"{alias}: {self.text}", path=(alias, *self.path[1:]), passes=passes
        )

    def objects(self, data: Any) -> list[tuple[Place, Mapping[str, Any]]]:
        """The objects that an answer has at the end of the way, in order, and where they are."""
        if not self.path:
            return [((), data)]
        at = [(place, _at(data, place)) for place in places_of(data, self.path)]
        return [(place, each) for place, each in at if each is not None]


def ways_to(type_name: str) -> list[Way]:
    """Every field that leads to objects of the type, from an object that has it, and ``node`` and
    ``nodes``; to the root there is but one."""
    if type_name == "Query":
        return [Way("root", "%s", (), ())]
    return [*_by_node(type_name), *_by_fields(type_name)]


def _by_node(type_name: str) -> Iterator[Way]:
    on = f"{{ ... on {type_name} {{ %s }} }}"
    yield Way("node", f"node(id: ${type_name}) {on}", ("node",), ((type_name, ("node",)),))
    yield Way(
        "nodes",
        f"nodes(ids: [${type_name}, ${type_name}Other]) {on}",
        ("nodes", "@"),
        ((type_name, ("nodes", "@")),),
    )


def _by_fields(type_name: str) -> Iterator[Way]:
    for owner in ("Query", *schema.node_types):
        for name, field in object_type(owner).fields.items():
            if name == "viewer":
                # It leads to whoever asks, and to no object that one could name: test_viewer.py.
                continue
            if get_named_type(field.type).name == type_name:
                many = is_list_type(get_nullable_type(field.type))
                yield _way(owner, name, _lookup(name, field), "%s", ("@",) if many else ())
            elif get_named_type(field.type).name == f"{type_name}Connection":
                page = f"{name}(first: {PAGE})"
                if owner == "Query":
                    # Of those that are visible, callers would see others on the first page.
                    samples = f"${type_name}, ${type_name}Other"
                    page = f"{name}(where: {{id: {{in: [{samples}]}}}})"
                yield _way(owner, name, page, "nodes { %s }", ("nodes", "@"))
                yield _way(owner, name, page, "edges { node { %s } }", ("edges", "@", "node"))


def _way(owner: str, name: str, text: str, inner: str, below: Path) -> Way:
    text = f"{text} {{ {inner} }}"
    coordinate, suffix = f"{owner}.{name}", ".".join(step for step in below if step != "@")
    called = f"{coordinate}.{suffix}" if suffix else coordinate
    if owner == "Query":
        return Way(called, text, (name, *below), ((coordinate, (name,)),))
    path = ("node", name)
    text = f"node(id: ${owner}) {{ ... on {owner} {{ {text} }} }}"
    passes = ((owner, ("node",)), (coordinate, path))
    return Way(called, text, (*path, *below), passes)


def _at(data: Any, place: Place) -> Any:
    for step in place:
        data = data[step]
    return data


def _lookup(name: str, field: GraphQLField) -> str:
    if not field.args:
        return name
    assert "id" in field.args, f"{name} takes no id"
    return f"{name}(id: ${get_named_type(field.type).name})"


def object_type(name: str) -> GraphQLObjectType:
    type_ = schema._schema.type_map[name]
    assert isinstance(type_, GraphQLObjectType)
    return type_
