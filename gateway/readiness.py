"""Whether the gateway wants traffic: what ``/readyz`` answers."""

from __future__ import annotations

import asyncio
import time

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from loaders.errors import SourceError
from loaders.registry import Sources

READY_SECONDS = 2.0
"""How long a source may take to say that it is there."""

KEPT_SECONDS = 1.0
"""For which an answer holds."""


class Readiness:
    """Asks the sources whether they are there, once for all who want to know within a second."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._states: dict[str, str] = {}
        self._until = 0.0
        self._asking: asyncio.Task[None] | None = None
        self.is_over = False
        """Whether the gateway stops, and wants no traffic whatever its sources say."""

    async def respond(self, request: Request) -> Response:
        if not self.is_over and self._until <= time.monotonic():
            if self._asking is None:
                self._asking = asyncio.create_task(self._ask())
            # It is for all who ask now, whoever of them hangs up.
            await asyncio.shield(self._asking)
        # With one source left the gateway still answers what it can, so it wants its traffic.
        ready = not self.is_over and ("up" in self._states.values() or not self._sources.names)
        status = "ready" if ready else "not ready"
        return JSONResponse(
            {"status": status, "sources": {} if self.is_over else self._states},
            200 if ready else 503,
        )

    async def _ask(self) -> None:
        names = self._sources.names
        try:
            states = await asyncio.gather(*map(self._state, names))
            self._states = dict(zip(names, states, strict=True))
            self._until = time.monotonic() + KEPT_SECONDS
        finally:
            self._asking = None

    async def _state(self, name: str) -> str:
        try:
            async with asyncio.timeout(READY_SECONDS):
                await self._sources[name].check()
        except (SourceError, TimeoutError):
            return "down"
        return "up"
