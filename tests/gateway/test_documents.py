"""Documents that are asked for by an id: trusted ones, and those that clients register."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from pydantic import ValidationError

from gateway.operations.documents import Registered, digest_of, read_manifest
from gateway.settings import Settings
from loaders.identity import ANONYMOUS, Identity
from tests.client import Gateway, serving
from tests.probe import PROBE

NAME = "query Name { __typename }"
ORDER = "query Order($first: Int!) { orders(first: $first) { nodes { number } } }"
OTHER = "{ other: __typename }"
INVALID = "{ nothing }"


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


RELAY = {"opaque": NAME, sha(ORDER): ORDER}
APOLLO = {
    "format": "apollo-persisted-query-manifest",
    "version": 1,
    "operations": [
        {"id": "opaque", "name": "Name", "type": "query", "body": NAME},
        {"id": sha(ORDER), "name": "Order", "type": "query", "body": ORDER},
    ],
}


@asynccontextmanager
async def gateway_with(
    sources: dict[str, dict[str, Any]], **documents: Any
) -> AsyncIterator[Gateway]:
    settings = Settings.of(
        graph=PROBE, environment="development", sources=sources, documents=documents
    )
    async with serving(settings) as gateway:
        yield gateway


def persisted(text: str, **more: Any) -> dict[str, Any]:
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": sha(text), **more}}}


async def asked(gateway: Gateway, **request: Any) -> tuple[int, Any]:
    answer = await gateway.post(orjson.dumps(request))
    return answer.status, answer.body


def refused(message: str, code: str) -> dict[str, Any]:
    return {"errors": [{"message": message, "extensions": {"code": code}}]}


NAMED = {"data": {"__typename": "Query"}}

NOT_SUPPORTED = refused("PersistedQueryNotSupported", "PERSISTED_QUERY_NOT_SUPPORTED")
NOT_FOUND = refused("PersistedQueryNotFound", "PERSISTED_QUERY_NOT_FOUND")
NOT_IN_LIST = "PERSISTED_QUERY_NOT_IN_LIST"


@pytest.fixture(scope="module", params=[RELAY, APOLLO], ids=["relay", "apollo"])
def manifest(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    file: Path = tmp_path_factory.mktemp("documents") / "manifest.json"
    file.write_text(json.dumps(request.param))
    return str(file)


IDS: list[dict[str, Any]] = [
    {"documentId": "opaque"},
    {"documentId": f"sha256:{sha(NAME)}"},
    {"documentId": "opaque", "query": NAME},
    {"documentId": "opaque", "query": ""},
    persisted(NAME),
    {**persisted(NAME), "query": NAME},
    {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": sha(NAME).upper()}}},
]


async def test_where_there_are_none_clients_are_told_to_send_the_text(
    source_settings: dict[str, dict[str, Any]],
) -> None:
    async with gateway_with(source_settings) as gateway:
        assert await asked(gateway, **persisted(NAME)) == (200, NOT_SUPPORTED)
        assert await asked(gateway, **persisted(NAME), query=NAME) == (200, NAMED)
        assert await asked(gateway, documentId="opaque") == (
            200,
            refused("No document has this id here.", NOT_IN_LIST),
        )
        accept = "application/graphql-response+json"
        strict = await gateway.post(orjson.dumps(persisted(NAME)), accept=accept)
        assert (strict.status, strict.body) == (400, NOT_SUPPORTED)


@pytest.mark.parametrize("trusted", ["allow", "only"])
async def test_trusted_documents_run_by_their_ids(
    source_settings: dict[str, dict[str, Any]], manifest: str, trusted: str
) -> None:
    async with gateway_with(source_settings, trusted=trusted, manifest=manifest) as gateway:
        answers = [await asked(gateway, **request) for request in IDS]
        status, orders = await asked(gateway, documentId=sha(ORDER), variables={"first": 2})

    assert answers == [(200, NAMED)] * len(IDS)
    assert status == 200
    assert len(orders["data"]["orders"]["nodes"]) == 2


async def test_other_texts_run_where_they_may(
    source_settings: dict[str, dict[str, Any]], manifest: str
) -> None:
    async with gateway_with(source_settings, trusted="allow", manifest=manifest) as gateway:
        assert await asked(gateway, query=OTHER) == (200, {"data": {"other": "Query"}})
        assert await asked(gateway, query=NAME, documentId="opaque") == (200, NAMED)
        assert await asked(gateway, query=OTHER, documentId="opaque") == (
            400,
            refused("The query is another than that of its id.", "BAD_USER_INPUT"),
        )


ID_REQUIRED = refused(
    "Trusted documents alone run here: send the documentId of one, and no query.",
    "PERSISTED_QUERY_ID_REQUIRED",
)
NOT_TRUSTED = refused("This is none of the trusted documents.", "QUERY_NOT_IN_SAFELIST")
UNKNOWN = refused("No trusted document has this id.", NOT_IN_LIST)
UNKNOWN_DIGEST = refused("PersistedQueryNotFound", NOT_IN_LIST)

REFUSED: list[tuple[dict[str, Any], Any, Any]] = [
    ({"query": NAME}, ID_REQUIRED, NAMED),
    ({"query": OTHER}, ID_REQUIRED, NOT_TRUSTED),
    ({"query": f"{NAME} "}, ID_REQUIRED, NOT_TRUSTED),
    ({"documentId": "other"}, UNKNOWN, UNKNOWN),
    ({"documentId": ""}, None, None),
    ({"documentId": "other", "query": NAME}, UNKNOWN, NAMED),
    ({"documentId": "other", "query": OTHER}, UNKNOWN, NOT_TRUSTED),
    (persisted(OTHER), UNKNOWN_DIGEST, UNKNOWN_DIGEST),
    ({**persisted(OTHER), "query": OTHER}, UNKNOWN_DIGEST, NOT_TRUSTED),
    ({"query": "{ __schema { description } }"}, ID_REQUIRED, NOT_TRUSTED),
]


@pytest.mark.parametrize("bodies", [False, True])
async def test_where_they_alone_run_nothing_else_does(
    source_settings: dict[str, dict[str, Any]], manifest: str, bodies: bool
) -> None:
    documents = {"trusted": "only", "manifest": manifest, "bodies": bodies}
    async with gateway_with(source_settings, **documents) as gateway:
        for request, by_ids, by_bodies in REFUSED:
            told = by_bodies if bodies else by_ids
            if told is None:
                told = refused("The request has no query.", "BAD_USER_INPUT")
            _, body = await asked(gateway, **request)
            assert body == told, request


async def test_it_is_so_on_every_transport(
    source_settings: dict[str, dict[str, Any]], manifest: str
) -> None:
    documents = {"trusted": "only", "manifest": manifest}
    payload = {"documentId": "opaque"}
    async with gateway_with(source_settings, **documents) as gateway:
        async with gateway.session.get(f"{gateway.url}/graphql", params=payload) as response:
            got = await response.json()
        async with gateway.session.get(
            f"{gateway.url}/graphql", params={"query": NAME}
        ) as response:
            got_refused = await response.json()
        headers = {"accept": "text/event-stream"}
        async with gateway.session.post(
            f"{gateway.url}/graphql", json=payload, headers=headers
        ) as response:
            events = await response.text()
        async with gateway.session.post(
            f"{gateway.url}/graphql", json={"query": NAME}, headers=headers
        ) as response:
            events_refused = await response.text()
        async with gateway.connected() as socket:
            await socket.send(id="1", type="subscribe", payload=payload)
            ran = [await socket.receive(), await socket.receive()]
            await socket.send(id="2", type="subscribe", payload={"query": NAME})
            socket_refused = await socket.receive()

    assert (got, got_refused) == (NAMED, ID_REQUIRED)
    assert '"__typename":"Query"' in events
    assert "PERSISTED_QUERY_ID_REQUIRED" in events_refused
    assert ran == [
        {"id": "1", "type": "next", "payload": NAMED},
        {"id": "1", "type": "complete"},
    ]
    assert socket_refused == {"id": "2", "type": "error", "payload": ID_REQUIRED["errors"]}


async def test_a_client_registers_what_it_asks_for_again(
    source_settings: dict[str, dict[str, Any]],
) -> None:
    async with gateway_with(source_settings, automatic=10) as gateway:
        first = await asked(gateway, **persisted(OTHER))
        registered = await asked(gateway, **persisted(OTHER), query=OTHER)
        again = await asked(gateway, **persisted(OTHER))
        # What is not valid, or too much, is not kept.
        invalid = await asked(gateway, **persisted(INVALID), query=INVALID)
        invalid_again = await asked(gateway, **persisted(INVALID))
        deep = "{ " + "products { nodes { category { " * 10 + "id" + " } } }" * 10 + " }"
        _, too_much = await asked(gateway, **persisted(deep), query=deep)
        too_much_again = await asked(gateway, **persisted(deep))
        forged = await asked(gateway, **persisted(NAME), query=OTHER)
        forged_again = await asked(gateway, **persisted(NAME))

    assert first == (200, NOT_FOUND)
    assert registered == again == (200, {"data": {"other": "Query"}})
    assert invalid[1]["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert too_much["errors"][0]["extensions"]["code"] == "OPERATION_TOO_COMPLEX"
    assert invalid_again == too_much_again == forged_again == (200, NOT_FOUND)
    assert forged == (400, refused("provided sha does not match query", "BAD_USER_INPUT"))


@pytest.mark.parametrize(
    ("extension", "message"),
    [
        (None, "The request has no query."),
        ([], "The request has no query."),
        ("a", "Unsupported persisted query version"),
        ({}, "The request has no query."),
        ({"version": 2, "sha256Hash": sha(NAME)}, "Unsupported persisted query version"),
        ({"version": 1}, "persistedQuery must have a sha256Hash."),
        ({"version": 1, "sha256Hash": 5}, "persistedQuery must have a sha256Hash."),
    ],
)
async def test_what_asks_for_no_document_is_told_why(
    probe: Gateway, extension: object, message: str
) -> None:
    told = await asked(probe, extensions={"persistedQuery": extension})

    assert told == (400, refused(message, "BAD_USER_INPUT"))


async def test_an_id_is_a_text(probe: Gateway) -> None:
    assert await asked(probe, documentId=5, query=NAME) == (
        400,
        refused("The documentId must be a string.", "BAD_USER_INPUT"),
    )


BROKEN: dict[str, tuple[str | None, str]] = {
    "missing": (None, "can't be read: No such file or directory"),
    "empty": ("", "is no JSON"),
    "no documents": ("{}", "has no documents"),
    "a list": ("[]", "must be an object of documents by ids, or Apollo's manifest"),
    "no texts": ('{"a": 5}', "must have documents as texts, by ids that are texts"),
    "an empty text": ('{"a": " "}', "must have documents as texts, by ids that are texts"),
    "no operations": (
        json.dumps({**APOLLO, "operations": []}),
        "has no documents",
    ),
    "another version": (json.dumps({**APOLLO, "version": 2}), "no manifest of Apollo's version 1"),
    "no object": (
        json.dumps({**APOLLO, "operations": ["a"]}),
        "has an operation that is no object",
    ),
    "one id twice": (
        json.dumps(
            {**APOLLO, "operations": [{"id": "a", "body": NAME}, {"id": "a", "body": OTHER}]}
        ),
        "has two documents with the id 'a'",
    ),
    "another digest": (
        json.dumps({f"sha256:{sha(NAME)}": OTHER}),
        "has a document with another digest than its id",
    ),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_a_manifest_that_is_none_ends_the_start(tmp_path: Path, broken: str) -> None:
    text, said = BROKEN[broken]
    file = tmp_path / "manifest.json"
    if text is not None:
        file.write_text(text)

    with pytest.raises(ValidationError) as refusal:
        Settings.of(documents={"trusted": "only", "manifest": str(file)})

    assert said in str(refusal.value)


@pytest.mark.parametrize(
    "documents",
    [
        {"trusted": "only"},
        {"trusted": "allow"},
        {"bodies": True},
        {"manifest": "manifest.json"},
        {"trusted": "only", "manifest": "manifest.json", "automatic": 5},
        {"trusted": "some", "manifest": "manifest.json"},
    ],
)
def test_settings_that_contradict_themselves_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, documents: dict[str, Any]
) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps(RELAY))
    monkeypatch.chdir(tmp_path)

    with pytest.raises(ValidationError):
        Settings.of(documents=documents)


def test_a_manifest_has_all_ids_of_its_documents(tmp_path: Path) -> None:
    file = tmp_path / "manifest.json"
    file.write_text(json.dumps(RELAY))

    assert read_manifest(file) == {
        "opaque": NAME,
        digest_of(NAME): NAME,
        sha(ORDER): ORDER,
        digest_of(ORDER): ORDER,
    }


def test_registered_documents_are_bounded_for_each_caller() -> None:
    registered = Registered(3)
    someone, other = Identity(subject="someone"), Identity(subject="other")
    for caller in (someone, ANONYMOUS):
        for number in range(5):
            registered.add(caller, str(number), f"document {number}")
    registered.add(someone, "long", "a" * 30_000)

    assert [registered.get(someone, str(number)) for number in range(5)] == [
        None,
        None,
        "document 2",
        "document 3",
        "document 4",
    ]
    assert registered.get(someone, "long") is None
    assert registered.get(other, "4") is None
    assert registered.get(ANONYMOUS, "4") == "document 4"
