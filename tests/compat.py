"""What a test says of a name that a new version of a library has dropped."""

from __future__ import annotations

import importlib
import inspect
from typing import Any


def found(place: str, user: str) -> Any:
    """What ``module:name`` or ``module:Class.name`` is, on which the user leans."""
    module, _, names = place.partition(":")
    thing: Any = importlib.import_module(module)
    for name in names.split("."):
        assert hasattr(thing, name), f"there is no {place} any more: mend {user}"
        thing = getattr(thing, name)
    return thing


def parameters(place: str, user: str) -> list[str]:
    """The names of a function's parameters, without ``self``."""
    names = list(inspect.signature(found(place, user)).parameters)
    return [name for name in names if name != "self"]
