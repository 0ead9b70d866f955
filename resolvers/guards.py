"""Guards: what keeps a protected field's resolver from running for those who may not see it.

They stand in the schema itself, so every transport and every way to a field passes them. By the
time they run, what the identity alone decides has been decided
(gateway/operations/authorization.py): they only look it up, and ask policies about rows where that
is left to do.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from inspect import isawaitable

from graphql import GraphQLField, GraphQLFieldResolver

from gateway.engine.batched import BATCHED, BY_PARTS, COLUMN, MEMBER, BatchedResolver
from gateway.engine.resolution import columns, members
from loaders.batching import Loader
from loaders.errors import Unreadable
from loaders.identity import Identity
from loaders.resource import Resource, Row, unreadable
from resolvers.directives import Alternatives
from resolvers.fields import ResolveInfo, Values
from resolvers.policies import Policy

READ = {COLUMN: columns, MEMBER: members}
"""How the fields are read that have no resolver, by the extension keys that say so."""

log = logging.getLogger("sluice.authorization")


class PolicyEvaluator:
    """One operation's policies, each asked of all rows of a breadth together."""

    def __init__(self, policies: Mapping[str, Policy], identity: Identity) -> None:
        self._policies = policies
        self._identity = identity
        self._loaders: dict[str, Loader[int, bool]] = {}
        # A row is known by where it lies, so it must stay there.
        self._rows: dict[int, Row] = {}

    async def allow(
        self, undecided: Sequence[Alternatives], rows: Sequence[Row]
    ) -> list[bool | Unreadable]:
        """For each row, whether one of the alternatives of each rule holds for it. Where that hangs
        on a value that could not be read, it is that value's error."""
        names = list(dict.fromkeys(n for rule in undecided for group in rule for n in group))
        places = [id(row) for row in rows]
        self._rows.update(zip(places, rows, strict=True))
        asked = await asyncio.gather(*(self._loader(name).load_all(places) for name in names))
        verdicts = dict(zip(names, asked, strict=True))

        def holds(name: str, at: int) -> bool:
            # A policy is its author's: whatever else it says is no.
            return verdicts[name][at] is True

        def allowed(at: int) -> bool | Unreadable:
            if all(any(all(holds(n, at) for n in group) for group in rule) for rule in undecided):
                return True
            said = (verdicts[name][at] for name in names)
            return next((each for each in said if isinstance(each, Unreadable)), False)

        return [allowed(at) for at in range(len(rows))]

    def forget(self) -> None:
        """Let go of all rows and verdicts, and end what is under way."""
        for loader in self._loaders.values():
            loader.forget()
        self._loaders.clear()
        self._rows.clear()

    def _loader(self, name: str) -> Loader[int, bool]:
        loader = self._loaders.get(name)
        if loader is None:
            policy = self._policies[name]

            async def decide(places: list[int]) -> Sequence[bool | Exception]:
                rows = [self._rows[place] for place in places]
                verdicts = [unreadable(row, policy.needs) for row in rows]
                readable = [row for row, v in zip(rows, verdicts, strict=True) if v is None]
                decided = iter(await self._decide(policy, readable) if readable else ())
                return [next(decided) if v is None else v for v in verdicts]

            loader = self._loaders[name] = Loader(decide)
        return loader

    async def _decide(self, policy: Policy, rows: list[Row]) -> list[bool]:
        try:
            verdicts = list(await policy.decide(self._identity, rows))
        except Exception:
            log.exception("policy '%s' failed, so it denies", policy.name)
            return [False] * len(rows)
        if len(verdicts) != len(rows):
            log.error("policy '%s' decided on other rows than it was asked of", policy.name)
            return [False] * len(rows)
        return verdicts


def comparable(info: ResolveInfo) -> Callable[[str], None]:
    """A check of a coordinate that raises ``Denied`` where the caller may not compare by it, as
    they may not see it: what can be filtered or sorted by can be found out."""

    def check(coordinate: str) -> None:
        if coordinate in info.context.decision.verdicts:
            info.context.deny(coordinate, info.path.as_list())

    return check


def guard(coordinate: str, field: GraphQLField, resource: Resource | None) -> None:
    """Put a guard before the field's resolver.

    ``resource`` is that of the row which the field's value is read from, if it is read from one:
    where a policy looks at rows, the value is read apart, for the rows that it allows.
    """
    resolve, subscribe = field.resolve, field.subscribe
    assert resolve is not None

    def guarded(row: Row | None, info: ResolveInfo, **arguments: object) -> object:
        verdict = info.context.decision.verdicts.get(coordinate)
        if verdict is None:
            return resolve(row, info, **arguments)
        if verdict.is_denied:
            if not info.context.decision.enforced:
                return resolve(row, info, **arguments)
            info.context.deny(coordinate, info.path.as_list())
        return judged(verdict.undecided, row, info, arguments)

    async def judged(
        undecided: Sequence[Alternatives],
        row: Row | None,
        info: ResolveInfo,
        arguments: Mapping[str, object],
    ) -> object:
        context = info.context
        known: Row = {} if row is None else row
        [allowed] = await context.policies.allow(undecided, [known])
        if isinstance(allowed, Unreadable):
            if context.decision.enforced:
                raise allowed
        elif not allowed:
            context.deny(coordinate, info.path.as_list())
        if resource is not None:
            row = await context.loaders.guarded(resource).load(known.get(resource.key))
            if row is None:
                return None
        value = resolve(row, info, **arguments)
        return await value if isawaitable(value) else value

    field.resolve = guarded
    if (batched := _batched(field)) is not None:
        field.extensions[BATCHED] = _guarded_batch(coordinate, batched, resource)
        # Policies are asked about all objects at once.
        field.extensions.pop(BY_PARTS, None)
    if subscribe is not None:
        field.subscribe = _guarded_stream(coordinate, subscribe)


def _batched(field: GraphQLField) -> BatchedResolver | None:
    """The field's resolver for a whole breadth, by which it is from now on resolved."""
    for kind, read in READ.items():
        if kind in field.extensions:
            return _reading(read, field.extensions.pop(kind))
    batched: BatchedResolver | None = field.extensions.get(BATCHED)
    return batched


def _reading(read: Callable[[Values, str], Values], name: str) -> BatchedResolver:
    return lambda rows, _info, _arguments: read(rows, name)


def _guarded_batch(
    coordinate: str, batched: BatchedResolver, resource: Resource | None
) -> BatchedResolver:
    def guarded(
        rows: Sequence[Row | None], info: ResolveInfo, arguments: dict[str, object]
    ) -> Values | Awaitable[Values]:
        decision = info.context.decision
        verdict = decision.verdicts.get(coordinate)
        if verdict is None or (verdict.is_denied and not decision.enforced):
            return batched(rows, info, arguments)
        if verdict.is_denied:
            return [info.context.refusal(coordinate, info.path.as_list())] * len(rows)
        return judged(verdict.undecided, rows, info, arguments)

    async def judged(
        undecided: Sequence[Alternatives],
        rows: Sequence[Row | None],
        info: ResolveInfo,
        arguments: dict[str, object],
    ) -> Values:
        context = info.context
        asked = [{} if row is None else row for row in rows]
        allowed = await context.policies.allow(undecided, asked)
        values: list[object] = [None] * len(rows)
        left = dict(enumerate(rows))
        if not all(each is True for each in allowed):
            refused = not all(allowed)
            refusal = context.refusal(coordinate, info.path.as_list()) if refused else None
            for place, each in enumerate(allowed):
                if each is not True and context.decision.enforced:
                    values[place] = each or refusal
                    del left[place]
        if resource is not None:
            keys = [asked[place].get(resource.key) for place in left]
            apart = await context.loaders.guarded(resource).load_all(keys)
            for place, row in zip(list(left), apart, strict=True):
                if row is None or isinstance(row, Exception):
                    values[place] = row
                    del left[place]
                else:
                    left[place] = row
        if left:
            found = batched(list(left.values()), info, arguments)
            found = await found if isawaitable(found) else found
            for place, value in zip(left, found, strict=True):
                values[place] = value
        return values

    return guarded


def _guarded_stream(
    coordinate: str, subscribe: GraphQLFieldResolver
) -> Callable[..., Awaitable[AsyncIterator[object]]]:
    async def guarded(
        root: object, info: ResolveInfo, **arguments: object
    ) -> AsyncIterator[object]:
        context = info.context
        verdict = context.decision.verdicts.get(coordinate)
        if verdict is not None and (
            verdict.is_denied or (await context.policies.allow(verdict.undecided, [{}])) != [True]
        ):
            context.deny(coordinate, info.path.as_list())
        stream = subscribe(root, info, **arguments)
        events: AsyncIterator[object] = await stream if isawaitable(stream) else stream
        return events

    return guarded
