"""A graph that would have its source compare what is encrypted is refused as it loads."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest

from gateway.app import encryption_of
from gateway.configuration import SettingsError
from gateway.settings import Settings
from gateway.testing import GraphClient
from loaders.encryption import Keyring
from loaders.identity import Identity
from loaders.memory import MemorySource
from loaders.query import Filter, Function, equals
from resolvers import Graph
from resolvers.connections import connection
from resolvers.fields import column
from resolvers.lookups import lookup
from resolvers.relations import aggregate, many, one
from tests.resolvers.declaring import (
    connection_of,
    faults_of,
    graph_of,
    list_of,
    node_type,
    table,
)

people = table("people")
PHONE = (str | None, column("A number.", encrypted=True))


def person(resource: Any = people, **fields: Any) -> Any:
    return node_type("Person", resource, **{"phone": PHONE, **fields})


def of_people(type_: Any, **fields: Any) -> list[str]:
    return faults_of(people=(connection_of(type_) | None, connection("All.")), **fields)


def test_what_is_only_read_is_taken() -> None:
    assert of_people(person()) == []


COMPARED = "it is encrypted, so its source can't compare it"
NAMED = "'phone' is encrypted, so its source can't compare it"


@pytest.mark.parametrize(
    ("fields", "faults"),
    [
        (
            {"phone": (str | None, column("A.", encrypted=True, filterable=True))},
            [f"Person.phone: filterable: {COMPARED}"],
        ),
        (
            {"phone": (str | None, column("A.", encrypted=True, sortable=True))},
            [f"Person.phone: sortable: {COMPARED}"],
        ),
        (
            {"phone": (int | None, column("A.", encrypted=True))},
            ["Person.phone: encrypted: only a text can be"],
        ),
        (
            {"number": (str | None, column("A.", name="phone"))},
            ["Person.number: it shows 'phone', which another field says is encrypted"],
        ),
    ],
    ids=["filterable", "sortable", "number", "twice"],
)
def test_a_field_that_can_not_be_is_refused(fields: dict[str, Any], faults: list[str]) -> None:
    assert of_people(person(**fields)) == faults


def test_a_type_over_the_same_rows_says_so_too() -> None:
    other = node_type("Other", table("people"), phone=(str | None, column("A.")))

    assert of_people(person(), others=(connection_of(other) | None, connection("All."))) == [
        "Other.phone: it shows 'phone', which another field says is encrypted"
    ]


def by_phone(_: Identity) -> Filter:
    return equals("phone", "a")


@pytest.mark.parametrize(
    ("where", "fields"),
    [
        ("Query.people: order_by", {}),
        ("Shop.people: by", {"people": lambda it: (list_of(it) | None, many("A.", by="phone"))}),
        ("Shop.one: to", {"one": lambda it: (it | None, one("A.", by="name", to="phone"))}),
        ("Shop.most: column", {}),
        ("Query.person: by", {}),
        ("Person: its row filter", {}),
    ],
    ids=["order", "list", "relation", "aggregate", "lookup", "row filter"],
)
def test_nothing_is_found_or_sorted_by_it(where: str, fields: dict[str, Any]) -> None:
    resource = table("people", row_filter=by_phone) if "row filter" in where else people
    type_ = person(resource)
    roots: dict[str, Any] = {}
    order = "phone" if "order_by" in where else "id"
    roots["people"] = (connection_of(type_) | None, connection("All.", order_by=order))
    own = {name: make(type_) for name, make in fields.items()}
    if "column" in where:
        most = aggregate("A.", of=people, by="shop_id", function=Function.MAX, column="phone")
        own["most"] = (str | None, most)
    if own:
        shop = node_type("Shop", table("shops"), name=(str, column("A.")), **own)
        roots["shops"] = (connection_of(shop) | None, connection("All."))
    if "Query.person:" in where:
        roots["person"] = (type_ | None, lookup("One.", by=("phone",)))
    faults = faults_of(**roots)

    assert [fault for fault in faults if fault.startswith(f"{where}: 'phone' is encrypted")]


KEY = b64encode(b"k" * 32).decode()
GRAPH: Graph = graph_of(people=(connection_of(person()) | None, connection("All.")))


def test_without_a_key_nothing_is_served() -> None:
    with pytest.raises(SettingsError, match=r"set encryption\.keys"):
        encryption_of(GRAPH, Settings.of())

    found = encryption_of(GRAPH, Settings.of(encryption={"keys": {"a": KEY}, "current": "a"}))
    assert found is not None
    assert found.columns == {people.id: frozenset({"phone"})}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"keys": {"a": KEY}}, "encryption.current must be the id of one of encryption.keys"),
        ({"keys": {"a": KEY}, "current": "b"}, "encryption.current must be the id"),
        ({"keys": {"a": KEY[:-5]}, "current": "a"}, "the key 'a' is not 32 bytes in base64"),
        ({"keys": {"a": "é"}, "current": "a"}, "the key 'a' is not 32 bytes in base64"),
        ({"keys": {"a:b": KEY}, "current": "a:b"}, "should match pattern"),
    ],
)
def test_keys_that_are_none_are_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match="encryption") as refused:
        Settings.of(encryption=given)

    assert said in str(refused.value)
    assert KEY[:20] not in str(refused.value)


async def test_clients_read_texts() -> None:
    value = Keyring({"a": b"k" * 32}, "a").encrypt("+420 1", people, "phone")
    rows = [{"id": 1, "phone": value}, {"id": 2, "phone": value[:-3]}]
    settings = Settings.of(
        environment="development", encryption={"keys": {"a": KEY}, "current": "a"}
    )
    client = GraphClient(GRAPH, [MemorySource("shop", {"people": rows})], settings=settings)

    response = await client.execute("{ people { nodes { phone } } }")

    assert response.data == {"people": {"nodes": [{"phone": "+420 1"}, {"phone": None}]}}
    (error,) = response.errors
    assert error["path"] == ["people", "nodes", 1, "phone"]
    assert error["extensions"]["code"] == "UPSTREAM_BAD_RESPONSE"
