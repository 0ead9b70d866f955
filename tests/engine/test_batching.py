"""What falls into one call: fields of one breadth, and of several that wait together."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from aiodataloader import DataLoader
from graphql import GraphQLResolveInfo, GraphQLSchema, build_schema

from gateway.engine.batched import BATCHED, COLUMN
from tests.engine.running import Breadth, answer

Info = GraphQLResolveInfo[Any]


def graph() -> GraphQLSchema:
    """People by loaders, with as many batches as calls of ``context.calls`` say."""
    schema = build_schema(
        """
        interface Being { id: Int, friend: Person }
        type Person implements Being { id: Int, friend: Person, friends: [Person] }
        type Robot implements Being { id: Int, friend: Person }
        type Query { one: Person two: Person all: [Person] beings: [Being] none: [Person] }
        """
    )
    types: Any = schema.type_map
    for name in ("Person", "Robot"):
        types[name].fields["id"].extensions = {COLUMN: "id"}
        types[name].fields["friend"].extensions = {BATCHED: friend}
    types["Person"].fields["friends"].resolve = friends
    return schema


class People:
    """The context: a loader, and the batches that it was asked for."""

    def __init__(self) -> None:
        self.calls: list[list[int]] = []
        self.batches: list[int] = []

    @cached_property
    def loader(self) -> DataLoader[int, Any]:
        # It belongs to the event loop that runs when it is made.
        return DataLoader(self.load)

    async def load(self, keys: list[int]) -> list[Any]:
        self.calls.append(sorted(keys))
        return [{"id": key} for key in keys]


def friend(sources: Sequence[Any], info: Info, arguments: Mapping[str, Any]) -> Any:
    info.context.batches.append(len(sources))
    return info.context.loader.load_many([source["id"] + 10 for source in sources])


async def friends(source: Any, info: Info) -> Any:
    return await asyncio.gather(*(info.context.loader.load(source["id"] + 10 + i) for i in (0, 1)))


ROOT = {
    "one": {"id": 1},
    "two": {"id": 2},
    "all": [{"id": i} for i in range(3)],
    "beings": [{"__typename": ("Person", "Robot")[i % 2], "id": i} for i in range(4)],
    "none": [],
}


def ask(document: str) -> tuple[Any, People]:
    people = People()
    response = answer("breadth", graph(), document, root_value=ROOT, context_value=people)
    assert "errors" not in response
    assert Breadth.last.engine == "breadth"
    return response["data"], people


def test_a_batched_field_gets_all_objects_of_its_breadth_at_once() -> None:
    data, people = ask("{ all { friend { id } } }")

    assert data == {"all": [{"friend": {"id": i + 10}} for i in range(3)]}
    assert people.batches == [3]


def test_a_batched_field_is_not_called_for_no_objects() -> None:
    data, people = ask("{ none { friend { id } } }")

    assert data == {"none": []}
    assert people.batches == []


def test_objects_of_several_types_are_a_breadth_each_and_load_together() -> None:
    data, people = ask("{ beings { friend { id } } }")

    assert [being["friend"]["id"] for being in data["beings"]] == [10, 11, 12, 13]
    assert people.batches == [2, 2]
    assert people.calls == [[10, 11, 12, 13]]


def test_siblings_load_together() -> None:
    _, people = ask("{ all { friend { id } again: friend { id } friends { id } } }")

    assert people.calls == [[10, 11, 12, 13]]


def test_branches_load_together_at_every_depth() -> None:
    below = "{ id friend { id friend { id } } }"

    _, people = ask(f"{{ one {below} two {below} all {below} }}")

    assert people.calls == [[10, 11, 12], [20, 21, 22]]


def test_a_branch_of_ordinary_resolvers_loads_with_a_batched_one() -> None:
    _, people = ask("{ one { friend { friend { id } } } two { friends { id } } }")

    assert people.calls == [[11, 12, 13], [21]]


def test_branches_that_arrive_a_turn_apart_load_together_below() -> None:
    schema = graph()
    types: Any = schema.type_map
    turns = {"one": 2, "two": 3}

    async def late(root: Any, info: Info) -> Any:
        for _ in range(turns[info.field_name]):
            await asyncio.sleep(0)
        return root[info.field_name]

    for name in turns:
        types["Query"].fields[name].resolve = late
    people = People()
    answer(
        "breadth",
        schema,
        "{ one { friend { id } } two { friend { id } } }",
        root_value=ROOT,
        context_value=people,
    )

    assert people.calls == [[11, 12]]


def test_the_info_of_a_batch_has_the_path_without_indices() -> None:
    schema = graph()
    seen: list[Any] = []

    def resolve(sources: Sequence[Any], info: Info, arguments: Mapping[str, Any]) -> Any:
        seen.append((info.path.as_list(), info.field_name, info.parent_type.name))
        return [{"id": 0}] * len(sources)

    types: Any = schema.type_map
    types["Person"].fields["friend"].extensions = {BATCHED: resolve}
    answer("breadth", schema, "{ all { f: friend { friend { id } } } }", root_value=ROOT)

    assert seen == [
        (["all", "f"], "friend", "Person"),
        (["all", "f", "friend"], "friend", "Person"),
    ]


def with_friend(resolve: Any) -> dict[str, Any]:
    schema = graph()
    types: Any = schema.type_map
    types["Person"].fields["friend"].extensions = {BATCHED: resolve}
    return answer("breadth", schema, "{ all { id friend { id } } }", root_value=ROOT)


def test_an_exception_among_a_batchs_values_is_the_error_of_its_place() -> None:
    response = with_friend(lambda sources, *_: [{"id": 7}, ValueError("no"), None])

    assert response == {
        "data": {
            "all": [
                {"id": 0, "friend": {"id": 7}},
                {"id": 1, "friend": None},
                {"id": 2, "friend": None},
            ]
        },
        "errors": [("no", ["all", 1, "friend"])],
    }


def test_what_a_batch_raises_is_the_error_of_every_place() -> None:
    async def fail(*_: Any) -> Any:
        raise ValueError("no")

    response = with_friend(fail)

    assert response["errors"] == [("no", ["all", i, "friend"]) for i in range(3)]
    assert [each["friend"] for each in response["data"]["all"]] == [None] * 3


def test_a_batch_that_raises_before_it_waits_fails_every_place() -> None:
    def fail(*_: Any) -> Any:
        raise ValueError("no")

    assert with_friend(fail)["errors"] == [("no", ["all", i, "friend"]) for i in range(3)]


def test_a_batch_of_the_wrong_length_is_an_error() -> None:
    response = with_friend(lambda *_: [None])

    assert {message for message, _ in response["errors"]} == {
        "The batched resolver of Person.friend returned 1 values for 3 objects."
    }


def test_values_of_a_batch_may_be_awaitable() -> None:
    async def value(i: int) -> Any:
        return {"id": i}

    response = with_friend(lambda sources, *_: [value(each["id"]) for each in sources])

    assert [each["friend"]["id"] for each in response["data"]["all"]] == [0, 1, 2]
