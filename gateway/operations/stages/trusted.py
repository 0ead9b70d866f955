"""What is asked for by an id gets its document's text, and what is not trusted does not run."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping

from graphql import GraphQLError

from gateway.errors import RequestRefused
from gateway.operations.documents import SHA256, Registered, digest_of
from gateway.operations.operation import OperationState, Rest
from gateway.operations.results import Result, Send, is_request_error
from gateway.settings import Settings
from resolvers.graph import Graph


class TrustedStage:
    """Finds the document of an operation that is asked for by ``documentId`` or, as Apollo's
    clients do it, by ``extensions.persistedQuery``.

    By the settings documents of the manifest are ``allow``-ed beside texts, or they ``only`` run.
    Clients that know nothing of that are told in the words that they know, so that they send the
    text.
    """

    name = "trusted"

    def __init__(self, graph: Graph, settings: Settings) -> None:
        documents = settings.documents
        self._trusted = documents.texts
        self._only = documents.trusted == "only"
        self._bodies = documents.bodies
        self._registered = Registered(documents.automatic) if documents.automatic else None

    def around(self, operation: OperationState, send: Send, rest: Rest) -> Awaitable[None]:
        digest = _persisted(operation)
        id_ = operation.document_id or digest
        if id_ is None:
            if self._only:
                self._check_body(operation.query)
            return rest(operation, send)
        text = self._trusted.get(id_)
        if text is not None:
            if operation.query and operation.query != text:
                raise RequestRefused("The query is another than that of its id.")
        elif self._only:
            if not (operation.query and self._bodies):
                raise _refused(
                    "PersistedQueryNotFound" if digest else "No trusted document has this id.",
                    "PERSISTED_QUERY_NOT_IN_LIST",
                )
            self._check_body(operation.query)
        elif digest is not None and self._registered is not None:
            return self._automatic(self._registered, digest, operation, send, rest)
        elif not operation.query:
            if digest is not None:
                raise _refused("PersistedQueryNotSupported", "PERSISTED_QUERY_NOT_SUPPORTED")
            raise _refused("No document has this id here.", "PERSISTED_QUERY_NOT_IN_LIST")
        operation.query = text or operation.query
        return rest(operation, send)

    def _check_body(self, query: str) -> None:
        if not self._bodies:
            raise _refused(
                "Trusted documents alone run here: send the documentId of one, and no query.",
                "PERSISTED_QUERY_ID_REQUIRED",
            )
        if digest_of(query) not in self._trusted:
            raise _refused("This is none of the trusted documents.", "QUERY_NOT_IN_SAFELIST")

    def _automatic(
        self,
        registered: Registered,
        digest: str,
        operation: OperationState,
        send: Send,
        rest: Rest,
    ) -> Awaitable[None]:
        identity = operation.identity
        if not operation.query:
            text = registered.get(identity, digest)
            if text is None:
                raise _refused("PersistedQueryNotFound", "PERSISTED_QUERY_NOT_FOUND")
            operation.query = text
            return rest(operation, send)
        if digest_of(operation.query) != digest:
            raise RequestRefused("provided sha does not match query")

        async def register(result: Result) -> None:
            # What was not valid, or not allowed, is none that runs again.
            if not is_request_error(result):
                registered.add(identity, digest, operation.query)
            await send(result)

        return rest(operation, register)


def _persisted(operation: OperationState) -> str | None:
    """The id of the document that Apollo's clients ask for."""
    asked = operation.asked("persistedQuery")
    if asked is None:
        return None
    if not isinstance(asked, Mapping) or asked.get("version") != 1:
        raise RequestRefused("Unsupported persisted query version")
    digest = asked.get("sha256Hash")
    if not isinstance(digest, str):
        raise RequestRefused("persistedQuery must have a sha256Hash.")
    return SHA256 + digest.lower()


def _refused(message: str, code: str) -> GraphQLError:
    """To clients of application/json it comes with status 200, by which Apollo's fall back."""
    return GraphQLError(message, extensions={"code": code})
