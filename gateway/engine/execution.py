"""Execution by breadth: each field runs once for all objects at its place in the response."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Container
from typing import Any

from graphql import GraphQLError, GraphQLObjectType, default_field_resolver

from gateway.engine.collected import ErrorsInPlace
from gateway.engine.completion import Completion
from gateway.engine.failures import Failed, Failures
from gateway.engine.places import Breadth, Places
from gateway.engine.resolution import columns, members, properties, resolve_batch, resolve_each
from gateway.engine.steps import Kind, LeafShape, Step, Steps
from gateway.engine.waiting import GIVE_WAY, Waiting, Work

AT_ONCE = 250
"""Objects of which a leaf is read and completed before time is looked at."""


class Execution:
    """One execution of an operation's steps.

    ``data`` is the response's data, and ``errors`` its errors. With ``serially`` the root's fields
    run one after another, each with all that is below it. The fields whose schema coordinates are
    in ``by_object`` run their ordinary resolver, whatever else they have. ``begin_serial_field`` is
    called before each of the root's fields, if they run serially; what it raises is the error of
    that field, which then does not run.
    """

    def __init__(
        self,
        executor: ErrorsInPlace,
        root_type: GraphQLObjectType,
        steps: Steps,
        *,
        serially: bool,
        by_object: Container[str],
        begin_serial_field: Callable[[], None],
    ) -> None:
        manager = executor.middleware_manager
        results = steps.results(1)
        self.data: dict[str, Any] | None = results[0]
        self._executor = executor
        self._by_object = by_object
        # Middleware sees every call of a resolver.
        self._is_wrapped = manager is not None and bool(manager.middlewares)
        self._has_default_resolver = executor.field_resolver is default_field_resolver
        self._is_plain = not self._is_wrapped and self._has_default_resolver and not by_object
        self._root = Breadth(root_type, steps, [executor.root_value], results)
        fields = self._fields(self._root)
        self._begin_phase = begin_serial_field if serially else None
        self._phases = deque([[step] for step in fields] if serially else [fields])
        self._ready: deque[Breadth] = deque()
        self._waiting = Waiting()
        self._failures = Failures(propagate=executor.error_propagation)

    @property
    def errors(self) -> list[GraphQLError]:
        return self._failures.errors

    def run(self) -> bool:
        """Runs until something waits; returns whether something does. If so, ``finish`` it."""
        try:
            while self._phases and self.data is not None:
                steps = self._phases.popleft()
                refusal = self._begun_phase()
                if refusal is None:
                    self._run_fields(self._root, steps)
                else:
                    for step in steps:
                        completion = Completion(self._executor, self._root, step)
                        self._waiting.begin(self._complete(completion, [Failed(refusal)]))
                self._run_ready()
                if self._waiting:
                    return True
                self.data = self._failures.settle(self.data)
        except BaseException:
            self._waiting.discard()
            raise
        return False

    async def finish(self) -> None:
        waits = True
        while waits:
            await self._waiting.finish(self._run_ready)
            self.data = self._failures.settle(self.data)
            waits = self.run()

    def _begun_phase(self) -> Exception | None:
        """Why the phase does not begin, if it does not."""
        if self._begin_phase is not None:
            try:
                self._begin_phase()
            except Exception as error:
                return error
        return None

    def _run_ready(self) -> None:
        while self._ready:
            breadth = self._ready.popleft()
            self._run_fields(breadth, self._fields(breadth))
            # What is left to do for it needs only its results.
            breadth.sources = ()

    def _fields(self, breadth: Breadth) -> list[Step]:
        steps = breadth.steps
        return [*steps.constant, *steps.steps] if self._is_wrapped else steps.steps

    def _run_fields(self, breadth: Breadth, steps: list[Step]) -> None:
        executor = self._executor
        by_parts: list[Step] = []
        is_large = len(breadth.sources) > AT_ONCE
        for step in steps:
            kind = step.kind if self._is_plain else self._kind(step)
            if is_large and step.by_parts and kind is step.kind:
                by_parts.append(step)
                continue
            if kind is Kind.COLUMN:
                values = columns(breadth.sources, step.name)
            elif kind is Kind.MEMBER:
                values = members(breadth.sources, step.name)
            elif kind is Kind.PROPERTY:
                values = properties(executor, breadth, step)
            else:
                self._waiting.begin(self._resolve(breadth, step, kind))
                continue
            shape = step.shape
            if isinstance(shape, LeafShape) and shape.is_exact(values, set(map(type, values))):
                _put(breadth.results, step, values)
            else:
                completion = Completion(executor, breadth, step)
                self._waiting.begin(self._complete(completion, values))
        if by_parts:
            # Behind those that fetch, whose batches must leave together.
            self._waiting.begin(self._resolve_by_parts(breadth, by_parts))

    def _resolve_by_parts(self, breadth: Breadth, steps: list[Step]) -> Work[None]:
        """Reads and completes leaves of many objects, and gives way in between."""
        sources = breadth.sources
        for step in steps:
            completion, outs = Completion(self._executor, breadth, step), list[Any]()
            for start in range(0, len(sources), AT_ONCE):
                part = sources[start : start + AT_ONCE]
                if step.kind is Kind.COLUMN:
                    values = columns(part, step.name)
                elif step.kind is Kind.MEMBER:
                    values = members(part, step.name)
                else:
                    values = yield from resolve_batch(self._executor, breadth, step, {}, part)
                part_outs = yield from completion.values(values)
                _put(breadth.results[start : start + AT_ONCE], step, part_outs)
                outs += part_outs
                yield GIVE_WAY
            if completion.failed:
                self._failures.add(breadth, step, outs)

    def _kind(self, step: Step) -> Kind:
        kind = step.kind
        if kind is not Kind.RESOLVER and (
            self._is_wrapped
            or (kind is Kind.PROPERTY and not self._has_default_resolver)
            or step.coordinate in self._by_object
        ):
            return Kind.RESOLVER
        return kind

    def _resolve(self, breadth: Breadth, step: Step, kind: Kind) -> Work[None]:
        executor = self._executor
        completion = Completion(executor, breadth, step)
        try:
            arguments = step.arguments(executor.variable_values, executor.hide_suggestions)
        except Exception as error:
            values: list[Any] = [Failed(error)] * len(breadth.sources)
        else:
            if kind is Kind.BATCHED:
                sources = breadth.sources
                values = yield from resolve_batch(executor, breadth, step, dict(arguments), sources)
            else:
                values, infos = resolve_each(executor, breadth, step, arguments)
                if step.asks_type:
                    completion.infos = infos
        yield from self._complete(completion, values)

    def _complete(self, completion: Completion, values: list[Any]) -> Work[None]:
        """Completes a field's values and puts them into the response."""
        breadth, step = completion.breadth, completion.step
        outs = yield from completion.values(values)
        _put(breadth.results, step, outs)
        if completion.failed:
            self._failures.add(breadth, step, outs)
        if completion.found:
            places = Places(breadth, step, outs)
            for found in completion.found:
                self._ready.append(
                    Breadth(
                        found.type, found.steps, found.sources, found.results, places, found.indices
                    )
                )


def _put(results: list[dict[str, Any]], step: Step, values: list[Any]) -> None:
    key = step.key
    for result, value in zip(results, values, strict=True):
        result[key] = value
