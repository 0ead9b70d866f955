"""Why PostgreSQL or its driver failed, as the log may say it."""

from __future__ import annotations

WITHOUT_VALUES = frozenset(
    {"08", "0A", "25", "28", "2B", "2D", "3D", "3F", "40", "42", "53", "54", "55", "57", "58", "XX"}
)
"""Classes of errors whose messages are PostgreSQL's own, and of the schema (appendix A). Those of
the others can hold values of rows or of clients: data exceptions, violated constraints, and what
functions raise in their own words, under codes of their own."""

STATEMENT_LOST = frozenset({"26000", "42P05"})
"""A prepared statement that is not there, or is there already: the session is another one."""

REFUSED_SETTING = "unsupported startup parameter"
"""What PgBouncer says of a setting that it does not know (08P01)."""

BY_A_POOLER = (
    'a pooler stands before the database: set pooler = "transaction" and leave '
    "statement_cache_size out"
)


def reason_of(error: BaseException) -> str:
    """Why PostgreSQL or asyncpg failed, without the words of those errors that have values in
    them."""
    code = getattr(error, "sqlstate", None)
    if code is None:
        if isinstance(error, TimeoutError):
            return "no answer in time"
        if isinstance(error, OSError):
            return f"{type(error).__name__}: {error}"
        return type(error).__name__
    message = getattr(error, "message", None) or type(error).__name__
    if code in STATEMENT_LOST or message.startswith(REFUSED_SETTING):
        return f"SQLSTATE {code}: {BY_A_POOLER}"
    if code[:2] not in WITHOUT_VALUES:
        places = (getattr(error, name, None) for name in ("column_name", "constraint_name"))
        cause = type(error.__cause__).__name__ if error.__cause__ is not None else None
        parts = [f"SQLSTATE {code}", type(error).__name__, cause, *places]
        return ", ".join(part for part in parts if part)
    return f"SQLSTATE {code}: {message}"
