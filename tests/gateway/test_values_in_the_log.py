"""The log says which value does not fit and why, and has nothing of the value itself."""

from __future__ import annotations

import enum
import logging

import pytest
import strawberry
from strawberry.scalars import JSON

from gateway.operations.executors import EXECUTORS
from gateway.settings import Settings
from gateway.testing import GraphClient
from loaders.memory import MemorySource, MemoryTable
from resolvers.fields import column
from resolvers.lookups import lookup
from resolvers.scalars import SCALARS
from tests.resolvers.declaring import graph_of, list_of, node_type

SECRET = "4111 1111\n1111 1111"


@strawberry.enum
class Size(enum.Enum):
    SMALL = "small"


ANNOTATIONS = [
    Size,
    *(scalar for scalar in SCALARS if scalar not in (str, strawberry.ID, JSON)),
    list_of(int),
]


@pytest.mark.parametrize("engine", EXECUTORS)
@pytest.mark.parametrize("value", [SECRET, {SECRET: SECRET}, [SECRET], [[SECRET]]], ids=repr)
@pytest.mark.parametrize("annotation", ANNOTATIONS, ids=str)
async def test_a_value_that_does_not_fit_is_not_in_the_log(
    caplog: pytest.LogCaptureFixture, annotation: object, value: object, engine: str
) -> None:
    it = (annotation | None, column("It."))  # type: ignore[operator]
    box = node_type("Box", MemoryTable(source="shop", name="boxes"), it=it)
    graph = graph_of(box=(box | None, lookup("One.", by="id")))
    source = MemorySource("shop", {"boxes": [{"id": 1, "it": value}]})
    client = GraphClient(graph, [source], settings=Settings.of(engine=engine))

    with caplog.at_level(logging.INFO):
        response = await client.execute('{ box(id: "Qm94OjE=") { it } }')

    assert (response.data["box"], response.codes) == ({"it": None}, ["UPSTREAM_BAD_RESPONSE"])
    (record,) = caplog.records
    line = record.getMessage()
    assert line.startswith("a value of source shop does not fit at ['box', 'it'")
    assert "4111" not in line
    assert "\n" not in line
