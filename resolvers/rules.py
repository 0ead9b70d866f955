"""The rules of a graph: what its directives require at each coordinate, and whom they let.

What can be told from the identity is told before anything runs. What a policy must look at rows
for stays undecided, and is asked of the rows that the field stands on (resolvers/guards.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cachetools import LRUCache
from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_leaf_type,
    is_non_null_type,
)

from loaders.declarations import nearest
from loaders.identity import Identity
from resolvers.checks.faults import Fault
from resolvers.directives import BACKREF, PERSONAL, Alternatives, Public, Requirement, Rule, rule_of
from resolvers.policies import Policy
from resolvers.wrapping import TELLING, connected, succeeded

STANDINGS_KEPT = 256
"""Standings whose verdicts are kept. There are as many as sets of scopes that callers have."""


@dataclass(frozen=True, slots=True)
class Standing:
    """All of an identity that rules go by: equal standings are let and denied the same."""

    anonymous: bool
    scopes: frozenset[str]
    claims: frozenset[str]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a standing comes to at a place that it is not simply allowed.

    ``requirement`` is what denies it, or, where there are ``undecided`` alternatives, what
    policies must yet be asked about: any of these with all of its policies, for each rule.
    """

    requirement: Requirement
    undecided: tuple[Alternatives, ...] = ()

    @property
    def is_denied(self) -> bool:
        return not self.undecided


Verdicts = Mapping[str, Verdict]
"""The verdicts of one standing by schema coordinate, of fields and of types; what is not there is
allowed."""


@dataclass(frozen=True, slots=True)
class _Guard:
    # What must hold to see the field, decided where need be over the rows that it stands on.
    rule: Rule
    # What must hold for the objects it leads to. Their own fields ask it of their own rows.
    target: Rule = ()
    # What must hold for all objects at once, of which it tells something: where a policy would have
    # to look at each of them, it is denied.
    all: Rule = ()


class Rules:
    """The rules of a schema.

    ``scopes`` are all that the directives and the policies name. ``faults`` are the rules that
    can't be kept: a policy that is not there, a protected field that can't be null, a person's
    data that nothing protects, a mutation that says nothing. A graph with any is refused.
    """

    def __init__(self, schema: GraphQLSchema, policies: Iterable[Policy]) -> None:
        self.policies = {policy.name: policy for policy in policies}
        self.faults: list[Fault] = []
        self._guards: dict[str, _Guard] = {}
        for type_ in schema.type_map.values():
            if isinstance(type_, GraphQLObjectType) and not type_.name.startswith("__"):
                self._add_type(type_)
        self._check_mutation(schema.mutation_type)
        named = [
            requirement
            for guard in self._guards.values()
            for requirement in (*guard.rule, *guard.target)
        ]
        self.scopes = frozenset().union(
            *(each.names for each in named if each.kind == "requiresScopes"),
            *(policy.scopes for policy in self.policies.values()),
        )
        self._claims = frozenset().union(*(each.claims for each in self.policies.values()))
        self._known: LRUCache[Standing, Verdicts] = LRUCache(STANDINGS_KEPT)

    @property
    def coordinates(self) -> Iterable[str]:
        """Every field that something protects."""
        return [place for place in self._guards if "." in place]

    def required(self, coordinate: str) -> Rule:
        """All that must hold for the field and for what it leads to."""
        guard = self._guards.get(coordinate)
        return () if guard is None else _joined([guard.rule, guard.target, guard.all])

    def standing(self, identity: Identity) -> Standing:
        """What of the identity the rules go by."""
        return Standing(
            identity.is_anonymous,
            identity.scopes & self.scopes,
            frozenset(name for name in self._claims if identity.claims.get(name) is not None),
        )

    def verdicts(self, standing: Standing) -> Verdicts:
        """Where the standing is denied, or undecided."""
        verdicts = self._known.get(standing)
        if verdicts is None:
            verdicts = self._known[standing] = {
                coordinate: verdict
                for coordinate, guard in self._guards.items()
                if (verdict := self._verdict(guard, standing)) is not None
            }
        return verdicts

    def _verdict(self, guard: _Guard, standing: Standing) -> Verdict | None:
        undecided: list[Alternatives] = []
        asks: Requirement | None = None
        for requirement in (*guard.rule, *guard.target, *guard.all):
            left = self._left(requirement, standing)
            if left == () or (left is not None and requirement in guard.all):
                return Verdict(requirement)
            if left is not None and requirement in guard.rule:
                asks = asks or requirement
                undecided.append(left)
        return Verdict(asks, tuple(undecided)) if asks is not None else None

    def _left(self, requirement: Requirement, standing: Standing) -> Alternatives | None:
        """The alternatives that policies must be asked about: none left where the requirement
        can't hold, None where it holds as it is."""
        if requirement.kind == "authenticated":
            return () if standing.anonymous else None
        left = []
        for group in requirement.alternatives:
            holds = [self._holds(requirement, name, standing) for name in group]
            if all(holds):
                return None
            if False not in holds:
                left.append(tuple(n for n, each in zip(group, holds, strict=True) if each is None))
        return tuple(left)

    def _holds(self, requirement: Requirement, name: str, standing: Standing) -> bool | None:
        if requirement.kind == "requiresScopes":
            return name in standing.scopes
        policy = self.policies[name]
        if policy.scopes & standing.scopes:
            return True
        return None if policy.claims <= standing.claims else False

    def _add_type(self, type_: GraphQLObjectType) -> None:
        line: Sequence[GraphQLObjectType | GraphQLInterfaceType] = (type_, *type_.interfaces)
        of_parent = rule_of_type(type_)
        if connected(type_) is not None:
            self._add_connected(type_, of_parent)
            return
        if of_parent:
            self._guards[type_.name] = _Guard(of_parent)
        for name, field in type_.fields.items():
            coordinate = f"{type_.name}.{name}"
            own = _joined(_rule_of_field(each.fields[name]) for each in line if name in each.fields)
            returned = get_named_type(field.type)
            of_returned = rule_of_type(returned)
            leaf = is_leaf_type(returned)
            guard = _Guard(
                _joined([own, of_parent, of_returned if leaf else ()]), () if leaf else of_returned
            )
            self._check_field(coordinate, field, own + of_returned, of_parent)
            if guard.rule or guard.target:
                self._guards[coordinate] = guard
                self._check_policies(coordinate, (*guard.rule, *guard.target))

    def _add_connected(self, type_: GraphQLObjectType, rule: Rule) -> None:
        """A connection's fields, or an edge's, of objects for which the rule must hold. Fields that
        lead here are denied with them, so these are looked at only where a policy is asked."""
        for name in type_.fields if rule else ():
            telling = name in TELLING
            self._guards[f"{type_.name}.{name}"] = (
                _Guard((), all=rule) if telling else _Guard((), rule)
            )

    def _check_policies(self, coordinate: str, rule: Rule) -> None:
        for requirement in rule:
            if requirement.kind == "policy":
                for name in sorted(requirement.names - self.policies.keys()):
                    meant = nearest(name, self.policies)
                    self._fault(
                        coordinate,
                        f"the graph has no policy '{name}'"
                        + (f"; did you mean '{meant}'?" if meant else ""),
                    )

    def _check_field(
        self, coordinate: str, field: GraphQLField, rule: Rule, of_parent: Rule
    ) -> None:
        if rule and is_non_null_type(field.type):
            self._fault(coordinate, "it is protected, so it must be nullable: a denial is a null")
        if _metadata(field).get(PERSONAL) and not (rule or of_parent):
            self._fault(coordinate, "it is personal data, and nothing protects it")

    def _check_mutation(self, type_: GraphQLObjectType | None) -> None:
        for name, field in type_.fields.items() if type_ is not None else ():
            coordinate = f"{type_}.{name}"
            public = any(isinstance(each, Public) for each in _directives(field))
            if coordinate not in self._guards and not public:
                self._fault(
                    coordinate,
                    "it says neither who may run it nor that everyone may: "
                    "mutation(…, public=True)",
                )

    def _fault(self, coordinate: str, message: str) -> None:
        self.faults.append(Fault(coordinate, message))


def _joined(rules: Iterable[Rule]) -> Rule:
    # In order, each once: an interface's directive is often repeated on its types.
    return tuple(dict.fromkeys(requirement for rule in rules for requirement in rule))


def rule_of_type(type_: GraphQLNamedType) -> Rule:
    """What the type's directives require, and its interfaces'; of a connection, an edge and a
    mutation's result, those of its objects' type."""
    node = connected(type_) or succeeded(type_)
    if node is not None:
        return rule_of_type(node)
    interfaces = getattr(type_, "interfaces", ())
    return _joined(rule_of(_directives(each)) for each in (type_, *interfaces))


def _rule_of_field(field: GraphQLField) -> Rule:
    return rule_of(_directives(field))


def _directives(element: GraphQLNamedType | GraphQLField) -> Iterable[object]:
    return getattr(element.extensions.get(BACKREF), "directives", None) or ()


def _metadata(field: GraphQLField) -> Mapping[object, object]:
    return getattr(field.extensions.get(BACKREF), "metadata", None) or {}
