"""The connections of PostgreSQL's pools."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import asyncpg
from asyncpg.protocol.protocol import ConnectionSettings

from loaders.sql.codecs import record_of


class Connection(asyncpg.Connection):
    """A connection that is reset when it goes back to the pool only if it needs to be.

    No statement of ours changes its session, so after one that gave its rows there is nothing to
    change back, and the round trip is saved. After anything else there is: a value that asyncpg
    can't send leaves a statement begun, whose timeout would end another's.
    """

    is_clean = False

    async def fetch(self, *args: Any, **kwargs: Any) -> Any:
        self.is_clean = False
        rows = await super().fetch(*args, **kwargs)
        self.is_clean = True
        return rows

    def mark_used(self) -> None:
        """Have it be reset when it goes back."""
        self.is_clean = False

    async def _introspect_types(self, *args: object) -> tuple[Sequence[asyncpg.Record], object]:
        # asyncpg's own method, which its stubs leave out.
        types, statement = await super()._introspect_types(*args)  # type: ignore[misc]
        settings = self.get_settings()
        while any(map(partial(_is_taken_as_text, settings), types)):
            # It has had asyncpg forget those types that are made of others.
            pass
        return types, statement


class PooledConnection(Connection):
    """A connection to a pooler, where statements that are not of one transaction may each have
    another session of the server, which other clients have had and will have."""

    def get_reset_query(self) -> str:
        # It ends a statement that was begun, and lets its session go. That has nothing of ours.
        return ";"

    async def _introspect_types(self, *args: object) -> tuple[Sequence[asyncpg.Record], object]:
        # asyncpg turns JIT off before this and on again after it, each for a session.
        async with self.transaction():
            return await super()._introspect_types(*args)


async def reset(connection: Any) -> None:
    """Reset a connection that goes back to its pool, unless there is nothing to reset."""
    if connection.is_clean:
        connection.is_clean = False
    else:
        await connection.reset()


def _is_taken_as_text(settings: ConnectionSettings, type_: asyncpg.Record) -> bool:
    """Tells asyncpg of a type; where it can't read that, to take the text that PostgreSQL writes.
    Returns whether it had to."""
    try:
        settings.register_data_types([type_])
    except (asyncpg.UnsupportedClientFeatureError, asyncpg.InternalClientError):
        names = type_["attrnames"]
        read = str if names is None else partial(record_of, names)
        settings.add_python_codec(
            type_["oid"], type_["name"], type_["ns"], [], "scalar", str, read, "text"
        )
        return True
    return False
