"""Declarations that are checked as they are written: the names of their arguments, and of which
type their values are.

A misspelt ``requires_scopes`` that was taken in silence would leave a field open.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import inspect
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from types import NoneType, UnionType
from typing import ParamSpec, Self, TypeVar, Union, cast, get_args, get_origin, get_type_hints

Given = ParamSpec("Given")
Made = TypeVar("Made")

PLAIN = (str, int, float, NoneType, list, tuple, dict)
"""Types whose values an error shows as they are written."""


class Declared:
    """The base of classes that are declarations.

    Making one raises TypeError for an argument that it does not have, naming the nearest one, and
    for a value of another type than the argument's annotation says.
    """

    __slots__ = ()

    def __new__(cls, *args: object, **given: object) -> Self:
        _check(cls, cls.__init__, args, given)
        return super().__new__(cls)


def declaration(made: Callable[Given, Made]) -> Callable[Given, Made]:
    """A function whose arguments are checked as those of ``Declared`` classes are."""

    @functools.wraps(made)
    def checked(*args: Given.args, **given: Given.kwargs) -> Made:
        _check(made, made, args, given)
        return made(*args, **given)

    return checked


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The one of the names that was meant, if one is near enough, or has it as a part."""
    names = list(names)
    near = get_close_matches(name, names, n=1) or [each for each in names if name in each]
    return near[0] if near else None


@dataclass(frozen=True, slots=True)
class _Arguments:
    signature: inspect.Signature
    types: Mapping[str, object]
    names: Sequence[str]


def _check(
    made: Callable[..., object],
    called: Callable[..., object],
    args: Sequence[object],
    given: Mapping[str, object],
) -> None:
    takes = _arguments(made, called)
    for name in given:
        if name not in takes.names:
            meant = nearest(name, takes.names)
            instead = f"did you mean '{meant}'?" if meant else f"it has {', '.join(takes.names)}"
            raise TypeError(f"{made.__name__}() has no argument '{name}'; {instead}")
    try:
        bound = takes.signature.bind_partial(*args, **given).arguments
    except TypeError:
        # Too many, or one given twice: the call itself says so.
        return
    for name, value in {**bound, **given}.items():
        wanted = takes.types.get(name, object)
        if name in takes.names and not _fits(value, wanted):
            raise TypeError(
                f"{made.__name__}(): '{name}' must be {_described(wanted)}, not {_shown(value)}"
            )


@functools.cache
def _arguments(made: Callable[..., object], called: Callable[..., object]) -> _Arguments:
    signature = inspect.signature(called)
    parameters = list(signature.parameters.values())[1 if isinstance(made, type) else 0 :]
    try:
        # Of a dataclass by its fields, each of which is read in the module of its own class.
        types = get_type_hints(made if dataclasses.is_dataclass(made) else called)
    except NameError:
        # An owner's own kind may name types that it imports for type checkers alone.
        types = {}
    names: list[str] = []
    for parameter in parameters:
        if parameter.kind is parameter.VAR_KEYWORD:
            # Unpack[…] of a TypedDict: what all fields take.
            (options,) = get_args(types.get(parameter.name)) or (None,)
            if options is not None:
                types |= get_type_hints(options)
                names += options.__annotations__
        else:
            names.append(parameter.name)
    return _Arguments(signature.replace(parameters=parameters), types, names)


def _fits(value: object, wanted: object) -> bool:
    origin, of = get_origin(wanted), get_args(wanted)
    if origin in (Union, UnionType):
        return any(_fits(value, each) for each in of)
    if origin is not None and issubclass(origin, Mapping):
        return isinstance(value, Mapping) and all(
            _fits(each, part) for pair in value.items() for each, part in zip(pair, of, strict=True)
        )
    if origin is tuple or (origin is not None and issubclass(origin, Collection)):
        items = isinstance(value, origin) and not isinstance(value, (str, bytes))
        return items and all(_fits(each, of[0]) for each in cast("Iterable[object]", value))
    if origin is Iterable:
        return isinstance(value, Iterable) and not isinstance(value, (str, bytes))
    if origin is Callable or wanted is Callable:
        return callable(value)
    if wanted is str:
        return isinstance(value, str) and bool(value.strip())
    if wanted is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if origin is not None or not isinstance(wanted, type):
        return True
    return isinstance(value, wanted)


def _described(wanted: object, *, several: bool = False) -> str:
    origin, of = get_origin(wanted), get_args(wanted)
    if origin in (Union, UnionType):
        return " or ".join(_described(each, several=several) for each in of)
    if origin is not None and issubclass(origin, Mapping):
        key, value = (_described(each, several=True) for each in of)
        return f"{'mappings' if several else 'a mapping'} of {key} to {value}"
    if origin is tuple:
        return f"{'tuples' if several else 'a tuple'} of {_described(of[0], several=True)}"
    if origin is Callable or wanted is Callable:
        return "functions" if several else "a function"
    if origin is not None and issubclass(origin, Iterable):
        return f"{'lists' if several else 'a list'} of {_described(of[0], several=True)}"
    if wanted in DESCRIBED:
        return DESCRIBED[wanted][several]
    if isinstance(wanted, type) and issubclass(wanted, enum.Enum):
        return f"one of {', '.join(f'{wanted.__name__}.{each.name}' for each in wanted)}"
    name = getattr(wanted, "__name__", str(wanted))
    return name if several else f"a {name}"


DESCRIBED: dict[object, tuple[str, str]] = {
    str: ("a text that says something", "texts"),
    bool: ("True or False", "True or False"),
    int: ("a whole number", "whole numbers"),
    type: ("a type", "types"),
    object: ("a value", "values"),
    NoneType: ("None", "None"),
}
"""How an error names a type: one value of it, and several."""


def _shown(value: object) -> str:
    if isinstance(value, dataclasses.Field):
        return "a field. In a class body, a field hides the module's variable of the same name"
    return repr(value) if isinstance(value, PLAIN) else f"a {type(value).__name__}"
