"""The shop's gateway with everything on by which a field can be asked for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

import pytest

from gateway.settings import Settings
from tests.authorization.asking import asking
from tests.authorization.probe import GRAPH
from tests.authorization.samples import find_samples
from tests.client import Gateway
from tests.graph.conftest import truth
from tests.graph.truth import Truth

__all__ = ["truth"]


@pytest.fixture(scope="module")
async def callers(settings: Settings) -> AsyncIterator[Mapping[str, Gateway]]:
    """The shop's gateway, which takes batches too, as each of ``CALLERS`` asks it; and as many
    aliases as a type has fields, by every way to it."""
    limits = settings.limits.model_copy(update={"aliases": 100})
    async with asking(settings.model_copy(update={"limits": limits})) as callers:
        yield callers


@pytest.fixture(scope="module")
async def probing(settings: Settings) -> AsyncIterator[Mapping[str, Gateway]]:
    """The gateway over the probe's graph, as each of ``CALLERS`` asks it."""
    async with asking(settings.model_copy(update={"graph": GRAPH})) as callers:
        yield callers


@pytest.fixture(scope="module")
async def ids(truth: Truth) -> Mapping[str, str]:
    """The samples' ids, by the types' names."""
    return await find_samples(truth)
