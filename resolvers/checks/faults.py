"""What is wrong with a graph's declarations, all of it at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """A declaration that can't be kept: the schema coordinate of its type or field, and why."""

    coordinate: str
    message: str

    def __str__(self) -> str:
        return f"{self.coordinate}: {self.message}"


class DeclarationError(TypeError):
    """A graph that is refused. ``faults`` are all that were found, in the order of the checks;
    the message has a line for each."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        count = len(self.faults)
        head = "1 declaration" if count == 1 else f"{count} declarations"
        lines = (f"  {fault}" for fault in self.faults)
        super().__init__("\n".join((f"{head} of the graph can't be kept:", *lines)))
