"""Asks the sources of a graph what they have of its resources.

Each source is asked for one thing at a time, so that a check takes no more of it than one
connection, and none is waited for longer than it is given.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from textwrap import shorten
from typing import Any

from gateway.checks.report import Report
from gateway.checks.settings import is_served, sources_are_configured
from gateway.settings import Settings
from loaders.asks import WHOLE, Ask, Rows, Wants
from loaders.chain import chained
from loaders.contexts import Operation
from loaders.descriptions import NO_SAMPLES, Description, Samples
from loaders.errors import SourceError, SourceTimeout, SourceUnavailable
from loaders.paths import value_at
from loaders.query import Comparison, Operator, Window
from loaders.resource import Resource
from loaders.sources import Source
from resolvers.checks.places import Declarations
from resolvers.checks.sources.all import findings_of
from resolvers.checks.sources.findings import Finding, Severity, unknown
from resolvers.checks.sources.uses import Feed, feeds
from resolvers.graph import Graph

log = logging.getLogger("sluice.checks")

SAMPLES = 3
"""Values of a column that are read, to ask another source by."""

SAMPLING_SECONDS = 1.0
"""How long these may take: a table can be locked, or have none at its beginning."""

CLOSING_SECONDS = 2.0
LONGEST_REASON = 120


async def check(graph: Graph, settings: Settings, *, seconds: float) -> Report:
    """Holds the graph against its settings and its sources, in about so many seconds at most. It
    raises nothing because of a source: what can't be told is unknown."""
    declared = graph.declarations
    found = list(sources_are_configured(declared, settings.sources))
    resources = [each for each in declared.resources() if is_served(each, settings.sources)]
    names = dict.fromkeys(each.source for each in resources)
    sources = {name: settings.sources[name].source(name) for name in names}
    asked = _Asked(declared, sources, seconds)
    try:
        await asyncio.gather(*(asked.attempt(name, sources[name].open) for name in sources))
        await asked.ask(resources)
    finally:
        closing = (_close(source) for source in sources.values())
        await asyncio.gather(*closing)
    found += asked.findings()
    zones = {name: each.time_zone for name, each in settings.sources.items()}
    told = {
        resource: replace(each, time_zone=zones[resource.source] is not None)
        for resource, each in asked.told.items()
    }
    return Report.of(found + findings_of(declared, told), frozenset(asked.unreached))


class _Asked:
    """What the sources have told so far, and why those that failed did."""

    def __init__(
        self, declared: Declarations, sources: Mapping[str, Source], seconds: float
    ) -> None:
        self.told: dict[Resource, Description] = {}
        self.unreached: set[str] = set()
        self._declared = declared
        self._sources = sources
        self._until = asyncio.get_running_loop().time() + seconds
        self._down: dict[str, str] = {}
        self._refused: dict[Resource, str] = {}
        # By their ids: one that is declared twice, with other row filters, is one to whoever reads.
        self._missed: dict[str, dict[tuple[str, ...], str]] = defaultdict(dict)

    async def ask(self, resources: Sequence[Resource]) -> None:
        # What can't be had as a whole is asked for by keys that others have, so these come first.
        left = [each for each in resources if each.why_not_by(None) is not None]
        await self._describe({each: NO_SAMPLES for each in resources if each not in left})
        given = [each for each in feeds(self._declared) if each.taker in left]
        while left:
            ready = [
                taker
                for taker in left
                if all(each.giver not in left for each in given if each.taker is taker)
            ]
            # In a circle of such resources, whoever is first goes without the others' keys.
            ready = ready or left[:1]
            left = [each for each in left if each not in ready]
            samples = await asyncio.gather(*(self._samples(each, given) for each in ready))
            await self._describe(dict(zip(ready, samples, strict=True)))

    async def attempt(
        self, name: str, action: Callable[[], Awaitable[None]], resource: Resource | None = None
    ) -> None:
        """Does what asks the source, and notes why it failed if it does: the source, if that is
        down, or what it was asked about."""
        try:
            async with asyncio.timeout_at(self._until):
                await action()
        except Exception as error:
            self.unreached.add(name)
            down = isinstance(error, (TimeoutError, SourceTimeout, SourceUnavailable))
            if resource is None or down:
                self._down[name] = _reason(error)
            else:
                self._refused[resource] = _reason(error)

    def findings(self) -> Iterator[Finding]:
        """What could not be asked, and why."""
        for name, reason in self._down.items():
            left = ", ".join(self._missed[name].values())
            said = (
                f"it could not be asked about {left}, since {reason}: check again once it answers"
            )
            yield Finding(Severity.UNKNOWN, said, None, name)
        coordinates = self._declared.resources()
        for resource, reason in self._refused.items():
            said = f"{resource} could not be asked about: {reason}"
            yield unknown(coordinates[resource], resource, said)

    async def _describe(self, samples: Mapping[Resource, Samples]) -> None:
        by_source: dict[str, list[Resource]] = defaultdict(list)
        for resource in samples:
            by_source[resource.source].append(resource)

        async def each(name: str, resources: Sequence[Resource]) -> None:
            for resource in resources:

                async def describe(resource: Resource = resource) -> None:
                    described = self._sources[name].describe(resource, samples[resource])
                    self.told[resource] = await described

                if name not in self._down:
                    await self.attempt(name, describe, resource)
                if name in self._down:
                    self._missed[name][resource.id] = str(resource)

        await asyncio.gather(*(each(name, of) for name, of in by_source.items()))

    async def _samples(self, taker: Resource, given: Sequence[Feed]) -> Samples:
        samples: dict[str, list[Hashable]] = defaultdict(list)
        for feed in given:
            if feed.taker is taker and not samples[feed.taken]:
                samples[feed.taken] += await self._values(feed.giver, feed.given)
        return samples

    async def _values(self, giver: Resource, column: str) -> list[Hashable]:
        description = self.told.get(giver)
        if description is None or description.kind is None:
            return []
        if description.columns is not None and column not in description.columns:
            return []
        rows: Sequence[Mapping[str, Any]] = description.seen
        if not rows and giver.why_not_by(None) is None:
            rows = await self._rows(giver, column)
        values = (value_at(row, column) for row in rows)
        return [each for each in values if isinstance(each, Hashable) and each is not None]

    async def _rows(self, giver: Resource, column: str) -> Sequence[Mapping[str, Any]]:
        there = Comparison(column, Operator.IS_NULL, False)
        ask = Ask(
            Rows(giver, filter=there, window=Window(limit=SAMPLES)), Wants(frozenset({column}))
        )
        source = self._sources[giver.source]
        try:
            async with asyncio.timeout_at(self._until), asyncio.timeout(SAMPLING_SECONDS):
                (found,) = await chained(source).fetch(ask, [WHOLE], Operation())
        except Exception:
            # Without these keys less can be told of the other source, which is then said.
            return []
        rows = [] if isinstance(found, Exception) else found.rows
        return [] if isinstance(rows, Exception) else rows


async def _close(source: Source) -> None:
    try:
        await asyncio.wait_for(source.close(), CLOSING_SECONDS)
    except Exception as error:
        log.debug("the source '%s' did not close", source.name, exc_info=error)


def _reason(error: Exception) -> str:
    if isinstance(error, (TimeoutError, SourceTimeout)):
        return "it did not answer in time"
    if isinstance(error, SourceError):
        return shorten(error.reason or str(error).rstrip("."), LONGEST_REASON, placeholder=" …")
    log.debug("a source could not be described", exc_info=error)
    return f"describing it failed with {type(error).__name__}"
