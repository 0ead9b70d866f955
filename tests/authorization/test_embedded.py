"""Fields of embedded documents are guarded like any others, in both engines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
import strawberry

from gateway.operations.executors import EXECUTORS
from gateway.settings import Settings
from gateway.testing import GraphClient
from loaders.identity import ANONYMOUS, Identity
from loaders.resource import Row
from resolvers.directives import Authenticated, Policies, RequiresScopes
from resolvers.graph import Graph
from resolvers.policies import policy

engines = pytest.mark.parametrize("engine", EXECUTORS)

READER = Identity(subject="r", scopes=frozenset({"notes"}), claims={"level": 2}, credential="test")
OTHER = Identity(subject="o", scopes=frozenset(), claims={}, credential="test")

asked: Counter[str] = Counter()


@policy("level", claims=["level"])
async def level(identity: Identity, rows: Sequence[Row]) -> list[bool]:
    """Those documents whose level is the caller's or lower. What is none has none."""
    asked["level"] += 1
    return [
        not isinstance(row, dict) or row.get("level", 0) <= identity.claims["level"] for row in rows
    ]


@strawberry.type(description="A part of a document.", directives=[Authenticated()])
class Part:
    size: int | None = strawberry.field(description="How large it is.")


@strawberry.type(description="A document.")
class Document:
    title: str | None = strawberry.field(description="For all.")
    draft: str | None = strawberry.field(
        description="For those who sign in.", directives=[Authenticated()]
    )
    note: str | None = strawberry.field(
        description="For readers of notes.", directives=[RequiresScopes.of([["notes"]])]
    )
    secret: str | None = strawberry.field(
        description="By its level.", directives=[Policies.of([["level"]])]
    )
    part: Part | None = strawberry.field(description="A part of it.")


def held(number: int) -> dict[str, Any]:
    return {
        "title": f"title {number}",
        "draft": f"draft {number}",
        "note": f"note {number}",
        "secret": f"secret {number}",
        "level": number,
        "part": {"size": number},
    }


@strawberry.type(description="What can be asked.")
class Query:
    @strawberry.field
    def documents(self) -> list[Document | None]:
        """Documents, an object like one, and what is none."""
        documents: list[Any] = [held(1), SimpleNamespace(**held(2)), "text", None, held(3)]
        return documents


graph = Graph(Query, policies=[level])


@pytest.fixture(autouse=True)
def _nobody_was_asked() -> None:
    asked.clear()


async def seen(engine: str, field: str, identity: Identity) -> tuple[list[Any], list[Any]]:
    """The documents with the field alone, and the errors."""
    client = GraphClient(graph, settings=Settings.of(engine=engine))
    response = await client.execute(f"{{ documents {{ {field} }} }}", identity=identity)
    paths = [".".join(map(str, error["path"])) for error in response.errors]
    return response.data["documents"], list(zip(paths, response.codes, strict=True))


def of(field: str, *values: Any) -> list[Any]:
    """The documents, of which the fourth is none."""
    shown: list[Any] = [{field: value} for value in values]
    return [*shown[:3], None, *shown[3:]]


def at(field: str, code: str, *indices: int) -> list[tuple[str, str]]:
    """The errors of the field of these documents."""
    return [(f"documents.{index}.{field}", code) for index in indices]


@engines
@pytest.mark.parametrize("field", ["draft", "note", "secret"])
async def test_an_anonymous_caller_sees_none(engine: str, field: str) -> None:
    documents, errors = await seen(engine, field, ANONYMOUS)

    assert documents == of(field, None, None, None, None)
    assert errors == at(field, "UNAUTHENTICATED", 0, 1, 2, 4)
    assert asked.total() == 0


@engines
@pytest.mark.parametrize("field", ["note", "secret"])
async def test_one_whom_the_rule_does_not_let_sees_none(engine: str, field: str) -> None:
    documents, errors = await seen(engine, field, OTHER)

    assert documents == of(field, None, None, None, None)
    assert errors == at(field, "UNAUTHORIZED_FIELD_OR_TYPE", 0, 1, 2, 4)
    assert asked.total() == 0


@engines
@pytest.mark.parametrize("field", ["title", "draft", "note"])
async def test_one_whom_it_lets_sees_all_and_the_text_fails_alone(engine: str, field: str) -> None:
    documents, errors = await seen(engine, field, READER)

    assert documents == of(field, f"{field} 1", f"{field} 2", None, f"{field} 3")
    assert errors == at(field, "INTERNAL_SERVER_ERROR", 2)


@engines
async def test_a_policy_judges_each_document(engine: str) -> None:
    documents, errors = await seen(engine, "secret", READER)

    assert documents == of("secret", "secret 1", "secret 2", None, None)
    assert errors == [
        *at("secret", "INTERNAL_SERVER_ERROR", 2),
        *at("secret", "UNAUTHORIZED_FIELD_OR_TYPE", 4),
    ]
    assert asked["level"] == 1


@engines
@pytest.mark.parametrize(("identity", "lets"), [(ANONYMOUS, False), (OTHER, True)])
async def test_a_rule_of_a_documents_type_guards_its_fields(
    engine: str, identity: Identity, lets: bool
) -> None:
    documents, errors = await seen(engine, "part { size }", identity)

    parts = [{"size": number} if lets else None for number in (1, 2, 3)]
    assert documents == of("part", parts[0], parts[1], None, parts[2])
    assert errors == (
        at("part", "INTERNAL_SERVER_ERROR", 2)
        if lets
        else at("part", "UNAUTHENTICATED", 0, 1, 2, 4)
    )
