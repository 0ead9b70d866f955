"""What a resolver may know of its request."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from graphql import GraphQLSchema

from gateway.errors import Denied, Ended, OperationTooComplex
from gateway.operations.admission import Place
from gateway.operations.authorization import Decision, Denial, indices
from gateway.operations.prepared import Prepared
from gateway.quotas.accounts import Account
from loaders.chain.timer import Until
from loaders.contexts import Operation
from loaders.identity import Identity
from loaders.registry import Loaders, Sources
from resolvers.guards import PolicyEvaluator
from resolvers.policies import Policy

log = logging.getLogger("sluice.authorization")

T = TypeVar("T")


@dataclass(slots=True)
class Context:
    """One operation's context, as ``info.context``.

    What is of the operation is there from the moment it is planned and decided upon, so in every
    resolver: its ``loaders``, its ``decision``, and the ``policies``, which are asked about rows.
    ``refused`` is what was denied as it ran, by the names in its paths. ``visible_schema`` is what
    introspection shows. ``not_by_breadth`` says why graphql-core's executor ran it, if that did.
    ``timer`` is what stops it, ``made`` what resolvers have made of arguments. It has its ``place``
    among those that run until it leaves that, and a subscription one for ``events``. Each of its
    results may have ``most_objects``, of which so many ``objects`` are made. What it costs goes to
    the ``account`` of its caller, if there is a quota. ``ended`` says why none of its root fields
    may begin any more, and ``writing`` is what outlives it: the root field of a mutation that was
    running then.
    """

    sources: Sources
    operation: Operation = field(default_factory=Operation)
    most_objects: int | None = None
    planned: Prepared | None = None
    refused: dict[tuple[str, ...], Denial] = field(default_factory=dict)
    visible_schema: GraphQLSchema | None = None
    not_by_breadth: str | None = "the setting engine"
    timer: Until | None = None
    made: dict[Hashable, tuple[object, object]] = field(default_factory=dict)
    place: Place | None = None
    events: Place | None = None
    account: Account | None = None
    ended: Ended | None = None
    is_writing: bool = False
    writing: asyncio.Task[Any] | None = None
    objects: int = 0
    _declared: Mapping[str, Policy] = field(default_factory=dict)
    _decision: Decision | None = None
    _loaders: Loaders | None = None
    _policies: PolicyEvaluator | None = None
    # What a deferred part of a mutation may still be waiting for.
    _before: list[Loaders | PolicyEvaluator] = field(default_factory=list)
    _event: Context | None = None
    _too_many: OperationTooComplex | None = None

    @property
    def identity(self) -> Identity:
        """Who asks."""
        return self.operation.identity

    def begin_time(self, timer: Until, seconds: float) -> None:
        """Have the timer stop the operation, and its sources take so many seconds from now."""
        self.timer = timer
        self.operation.deadline = time.monotonic() + seconds

    def end_time(self) -> None:
        """Have the operation last for as long as its client stays."""
        self.operation.deadline = None
        if self.timer is not None:
            self.timer.end()

    def leave(self) -> None:
        """Have others run in its place."""
        if self.place is not None:
            self.place.leave()
            self.place = None

    def subscribe(self) -> None:
        """Leave its place, until there are events, each of which has one while it executes."""
        self.events = None if self.place is None else self.place.of_events()
        self.leave()

    def end(self, why: Ended) -> None:
        """Stop the operation, and have its client be told why; but not a root field of a mutation
        that is running, only those behind it."""
        self.ended = why
        if not self.is_writing and self.timer is not None:
            self.timer.expire()

    def outlive(self, writing: asyncio.Task[Any]) -> None:
        """Have what a mutation's root field does go on until the operation's deadline, and no
        further one begin: an unknown outcome is worse than a late one."""
        self.ended = self.ended or Ended("The client has gone.")
        assert self.timer is not None
        left = self.timer.deadline - time.monotonic()
        late = writing.get_loop().call_later(left, writing.cancel)
        writing.add_done_callback(lambda _: late.cancel())
        self.writing = writing

    def begin(self, planned: Prepared, decision: Decision, policies: Mapping[str, Policy]) -> None:
        """Give the operation its loaders, which fetch what its caller may see of its plan."""
        self.planned, self._decision, self._declared = planned, decision, policies
        self.renew()

    def renew(self) -> None:
        """Give the operation new loaders and verdicts of policies: what it has read is as it was
        before it wrote."""
        decision = self.decision
        self._before += [kept for kept in (self._loaders, self._policies) if kept is not None]
        self._loaders = Loaders(
            self.sources,
            decision.columns,
            self.operation,
            guarded=decision.guarded,
        )
        self._policies = PolicyEvaluator(self._declared, self.identity)

    def begin_root_field(self) -> None:
        """Renew it for the next root field of a mutation. Raises why none may begin, if so."""
        if self.ended is not None:
            raise self.ended
        self.renew()

    def begin_objects(self, count: int) -> None:
        """Count objects that are about to be made. Raises OperationTooComplex, always the same one,
        where they are too many."""
        self.objects += count
        if self.most_objects is not None and self.objects > self.most_objects:
            if self._too_many is None:
                said = f"The response has more than {self.most_objects:,} objects: ask for less."
                self._too_many = OperationTooComplex(said)
            raise self._too_many.with_traceback(None)

    def event(self, place: Place | None) -> Context:
        """The context of another event of the same subscription, which sees the sources
        anew, and gives the place back while it waits for them."""
        of = self.operation
        of_event = Operation(of.identity, headers=of.headers, address=of.address, place=place)
        context = Context(
            self.sources, of_event, self.most_objects, timer=self.timer, account=self.account
        )
        if self.planned is not None:
            context.begin(self.planned, self.decision, self._declared)
        # Events come one after another, and each explains itself.
        self.operation, self.refused = context.operation, context.refused
        if self._event is not None:
            self._event.forget()
        self._event = context
        return context

    @property
    def latest(self) -> Context:
        """Of a subscription, the context of its latest event; otherwise this one."""
        return self if self._event is None else self._event

    def forget(self) -> None:
        """Let go of what was loaded, now that the operation has ended."""
        for kept in (*self._before, self._loaders, self._policies, self._event):
            if kept is not None:
                kept.forget()
        self._before.clear()
        self.made.clear()
        self._event = None
        self.operation.trace.calls.clear()

    @property
    def loaders(self) -> Loaders:
        return _begun(self._loaders)

    @property
    def decision(self) -> Decision:
        return _begun(self._decision)

    @property
    def policies(self) -> PolicyEvaluator:
        return _begun(self._policies)

    @property
    def denials(self) -> Sequence[Denial]:
        """Everything that was denied, before the operation ran and while it did."""
        before = {denial.path for denial in self.decision.denials}
        late = [denial for denial in self.refused.values() if denial.path not in before]
        return [*self.decision.denials, *late]

    def deny(self, coordinate: str, path: Sequence[str | int]) -> None:
        """Raise the ``refusal`` of the field at the path, if there is one."""
        if (refusal := self.refusal(coordinate, path)) is not None:
            raise refusal

    def refusal(self, coordinate: str, path: Sequence[str | int]) -> Denied | None:
        """Note that the field at the path is denied by the coordinate's rule, as the operation
        runs. Returns the error to raise there; None if denials are only logged."""
        # Of all objects at a place it is noted once.
        names = tuple(step for step in path if isinstance(step, str))
        if names not in self.refused:
            verdict = self.decision.verdicts[coordinate]
            denial = Denial(self._place(path), coordinate, verdict.requirement)
            self.refused[names] = denial
            if not self.decision.enforced:
                self.log(denial)
        return Denied(self.identity.is_anonymous) if self.decision.enforced else None

    def _place(self, path: Sequence[str | int]) -> tuple[str, ...]:
        # A field that is resolved for many objects at once has a path without indices.
        assert self.planned is not None
        at: tuple[str, ...] = ()
        behind: tuple[str, ...] = ()
        names = [step for step in path if isinstance(step, str)]
        for key, step in zip(names, self.planned.plan.along(names), strict=True):
            at = (*at, *behind, key)
            behind = tuple(indices(step[0].definition.type))
        return at if path[-1] == at[-1] else (*at, *behind)

    def log(self, denial: Denial) -> None:
        """Log what would be denied."""
        who = self.identity.credential or "an anonymous caller"
        log.warning("dry run: %s denies %s to %s", denial.requirement, denial.coordinate, who)


def _begun(value: T | None) -> T:
    if value is None:
        raise RuntimeError("the operation has not been planned and decided upon yet")
    return value
