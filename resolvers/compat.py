"""The private names of Strawberry that resolvers can't do without, in one place.

``tests/resolvers/test_compat.py`` has a test of each.
"""

from __future__ import annotations

import strawberry
from graphql import GraphQLResolveInfo

from resolvers.context import OperationContext


def raw_info(info: strawberry.Info[OperationContext, None]) -> GraphQLResolveInfo[OperationContext]:
    """graphql-core's info, of which Strawberry's is made."""
    return info._raw_info
