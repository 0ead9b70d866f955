"""One operation on its way through the stages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from strawberry.types.graphql import OperationType

from gateway.operations.context import Context
from gateway.operations.extensions import NO_EXTENSIONS, Extensions
from gateway.operations.prepared import Prepared
from gateway.operations.results import Begun, Send
from loaders.identity import Identity


@dataclass(slots=True, kw_only=True)
class OperationRequest:
    """An operation, as a stage of the graph's owner sees it.

    ``identity`` is who sends it, ``query`` its document's text, ``variables`` their values as they
    were sent. ``kind`` and ``name`` are known from the moment it has been parsed, so behind
    ``parse`` and whenever ``rest`` has returned; before that they are None and the
    ``operationName`` that was sent. The name is None for an operation that has none.
    """

    identity: Identity
    query: str
    variables: Mapping[str, Any]
    name: str | None = None
    kind: OperationType | None = None


@dataclass(slots=True, kw_only=True)
class OperationState(OperationRequest):
    """All that the stages know of an operation.

    ``operation_name`` is the name by which the client says what of the document is to run, if it
    says so, and ``document_id`` the id of the document, if it is asked for by one. ``allowed`` are
    the kinds that may come this way, and ``in_parts`` says whether the client takes deferred parts.
    ``begun`` is called when a subscription has begun.
    ``extensions`` are the graph's, from ``present`` on; ``prepared`` is there from ``parse`` on,
    and ``estimate``, which is what the operation may cost, from ``cost`` on.
    """

    operation_name: str | None
    document_id: str | None = None
    request_extensions: dict[str, Any] | None
    allowed: Collection[OperationType]
    in_parts: bool
    begun: Begun | None = None
    context: Context
    extensions: Extensions = NO_EXTENSIONS
    prepared: Prepared = field(init=False, repr=False)
    estimate: int | None = None

    def asked(self, name: str) -> object:
        """What the client says about this name in its request's ``extensions``: what it wants to be
        told in the result's."""
        return (self.request_extensions or {}).get(name)


Rest = Callable[[OperationState, Send], Awaitable[None]]
"""The stages within a stage. What they have to say they ``send``, result by result; they return
when all is said."""


@runtime_checkable
class Surrounds(Protocol):
    """A stage that does something with every operation."""

    def around(self, operation: OperationState, send: Send, rest: Rest) -> Awaitable[None]:
        """Run the ``rest``, unless the operation is not to run: then ``send`` why, or raise it.

        Raises GraphQLError for what the client is told, RequestRefused where HTTP has a status for
        that. Whatever else is raised is masked.
        """
