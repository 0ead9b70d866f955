"""What a mutation comes to: its success, or one of the errors that it names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from inspect import isawaitable
from typing import ClassVar

import strawberry
from graphql import GraphQLField
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.union import StrawberryUnion

from gateway.errors import BadUserInput
from resolvers.fields import ResolveInfo, definition_of

UNUSABLE = "The arguments can't be used as they are."


@strawberry.interface(name="Error", description="Why a mutation did not do what it was asked for.")
class MutationError(Exception):
    """The base of the errors that mutations name: ``@strawberry.type`` classes, which a resolver,
    or anything that it calls, raises. It is not returned.

    Where a mutation does not name it, it is an error of the response like any exception.
    """

    __strawberry_definition__: ClassVar[StrawberryObjectDefinition]
    # A dataclass would take it away, and what handles exceptions may put them into sets.
    __hash__ = Exception.__hash__

    message: str = strawberry.field(description="What went wrong, in words for people.")

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        type.__setattr__(cls, "__hash__", Exception.__hash__)

    def __str__(self) -> str:
        return self.message


@strawberry.type(description="What is wrong with one value of the arguments.")
class InputProblem:
    path: str = strawberry.field(
        description="Where it stands, from the argument's name on: `input.lines[2].quantity`."
    )
    message: str = strawberry.field(description="What is wrong, in words for people.")
    code: str = strawberry.field(description="What is wrong, for programs: `TOO_LONG`.")


@strawberry.type(description="The arguments can't be used as they are. Nothing was done.")
class InvalidInput(MutationError):
    """Raised for arguments that break their constraints; resolvers raise it for what they check
    themselves. Where it is not named, it is an error of the response."""

    message: str = strawberry.field(
        description="What went wrong, in words for people.",
        default=UNUSABLE,
    )
    problems: list[InputProblem] = strawberry.field(
        description="All that is wrong, the first 100 of it."
    )

    @property
    def extensions(self) -> dict[str, object]:
        """Those of an error of the response, as graphql-core takes them."""
        problems = [
            {"path": each.path, "message": each.message, "code": each.code}
            for each in self.problems
        ]
        return {"code": BadUserInput.code, "problems": problems}


class Told:
    """An error that is the value of a field: executors take an exception for a failure."""

    # Any other name may be one of the error's fields.
    __slots__ = ("_error", "_type_name")

    def __init__(self, error: MutationError, type_name: str) -> None:
        self._error = error
        self._type_name = type_name

    def __getattr__(self, name: str) -> object:
        return getattr(self._error, name)


class ResultUnion(StrawberryUnion):
    """The union of what a mutation gives if it succeeds, and of the errors that it names."""

    def __init__(self, name: str, success: type, errors: Sequence[type[MutationError]]) -> None:
        super().__init__(
            name=name,
            type_annotations=tuple(map(StrawberryAnnotation, (success, *errors))),
            description="What the mutation gives, or why it did not do what it was asked for.",
        )
        self.success = success
        self.errors = tuple(errors)

    def get_type_resolver(self, type_map: object) -> Callable[..., str]:
        succeeded: str = definition_of(self.success).name

        def resolve(value: object, info: object, type_: object) -> str:
            return value._type_name if isinstance(value, Told) else succeeded

        return resolve


def tell_errors(field: GraphQLField, union: ResultUnion) -> None:
    """Have the errors that the union names be values of the field."""
    resolve = field.resolve
    assert resolve is not None
    names = {error: definition_of(error).name for error in union.errors}

    def told(error: MutationError) -> Told:
        kind = next(each for each in type(error).__mro__ if each in names)
        # It may live as long as the response, and holds what its resolver had.
        return Told(error.with_traceback(None), names[kind])

    async def later(value: object) -> object:
        assert isawaitable(value)
        try:
            return await value
        except union.errors as error:
            return told(error)

    def resolve_told(source: object, info: ResolveInfo, **arguments: object) -> object:
        try:
            value = resolve(source, info, **arguments)
        except union.errors as error:
            return told(error)
        return later(value) if isawaitable(value) else value

    field.resolve = resolve_told
