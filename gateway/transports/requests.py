"""What a client asks for, as it stands in a request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from starlette.requests import ClientDisconnect, Request

from gateway.errors import RequestRefused, Unauthenticated
from gateway.operations.asked import Asked
from loaders.json import NotJSON
from loaders.json import read as read_json

CREDENTIALS = ("authorization", "x-api-key")
"""The headers, in lower case, that can be a credential."""


async def read(request: Request, *, batch: int) -> Asked | list[Asked]:
    """What an HTTP request asks for: one operation, or a list of at most ``batch``.

    Raises RequestRefused if it is no GraphQL request.
    """
    if request.method == "GET":
        return operation_of(_parameters(request.query_params))
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    # Nothing else: what a web page can send without asking, it can send from anywhere.
    if media_type != "application/json":
        raise RequestRefused("The body must be JSON, sent as application/json.", status=415)
    body = _decoded(await _body(request), "The body")
    if not isinstance(body, list):
        return operation_of(body)
    if not batch:
        raise RequestRefused("Batching is off here: send one operation, not a list.")
    if not 1 <= len(body) <= batch:
        raise RequestRefused(f"A batch has 1 to {batch} operations, not {len(body)}.")
    return [operation_of(each) for each in body]


async def _body(request: Request) -> bytes:
    # As Request.body has it, which takes three times as long for the usual body in one piece.
    pieces: list[bytes] = []
    more = True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        pieces.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(pieces)


def operation_of(asked: object) -> Asked:
    """The operation that a decoded request asks for.

    Raises RequestRefused if something in it is of a wrong type, or if it has neither a query nor
    the id of one.
    """
    if not isinstance(asked, Mapping):
        raise RequestRefused("A request must be a JSON object with a query in it.")
    query = asked.get("query")
    if not isinstance(query, str | None):
        raise RequestRefused("The query must be a string.")
    document_id = asked.get("documentId")
    if not isinstance(document_id, str | None):
        raise RequestRefused("The documentId must be a string.")
    operation_name = asked.get("operationName")
    if not isinstance(operation_name, str | None):
        raise RequestRefused("The operationName must be a string.")
    variables, extensions = asked.get("variables"), asked.get("extensions")
    if not isinstance(variables, dict | None):
        raise RequestRefused("The variables must be a JSON object.")
    if not isinstance(extensions, dict | None):
        raise RequestRefused("The extensions must be a JSON object.")
    if not query and not document_id and not (extensions or {}).get("persistedQuery"):
        raise RequestRefused("The request has no query.")
    return Asked(query, variables, operation_name, extensions, document_id)


def _parameters(parameters: Mapping[str, str]) -> dict[str, Any]:
    asked: dict[str, Any] = dict(parameters)
    if not asked.get("operationName"):
        # As forms send what was left empty.
        asked.pop("operationName", None)
    for name in ("variables", "extensions"):
        if asked.get(name):
            asked[name] = _decoded(asked[name], f"The parameter {name}")
            if asked[name] is None:
                raise RequestRefused(f"The {name} must be a JSON object.")
        else:
            asked.pop(name, None)
    return asked


def _decoded(text: bytes | str, what: str) -> Any:
    try:
        return read_json(text)
    except NotJSON as error:
        raise RequestRefused(f"{what} can't be read: it has {error}.", status=400) from None


def credentials(named: Iterable[tuple[str, object]]) -> dict[str, str]:
    """Those of the named values, headers or what stands for them, that can be a credential, by
    their names in lower case. One that is there twice has both values.

    Raises Unauthenticated for a value that is no text.
    """
    found: dict[str, list[str]] = {}
    for name, value in named:
        if name.lower() in CREDENTIALS and value is not None:
            if not isinstance(value, str):
                raise Unauthenticated(f"{name} must be a string.")
            found.setdefault(name.lower(), []).append(value)
    return {name: ", ".join(values) for name, values in found.items()}
