"""What a resolver may know of its operation: the type of ``info.context``.

``gateway.operations.context.Context`` is such a context. It is described here, as resolvers know
nothing of the gateway that runs them.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from gateway.errors import Denied
    from loaders.identity import Identity
    from loaders.registry import Loaders, Sources
    from resolvers.guards import PolicyEvaluator
    from resolvers.rules import Verdicts


class AccessDecision(Protocol):
    """What the caller may see of the operation.

    ``verdicts`` has the coordinates that they may not simply see. Unless it is ``enforced``, it
    says only what would be.
    """

    @property
    def verdicts(self) -> Verdicts: ...

    @property
    def enforced(self) -> bool: ...


class OperationContext(Protocol):
    """One operation, as its resolvers know it: who asks, and what they may see.

    ``loaders`` have the rows that the caller may see, and batch what is asked of them. ``sources``
    are the sources themselves, by name, for what writes.
    """

    @property
    def identity(self) -> Identity: ...

    @property
    def loaders(self) -> Loaders: ...

    @property
    def sources(self) -> Sources: ...

    @property
    def decision(self) -> AccessDecision: ...

    @property
    def policies(self) -> PolicyEvaluator: ...

    @property
    def made(self) -> dict[Hashable, tuple[object, object]]:
        """What was made of arguments' values: see ``resolvers.once``."""

    def deny(self, coordinate: str, path: Sequence[str | int]) -> None:
        """Raise the ``refusal`` of the field at the path, if there is one."""

    def refusal(self, coordinate: str, path: Sequence[str | int]) -> Denied | None:
        """Note that the field at the path is denied by the coordinate's rule. Returns the error to
        raise there; None if denials are only logged."""
