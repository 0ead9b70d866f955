"""Mutations: root fields that change something, which say who may run them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Unpack

import strawberry

from loaders.declarations import declaration
from resolvers.directives import MutationOptions, declared


@declaration
def mutation(
    description: str, resolver: Callable[..., object], **options: Unpack[MutationOptions]
) -> Any:
    """A field of the mutation type that an ordinary resolver runs.

    It says who may run it, by ``authenticated``, ``requires_scopes`` or ``policy``, or by
    ``public=True`` that everyone may: a graph with one that says neither is refused.
    """
    return strawberry.mutation(description=description, resolver=resolver, **declared(**options))
