"""The private names of Strawberry that resolvers can't do without, in one place.

``tests/resolvers/test_compat.py`` has a test of each.
"""

from __future__ import annotations

from typing import Any

from graphql import GraphQLResolveInfo


def raw_info(info: Any) -> GraphQLResolveInfo[Any]:
    """graphql-core's info, of which Strawberry's is made."""
    raw: GraphQLResolveInfo[Any] = info._raw_info
    return raw
