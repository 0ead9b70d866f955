"""Clients that hang up before they are answered: what runs for them is cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, MutableMapping
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive

from gateway.transports.streaming import first_of, hung_up

T = TypeVar("T")

EXTENSION = "sluice.hang_up"
"""The name by which a request's ``extensions`` have the ``HangUp`` of its connection."""


class HangUp:
    """The end of a connection, as ``gateway serve`` tells it: a context manager in which a request
    of it is answered. The task in it is cancelled when the client hangs up, and then
    ClientDisconnect raised in place of that.

    To wait for the end instead, as any other ASGI server has it, takes two more tasks for each
    request.
    """

    __slots__ = ("_cancelling", "_has_come", "_task")

    def __init__(self) -> None:
        self._task: asyncio.Task[Any] | None = None
        self._cancelling = 0
        self._has_come = False

    def come(self) -> None:
        """The client has hung up."""
        self._has_come = True
        if self._task is not None:
            self._task.cancel()

    def __enter__(self) -> None:
        if self._has_come:
            raise ClientDisconnect
        task = self._task = asyncio.current_task()
        assert task is not None
        self._cancelling = task.cancelling()

    def __exit__(self, kind: type[BaseException] | None, error: object, _: object) -> None:
        task, self._task = self._task, None
        assert task is not None
        if (
            self._has_come
            and task.uncancel() <= self._cancelling
            and kind is asyncio.CancelledError
        ):
            raise ClientDisconnect


async def while_there(request: Request, work: Awaitable[T]) -> T:
    """What the work gives, unless the client hangs up before: then it is cancelled, and
    ClientDisconnect raised. The request has been read."""
    extensions: MutableMapping[str, Any] = request.scope.get("extensions") or {}
    hang_up = extensions.get(EXTENSION)
    if isinstance(hang_up, HangUp):
        with hang_up:
            return await work
    return await _or_gone(request.receive, work)


async def _or_gone(receive: Receive, work: Awaitable[T]) -> T:
    given: list[T] = []

    async def give() -> None:
        given.append(await work)

    await first_of(give(), hung_up(receive))
    if not given:
        raise ClientDisconnect
    return given[0]
