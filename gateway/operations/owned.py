"""Stages of a graph's owner, by name."""

from __future__ import annotations

import importlib
import inspect
from typing import Any

from loaders.kinds import ELSEWHERE

SHAPE = "async def around(self, operation, send, rest)"


def stage_named(name: str) -> type[object]:
    """The class that ``package.module:Class`` names, which is imported for that.

    Raises ValueError, with what is wrong, unless it can be made without arguments and has an
    ``around`` of the right shape.
    """
    parts = ELSEWHERE.fullmatch(name)
    if parts is None:
        raise ValueError("must name a class as package.module:Class")
    try:
        stage = getattr(importlib.import_module(parts[1]), parts[2])
    except Exception as error:
        # Whatever the module does as it is imported can go wrong.
        reason = str(error) if isinstance(error, ImportError | AttributeError) else repr(error)
        raise ValueError(f"{name} can't be imported: {reason}") from error
    if not isinstance(stage, type):
        raise ValueError(f"{name} is no class")
    around = getattr(stage, "around", None)
    if not (inspect.iscoroutinefunction(around) and _takes(around, 3, "rest")):
        raise ValueError(f"{name} is no stage: it must have {SHAPE}")
    if not _takes(stage, 0):
        raise ValueError(f"{name} can't be made: it must take no arguments")
    return stage


def _takes(called: Any, positional: int, *named: str) -> bool:
    try:
        inspect.signature(called).bind(*range(positional), **dict.fromkeys(named))
    except TypeError:
        return False
    return True
