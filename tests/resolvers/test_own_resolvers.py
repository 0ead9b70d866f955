"""What an owner puts before the fields of a plain type runs for each object, in both engines."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import strawberry
from strawberry.extensions import FieldExtension, SchemaExtension
from strawberry.permission import BasePermission
from strawberry.types.field import StrawberryField

from gateway.operations.executors import EXECUTORS
from gateway.settings import Settings
from gateway.testing import GraphClient
from resolvers.graph import Graph

engines = pytest.mark.parametrize("engine", EXECUTORS)

ran: Counter[str] = Counter()


class Louder(FieldExtension):
    def resolve(self, next_: Any, source: Any, info: Any, **arguments: Any) -> Any:
        ran["extension"] += 1
        return str(next_(source, info, **arguments)).upper()


class Long(BasePermission):
    message = "too short"

    def has_permission(self, source: Any, info: Any, **arguments: Any) -> bool:
        ran["permission"] += 1
        return len(source["word"]) > 1


class Doubled(StrawberryField):
    def get_result(self, source: Any, info: Any, args: Any, kwargs: Any) -> Any:
        ran["field"] += 1
        return 2 * source["word"]


class Watching(SchemaExtension):
    def resolve(self, _next: Any, root: Any, info: Any, *args: str, **kwargs: Any) -> Any:
        ran[f"{info.parent_type.name}.{info.field_name}"] += 1
        return _next(root, info, *args, **kwargs)


doubled: Any = Doubled()


def backward(entry: strawberry.Parent[Any]) -> str:
    ran["resolver"] += 1
    return str(entry["word"])[::-1]


@strawberry.type
class Entry:
    word: str
    loud: str | None = strawberry.field(extensions=[Louder()])
    permitted: str | None = strawberry.field(permission_classes=[Long])
    doubled: str = doubled
    backward: str = strawberry.field(resolver=backward)


ENTRIES: Any = [{"word": word, "loud": word, "permitted": word} for word in ("a", "bc")]


@strawberry.type
class Query:
    @strawberry.field
    def entries(self) -> list[Entry]:
        entries: list[Entry] = ENTRIES
        return entries


graph = Graph(Query)
watched = Graph(Query, extensions=[Watching])


@pytest.fixture(autouse=True)
def _nothing_ran() -> None:
    ran.clear()


@engines
@pytest.mark.parametrize(
    ("field", "what", "values"),
    [
        ("loud", "extension", ["A", "BC"]),
        ("permitted", "permission", [None, "bc"]),
        ("doubled", "field", ["aa", "bcbc"]),
        ("backward", "resolver", ["a", "cb"]),
    ],
)
async def test_it_runs_for_each_object(
    engine: str, field: str, what: str, values: list[Any]
) -> None:
    client = GraphClient(graph, settings=Settings.of(engine=engine))

    response = await client.execute(f"{{ entries {{ word {field} }} }}")

    assert response.data == {
        "entries": [{"word": w, field: v} for w, v in zip(("a", "bc"), values, strict=True)]
    }
    assert ran == {what: 2}


@engines
async def test_an_extension_of_the_schema_sees_each_field(engine: str) -> None:
    client = GraphClient(watched, settings=Settings.of(engine=engine))

    response = await client.execute("{ entries { word } }")

    assert response.data == {"entries": [{"word": "a"}, {"word": "bc"}]}
    assert ran == {"Query.entries": 1, "Entry.word": 2}
