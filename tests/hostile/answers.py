"""Who asks, and how it shall be answered: credentials, documents by their ids, parts and events."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Iterable

import jwt
import orjson

from tests.gateway.edge import head, post
from tests.hostile.requests import (
    GRAPHQL_JSON,
    MEGABYTE,
    Hostile,
    Send,
    asked,
    at_once,
    by_staff,
    got,
    in_row,
    posted,
    raw,
)
from tests.hostile.serving import Target
from tests.identities import AUDIENCE, ISSUER

DENIED = "401 UNAUTHENTICATED"
BAD = "400 BAD_USER_INPUT"
NOTHING = {"query": "{ __typename }"}

_SECRET = "a secret of somebody else, which is long enough"


def bearing(token: str) -> Send:
    return posted(NOTHING, authorization=f"Bearer {token}")


def key(value: str) -> Send:
    return posted(NOTHING, x_api_key=value)


def unsigned(header: object, claims: object, signature: bytes = b"") -> str:
    parts = (orjson.dumps(header), orjson.dumps(claims), signature)
    return ".".join(base64.urlsafe_b64encode(each).decode().rstrip("=") for each in parts)


def signed(**headers: object) -> str:
    return jwt.encode(CLAIMS, _SECRET, algorithm="HS256", headers=headers)


CLAIMS = {"iss": ISSUER, "aud": AUDIENCE, "sub": "staff-1", "exp": 4_000_000_000}
DEEP = base64.urlsafe_b64encode(b"[" * 20_000).decode()

CREDENTIALS = [
    Hostile("a token that is none", bearing("a"), DENIED),
    Hostile("a token of 30 KB", bearing("a" * 30_000), DENIED),
    Hostile("a token of dots", bearing("." * 30_000), DENIED),
    Hostile("a token whose header nests", bearing(f"{DEEP}.{DEEP[:100]}.a"), DENIED),
    Hostile(
        "a token whose claims nest",
        bearing(f"{unsigned({'alg': 'EdDSA'}, {}).partition('.')[0]}.{DEEP}.a"),
        DENIED,
    ),
    Hostile("a token that nobody signed", bearing(unsigned({"alg": "none"}, CLAIMS)), DENIED),
    Hostile("a token that somebody else signed", bearing(signed()), DENIED),
    Hostile("a key of a token that is a path", bearing(signed(kid="../../../../dev/null")), DENIED),
    Hostile(
        "a key of a token that is a statement", bearing(signed(kid="' union select 'a' --")), DENIED
    ),
    Hostile(
        "a key of a token from elsewhere",
        bearing(signed(jku="http://127.0.0.1:1/keys", jwk={"kty": "oct", "k": "YQ"})),
        DENIED,
    ),
    Hostile("a key of a token that is 20 KB", bearing(signed(kid="k" * 18_000)), DENIED),
    Hostile(
        "a token that is packed",
        bearing(unsigned({"alg": "dir", "enc": "A256GCM", "zip": "DEF"}, CLAIMS)),
        DENIED,
    ),
    Hostile(
        "a token without an end",
        bearing(unsigned({"alg": "EdDSA"}, {**CLAIMS, "exp": 1e300}, bytes(64))),
        DENIED,
    ),
    Hostile(
        "two tokens", posted(NOTHING, authorization="Bearer a", Authorization="Bearer b"), DENIED
    ),
    Hostile("a token and a key", posted(NOTHING, authorization="Bearer a", x_api_key="b"), DENIED),
    Hostile("a password", posted(NOTHING, authorization="Basic YTpi"), DENIED),
    Hostile(
        "a credential without a word", posted(NOTHING, authorization=""), "401 UNAUTHENTICATED"
    ),
    Hostile("an API key that is none", key("a"), DENIED),
    Hostile("an API key of 30 KB", key("sluice_" + "a" * 30_000), DENIED),
    Hostile("an API key of zeros in text", key("sluice_" + "\u00e9" * 100), DENIED),
    Hostile(
        "90 tokens at once",
        at_once(90, bearing(unsigned({"alg": "EdDSA"}, CLAIMS, bytes(64)))),
        DENIED,
        cpu=1.0,
    ),
    Hostile(
        "90 keys that are not known, at once", lambda target: many_keys(target), DENIED, cpu=1.0
    ),
]


async def many_keys(target: Target) -> Iterable[str]:
    keys = (f"sluice_{number:016}_{'a' * 43}" for number in range(90))
    ends = await asyncio.gather(*(key(each)(target) for each in keys))
    return {end for each in ends for end in each}


def hashed(digest: object, query: str | None = None, version: object = 1) -> dict[str, object]:
    persisted = {"persistedQuery": {"version": version, "sha256Hash": digest}}
    return {"extensions": persisted} | ({} if query is None else {"query": query})


async def registering(target: Target) -> Iterable[str]:
    """Registers far more documents than are kept, of 100 KB each."""
    ends: set[str] = set()
    for number in range(100):
        query = f"{{ __typename }} #{number}" + " " * 100_000
        ends |= {*await posted(hashed(hashlib.sha256(query.encode()).hexdigest(), query))(target)}
    return ends


DOCUMENTS = [
    Hostile(
        "a digest that is not known", posted(hashed("0" * 64)), "400 PERSISTED_QUERY_NOT_FOUND"
    ),
    Hostile("a digest of another text", posted(hashed("0" * 64, "{ __typename }")), BAD),
    Hostile("a digest of 900 KB", posted(hashed("0" * 900_000)), "400 PERSISTED_QUERY_NOT_FOUND"),
    Hostile("a digest that is a list", posted(hashed([0] * 100_000)), BAD),
    Hostile("a digest of version 2", posted(hashed("0" * 64, version=2)), BAD),
    Hostile(
        "an id of a document of 900 KB",
        posted({"documentId": "a" * 900_000}),
        "400 PERSISTED_QUERY_NOT_IN_LIST",
    ),
    Hostile("an id of a document that is a list", posted({"documentId": []}), BAD),
    Hostile(
        "a digest of what is too much",
        posted(
            hashed(
                hashlib.sha256(b"{" + b" a" * 9_000 + b" }").hexdigest(), "{" + " a" * 9_000 + " }"
            )
        ),
        "400 OPERATION_TOO_COMPLEX",
    ),
    Hostile("100 documents of 100 KB", registering, "200", memory=32 * MEGABYTE, cpu=3.0),
]

MANY_PARTS = "{" + "".join(f" ... @defer {{ a{n}: __typename }}" for n in range(19)) + " }"
NESTED_PARTS = "{ carriers { nodes { " + "... @defer { " * 40 + "id" + " }" * 40 + " } } }"
ORDERS = """
{ orders(first: 100) { nodes { id ... @defer { lines { id ... @defer { product { name } } } } } } }
"""

HOW = [
    Hostile("parts", asked(MANY_PARTS, accept="multipart/mixed"), "200"),
    Hostile("parts within parts", asked(NESTED_PARTS, accept="multipart/mixed"), "200"),
    Hostile(
        "51 parts",
        asked(
            "{ carriers { nodes {" + " ... @defer { id }" * 51 + " } } }", accept="multipart/mixed"
        ),
        "200 OPERATION_TOO_COMPLEX",
    ),
    Hostile(
        "parts of lists",
        by_staff(ORDERS, accept="multipart/mixed"),
        "200",
        cpu=5.0,
        memory=64 * MEGABYTE,
    ),
    Hostile("parts by JSON", asked(MANY_PARTS), "200"),
    Hostile(
        "streams",
        asked("{ carriers { nodes @stream(initialCount: 0) { id } } }", accept="multipart/mixed"),
        "200",
    ),
    Hostile(
        "a stream from less than none",
        asked("{ carriers { nodes @stream(initialCount: -5) { id } } }", accept="multipart/mixed"),
        "200 BAD_USER_INPUT",
    ),
    Hostile(
        "events of what is invalid",
        asked("{ a }", accept="text/event-stream"),
        "200 GRAPHQL_VALIDATION_FAILED",
    ),
    Hostile(
        "events of what is too much",
        asked("{" + " a" * 9_000 + " }", accept="text/event-stream"),
        "200 OPERATION_TOO_COMPLEX",
    ),
    Hostile(
        "90 streams of events at once",
        at_once(90, asked("{ carriers { nodes { id } } }", accept="text/event-stream")),
        "200",
        cpu=1.5,
    ),
    Hostile(
        "an answer in a type that there is not",
        posted(NOTHING, accept="image/png"),
        "406 BAD_USER_INPUT",
    ),
    Hostile(
        "an answer in any of 2,000 types",
        posted(NOTHING, accept="a/b;q=0.1, " * 2_000),
        "406 BAD_USER_INPUT",
    ),
    Hostile("an answer in a type of 30 KB", posted(NOTHING, accept="a" * 30_000), "200"),
    Hostile(
        "an answer by a weight that is none",
        posted(NOTHING, accept=f"{GRAPHQL_JSON};q=" + "9" * 10_000),
        "200",
    ),
    Hostile("a mutation by GET", got("query=mutation{a}"), "405 BAD_USER_INPUT"),
    Hostile(
        "a document of 8 KB by GET",
        got("query=%7B" + "a%20" * 1_900 + "%7D"),
        "200 OPERATION_TOO_COMPLEX",
    ),
    Hostile(
        "OPTIONS",
        raw(head("OPTIONS /graphql HTTP/1.1", origin="http://a") + b"\r\n"),
        "405 BAD_USER_INPUT",
    ),
    Hostile("500 probes", in_row(500, head("GET /readyz HTTP/1.1") + b"\r\n"), "200", cpu=1.0),
    Hostile("500 small ones in a row", in_row(500, post()), "200", cpu=1.5),
    Hostile("90 at once", at_once(90, asked("{ carriers { nodes { id name } } }")), "200", cpu=1.0),
]

ROWS = [*CREDENTIALS, *DOCUMENTS, *HOW]
