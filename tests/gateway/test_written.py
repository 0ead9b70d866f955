"""A mutation writes by its caller's loaders, and its answer has what it wrote."""

from __future__ import annotations

import pytest
import strawberry

from gateway.settings import Settings
from gateway.testing import GraphClient
from loaders.encryption import Keyring, is_encrypted
from loaders.identity import Identity
from loaders.memory import MemorySource, MemoryTable
from loaders.query import Comparison, Filter, Operator
from loaders.resource import Row
from resolvers import Graph, Info, Node, column, connection, mutation, node, one
from resolvers.connections import Connection
from tests.resolvers.test_checks_encryption import KEY


def own(identity: Identity) -> Filter:
    return Comparison("owner", Operator.EQ, identity.subject)


boxes = MemoryTable(source="library", name="boxes", row_filter=own)
cards = MemoryTable(source="library", name="cards", row_filter=own, version="version")


@strawberry.type(description="A box of cards.")
class CardBox(Node):
    resource = boxes

    owner: str = column("Whose it is.")


@strawberry.type(description="A card.")
class Card(Node):
    resource = cards

    title: str = column("What it says.")
    note: str | None = column("What nobody else is to read.", encrypted=True)
    version: int = column("How often it was changed.")
    box: CardBox | None = one("Where it is.", by="box_id")


async def write(info: Info, title: str, note: str, box: int) -> Row | None:
    values = {"owner": info.context.identity.subject, "title": title, "note": note, "version": 1}
    async with info.context.loaders.transaction("library") as writes:
        made = await writes.insert(cards, {**values, "box_id": box})
    return await info.context.loaders.by_key(cards).load(made["id"])


async def rename(info: Info, id: int, title: str, seen: int) -> Row | None:
    async with info.context.loaders.transaction("library") as writes:
        await writes.update(cards, id, {"title": title}, seen=seen)
    return await info.context.loaders.by_key(cards).load(id)


@strawberry.type(description="What can be asked.")
class Query:
    node: Node | None = node("Any object.")
    cards: Connection[Card] | None = connection("All cards.")


@strawberry.type(description="What can be changed.")
class Mutation:
    write: Card | None = mutation("Writes a card.", write, authenticated=True)
    rename: Card | None = mutation("Gives a card another title.", rename, authenticated=True)


GRAPH = Graph(Query, mutation=Mutation, types=[CardBox, Card])
WRITE = 'mutation { write(title: "A", note: "secret", box: %d) { title note box { owner } } }'
ADA = Identity("ada", credential="ada's")


def shop(engine: str) -> tuple[GraphClient, MemorySource]:
    rows = [{"id": 1, "owner": "ada"}, {"id": 2, "owner": "bob"}]
    source = MemorySource("library", {"boxes": rows, "cards": []})
    settings = Settings.of(
        environment="development",
        engine=engine,
        encryption={"keys": {"a": KEY}, "current": "a"},
    )
    return GraphClient(GRAPH, [source], settings=settings), source


@pytest.mark.parametrize("engine", ["breadth", "graphql-core"])
async def test_what_is_written_is_in_the_answer(engine: str) -> None:
    client, source = shop(engine)

    written = await client.execute(WRITE % 1, identity=ADA)
    twice = await client.execute(
        'mutation { a: rename(id: 1, title: "B", seen: 1) { title version }'
        ' b: rename(id: 1, title: "C", seen: 1) { title version } }',
        identity=ADA,
    )
    seen = await client.execute("{ cards { nodes { title note version } } }", identity=ADA)

    assert (written.errors, written.data) == (
        [],
        {"write": {"title": "A", "note": "secret", "box": {"owner": "ada"}}},
    )
    (row,) = source.rows["cards"]
    assert is_encrypted(row["note"])
    assert Keyring({"a": b"k" * 32}, "a").decrypt(row["note"], cards, "note") == "secret"
    # The second had seen what the first has changed.
    assert twice.data == {"a": {"title": "B", "version": 2}, "b": None}
    (error,) = twice.errors
    assert (error["path"], error["extensions"]) == (["b"], {"code": "VERSION_CONFLICT"})
    assert seen.data == {"cards": {"nodes": [{"title": "B", "note": "secret", "version": 2}]}}


@pytest.mark.parametrize("engine", ["breadth", "graphql-core"])
@pytest.mark.parametrize("box", [2, 99])
async def test_what_names_what_is_not_seen_is_not_written(engine: str, box: int) -> None:
    client, source = shop(engine)

    answer = await client.execute(WRITE % box, identity=ADA)

    assert answer.data == {"write": None}
    (error,) = answer.errors
    assert error["extensions"] == {"code": "WRITE_REFUSED"}
    assert error["message"] == (
        "It can't be written so: what it names is not there, or not for you."
    )
    assert source.rows["cards"] == []
