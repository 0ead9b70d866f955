"""Mutations: root fields that change something, which say who may run them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Unpack

from strawberry.types.base import StrawberryObjectDefinition, StrawberryOptional
from strawberry.types.field import UNRESOLVED, FieldType, StrawberryField
from strawberry.utils.str_converters import capitalize_first, to_camel_case

from loaders.declarations import declaration
from resolvers.constraints import is_constrained
from resolvers.directives import MutationOptions, declared
from resolvers.results import InvalidInput, MutationError, ResultUnion

ERRORS = "sluice.errors"
"""The metadata key of the errors that a mutation names."""


@declaration
def mutation(
    description: str,
    resolver: Callable[..., object],
    *,
    errors: Sequence[type] = (),
    **options: Unpack[MutationOptions],
) -> Any:
    """A field of the mutation type that an ordinary resolver runs.

    It says who may run it, by ``authenticated``, ``requires_scopes`` or ``policy``, or by
    ``public=True`` that everyone may: a graph with one that says neither is refused.

    With ``errors``, which are ``MutationError`` types, the field ``placeOrder`` gives a union,
    ``PlaceOrderResult``, of the type that it is annotated with and of these errors, and of
    ``InvalidInput`` if its arguments have constraints. The resolver raises them. Whatever else it
    raises is an error of the response.
    """
    for each in errors:
        if not issubclass(each, MutationError) or each is MutationError:
            raise TypeError(
                f"mutation(): 'errors' must be types of errors, and {each.__name__} is none: "
                f"@strawberry.type class {each.__name__}(MutationError)"
            )
    given = declared(**options)
    field = MutationField(
        graphql_name=given["name"],
        description=description,
        deprecation_reason=given["deprecation_reason"],
        directives=given["directives"],
        metadata={ERRORS: tuple(errors), **given["metadata"]},
    )
    return field(resolver)


class MutationField(StrawberryField):
    """A field whose type is, if it names errors, a union with them."""

    def resolve_type(
        self, *, type_definition: StrawberryObjectDefinition | None = None
    ) -> FieldType:
        type_ = super().resolve_type(type_definition=type_definition)
        errors: tuple[type[MutationError], ...] = self.metadata[ERRORS]
        if not errors or type_ is UNRESOLVED:
            return type_
        success = type_.of_type if isinstance(type_, StrawberryOptional) else type_
        definition = getattr(success, "__strawberry_definition__", None)
        if not isinstance(success, type) or getattr(definition, "is_interface", True):
            raise TypeError(
                f"mutation(): '{self.python_name}' names errors, so it must give an object of one "
                f"type, not {success}"
            )
        if InvalidInput not in errors and any(is_constrained(each.type) for each in self.arguments):
            errors = (InvalidInput, *errors)
        name = capitalize_first(self.graphql_name or to_camel_case(self.python_name))
        union = ResultUnion(f"{name}Result", success, errors)
        return StrawberryOptional(union) if isinstance(type_, StrawberryOptional) else union
