"""The load on two servers at once: what each client sends to one, it then sends to the other."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.load import Client, Closed, LoadError, connect

AT_MOST = 300.0
"""Seconds longer than the load is to last, at most."""


@dataclass(frozen=True, slots=True)
class Target:
    """A server, a request for it, and what it must answer."""

    name: str
    port: int
    request: bytes
    expected: bytes


async def in_turn(
    targets: Sequence[Target], *, clients: int, seconds: float, requests: int = 0
) -> int:
    """Sends to all targets in turn, from so many clients at a time, until the time is over and
    each had at least so many requests. Returns how many each had: all have had the same number.

    Raises LoadError where an answer is not the expected one, and TimeoutError where a server does
    not answer at all.
    """
    done = 0
    began = time.perf_counter()

    async def run(number: int) -> None:
        nonlocal done
        connections = [Connection(targets[place]) for place in order(len(targets), number)]
        try:
            while time.perf_counter() < began + seconds or done < requests:
                for each in connections:
                    await each.ask()
                done += 1
        finally:
            for each in connections:
                each.close()

    try:
        async with asyncio.timeout(seconds + AT_MOST), asyncio.TaskGroup() as group:
            for number in range(clients):
                group.create_task(run(number))
    except* (LoadError, OSError) as errors:
        raise errors.exceptions[0] from None
    return done


def order(targets: int, client: int) -> list[int]:
    """In which order a client asks the targets: each begins with the next, so that all targets
    are busy at any time."""
    return [(client + place) % targets for place in range(targets)]


class Connection:
    """One client's to a target."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._client: Client | None = None

    async def ask(self) -> None:
        target = self._target
        try:
            body = await self._body()
        except LoadError as error:
            raise LoadError(f"{target.name}: {error}") from error
        if body != target.expected:
            raise LoadError(f"{target.name}: another answer than before: {body[:300]!r}")

    def close(self) -> None:
        if self._client is not None:
            self._client.close()

    async def _body(self) -> bytes:
        if self._client is not None:
            try:
                return await self._client.ask(self._target.request)
            except Closed:
                # It was idle while the other target was asked, for longer than the server keeps it.
                self._client.close()
        self._client = await connect(self._target.port)
        return await self._client.ask(self._target.request)
