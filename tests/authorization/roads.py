"""The roads by which a client can ask for a field: how the operation is written, and how it is
sent."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from tests.authorization.ways import Way
from tests.client import Answer, Gateway, request

ALIAS = "seen_"

Variables = Mapping[str, Any]
Send = Callable[[Gateway, str, Variables], Awaitable[Answer]]


async def post(gateway: Gateway, query: str, variables: Variables) -> Answer:
    return await gateway.ask(query, variables)


async def get(gateway: Gateway, query: str, variables: Variables) -> Answer:
    parameters = {
        "query": query,
        "variables": orjson.dumps(variables).decode(),
        "extensions": '{"explain": true}',
    }
    async with gateway.session.get(f"{gateway.url}/graphql", params=parameters) as response:
        return Answer(response.status, orjson.loads(await response.read()), response.headers)


async def batch(gateway: Gateway, query: str, variables: Variables) -> Answer:
    """Sent with an operation before it and one behind it, which have nothing that is denied."""
    harmless = request("{ __typename }")
    asked = request(query, variables, explain=True)
    before, answer, behind = await gateway.batch(harmless, asked, harmless)
    assert before.data == behind.data == {"__typename": "Query"}
    return answer


async def socket(gateway: Gateway, query: str, variables: Variables) -> Answer:
    async with gateway.connected() as connection:
        return await connection.ask(query, variables)


async def events(gateway: Gateway, query: str, variables: Variables) -> Answer:
    async with gateway.events(query, variables, explain=True) as stream:
        (name, body), (last, _) = [event async for event in stream]
    assert (name, last) == ("next", "complete")
    return Answer(200, body, {})


async def parts(gateway: Gateway, query: str, variables: Variables) -> Answer:
    """What the parts of an answer come to when they are all there."""
    first, *later = await gateway.parts(query, variables, explain=True)
    assert later, "nothing was deferred"
    data, errors = first["data"], first.get("errors", [])
    extensions: dict[str, Any] = {}
    places = {each["id"]: each["path"] for each in first["pending"]}
    for part in later:
        places |= {each["id"]: each["path"] for each in part.get("pending", [])}
        for each in part.get("incremental", []):
            _merge(_at(data, [*places[each["id"]], *each.get("subPath", [])]), each["data"])
            errors += each.get("errors", [])
        for each in part.get("completed", []):
            errors += each.get("errors", [])
        extensions |= part.get("extensions", {})
    errors_if_any = {"errors": errors} if errors else {}
    return Answer(200, {"data": data, **errors_if_any, "extensions": extensions}, {})


@dataclass(frozen=True)
class Road:
    """How a client asks for fields.

    ``selection`` and ``fragments`` are how it writes that, with the ``fields`` of a ``type``;
    ``alias`` stands before each field, ``beside`` is asked at the root. ``send`` is how it sends
    that. Ids stand in the operation's text, unless they are sent ``by_variables``. ``on_node``: the
    type must be a ``Node``.
    """

    selection: str = "%(fields)s"
    fragments: str = ""
    send: Send = post
    alias: str = ""
    beside: str = ""
    by_variables: bool = False
    on_node: bool = False


FRAGMENT = "fragment A on %(type)s { %(fields)s }"

DEFERRED = "... @defer { __typename }"
"""So that there are several parts even where the fields stand on no object."""

ROADS = {
    "plain": Road(),
    "alias": Road(alias=ALIAS),
    "fragment": Road("...A", FRAGMENT),
    "nested fragments": Road(
        "...A",
        "fragment A on %(type)s { ...B } fragment B on %(type)s { ... { ...C } } "
        "fragment C on %(type)s { %(fields)s }",
    ),
    "twice": Road("...A %(fields)s ...A", FRAGMENT),
    "inline fragment": Road("... on %(type)s { %(fields)s }"),
    "inline fragment on Node": Road("... on Node { ... on %(type)s { %(fields)s } }", on_node=True),
    "fragment on Node": Road(
        "...A", "fragment A on Node { ... on %(type)s { %(fields)s } }", on_node=True
    ),
    "include": Road("... @include(if: $yes) { %(fields)s } ... @skip(if: $no) { __typename }"),
    "variables": Road(by_variables=True),
    "GET": Road(send=get),
    "batch": Road(send=batch),
    "WebSocket": Road(send=socket),
    "SSE": Road(send=events),
    "@defer": Road("... @defer { %(fields)s }", send=parts, beside=DEFERRED),
    "@defer of a fragment": Road("...A @defer", FRAGMENT, send=parts, beside=DEFERRED),
    "@defer where parts are not taken": Road("... @defer { %(fields)s }"),
}


@dataclass(frozen=True)
class Operation:
    """One operation that asks for fields by several ways at once, each under an alias of its own.
    Fields are found in the answer under ``alias`` and their names."""

    query: str
    variables: Variables
    ways: Sequence[Way]
    alias: str = ""


def operation(
    road: Road,
    type_name: str,
    fields: Sequence[str],
    ways: Sequence[Way],
    ids: Mapping[str, str],
    *,
    beside: str = "",
) -> Operation:
    """``fields`` are written with their selections, ``beside`` is asked of the same objects."""
    if road.alias:
        fields = [f"{road.alias}{re.split('[({ ]', each)[0]}: {each}" for each in fields]
    written = {"fields": " ".join(fields), "type": type_name}
    selection = f"{beside} {road.selection % written}"
    known = [way.known_as(f"w{index}") for index, way in enumerate(ways)]
    texts = " ".join(way.text % selection for way in known)
    body = f"{{ {road.beside} {texts} }} {road.fragments % written}"
    variables: dict[str, Any] = {}
    declared: list[str] = []
    if road.by_variables:
        variables = {name: ids[name] for name in re.findall(r"\$([A-Z]\w*)", body)}
        declared = [f"${name}: ID!" for name in variables]
    else:
        body = re.sub(r"\$([A-Z]\w*)", lambda found: f'"{ids[found[1]]}"', body)
    if "$yes" in body:
        variables |= {"yes": True, "no": False}
        declared += ["$yes: Boolean!", "$no: Boolean!"]
    head = f"query({', '.join(declared)}) " if declared else ""
    return Operation(head + body, variables, known, road.alias)


def _at(data: Any, path: Sequence[str | int]) -> Any:
    for step in path:
        data = data[step]
    return data


def _merge(target: dict[str, Any], more: Mapping[str, Any]) -> None:
    for key, value in more.items():
        if isinstance(value, dict) and isinstance(target.get(key), dict):
            _merge(target[key], value)
        else:
            target[key] = value
