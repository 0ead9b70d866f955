"""What an operation gives, result by result, and how clients get it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from graphql.execution import (
    InitialIncrementalExecutionResult,
    SubsequentIncrementalExecutionResult,
)
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError

Result = ExecutionResult | InitialIncrementalExecutionResult | SubsequentIncrementalExecutionResult

Send = Callable[[Result], Awaitable[None]]

Begun = Callable[[], Awaitable[None]]
"""Called when a subscription has begun, before its first event."""


def is_request_error(result: Result) -> bool:
    """Whether nothing ran: what graphql-core says of variables that don't fit has no path."""
    if not isinstance(result, ExecutionResult):
        return False
    if isinstance(result, PreExecutionError):
        return True
    errors = result.errors
    return result.data is None and bool(errors) and all(each.path is None for each in errors or ())


def body_of(result: Result) -> dict[str, Any]:
    """The result as clients get it."""
    body: dict[str, Any]
    if isinstance(result, ExecutionResult):
        body = {}
        if result.errors:
            body["errors"] = [error.formatted for error in result.errors]
        if not is_request_error(result):
            body["data"] = result.data
        if result.extensions:
            body["extensions"] = result.extensions
    else:
        body = {**result.formatted}
        if not body.get("extensions"):
            body.pop("extensions", None)
    return body
