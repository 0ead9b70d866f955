"""The directives that say who may see what, with the semantics of the Apollo Federation
specification (v2.9), so that the schema composes behind a router unchanged.

They stand on fields (``column(…, requires_scopes=[["finance"]])`` and its like), and on objects,
interfaces, enums and scalars (``@strawberry.type(directives=[RequiresScopes.of([["finance"]])])``).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NewType, TypedDict, Unpack

import strawberry
from strawberry import directive_field
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.schema_directive import Location
from strawberry.types.scalar import ScalarDefinition

Alternatives = tuple[tuple[str, ...], ...]
"""Names, any of the outer ones with all of its inner ones."""

LOCATIONS = [
    Location.FIELD_DEFINITION,
    Location.OBJECT,
    Location.INTERFACE,
    Location.SCALAR,
    Location.ENUM,
]

BACKREF = GraphQLCoreConverter.DEFINITION_BACKREF
"""The key of the extensions under which a schema's elements have Strawberry's definitions."""

PERSONAL = "sluice.personal"
"""The metadata key of a field that holds a person's data."""

Scope = NewType("Scope", str)
PolicyName = NewType("PolicyName", str)
Import = NewType("Import", str)


SCALARS: dict[object, ScalarDefinition] = {
    Scope: strawberry.scalar(
        name="federation__Scope",
        description="What a token or a key may be good for.",
        serialize=str,
        parse_value=str,
    ),
    PolicyName: strawberry.scalar(
        name="federation__Policy",
        description="A rule that a function decides.",
        serialize=str,
        parse_value=str,
    ),
    Import: strawberry.scalar(
        name="link__Import",
        description="The name of a directive of a specification.",
        serialize=str,
        parse_value=str,
    ),
}
"""The scalars of the directives' arguments. A graph adds the names that there are."""


@strawberry.schema_directive(
    locations=[Location.SCHEMA],
    name="link",
    repeatable=True,
    description="The specification that directives of this schema mean what they mean by.",
)
class Link:
    url: str
    import_: list[Import | None] | None = directive_field(name="import")


@strawberry.schema_directive(
    locations=LOCATIONS,
    name="authenticated",
    description="Only callers with a credential may see this.",
)
class Authenticated:
    pass


@strawberry.schema_directive(
    locations=LOCATIONS,
    name="requiresScopes",
    description="Only callers with all scopes of one of these lists may see this.",
)
class RequiresScopes:
    scopes: list[list[Scope]]

    @staticmethod
    def of(scopes: Sequence[Sequence[str]]) -> RequiresScopes:
        checked = _checked("requires_scopes", scopes)
        return RequiresScopes(scopes=[[Scope(each) for each in group] for group in checked])


@strawberry.schema_directive(
    locations=LOCATIONS,
    name="policy",
    description="Only callers that all policies of one of these lists allow may see this.",
)
class Policies:
    policies: list[list[PolicyName]]

    @staticmethod
    def of(policies: Sequence[Sequence[str]]) -> Policies:
        checked = _checked("policy", policies)
        return Policies(policies=[[PolicyName(each) for each in group] for group in checked])


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="public",
    description="Everyone may run this mutation.",
)
class Public:
    pass


FEDERATION = Link(
    url="https://specs.apollo.dev/federation/v2.9",
    import_=[
        Import("@authenticated"),
        Import("@cost"),
        Import("@listSize"),
        Import("@policy"),
        Import("@requiresScopes"),
    ],
)
"""Without it, what composes a supergraph takes the directives for the graph's own, and routers do
not enforce them."""


class Access(TypedDict, total=False):
    """Who may see a field: whoever all of these let.

    ``requires_scopes`` and ``policy`` list alternatives, of which one must hold whole.
    ``personal`` marks a person's data, which must have one of the others.
    """

    authenticated: bool
    requires_scopes: Sequence[Sequence[str]]
    policy: Sequence[Sequence[str]]
    personal: bool


class ColumnOptions(Access, total=False):
    """What every kind of field takes. What is not access is passed on to Strawberry."""

    deprecation_reason: str
    directives: Sequence[object]


class FieldOptions(ColumnOptions, total=False):
    """What every kind of field but a column takes, whose name is the column's."""

    name: str


class MutationOptions(FieldOptions, total=False):
    """What a mutation takes. ``public`` says that everyone may run it."""

    public: bool


class FieldArguments(TypedDict):
    """Arguments of a Strawberry field."""

    directives: Sequence[object]
    metadata: dict[object, object]
    name: str | None
    deprecation_reason: str | None


def declared(**options: Unpack[MutationOptions]) -> FieldArguments:
    """The arguments of a Strawberry field with these options.

    Raises TypeError for alternatives that are no lists of lists, or empty: nobody could pass them;
    and for a mutation that is both public and for some.
    """
    directives: list[object] = []
    if options.get("authenticated"):
        directives.append(Authenticated())
    if (scopes := options.get("requires_scopes")) is not None:
        directives.append(RequiresScopes.of(scopes))
    if (policy := options.get("policy")) is not None:
        directives.append(Policies.of(policy))
    if options.get("public"):
        if directives:
            raise TypeError("public=True lets everyone, so it goes with no other access")
        directives.append(Public())
    for each in options.get("directives", ()):
        if isinstance(each, type) or not hasattr(each, "__strawberry_directive__"):
            raise TypeError("directives is a list of schema directives, such as Authenticated()")
        directives.append(each)
    return {
        "directives": directives,
        "metadata": {PERSONAL: True} if options.get("personal") else {},
        "name": options.get("name"),
        "deprecation_reason": options.get("deprecation_reason"),
    }


@dataclass(frozen=True, slots=True)
class Requirement:
    """One directive, as it stands on a field or a type."""

    kind: Literal["authenticated", "requiresScopes", "policy"]
    alternatives: Alternatives = ()

    def __str__(self) -> str:
        if self.kind == "authenticated":
            return "@authenticated"
        argument = "scopes" if self.kind == "requiresScopes" else "policies"
        # A list of lists of strings is written in GraphQL as it is in JSON.
        return f"@{self.kind}({argument}: {json.dumps(self.alternatives, ensure_ascii=False)})"

    @property
    def names(self) -> frozenset[str]:
        return frozenset(name for group in self.alternatives for name in group)


Rule = tuple[Requirement, ...]
"""All that must hold for one place of the schema; nothing, where it is empty."""


def rule_of(directives: Iterable[object]) -> Rule:
    """What the directives of a field or a type require."""
    return tuple(_requirements(directives))


def _requirements(directives: Iterable[object]) -> Iterator[Requirement]:
    for each in directives:
        if isinstance(each, Authenticated):
            yield Requirement("authenticated")
        elif isinstance(each, RequiresScopes):
            yield Requirement("requiresScopes", _alternatives(each.scopes))
        elif isinstance(each, Policies):
            yield Requirement("policy", _alternatives(each.policies))


def _alternatives(groups: Sequence[Sequence[str]]) -> Alternatives:
    return tuple(tuple(str(name) for name in group) for group in groups)


def _checked(name: str, groups: Sequence[Sequence[str]]) -> Sequence[Sequence[str]]:
    if isinstance(groups, str) or not groups:
        raise TypeError(f"{name} is a list of lists of names")
    for group in groups:
        if isinstance(group, str) or not group or not all(group):
            raise TypeError(f"{name} is a list of lists of names, each with at least one")
    return groups
