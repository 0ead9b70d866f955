"""What is wrong with the arguments of a field by the constraints of their types, all of it at once
and before the field's resolver runs.

Arguments have been coerced by then (GraphQL specification, 6.4.1), whether they were written as
literals or are variables: these are the values that resolvers would be given.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from math import isfinite
from typing import Protocol

from graphql import (
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLNamedType,
    get_named_type,
    is_list_type,
    is_non_null_type,
)
from strawberry.types.base import StrawberryMaybe, StrawberryOptional

from resolvers.constraints import Constraints, constraints_of, is_constrained
from resolvers.directives import BACKREF
from resolvers.fields import ResolveInfo
from resolvers.once import once
from resolvers.results import UNUSABLE, InputProblem, InvalidInput
from resolvers.texts import GROWS, Pattern, is_suited, normalized

MOST_PROBLEMS = 100
"""Problems that are told of one argument."""

TEXTS = frozenset({"String", "ID", "URL"})
NUMBERS = frozenset({"Int", "Float", "BigInt", "Decimal"})

Path = tuple["Path | None", str | int]
"""The place of a value: that of what it is in, and its name or its index there."""


class Enough(Exception):
    """There are as many problems as are told."""


class Found:
    """The problems of one argument."""

    def __init__(self) -> None:
        self.problems: list[InputProblem] = []

    def add(self, path: Path, code: str, message: str) -> None:
        """Note a problem. Raises Enough with the last that is told."""
        self.problems.append(InputProblem(path=path_text(path), message=message, code=code))
        if len(self.problems) >= MOST_PROBLEMS:
            raise Enough


class Check(Protocol):
    """Notes what is wrong with a value that is there, and returns it as resolvers have it. It
    changes nothing in it: a variable is the argument of many fields."""

    def __call__(self, value: object, path: Path, found: Found, /) -> object: ...


class InputChecks:
    """The checks of a schema's input types, each made when it is first asked for."""

    def __init__(self) -> None:
        self._objects: dict[str, _Object] = {}

    def of(self, type_: GraphQLInputType, constraints: Constraints | None) -> Check | None:
        """The check of values of the type; None where there is nothing to check. Raises ValueError
        for a pattern that is none."""
        if is_non_null_type(type_):
            type_ = type_.of_type
        if is_list_type(type_):
            # Those of items are of the outermost list.
            within = constraints and _without_items(constraints)
            item = self.of(type_.of_type, within)
            bounded = constraints and constraints.given("min_items", "max_items", "unique")
            return _List(constraints or Constraints(), item) if item or bounded else None
        if isinstance(type_, GraphQLInputObjectType):
            return self._of_object(type_)
        if constraints is None:
            return None
        return leaf_check(get_named_type(type_), constraints)

    def _of_object(self, type_: GraphQLInputObjectType) -> Check | None:
        if not is_constrained(getattr(type_.extensions.get(BACKREF), "origin", None)):
            return None
        known = self._objects.get(type_.name)
        if known is None:
            # Known before its fields are: types can be in themselves.
            known = self._objects[type_.name] = _Object()
            for name, field in type_.fields.items():
                declared = field.extensions.get(BACKREF)
                check = self.of(field.type, constraints_of(declared))
                of = getattr(declared, "type", None)
                no_null = isinstance(of, StrawberryMaybe) and not isinstance(
                    of.of_type, StrawberryOptional
                )
                if check is not None or no_null:
                    known.fields[name] = check, no_null
        return known


class _Object:
    def __init__(self) -> None:
        self.fields: dict[str, tuple[Check | None, bool]] = {}

    def __call__(self, value: object, path: Path, found: Found) -> object:
        if not isinstance(value, Mapping):
            return value
        changed: dict[str, object] = {}
        for name, (check, no_null) in self.fields.items():
            given = value.get(name)
            if given is None:
                if no_null and name in value:
                    found.add((path, name), "NULL", "It may be left out, but not be null.")
            elif check is not None:
                kept = check(given, (path, name), found)
                if kept is not given:
                    changed[name] = kept
        return {**value, **changed} if changed else value


class _List:
    def __init__(self, constraints: Constraints, item: Check | None) -> None:
        self._least, self._most = constraints.min_items, constraints.max_items
        self._unique, self._item = constraints.unique, item

    def __call__(self, value: object, path: Path, found: Found) -> object:
        if not isinstance(value, list):
            return value
        if self._most is not None and len(value) > self._most:
            # Not what is wrong with each.
            found.add(path, "TOO_MANY", f"It must have at most {_count(self._most, 'item')}.")
            return value
        if self._least is not None and len(value) < self._least:
            found.add(path, "TOO_FEW", f"It must have at least {_count(self._least, 'item')}.")
        kept, item = value, self._item
        if item is not None:
            kept = [
                each if each is None else item(each, (path, index), found)
                for index, each in enumerate(value)
            ]
        if self._unique:
            self._compare(kept, path, found)
        return kept

    def _compare(self, items: list[object], path: Path, found: Found) -> None:
        by, first = self._unique, dict[object, int]()
        for index, each in enumerate(items):
            place: Path = (path, index)
            value = each
            if isinstance(by, str):
                value = each.get(by) if isinstance(each, Mapping) else None
                place = (place, by)
            if value is None:
                continue
            before = first.setdefault(_hashable(value), index)
            if before != index:
                found.add(place, "DUPLICATE", f"It is the same as that of item {before}.")


class _Text:
    def __init__(self, constraints: Constraints) -> None:
        self._least, self._most = constraints.min_length, constraints.max_length
        self._multiline = constraints.multiline
        self._text = constraints.pattern
        self._pattern = None if self._text is None else Pattern(self._text)

    def __call__(self, value: object, path: Path, found: Found) -> object:
        if not isinstance(value, str):
            return value
        most = self._most
        if most is not None and len(value) > GROWS * most:
            # Whatever it is normalized to: that takes its time.
            found.add(path, "TOO_LONG", f"It must have at most {_count(most, 'character')}.")
            return value
        if not is_suited(value, multiline=self._multiline):
            breaks = " other than line breaks" if self._multiline else ", such as line breaks"
            found.add(
                path,
                "NOT_SUITED",
                f"It must have no control characters{breaks}, no halves of characters, and no more "
                "than 30 marks on one.",
            )
            return value
        kept = normalized(value)
        if most is not None and len(kept) > most:
            found.add(path, "TOO_LONG", f"It must have at most {_count(most, 'character')}.")
        elif self._least is not None and len(kept) < self._least:
            found.add(
                path, "TOO_SHORT", f"It must have at least {_count(self._least, 'character')}."
            )
        elif self._pattern is not None and not self._pattern.matches(kept):
            found.add(path, "NO_MATCH", f"It must match {self._text}")
        return kept


class _Number:
    def __init__(self, constraints: Constraints) -> None:
        self._least, self._most = constraints.minimum, constraints.maximum
        self._places, self._digits = constraints.decimal_places, constraints.max_digits

    def __call__(self, value: object, path: Path, found: Found) -> object:
        if not isinstance(value, int | float | Decimal):
            return value
        if not (value.is_finite() if isinstance(value, Decimal) else isfinite(value)):
            found.add(path, "NOT_FINITE", "It must be a finite number.")
            return value
        if self._least is not None and value < self._least:
            found.add(path, "TOO_SMALL", f"It must be {self._least} or more.")
        elif self._most is not None and value > self._most:
            found.add(path, "TOO_LARGE", f"It must be {self._most} or less.")
        if isinstance(value, Decimal):
            digits, places = _size(value)
            if self._places is not None and places > self._places:
                found.add(
                    path,
                    "TOO_PRECISE",
                    f"It must have at most {_count(self._places, 'decimal place')}.",
                )
            elif self._digits is not None and digits > self._digits:
                found.add(
                    path,
                    "TOO_MANY_DIGITS",
                    f"It must have at most {_count(self._digits, 'digit')}.",
                )
        return value


def leaf_check(type_: GraphQLNamedType, constraints: Constraints) -> Check | None:
    """The check of values of a scalar; None where there is none of them."""
    if type_.name in TEXTS:
        return _Text(constraints)
    return _Number(constraints) if type_.name in NUMBERS else None


def check_inputs(field: GraphQLField, checks: InputChecks) -> None:
    """Have neither the field's resolver nor its stream begin with arguments of which anything is
    wrong, but raise InvalidInput."""
    found = [(name, checks.of(each.type, None)) for name, each in field.args.items()]
    to_check = [(name, check) for name, check in found if check is not None]
    if not to_check:
        return

    def checked(info: ResolveInfo, arguments: dict[str, object]) -> dict[str, object]:
        problems: list[InputProblem] = []
        for name, check in to_check:
            if arguments.get(name) is not None:
                arguments[name], more = _checked(info, name, check, arguments[name])
                problems += more
        if problems:
            # Some clients show no more of an error than its message.
            first = f"{problems[0].path}: {problems[0].message}"
            raise InvalidInput(message=f"{UNUSABLE} {first}", problems=problems[:MOST_PROBLEMS])
        return arguments

    if (resolve := field.resolve) is not None and field.subscribe is None:

        def resolve_checked(source: object, info: ResolveInfo, **arguments: object) -> object:
            return resolve(source, info, **checked(info, arguments))

        field.resolve = resolve_checked
    if (subscribe := field.subscribe) is not None:

        def subscribe_checked(
            source: object, info: ResolveInfo, **arguments: object
        ) -> AsyncIterator[object] | Awaitable[AsyncIterator[object]]:
            stream: AsyncIterator[object] | Awaitable[AsyncIterator[object]] = subscribe(
                source, info, **checked(info, arguments)
            )
            return stream

        field.subscribe = subscribe_checked


def problems_of(check: Check, name: str, value: object) -> tuple[object, Sequence[InputProblem]]:
    """The value as resolvers have it, and what is wrong with it, under this name."""
    found = Found()
    with suppress(Enough):
        value = check(value, (None, name), found)
    return value, found.problems


def path_text(path: Path) -> str:
    """The path as it is told: ``input.lines[2].quantity``."""
    steps: list[str] = []
    at: Path | None = path
    while at is not None:
        at, step = at
        steps.append(f"[{step}]" if isinstance(step, int) else f".{step}")
    return "".join(reversed(steps)).removeprefix(".")


def _checked(
    info: ResolveInfo, name: str, check: Check, value: object
) -> tuple[object, Sequence[InputProblem]]:
    def make() -> tuple[object, Sequence[InputProblem]]:
        return problems_of(check, name, value)

    # A variable can be the argument of many fields.
    return once(info.context, (check, name), value, make)


def _without_items(constraints: Constraints) -> Constraints:
    return Constraints(
        min_length=constraints.min_length,
        max_length=constraints.max_length,
        pattern=constraints.pattern,
        multiline=constraints.multiline,
        minimum=constraints.minimum,
        maximum=constraints.maximum,
        decimal_places=constraints.decimal_places,
        max_digits=constraints.max_digits,
    )


def _size(value: Decimal) -> tuple[int, int]:
    """How many digits it has, and how many of them behind the point, without the zeros at the end
    of its fraction. What it costs hangs on what was written, and not on its exponent."""
    _, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    count = len(digits)
    while exponent < 0 and count > 0 and digits[count - 1] == 0:
        count, exponent = count - 1, exponent + 1
    if count == 0 or not any(digits):
        return 1, 0
    places = max(0, -exponent)
    return max(count + max(0, exponent), places), places


def _hashable(value: object) -> object:
    if isinstance(value, Mapping):
        return frozenset((name, _hashable(each)) for name, each in value.items())
    return tuple(map(_hashable, value)) if isinstance(value, list) else value


def _count(count: int, unit: str) -> str:
    return f"1 {unit}" if count == 1 else f"{count} {unit}s"
