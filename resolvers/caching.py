"""A cache of what is worked out for a type."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import ParamSpec, TypeVar, cast

Given = ParamSpec("Given")
Made = TypeVar("Made")


def cached(function: Callable[Given, Made]) -> Callable[Given, Made]:
    """``functools.cache``, with the function's own signature: mypy takes the types of dataclasses,
    which all of Strawberry's are, for unhashable."""
    return cast("Callable[Given, Made]", cache(function))
