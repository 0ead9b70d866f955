"""A gateway as each of the tests' identities asks it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from aiohttp import ClientSession

from gateway.app import create_app
from gateway.settings import Settings
from tests.client import Gateway, listening
from tests.identities import CALLERS, headers


@asynccontextmanager
async def asking(settings: Settings) -> AsyncIterator[Mapping[str, Gateway]]:
    """The gateway with these settings, and batches, as each of ``CALLERS`` asks it."""
    limits = settings.limits.model_copy(update={"batch": 10})
    app = create_app(settings.model_copy(update={"limits": limits}))
    async with listening(app) as url, AsyncExitStack() as stack:
        yield {
            name: Gateway(
                url, await stack.enter_async_context(ClientSession(headers=headers(name)))
            )
            for name in CALLERS
        }
