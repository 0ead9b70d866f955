"""Who goes on in a turn of the event loop."""

from __future__ import annotations

import asyncio


class Turns:
    """Lets one go on in each turn of the event loop, in the order in which they came, for what
    holds it for some milliseconds: so whoever sends many of these at once leaves everybody else
    their turns between them."""

    def __init__(self) -> None:
        self._taken = False

    async def take(self) -> None:
        """Wait for a turn in which nobody has gone on."""
        while self._taken:  # noqa: ASYNC110  # An event would wake all of them at once.
            await asyncio.sleep(0)
        self._taken = True
        # Before those who wait look again.
        asyncio.get_running_loop().call_soon(self._end)

    def _end(self) -> None:
        self._taken = False
