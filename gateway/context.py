"""What a resolver may know of its request."""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.documents import Planned
from loaders.base import Recorder
from loaders.registry import Loaders, Sources


@dataclass(slots=True)
class Context:
    """One operation's context, as ``info.context``.

    ``loaders`` and ``planned`` are there from the moment the operation is planned, so in every
    resolver.
    """

    sources: Sources
    recorder: Recorder = field(default_factory=Recorder)
    planned: Planned | None = None
    _loaders: Loaders | None = None

    def begin(self, planned: Planned) -> None:
        """Give the operation its loaders, which fetch what its plan needs."""
        self.planned = planned
        self._loaders = Loaders(self.sources, planned.columns, self.recorder)

    @property
    def loaders(self) -> Loaders:
        if self._loaders is None:
            raise RuntimeError("the operation has not been planned yet")
        return self._loaders
