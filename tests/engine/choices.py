"""Choices that Hypothesis makes, as bytes: drawing each by itself takes it far longer than running
what is made of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass
class Choices:
    """Each choice is a byte; when there are no more, the simplest is made."""

    choices: Iterator[int]

    def one(self, choices: Sequence[T]) -> T:
        return choices[next(self.choices, 0) % len(choices)]

    def number(self, least: int, most: int) -> int:
        return least + next(self.choices, 0) % (most - least + 1)

    def chance(self, of: int) -> bool:
        return next(self.choices, 0) % of == of - 1
