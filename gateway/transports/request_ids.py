"""By which id a request is known: in its answer, and in each line of the log that it causes."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Iterable
from random import getrandbits

from starlette.types import Message, Scope, Send

from gateway.logs import request_id

HEADER = b"x-request-id"

KEPT = "sluice.request_id"
"""Where a request's scope has the id, for the server."""

LONGEST = 128

SAFE = re.compile(rb"[A-Za-z0-9._-]{1,%d}" % LONGEST)
"""An id that may be taken from a request: nothing that a log, or a header, could take for more."""

STARTS = frozenset({"http.response.start", "websocket.accept"})
"""The messages that have an answer's headers."""


def identified(scope: Scope, send: Send) -> Send:
    """Has a request be known by the id that it brings, or a new one; returns what sends its answer
    with that."""
    id = scope[KEPT] = id_of(scope["headers"])
    # It is the task's, which ends with the request: the server may yet log something.
    request_id.set(id)
    header = (HEADER, id.encode())

    def send_with_id(message: Message) -> Awaitable[None]:
        if message["type"] in STARTS:
            message["headers"] = [*message.get("headers", ()), header]
        return send(message)

    return send_with_id


def id_of(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """A request's own id, if it has one and one alone that is safe; else a new one."""
    given = [value for name, value in headers if name == HEADER]
    if len(given) == 1 and SAFE.fullmatch(given[0]):
        id: str = given[0].decode()
        return id
    # It is no secret, and one takes a sixth of the time.
    return f"{getrandbits(128):032x}"


def of_operation(number: int) -> str:
    """The id of an operation on a WebSocket, by that of its handshake."""
    suffix = f".{number}"
    return f"{(request_id.get() or '')[: LONGEST - len(suffix)]}{suffix}"
