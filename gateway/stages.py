"""What a stage of your own is written with: see docs/stages.md."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from strawberry.types import ExecutionResult
from strawberry.types.graphql import OperationType

from gateway.errors import RequestRefused
from gateway.operations.operation import OperationRequest
from gateway.operations.results import Result, Send

__all__ = [
    "ExecutionResult",
    "OperationRequest",
    "OperationType",
    "RequestRefused",
    "Rest",
    "Result",
    "Send",
]

Rest = Callable[[OperationRequest, Send], Awaitable[None]]
"""All that is within a stage. Each of the operation's results goes through the ``send`` that it is
given; it returns when the last one has."""
