"""What is made of an argument's value, once in an operation: a variable can be the argument of many
fields, and be large."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar, cast

from resolvers.context import OperationContext

T = TypeVar("T")


def once(context: OperationContext, what: Hashable, value: object, make: Callable[[], T]) -> T:
    """What ``make`` makes of the value, or raises for it, the first time; ``what`` tells it from
    other things that are made of the same."""
    made, key = context.made, (what, id(value))
    if key not in made:
        outcome: object
        try:
            outcome = make()
        except Exception as error:
            outcome = error
        # With the value, so that its id stays its own.
        made[key] = value, outcome
    _, outcome = made[key]
    if isinstance(outcome, Exception):
        # Not with where it was raised before, which would grow.
        raise outcome.with_traceback(None)
    return cast(T, outcome)
